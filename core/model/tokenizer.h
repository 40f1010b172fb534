/* Modality tokenizers: one item of an input tensor -> tokens (docs/MODEL.md, "Tokenizers"). Thread: engine. */
#pragma once

#include <stddef.h>

struct compute;
struct input_tensor;
struct model;

/* Floats of scratch that tokenizer_run() needs for any modality of the model. */
size_t tokenizer_scratch(const struct model *model);

/* Item 0 .. input->n_items - 1 of the tensor, which is what modal_preprocess() makes for this model.
 *   ret  f32 [n_tokens, width]
 * Point clouds also need memory for the neighbours: from the heap; -ENOMEM. */
int tokenizer_run(const struct model *model, const struct compute *compute, const struct input_tensor *input,
                  size_t item, float *scratch, float *ret);
