#include "tests/unit/media/media_test.h"

#include <zlib.h>

static void check(const char *name, enum media_kind kind, const char *format, const char *expected_name, int tolerance)
{
    struct raw_media media = decode_file(kind, name);
    struct file expected = file_load(expected_name);

    assert_shape(&media, MEDIA_U8, SHAPE(12, 16, 3));
    assert_string_equal(media.format, format);
    assert_int_equal(media.width, 16);
    assert_int_equal(media.height, 12);
    for (size_t i = 0; i < expected.n; i++)
        if (abs(((uint8_t *)media.data)[i] - expected.bytes[i]) > tolerance)
            fail_msg("%s: byte %zu is %u, expected %u", name, i, ((uint8_t *)media.data)[i], expected.bytes[i]);
    raw_media_deinit(&media);
    file_deinit(&expected);
}

static void lossless_pictures_are_exact(void **state)
{
    static const char *const names[][3] = {
        {"ramp.png", "png", "ramp.rgb"},   {"ramp_rgba.png", "png", "ramp.rgb"},  {"palette.png", "png", "palette.rgb"},
        {"rgb48.png", "png", "ramp.rgb"},  {"ramp.bmp", "bmp", "ramp.rgb"},       {"ramp.tiff", "tiff", "ramp.rgb"},
        {"ramp.webp", "webp", "ramp.rgb"}, {"animated.webp", "webp", "ramp.rgb"}, {"ramp.gif", "gif", "ramp_gif.rgb"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        check(names[i][0], MEDIA_IMAGE, names[i][1], names[i][2], 0);
    check("ramp.png", MEDIA_MAP, "png", "ramp.rgb", 0);
}

static void lossy_webp_has_libwebp_s_colours(void **state)
{
    (void)state;
    check("lossy.webp", MEDIA_IMAGE, "webp", "lossy.rgb", 0);
}

static void avif_is_near_the_original(void **state)
{
    (void)state;
    check("ramp.avif", MEDIA_IMAGE, "avif", "ramp.rgb", 24);
}

static void grey_pictures_become_rgb(void **state)
{
    struct raw_media grey = decode_file(MEDIA_IMAGE, "grey.png"), mono = decode_file(MEDIA_IMAGE, "mono.png");
    struct raw_media deep = decode_file(MEDIA_IMAGE, "grey16.png");

    (void)state;
    for (size_t i = 0; i < 12 * 16 * 3; i++) {
        size_t x = i / 3 % 16, y = i / 48;

        assert_int_equal(((uint8_t *)grey.data)[i], 16 * x);
        assert_int_equal(((uint8_t *)mono.data)[i], x % 3 == 0 ? 255 : 0);
        assert_int_equal(((uint8_t *)deep.data)[i], (5000 * y + 7 * x) >> 8);
    }
    raw_media_deinit(&grey);
    raw_media_deinit(&mono);
    raw_media_deinit(&deep);
}

static void maps_keep_their_precision(void **state)
{
    static const char *const names[] = {"grey16.png", "grey16.tiff"};
    struct raw_media media;

    (void)state;
    for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
        media = decode_file(MEDIA_MAP, names[n]);
        assert_shape(&media, MEDIA_U16, SHAPE(12, 16, 1));
        for (size_t i = 0; i < 12 * 16; i++)
            assert_int_equal(((uint16_t *)media.data)[i], i / 16 * 5000 + i % 16 * 7);
        raw_media_deinit(&media);
    }
    media = decode_file(MEDIA_MAP, "grey.png");
    assert_shape(&media, MEDIA_U8, SHAPE(12, 16, 1));
    for (size_t i = 0; i < 12 * 16; i++)
        assert_int_equal(((uint8_t *)media.data)[i], i % 16 * 16);
    raw_media_deinit(&media);
    media = decode_file(MEDIA_MAP, "rgb48.png");
    assert_shape(&media, MEDIA_U16, SHAPE(12, 16, 3));
    assert_int_equal(((uint16_t *)media.data)[(5 * 16 + 7) * 3], 7 * 16 * 257);
    assert_int_equal(((uint16_t *)media.data)[(5 * 16 + 7) * 3 + 1], 5 * 20 * 257);
    raw_media_deinit(&media);
}

static void maps_may_be_arrays(void **state)
{
    struct buffer file = build_npy("<f8", "True", "(2, 3)", (double[]){1, 2, 3, 4, 5, 0}, 48);
    struct raw_media media = decode(MEDIA_MAP, file.bytes, file.size);

    (void)state;
    assert_shape(&media, MEDIA_F32, SHAPE(2, 3, 1));
    assert_memory_equal(media.data, ((float[]){1, 3, 5, 2, 4, 0}), 24);
    assert_int_equal(media.width, 3);
    assert_int_equal(media.height, 2);
    raw_media_deinit(&media);
    buffer_deinit(&file);
    file = build_npy("<u2", "False", "(1, 2, 3)", (uint16_t[]){1, 2, 3, 4, 5, 65535}, 12);
    media = decode(MEDIA_MAP, file.bytes, file.size);
    assert_shape(&media, MEDIA_F32, SHAPE(1, 2, 3));
    assert_true(((float *)media.data)[5] == 65535);
    raw_media_deinit(&media);
    buffer_deinit(&file);
    file = build_npy("<f4", "False", "(1, 2)", (float[]){1, NAN}, 8);
    refuse(MEDIA_MAP, file.bytes, file.size, -EBADMSG, "index 1 is NaN");
    buffer_deinit(&file);
    file = build_npy("<f4", "False", "(1, 1, 2)", (float[]){1, 2}, 8);
    refuse(MEDIA_MAP, file.bytes, file.size, -EBADMSG, "found (1, 1, 2)");
    buffer_deinit(&file);
}

static void exif_turns_other_formats_too(void **state)
{
    static const char *const names[] = {"turned.png", "turned.webp"};
    struct file stored = file_load("ramp.rgb");

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct raw_media media = decode_file(MEDIA_IMAGE, names[i]);

        /* Orientation 6: the stored rows, from the last to the first, are the columns. */
        assert_shape(&media, MEDIA_U8, SHAPE(16, 12, 3));
        for (size_t y = 0; y < 16; y++)
            for (size_t x = 0; x < 12; x++)
                assert_memory_equal((uint8_t *)media.data + (y * 12 + x) * 3, stored.bytes + ((11 - x) * 16 + y) * 3,
                                    3);
        raw_media_deinit(&media);
    }
    file_deinit(&stored);
}

