/* Bicubic, one axis: pixel i of the target looks at the source around c = (i + 0.5) * scale, with scale = source /
   target, out to support = 2 * max(scale, 1). The tap at source pixel j has the weight w((j + 0.5 - c) / max(scale,
   1)), all divided by their sum and rounded to 22 bits; the sum of products starts at one half and is shifted back
   by 22.

   Products of 22-bit weights do not vectorise on every machine, products of 16-bit numbers do. So a weight is stored as
   high * 256 + low, and the two sums are put together at the end; modulo 2^32 that is the same number. */
#include "core/modal/resize.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"

#define WEIGHT_BITS 22
#define LOW_BITS 8
#define SCRATCH_BYTES_MAX ((size_t)256 << 20)

/* The weights of all wanted pixels of one axis. */
struct taps {
    size_t n_max;               /* per pixel; the step from one pixel's weights to the next */
    struct resize_reach *spans; /* [count] source pixels under the weights */
    int16_t *high, *low;        /* [count, n_max] */
};

static void taps_deinit(struct taps *taps)
{
    free(taps->spans);
    free(taps->high);
    free(taps->low);
}

static double axis_scale(const struct resize_axis *axis)
{
    return (double)axis->source / (double)axis->target;
}

static struct resize_reach tap_span(const struct resize_axis *axis, size_t i)
{
    double scale = axis_scale(axis), support = 2 * fmax(scale, 1), centre = ((double)i + 0.5) * scale;
    double first = centre - support + 0.5, end = centre + support + 0.5;
    size_t begin = first > 0 ? (size_t)first : 0;

    return (struct resize_reach){begin, MIN((size_t)end, axis->source) - begin};
}

