#include "tests/unit/media/media_test.h"

#include "core/base/clock.h"

/* Frame n of the fixtures is white on the left and has luma 20 + 7 n on the right: the brightness tells its number. */
static int frame_number(const struct raw_media *media, size_t slot)
{
    size_t height = media->shape[1], width = media->shape[2];
    const uint8_t *frame = (uint8_t *)media->data + slot * height * width * 3;
    double light = frame[(height / 2 * width + width * 3 / 4) * 3 + 1];

    assert_true(frame[(height / 2 * width + width / 4) * 3 + 1] > 245);
    return (int)lround((light * 219 / 255 + 16 - 20) / 7);
}

static void check_frames(const struct raw_media *media, size_t n, const size_t *expected)
{
    assert_shape(media, MEDIA_U8, SHAPE(n, 32, 48, 3));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(media->frames[i], expected[i]);
        assert_int_equal(frame_number(media, i), expected[i]);
    }
}

static void every_container_is_read(void **state)
{
    static const char *const names[][2] = {
        {"film.mp4", "h264"}, {"film.webm", "vp9"}, {"film.mkv", "hevc"}, {"film.avi", "mjpeg"}, {"film.gif", "gif"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct raw_media media = decode_file(MEDIA_VIDEO, names[i][0]);

        check_frames(&media, 5, (size_t[]){0, 4, 8, 12, 16});
        assert_string_equal(media.format, names[i][1]);
        assert_int_equal(media.width, 48);
        assert_int_equal(media.height, 32);
        assert_int_equal(media.n_frames, 30);
        assert_float_equal(media.rate, 10, 1e-9);
        assert_float_equal(media.duration_s, 3, 1e-9);
        raw_media_deinit(&media);
    }
}

/* What the ffmpeg program makes of the same frames; its SIMD and plain C variants differ by up to 3 levels. */
static void colours_are_the_scaler_s(void **state)
{
    struct raw_media media = decode_file(MEDIA_VIDEO, "colours.mp4");
    struct file expected = file_load("film_expected.rgb");

    (void)state;
    assert_shape(&media, MEDIA_U8, SHAPE(5, 32, 48, 3));
    assert_int_equal(media.n_bytes, expected.n);
    for (size_t i = 0; i < expected.n; i++)
        assert_in_range(((uint8_t *)media.data)[i] - expected.bytes[i] + 3, 0, 6);
    raw_media_deinit(&media);
    file_deinit(&expected);
}

static void windows_and_clips_choose_frames(void **state)
{
    static const struct {
        int clips;
        double start_s, end_s;
        size_t expected[8];
    } cases[] = {
        {1, 0, 0, {0}},
        {2, 0, 0, {0, 10}},
        {8, 0, 0, {0, 3, 5, 8, 10, 13, 15, 18}},
        {5, 1, 3, {10, 12, 14, 16, 18}},
        {5, 1, 0, {10, 12, 14, 16, 18}},
        {5, 1, 99, {10, 12, 14, 16, 18}},
        {3, 2.5, 2.9, {25, 25, 25}}, /* shorter than a clip */
        {2, 2.95, 0, {29, 29}},      /* ceil(29.5) would be beyond the last frame */
    };
    struct file file = file_load("film.mp4");

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct raw_media media = decode_job((struct media_job){.kind = MEDIA_VIDEO,
                                                               .bytes = file.bytes,
                                                               .n_bytes = file.n,
                                                               .video_clips = cases[i].clips,
                                                               .start_s = cases[i].start_s,
                                                               .end_s = cases[i].end_s});

        check_frames(&media, (size_t)cases[i].clips, cases[i].expected);
        raw_media_deinit(&media);
    }
    file_deinit(&file);
}

static void impossible_windows_are_refused(void **state)
{
    struct file file = file_load("film.mp4");
    struct media_job job = {.kind = MEDIA_VIDEO, .bytes = file.bytes, .n_bytes = file.n};

    (void)state;
    job.start_s = 3;
    refuse_job(job, -EINVAL, "the window starts at 3 s, the film lasts 3 s");
    job.end_s = 2;
    refuse_job(job, -EINVAL, "the window ends at 2 s, before its start at 3 s");
    job.start_s = -1;
    refuse_job(job, -EINVAL, "start at 0 s or later");
    job.start_s = NAN;
    refuse_job(job, -EINVAL, "must be finite");
    job.start_s = 0;
    job.end_s = 0;
    job.video_clips = 17;
    refuse_job(job, -EINVAL, "expected 1 to 16 clips, found 17");
    file_deinit(&file);
}

