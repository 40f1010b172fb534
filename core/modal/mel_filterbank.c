/* One frame: minus its mean; pre-emphasis x[i] - 0.97 x[i - 1] (the first sample precedes itself); symmetric Hann
   window; zeros up to 512; power spectrum; triangles on the mel scale 1127 ln(1 + f / 700), evaluated at the 256
   spectral bins k * 31.25 Hz (never at the Nyquist bin); natural logarithm, floored.

   The feet and tops of the triangles lie at n_bins + 2 equal steps between mel(20 Hz) and mel(8000 Hz), so a spectral
   bin between step j and step j + 1, with the fraction f of the way, gives f of its power to triangle j, on whose
   rising side it lies, and 1 - f to triangle j - 1, on whose falling side it lies.

   The 512 real samples are transformed as 256 complex ones, z[i] = x[2i] + i x[2i + 1]. With Z their spectrum, the even
   samples have E[k] = (Z[k] + conj Z[256 - k]) / 2, the odd ones O[k] = (Z[k] - conj Z[256 - k]) / 2i, and the spectrum
   of all is X[k] = E[k] + exp(-2 pi i k / 512) O[k]. */
#include "core/modal/mel_filterbank.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/base/cleanup.h"

#define N_FFT 512
#define N_HALF (N_FFT / 2)
#define N_HALF_BITS 8
#define PRE_EMPHASIS 0.97
#define LOW_HZ 20.0
#define ENERGY_MIN 0x1p-23

/* What is the same for all frames. */
struct plan {
    double window[MEL_FRAME_SAMPLES];
    double cosine[N_HALF], sine[N_HALF]; /* of -2 pi k / N_FFT */
    double steps[N_HALF];                /* spectral bin -> steps above the lowest foot; negative: below it */
};

/* What one frame is while it is computed. */
struct frame {
    double samples[N_FFT];
    double real[N_HALF], imaginary[N_HALF];
    double power[N_HALF];
};

static double mel(double hertz)
{
    return 1127 * log(1 + hertz / 700);
}

static void plan_init(struct plan *plan, size_t n_bins)
{
    double low = mel(LOW_HZ), high = mel(MEL_SAMPLE_RATE / 2.0), step = (high - low) / (double)(n_bins + 1);

    for (size_t i = 0; i < MEL_FRAME_SAMPLES; i++)
        plan->window[i] = 0.5 - 0.5 * cos(2 * M_PI * (double)i / (MEL_FRAME_SAMPLES - 1));
    for (size_t k = 0; k < N_HALF; k++) {
        plan->cosine[k] = cos(-2 * M_PI * (double)k / N_FFT);
        plan->sine[k] = sin(-2 * M_PI * (double)k / N_FFT);
        plan->steps[k] = (mel((double)k * MEL_SAMPLE_RATE / N_FFT) - low) / step;
    }
}

static void frame_load(const struct plan *plan, const double *samples, struct frame *ret)
{
    double mean = 0, before;

    for (size_t i = 0; i < MEL_FRAME_SAMPLES; i++)
        mean += samples[i];
    mean /= MEL_FRAME_SAMPLES;
    before = samples[0] - mean;
    for (size_t i = 0; i < MEL_FRAME_SAMPLES; i++) {
        double sample = samples[i] - mean;

        ret->samples[i] = (sample - PRE_EMPHASIS * before) * plan->window[i];
        before = sample;
    }
    for (size_t i = MEL_FRAME_SAMPLES; i < N_FFT; i++)
        ret->samples[i] = 0;
}

static size_t reverse_bits(size_t i)
{
    size_t reversed = 0;

    for (int bit = 0; bit < N_HALF_BITS; bit++)
        reversed |= (i >> bit & 1) << (N_HALF_BITS - 1 - bit);
    return reversed;
}

/* samples -> Z, by decimation in time: spectra of length half become spectra of twice that length. */
static void frame_transform(const struct plan *plan, struct frame *frame)
{
    double *real = frame->real, *imaginary = frame->imaginary;

    for (size_t i = 0; i < N_HALF; i++) {
        size_t from = reverse_bits(i);

        real[i] = frame->samples[2 * from];
        imaginary[i] = frame->samples[2 * from + 1];
    }
    for (size_t half = 1; half < N_HALF; half *= 2) {
        for (size_t i = 0; i < N_HALF; i++) {
            size_t turn, other = i + half;
            double r, s;

            if (i & half)
                continue;
            turn = (i & (half - 1)) * (N_HALF / half);
            r = real[other] * plan->cosine[turn] - imaginary[other] * plan->sine[turn];
            s = real[other] * plan->sine[turn] + imaginary[other] * plan->cosine[turn];
            real[other] = real[i] - r;
            imaginary[other] = imaginary[i] - s;
            real[i] += r;
            imaginary[i] += s;
        }
    }
}

/* Z -> |X|^2 */
static void frame_power(const struct plan *plan, struct frame *frame)
{
    for (size_t k = 0; k < N_HALF; k++) {
        size_t mirror = (N_HALF - k) % N_HALF;
        double even_real = (frame->real[k] + frame->real[mirror]) / 2;
        double even_imaginary = (frame->imaginary[k] - frame->imaginary[mirror]) / 2;
        double odd_real = (frame->imaginary[k] + frame->imaginary[mirror]) / 2;
        double odd_imaginary = (frame->real[mirror] - frame->real[k]) / 2;
        double real = even_real + plan->cosine[k] * odd_real - plan->sine[k] * odd_imaginary;
        double imaginary = even_imaginary + plan->cosine[k] * odd_imaginary + plan->sine[k] * odd_real;

        frame->power[k] = real * real + imaginary * imaginary;
    }
}

/* energies: zero-filled [n_bins] */
static void frame_energies(const struct plan *plan, const struct frame *frame, size_t n_bins, double *energies)
{
    for (size_t k = 0; k < N_HALF; k++) {
        double steps = plan->steps[k];
        size_t j = steps > 0 ? (size_t)steps : 0;
        double rising = steps - (double)j;

        if (steps < 0)
            continue;
        if (j < n_bins)
            energies[j] += rising * frame->power[k];
        if (j > 0 && j <= n_bins)
            energies[j - 1] += (1 - rising) * frame->power[k];
    }
}

size_t mel_filterbank_frames(size_t n_samples)
{
    return n_samples < MEL_FRAME_SAMPLES ? 0 : 1 + (n_samples - MEL_FRAME_SAMPLES) / MEL_HOP_SAMPLES;
}

int mel_filterbank(const double *samples, size_t n_frames, size_t n_bins, float *ret)
{
    _cleanup_(freep) double *energies = calloc(n_bins, sizeof(*energies));
    struct plan plan;
    struct frame frame;

    if (!energies)
        return -ENOMEM;
    plan_init(&plan, n_bins);
    for (size_t i = 0; i < n_frames; i++) {
        frame_load(&plan, samples + i * MEL_HOP_SAMPLES, &frame);
        frame_transform(&plan, &frame);
        frame_power(&plan, &frame);
        for (size_t bin = 0; bin < n_bins; bin++)
            energies[bin] = 0;
        frame_energies(&plan, &frame, n_bins, energies);
        for (size_t bin = 0; bin < n_bins; bin++)
            ret[i * n_bins + bin] = (float)log(fmax(energies[bin], ENERGY_MIN));
    }
    return 0;
}
