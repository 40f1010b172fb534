/* What the engine's memory goes to, and whether the machine has it: decided before anything large is allocated. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/tensor/tensor.h"

struct error;
struct model;
struct onellm_options;

struct memory_plan {
    uint64_t available;   /* bytes that may be used, UINT64_MAX: not known; a sixteenth is left to requests */
    uint64_t packed;      /* copies of quantized weights in the kernels' layout */
    uint64_t mapped;      /* the rest of the model file, which the system may drop and read again */
    uint64_t media_cache; /* at most */
    uint64_t kv;          /* keys and values: n_pages of them */
    enum tensor_type kv_type;
    size_t n_pages; /* as many as n_slots contexts need, or, unless options say how many, as there is room for */
};

/* -EINVAL when heads are not whole blocks of the type for keys and values; -ENOMEM when weights and keys and values of
 * what was asked for, or of a single context, do not fit; the error has the sizes and what takes less. */
int memory_plan_make(struct model *model, const struct onellm_options *options, size_t context, size_t n_slots,
                     struct memory_plan *ret, struct error *error);
