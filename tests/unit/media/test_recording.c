#include "tests/unit/media/media_test.h"

enum { WAV_PCM = 1, WAV_FLOAT = 3 };

/* A WAV file; data_size is what its header claims. */
static struct buffer build_wav(uint16_t format, uint16_t n_channels, uint32_t rate, uint16_t bits, const void *data,
                               size_t n_bytes, uint32_t data_size)
{
    struct buffer file = new_buffer();

    put(&file, "RIFF", 4);
    PUT(&file, uint32_t, data_size + 36);
    put(&file, "WAVEfmt ", 8);
    PUT(&file, uint32_t, 16);
    PUT(&file, uint16_t, format);
    PUT(&file, uint16_t, n_channels);
    PUT(&file, uint32_t, rate);
    PUT(&file, uint32_t, rate * n_channels * bits / 8);
    PUT(&file, uint16_t, (uint16_t)(n_channels * bits / 8));
    PUT(&file, uint16_t, bits);
    put(&file, "data", 4);
    PUT(&file, uint32_t, data_size);
    put(&file, data, n_bytes);
    return file;
}

static void check_wav(uint16_t format, uint16_t bits, const void *data, const float *expected, size_t n)
{
    size_t n_bytes = n * bits / 8;
    struct buffer file = build_wav(format, 1, 8000, bits, data, n_bytes, (uint32_t)n_bytes);
    struct raw_media media = decode(MEDIA_AUDIO, file.bytes, file.size);

    assert_shape(&media, MEDIA_F32, SHAPE(1, n));
    for (size_t i = 0; i < n; i++)
        if (((float *)media.data)[i] != expected[i])
            fail_msg("%u bits, sample %zu: %g, expected %g", bits, i, ((float *)media.data)[i], expected[i]);
    assert_string_equal(media.format, "wav");
    assert_true(media.rate == 8000);
    assert_float_equal(media.duration_s, (double)n / 8000, 1e-9);
    raw_media_deinit(&media);
    buffer_deinit(&file);
}

/* Ten samples are a recording, too. */
static void every_width_is_exact(void **state)
{
    const float expected[] = {0, -1, 0.5, -0.5, 0.25, 0, 0.75, -0.25, 0, -1};
    uint8_t u8[10], s24[30];
    int16_t s16[10];
    int32_t s32[10];
    double f64[10];

    (void)state;
    for (int i = 0; i < 10; i++) {
        u8[i] = (uint8_t)(expected[i] * 128 + 128);
        s16[i] = (int16_t)(expected[i] * 32768);
        s32[i] = (int32_t)(expected[i] * 2147483648.0);
        memcpy(s24 + 3 * i, (uint8_t *)&s32[i] + 1, 3);
        f64[i] = expected[i];
    }
    check_wav(WAV_PCM, 8, u8, expected, 10);
    check_wav(WAV_PCM, 16, s16, expected, 10);
    check_wav(WAV_PCM, 24, s24, expected, 10);
    check_wav(WAV_PCM, 32, s32, expected, 10);
    check_wav(WAV_FLOAT, 32, expected, expected, 10);
    check_wav(WAV_FLOAT, 64, f64, expected, 10);
    check_wav(WAV_PCM, 16, (int16_t[]){32767, -32768, 1}, (float[]){32767.0f / 32768, -1, 1.0f / 32768}, 3);
    check_wav(WAV_PCM, 16, s16, expected, 1);
}

static void channels_are_taken_apart(void **state)
{
    int16_t data[3000];
    struct buffer file;
    struct raw_media media;

    (void)state;
    for (int i = 0; i < 3000; i++)
        data[i] = (int16_t)(i % 3 * 10000 + i / 3);
    file = build_wav(WAV_PCM, 3, 16000, 16, data, sizeof(data), sizeof(data));
    media = decode(MEDIA_AUDIO, file.bytes, file.size);
    assert_shape(&media, MEDIA_F32, SHAPE(3, 1000));
    for (int channel = 0; channel < 3; channel++)
        for (int i = 0; i < 1000; i++)
            assert_true(((float *)media.data)[channel * 1000 + i] == (float)(channel * 10000 + i) / 32768);
    raw_media_deinit(&media);
    buffer_deinit(&file);
}

