#include "tests/unit/media/media_test.h"

static void check(struct raw_media media, size_t n_points, size_t n_columns, const float *expected)
{
    assert_shape(&media, MEDIA_F32, SHAPE(n_points, n_columns));
    assert_string_equal(media.format, "pcd");
    for (size_t i = 0; i < n_points * n_columns; i++)
        assert_float_equal(((float *)media.data)[i], expected[i], 1e-6);
    raw_media_deinit(&media);
}

#define VERSION "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n"
#define XYZ_FIELDS "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\n"
#define PLACE "VIEWPOINT 0 0 0 1 0 0 0\n"

static const float expected[] = {1, 2, 3, 1, .2f, 0, 4, 5, 6.5, 0, 0, .4f};

static void text_is_read(void **state)
{
    const char *plain = VERSION XYZ_FIELDS "WIDTH 2\nHEIGHT 1\n" PLACE "POINTS 2\nDATA ascii\n1 2 3\n4 5 6\n";
    /* 0xff3300 and 0x000066, as an integer and as the float with these bits. */
    const char *packed = VERSION "FIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F U\nCOUNT 1 1 1 1\nWIDTH 2\nHEIGHT 1\n"
                                 "POINTS 2\nDATA ascii\n1 2 3 16724736\n4 5 6.5 102\n";
    const char *floats = VERSION "FIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F F\nPOINTS 2\nDATA ascii\n"
                                 "1 2 3 2.34363469e-38\n4 5 6.5 1.42931e-43\n";

    (void)state;
    check(decode(MEDIA_POINTS, plain, strlen(plain)), 2, 3, (float[]){1, 2, 3, 4, 5, 6});
    refuse_every_cut(MEDIA_POINTS, plain, strlen(plain) - 2, 1);
    survive_every_change(MEDIA_POINTS, plain, strlen(plain), 1);
    check(decode(MEDIA_POINTS, packed, strlen(packed)), 2, 6, expected);
    check(decode(MEDIA_POINTS, floats, strlen(floats)), 2, 6, expected);
}

/* Places without a point are dropped. */
static void holes_are_dropped(void **state)
{
    const char *text = VERSION XYZ_FIELDS "WIDTH 2\nHEIGHT 2\nPOINTS 4\nDATA ascii\n"
                                          "nan nan nan\n1 2 3\nnan 1 1\n4 5 6\n";

    (void)state;
    check(decode(MEDIA_POINTS, text, strlen(text)), 2, 3, (float[]){1, 2, 3, 4, 5, 6});
    refuse_text(MEDIA_POINTS, VERSION XYZ_FIELDS "POINTS 1\nDATA ascii\nnan nan nan\n", -EBADMSG, "no valid point");
}

#define RECORD_FIELDS                                                                                                  \
    "FIELDS label x y z normal rgba\nSIZE 2 4 4 8 4 4\nTYPE U F F F F U\nCOUNT 1 1 1 1 3 1\nWIDTH 2\nHEIGHT 1\n"       \
    "POINTS 2\n"

static const uint32_t colours[] = {0x80ff3300, 0xff000066};

static struct buffer build_binary(void)
{
    struct buffer file = new_buffer();

    buffer_append_text(&file, VERSION RECORD_FIELDS "DATA binary\n");
    for (int i = 0; i < 2; i++) {
        PUT(&file, uint16_t, 77);
        put(&file, &expected[i * 6], 8);
        PUT(&file, double, expected[i * 6 + 2]);
        put(&file, (float[]){NAN, 0, 1}, 12);
        PUT(&file, uint32_t, colours[i]);
    }
    return file;
}

static void binary_is_read(void **state)
{
    struct buffer file = build_binary();

    (void)state;
    check(decode(MEDIA_POINTS, file.bytes, file.size), 2, 6, expected);
    refuse_every_cut(MEDIA_POINTS, file.bytes, file.size, 1);
    survive_every_change(MEDIA_POINTS, file.bytes, file.size, 1);
    buffer_deinit(&file);
}

/* Packs with literals only, but for one reference back over a run of zeros. */
static struct buffer build_compressed(void)
{
    struct buffer file = new_buffer(), fields = new_buffer(), packed = new_buffer();

    put(&fields, (uint16_t[]){77, 77}, 4);
    put(&fields, (float[]){expected[0], expected[6]}, 8);
    put(&fields, (float[]){expected[1], expected[7]}, 8);
    put(&fields, (double[]){expected[2], expected[8]}, 16);
    put(&fields, (uint8_t[24]){0}, 24);
    put(&fields, colours, 8);
    PUT(&packed, uint8_t, 31);
    put(&packed, fields.bytes, 32);
    PUT(&packed, uint8_t, 4);
    put(&packed, fields.bytes + 32, 5);
    put(&packed, (uint8_t[]){7 << 5, 14, 0}, 3); /* 14 + 7 + 2 = 23 bytes from a distance of 1: the other zeros */
    PUT(&packed, uint8_t, 7);
    put(&packed, colours, 8);
    buffer_append_text(&file, VERSION RECORD_FIELDS "DATA binary_compressed\n");
    PUT(&file, uint32_t, (uint32_t)packed.size);
    PUT(&file, uint32_t, (uint32_t)fields.size);
    put(&file, packed.bytes, packed.size);
    buffer_deinit(&fields);
    buffer_deinit(&packed);
    return file;
}

