/* All operations on vectors of the compiler (GCC and clang vector extensions). This file is built once per instruction
   set with that set's flags, of which VARIANT is the name: LANES follows from them.

   A sum has 4 x LANES partial sums: element k goes to partial sum k mod (4 * LANES), the rest of the row to a scalar
   tail, and the partial sums are added pairwise at the end. */
#include <math.h>
#include <string.h>

#include "core/kernels/blocks.h"
#include "core/kernels/kernels.h"
#include "core/kernels/kernels_wide.h"

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif
#define GROUP (4 * LANES)

#if defined(__F16C__)
#include <immintrin.h>
#endif

typedef float vf __attribute__((vector_size(LANES * 4)));
typedef int32_t vi __attribute__((vector_size(LANES * 4)));
typedef uint32_t vu __attribute__((vector_size(LANES * 4)));
typedef uint16_t vh __attribute__((vector_size(LANES * 2)));

#define INLINE static inline __attribute__((always_inline))

INLINE vf load(const float *p)
{
    vf v;

    memcpy(&v, p, sizeof(v));
    return v;
}

INLINE void store(float *p, vf v)
{
    memcpy(p, &v, sizeof(v));
}

INLINE vf all(float value)
{
    return (vf){0} + value;
}

INLINE float as_float(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* ---- stored numbers -> f32 ---- */

INLINE vf load_f32(const void *p, size_t k)
{
    return load((const float *)p + k);
}

INLINE float get_f32(const void *p, size_t k)
{
    return ((const float *)p)[k];
}

INLINE vh load_halves(const void *p, size_t k)
{
    vh halves;

    memcpy(&halves, (const uint16_t *)p + k, sizeof(halves));
    return halves;
}

INLINE vf load_bf16(const void *p, size_t k)
{
    return (vf)(__builtin_convertvector(load_halves(p, k), vu) << 16);
}

INLINE float get_bf16(const void *p, size_t k)
{
    return as_float((uint32_t)((const uint16_t *)p)[k] << 16);
}

/* Exponent and fraction move into place, a multiplication corrects the bias and makes subnormals normal; what was
 * infinite or NaN gets the full exponent back. */
INLINE vf load_f16(const void *p, size_t k)
{
#if defined(__AVX512F__)
    return (vf)_mm512_cvtph_ps((__m256i)load_halves(p, k));
#elif defined(__F16C__)
    return (vf)_mm256_cvtph_ps((__m128i)load_halves(p, k));
#else
    vu half = __builtin_convertvector(load_halves(p, k), vu);
    vu sign = (half & 0x8000) << 16, rest = (half & 0x7fff) << 13;
    vu special = (vu)(rest >= 0x0f800000) & 0x7f800000;

    return (vf)(sign | special | (vu)((vf)rest * 0x1p112f));
#endif
}

INLINE float get_f16(const void *p, size_t k)
{
    uint32_t half = ((const uint16_t *)p)[k], rest = (half & 0x7fff) << 13, bits;
    float value = as_float(rest) * 0x1p112f;

    memcpy(&bits, &value, sizeof(bits));
    return as_float((half & 0x8000) << 16 | (rest >= 0x0f800000 ? 0x7f800000 : 0) | bits);
}

/* ---- sums ---- */

INLINE float sum_of(vf v)
{
    float lanes[LANES];

    store(lanes, v);
    for (size_t width = LANES / 2; width; width /= 2)
        for (size_t i = 0; i < width; i++)
            lanes[i] += lanes[i + width];
    return lanes[0];
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

/* One weight row against m inputs, m a constant of 1..4 after inlining. */
#define DEFINE_DOTS(type)                                                                                              \
    INLINE void dots_few_##type(const void *w, const float *x, size_t x_stride, size_t m, size_t n, float *ret,        \
                                size_t ret_stride)                                                                     \
    {                                                                                                                  \
        vf sums[4][4] = {{{0}}};                                                                                       \
        size_t k = 0;                                                                                                  \
                                                                                                                       \
        for (; k + GROUP <= n; k += GROUP)                                                                             \
            for (size_t part = 0; part < 4; part++) {                                                                  \
                vf weight = load_##type(w, k + part * LANES);                                                          \
                                                                                                                       \
                for (size_t i = 0; i < m; i++)                                                                         \
                    sums[i][part] += weight * load(x + i * x_stride + k + part * LANES);                               \
            }                                                                                                          \
        for (size_t i = 0; i < m; i++) {                                                                               \
            float sum = sum_of((sums[i][0] + sums[i][1]) + (sums[i][2] + sums[i][3]));                                 \
                                                                                                                       \
            for (size_t rest = k; rest < n; rest++)                                                                    \
                sum += get_##type(w, rest) * x[i * x_stride + rest];                                                   \
            ret[i * ret_stride] = sum;                                                                                 \
        }                                                                                                              \
    }

#define DEFINE_MANY(type)                                                                                              \
    static void dots_##type(const void *w, const float *x, size_t x_stride, size_t m, size_t n, float *ret,            \
                            size_t ret_stride)                                                                         \
    {                                                                                                                  \
        for (; m >= 4; m -= 4, x += 4 * x_stride, ret += 4 * ret_stride)                                               \
            dots_few_##type(w, x, x_stride, 4, n, ret, ret_stride);                                                    \
        if (m == 3)                                                                                                    \
            dots_few_##type(w, x, x_stride, 3, n, ret, ret_stride);                                                    \
        else if (m == 2)                                                                                               \
            dots_few_##type(w, x, x_stride, 2, n, ret, ret_stride);                                                    \
        else if (m == 1)                                                                                               \
            dots_few_##type(w, x, x_stride, 1, n, ret, ret_stride);                                                    \
    }

