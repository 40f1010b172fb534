/* The two small types round to a grid that the largest magnitude spans, as every program that writes them does. The two
   large ones try some scales around that, each followed by the best fit to the integers that it gave (least squares,
   weighted: large weights count more), and keep the one with the least error. */
#include "core/tensor/quantize.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/kernels/blocks.h"
#include "core/tensor/tensor.h"

static void put_half(float value, uint8_t ret[2])
{
    uint16_t half = tensor_f32_to_f16(value);

    ret[0] = (uint8_t)half;
    ret[1] = (uint8_t)(half >> 8);
}

static float get_half(const uint8_t bytes[2])
{
    return tensor_f16_to_f32((uint16_t)(bytes[0] | bytes[1] << 8));
}

static int round_within(float value, int low, int high)
{
    return (int)fminf(fmaxf(roundf(value), (float)low), (float)high);
}

/* The value with the largest magnitude. */
static float extreme_of(const float *x, size_t n)
{
    float extreme = 0;

    for (size_t k = 0; k < n; k++)
        if (fabsf(x[k]) > fabsf(extreme))
            extreme = x[k];
    return extreme;
}

static float inverse(float value)
{
    float ret = value != 0 ? 1 / value : 0;

    return isfinite(ret) ? ret : 0; /* of subnormal scales nothing is left anyway */
}

void quantize_q8_0(const float *x, size_t n, void *ret)
{
    struct block_q8_0 *block = ret;

    for (size_t i = 0; i < n; i += SMALL_BLOCK, x += SMALL_BLOCK, block++) {
        float d = fabsf(extreme_of(x, SMALL_BLOCK)) / 127, factor = inverse(d);

        put_half(d, block->d);
        for (size_t k = 0; k < SMALL_BLOCK; k++)
            block->q[k] = (int8_t)round_within(x[k] * factor, -127, 127);
    }
}

void quantize_q4_0(const float *x, size_t n, void *ret)
{
    struct block_q4_0 *block = ret;

    for (size_t i = 0; i < n; i += SMALL_BLOCK, x += SMALL_BLOCK, block++) {
        float d = extreme_of(x, SMALL_BLOCK) / -8, factor = inverse(d);

        put_half(d, block->d);
        for (size_t k = 0; k < SMALL_BLOCK / 2; k++) {
            int low = round_within(x[k] * factor + 8, 0, 15);
            int high = round_within(x[k + SMALL_BLOCK / 2] * factor + 8, 0, 15);

            block->q[k] = (uint8_t)(low | high << 4);
        }
    }
}

/* ---- q6_k ---- */

#define Q6_GROUP 16

/* The scale s for which s * round(x / s), within -32..31, comes nearest to x. */
static float symmetric_scale(const float *x)
{
    float extreme = extreme_of(x, Q6_GROUP), best = 0, ret = 0;

    if (inverse(extreme) == 0)
        return 0;
    for (int step = -9; step <= 9; step++) {
        float factor = -(32 + 0.1f * (float)step) * inverse(extreme), products = 0, squares = 0;

        for (size_t k = 0; k < Q6_GROUP; k++) {
            float q = (float)round_within(x[k] * factor, -32, 31), weight = x[k] * x[k];

            products += weight * q * x[k];
            squares += weight * q * q;
        }
        /* the error of the best fit is the sum of weighted squares of x less this */
        if (squares > 0 && products * products > best * squares) {
            best = products * products / squares;
            ret = products / squares;
        }
    }
    return ret;
}

void quantize_q6_k(const float *x, size_t n, void *ret)
{
    struct block_q6_k *block = ret;

    for (size_t i = 0; i < n; i += LARGE_BLOCK, x += LARGE_BLOCK, block++) {
        float scales[LARGE_BLOCK / Q6_GROUP], d;

        memset(block, 0, sizeof(*block));
        for (size_t j = 0; j < ARRAY_SIZE(scales); j++)
            scales[j] = symmetric_scale(x + j * Q6_GROUP);
        put_half(extreme_of(scales, ARRAY_SIZE(scales)) / -128, block->d);
        d = get_half(block->d);
        for (size_t k = 0; k < LARGE_BLOCK; k++) {
            size_t half = k / 128, quarter = k % 128 / 32, at = k % 32;
            int scale = round_within(scales[k / Q6_GROUP] * inverse(d), -128, 127);
            int q = round_within(x[k] * inverse(d * (float)scale), -32, 31) + 32;

            block->scales[k / Q6_GROUP] = (int8_t)scale;
            block->low[half * 64 + quarter % 2 * 32 + at] |= (uint8_t)((q & 15) << (quarter / 2 * 4));
            block->high[half * 32 + at] |= (uint8_t)(q >> 4 << (quarter * 2));
        }
    }
}

