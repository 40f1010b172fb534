/* Recordings: resampling, filter bank, the spectrogram. */
#include "tests/unit/modal/modal_test.h"

#include <errno.h>

#include "core/modal/mel_filterbank.h"
#include "core/modal/resample.h"

#define N_BINS 128
#define N_COLUMNS 1024
#define PADDING 0.46703f  /* 0, normalised */
#define SILENCE -1.27759f /* the floor, normalised */

static struct input_tensor spectrogram(const float *samples, size_t n_channels, size_t n, double rate,
                                       struct arena *arena)
{
    struct raw_media media = media_of(MEDIA_AUDIO, MEDIA_F32, samples, SHAPE(n_channels, n));
    struct modal_input input = {.modality = MODALITY_AUDIO, .media = &media};
    struct input_tensor tensor;

    media.rate = rate;
    tensor = preprocess(&input, &input_sizes_released, arena);
    assert_shape(&tensor, 1, N_BINS, N_COLUMNS);
    assert_int_equal(tensor.n_items, 1);
    return tensor;
}

static void assert_column(const struct input_tensor *tensor, size_t column, float value)
{
    for (size_t bin = 0; bin < N_BINS; bin++)
        assert_float_equal(tensor->data[bin * N_COLUMNS + column], value, 1e-4);
}

static void recordings_equal_the_reference(void **state)
{
    const struct {
        const char *name;
        size_t n, n_frames;
        double rate;
    } cases[] = {{"16k", 8080, 49, 16000}, {"44k", 13050, 28, 44100}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(arena_deinit) struct arena arena = {0};
        _cleanup_(freep) int16_t *stored = NULL;
        _cleanup_(freep) float *expected = NULL, *samples = calloc(cases[i].n, sizeof(*samples));
        struct input_tensor found;
        char name[64];

        assert_non_null(samples);
        snprintf(name, sizeof(name), "audio_%s_samples.i16", cases[i].name);
        stored = golden(name, cases[i].n, sizeof(*stored));
        snprintf(name, sizeof(name), "audio_%s.f32", cases[i].name);
        expected = golden(name, N_BINS * cases[i].n_frames, sizeof(*expected));
        for (size_t k = 0; k < cases[i].n; k++)
            samples[k] = (float)stored[k] / 32768;
        found = spectrogram(samples, 1, cases[i].n, cases[i].rate, &arena);
        for (size_t bin = 0; bin < N_BINS; bin++)
            assert_near(found.data + bin * N_COLUMNS, expected + bin * cases[i].n_frames, cases[i].n_frames, 5e-3,
                        2e-4);
        /* The input ends where its last whole frame ends; the one after that is padding. */
        assert_column(&found, mel_filterbank_frames(resample_length(cases[i].n, (uint32_t)cases[i].rate, 16000)),
                      PADDING);
        assert_column(&found, N_COLUMNS - 1, PADDING);
        assert_string_equal(found.notes, "");
    }
}

static void only_channel_0_is_heard(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    size_t n = 4000;
    _cleanup_(freep) float *samples = calloc(3 * n, sizeof(*samples));
    struct input_tensor mono, three;

    (void)state;
    assert_non_null(samples);
    for (size_t i = 0; i < 3 * n; i++)
        samples[i] = (float)noise((uint32_t)i) * 0x1p-32f - 0.5f;
    mono = spectrogram(samples, 1, n, 16000, &arena);
    three = spectrogram(samples, 3, n, 16000, &arena);
    assert_near(three.data, mono.data, N_BINS * N_COLUMNS, 1e-4, 1e-5);
}

static void silence_is_the_floor(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    float samples[400 + 160];
    struct input_tensor found;

    (void)state;
    /* A constant is silence, too. */
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
        samples[i] = 0.75f;
    found = spectrogram(samples, 1, ARRAY_SIZE(samples), 16000, &arena);
    assert_column(&found, 0, SILENCE);
    assert_column(&found, 1, SILENCE);
    assert_column(&found, 2, PADDING);
}

static void less_than_a_frame_is_refused(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    float samples[400] = {1};
    struct raw_media media = media_of(MEDIA_AUDIO, MEDIA_F32, samples, SHAPE(1, 399));
    struct modal_input input = {.modality = MODALITY_AUDIO, .media = &media};
    struct input_tensor found = spectrogram(samples, 1, 400, 16000, &arena);

    (void)state;
    assert_string_equal(found.notes, "");
    media.rate = 16000;
    assert_refused(&input, &input_sizes_released, -EINVAL,
                   "at least 25 ms of sound are needed, one frame; found 399 samples, 24.9 ms");
}

static void long_recordings_are_cut_and_noted(void **state)
{
    const struct {
        size_t n;
        double rate;
        const char *notes;
    } cases[] = {
        {400 + 1023 * 160, 16000, ""},
        {400 + 1023 * 160 + 159, 16000, ""},
        {400 + 1024 * 160, 16000, "only the first 10.24 of 10.27 s are heard"},
        {60 * 8000, 8000, "only the first 10.24 of 60 s are heard"},
    };
    _cleanup_(freep) float *samples = calloc(60 * 8000, sizeof(*samples));

    (void)state;
    assert_non_null(samples);
    for (size_t i = 0; i < 60 * 8000; i++)
        samples[i] = (float)noise((uint32_t)i) * 0x1p-32f - 0.5f;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(arena_deinit) struct arena arena = {0};
        struct input_tensor found = spectrogram(samples, 1, cases[i].n, cases[i].rate, &arena);

        assert_string_equal(found.notes, cases[i].notes);
        assert_true(found.data[N_COLUMNS - 1] != PADDING);
    }
}

