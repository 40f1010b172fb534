/* The sizes of a model, from the shapes of the tensors in its official checkpoint. */
#pragma once

#include <stddef.h>

struct checkpoint;
struct error;
struct hparams;

/* Everything that official keys begin with in this checkpoint: "llma.", or nothing. */
#define CHECKPOINT_PREFIX_MAX 64

/* Fills in what shapes tell and leaves the rest of *hparams alone, but for the head counts, which become 0: nobody has
 * said them yet. A modality is there when its tokens are. -EBADMSG: a tensor that has to be there is missing or has
 * other dimensions. */
int checkpoint_sizes(const struct checkpoint *checkpoint, char prefix[CHECKPOINT_PREFIX_MAX], struct hparams *hparams,
                     struct error *error);

/* Head counts that nobody has said (of the decoder's queries somebody has): as released, 64 elements per head; of keys
 * and values by the rows of their matrices. -EINVAL: the width of the encoder is no multiple of 64. */
int checkpoint_head_counts(const struct checkpoint *checkpoint, const char *prefix, struct hparams *hparams,
                           struct error *error);
