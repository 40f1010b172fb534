/* The LLaMA: embeddings of some positions of one or more sequences -> logits behind the last ones of each, one block at
   a time, so that whoever drives it can look up between steps. What a position yields does not depend on which others
   share its pass, to the last bit. Thread: engine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct compute;
struct decoder;
struct kv_pages;
struct kv_pool;
struct model;

/* Positions that one pass may take: a compromise between reading the weights seldom and looking up often. */
#define DECODER_ROWS_MAX 128

/* What one sequence has in a pass: m positions behind those that its pages hold. */
struct decoder_part {
    struct kv_pages *pages; /* with room for them */
    size_t m;
    size_t n_logits; /* of so many of the last of them logits are wanted */
};

/* n_positions: the longest sequence; n_parts_max: sequences in one pass; n_logits_max: of all of them together. All
 * memory comes from the arena. NULL: no memory. */
struct decoder *decoder_new(const struct model *model, const struct compute *compute, struct kv_pool *pool,
                            size_t n_positions, size_t n_parts_max, size_t n_logits_max, struct arena *arena);

/* Where to put the embeddings of the next pass, part after part: f32 [DECODER_ROWS_MAX, dim]. */
float *decoder_input(struct decoder *decoder);
/* The embedding of a token of the vocabulary -> f32 [dim]. */
void decoder_embed(const struct decoder *decoder, int32_t id, float *ret);

/* Begins a pass over parts with 1 .. DECODER_ROWS_MAX positions together; parts are borrowed until its end. A pass that
 * is not driven to its end leaves the pages as they were. */
void decoder_begin(struct decoder *decoder, const struct decoder_part *parts, size_t n_parts);
/* Computes one block, and behind the last one the logits; true while there is more to do. */
bool decoder_step(struct decoder *decoder);

/* After the last step: logits of a part that wants them, f32 [n_logits, n_vocab]; valid until the next pass. */
float *decoder_logits(struct decoder *decoder, size_t part);
