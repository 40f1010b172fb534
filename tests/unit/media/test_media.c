/* What holds for every kind and format: who is asked, what is refused, and when waiting ends. */
#include "tests/unit/media/media_test.h"

#include <pthread.h>

#include "core/base/clock.h"

#define N_KINDS (MEDIA_ARRAY + 1)

static void wrong_formats_are_refused_with_a_list(void **state)
{
    static const struct {
        enum media_kind kind;
        const char *name, *message;
    } cases[] = {
        {MEDIA_IMAGE, "adpcm.wav", "expected jpeg, png, webp, gif, bmp, tiff, avif; found a WAV recording"},
        {MEDIA_IMAGE, "README.md", "found a text file"},
        {MEDIA_MAP, "film.mp4", "expected png, tiff, jpeg, webp, bmp, npy; found an MP4 film"},
        {MEDIA_VIDEO, "ramp.png", "expected mp4, mov, webm, mkv, avi, gif; found a PNG picture"},
        {MEDIA_AUDIO, "baseline.jpg",
         "expected wav, flac, mp3, ogg, m4a, aac, mp4, mov, webm, mkv, avi; found a JPEG picture"},
        {MEDIA_POINTS, "sine.ogg", "expected npy, ply, pcd, xyz; found an Ogg recording"},
        {MEDIA_SERIES, "ramp.gif", "expected npy, csv; found a GIF picture"},
        {MEDIA_TIMESTAMPS, "ramp.bmp", "expected npy, csv; found a BMP picture"},
        {MEDIA_ARRAY, "ramp.tiff", "expected npy, csv, nifti, nifti.gz; found a TIFF picture"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct file file = file_load(cases[i].name);

        refuse(cases[i].kind, file.bytes, file.n, -EMEDIUMTYPE, cases[i].message);
        file_deinit(&file);
    }
    refuse_text(MEDIA_IMAGE, "%PDF-1.7 ....", -EMEDIUMTYPE, "found a PDF document");
    refuse_text(MEDIA_ARRAY, "PK\3\4 a numpy archive", -EMEDIUMTYPE, "found a ZIP archive");
    refuse_text(MEDIA_IMAGE, "....ftypheic", -EMEDIUMTYPE, "found a HEIF picture");
}

static void empty_and_short_files_are_damaged(void **state)
{
    uint8_t noise[4096];

    (void)state;
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)(i * 151 % 251 | 1) & 0x1f; /* control characters: no format and no text */
    for (enum media_kind kind = 0; kind < N_KINDS; kind++) {
        refuse(kind, NULL, 0, -EBADMSG, "the file is empty");
        refuse(kind, "\x01\x02\x03", 3, -EBADMSG, "the file is too short: 3 bytes");
        refuse(kind, noise, sizeof(noise), -EMEDIUMTYPE, "found a file of unknown format");
    }
}

/* One format each whose decoder would otherwise succeed. */
static void deadlines_and_cancellation_end_every_kind(void **state)
{
    static const struct {
        enum media_kind kind;
        const char *name;
    } cases[] = {{MEDIA_IMAGE, "ramp.png"},
                 {MEDIA_IMAGE, "progressive.jpg"},
                 {MEDIA_MAP, "grey16.png"},
                 {MEDIA_VIDEO, "film.mp4"},
                 {MEDIA_AUDIO, "sine.flac"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct file file = file_load(cases[i].name);
        struct media_job job = {.kind = cases[i].kind, .bytes = file.bytes, .n_bytes = file.n};
        atomic_bool cancelled = true;
        struct raw_media media;

        job.deadline_ns = clock_ns() - 1;
        refuse_job(job, -ETIME, "the deadline passed while the file was being decoded");
        job.deadline_ns = clock_ns() + 60000000000u;
        job.cancelled = &cancelled;
        refuse_job(job, -ECANCELED, "cancelled while the file was being decoded");
        cancelled = false;
        media = decode_job(job);
        raw_media_deinit(&media);
        file_deinit(&file);
    }
}

/* One good file and one bad: neither the pixels nor the words of another thread may come back. */
static void *decode_many(void *context)
{
    static const char *const names[] = {"baseline.jpg", "ramp.png", "lossy.webp"};
    const char *name = names[*(const size_t *)context % ARRAY_SIZE(names)];
    struct file file = file_load(name);
    struct raw_media first = decode(MEDIA_IMAGE, file.bytes, file.n);

    for (int i = 0; i < 50; i++) {
        struct raw_media again = decode(MEDIA_IMAGE, file.bytes, file.n), none = {0};
        struct error error = {0};

        assert_memory_equal(again.data, first.data, first.n_bytes);
        raw_media_deinit(&again);
        run_job((struct media_job){.kind = MEDIA_IMAGE, .bytes = file.bytes, .n_bytes = file.n / 2}, &none, &error);
        assert_int_equal(error.code, -EBADMSG);
    }
    raw_media_deinit(&first);
    file_deinit(&file);
    return NULL;
}

static void threads_do_not_meet(void **state)
{
    size_t numbers[4];
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, decode_many, &numbers[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void lists_of_formats_are_complete(void **state)
{
    (void)state;
    for (enum media_kind kind = 0; kind < N_KINDS; kind++) {
        const char *const *formats = media_formats(kind);
        size_t n = 0;

        while (formats[n])
            n++;
        assert_in_range(n, 2, 11);
    }
    assert_string_equal(media_formats(MEDIA_POINTS)[3], "xyz");
    assert_null(media_formats(MEDIA_POINTS)[4]);
}

static void raw_media_may_be_released_twice(void **state)
{
    struct raw_media media = decode(MEDIA_ARRAY, "1,2,3", 5);

    (void)state;
    raw_media_deinit(&media);
    assert_null(media.data);
    raw_media_deinit(&media);
    assert_int_equal(media_element_size(MEDIA_U8), 1);
    assert_int_equal(media_element_size(MEDIA_U16), 2);
    assert_int_equal(media_element_size(MEDIA_F16), 2);
    assert_int_equal(media_element_size(MEDIA_F32), 4);
    assert_int_equal(media_element_size(MEDIA_F64), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_formats_are_refused_with_a_list),
        cmocka_unit_test(empty_and_short_files_are_damaged),
        cmocka_unit_test(deadlines_and_cancellation_end_every_kind),
        cmocka_unit_test(threads_do_not_meet),
        cmocka_unit_test(lists_of_formats_are_complete),
        cmocka_unit_test(raw_media_may_be_released_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
