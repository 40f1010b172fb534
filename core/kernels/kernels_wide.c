/* All operations on vectors of the compiler (GCC and clang vector extensions). This file is built once per instruction
   set with that set's flags, of which VARIANT is the name: LANES follows from them.

   A dot product has LANES partial sums: element k goes to partial sum k mod LANES, and the partial sums are added
   pairwise at the end. What must not depend on its neighbours has no scalar tail: whether a compiler contracts one to
   fused operations depends on what stands around it. */
#include <math.h>
#include <string.h>

#include "core/kernels/blocks.h"
#include "core/kernels/kernels.h"
#include "core/kernels/kernels_wide.h"
#include "core/kernels/vectors.h"

/* ---- stored numbers -> f32 ---- */

INLINE vf load_f32(const void *p, size_t k)
{
    return load((const float *)p + k);
}

INLINE float get_f32(const void *p, size_t k)
{
    return ((const float *)p)[k];
}

INLINE vf load_bf16(const void *p, size_t k)
{
    return (vf)(__builtin_convertvector(load_halves(p, k), vu) << 16);
}

INLINE float get_bf16(const void *p, size_t k)
{
    return as_float((uint32_t)((const uint16_t *)p)[k] << 16);
}

/* The last n < LANES of a row, and zeros. */
#define DEFINE_LOAD_REST(type, stored)                                                                                 \
    INLINE vf load_rest_##type(const void *p, size_t k, size_t n)                                                      \
    {                                                                                                                  \
        stored rest[LANES] = {0};                                                                                      \
                                                                                                                       \
        memcpy(rest, (const stored *)p + k, n * sizeof(stored));                                                       \
        return load_##type(rest, 0);                                                                                   \
    }
DEFINE_LOAD_REST(f32, float)
DEFINE_LOAD_REST(f16, uint16_t)
DEFINE_LOAD_REST(bf16, uint16_t)

INLINE float scale_of(const uint8_t bytes[2])
{
    uint16_t half;

    memcpy(&half, bytes, sizeof(half));
    return get_f16(&half, 0);
}

INLINE vf load_q8_0(const void *p, size_t k)
{
    const struct block_q8_0 *block = (const struct block_q8_0 *)p + k / SMALL_BLOCK;

    return all(scale_of(block->d)) * floats_of_i8(block->q + k % SMALL_BLOCK);
}

/* Rows are whole blocks: there is no rest. */
INLINE vf load_rest_q8_0(const void *p, size_t k, size_t n)
{
    (void)p, (void)k, (void)n;
    return all(0);
}

/* ---- sums ---- */

typedef float v4f __attribute__((vector_size(16)));

/* Lane i + lane i + half, until one is left. */
INLINE float sum_of(vf v)
{
    v4f part[LANES / 4], all;

    memcpy(part, &v, sizeof(v));
    for (size_t n = LANES / 8; n > 0; n /= 2)
        for (size_t i = 0; i < n; i++)
            part[i] += part[i + n];
    all = part[0] + __builtin_shufflevector(part[0], part[0], 2, 3, 0, 1);
    return all[0] + all[1];
}

INLINE float max_of(vf v)
{
    float lanes[LANES], max;

    store(lanes, v);
    max = lanes[0];
    for (size_t i = 1; i < LANES; i++)
        max = lanes[i] > max ? lanes[i] : max;
    return max;
}

INLINE vf larger(vf a, vf b)
{
    vi mask = a > b;

    return (vf)(((vi)a & mask) | ((vi)b & ~mask));
}

#define SHORT_ROW 1024 /* bytes: rows that are longer are stretches of their own */

/* R rows against M inputs, constants after inlining: R * M vectors of sums, each of which takes every LANES-th element.
 */
#define ROWS_MAX 8
#define INPUTS_MAX (LANES == 16 ? 6 : 3)

