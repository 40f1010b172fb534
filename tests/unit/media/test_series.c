#include "tests/unit/media/media_test.h"

static double element(const struct raw_media *media, size_t i)
{
    return media->element == MEDIA_F64 ? ((double *)media->data)[i] : ((float *)media->data)[i];
}

/* channel(t, c) = 100 c - t, so every number tells where it belongs, and none can be taken for a time. */
static void check_channels(const struct raw_media *media, size_t n)
{
    size_t n_columns = media->shape[1], first = n_columns - 6;

    assert_int_equal(media->shape[0], n);
    for (size_t t = 0; t < n; t++)
        for (size_t c = 0; c < 6; c++)
            assert_true(element(media, t * n_columns + first + c) == 100.0 * (double)c - (double)t);
}

static void check_times(const struct raw_media *media, double first_ms, double step_ms)
{
    assert_int_equal(media->shape[1], 7);
    for (size_t t = 0; t < media->shape[0]; t++)
        assert_float_equal(element(media, t * 7), first_ms + step_ms * (double)t, 1e-6);
}

/* An array of channels, with a column of times at time_column, or without one (-1). */
static struct buffer build(bool rows_are_channels, bool is_double, size_t n, int time_column, double step)
{
    size_t n_columns = time_column < 0 ? 6 : 7;
    struct buffer data = new_buffer(), file;
    char shape[64];

    for (size_t i = 0; i < n * n_columns; i++) {
        size_t t = rows_are_channels ? i % n : i / n_columns, column = rows_are_channels ? i / n : i % n_columns;
        bool is_time = (int)column == time_column;
        size_t c = time_column >= 0 && (int)column > time_column ? column - 1 : column;
        double value = is_time ? 50 + step * (double)t : 100.0 * (double)c - (double)t;

        if (is_double)
            PUT(&data, double, value);
        else
            PUT(&data, float, (float)value);
    }
    snprintf(shape, sizeof(shape), "(%zu, %zu)", rows_are_channels ? n_columns : n, rows_are_channels ? n : n_columns);
    file = build_npy(is_double ? "<f8" : "<f4", "False", shape, data.bytes, data.size);
    buffer_deinit(&data);
    return file;
}

static struct raw_media decode_build(struct buffer file)
{
    struct raw_media media = decode(MEDIA_SERIES, file.bytes, file.size);

    buffer_deinit(&file);
    return media;
}

static void both_directions_are_read(void **state)
{
    struct raw_media media = decode_build(build(true, true, 20, -1, 0));

    (void)state;
    assert_shape(&media, MEDIA_F64, SHAPE(20, 6));
    check_channels(&media, 20);
    raw_media_deinit(&media);
    media = decode_build(build(false, false, 20, -1, 0));
    assert_shape(&media, MEDIA_F32, SHAPE(20, 6));
    check_channels(&media, 20);
    raw_media_deinit(&media);
}

/* Where the shape does not tell, rows are channels: as the reference's files are. */
static void six_by_six_is_channels_by_time(void **state)
{
    struct raw_media media = decode_build(build(true, true, 6, -1, 0));

    (void)state;
    check_channels(&media, 6);
    raw_media_deinit(&media);
    media = decode_build(build(true, true, 7, -1, 0));
    check_channels(&media, 7);
    raw_media_deinit(&media);
    media = decode_build(build(false, true, 7, -1, 0));
    check_channels(&media, 7);
    raw_media_deinit(&media);
}

static void times_are_found_and_moved(void **state)
{
    static const int columns[] = {0, 6};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        for (int rows_are_channels = 0; rows_are_channels < 2; rows_are_channels++) {
            struct raw_media media = decode_build(build(rows_are_channels, true, 20, columns[i], 5));

            check_channels(&media, 20);
            check_times(&media, 50, 5);
            raw_media_deinit(&media);
            media = decode_build(build(rows_are_channels, true, 20, columns[i], 0.005));
            check_times(&media, 50e3, 5); /* steps below 1 are seconds */
            raw_media_deinit(&media);
        }
    }
}

static struct raw_media decode_csv(const char *header, int n, int time_column, double step)
{
    struct buffer text = new_buffer();
    struct raw_media media;

    buffer_append_text(&text, header);
    for (int t = 0; t < n; t++) {
        for (int column = 0, c = 0; column < (time_column < 0 ? 6 : 7); column++) {
            double value = column == time_column ? 50 + step * t : 100 * c++ - t;

            assert_int_equal(buffer_printf(&text, "%s%.10g", column ? "," : "", value), 0);
        }
        buffer_append_text(&text, "\n");
    }
    media = decode(MEDIA_SERIES, text.bytes, text.size);
    assert_string_equal(media.format, "csv");
    assert_int_equal(media.element, MEDIA_F64);
    buffer_deinit(&text);
    return media;
}

