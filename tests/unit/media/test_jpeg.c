#include "tests/unit/media/media_test.h"

static void assert_pixels(const struct raw_media *media, const char *expected_name)
{
    struct file expected = file_load(expected_name);

    assert_int_equal(media->n_bytes, expected.n);
    for (size_t i = 0; i < expected.n; i++)
        if (((uint8_t *)media->data)[i] != expected.bytes[i])
            fail_msg("%s: byte %zu is %u, expected %u", expected_name, i, ((uint8_t *)media->data)[i],
                     expected.bytes[i]);
    file_deinit(&expected);
}

/* To the last bit what Pillow makes of them. */
static void pixels_equal_pillows(void **state)
{
    static const char *const names[][2] = {
        {"baseline.jpg", "baseline.rgb"},
        {"progressive.jpg", "progressive.rgb"},
        {"grey.jpg", "grey.rgb"},
        {"cmyk.jpg", "cmyk.rgb"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct raw_media media = decode_file(MEDIA_IMAGE, names[i][0]);

        assert_shape(&media, MEDIA_U8, SHAPE(12, 16, 3));
        assert_string_equal(media.format, "jpeg");
        assert_int_equal(media.width, 16);
        assert_int_equal(media.height, 12);
        assert_pixels(&media, names[i][1]);
        raw_media_deinit(&media);
    }
}

static void grey_maps_have_one_channel(void **state)
{
    struct raw_media image = decode_file(MEDIA_IMAGE, "grey.jpg"), map = decode_file(MEDIA_MAP, "grey.jpg");

    (void)state;
    assert_shape(&map, MEDIA_U8, SHAPE(12, 16, 1));
    for (size_t i = 0; i < 12 * 16; i++)
        assert_int_equal(((uint8_t *)map.data)[i], ((uint8_t *)image.data)[3 * i]);
    raw_media_deinit(&image);
    raw_media_deinit(&map);
    map = decode_file(MEDIA_MAP, "baseline.jpg");
    assert_shape(&map, MEDIA_U8, SHAPE(12, 16, 3));
    raw_media_deinit(&map);
}

/* Where pixel (x, y) of the shown picture is stored, in a picture of 16 x 12. */
static size_t stored_at(int orientation, size_t x, size_t y)
{
    static const struct {
        bool exchanged, mirrored_x, mirrored_y;
    } ways[9] = {
        [2] = {false, true, false}, [3] = {false, true, true}, [4] = {false, false, true}, [5] = {true, false, false},
        [6] = {true, false, true},  [7] = {true, true, true},  [8] = {true, true, false},
    };
    size_t column = ways[orientation].exchanged ? y : x, row = ways[orientation].exchanged ? x : y;

    column = ways[orientation].mirrored_x ? 15 - column : column;
    row = ways[orientation].mirrored_y ? 11 - row : row;
    return row * 16 + column;
}

static void every_orientation_is_applied(void **state)
{
    struct file file = file_load("turned.jpg"), stored = file_load("turned.rgb");
    uint8_t *tag = memmem(file.bytes, file.n, "\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06", 10);

    (void)state;
    assert_non_null(tag);
    for (int orientation = 1; orientation <= 8; orientation++) {
        size_t width = orientation < 5 ? 16 : 12, height = orientation < 5 ? 12 : 16;
        struct raw_media media;

        tag[9] = (uint8_t)orientation;
        media = decode(MEDIA_IMAGE, file.bytes, file.n);
        assert_shape(&media, MEDIA_U8, SHAPE(height, width, 3));
        assert_int_equal(media.width, width);
        assert_int_equal(media.height, height);
        for (size_t y = 0; y < height; y++)
            for (size_t x = 0; x < width; x++)
                assert_memory_equal((uint8_t *)media.data + (y * width + x) * 3,
                                    stored.bytes + stored_at(orientation, x, y) * 3, 3);
        raw_media_deinit(&media);
    }
    file_deinit(&file);
    file_deinit(&stored);
}

static void damage_is_refused(void **state)
{
    static const char *const names[] = {"baseline.jpg", "progressive.jpg", "cmyk.jpg", "turned.jpg"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct file file = file_load(names[i]);

        refuse_every_cut(MEDIA_IMAGE, file.bytes, file.n, 1);
        refuse(MEDIA_IMAGE, file.bytes, file.n / 2, -EBADMSG, "the JPEG picture is damaged or cut off");
        survive_every_change(MEDIA_IMAGE, file.bytes, file.n, 1);
        file_deinit(&file);
    }
}

static void the_library_s_words_are_for_the_log(void **state)
{
    struct file file = file_load("baseline.jpg");
    struct error error = {0};
    struct raw_media media = {0};

    (void)state;
    assert_int_equal(
        run_job((struct media_job){.kind = MEDIA_IMAGE, .bytes = file.bytes, .n_bytes = file.n - 10}, &media, &error),
        -EBADMSG);
    assert_string_equal(error.message, "the JPEG picture is damaged or cut off");
    assert_string_equal(error.detail, "libjpeg: Premature end of JPEG file");
    file_deinit(&file);
}

static void the_limit_on_pixels_comes_first(void **state)
{
    struct media_limits limits = media_limits_default;
    struct file file = file_load("baseline.jpg");
    struct media_job job = {.kind = MEDIA_IMAGE, .bytes = file.bytes, .n_bytes = file.n, .limits = &limits};
    uint8_t *frame = memmem(file.bytes, file.n, "\xff\xc0\x00\x11\x08", 5);
    struct raw_media media;

    (void)state;
    limits.image_pixels_max = 192;
    media = decode_job(job);
    raw_media_deinit(&media);
    limits.image_pixels_max = 191;
    refuse_job(job, -EFBIG, "the picture has 16 x 12 pixels, the limit is 191 in all");
    assert_non_null(frame);
    memcpy(frame + 5, "\xea\x60\xea\x60", 4); /* 60000 x 60000 */
    refuse(MEDIA_IMAGE, file.bytes, file.n, -EFBIG, "60000 x 60000");
    file_deinit(&file);
}

/* The same short scan over and over costs little to send and much to decode. */
static void scan_bombs_are_refused(void **state)
{
    struct file file = file_load("progressive.jpg");
    const uint8_t *first = memmem(file.bytes, file.n, "\xff\xda", 2);
    const uint8_t *second = memmem(first + 2, file.n - (size_t)(first + 2 - file.bytes), "\xff\xda", 2);
    const uint8_t *tables;
    struct buffer bomb = new_buffer();

    (void)state;
    /* The scan's own Huffman table stands between the two. */
    tables = memmem(first + 2, (size_t)(second - first), "\xff\xc4", 2);
    second = tables ? tables : second;
    put(&bomb, file.bytes, (size_t)(second - file.bytes));
    for (int i = 0; i < 200; i++)
        put(&bomb, first, (size_t)(second - first));
    put(&bomb, "\xff\xd9", 2);
    refuse(MEDIA_IMAGE, bomb.bytes, bomb.size, -EFBIG, "the JPEG picture has more than 100 scans");
    buffer_deinit(&bomb);
    file_deinit(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_equal_pillows),
        cmocka_unit_test(grey_maps_have_one_channel),
        cmocka_unit_test(every_orientation_is_applied),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(the_library_s_words_are_for_the_log),
        cmocka_unit_test(the_limit_on_pixels_comes_first),
        cmocka_unit_test(scan_bombs_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
