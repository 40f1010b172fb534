/* The definitions: one straight loop each, sums in double, nothing clever. */
#include <math.h>
#include <string.h>

#include "core/kernels/blocks.h"
#define VARIANT ref
#include "core/kernels/kernels_wide.h"

static float f16_to_f32(uint16_t half)
{
    int exponent = half >> 10 & 31, fraction = half & 1023;
    float magnitude = exponent == 31 ? (fraction ? NAN : INFINITY)
                      : exponent     ? ldexpf((float)(1024 + fraction), exponent - 25)
                                     : ldexpf((float)fraction, -24);

    return half & 0x8000 ? -magnitude : magnitude;
}

static float bf16_to_f32(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;

    memcpy(&value, &wide, sizeof(value));
    return value;
}

/* Element k of a row. */
typedef float element_of(const void *row, size_t k);

static float element_f32(const void *row, size_t k)
{
    return ((const float *)row)[k];
}

static float element_f16(const void *row, size_t k)
{
    return f16_to_f32(((const uint16_t *)row)[k]);
}

static float element_bf16(const void *row, size_t k)
{
    return bf16_to_f32(((const uint16_t *)row)[k]);
}

static float scale_of(const uint8_t bytes[2])
{
    return f16_to_f32((uint16_t)(bytes[0] | bytes[1] << 8));
}

static float element_q8_0(const void *row, size_t k)
{
    const struct block_q8_0 *block = (const struct block_q8_0 *)row + k / SMALL_BLOCK;

    return scale_of(block->d) * block->q[k % SMALL_BLOCK];
}

static float element_q4_0(const void *row, size_t k)
{
    const struct block_q4_0 *block = (const struct block_q4_0 *)row + k / SMALL_BLOCK;
    int shift = k % SMALL_BLOCK < SMALL_BLOCK / 2 ? 0 : 4;

    return scale_of(block->d) * ((block->q[k % (SMALL_BLOCK / 2)] >> shift & 15) - 8);
}

static float element_q4_k(const void *row, size_t k)
{
    const struct block_q4_k *block = (const struct block_q4_k *)row + k / LARGE_BLOCK;
    size_t i = k % LARGE_BLOCK;
    int scale, min, q = block->q[i / 64 * 32 + i % 32] >> (i % 64 < 32 ? 0 : 4) & 15;

    block_q4_k_pair(block->scales, i / 32, &scale, &min);
    return scale_of(block->d) * scale * q - scale_of(block->dmin) * min;
}

static float element_q6_k(const void *row, size_t k)
{
    const struct block_q6_k *block = (const struct block_q6_k *)row + k / LARGE_BLOCK;
    size_t i = k % LARGE_BLOCK;

    return scale_of(block->d) * block->scales[i / 16] * (block_q6_k_element(block, i) - 32);
}

#define DEFINE_WIDEN(type)                                                                                             \
    static void widen_##type(const void *source, size_t n, float *ret)                                                 \
    {                                                                                                                  \
        for (size_t k = 0; k < n; k++)                                                                                 \
            ret[k] = element_##type(source, k);                                                                        \
    }
DEFINE_WIDEN(f32)
DEFINE_WIDEN(f16)
DEFINE_WIDEN(bf16)
DEFINE_WIDEN(q8_0)
DEFINE_WIDEN(q4_0)
DEFINE_WIDEN(q4_k)
DEFINE_WIDEN(q6_k)

static void dots(element_of *element, const char *rows, size_t row_bytes, size_t n_rows, const float *x,
                 size_t x_stride, size_t m, size_t n, float *ret, size_t ret_stride)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n_rows; j++) {
            double sum = 0;

            for (size_t k = 0; k < n; k++)
                sum += (double)element(rows + j * row_bytes, k) * x[i * x_stride + k];
            ret[i * ret_stride + j] = (float)sum;
        }
}

static void mix(element_of *element, const float *shares, size_t share_stride, size_t m, const char *rows,
                size_t row_bytes, size_t n, size_t width, float *sums, size_t sum_stride)
{
    for (size_t i = 0; i < m; i++)
        for (size_t c = 0; c < width; c++) {
            double sum = sums[i * sum_stride + c];

            for (size_t j = 0; j < n; j++)
                sum += (double)shares[i * share_stride + j] * element(rows + j * row_bytes, c);
            sums[i * sum_stride + c] = (float)sum;
        }
}

