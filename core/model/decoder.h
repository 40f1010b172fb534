/* The LLaMA: embeddings of some positions -> logits behind the last of them, one block at a time, so that whoever
   drives it can look up between steps. Thread: engine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct compute;
struct decoder;
struct kv_cache;
struct model;

/* Positions that one pass may take: a compromise between reading the weights seldom and looking up often. */
#define DECODER_ROWS_MAX 128

/* n_positions: the longest sequence. All memory comes from the arena. NULL: no memory. */
struct decoder *decoder_new(const struct model *model, const struct compute *compute, size_t n_positions,
                            struct arena *arena);

/* Where to put the embeddings of the next pass: f32 [DECODER_ROWS_MAX, dim]. */
float *decoder_input(struct decoder *decoder);
/* The embedding of a token of the vocabulary -> f32 [dim]. */
void decoder_embed(const struct decoder *decoder, int32_t id, float *ret);

/* Begins a pass over m <= DECODER_ROWS_MAX positions behind those in the cache. A pass that is not driven to its end
 * leaves the cache as it was. */
void decoder_begin(struct decoder *decoder, struct kv_cache *cache, size_t m);
/* Computes one block; true while there is more to do. */
bool decoder_step(struct decoder *decoder);

/* After the last step: logits behind the last position, f32 [n_vocab]; computed by this call, valid until the next. */
float *decoder_logits(struct decoder *decoder);
