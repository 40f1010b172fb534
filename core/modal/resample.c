/* With both rates divided by their greatest common divisor, output j lies at input j * old / new. Outputs j, j + new,
   j + 2 new, ... lie equally between their inputs and so share one set of weights, a phase. Phases are computed one
   after the other and each only once, so memory does not grow with the rates (44101 to 16000 Hz has 16000 phases).

   Weight of the input at distance d (in inputs), with t = d / old * base, base = 0.99 * min(old, new):
     base / old * sin(pi t) / (pi t) * cos(pi t / 12)^2  where |t| < 6, else 0. */
#include "core/modal/resample.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

#define FILTER_WIDTH 6
#define ROLLOFF 0.99

/* Rates without their common divisor, and how far the filter reaches, in inputs. */
struct ratio {
    size_t old, new, width;
    double base;
};

static struct ratio ratio_of(uint32_t old_rate, uint32_t new_rate)
{
    uint32_t divisor = old_rate, rest = new_rate;
    struct ratio ratio;

    while (rest > 0) {
        uint32_t next = divisor % rest;

        divisor = rest;
        rest = next;
    }
    ratio.old = old_rate / divisor;
    ratio.new = new_rate / divisor;
    ratio.base = ROLLOFF * (double)MIN(ratio.old, ratio.new);
    ratio.width = (size_t)ceil(FILTER_WIDTH * (double)ratio.old / ratio.base);
    return ratio;
}

/* Weights of the inputs first .. first + 2 * width, counted from the first input of the output's period. */
static void phase_weights(const struct ratio *ratio, size_t phase, ptrdiff_t first, double *ret)
{
    for (size_t k = 0; k <= 2 * ratio->width; k++) {
        double at = (double)(first + (ptrdiff_t)k) / (double)ratio->old - (double)phase / (double)ratio->new;
        double t = fmin(fmax(at * ratio->base, -FILTER_WIDTH), FILTER_WIDTH);
        double window = cos(t * M_PI / FILTER_WIDTH / 2), sinc = t == 0 ? 1 : sin(t * M_PI) / (t * M_PI);

        ret[k] = sinc * window * window * ratio->base / (double)ratio->old;
    }
}

/* first: the sample under the first weight; may be before the beginning. */
static double weigh_samples(const double *weights, size_t n_weights, const double *samples, size_t n, ptrdiff_t first)
{
    size_t begin = first < 0 ? (size_t)-first : 0, end = n_weights;
    double sum = 0;

    if (first + (ptrdiff_t)end > (ptrdiff_t)n)
        end = (ptrdiff_t)n > first ? (size_t)((ptrdiff_t)n - first) : 0;
    for (size_t k = begin; k < end; k++)
        sum += weights[k] * samples[first + (ptrdiff_t)k];
    return sum;
}

size_t resample_length(size_t n, uint32_t old_rate, uint32_t new_rate)
{
    struct ratio ratio = ratio_of(old_rate, new_rate);

    /* n / old whole periods and a rest, so that nothing overflows. */
    return n / ratio.old * ratio.new + (n % ratio.old * ratio.new + ratio.old - 1) / ratio.old;
}

size_t resample_reach(size_t n_ret, uint32_t old_rate, uint32_t new_rate)
{
    struct ratio ratio = ratio_of(old_rate, new_rate);

    return (n_ret / ratio.new + 1) * ratio.old + ratio.width + 1;
}

int resample(const double *samples, size_t n, uint32_t old_rate, uint32_t new_rate, double *ret, size_t n_ret)
{
    struct ratio ratio = ratio_of(old_rate, new_rate);
    _cleanup_(freep) double *weights = NULL;

    if (old_rate == new_rate) {
        memcpy(ret, samples, n_ret * sizeof(*ret));
        return 0;
    }
    weights = calloc(2 * ratio.width + 1, sizeof(*weights));
    if (!weights)
        return -ENOMEM;
    for (size_t phase = 0; phase < MIN(ratio.new, n_ret); phase++) {
        ptrdiff_t first = (ptrdiff_t)(phase * ratio.old / ratio.new) - (ptrdiff_t)ratio.width;

        phase_weights(&ratio, phase, first, weights);
        for (size_t j = phase; j < n_ret; j += ratio.new, first += (ptrdiff_t)ratio.old)
            ret[j] = weigh_samples(weights, 2 * ratio.width + 1, samples, n, first);
    }
    return 0;
}
