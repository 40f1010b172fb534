#include "core/tensor/tensor.h"

#include <string.h>
#include <strings.h>

#include "core/base/cleanup.h"

static const struct tensor_type_info types[] = {
    {TENSOR_F32, "f32", 1, 4},
    {TENSOR_F16, "f16", 1, 2},
    {TENSOR_BF16, "bf16", 1, 2},
};

const struct tensor_type_info *tensor_type_info(uint32_t type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (types[i].type == type)
            return &types[i];
    return NULL;
}

const struct tensor_type_info *tensor_type_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (strcasecmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
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

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Exponent and fraction move into place; multiplying by 2^112 corrects the bias and makes subnormals normal. */
float tensor_f16_to_f32(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = (uint32_t)(half & 0x7fff) << 13;

    if (rest >= 0x0f800000)
        return float_of(sign | rest | 0x7f800000);
    return float_of(sign | bits_of(float_of(rest) * 0x1p112f));
}

uint16_t tensor_f32_to_f16(float value)
{
    uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff;

    if (rest > 0x7f800000)
        return (uint16_t)(sign | 0x7e00 | (rest >> 13 & 0x1ff));
    if (rest >= 0x477ff000) /* 65520 and above round to infinity */
        return (uint16_t)(sign | 0x7c00);
    if (rest < 0x38800000) /* below 2^-14: the sum with 0.5 rounds at the place of the last subnormal bit */
        return (uint16_t)(sign | (bits_of(float_of(rest) + 0.5f) - bits_of(0.5f)));
    return (uint16_t)(sign | ((rest - 0x38000000 + 0xfff + (rest >> 13 & 1)) >> 13));
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
    const uint16_t *halves = source;

    switch (type) {
    case TENSOR_F32:
        memcpy(ret, source, n * sizeof(*ret));
        break;
    case TENSOR_F16:
        for (size_t i = 0; i < n; i++)
            ret[i] = tensor_f16_to_f32(halves[i]);
        break;
    case TENSOR_BF16:
        for (size_t i = 0; i < n; i++)
            ret[i] = tensor_bf16_to_f32(halves[i]);
        break;
    }
}

void tensor_from_f32(enum tensor_type type, const float *source, size_t n, void *ret)
{
    uint16_t *halves = ret;

    switch (type) {
    case TENSOR_F32:
        memcpy(ret, source, n * sizeof(*source));
        break;
    case TENSOR_F16:
        for (size_t i = 0; i < n; i++)
            halves[i] = tensor_f32_to_f16(source[i]);
        break;
    case TENSOR_BF16:
        for (size_t i = 0; i < n; i++)
            halves[i] = tensor_f32_to_bf16(source[i]);
        break;
    }
}
