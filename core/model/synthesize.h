/* Model files with random weights: the real structure in any size, for benchmarks and tests. The same sizes, type and
 * seed give the same bytes on every machine. One thread. */
#pragma once

#include <stdint.h>

#include "core/tensor/tensor.h"

struct error;
struct gguf_writer;
struct hparams;

/* Sizes known by name: "onellm-7b" (as released), "llama-7b" (its decoder alone, which other programs read, too) and
 * "tiny" (a few MB). NULL when unknown. */
const struct hparams *synthesize_shape(const char *name);
/* Their names, NULL-terminated. */
extern const char *const synthesize_shape_names[];

/* Called after every block of weights; what it returns other than 0 ends the work and is passed on. */
typedef int synthesize_progress(void *context, uint64_t n_bytes_done, uint64_t n_bytes);

/* Sizes, a made-up vocabulary, onellm.untrained = true and all weights, up to and including gguf_writer_finish().
 * Matrices are stored as `type`, or as the mixture of that name says (mixture.h), vectors as f32. progress may be NULL.
 * -EBADMSG: sizes that hparams_check() refuses;
 * -EINVAL: a vocabulary without room for all bytes; else what the writer says. */
int synthesize_model(const struct hparams *hparams, enum tensor_type type, uint64_t seed, struct gguf_writer *writer,
                     synthesize_progress *progress, void *context, struct error *error);