static void odd_rates_are_accepted_and_absurd_ones_refused(void **state)
{
    const double good[] = {1, 7, 44101, 999983, 1000000}, bad[] = {0, -1, 0.5, 1000001, NAN, INFINITY};
    static float samples[26000]; /* more than 25 ms at any of the rates */
    struct raw_media media = media_of(MEDIA_AUDIO, MEDIA_F32, samples, SHAPE(1, 26000));
    struct modal_input input = {.modality = MODALITY_AUDIO, .media = &media};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        _cleanup_(arena_deinit) struct arena arena = {0};

        spectrogram(samples, 1, ARRAY_SIZE(samples), good[i], &arena);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        media.rate = bad[i];
        assert_refused(&input, &input_sizes_released, -EINVAL, "expected 1 to 1000000 samples per second, found ");
    }
}

static void resampling_equals_its_twin(void **state)
{
    const struct {
        uint32_t old, new;
        size_t n;
    } cases[] = {{3, 2, 41},     {2, 3, 92},         {441, 160, 23}, {160, 441, 169},
                 {199, 200, 62}, {22050, 16000, 45}, {1, 5, 305}};
    _cleanup_(freep) double *expected = golden("resample.f64", 41 + 92 + 23 + 169 + 62 + 45 + 305, sizeof(*expected));
    const double *next = expected;
    double samples[61], found[305];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
        samples[i] = (double)noise((uint32_t)i) * 0x1p-32 - 0.5;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(resample_length(61, cases[i].old, cases[i].new), cases[i].n);
        assert_int_equal(resample(samples, 61, cases[i].old, cases[i].new, found, cases[i].n), 0);
        for (size_t k = 0; k < cases[i].n; k++)
            assert_true(fabs(found[k] - next[k]) < 1e-12);
        next += cases[i].n;
    }
}

/* The first outputs need no more than their reach. */
static void resampling_a_beginning_needs_its_reach_only(void **state)
{
    const uint32_t rates[][2] = {{44100, 16000}, {8000, 16000}, {44101, 16000}, {16000, 16000}, {100, 200}};
    _cleanup_(freep) double *samples = calloc(100000, sizeof(*samples));

    (void)state;
    assert_non_null(samples);
    for (size_t i = 0; i < 100000; i++)
        samples[i] = (double)noise((uint32_t)i) * 0x1p-32 - 0.5;
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        uint32_t old = rates[i][0], new = rates[i][1];
        double whole[50], part[50];

        for (size_t n = 1; n <= 50; n += 7) {
            size_t reach = resample_reach(n, old, new);

            assert_int_equal(resample(samples, 100000, old, new, whole, n), 0);
            assert_int_equal(resample(samples, MIN(reach, 100000), old, new, part, n), 0);
            assert_memory_equal(part, whole, n * sizeof(*part));
        }
    }
}

static void equal_rates_copy(void **state)
{
    const double samples[] = {1, -2, 3};
    double found[3];

    (void)state;
    assert_int_equal(resample_length(3, 16000, 16000), 3);
    assert_int_equal(resample(samples, 3, 16000, 16000, found, 3), 0);
    assert_memory_equal(found, samples, sizeof(samples));
}

static void frames_are_counted_without_padding(void **state)
{
    (void)state;
    assert_int_equal(mel_filterbank_frames(0), 0);
    assert_int_equal(mel_filterbank_frames(399), 0);
    assert_int_equal(mel_filterbank_frames(400), 1);
    assert_int_equal(mel_filterbank_frames(559), 1);
    assert_int_equal(mel_filterbank_frames(560), 2);
}

/* A tone of 1000 Hz is loudest in the triangle over 1000 Hz: mel(1000) = 1000 of 2840 in 129 steps from mel(20) = 31.7.
 */
static void a_tone_is_where_it_belongs(void **state)
{
    double samples[400];
    float found[N_BINS];
    size_t loudest = 0;

    (void)state;
    for (size_t i = 0; i < 400; i++)
        samples[i] = sin(2 * M_PI * 1000 * (double)i / MEL_SAMPLE_RATE);
    assert_int_equal(mel_filterbank(samples, 1, N_BINS, found), 0);
    for (size_t bin = 0; bin < N_BINS; bin++)
        if (found[bin] > found[loudest])
            loudest = bin;
    assert_in_range(loudest, 43, 44);
    assert_true(found[loudest] - found[loudest + 20] > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recordings_equal_the_reference),
        cmocka_unit_test(only_channel_0_is_heard),
        cmocka_unit_test(silence_is_the_floor),
        cmocka_unit_test(less_than_a_frame_is_refused),
        cmocka_unit_test(long_recordings_are_cut_and_noted),
        cmocka_unit_test(odd_rates_are_accepted_and_absurd_ones_refused),
        cmocka_unit_test(resampling_equals_its_twin),
        cmocka_unit_test(resampling_a_beginning_needs_its_reach_only),
        cmocka_unit_test(equal_rates_copy),
        cmocka_unit_test(frames_are_counted_without_padding),
        cmocka_unit_test(a_tone_is_where_it_belongs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
