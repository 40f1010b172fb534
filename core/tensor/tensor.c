#include "core/tensor/tensor.h"

#include <string.h>
#include <strings.h>

#include "core/base/cleanup.h"
#include "core/kernels/blocks.h"
#include "core/kernels/kernels_wide.h"
#include "core/tensor/quantize.h"

static void store_f32(const float *x, size_t n, void *ret)
{
    memcpy(ret, x, n * sizeof(*x));
}

static void store_f16(const float *x, size_t n, void *ret)
{
    kernels_generic.narrow_f16(x, n, ret);
}

static void store_bf16(const float *x, size_t n, void *ret)
{
    uint16_t *halves = ret;

    for (size_t i = 0; i < n; i++)
        halves[i] = tensor_f32_to_bf16(x[i]);
}

static const struct type_row {
    struct tensor_type_info info;
    size_t kernels; /* offset in struct kernels */
    void (*store)(const float *x, size_t n, void *ret);
    tiles_pack *pack;
} types[] = {
    {{TENSOR_F32, "f32", 1, 4}, offsetof(struct kernels, f32), store_f32, NULL},
    {{TENSOR_F16, "f16", 1, 2}, offsetof(struct kernels, f16), store_f16, NULL},
    {{TENSOR_BF16, "bf16", 1, 2}, offsetof(struct kernels, bf16), store_bf16, NULL},
    {{TENSOR_Q8_0, "q8_0", SMALL_BLOCK, sizeof(struct block_q8_0)},
     offsetof(struct kernels, q8_0),
     quantize_q8_0,
     tiles_pack_q8_0},
    {{TENSOR_Q6_K, "q6_k", LARGE_BLOCK, sizeof(struct block_q6_k)},
     offsetof(struct kernels, q6_k),
     quantize_q6_k,
     tiles_pack_q6_k},
    {{TENSOR_Q4_K, "q4_k", LARGE_BLOCK, sizeof(struct block_q4_k)},
     offsetof(struct kernels, q4_k),
     quantize_q4_k,
     tiles_pack_q4_k},
    {{TENSOR_Q4_0, "q4_0", SMALL_BLOCK, sizeof(struct block_q4_0)},
     offsetof(struct kernels, q4_0),
     quantize_q4_0,
     tiles_pack_q4_0},
};

static const struct type_row *row_of(uint32_t type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (types[i].info.type == type)
            return &types[i];
    return NULL;
}

const struct tensor_type_info *tensor_type_info(uint32_t type)
{
    const struct type_row *row = row_of(type);

    return row ? &row->info : NULL;
}

const struct tensor_type_info *tensor_type_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (strcasecmp(types[i].info.name, name) == 0)
            return &types[i].info;
    return NULL;
}

const struct weight_kernels *tensor_type_kernels(const struct kernels *kernels, enum tensor_type type)
{
    return (const void *)((const char *)kernels + row_of(type)->kernels);
}

tiles_pack *tensor_type_pack(enum tensor_type type)
{
    return row_of(type)->pack;
}

size_t tensor_n_elements(const struct tensor *tensor)
{
    size_t n = 1;

    for (int i = 0; i < TENSOR_DIMS_MAX; i++)
        n *= tensor->shape[i];
    return n;
}

size_t tensor_n_rows(const struct tensor *tensor)
{
    return tensor->shape[1] * tensor->shape[2] * tensor->shape[3];
}

size_t tensor_row_bytes(const struct tensor *tensor)
{
    const struct tensor_type_info *info = tensor_type_info(tensor->type);

    return tensor->shape[0] / info->n_block * info->n_block_bytes;
}

size_t tensor_n_bytes(const struct tensor *tensor)
{
    return tensor_n_rows(tensor) * tensor_row_bytes(tensor);
}

static uint32_t bits_of(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

float tensor_f16_to_f32(uint16_t half)
{
    float value;

    kernels_generic.f16.widen(&half, 1, &value);
    return value;
}

uint16_t tensor_f32_to_f16(float value)
{
    uint16_t half;

    kernels_generic.narrow_f16(&value, 1, &half);
    return half;
}

uint16_t tensor_f32_to_bf16(float value)
{
    uint32_t bits = bits_of(value);

    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void tensor_to_f32(enum tensor_type type, const void *source, size_t n, float *ret)
{
    tensor_type_kernels(&kernels_generic, type)->widen(source, n, ret);
}

void tensor_from_f32(enum tensor_type type, const float *source, size_t n, void *ret)
{
    row_of(type)->store(source, n, ret);
}