static void compressed_is_read(void **state)
{
    struct buffer file = build_compressed();

    (void)state;
    check(decode(MEDIA_POINTS, file.bytes, file.size), 2, 6, expected);
    refuse_every_cut(MEDIA_POINTS, file.bytes, file.size, 1);
    survive_every_change(MEDIA_POINTS, file.bytes, file.size, 1);
    buffer_deinit(&file);
}

static void refuse_compressed(const char *points, const void *packed, size_t n_packed, uint32_t n_claimed,
                              const char *message)
{
    struct buffer file = new_buffer();

    buffer_append_text(&file, VERSION XYZ_FIELDS);
    buffer_printf(&file, "POINTS %s\nDATA binary_compressed\n", points);
    PUT(&file, uint32_t, (uint32_t)n_packed);
    PUT(&file, uint32_t, n_claimed);
    put(&file, packed, n_packed);
    refuse(MEDIA_POINTS, file.bytes, file.size, -EBADMSG, message);
    buffer_deinit(&file);
}

static void wrong_compression_is_refused(void **state)
{
    (void)state;
    refuse_compressed("1", "\x00", 2, 12, "compressed data are wrong"); /* too little */
    refuse_compressed("1",
                      "\x0c"
                      "0123456789abc",
                      14, 12, "compressed data are wrong");                         /* too much */
    refuse_compressed("1", "\x20\x00", 2, 12, "compressed data are wrong");         /* back before the start */
    refuse_compressed("1", "\x03zzzz\x20\x04", 7, 12, "compressed data are wrong"); /* the same, by one */
    refuse_compressed("1", "\xe0", 1, 12, "compressed data are wrong");             /* cut in a reference */
    refuse_compressed("2", "\x03zzzz", 5, 12, "does not fit");
    refuse_compressed("4000000", "\x03zzzz", 5, 48000000, "does not fit"); /* a bomb's claim */
}

static void wrong_files_are_refused(void **state)
{
    (void)state;
    refuse_text(MEDIA_POINTS, VERSION XYZ_FIELDS "POINTS 1\n", -EBADMSG, "the header has no end");
    refuse_text(MEDIA_POINTS, VERSION XYZ_FIELDS "POINTS 1\nDATA zip\n", -EBADMSG, "kind of DATA is unknown");
    refuse_text(MEDIA_POINTS, VERSION XYZ_FIELDS "POINTS many\nDATA ascii\n", -EBADMSG, "not a number");
    refuse_text(MEDIA_POINTS, VERSION XYZ_FIELDS "POINTS 0\nDATA ascii\n", -EBADMSG, "the point cloud is empty");
    refuse_text(MEDIA_POINTS, VERSION XYZ_FIELDS "DATA ascii\n1 2 3\n", -EBADMSG, "the point cloud is empty");
    refuse_text(MEDIA_POINTS, VERSION "FIELDS x y z\nSIZE 4 4\n", -EBADMSG, "do not fit each other");
    refuse_text(MEDIA_POINTS, VERSION "FIELDS x y\nSIZE 4 4\nTYPE F F\nPOINTS 1\nDATA ascii\n1 2\n", -EBADMSG,
                "no x, y and z");
    refuse_text(MEDIA_POINTS, VERSION "FIELDS x y z\nSIZE 3 4 4\nTYPE F F F\nPOINTS 1\nDATA ascii\n1 2 3\n", -EBADMSG,
                "unknown type");
    refuse_text(MEDIA_POINTS, VERSION XYZ_FIELDS "POINTS 2\nDATA ascii\n1 2 3\n4 5\n", -EBADMSG, "at point 1 of 2");
    refuse_text(MEDIA_POINTS, VERSION XYZ_FIELDS "POINTS 5000000\nDATA binary\nxx", -EFBIG, "5000000 points");
    refuse_text(MEDIA_POINTS, VERSION XYZ_FIELDS "POINTS 1000000\nDATA binary\nxx", -EBADMSG, "cut off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_read),
        cmocka_unit_test(holes_are_dropped),
        cmocka_unit_test(binary_is_read),
        cmocka_unit_test(compressed_is_read),
        cmocka_unit_test(wrong_compression_is_refused),
        cmocka_unit_test(wrong_files_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
