/* The definitions of the kernels on tiles: weight by weight. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define VARIANT ref
#include "core/kernels/kernels_wide.h"
#include "core/kernels/tiles.h"

static float half(const uint8_t bytes[2])
{
    uint16_t bits;
    float value;

    memcpy(&bits, bytes, sizeof(bits));
    kernels_ref.f16.widen(&bits, 1, &value);
    return value;
}

/* The largest magnitude; NaN when there is one that is not finite. */
static float largest_of(const float *x, size_t n)
{
    float largest = 0;

    for (size_t k = 0; k < n; k++) {
        if (!(fabsf(x[k]) <= FLT_MAX))
            return NAN;
        largest = fmaxf(largest, fabsf(x[k]));
    }
    return largest;
}

/* 32 numbers, times factor -> bytes and their sums. */
static void round_small_block(const float *x, float factor, int8_t *q, int32_t half_sums[2])
{
    half_sums[0] = half_sums[1] = 0;
    for (size_t k = 0; k < SMALL_BLOCK; k++) {
        q[k] = factor > 0 ? (int8_t)rintf(x[k] * factor) : 0;
        half_sums[k / 16] += q[k];
    }
}

void OF_VARIANT(input_row)(const float *x, size_t n, size_t n_block, void *memory)
{
    struct input_row row = input_row_at(memory, n);
    size_t n_span = n_block == LARGE_BLOCK ? LARGE_BLOCK : n;
    int e_max = n_block == LARGE_BLOCK ? BLOCK_EXPONENT_MAX : ROW_EXPONENT_MAX;

    for (size_t first = 0; first < n; first += n_span) {
        float largest = largest_of(x + first, n_span), factor = largest > INPUT_MIN ? 127 / largest : 0;
        float d = isnan(largest) ? NAN : factor > 0 ? largest / 127 : 0;

        ((float *)row.d)[first / n_span] = ldexpf(d, -e_max);
        for (size_t b = first / SMALL_BLOCK; b < (first + n_span) / SMALL_BLOCK; b++) {
            int32_t *half_sums = (int32_t *)row.half_sums + 2 * b;
            float own = largest_of(x + b * SMALL_BLOCK, SMALL_BLOCK);
            int e = 0;

            while (factor > 0 && e < e_max && ldexpf(own, e_max - e) > largest)
                e++;
            round_small_block(x + b * SMALL_BLOCK, ldexpf(factor, e_max - e), (int8_t *)row.q + b * SMALL_BLOCK,
                              half_sums);
            ((int32_t *)row.exponents)[b] = e << 23;
            if (n_block == LARGE_BLOCK)
                ((int16_t *)row.sums)[b] = (int16_t)((half_sums[0] + half_sums[1]) * (1 << e));
        }
    }
}

/* Weight k of row r of a row of tiles. */
typedef double weight_at(const void *tiles, size_t r, size_t k);

static double weight_q8_0(const void *tiles, size_t r, size_t k)
{
    const struct tile_q8_0 *tile = (const struct tile_q8_0 *)tiles + k / 32;

    return (double)half(tile->d[r]) * tile->q[k % 32 / 4][4 * r + k % 4];
}

/* The four bits of step s, row r, number j of the step. */
static int nibble(const uint8_t q[4][TILE_STEP], size_t s, size_t r, size_t j)
{
    return q[s % 4][4 * r + j] >> (s < 4 ? 0 : 4) & 15;
}

static double weight_q4_0(const void *tiles, size_t r, size_t k)
{
    const struct tile_q4_0 *tile = (const struct tile_q4_0 *)tiles + k / 32;

    return (double)half(tile->d[r]) * (nibble(tile->q, k % 32 / 4, r, k % 4) - 8);
}

static double weight_q4_k(const void *tiles, size_t r, size_t k)
{
    const struct tile_q4_k *tile = (const struct tile_q4_k *)tiles + k / 256;
    size_t group = k % 256 / 32;
    uint8_t scales[12];
    int scale, min;

    for (size_t i = 0; i < 12; i++)
        scales[i] = tile->scales[i][r];
    block_q4_k_pair(scales, group, &scale, &min);
    return (double)half(tile->d[r]) * scale * nibble(tile->q[group], k % 32 / 4, r, k % 4) -
           (double)half(tile->dmin[r]) * min;
}

static double weight_q6_k(const void *tiles, size_t r, size_t k)
{
    const struct tile_q6_k *tile = (const struct tile_q6_k *)tiles + k / 256;
    size_t group = k % 256 / 32, s = k % 32 / 4, j = k % 4;
    int high = tile->high[group][s / 4][4 * r + j] >> (s % 4 * 2) & 3;

    return (double)half(tile->d[r]) * tile->scales[k % 256 / 16][r] *
           ((nibble(tile->low[group], s, r, j) | high << 4) - 32);
}

static void product(weight_at *weight, size_t n_block, const void *tiles, const void *inputs, size_t m, size_t n,
                    size_t n_rows, float *ret, size_t ret_stride)
{
    for (size_t i = 0; i < m; i++) {
        struct input_row row = input_row_at((const char *)inputs + i * input_row_bytes(n), n);

        for (size_t r = 0; r < n_rows; r++) {
            double sum = 0;

            for (size_t k = 0; k < n; k++)
                sum += weight(tiles, r, k) * input_row_value(&row, n_block, k);
            ret[i * ret_stride + r] = (float)sum;
        }
    }
}

#define DEFINE_TILES(type, n_block)                                                                                    \
    void OF_VARIANT(tiles_##type)(const void *tiles, const void *inputs, size_t m, size_t n, size_t n_rows,            \
                                  float *ret, size_t ret_stride)                                                       \
    {                                                                                                                  \
        product(weight_##type, n_block, tiles, inputs, m, n, n_rows, ret, ret_stride);                                 \
    }
DEFINE_TILES(q8_0, SMALL_BLOCK)
DEFINE_TILES(q4_0, SMALL_BLOCK)
DEFINE_TILES(q4_k, LARGE_BLOCK)
DEFINE_TILES(q6_k, LARGE_BLOCK)
