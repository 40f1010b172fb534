/* A view of a matrix or table: element type, shape, pointer. Never an owner. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/kernels/tiles.h"

#define TENSOR_DIMS_MAX 4

/* The numbers are those of GGUF files. */
enum tensor_type {
    TENSOR_F32 = 0,
    TENSOR_F16 = 1,
    TENSOR_Q4_0 = 2,
    TENSOR_Q8_0 = 8,
    TENSOR_Q4_K = 12,
    TENSOR_Q6_K = 14,
    TENSOR_BF16 = 30,
};

/* What the rest of the program needs to know of an element type. */
struct tensor_type_info {
    enum tensor_type type;
    const char *name;     /* "f32" */
    size_t n_block;       /* elements that are stored together */
    size_t n_block_bytes; /* bytes of such a block */
};

/* NULL for numbers that are not supported. */
const struct tensor_type_info *tensor_type_info(uint32_t type);
/* NULL for unknown names; case does not matter. */
const struct tensor_type_info *tensor_type_by_name(const char *name);

struct kernels;
struct weight_kernels;
const struct weight_kernels *tensor_type_kernels(const struct kernels *kernels, enum tensor_type type);
tiles_pack *tensor_type_pack(enum tensor_type type); /* NULL: this type has no tiles */

/* shape[0] counts the elements that lie side by side (a row), as in GGUF: the [n_out, n_in] matrix of a linear layer
 * has shape {n_in, n_out, 1, 1}. Unused dimensions are 1. Rows are contiguous. */
struct tensor {
    enum tensor_type type;
    int n_dims;
    size_t shape[TENSOR_DIMS_MAX];
    const void *data;
    const void *tiles; /* the same numbers as pack_matrix() lays them out; NULL: not packed */
};

/* Elements, rows and bytes; the shape was checked not to overflow by whoever read it. */
size_t tensor_n_elements(const struct tensor *tensor);
size_t tensor_n_rows(const struct tensor *tensor); /* elements / shape[0] */
size_t tensor_row_bytes(const struct tensor *tensor);
size_t tensor_n_bytes(const struct tensor *tensor);

/* IEEE half and bfloat16 <-> float, rounding to nearest even; infinities and NaN kept. */
float tensor_f16_to_f32(uint16_t half);
uint16_t tensor_f32_to_f16(float value);
static inline float tensor_bf16_to_f32(uint16_t bits)
{
    union {
        uint32_t bits;
        float value;
    } wide = {.bits = (uint32_t)bits << 16};

    return wide.value;
}
uint16_t tensor_f32_to_bf16(float value);

/* n elements of any type -> f32, and f32 -> n elements of any type. n is a multiple of the type's n_block. What is to
 * be quantized is finite. */
void tensor_to_f32(enum tensor_type type, const void *source, size_t n, float *ret);
void tensor_from_f32(enum tensor_type type, const float *source, size_t n, void *ret);