/* ---- q4_k ---- */

#define Q4_GROUP 32

/* x is nearly scale * q - min, q in 0..15; both are at least 0. */
struct line {
    float scale, min;
};

/* The weighted squares of what is off. */
static float error_of(const float *x, const float *weights, struct line line)
{
    float factor = inverse(line.scale), sum = 0;

    for (size_t k = 0; k < Q4_GROUP; k++) {
        float q = (float)round_within((x[k] + line.min) * factor, 0, 15), off = line.scale * q - line.min - x[k];

        sum += weights[k] * off * off;
    }
    return sum;
}

/* The line that fits the integers best which another line gives. */
static struct line fit(const float *x, const float *weights, struct line line)
{
    float factor = inverse(line.scale), w = 0, wx = 0, wq = 0, wqq = 0, wqx = 0, determinant;
    struct line ret = line;

    for (size_t k = 0; k < Q4_GROUP; k++) {
        float q = (float)round_within((x[k] + line.min) * factor, 0, 15);

        w += weights[k];
        wx += weights[k] * x[k];
        wq += weights[k] * q;
        wqq += weights[k] * q * q;
        wqx += weights[k] * q * x[k];
    }
    determinant = w * wqq - wq * wq;
    if (determinant <= 0)
        return line;
    ret.scale = (w * wqx - wq * wx) / determinant;
    ret.min = (wq * wqx - wqq * wx) / determinant;
    if (ret.min < 0) /* then the line goes through 0 */
        ret = (struct line){wqx / wqq, 0};
    return ret.scale > 0 ? ret : line;
}

static struct line best_line(const float *x)
{
    float low = 0, high = x[0], squares = 0, weights[Q4_GROUP], least, error;
    struct line ret = {0};

    for (size_t k = 0; k < Q4_GROUP; k++) {
        low = fminf(low, x[k]);
        high = fmaxf(high, x[k]);
        squares += x[k] * x[k];
    }
    ret.min = -low;
    if (inverse(high - low) == 0)
        return ret;
    for (size_t k = 0; k < Q4_GROUP; k++)
        weights[k] = sqrtf(squares / Q4_GROUP) + fabsf(x[k]);
    ret.scale = (high - low) / 15;
    least = error_of(x, weights, ret);
    for (int step = 0; step <= 20; step++) {
        struct line line = fit(x, weights, (struct line){(high - low) / (14 + 0.1f * (float)step), -low});

        error = error_of(x, weights, line);
        if (error < least) {
            least = error;
            ret = line;
        }
    }
    return ret;
}

/* See block_q4_k_pair(). */
static void put_pair(uint8_t scales[12], size_t j, int scale, int min)
{
    if (j < 4) {
        scales[j] |= (uint8_t)scale;
        scales[j + 4] |= (uint8_t)min;
    } else {
        scales[j + 4] |= (uint8_t)((scale & 15) | (min & 15) << 4);
        scales[j - 4] |= (uint8_t)(scale >> 4 << 6);
        scales[j] |= (uint8_t)(min >> 4 << 6);
    }
}

void quantize_q4_k(const float *x, size_t n, void *ret)
{
    struct block_q4_k *block = ret;

    for (size_t i = 0; i < n; i += LARGE_BLOCK, x += LARGE_BLOCK, block++) {
        struct line lines[LARGE_BLOCK / Q4_GROUP];
        float largest_scale = 0, largest_min = 0, d, dmin;

        memset(block, 0, sizeof(*block));
        for (size_t j = 0; j < ARRAY_SIZE(lines); j++) {
            lines[j] = best_line(x + j * Q4_GROUP);
            largest_scale = fmaxf(largest_scale, lines[j].scale);
            largest_min = fmaxf(largest_min, lines[j].min);
        }
        put_half(largest_scale / 63, block->d);
        put_half(largest_min / 63, block->dmin);
        d = get_half(block->d);
        dmin = get_half(block->dmin);
        for (size_t j = 0; j < ARRAY_SIZE(lines); j++) {
            int scale = round_within(lines[j].scale * inverse(d), 0, 63);
            int min = round_within(lines[j].min * inverse(dmin), 0, 63);
            float factor = inverse(d * (float)scale);

            put_pair(block->scales, j, scale, min);
            for (size_t k = 0; k < Q4_GROUP; k++) {
                int q = round_within((x[j * Q4_GROUP + k] + dmin * (float)min) * factor, 0, 15);

                block->q[j / 2 * 32 + k] |= (uint8_t)(q << (j % 2 * 4));
            }
        }
    }
}