static void csv_headers_name_time_and_unit(void **state)
{
    static const struct {
        const char *header;
        int column;
        double step, first_ms, step_ms;
    } cases[] = {
        {"time,ax,ay,az,gx,gy,gz\n", 0, 5, 50, 5},
        {"time,ax,ay,az,gx,gy,gz\n", 0, .005, 50e3, 5},
        {"Timestamp (ms),ax,ay,az,gx,gy,gz\n", 0, .5, 50, .5},
        {"ax,ay,az,gx,gy,gz,t [s]\n", 6, 2, 50e3, 2e3},
        {"ax,ay,az,time_us,gx,gy,gz\n", 3, 5000, .05, 5},
        {"ts-ns,ax,ay,az,gx,gy,gz\n", 0, 5e6, 5e-5, 5},
        {"", 0, 5, 50, 5},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct raw_media media = decode_csv(cases[i].header, 9, cases[i].column, cases[i].step);

        check_channels(&media, 9);
        check_times(&media, cases[i].first_ms, cases[i].step_ms);
        raw_media_deinit(&media);
    }
}

/* Six named columns of six rows are channels in columns, however ambiguous the shape. */
static void named_columns_are_channels(void **state)
{
    struct raw_media media = decode_csv("ax,ay,az,gx,gy,gz\n", 6, -1, 0);

    (void)state;
    assert_shape(&media, MEDIA_F64, SHAPE(6, 6));
    check_channels(&media, 6);
    raw_media_deinit(&media);
}

static void wrong_series_are_refused(void **state)
{
    struct buffer file = build_npy("<f4", "False", "(2, 3)", (float[6]){0}, 24);

    (void)state;
    refuse(MEDIA_SERIES, file.bytes, file.size, -EBADMSG, "expected 6 channels, as (6, T) or (T, 6)");
    buffer_deinit(&file);
    file = build_npy("<f4", "False", "(6,)", (float[6]){0}, 24);
    refuse(MEDIA_SERIES, file.bytes, file.size, -EBADMSG, "found (6,)");
    buffer_deinit(&file);
    file = build_npy("<f4", "False", "(6, 1)", (float[]){0, 1, 2, NAN, 4, 5}, 24);
    refuse(MEDIA_SERIES, file.bytes, file.size, -EBADMSG, "time index 0 is NaN or infinite");
    buffer_deinit(&file);
    refuse_text(MEDIA_SERIES, "time,a,b,c,d,e\n1,2,3,4,5,6\n2,2,3,4,5,6\n", -EBADMSG,
                "expected 6 channels besides the times; found 5");
    refuse_text(MEDIA_SERIES, "1,2,3,4,5,6,7\n0,2,3,4,5,6,0\n", -EBADMSG, "should hold times");
    refuse_text(MEDIA_SERIES, "PK", -EBADMSG, "the file has no numbers");
}

static void the_limits_hold(void **state)
{
    struct media_limits limits = media_limits_default;
    struct buffer file = build(false, true, 20, 0, 1000);
    struct media_job job = {.kind = MEDIA_SERIES, .bytes = file.bytes, .n_bytes = file.size, .limits = &limits};
    struct raw_media media;

    (void)state;
    limits.imu_seconds_max = 19;
    media = decode_job(job);
    raw_media_deinit(&media);
    limits.imu_seconds_max = 18;
    refuse_job(job, -EFBIG, "the recording spans 19.0 s, the limit is 18 s");
    limits.imu_seconds_max = 0.002; /* without times: 16 samples at the fastest rate there is */
    refuse_job(job, -EFBIG, "20 samples, the limit is 16");
    buffer_deinit(&file);
}

static void check_timestamps(const char *text, size_t n, const double *expected)
{
    struct raw_media media = decode(MEDIA_TIMESTAMPS, text, strlen(text));

    assert_shape(&media, MEDIA_F64, SHAPE(n));
    for (size_t i = 0; i < n; i++)
        assert_float_equal(((double *)media.data)[i], expected[i], 1e-9);
    raw_media_deinit(&media);
}

static void timestamps_are_read(void **state)
{
    struct buffer file =
        build_npy("<i8", "False", "(3,)", (int64_t[]){1700000000000, 1700000000005, 1700000000010}, 24);
    struct raw_media media = decode(MEDIA_TIMESTAMPS, file.bytes, file.size);

    (void)state;
    assert_shape(&media, MEDIA_F64, SHAPE(3));
    assert_true(((double *)media.data)[1] == 1700000000005.0);
    raw_media_deinit(&media);
    buffer_deinit(&file);
    check_timestamps("0\n0.5\n1\n", 3, (double[]){0, .5, 1}); /* milliseconds, also when they are dense */
    check_timestamps("0,5,10\n", 3, (double[]){0, 5, 10});
    check_timestamps("time_s\n0\n0.5\n1\n", 3, (double[]){0, 500, 1000});
    check_timestamps("7", 1, (double[]){7});
    refuse_text(MEDIA_TIMESTAMPS, "1,2\n3,4\n", -EBADMSG, "expected times of shape (T,); found (2, 2)");
    file = build_npy("<f8", "False", "(2,)", (double[]){0, NAN}, 16);
    refuse(MEDIA_TIMESTAMPS, file.bytes, file.size, -EBADMSG, "time index 1 is NaN or infinite");
    buffer_deinit(&file);
    refuse_text(MEDIA_TIMESTAMPS, "0\n700000\n", -EFBIG, "spans 700.0 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_are_read),
        cmocka_unit_test(six_by_six_is_channels_by_time),
        cmocka_unit_test(times_are_found_and_moved),
        cmocka_unit_test(csv_headers_name_time_and_unit),
        cmocka_unit_test(named_columns_are_channels),
        cmocka_unit_test(wrong_series_are_refused),
        cmocka_unit_test(the_limits_hold),
        cmocka_unit_test(timestamps_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