static void lossless_formats_are_exact(void **state)
{
    static const char *const names[][2] = {{"sine.flac", "flac"}, {"sine.m4a", "m4a"}};
    struct file expected = file_load("sine.s16");

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct raw_media media = decode_file(MEDIA_AUDIO, names[i][0]);

        assert_shape(&media, MEDIA_F32, SHAPE(1, expected.n / 2));
        assert_string_equal(media.format, names[i][1]);
        assert_true(media.rate == 16000);
        for (size_t j = 0; j < expected.n / 2; j++) {
            int16_t sample;

            memcpy(&sample, expected.bytes + 2 * j, sizeof(sample));
            assert_true(((float *)media.data)[j] == (float)sample / 32768);
        }
        raw_media_deinit(&media);
    }
    file_deinit(&expected);
}

/* Share of the energy of a middle stretch that lies at 440 Hz, and the energy itself. */
static void check_sine(const struct raw_media *media)
{
    const float *samples = media->data;
    size_t first = media->shape[1] / 4, n = (size_t)(media->rate / 440 * 40);
    double along = 0, across = 0, energy = 0;

    assert_true(first + n < media->shape[1]);
    for (size_t i = 0; i < n; i++) {
        double phase = 2 * M_PI * 440 * (double)i / media->rate, sample = samples[first + i];

        along += sample * sin(phase);
        across += sample * cos(phase);
        energy += sample * sample;
    }
    assert_float_equal(sqrt(2 * energy / (double)n), 0.125, 0.01);
    assert_true(2 * (along * along + across * across) / (double)n > 0.97 * energy);
}

static void lossy_formats_sound_right(void **state)
{
    static const struct {
        const char *name, *format;
        double rate;
        size_t n_min, n_max;
    } cases[] = {
        {"sine.mp3", "mp3", 16000, 4000, 4000},   {"sine.ogg", "ogg", 16000, 4000, 4608},
        {"opus.ogg", "ogg", 48000, 12000, 12000}, {"sine.aac", "aac", 16000, 4096, 5120},
        {"adpcm.wav", "wav", 16000, 4000, 4096},  {"sound.mp4", "mp4", 16000, 4000, 4096},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct raw_media media = decode_file(MEDIA_AUDIO, cases[i].name);

        assert_string_equal(media.format, cases[i].format);
        assert_true(media.rate == cases[i].rate);
        assert_int_equal(media.shape[0], 1);
        assert_in_range(media.shape[1], cases[i].n_min, cases[i].n_max);
        check_sine(&media);
        raw_media_deinit(&media);
    }
}

static void windows_are_cut_to_the_sample(void **state)
{
    static const struct {
        double start_s, end_s;
        size_t first, n;
    } cases[] = {{0, 0.5, 0, 4000},    {0.25, 0.5, 2000, 2000},   {0.25, 0, 2000, 6000},
                 {0.5, 9, 4000, 4000}, {0.99995, 0, 8000 - 0, 0}, {0.0001, 0.0002, 1, 1}};
    int16_t data[8000];
    struct buffer file;

    (void)state;
    for (int i = 0; i < 8000; i++)
        data[i] = (int16_t)i;
    file = build_wav(WAV_PCM, 1, 8000, 16, data, sizeof(data), sizeof(data));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct media_job job = {.kind = MEDIA_AUDIO,
                                .bytes = file.bytes,
                                .n_bytes = file.size,
                                .start_s = cases[i].start_s,
                                .end_s = cases[i].end_s};
        struct raw_media media;

        if (cases[i].n == 0) {
            refuse_job(job, -EINVAL, "the recording lasts 1 s");
            continue;
        }
        media = decode_job(job);
        assert_shape(&media, MEDIA_F32, SHAPE(1, cases[i].n));
        assert_true(((float *)media.data)[0] == (float)cases[i].first / 32768);
        assert_float_equal(media.duration_s, 1, 1e-9);
        raw_media_deinit(&media);
    }
    refuse_job((struct media_job){.kind = MEDIA_AUDIO, .bytes = file.bytes, .n_bytes = file.size, .start_s = 2},
               -EINVAL, "the window starts at 2 s, the recording lasts 1 s");
    buffer_deinit(&file);
}

