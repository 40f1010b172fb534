/* Inertial measurements: windows, clocks, rates. */
#include "tests/unit/modal/modal_test.h"

#include <errno.h>

#define N_OUT 400

static void windows_equal_the_reference(void **state)
{
    const struct {
        const char *name;
        enum media_element element;
        size_t n;
        double start_s, end_s;
        const char *notes;
    } cases[] = {
        {"100hz", MEDIA_F32, 300, 2, 4, "resampled from 100 to 200 Hz"},
        {"late", MEDIA_F64, 300, 0, 2, ""},
        {"late", MEDIA_F64, 300, 0, 0, ""}, /* 0..2 s is also what is taken without a choice */
        {"jitter", MEDIA_F64, 420, 1.5, 3.5, "resampled from 199 to 200 Hz"},
        {"jitter", MEDIA_F64, 420, 1.5, 0, "resampled from 199 to 200 Hz"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(arena_deinit) struct arena arena = {0};
        _cleanup_(freep) void *series = NULL;
        _cleanup_(freep) double *times = NULL;
        _cleanup_(freep) float *expected = NULL;
        struct raw_media samples, stamps;
        struct modal_input input = {.modality = MODALITY_IMU, .media = &samples, .timestamps = &stamps};
        struct input_tensor found;
        char name[64];

        snprintf(name, sizeof(name), "imu_%s_series.%s", cases[i].name, cases[i].element == MEDIA_F32 ? "f32" : "f64");
        series = golden(name, cases[i].n * 6, media_element_size(cases[i].element));
        snprintf(name, sizeof(name), "imu_%s_times.f64", cases[i].name);
        times = golden(name, cases[i].n, sizeof(*times));
        snprintf(name, sizeof(name), "imu_%s.f32", cases[i].name);
        expected = golden(name, 6 * N_OUT, sizeof(*expected));
        samples = media_of(MEDIA_SERIES, cases[i].element, series, SHAPE(cases[i].n, 6));
        stamps = media_of(MEDIA_TIMESTAMPS, MEDIA_F64, times, SHAPE(cases[i].n));
        input.options = (struct modal_options){.start_s = cases[i].start_s, .end_s = cases[i].end_s};
        found = preprocess(&input, &input_sizes_released, &arena);
        assert_shape(&found, 6, N_OUT);
        assert_int_equal(found.n_items, 1);
        assert_near(found.data, expected, 6 * N_OUT, 2e-5, 2e-6);
        assert_string_equal(found.notes, cases[i].notes);
    }
}

/* A series whose axis a has the value 1000 a + i at sample i, with or without a column of times. */
struct recording {
    double values[1000 * 7], times[1000];
    struct raw_media series, stamps;
    struct modal_input input;
};

static void recording_init(struct recording *recording, size_t n, double first_ms, double step_ms, bool column)
{
    size_t n_columns = column ? 7 : 6;

    for (size_t i = 0; i < n; i++) {
        recording->times[i] = recording->values[i * n_columns] = first_ms + (double)i * step_ms;
        for (size_t axis = 0; axis < 6; axis++)
            recording->values[i * n_columns + n_columns - 6 + axis] = 1000 * (double)axis + (double)i;
    }
    recording->series = media_of(MEDIA_SERIES, MEDIA_F64, recording->values, SHAPE(n, n_columns));
    recording->stamps = media_of(MEDIA_TIMESTAMPS, MEDIA_F64, recording->times, SHAPE(n));
    recording->input = (struct modal_input){
        .modality = MODALITY_IMU, .media = &recording->series, .timestamps = column ? NULL : &recording->stamps};
}

/* The first samples of the result are those of the recording from `begin` on, n of them; zeros follow. */
static void assert_samples(const struct modal_input *input, size_t begin, size_t n, const char *notes)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    struct input_tensor found = preprocess(input, &input_sizes_released, &arena);

    assert_string_equal(found.notes, notes);
    for (size_t axis = 0; axis < 6; axis++)
        for (size_t i = 0; i < N_OUT; i++)
            assert_float_equal(found.data[axis * N_OUT + i], i < n ? 1000 * (double)axis + (double)(begin + i) : 0, 0);
}

static void windows_begin_inside_and_end_outside(void **state)
{
    struct recording recording;

    (void)state;
    recording_init(&recording, 1000, 0, 5, false);
    assert_samples(&recording.input, 0, 400, "");
    recording.input.options = (struct modal_options){.start_s = 1, .end_s = 3};
    assert_samples(&recording.input, 200, 400, "");
    recording.input.options = (struct modal_options){.start_s = 0.9951, .end_s = 1.2001};
    assert_samples(&recording.input, 200, 41, "");
    recording.input.options = (struct modal_options){.start_s = 1, .end_s = 1.2};
    assert_samples(&recording.input, 200, 40, "");
    recording.input.options = (struct modal_options){.start_s = 4, .end_s = 6};
    assert_samples(&recording.input, 800, 200, "");
    recording.input.options = (struct modal_options){.start_s = 1, .end_s = 4};
    assert_samples(&recording.input, 200, 400, "only the first 2 s of the window are used");
}