#define DEFINE_DOTS(type)                                                                                              \
    static void dots_##type(const void *rows, size_t row_bytes, size_t n_rows, const float *x, size_t x_stride,        \
                            size_t m, size_t n, float *ret, size_t ret_stride)                                         \
    {                                                                                                                  \
        dots(element_##type, rows, row_bytes, n_rows, x, x_stride, m, n, ret, ret_stride);                             \
    }
DEFINE_DOTS(f32)
DEFINE_DOTS(f16)
DEFINE_DOTS(bf16)
DEFINE_DOTS(q8_0)

#define DEFINE_MIX(type)                                                                                               \
    static void mix_##type(const float *shares, size_t share_stride, size_t m, const void *rows, size_t row_bytes,     \
                           size_t n, size_t width, float *sums, size_t sum_stride)                                     \
    {                                                                                                                  \
        mix(element_##type, shares, share_stride, m, rows, row_bytes, n, width, sums, sum_stride);                     \
    }
DEFINE_MIX(f32)
DEFINE_MIX(f16)
DEFINE_MIX(q8_0)

/* The half next to x, of two that are equally near the even one: by trying all of the right sign. */
static uint16_t f32_to_f16(float x)
{
    uint16_t sign = signbit(x) ? 0x8000 : 0, low = 0, high = 0x7c00;
    double magnitude = fabs((double)x), middle;

    if (isnan(x))
        return sign | 0x7e00;
    while (high - low > 1) { /* low <= magnitude < high; the first beyond the greatest half would be 65536 */
        uint16_t half = (uint16_t)((low + high) / 2);

        if (f16_to_f32(half) <= magnitude)
            low = half;
        else
            high = half;
    }
    middle = ((double)f16_to_f32(low) + (high == 0x7c00 ? 65536 : (double)f16_to_f32(high))) / 2;
    return sign | (magnitude > middle || (magnitude == middle && low % 2) ? high : low);
}

static void narrow_f16(const float *x, size_t n, uint16_t *ret)
{
    for (size_t k = 0; k < n; k++)
        ret[k] = f32_to_f16(x[k]);
}

static void layer_norm(const float *x, const float *gain, const float *bias, float eps, size_t n, float *ret)
{
    double mean = 0, variance = 0;

    for (size_t k = 0; k < n; k++)
        mean += x[k];
    mean /= (double)n;
    for (size_t k = 0; k < n; k++)
        variance += (x[k] - mean) * (x[k] - mean);
    variance /= (double)n;
    for (size_t k = 0; k < n; k++)
        ret[k] = (float)((x[k] - mean) / sqrt(variance + (double)eps) * gain[k] + bias[k]);
}

static void rms_norm(const float *x, const float *gain, float eps, size_t n, float *ret)
{
    double squares = 0;

    for (size_t k = 0; k < n; k++)
        squares += (double)x[k] * x[k];
    for (size_t k = 0; k < n; k++)
        ret[k] = (float)(x[k] / sqrt(squares / (double)n + (double)eps) * gain[k]);
}

static void softmax(float *x, float scale, size_t n)
{
    double max = -INFINITY, sum = 0;

    for (size_t k = 0; k < n; k++)
        max = fmax(max, x[k]);
    for (size_t k = 0; k < n; k++)
        sum += exp((double)scale * (x[k] - max));
    for (size_t k = 0; k < n; k++)
        x[k] = (float)(exp((double)scale * (x[k] - max)) / sum);
}

static void silu_product(float *gate, const float *up, size_t n)
{
    for (size_t k = 0; k < n; k++)
        gate[k] = (float)(gate[k] / (1 + exp(-(double)gate[k])) * up[k]);
}

static void quick_gelu(float *x, size_t n)
{
    for (size_t k = 0; k < n; k++)
        x[k] = (float)(x[k] / (1 + exp(-1.702 * x[k])));
}

static void add_scaled(float *y, const float *x, float factor, size_t n)
{
    for (size_t k = 0; k < n; k++)
        y[k] += factor * x[k];
}

const struct kernels kernels_ref = {
    .name = "ref",
    .f32 = {widen_f32, dots_f32, mix_f32, NULL},
    .f16 = {widen_f16, dots_f16, mix_f16, NULL},
    .bf16 = {widen_bf16, dots_bf16, NULL, NULL},
    .q8_0 = {widen_q8_0, dots_q8_0, mix_q8_0, OF_VARIANT(tiles_q8_0)},
    .q4_0 = {widen_q4_0, NULL, NULL, OF_VARIANT(tiles_q4_0)},
    .q4_k = {widen_q4_k, NULL, NULL, OF_VARIANT(tiles_q4_k)},
    .q6_k = {widen_q6_k, NULL, NULL, OF_VARIANT(tiles_q6_k)},
    .input_row = OF_VARIANT(input_row),
    .narrow_f16 = narrow_f16,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .softmax = softmax,
    .silu_product = silu_product,
    .quick_gelu = quick_gelu,
    .add_scaled = add_scaled,
};
