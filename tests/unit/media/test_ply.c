#include "tests/unit/media/media_test.h"

static void check(struct raw_media media, size_t n_points, size_t n_columns, const float *expected)
{
    assert_shape(&media, MEDIA_F32, SHAPE(n_points, n_columns));
    assert_string_equal(media.format, "ply");
    for (size_t i = 0; i < n_points * n_columns; i++)
        assert_float_equal(((float *)media.data)[i], expected[i], 1e-6);
    raw_media_deinit(&media);
}

static const float expected[] = {1, 2, 3, 1, .2f, 0, 4, 5, 6.5, 0, 0, .4f};

static void text_is_read(void **state)
{
    static const char text[] = "ply\r\nformat ascii 1.0\r\ncomment made by hand\r\nobj_info nothing\r\n"
                               "element vertex 2\r\nproperty float x\r\nproperty float y\r\nproperty double z\r\n"
                               "property uchar red\r\nproperty uchar green\r\nproperty uchar blue\r\n"
                               "element face 1\r\nproperty list uchar int vertex_indices\r\nend_header\r\n"
                               "1 2 3 255 51 0\r\n4 5 6.5 0 0 102\r\n3 0 1 1\r\n";

    (void)state;
    check(decode(MEDIA_POINTS, text, strlen(text)), 2, 6, expected);
    refuse_every_cut(MEDIA_POINTS, text, strlen(text) - 3, 1);
    survive_every_change(MEDIA_POINTS, text, strlen(text), 1);
}

static void put_swapped_f32(struct buffer *file, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    PUT(file, uint32_t, __builtin_bswap32(bits));
}

/* Elements and lists before, inside and behind the points; z is a double and stands before x. */
static struct buffer build_little_endian(void)
{
    struct buffer file = new_buffer();

    buffer_append_text(&file, "ply\nformat binary_little_endian 1.0\n"
                              "element camera 2\nproperty list ushort float matrix\nproperty int8 id\n"
                              "element vertex 2\nproperty float64 z\nproperty float32 x\nproperty float32 y\n"
                              "property list uint8 uint32 neighbours\n"
                              "property uint8 blue\nproperty uint8 green\nproperty uint8 red\n"
                              "element empty 1000000000000\n"
                              "element face 1\nproperty list uchar int vertex_indices\nend_header\n");
    for (uint16_t i = 0; i < 2; i++) {
        PUT(&file, uint16_t, i);
        put(&file, (float[]){9}, i * sizeof(float));
        PUT(&file, int8_t, -1);
    }
    for (int i = 0; i < 2; i++) {
        PUT(&file, double, expected[i * 6 + 2]);
        put(&file, &expected[i * 6], 8);
        PUT(&file, uint8_t, 2);
        put(&file, (uint32_t[]){1, 2}, 8);
        for (int channel = 2; channel >= 0; channel--)
            PUT(&file, uint8_t, (uint8_t)lrintf(expected[i * 6 + 3 + channel] * 255));
    }
    PUT(&file, uint8_t, 1);
    PUT(&file, int32_t, 0);
    return file;
}

static void little_endian_is_read(void **state)
{
    struct buffer file = build_little_endian();

    (void)state;
    check(decode(MEDIA_POINTS, file.bytes, file.size), 2, 6, expected);
    refuse_every_cut(MEDIA_POINTS, file.bytes, file.size, 1);
    survive_every_change(MEDIA_POINTS, file.bytes, file.size, 1);
    buffer_deinit(&file);
}

static void big_endian_is_read(void **state)
{
    struct buffer file = new_buffer();

    (void)state;
    buffer_append_text(&file, "ply\nformat binary_big_endian 1.0\nelement vertex 2\nproperty float x\n"
                              "property float y\nproperty float z\nproperty ushort red\nproperty ushort green\n"
                              "property ushort blue\nend_header\n");
    for (int i = 0; i < 2; i++) {
        for (int axis = 0; axis < 3; axis++)
            put_swapped_f32(&file, expected[i * 6 + axis]);
        for (int channel = 3; channel < 6; channel++)
            PUT(&file, uint16_t, __builtin_bswap16((uint16_t)lrintf(expected[i * 6 + channel] * 65535)));
    }
    check(decode(MEDIA_POINTS, file.bytes, file.size), 2, 6, expected);
    refuse_every_cut(MEDIA_POINTS, file.bytes, file.size, 1);
    buffer_deinit(&file);
}