static void clocks_come_from_companion_column_or_nowhere(void **state)
{
    struct recording recording;

    (void)state;
    recording_init(&recording, 1000, 0, 5, true);
    recording.input.options = (struct modal_options){.start_s = 1, .end_s = 3};
    assert_samples(&recording.input, 200, 400, "");
    recording_init(&recording, 1000, 0, 77, false);
    recording.input.timestamps = NULL;
    recording.input.options = (struct modal_options){.start_s = 1, .end_s = 3};
    assert_samples(&recording.input, 200, 400, "without time stamps 200 Hz are assumed");
    recording_init(&recording, 1000, 0, 5, true);
    for (size_t i = 0; i < 1000; i++)
        recording.times[i] = 1000 + 5 * (double)i;
    recording.input.timestamps = &recording.stamps;
    recording.input.options = (struct modal_options){.start_s = 1, .end_s = 3};
    assert_samples(&recording.input, 0, 400, "the file's own column of times is not used");
}

static void clocks_that_start_elsewhere(void **state)
{
    struct recording recording;

    (void)state;
    recording_init(&recording, 1000, 1.7e12, 5, false);
    assert_samples(&recording.input, 0, 400, "the window starts with the first time stamp, at 1.7e+09 s");
    recording.input.options = (struct modal_options){.start_s = 0, .end_s = 2};
    assert_refused(&recording.input, &input_sizes_released, -EINVAL,
                   "the first sample is 1.7e+09 s after the window's start; at most 4 s are allowed");
    recording_init(&recording, 1000, 1500, 5, false);
    assert_samples(&recording.input, 0, 100, "");
}

static void the_rate_is_cut_to_whole_hertz(void **state)
{
    const struct {
        double step_ms;
        const char *notes;
    } cases[] = {
        {5, ""},
        {5.01, "resampled from 199 to 200 Hz"},
        {4.98, ""},
        {1000.0 / 60, "resampled from 60 to 200 Hz"}, /* not 59 for the sake of rounding */
        {1000.0 / 48, "resampled from 48 to 200 Hz"},
        {150, "resampled from 6 to 200 Hz"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(arena_deinit) struct arena arena = {0};
        struct recording recording;

        recording_init(&recording, 1000, 0, cases[i].step_ms, false);
        assert_string_equal(preprocess(&recording.input, &input_sizes_released, &arena).notes, cases[i].notes);
    }
}

static void the_rules_of_the_official_loader(void **state)
{
    const struct {
        double start_s, end_s;
        const char *words;
    } cases[] = {
        {5, 7, "the window starts at 5 s, but the last time stamp is at 4.995 s"},
        {4.955, 7, "the window 4.955..7 s has 9 samples; at least 10 are needed"},
        {1, 9.1, "the last sample is 4.105 s before the window's end; at most 4 s are allowed"},
        {-5, -3, "the first sample is 5 s after the window's start; at most 4 s are allowed"},
        {-3, -1, "the window -3..-1 s has 0 samples; at least 10 are needed"},
        {-2, 0.04, "the window -2..0.04 s has 8 samples; at least 10 are needed"},
        {3, 3, "the window must end after its start, found 3..3 s"},
        {3, 1, "the window must end after its start, found 3..1 s"},
        {NAN, 1, "the window must end after its start"},
        {1, INFINITY, "the window must end after its start"},
    };
    struct recording recording;

    (void)state;
    recording_init(&recording, 1000, 0, 5, false);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        recording.input.options = (struct modal_options){.start_s = cases[i].start_s, .end_s = cases[i].end_s};
        assert_refused(&recording.input, &input_sizes_released, -EINVAL, cases[i].words);
    }
}

static void broken_clocks_are_refused(void **state)
{
    struct recording recording;

    (void)state;
    recording_init(&recording, 1000, 0, 5, false);
    recording.stamps.shape[0] = 999;
    recording.stamps.n_bytes -= sizeof(double);
    assert_refused(&recording.input, &input_sizes_released, -EINVAL,
                   "expected one time stamp per sample, found 999 for 1000 samples");
    recording_init(&recording, 1000, 0, 5, false);
    recording.times[7] = recording.times[6];
    assert_refused(&recording.input, &input_sizes_released, -EINVAL,
                   "time stamps must increase, found 30 ms at sample 7 after 30 ms");
    recording_init(&recording, 1000, 0, 1e-4, false);
    recording.input.options = (struct modal_options){.start_s = 0, .end_s = 2};
    assert_refused(&recording.input, &input_sizes_released, -EINVAL,
                   "expected 1 to 1000000 samples per second, found 1e+07");
}

/* The largest start that is not beyond the last sample, in seconds and in milliseconds. */
static void rounding_at_the_end_of_the_file(void **state)
{
    struct recording recording;

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        recording_init(&recording, 20, 0.1 * (double)i, 1.1, false);
        recording.input.options.start_s = recording.times[19] / 1000;
        recording.input.options.end_s = recording.input.options.start_s + 2;
        assert_refused(&recording.input, &input_sizes_released, -EINVAL, "the window");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_equal_the_reference),
        cmocka_unit_test(windows_begin_inside_and_end_outside),
        cmocka_unit_test(clocks_come_from_companion_column_or_nowhere),
        cmocka_unit_test(clocks_that_start_elsewhere),
        cmocka_unit_test(the_rate_is_cut_to_whole_hertz),
        cmocka_unit_test(the_rules_of_the_official_loader),
        cmocka_unit_test(broken_clocks_are_refused),
        cmocka_unit_test(rounding_at_the_end_of_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