static void check_turned(const struct raw_media *upright, const struct file *file, bool to_the_right)
{
    struct raw_media turned = decode(MEDIA_VIDEO, file->bytes, file->n);
    const uint8_t *stored = upright->data, *shown = turned.data;

    assert_shape(&turned, MEDIA_U8, SHAPE(5, 48, 32, 3));
    assert_int_equal(turned.width, 32);
    assert_int_equal(turned.height, 48);
    for (size_t slot = 0; slot < 5; slot++, stored += 48 * 32 * 3, shown += 48 * 32 * 3) {
        for (size_t y = 0; y < 48; y++) {
            for (size_t x = 0; x < 32; x++) {
                size_t row = to_the_right ? 31 - x : x, column = to_the_right ? y : 47 - y;

                assert_memory_equal(shown + (y * 32 + x) * 3, stored + (row * 48 + column) * 3, 3);
            }
        }
    }
    raw_media_deinit(&turned);
}

static void rotation_is_applied(void **state)
{
    static const uint8_t to_the_left[16] = {0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
    static const uint8_t to_the_right[16] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0};
    struct raw_media upright = decode_file(MEDIA_VIDEO, "film.mp4");
    struct file file = file_load("turned.mov");
    uint8_t *matrix = memmem(file.bytes, file.n, to_the_left, 16);

    (void)state;
    check_turned(&upright, &file, false);
    assert_non_null(matrix);
    memcpy(matrix, to_the_right, 16);
    check_turned(&upright, &file, true);
    raw_media_deinit(&upright);
    file_deinit(&file);
}

static void the_limits_hold(void **state)
{
    struct media_limits limits = media_limits_default;
    struct file file = file_load("film.mp4");
    struct media_job job = {.kind = MEDIA_VIDEO, .bytes = file.bytes, .n_bytes = file.n, .limits = &limits};
    struct raw_media media;

    (void)state;
    limits.video_side_max = 48;
    limits.video_seconds_max = 3;
    media = decode_job(job);
    raw_media_deinit(&media);
    limits.video_side_max = 47;
    refuse_job(job, -EFBIG, "frames of 48 x 32 pixels, the limit is 47 on each side");
    limits.video_side_max = 48;
    limits.video_seconds_max = 2.9;
    refuse_job(job, -EFBIG, "the film lasts 3.0 s, the limit is 2.9 s");
    file_deinit(&file);
}

static void damage_is_refused(void **state)
{
    static const char *const names[] = {"film.mp4", "film.webm", "film.mkv", "film.avi", "film.gif", "turned.mov"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct file file = file_load(names[i]);

        /* The index at the end of an AVI file may be missing: all frames are there. */
        refuse_every_cut(MEDIA_VIDEO, file.bytes, file.n - (strcmp(names[i], "film.avi") == 0 ? 500 : 0), 41);
        survive_every_change(MEDIA_VIDEO, file.bytes, file.n, 97);
        file_deinit(&file);
    }
}

static void a_damaged_frame_is_not_shown(void **state)
{
    struct file file = file_load("film.avi");
    uint8_t *frame = file.bytes;

    (void)state;
    /* The fifth of the frames of which each is a JPEG picture of its own: its entropy-coded data. */
    for (int i = 0; i < 5; i++) {
        frame = memmem(frame + 1, file.n - (size_t)(frame + 1 - file.bytes), "\xff\xd8\xff", 3);
        assert_non_null(frame);
    }
    memset(frame, 0, 200);
    refuse(MEDIA_VIDEO, file.bytes, file.n, -EBADMSG, "damaged");
    file_deinit(&file);
}

static void sound_is_no_film(void **state)
{
    struct file file = file_load("sine.m4a");

    (void)state;
    refuse(MEDIA_VIDEO, file.bytes, file.n, -EMEDIUMTYPE,
           "expected mp4, mov, webm, mkv, avi, gif; found an M4A recording");
    memcpy(file.bytes + 8, "isom", 4);
    refuse(MEDIA_VIDEO, file.bytes, file.n, -EBADMSG, "the file has no video stream");
    file_deinit(&file);
}

static void waiting_ends(void **state)
{
    struct file file = file_load("film.mp4");
    atomic_bool cancelled = true;
    struct media_job job = {.kind = MEDIA_VIDEO, .bytes = file.bytes, .n_bytes = file.n};

    (void)state;
    job.cancelled = &cancelled;
    refuse_job(job, -ECANCELED, "cancelled");
    job.cancelled = NULL;
    job.deadline_ns = 1;
    refuse_job(job, -ETIME, "the deadline passed");
    job.deadline_ns = clock_ns() + 100000; /* passes somewhere in the middle, or just not */
    for (int i = 0; i < 20; i++, job.deadline_ns = clock_ns() + 100000u * (unsigned)i) {
        struct error error = {0};
        struct raw_media media = {0};
        int r = run_job(job, &media, &error);

        assert_true(r == 0 || r == -ETIME);
        raw_media_deinit(&media);
    }
    file_deinit(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_container_is_read),
        cmocka_unit_test(colours_are_the_scaler_s),
        cmocka_unit_test(windows_and_clips_choose_frames),
        cmocka_unit_test(impossible_windows_are_refused),
        cmocka_unit_test(rotation_is_applied),
        cmocka_unit_test(the_limits_hold),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(a_damaged_frame_is_not_shown),
        cmocka_unit_test(sound_is_no_film),
        cmocka_unit_test(waiting_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
