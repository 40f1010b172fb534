/* The universal encoder (CLIP ViT): tokens -> features, one block of one item at a time, so that whoever drives it can
   look up between steps. Thread: engine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct compute;
struct encoder;
struct input_tensor;
struct model;

/* All memory comes from the arena, which must outlive the encoder. NULL: no memory. */
struct encoder *encoder_new(const struct model *model, const struct compute *compute, struct arena *arena);

/* The input is borrowed until the last step. */
void encoder_begin(struct encoder *encoder, const struct input_tensor *input);

/* Tokenizes an item or computes one block. ENCODER_MORE, 0 when the features are complete, or -ENOMEM. */
#define ENCODER_MORE 1
int encoder_step(struct encoder *encoder);

/* f32 [1 + n_tokens, width]: the class token first, mean over the items; valid until the next begin. */
const float *encoder_features(const struct encoder *encoder);