DEFINE_DOTS(f32)
DEFINE_MANY(f32)
DEFINE_DOTS(f16)
DEFINE_MANY(f16)
DEFINE_DOTS(bf16)
DEFINE_MANY(bf16)

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

/* ---- weights in blocks: the compiler makes vectors of these loops ---- */

INLINE float scale_of(const uint8_t bytes[2])
{
    uint16_t half;

    memcpy(&half, bytes, sizeof(half));
    return get_f16(&half, 0);
}

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

/* Up to 256 weights are widened, then multiplied with up to four inputs. */
INLINE void add_products(const float *w, const float *x, size_t x_stride, size_t m, size_t n, vf sums[4][4],
                         float rests[4])
{
    size_t k = 0;

    for (; k + GROUP <= n; k += GROUP)
        for (size_t part = 0; part < 4; part++) {
            vf weight = load(w + k + part * LANES);

            for (size_t i = 0; i < m; i++)
                sums[i][part] += weight * load(x + i * x_stride + k + part * LANES);
        }
    for (; k < n; k++)
        for (size_t i = 0; i < m; i++)
            rests[i] += w[k] * x[i * x_stride + k];
}

#define DEFINE_BLOCKS(type, block_size)                                                                                \
    static void widen_##type(const void *source, size_t n, float *ret)                                                 \
    {                                                                                                                  \
        const struct block_##type *blocks = source;                                                                    \
                                                                                                                       \
        for (size_t k = 0; k < n; k += (block_size), blocks++)                                                         \
            widen_one_##type(blocks, ret + k);                                                                         \
    }                                                                                                                  \
                                                                                                                       \
    INLINE void dots_few_##type(const struct block_##type *blocks, const float *x, size_t x_stride, size_t m,          \
                                size_t n, float *ret, size_t ret_stride)                                               \
    {                                                                                                                  \
        vf sums[4][4] = {{{0}}};                                                                                       \
        float w[LARGE_BLOCK], rests[4] = {0};                                                                          \
                                                                                                                       \
        for (size_t k = 0; k < n; k += LARGE_BLOCK) {                                                                  \
            size_t n_part = n - k < LARGE_BLOCK ? n - k : LARGE_BLOCK;                                                 \
                                                                                                                       \
            for (size_t j = 0; j < n_part; j += (block_size))                                                          \
                widen_one_##type(blocks++, w + j);                                                                     \
            add_products(w, x + k, x_stride, m, n_part, sums, rests);                                                  \
        }                                                                                                              \
        for (size_t i = 0; i < m; i++)                                                                                 \
            ret[i * ret_stride] = sum_of((sums[i][0] + sums[i][1]) + (sums[i][2] + sums[i][3])) + rests[i];            \
    }

DEFINE_BLOCKS(q8_0, SMALL_BLOCK)
DEFINE_MANY(q8_0)
DEFINE_BLOCKS(q4_0, SMALL_BLOCK)
DEFINE_MANY(q4_0)
DEFINE_BLOCKS(q4_k, LARGE_BLOCK)
DEFINE_MANY(q4_k)
DEFINE_BLOCKS(q6_k, LARGE_BLOCK)
DEFINE_MANY(q6_k)

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
    .f32 = {dots_f32, widen_f32},
    .f16 = {dots_f16, widen_f16},
    .bf16 = {dots_bf16, widen_bf16},
    .q8_0 = {dots_q8_0, widen_q8_0, OF_VARIANT(tiles_q8_0)},
    .q4_0 = {dots_q4_0, widen_q4_0, OF_VARIANT(tiles_q4_0)},
    .q4_k = {dots_q4_k, widen_q4_k, OF_VARIANT(tiles_q4_k)},
    .q6_k = {dots_q6_k, widen_q6_k, OF_VARIANT(tiles_q6_k)},
    .input_row = OF_VARIANT(input_row),
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .softmax = softmax,
    .silu_product = silu_product,
    .quick_gelu = quick_gelu,
    .add_scaled = add_scaled,
};