#define DEFINE_DOTS(type)                                                                                              \
    INLINE void some_dots_##type(const char *rows, size_t row_bytes, size_t n_rows, const float *x, size_t x_stride,   \
                                 size_t m, size_t n, float *ret, size_t ret_stride)                                    \
    {                                                                                                                  \
        vf sums[ROWS_MAX][INPUTS_MAX], inputs[INPUTS_MAX], weights;                                                    \
        size_t k = 0;                                                                                                  \
                                                                                                                       \
        for (size_t j = 0; j < n_rows; j++) /* not the whole array, which would be in memory then */                   \
            for (size_t i = 0; i < m; i++)                                                                             \
                sums[j][i] = all(0);                                                                                   \
        for (; k + LANES <= n; k += LANES) {                                                                           \
            for (size_t i = 0; i < m; i++)                                                                             \
                inputs[i] = load(x + i * x_stride + k);                                                                \
            for (size_t j = 0; j < n_rows; j++) {                                                                      \
                weights = load_##type(rows + j * row_bytes, k);                                                        \
                for (size_t i = 0; i < m; i++)                                                                         \
                    sums[j][i] += weights * inputs[i];                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        if (k < n) {                                                                                                   \
            for (size_t i = 0; i < m; i++)                                                                             \
                inputs[i] = load_rest_f32(x + i * x_stride, k, n - k);                                                 \
            for (size_t j = 0; j < n_rows; j++) {                                                                      \
                weights = load_rest_##type(rows + j * row_bytes, k, n - k);                                            \
                for (size_t i = 0; i < m; i++)                                                                         \
                    sums[j][i] += weights * inputs[i];                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t j = 0; j < n_rows; j++)                                                                            \
            for (size_t i = 0; i < m; i++)                                                                             \
                ret[i * ret_stride + j] = sum_of(sums[j][i]);                                                          \
    }                                                                                                                  \
                                                                                                                       \
    /* R rows against all inputs. */                                                                                   \
    INLINE void few_rows_##type(const char *rows, size_t row_bytes, size_t n_rows, const float *x, size_t x_stride,    \
                                size_t m, size_t n, float *ret, size_t ret_stride)                                     \
    {                                                                                                                  \
        size_t i = 0;                                                                                                  \
                                                                                                                       \
        for (; i + INPUTS_MAX <= m; i += INPUTS_MAX)                                                                   \
            some_dots_##type(rows, row_bytes, n_rows, x + i * x_stride, x_stride, INPUTS_MAX, n, ret + i * ret_stride, \
                             ret_stride);                                                                              \
        for (; i + 2 <= m; i += 2)                                                                                     \
            some_dots_##type(rows, row_bytes, n_rows, x + i * x_stride, x_stride, 2, n, ret + i * ret_stride,          \
                             ret_stride);                                                                              \
        if (i < m)                                                                                                     \
            some_dots_##type(rows, row_bytes, n_rows, x + i * x_stride, x_stride, 1, n, ret + i * ret_stride,          \
                             ret_stride);                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void dots_##type(const void *matrix, size_t row_bytes, size_t n_rows, const float *x, size_t x_stride,      \
                            size_t m, size_t n, float *ret, size_t ret_stride)                                         \
    {                                                                                                                  \
        const char *rows = matrix;                                                                                     \
        size_t j = 0;                                                                                                  \
                                                                                                                       \
        for (; m == 1 && j + 8 <= n_rows; j += 8) {                                                                    \
            if (row_bytes <= SHORT_ROW)                                                                                \
                fetch_ahead(rows + j * row_bytes, 8 * row_bytes);                                                      \
            some_dots_##type(rows + j * row_bytes, row_bytes, 8, x, x_stride, 1, n, ret + j, ret_stride);              \
        }                                                                                                              \
        for (; j + 4 <= n_rows; j += 4)                                                                                \
            few_rows_##type(rows + j * row_bytes, row_bytes, 4, x, x_stride, m, n, ret + j, ret_stride);               \
        for (; j < n_rows; j++)                                                                                        \
            few_rows_##type(rows + j * row_bytes, row_bytes, 1, x, x_stride, m, n, ret + j, ret_stride);               \
    }

DEFINE_DOTS(f32)
DEFINE_DOTS(f16)
DEFINE_DOTS(bf16)
DEFINE_DOTS(q8_0)

/* M inputs and V vectors of their sums, constants after inlining. */
#define MIX_VECTORS 4

