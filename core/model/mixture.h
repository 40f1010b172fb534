/* Which type each matrix gets when a model is quantized: the table behind `onellm quantize`. Immutable; any thread. */
#pragma once

#include <stddef.h>

#include "core/tensor/tensor.h"

struct hparams;
struct tensor_spec;

struct mixture {
    const char *name;
    enum tensor_type most;       /* matrices of the decoder, token embeddings */
    enum tensor_type sensitive;  /* values and the way down, in the layers where errors cost most */
    enum tensor_type output;     /* the output matrix */
    enum tensor_type perception; /* encoder, experts, routers, projections: their cost is arithmetic, not memory */
};

/* NULL for unknown names; case does not matter. */
const struct mixture *mixture_by_name(const char *name);
#define MIXTURES "q8_0, q6_k, q4_k or q4_0" /* for usage texts */

/* The type for a tensor that has type `now`. Vectors stay as they are, and matrices whose rows are no whole blocks:
 * where rows are no multiples of 256 but of 32, q8_0 stands in for the types of large blocks. */
enum tensor_type mixture_type(const struct mixture *mixture, const struct hparams *hparams,
                              const struct tensor_spec *spec, enum tensor_type now);
