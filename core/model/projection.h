/* The universal projection module (UPM): features -> modality tokens for the decoder, by K experts weighted by the
   router (paper, section 3.2), one block of one expert at a time. Thread: engine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/modal/modality.h"

struct arena;
struct compute;
struct model;
struct projection;

/* Also computes the routing weights of every modality: they depend on the learned modality tokens alone. All memory
 * comes from the arena. NULL: no memory. */
struct projection *projection_new(const struct model *model, const struct compute *compute, struct arena *arena);

/* features f32 [1 + n_tokens, width], borrowed until the last step. */
void projection_begin(struct projection *projection, enum modality modality, const float *features);
/* True while there is more to do. */
bool projection_step(struct projection *projection);

/* Valid until the next begin. experts: f32 [n_modality_tokens, width], weighted and summed, before clip_proj2;
 * embeddings: f32 [n_modality_tokens, dim]. */
const float *projection_experts(const struct projection *projection);
const float *projection_embeddings(const struct projection *projection);

/* f32 [n_modality_tokens, n_experts], rows sum to 1; NULL: not in this model. */
const float *projection_routing(const struct projection *projection, enum modality modality);
