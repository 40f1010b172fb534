/* imu: the samples of the window (start <= t < end), resampled to 200 Hz when their rate, cut to whole hertz as the
   reference does, is another; then cut or padded with zeros to the model's length; 6 x time.

   Without a choice the window is what the model sees, from 0 s of the file's clock, or from its first time stamp when
   that is more than GAP_MAX_S later: clocks do not always start at 0. */
#include <errno.h>
#include <math.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/modal/modality_impl.h"
#include "core/modal/resample.h"

#define N_AXES 6
#define RATE 200
#define GAP_MAX_S 4
#define N_SAMPLES_MIN 10

/* The series, its clock, and the samples begin .. end - 1 of the window. */
struct series {
    const struct raw_media *media;
    double *times; /* ms, rising */
    size_t n_samples, n_columns;
    size_t begin, end;
};

static void series_deinit(struct series *series)
{
    free(series->times);
}

static double sample_at(const struct series *series, size_t i, size_t column)
{
    size_t at = i * series->n_columns + column;

    if (series->media->element == MEDIA_F64)
        return ((const double *)series->media->data)[at];
    return ((const float *)series->media->data)[at];
}

static int series_init(struct series *series, const struct modal_input *input, struct input_tensor *tensor,
                       struct error *error)
{
    const struct raw_media *stamps = input->timestamps;

    series->media = input->media;
    series->n_samples = input->media->shape[0];
    series->n_columns = input->media->shape[1];
    if (stamps && stamps->shape[0] != series->n_samples)
        return error_set(error, -EINVAL, "expected one time stamp per sample, found %zu for %zu samples",
                         stamps->shape[0], series->n_samples);
    if (stamps && series->n_columns > N_AXES)
        input_tensor_note(tensor, "the file's own column of times is not used");
    if (!stamps && series->n_columns == N_AXES)
        input_tensor_note(tensor, "without time stamps %d Hz are assumed", RATE);
    series->times = calloc(series->n_samples, sizeof(*series->times));
    if (!series->times)
        return error_set(error, -ENOMEM, "no memory for %zu time stamps", series->n_samples);
    for (size_t i = 0; i < series->n_samples; i++) {
        if (stamps)
            series->times[i] = ((const double *)stamps->data)[i];
        else
            series->times[i] = series->n_columns > N_AXES ? sample_at(series, i, 0) : (double)i * 1000 / RATE;
        if (i > 0 && series->times[i] <= series->times[i - 1])
            return error_set(error, -EINVAL, "time stamps must increase, found %g ms at sample %zu after %g ms",
                             series->times[i], i, series->times[i - 1]);
    }
    return 0;
}

/* The first sample at or after a time. */
static size_t sample_from(const struct series *series, double time_ms)
{
    size_t low = 0, high = series->n_samples;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (series->times[middle] < time_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The rules of the official loader. */
static int check_window(const struct series *series, double start_s, double end_s, struct error *error)
{
    double last_s = series->times[series->n_samples - 1] / 1000, gap_s;

    if (series->begin == series->n_samples)
        return error_set(error, -EINVAL, "the window starts at %g s, but the last time stamp is at %g s", start_s,
                         last_s);
    gap_s = series->times[series->begin] / 1000 - start_s;
    if (gap_s > GAP_MAX_S)
        return error_set(error, -EINVAL, "the first sample is %g s after the window's start; at most %d s are allowed",
                         gap_s, GAP_MAX_S);
    gap_s = series->end > 0 ? end_s - series->times[series->end - 1] / 1000 : 0;
    if (gap_s > GAP_MAX_S)
        return error_set(error, -EINVAL, "the last sample is %g s before the window's end; at most %d s are allowed",
                         gap_s, GAP_MAX_S);
    if (series->end - series->begin < N_SAMPLES_MIN)
        return error_set(error, -EINVAL, "the window %g..%g s has %zu samples; at least %d are needed", start_s, end_s,
                         series->end - series->begin, N_SAMPLES_MIN);
    return 0;
}

static int choose_window(struct series *series, const struct modal_options *options, double length_s,
                         struct input_tensor *tensor, struct error *error)
{
    double first_s = series->times[0] / 1000, start_s = options->start_s, end_s = options->end_s;

    if (start_s == 0 && end_s <= 0 && first_s > GAP_MAX_S) {
        start_s = first_s;
        input_tensor_note(tensor, "the window starts with the first time stamp, at %g s", first_s);
    }
    if (end_s <= 0)
        end_s = start_s + length_s;
    if (!isfinite(start_s) || !isfinite(end_s) || end_s <= start_s)
        return error_set(error, -EINVAL, "the window must end after its start, found %g..%g s", start_s, end_s);
    if (end_s - start_s > length_s)
        input_tensor_note(tensor, "only the first %g s of the window are used", length_s);
    series->begin = sample_from(series, start_s * 1000);
    series->end = sample_from(series, end_s * 1000);
    return check_window(series, start_s, end_s, error);
}

/* Whole hertz, cut off; an error of rounding in the time stamps does not cost one. */
static int window_rate(const struct series *series, uint32_t *ret, struct error *error)
{
    size_t n_steps = series->end - series->begin - 1;
    double mean_ms = (series->times[series->end - 1] - series->times[series->begin]) / (double)n_steps;
    double rate = 1000 / mean_ms + 1e-6;

    if (!(rate >= 1 && rate <= RESAMPLE_RATE_MAX))
        return error_set(error, -EINVAL, "expected 1 to %d samples per second, found %g", RESAMPLE_RATE_MAX, rate);
    *ret = (uint32_t)rate;
    return 0;
}

static int fill(const struct series *series, uint32_t rate, size_t n_wanted, float *ret)
{
    size_t n = series->end - series->begin, n_new = MIN(resample_length(n, rate, RATE), n_wanted);
    _cleanup_(freep) double *given = calloc(n, sizeof(*given));
    _cleanup_(freep) double *wanted = calloc(n_wanted, sizeof(*wanted));

    if (!given || !wanted)
        return -ENOMEM;
    for (size_t axis = 0; axis < N_AXES; axis++) {
        for (size_t i = 0; i < n; i++)
            given[i] = sample_at(series, series->begin + i, axis + series->n_columns - N_AXES);
        if (resample(given, n, rate, RATE, wanted, n_new) < 0)
            return -ENOMEM;
        for (size_t i = 0; i < n_new; i++)
            ret[axis * n_wanted + i] = (float)wanted[i];
    }
    return 0;
}

int imu_preprocess(const struct modal_input *input, const struct input_sizes *sizes, struct arena *arena,
                   struct input_tensor *ret, struct error *error)
{
    _cleanup_(series_deinit) struct series series = {0};
    uint32_t rate;
    int r;

    r = series_init(&series, input, ret, error);
    if (r < 0)
        return r;
    r = choose_window(&series, &input->options, (double)sizes->imu_samples / RATE, ret, error);
    if (r < 0)
        return r;
    r = window_rate(&series, &rate, error);
    if (r < 0)
        return r;
    if (rate != RATE)
        input_tensor_note(ret, "resampled from %u to %d Hz", rate, RATE);
    r = input_tensor_alloc(ret, (size_t[4]){N_AXES, sizes->imu_samples}, arena, error);
    if (r < 0)
        return r;
    if (fill(&series, rate, sizes->imu_samples, ret->data) < 0)
        return error_set(error, -ENOMEM, "no memory for %zu samples", series.n_samples);
    return 0;
}
