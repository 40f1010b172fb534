#include "tests/unit/media/media_test.h"

static void check(struct raw_media media, const char *format, size_t n_points, size_t n_columns, const float *expected)
{
    assert_shape(&media, MEDIA_F32, SHAPE(n_points, n_columns));
    assert_string_equal(media.format, format);
    for (size_t i = 0; i < n_points * n_columns; i++)
        assert_float_equal(((float *)media.data)[i], expected[i], 1e-6);
    raw_media_deinit(&media);
}

static void arrays_are_read(void **state)
{
    const double values[] = {1, 2, 3, 0.5, 0.25, 1, 4, 5, 6, 0, 0, 0.125};
    struct buffer file = build_npy("<f8", "False", "(2, 6)", values, sizeof(values));

    (void)state;
    check(decode(MEDIA_POINTS, file.bytes, file.size), "npy", 2, 6,
          (float[]){1, 2, 3, .5, .25, 1, 4, 5, 6, 0, 0, .125});
    buffer_deinit(&file);
    file = build_npy("<f8", "True", "(4, 3)", values, sizeof(values));
    check(decode(MEDIA_POINTS, file.bytes, file.size), "npy", 4, 3,
          (float[]){1, .25, 6, 2, 1, 0, 3, 4, 0, .5, 5, .125});
    buffer_deinit(&file);
}

static void text_is_read(void **state)
{
    const char *text = "# x y z\n1 2 3\n4 5 6\n";
    const char *bytes = "x,y,z,r,g,b\n1,2,3,255,51,0\n4,5,6,0,0,102\n";
    const char *units = "1 2 3 1.0 0.2 0\n";

    (void)state;
    check(decode(MEDIA_POINTS, text, strlen(text)), "xyz", 2, 3, (float[]){1, 2, 3, 4, 5, 6});
    check(decode(MEDIA_POINTS, bytes, strlen(bytes)), "xyz", 2, 6, (float[]){1, 2, 3, 1, .2f, 0, 4, 5, 6, 0, 0, .4f});
    check(decode(MEDIA_POINTS, units, strlen(units)), "xyz", 1, 6, (float[]){1, 2, 3, 1, .2f, 0});
}

static void other_shapes_are_refused(void **state)
{
    const float values[12] = {0};
    struct buffer file = build_npy("<f4", "False", "(3, 4)", values, sizeof(values));

    (void)state;
    refuse(MEDIA_POINTS, file.bytes, file.size, -EBADMSG, "expected points of shape (N, 3) or (N, 6); found (3, 4)");
    buffer_deinit(&file);
    file = build_npy("<f4", "False", "(12,)", values, sizeof(values));
    refuse(MEDIA_POINTS, file.bytes, file.size, -EBADMSG, "found (12,)");
    buffer_deinit(&file);
    refuse_text(MEDIA_POINTS, "1 2\n3 4\n", -EBADMSG, "found (2, 2)");
    refuse_text(MEDIA_POINTS, "", -EBADMSG, "the file is empty");
}

static void numbers_must_be_finite(void **state)
{
    float values[600];
    struct buffer file;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        values[i] = (float)i / 600;
    values[570] = NAN; /* point 190, a coordinate */
    file = build_npy("<f4", "False", "(200, 3)", values, sizeof(values));
    refuse(MEDIA_POINTS, file.bytes, file.size, -EBADMSG, "point 190 is NaN or infinite");
    buffer_deinit(&file);
    values[570] = 0;
    values[5] = INFINITY; /* point 0, a colour */
    file = build_npy("<f4", "False", "(100, 6)", values, sizeof(values));
    refuse(MEDIA_POINTS, file.bytes, file.size, -EBADMSG, "point 0 is NaN or infinite");
    buffer_deinit(&file);
    file = build_npy("<f8", "False", "(1, 3)", (double[]){1, 2, 1e300}, 24);
    refuse(MEDIA_POINTS, file.bytes, file.size, -EBADMSG, "point 0 is NaN or infinite");
    buffer_deinit(&file);
}

static void the_limit_holds(void **state)
{
    struct media_limits limits = media_limits_default;
    const char *text = "1 2 3\n4 5 6\n7 8 9\n";
    struct media_job job = {.kind = MEDIA_POINTS, .bytes = text, .n_bytes = strlen(text), .limits = &limits};
    struct raw_media media;

    (void)state;
    limits.points_max = 3;
    media = decode_job(job);
    raw_media_deinit(&media);
    limits.points_max = 2;
    refuse_job(job, -EFBIG, "the cloud has 3 points, the limit is 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_read),          cmocka_unit_test(text_is_read),
        cmocka_unit_test(other_shapes_are_refused), cmocka_unit_test(numbers_must_be_finite),
        cmocka_unit_test(the_limit_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