#define DEFINE_MIX(type)                                                                                               \
    INLINE void some_mix_##type(const float *shares, size_t share_stride, size_t m, const char *rows,                  \
                                size_t row_bytes, size_t n, size_t first, size_t n_vectors, float *sums,               \
                                size_t sum_stride)                                                                     \
    {                                                                                                                  \
        vf totals[INPUTS_MAX][MIX_VECTORS];                                                                            \
                                                                                                                       \
        for (size_t i = 0; i < m; i++)                                                                                 \
            for (size_t v = 0; v < n_vectors; v++)                                                                     \
                totals[i][v] = load(sums + i * sum_stride + first + v * LANES);                                        \
        for (size_t j = 0; j < n; j++) {                                                                               \
            vf row[MIX_VECTORS];                                                                                       \
                                                                                                                       \
            if (m == 1 && first == 0 && row_bytes <= SHORT_ROW)                                                        \
                fetch_ahead(rows + j * row_bytes, row_bytes);                                                          \
            for (size_t v = 0; v < n_vectors; v++)                                                                     \
                row[v] = load_##type(rows + j * row_bytes, first + v * LANES);                                         \
            for (size_t i = 0; i < m; i++) {                                                                           \
                vf share = all(shares[i * share_stride + j]);                                                          \
                                                                                                                       \
                for (size_t v = 0; v < n_vectors; v++)                                                                 \
                    totals[i][v] += share * row[v];                                                                    \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t i = 0; i < m; i++)                                                                                 \
            for (size_t v = 0; v < n_vectors; v++)                                                                     \
                store(sums + i * sum_stride + first + v * LANES, totals[i][v]);                                        \
    }                                                                                                                  \
                                                                                                                       \
    INLINE void few_mix_##type(const float *shares, size_t share_stride, size_t m, const char *rows, size_t row_bytes, \
                               size_t n, size_t width, float *sums, size_t sum_stride)                                 \
    {                                                                                                                  \
        size_t c = 0;                                                                                                  \
                                                                                                                       \
        for (; c + MIX_VECTORS * LANES <= width; c += MIX_VECTORS * LANES)                                             \
            some_mix_##type(shares, share_stride, m, rows, row_bytes, n, c, MIX_VECTORS, sums, sum_stride);            \
        for (; c + LANES <= width; c += LANES)                                                                         \
            some_mix_##type(shares, share_stride, m, rows, row_bytes, n, c, 1, sums, sum_stride);                      \
        for (size_t i = 0; c < width && i < m; i++) {                                                                  \
            float *total = sums + i * sum_stride + c;                                                                  \
            vf rest = load_rest_f32(total, 0, width - c);                                                              \
                                                                                                                       \
            for (size_t j = 0; j < n; j++)                                                                             \
                rest += all(shares[i * share_stride + j]) * load_rest_##type(rows + j * row_bytes, c, width - c);      \
            memcpy(total, &rest, (width - c) * sizeof(float));                                                         \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void mix_##type(const float *shares, size_t share_stride, size_t m, const void *rows, size_t row_bytes,     \
                           size_t n, size_t width, float *sums, size_t sum_stride)                                     \
    {                                                                                                                  \
        for (; m >= INPUTS_MAX; m -= INPUTS_MAX, shares += INPUTS_MAX * share_stride, sums += INPUTS_MAX * sum_stride) \
            few_mix_##type(shares, share_stride, INPUTS_MAX, rows, row_bytes, n, width, sums, sum_stride);             \
        for (; m > 0; m--, shares += share_stride, sums += sum_stride)                                                 \
            few_mix_##type(shares, share_stride, 1, rows, row_bytes, n, width, sums, sum_stride);                      \
    }

DEFINE_MIX(f32)
DEFINE_MIX(f16)
DEFINE_MIX(q8_0)

#define DEFINE_WIDEN(type)                                                                                             \
    static void widen_##type(const void *source, size_t n, float *ret)                                                 \
    {                                                                                                                  \
        size_t k = 0;                                                                                                  \
                                                                                                                       \
        for (; k + LANES <= n; k += LANES)                                                                             \
            store(ret + k, load_##type(source, k));                                                                    \
        for (; k < n; k++)                                                                                             \
            ret[k] = get_##type(source, k);                                                                            \
    }

DEFINE_WIDEN(f32)
DEFINE_WIDEN(f16)
DEFINE_WIDEN(bf16)

/* Below 2^-14 the sum with 0.5 rounds at the place of the last subnormal bit. */
INLINE uint16_t half_of(float x)
{
    uint32_t bits, sign, rest, half;
    float sum;

    memcpy(&bits, &x, sizeof(bits));
    sign = bits >> 16 & 0x8000;
    rest = bits & 0x7fffffff;
    if (rest > 0x7f800000)
        return (uint16_t)(sign | 0x7e00 | (rest >> 13 & 0x1ff));
    if (rest >= 0x477ff000)
        return (uint16_t)(sign | 0x7c00);
    if (rest < 0x38800000) {
        sum = as_float(rest) + 0.5f;
        memcpy(&half, &sum, sizeof(half));
        return (uint16_t)(sign | (half - 0x3f000000));
    }
    return (uint16_t)(sign | ((rest - 0x38000000 + 0xfff + (rest >> 13 & 1)) >> 13));
}

static void narrow_f16(const float *x, size_t n, uint16_t *ret)
{
    size_t k = 0;

#if defined(__AVX512F__)
    for (; k + 16 <= n; k += 16)
        _mm256_storeu_si256((void *)(ret + k), _mm512_cvtps_ph(_mm512_loadu_ps(x + k), _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
    for (; k + 8 <= n; k += 8)
        _mm_storeu_si128((void *)(ret + k), _mm256_cvtps_ph(_mm256_loadu_ps(x + k), _MM_FROUND_TO_NEAREST_INT));
#endif
    for (; k < n; k++)
        ret[k] = half_of(x[k]);
}

/* ---- weights in blocks: the compiler makes vectors of these loops ---- */

INLINE void widen_one_q8_0(const struct block_q8_0 *block, float *ret)
{
    float d = scale_of(block->d);

    for (size_t k = 0; k < SMALL_BLOCK; k++)
        ret[k] = d * block->q[k];
}

INLINE void widen_one_q4_0(const struct block_q4_0 *block, float *ret)
{
    float d = scale_of(block->d);

    for (size_t k = 0; k < SMALL_BLOCK / 2; k++) {
        ret[k] = d * ((block->q[k] & 15) - 8);
        ret[k + SMALL_BLOCK / 2] = d * ((block->q[k] >> 4) - 8);
    }
}

/* 32 weights of which each has four bits at `shift`, 0 or 4. */
INLINE void widen_nibbles(const struct block_q4_k *block, size_t j, int shift, float *ret)
{
    const uint8_t *q = block->q + j / 2 * 32;
    int scale, min;
    float factor, less;

    block_q4_k_pair(block->scales, j, &scale, &min);
    factor = scale_of(block->d) * (float)scale;
    less = scale_of(block->dmin) * (float)min;
    for (size_t k = 0; k < 32; k++)
        ret[j * 32 + k] = factor * (float)(q[k] >> shift & 15) - less;
}

INLINE void widen_one_q4_k(const struct block_q4_k *block, float *ret)
{
    for (size_t j = 0; j < LARGE_BLOCK / 32; j += 2) {
        widen_nibbles(block, j, 0, ret);
        widen_nibbles(block, j + 1, 4, ret);
    }
}

/* The 16 weights of group j of one half, with the places of their bits. */
INLINE void widen_sixes(const struct block_q6_k *block, size_t half, size_t j, int low_shift, int high_shift,
                        float *ret)
{
    const uint8_t *low = block->low + half * 64 + j % 4 * 16, *high = block->high + half * 32 + j % 2 * 16;
    float factor = scale_of(block->d) * block->scales[half * 8 + j];

    for (size_t k = 0; k < 16; k++)
        ret[half * 128 + j * 16 + k] =
            factor * (float)(((low[k] >> low_shift & 15) | (high[k] >> high_shift & 3) << 4) - 32);
}

INLINE void widen_one_q6_k(const struct block_q6_k *block, float *ret)
{
    for (size_t half = 0; half < 2; half++)
        for (size_t j = 0; j < 2; j++) {
            widen_sixes(block, half, j, 0, 0, ret);
            widen_sixes(block, half, 2 + j, 0, 2, ret);
            widen_sixes(block, half, 4 + j, 4, 4, ret);
            widen_sixes(block, half, 6 + j, 4, 6, ret);
        }
}

#define DEFINE_BLOCKS(type, block_size)                                                                                \
    static void widen_##type(const void *source, size_t n, float *ret)                                                 \
    {                                                                                                                  \
        const struct block_##type *blocks = source;                                                                    \
                                                                                                                       \
        for (size_t k = 0; k < n; k += (block_size), blocks++)                                                         \
            widen_one_##type(blocks, ret + k);                                                                         \
    }

DEFINE_BLOCKS(q8_0, SMALL_BLOCK)
DEFINE_BLOCKS(q4_0, SMALL_BLOCK)
DEFINE_BLOCKS(q4_k, LARGE_BLOCK)
DEFINE_BLOCKS(q6_k, LARGE_BLOCK)

/* ---- norms ---- */

static void layer_norm(const float *x, const float *gain, const float *bias, float eps, size_t n, float *ret)
{
    float mean, factor, sum = 0, squares = 0;
    vf sums = {0}, square_sums = {0};
    size_t k;

    for (k = 0; k + LANES <= n; k += LANES)
        sums += load(x + k);
    for (; k < n; k++)
        sum += x[k];
    mean = (sum + sum_of(sums)) / (float)n;
    for (k = 0; k + LANES <= n; k += LANES) {
        vf distance = load(x + k) - mean;

        square_sums += distance * distance;
    }
    for (; k < n; k++)
        squares += (x[k] - mean) * (x[k] - mean);
    factor = 1 / sqrtf((squares + sum_of(square_sums)) / (float)n + eps);
    for (k = 0; k + LANES <= n; k += LANES)
        store(ret + k, (load(x + k) - mean) * factor * load(gain + k) + load(bias + k));
    for (; k < n; k++)
        ret[k] = (x[k] - mean) * factor * gain[k] + bias[k];
}

static void rms_norm(const float *x, const float *gain, float eps, size_t n, float *ret)
{
    float factor, squares = 0;
    vf square_sums = {0};
    size_t k;

    for (k = 0; k + LANES <= n; k += LANES)
        square_sums += load(x + k) * load(x + k);
    for (; k < n; k++)
        squares += x[k] * x[k];
    factor = 1 / sqrtf((squares + sum_of(square_sums)) / (float)n + eps);
    for (k = 0; k + LANES <= n; k += LANES)
        store(ret + k, load(x + k) * factor * load(gain + k));
    for (; k < n; k++)
        ret[k] = x[k] * factor * gain[k];
}

/* ---- exponentials ---- */

/* exp(x) = 2^i * exp(r), i = round(x / ln 2), |r| <= ln 2 / 2, exp(r) by its Taylor series to r^7 (error 5e-9 there).
 * ln 2 is subtracted in two parts so that r is exact. x is kept in -87 .. 88, where the result is a normal number.
 * Adding and subtracting 1.5 * 2^23 rounds to an integer, which then stands in the low bits. */
INLINE vf exp_of(vf x)
{
    vf low = all(-87.0f), high = all(88.0f), magic = all(0x1.8p23f), shifted, i, r, y;

    x = larger(x, low);
    x = -larger(-x, -high);
    shifted = x * 1.44269504f + magic;
    i = shifted - magic;
    r = (x - i * 0.693359375f) + i * 2.12194440e-4f;
    y = all(1.0f / 5040);
    y = y * r + 1.0f / 720;
    y = y * r + 1.0f / 120;
    y = y * r + 1.0f / 24;
    y = y * r + 1.0f / 6;
    y = y * r + 0.5f;
    y = y * r + 1.0f;
    y = y * r + 1.0f;
    return (vf)((vi)y + ((vi)shifted << 23));
}

/* Runs a vector expression of v = x[k .. k + LANES) over all of x, the tail through a padded copy. */
#define FOR_VECTORS(x, n, v, expression)                                                                               \
    do {                                                                                                               \
        size_t at_ = 0;                                                                                                \
        vf v;                                                                                                          \
                                                                                                                       \
        for (; at_ + LANES <= (n); at_ += LANES) {                                                                     \
            v = load((x) + at_);                                                                                       \
            store((x) + at_, expression);                                                                              \
        }                                                                                                              \
        if (at_ < (n)) {                                                                                               \
            float tail[LANES] = {0};                                                                                   \
                                                                                                                       \
            memcpy(tail, (x) + at_, ((n)-at_) * sizeof(float));                                                        \
            v = load(tail);                                                                                            \
            store(tail, expression);                                                                                   \
            memcpy((x) + at_, tail, ((n)-at_) * sizeof(float));                                                        \
        }                                                                                                              \
    } while (0)

static void softmax(float *x, float scale, size_t n)
{
    vf maxima, sums = {0};
    float max, sum = 0;
    size_t k = 0;

    max = x[0];
    if (n >= LANES) {
        maxima = load(x);
        for (k = LANES; k + LANES <= n; k += LANES)
            maxima = larger(load(x + k), maxima);
        max = max_of(maxima);
    }
    for (; k < n; k++)
        max = x[k] > max ? x[k] : max;
    FOR_VECTORS(x, n, v, exp_of((v - max) * scale));
    for (k = 0; k + LANES <= n; k += LANES)
        sums += load(x + k);
    for (; k < n; k++)
        sum += x[k];
    sum = 1 / (sum + sum_of(sums));
    FOR_VECTORS(x, n, v, v * sum);
}

static void silu_product(float *gate, const float *up, size_t n)
{
    FOR_VECTORS(gate, n, v, v / (1.0f + exp_of(-v)));
    for (size_t i = 0; i < n; i++)
        gate[i] *= up[i];
}

static void quick_gelu(float *x, size_t n)
{
    FOR_VECTORS(x, n, v, v / (1.0f + exp_of(-1.702f * v)));
}

static void add_scaled(float *y, const float *x, float factor, size_t n)
{
    for (size_t k = 0; k < n; k++)
        y[k] += factor * x[k];
}

const struct kernels OF_VARIANT(kernels) = {
    .name = VARIANT_TEXT(VARIANT),
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