static void refuse_wav(struct buffer file, int code, const char *message)
{
    refuse(MEDIA_AUDIO, file.bytes, file.size, code, message);
    buffer_deinit(&file);
}

static void wrong_recordings_are_refused(void **state)
{
    const float bad[] = {0, 1, NAN, 0};
    const int16_t samples[20] = {0};

    (void)state;
    refuse_wav(build_wav(WAV_FLOAT, 2, 8000, 32, bad, sizeof(bad), sizeof(bad)), -EBADMSG,
               "sample 1 of channel 0 is NaN or infinite");
    refuse_wav(build_wav(WAV_PCM, 9, 8000, 16, samples, 36, 36), -EBADMSG, "expected 1 to 8 channels, found 9");
    refuse_wav(build_wav(WAV_PCM, 1, 999, 16, samples, 40, 40), -EBADMSG,
               "expected 1000 to 768000 samples per second, found 999");
    refuse_wav(build_wav(WAV_PCM, 1, 8000, 16, samples, 0, 0), -EBADMSG, "");
    /* Claims four gigabytes, and has forty bytes. */
    refuse_wav(build_wav(WAV_PCM, 1, 8000, 16, samples, 40, 0xfffffff0), -EBADMSG, "cut off");
}

/* A recorder that could not know the length left it open. */
static void unknown_lengths_are_read_to_the_end(void **state)
{
    const int16_t samples[20] = {1, 2, 3};
    struct buffer file = build_wav(WAV_PCM, 1, 8000, 16, samples, 40, 0xffffffff);
    struct raw_media media = decode(MEDIA_AUDIO, file.bytes, file.size);

    (void)state;
    assert_shape(&media, MEDIA_F32, SHAPE(1, 20));
    raw_media_deinit(&media);
    buffer_deinit(&file);
}

static void the_limit_on_seconds_holds(void **state)
{
    static const char *const names[] = {"sine.flac", "sine.mp3", "sine.ogg", "sine.aac", "adpcm.wav", "sound.mp4"};
    struct media_limits limits = media_limits_default;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct file file = file_load(names[i]);
        struct media_job job = {.kind = MEDIA_AUDIO, .bytes = file.bytes, .n_bytes = file.n, .limits = &limits};
        struct raw_media media;

        limits.audio_seconds_max = 0.2;
        refuse_job(job, -EFBIG, "the limit is 0.2 s");
        job.end_s = 0.1; /* no more than this is decoded */
        media = decode_job(job);
        assert_int_equal(media.shape[1], 1600);
        raw_media_deinit(&media);
        file_deinit(&file);
    }
}

static void damage_is_refused(void **state)
{
    static const char *const whole[] = {"sine.flac", "sine.m4a", "adpcm.wav", "sound.mp4", "opus.ogg"};
    static const char *const all[] = {"sine.flac", "sine.m4a", "adpcm.wav", "sound.mp4",
                                      "opus.ogg",  "sine.ogg", "sine.mp3",  "sine.aac"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
        struct file file = file_load(whole[i]);

        refuse_every_cut(MEDIA_AUDIO, file.bytes, file.n, 13);
        file_deinit(&file);
    }
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct file file = file_load(all[i]);

        survive_every_change(MEDIA_AUDIO, file.bytes, file.n, 41);
        file_deinit(&file);
    }
}

static void pictures_have_no_sound(void **state)
{
    struct file file = file_load("film.mp4");

    (void)state;
    refuse(MEDIA_AUDIO, file.bytes, file.n, -EBADMSG, "the file has no audio stream");
    file_deinit(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_is_exact),
        cmocka_unit_test(channels_are_taken_apart),
        cmocka_unit_test(lossless_formats_are_exact),
        cmocka_unit_test(lossy_formats_sound_right),
        cmocka_unit_test(windows_are_cut_to_the_sample),
        cmocka_unit_test(wrong_recordings_are_refused),
        cmocka_unit_test(unknown_lengths_are_read_to_the_end),
        cmocka_unit_test(the_limit_on_seconds_holds),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(pictures_have_no_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