static double bicubic(double x)
{
    const double a = -0.5;

    x = fabs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

static void pixel_weights(const struct resize_axis *axis, size_t i, struct resize_reach span, double *weights,
                          int16_t *ret_high, int16_t *ret_low)
{
    double scale = axis_scale(axis), centre = ((double)i + 0.5) * scale, shrink = 1 / fmax(scale, 1), sum = 0;

    for (size_t k = 0; k < span.count; k++) {
        weights[k] = bicubic(((double)(k + span.begin) - centre + 0.5) * shrink);
        sum += weights[k];
    }
    for (size_t k = 0; k < span.count; k++) {
        double weight = weights[k] / sum * (1 << WEIGHT_BITS);
        int32_t fixed = (int32_t)(weight < 0 ? weight - 0.5 : weight + 0.5);

        ret_high[k] = (int16_t)(fixed >> LOW_BITS);
        ret_low[k] = (int16_t)(fixed & ((1 << LOW_BITS) - 1));
    }
}

static int taps_init(struct taps *taps, const struct resize_axis *axis)
{
    double n_max = ceil(2 * fmax(axis_scale(axis), 1)) * 2 + 1;
    _cleanup_(freep) double *weights = NULL;

    if (n_max * (double)axis->count * sizeof(*taps->high) > (double)SCRATCH_BYTES_MAX)
        return -EFBIG;
    taps->n_max = (size_t)n_max;
    weights = calloc(taps->n_max, sizeof(*weights));
    taps->spans = calloc(axis->count, sizeof(*taps->spans));
    taps->high = calloc(axis->count * taps->n_max, sizeof(*taps->high));
    taps->low = calloc(axis->count * taps->n_max, sizeof(*taps->low));
    if (!weights || !taps->spans || !taps->high || !taps->low)
        return -ENOMEM;
    for (size_t i = 0; i < axis->count; i++) {
        taps->spans[i] = tap_span(axis, axis->begin + i);
        pixel_weights(axis, axis->begin + i, taps->spans[i], weights, taps->high + i * taps->n_max,
                      taps->low + i * taps->n_max);
    }
    return 0;
}

/* Half of a pixel value was added before; the shift rounds down, so this rounds to the nearest. */
static uint8_t pixel_of(int32_t sum)
{
    int32_t value = sum >> WEIGHT_BITS;

    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static uint8_t weigh_taps(const int16_t *restrict high, const int16_t *restrict low, const int16_t *restrict values,
                          size_t n)
{
    int32_t sum_high = 0;
    uint32_t sum_low = 0;

    for (size_t k = 0; k < n; k++) {
        sum_high += high[k] * values[k];
        sum_low += (uint32_t)(low[k] * values[k]);
    }
    return pixel_of((int32_t)(((uint32_t)sum_high << LOW_BITS) + sum_low + (1u << (WEIGHT_BITS - 1))));
}

/* Rows of the picture -> rows of the wanted width. planes: room for n_channels * reach->count numbers. */
static void resize_row(const uint8_t *row, size_t n_channels, struct resize_reach reach, const struct taps *taps,
                       size_t count, int16_t *planes, uint8_t *ret)
{
    for (size_t c = 0; c < n_channels; c++)
        for (size_t j = 0; j < reach.count; j++)
            planes[c * reach.count + j] = row[j * n_channels + c];
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < n_channels; c++)
            ret[i * n_channels + c] =
                weigh_taps(taps->high + i * taps->n_max, taps->low + i * taps->n_max,
                           planes + c * reach.count + (taps->spans[i].begin - reach.begin), taps->spans[i].count);
}

static int resize_rows(const struct picture *source, const struct resize_axis *x, struct resize_reach rows,
                       uint8_t *ret)
{
    struct resize_reach columns = resize_reach(x);
    _cleanup_(taps_deinit) struct taps taps = {0};
    _cleanup_(freep) int16_t *planes = NULL;
    int r;

    r = taps_init(&taps, x);
    if (r < 0)
        return r;
    planes = calloc(columns.count * source->n_channels, sizeof(*planes));
    if (!planes)
        return -ENOMEM;
    for (size_t j = 0; j < rows.count; j++) {
        size_t top = rows.begin + j - source->top, left = columns.begin - source->left;

        resize_row(source->pixels + (top * source->width + left) * source->n_channels, source->n_channels, columns,
                   &taps, x->count, planes, ret + j * x->count * source->n_channels);
    }
    return 0;
}

static void add_row(int32_t *restrict sums, const uint8_t *restrict row, size_t n, int32_t weight)
{
    for (size_t i = 0; i < n; i++)
        sums[i] += weight * row[i];
}

/* rows: those of the reach of y, n bytes each. */
static int resize_columns(const uint8_t *rows, size_t n, const struct resize_axis *y, uint8_t *ret)
{
    struct resize_reach reach = resize_reach(y);
    _cleanup_(taps_deinit) struct taps taps = {0};
    _cleanup_(freep) int32_t *sums = NULL;
    int r;

    r = taps_init(&taps, y);
    if (r < 0)
        return r;
    sums = calloc(n, sizeof(*sums));
    if (!sums)
        return -ENOMEM;
    for (size_t i = 0; i < y->count; i++) {
        const int16_t *high = taps.high + i * taps.n_max, *low = taps.low + i * taps.n_max;

        for (size_t k = 0; k < n; k++)
            sums[k] = 1 << (WEIGHT_BITS - 1);
        for (size_t k = 0; k < taps.spans[i].count; k++)
            add_row(sums, rows + (taps.spans[i].begin - reach.begin + k) * n, n, high[k] * (1 << LOW_BITS) + low[k]);
        for (size_t k = 0; k < n; k++)
            ret[i * n + k] = pixel_of(sums[k]);
    }
    return 0;
}

/* One axis of a bilinear resize: between pixels left and right, so much of the right one. */
struct blend {
    size_t left, right;
    float right_share;
};

static struct blend blend_at(const struct resize_axis *axis, size_t i)
{
    float scale = (float)axis->source / (float)axis->target;
    float at = fmaxf(scale * ((float)(axis->begin + i) + 0.5f) - 0.5f, 0);
    size_t left = MIN((size_t)at, axis->source - 1);

    return (struct blend){left, MIN(left + 1, axis->source - 1), fminf(at - (float)left, 1)};
}

struct resize_reach resize_reach(const struct resize_axis *axis)
{
    struct resize_reach first = tap_span(axis, axis->begin), last = tap_span(axis, axis->begin + axis->count - 1);

    return (struct resize_reach){first.begin, last.begin + last.count - first.begin};
}

int resize_bicubic(const struct picture *source, const struct resize_axis *x, const struct resize_axis *y, uint8_t *ret,
                   struct error *error)
{
    struct resize_reach rows = resize_reach(y);
    size_t n = x->count * source->n_channels, n_bytes;
    _cleanup_(freep) uint8_t *between = NULL;
    int r = -EFBIG;

    if (!__builtin_mul_overflow(rows.count, n, &n_bytes) && n_bytes <= SCRATCH_BYTES_MAX) {
        between = malloc(n_bytes);
        r = between ? resize_rows(source, x, rows, between) : -ENOMEM;
        if (r == 0)
            r = resize_columns(between, n, y, ret);
    }
    if (r == -EFBIG)
        return error_set(error, -EINVAL, "%zu x %zu pixels cannot be resized to %zu x %zu: the shapes are too unlike",
                         x->source, y->source, x->target, y->target);
    if (r < 0)
        return error_set(error, r, "no memory to resize %zu x %zu pixels", x->source, y->source);
    return 0;
}

void resize_bilinear(const struct picture *source, const struct resize_axis *x, const struct resize_axis *y, float *ret)
{
    size_t n_channels = source->n_channels, plane = x->count * y->count;

    for (size_t i = 0; i < y->count; i++) {
        struct blend v = blend_at(y, i);
        const uint8_t *upper = source->pixels + v.left * source->width * n_channels;
        const uint8_t *lower = source->pixels + v.right * source->width * n_channels;

        for (size_t j = 0; j < x->count; j++) {
            struct blend h = blend_at(x, j);
            const uint8_t *corners[] = {upper + h.left * n_channels, upper + h.right * n_channels,
                                        lower + h.left * n_channels, lower + h.right * n_channels};

            for (size_t c = 0; c < n_channels; c++) {
                float top =
                    (1 - h.right_share) * ((float)corners[0][c] / 255) + h.right_share * ((float)corners[1][c] / 255);
                float bottom =
                    (1 - h.right_share) * ((float)corners[2][c] / 255) + h.right_share * ((float)corners[3][c] / 255);

                ret[c * plane + i * x->count + j] = (1 - v.right_share) * top + v.right_share * bottom;
            }
        }
    }
}
