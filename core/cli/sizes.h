/* The sizes of a model by name, as params.json, arch.json and `onellm synthesize --set` spell them. */
#pragma once

#include <stdbool.h>

struct error;
struct hparams;
struct value;

/* Where a size comes from when a checkpoint is converted. */
enum size_origin {
    SIZE_SHAPE,   /* shapes of tensors */
    SIZE_GIVEN,   /* shapes cannot tell: params.json, arch.json or the released model */
    SIZE_DERIVED, /* follows from others */
};

/* Is there a size of that name that can be set? */
bool sizes_can_set(const char *name);

/* Sets the sizes that a JSON object names; of SIZE_SHAPE only when `shapes` is true, of SIZE_DERIVED never. Keys that
 * name no size are left alone; n_heads without n_kv_heads means as many of both, norm_eps without resampler_norm_eps
 * the same for both. `source` names the object in messages. -EINVAL. */
int sizes_assign(struct hparams *hparams, const struct value *object, bool shapes, const char *source,
                 struct error *error);

/* Does the object say of every size what hparams says? -EINVAL, naming the size and both values. */
int sizes_compare(const struct hparams *hparams, const struct value *object, const char *source, struct error *error);

/* Reads a file that holds one JSON object. *ret is the caller's. */
int sizes_read_json(const char *path, struct value **ret, struct error *error);