static void colours_may_be_floats_or_absent(void **state)
{
    const char *floats = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\n"
                         "property float z\nproperty float r\nproperty float g\nproperty float b\nend_header\n"
                         "1 2 3 0.5 1 0.25\n";
    const char *partial = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\n"
                          "property float z\nproperty uchar red\nend_header\n1 2 3 7\n";

    (void)state;
    check(decode(MEDIA_POINTS, floats, strlen(floats)), 1, 6, (float[]){1, 2, 3, .5, 1, .25});
    check(decode(MEDIA_POINTS, partial, strlen(partial)), 1, 3, (float[]){1, 2, 3});
}

#define HEADER "ply\nformat ascii 1.0\n"
#define XYZ "property float x\nproperty float y\nproperty float z\n"

static void wrong_files_are_refused(void **state)
{
    (void)state;
    refuse_text(MEDIA_POINTS, "ply\nformat magic 1.0\nend_header\n", -EBADMSG, "its format is unknown");
    refuse_text(MEDIA_POINTS, "ply\nelement vertex 1\n" XYZ "end_header\n1 2 3\n", -EBADMSG, "names no format");
    refuse_text(MEDIA_POINTS, HEADER "end_header\n", -EBADMSG, "it has no vertices");
    refuse_text(MEDIA_POINTS, HEADER "property float x\nend_header\n", -EBADMSG, "a property without an element");
    refuse_text(MEDIA_POINTS, HEADER "element vertex -1\n" XYZ "end_header\n", -EBADMSG, "count is not a number");
    refuse_text(MEDIA_POINTS, HEADER "element vertex 99999999999999999999\n" XYZ "end_header\n", -EBADMSG,
                "count is not a number");
    refuse_text(MEDIA_POINTS, HEADER "element vertex 1\nproperty quad x\nend_header\n1\n", -EBADMSG, "type is unknown");
    refuse_text(MEDIA_POINTS, HEADER "element vertex 1\nproperty float x\nend_header\n1\n", -EBADMSG, "no x, y and z");
    refuse_text(MEDIA_POINTS, HEADER "element vertex 0\n" XYZ "end_header\n", -EBADMSG, "the point cloud is empty");
    refuse_text(MEDIA_POINTS, HEADER "element vertex 2\n" XYZ "end_header\n1 2 3\n4 5 x\n", -EBADMSG,
                "at vertex 1 of 2");
    refuse_text(MEDIA_POINTS, HEADER "element vertex 1\n" XYZ "end_header\n1 nan 3\n", -EBADMSG,
                "point 0 is NaN or infinite");
    refuse_text(MEDIA_POINTS, HEADER "mystery\nend_header\n", -EBADMSG, "unknown meaning");
    /* Claims that would take memory or time if they were believed. */
    refuse_text(MEDIA_POINTS, HEADER "element vertex 1000000\n" XYZ "end_header\n1 2 3\n", -EBADMSG, "cut off");
    refuse_text(MEDIA_POINTS,
                HEADER "element face 1\nproperty list uint int i\nelement vertex 1\n" XYZ
                       "end_header\n4294967295 1 2 3\n",
                -EBADMSG, "cut off");
}

static void the_limit_holds(void **state)
{
    struct media_limits limits = media_limits_default;
    const char *text = HEADER "element vertex 2\n" XYZ "end_header\n1 2 3\n4 5 6\n";

    (void)state;
    limits.points_max = 1;
    refuse_job((struct media_job){.kind = MEDIA_POINTS, .bytes = text, .n_bytes = strlen(text), .limits = &limits},
               -EFBIG, "the cloud has 2 points, the limit is 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_read),
        cmocka_unit_test(little_endian_is_read),
        cmocka_unit_test(big_endian_is_read),
        cmocka_unit_test(colours_may_be_floats_or_absent),
        cmocka_unit_test(wrong_files_are_refused),
        cmocka_unit_test(the_limit_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