static void damage_is_refused(void **state)
{
    static const char *const names[] = {"ramp.png",  "palette.png", "turned.png",    "ramp.bmp", "ramp.tiff",
                                        "ramp.webp", "lossy.webp",  "animated.webp", "ramp.gif", "ramp.avif"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct file file = file_load(names[i]);

        /* Behind the first picture of a GIF file there is only the mark of its end. */
        refuse_every_cut(MEDIA_IMAGE, file.bytes, file.n - (strcmp(names[i], "ramp.gif") == 0), 1);
        survive_every_change(MEDIA_IMAGE, file.bytes, file.n, 7);
        file_deinit(&file);
    }
}

/* PNG protects every chunk with a checksum. */
static void no_bit_of_a_png_may_change(void **state)
{
    struct file file = file_load("ramp.png");

    (void)state;
    for (size_t i = 8; i < file.n; i++) {
        struct error error = {0};
        struct raw_media media = {0};

        file.bytes[i] ^= 1;
        assert_int_equal(
            run_job((struct media_job){.kind = MEDIA_IMAGE, .bytes = file.bytes, .n_bytes = file.n}, &media, &error),
            -EBADMSG);
        file.bytes[i] ^= 1;
    }
    file_deinit(&file);
}

static void refuse_resized(const char *name, size_t at, const void *size, size_t n, const char *message)
{
    struct file file = file_load(name);

    memcpy(file.bytes + at, size, n);
    if (strstr(name, ".png")) {
        uint32_t crc = __builtin_bswap32((uint32_t)crc32(0, file.bytes + 12, 17));

        memcpy(file.bytes + 29, &crc, 4);
    }
    refuse(MEDIA_IMAGE, file.bytes, file.n, -EFBIG, message);
    file_deinit(&file);
}

static void bombs_are_refused_by_their_headers(void **state)
{
    (void)state;
    refuse_resized("ramp.png", 16, "\0\0\xea\x60\0\0\xea\x60", 8, "60000 x 60000 pixels, the limit is 67108864 in all");
    refuse_resized("ramp.gif", 6, "\xff\xff\xff\xff", 4, "65535 x 65535");
    refuse_resized("ramp.bmp", 18, "\0\0\1\0\0\0\xff\xff", 8, "65536 x 65536"); /* a negative height */
    refuse_resized("lossy.webp", 26, "\xff\x3f\xff\x3f", 4, "16383 x 16383");
}

static void the_limit_on_pixels_holds(void **state)
{
    static const char *const names[] = {"ramp.png", "ramp.webp", "lossy.webp", "ramp.gif",
                                        "ramp.bmp", "ramp.tiff", "ramp.avif"};
    struct media_limits limits = media_limits_default;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct file file = file_load(names[i]);
        struct media_job job = {.kind = MEDIA_IMAGE, .bytes = file.bytes, .n_bytes = file.n, .limits = &limits};
        struct raw_media media;

        limits.image_pixels_max = 192;
        media = decode_job(job);
        raw_media_deinit(&media);
        limits.image_pixels_max = 191;
        refuse_job(job, -EFBIG, "the picture has 16 x 12 pixels, the limit is 191 in all");
        file_deinit(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lossless_pictures_are_exact),  cmocka_unit_test(lossy_webp_has_libwebp_s_colours),
        cmocka_unit_test(avif_is_near_the_original),    cmocka_unit_test(grey_pictures_become_rgb),
        cmocka_unit_test(maps_keep_their_precision),    cmocka_unit_test(maps_may_be_arrays),
        cmocka_unit_test(exif_turns_other_formats_too), cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(no_bit_of_a_png_may_change),   cmocka_unit_test(bombs_are_refused_by_their_headers),
        cmocka_unit_test(the_limit_on_pixels_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
