/* The definitions: one straight loop each, sums in double, nothing clever. */
#include <math.h>
#include <string.h>

#include "core/kernels/kernels.h"

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

static void dots_f32(const void *weights, const float *x, size_t x_stride, size_t m, size_t n, float *ret,
                     size_t ret_stride)
{
    const float *w = weights;

    for (size_t i = 0; i < m; i++) {
        double sum = 0;

        for (size_t k = 0; k < n; k++)
            sum += (double)w[k] * x[i * x_stride + k];
        ret[i * ret_stride] = (float)sum;
    }
}

static void dots_f16(const void *weights, const float *x, size_t x_stride, size_t m, size_t n, float *ret,
                     size_t ret_stride)
{
    const uint16_t *w = weights;

    for (size_t i = 0; i < m; i++) {
        double sum = 0;

        for (size_t k = 0; k < n; k++)
            sum += (double)f16_to_f32(w[k]) * x[i * x_stride + k];
        ret[i * ret_stride] = (float)sum;
    }
}

static void dots_bf16(const void *weights, const float *x, size_t x_stride, size_t m, size_t n, float *ret,
                      size_t ret_stride)
{
    const uint16_t *w = weights;

    for (size_t i = 0; i < m; i++) {
        double sum = 0;

        for (size_t k = 0; k < n; k++)
            sum += (double)bf16_to_f32(w[k]) * x[i * x_stride + k];
        ret[i * ret_stride] = (float)sum;
    }
}

static void widen_f16(const void *source, size_t n, float *ret)
{
    const uint16_t *halves = source;

    for (size_t k = 0; k < n; k++)
        ret[k] = f16_to_f32(halves[k]);
}

static void widen_bf16(const void *source, size_t n, float *ret)
{
    const uint16_t *halves = source;

    for (size_t k = 0; k < n; k++)
        ret[k] = bf16_to_f32(halves[k]);
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
    .dots_f32 = dots_f32,
    .dots_f16 = dots_f16,
    .dots_bf16 = dots_bf16,
    .widen_f16 = widen_f16,
    .widen_bf16 = widen_bf16,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .softmax = softmax,
    .silu_product = silu_product,
    .quick_gelu = quick_gelu,
    .add_scaled = add_scaled,
};
