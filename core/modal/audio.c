/* audio: 16 kHz, minus the mean of all channels, the log-mel filter bank of channel 0, padded with 0 or cut to 1024
   frames, normalised, and transposed to mel x time.

   Two liberties that cannot be seen in the result beyond rounding: only what the 1024 frames need is resampled, and the
   mean is taken before resampling; the filter bank removes the mean of every frame again anyway. */
#include <errno.h>
#include <math.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/modal/mel_filterbank.h"
#include "core/modal/modality_impl.h"
#include "core/modal/resample.h"

/* Of the spectrograms that the model was trained with. */
#define LOG_MEL_MEAN -4.2677393
#define LOG_MEL_STD 4.5689974

static double mean_of(const float *samples, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += samples[i];
    return sum / (double)n;
}

/* The first n_wanted samples of channel 0 at 16 kHz. */
static int load_samples(const struct raw_media *media, uint32_t rate, size_t n_wanted, double **ret)
{
    const float *samples = media->data;
    size_t n_needed = MIN(media->shape[1], resample_reach(n_wanted, rate, MEL_SAMPLE_RATE));
    double mean = mean_of(samples, media->shape[0] * media->shape[1]);
    _cleanup_(freep) double *given = calloc(n_needed, sizeof(*given));
    _cleanup_(freep) double *wanted = calloc(n_wanted, sizeof(*wanted));
    int r;

    if (!given || !wanted)
        return -ENOMEM;
    for (size_t i = 0; i < n_needed; i++)
        given[i] = samples[i] - mean;
    r = resample(given, n_needed, rate, MEL_SAMPLE_RATE, wanted, n_wanted);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(wanted);
    return 0;
}

/* energies [n_frames, n_bins] -> [n_bins, n_columns]; frames that are missing count as 0 before normalisation. */
static void normalise(const float *energies, size_t n_frames, size_t n_bins, size_t n_columns, float *ret)
{
    for (size_t i = 0; i < n_columns; i++)
        for (size_t bin = 0; bin < n_bins; bin++)
            ret[bin * n_columns + i] =
                (float)(((i < n_frames ? (double)energies[i * n_bins + bin] : 0) - LOG_MEL_MEAN) / (2 * LOG_MEL_STD));
}

static int spectrogram(const struct raw_media *media, uint32_t rate, size_t n_frames, const struct input_sizes *sizes,
                       float *ret)
{
    size_t n_wanted = MEL_FRAME_SAMPLES + (n_frames - 1) * MEL_HOP_SAMPLES;
    _cleanup_(freep) float *energies = calloc(n_frames * sizes->audio_mel_bins, sizeof(*energies));
    _cleanup_(freep) double *samples = NULL;
    int r;

    if (!energies)
        return -ENOMEM;
    r = load_samples(media, rate, n_wanted, &samples);
    if (r == 0)
        r = mel_filterbank(samples, n_frames, sizes->audio_mel_bins, energies);
    if (r < 0)
        return r;
    normalise(energies, n_frames, sizes->audio_mel_bins, sizes->audio_frames, ret);
    return 0;
}

int audio_preprocess(const struct modal_input *input, const struct input_sizes *sizes, struct arena *arena,
                     struct input_tensor *ret, struct error *error)
{
    const struct raw_media *media = input->media;
    double seconds = (double)media->shape[1] / media->rate;
    size_t n_frames;
    uint32_t rate;
    int r;

    if (!(media->rate >= 1 && media->rate <= RESAMPLE_RATE_MAX))
        return error_set(error, -EINVAL, "expected 1 to %d samples per second, found %g", RESAMPLE_RATE_MAX,
                         media->rate);
    rate = (uint32_t)lround(media->rate);
    n_frames = mel_filterbank_frames(resample_length(media->shape[1], rate, MEL_SAMPLE_RATE));
    if (n_frames == 0)
        return error_set(error, -EINVAL, "at least 25 ms of sound are needed, one frame; found %zu samples, %.3g ms",
                         media->shape[1], seconds * 1e3);
    if (n_frames > sizes->audio_frames)
        input_tensor_note(ret, "only the first %g of %.4g s are heard",
                          (double)sizes->audio_frames * MEL_HOP_SAMPLES / MEL_SAMPLE_RATE, seconds);
    r = input_tensor_alloc(ret, (size_t[4]){1, sizes->audio_mel_bins, sizes->audio_frames}, arena, error);
    if (r < 0)
        return r;
    if (spectrogram(media, rate, MIN(n_frames, sizes->audio_frames), sizes, ret->data) < 0)
        return error_set(error, -ENOMEM, "no memory for the spectrogram of %.4g s", seconds);
    return 0;
}
