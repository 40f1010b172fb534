#include "tests/unit/media/media_test.h"

static void assert_values(const struct raw_media *media, const double *expected, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double value = media->element == MEDIA_F64 ? ((const double *)media->data)[i] : ((const float *)media->data)[i];

        if (value != expected[i])
            fail_msg("element %zu: expected %g, found %g", i, expected[i], value);
    }
}

/* Decodes as an array, the kind with the fewest rules of its own. */
static void check(struct buffer file, enum media_element element, size_t rows, size_t columns, const double *expected)
{
    struct raw_media media = decode(MEDIA_ARRAY, file.bytes, file.size);

    assert_shape(&media, element, SHAPE(rows, columns));
    assert_string_equal(media.format, "npy");
    if (element != MEDIA_F16)
        assert_values(&media, expected, rows * columns);
    raw_media_deinit(&media);
    buffer_deinit(&file);
}

static void every_type_is_read(void **state)
{
    const double expected[] = {1, 2, 3, 4, 5, 6};

    (void)state;
#define CHECK(type, name, element)                                                                                     \
    check(build_npy(name, "False", "(2, 3)", (type[]){1, 2, 3, 4, 5, 6}, 6 * sizeof(type)), element, 2, 3, expected)
    CHECK(uint8_t, "|u1", MEDIA_F32);
    CHECK(int8_t, "|i1", MEDIA_F32);
    CHECK(uint16_t, "<u2", MEDIA_F32);
    CHECK(int16_t, "<i2", MEDIA_F32);
    CHECK(uint32_t, "<u4", MEDIA_F32);
    CHECK(int32_t, "<i4", MEDIA_F32);
    CHECK(uint64_t, "<u8", MEDIA_F32);
    CHECK(int64_t, "<i8", MEDIA_F32);
    CHECK(float, "<f4", MEDIA_F32);
    CHECK(double, "<f8", MEDIA_F64);
    CHECK(double, "=f8", MEDIA_F64);
#undef CHECK
    check(build_npy("|b1", "False", "(1, 2)", "\1\0", 2), MEDIA_F32, 1, 2, (double[]){1, 0});
    check(build_npy(">i2", "False", "(1, 2)", "\0\1\xff\xff", 4), MEDIA_F32, 1, 2, (double[]){1, -1});
    check(build_npy(">f4", "False", "(1, 1)", "\x3f\x80\0\0", 4), MEDIA_F32, 1, 1, (double[]){1});
}

static void halves_stay_halves(void **state)
{
    struct buffer file = build_npy(">f2", "False", "(2, 2)", "\x3c\x00\xc0\x00\x00\x01\x7b\xff", 8);
    struct raw_media media = decode(MEDIA_ARRAY, file.bytes, file.size);

    (void)state;
    assert_shape(&media, MEDIA_F16, SHAPE(2, 2));
    assert_memory_equal(media.data, "\x00\x3c\x00\xc0\x01\x00\xff\x7b", 8);
    raw_media_deinit(&media);
    buffer_deinit(&file);
    file = build_npy("<f2", "False", "(2,)", "\x00\x3c\x00\x7c", 4);
    refuse(MEDIA_ARRAY, file.bytes, file.size, -EBADMSG, "index 1 is infinite");
    buffer_deinit(&file);
}

static void both_orders_are_read(void **state)
{
    const float values[] = {1, 2, 3, 4, 5, 6};

    (void)state;
    check(build_npy("<f4", "True", "(2, 3)", values, sizeof(values)), MEDIA_F32, 2, 3, (double[]){1, 3, 5, 2, 4, 6});
    check(build_npy("<f4", "True", "(1, 2, 3)", values, sizeof(values)), MEDIA_F32, 1, 6, (double[]){1, 3, 5, 2, 4, 6});
    check(build_npy("<f4", "False", "(6,)", values, sizeof(values)), MEDIA_F32, 1, 6, (double[]){1, 2, 3, 4, 5, 6});
}

/* Only the spelling differs. */
static void headers_may_vary(void **state)
{
    static const char *const headers[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
        "{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"<f4\"}",
        "{'shape': (2L,), 'descr': '<f4', 'fortran_order': False}        \n",
        "  { 'fortran_order' : False , 'shape' : ( 2 ) , 'descr' : '<f4' } ",
    };

    (void)state;
    for (int version = 1; version <= 3; version++) {
        for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
            struct buffer file = new_buffer();
            uint32_t n = (uint32_t)strlen(headers[i]);

            put(&file, "\x93NUMPY", 6);
            PUT(&file, uint8_t, (uint8_t)version);
            PUT(&file, uint8_t, 0);
            put(&file, &n, version == 1 ? 2 : 4);
            put(&file, headers[i], n);
            put(&file, (float[]){7, 8}, 8);
            check(file, MEDIA_F32, 1, 2, (double[]){7, 8});
        }
    }
}

static void refuse_header(const char *header, const char *message)
{
    struct buffer file = new_buffer();

    put(&file, "\x93NUMPY\x01", 7);
    put(&file, "", 1);
    PUT(&file, uint16_t, (uint16_t)strlen(header));
    put(&file, header, strlen(header));
    put(&file, (double[]){1, 2, 3, 4}, 32);
    refuse(MEDIA_ARRAY, file.bytes, file.size, -EBADMSG, message);
    buffer_deinit(&file);
}

static void wrong_headers_are_refused(void **state)
{
    (void)state;
    refuse_header("", "header is damaged");
    refuse_header("{}", "header is damaged");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)", "header is damaged");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "header is damaged");
    refuse_header("{'descr': '<f4', 'fortran_order': False}", "header is damaged");
    refuse_header("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}", "header is damaged");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", "header is damaged");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2 2)}", "header is damaged");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1)}", "more than 4 dimensions");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "header is damaged");
    refuse_header("{'descr': '<f4', 'evil': False, 'shape': (2,)}", "header is damaged");
    refuse_header("{'descr': __import__('os'), 'fortran_order': False, 'shape': (2,)}", "plain numbers");
    refuse_header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", "plain numbers");
    refuse_header("{'descr': '<c8', 'fortran_order': False, 'shape': (2,)}", "type \"<c8\"");
    refuse_header("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", "type \"|O\"");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3)}", "the NPY array is empty");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (9,)}",
                  "its header says 36 bytes, the file has 32");
}

/* A small file that claims petabytes must cost nothing. */
static void huge_claims_are_refused(void **state)
{
    (void)state;
    refuse_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 1024)}", "cut off");
    refuse_header("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "cut off");
    refuse_header("{'descr': '<f8', 'fortran_order': True, 'shape': (4294967296, 4294967296, 4294967296, 2)}",
                  "cut off");
}

static void cut_files_are_refused(void **state)
{
    struct buffer file = build_npy("<f4", "False", "(2, 3)", (float[]){1, 2, 3, 4, 5, 6}, 24);

    (void)state;
    refuse_every_cut(MEDIA_ARRAY, file.bytes, file.size, 1);
    survive_every_change(MEDIA_ARRAY, file.bytes, file.size, 1);
    file.bytes[6] = 4;
    refuse(MEDIA_ARRAY, file.bytes, file.size, -EBADMSG, "header is damaged");
    buffer_deinit(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),        cmocka_unit_test(halves_stay_halves),
        cmocka_unit_test(both_orders_are_read),      cmocka_unit_test(headers_may_vary),
        cmocka_unit_test(wrong_headers_are_refused), cmocka_unit_test(huge_claims_are_refused),
        cmocka_unit_test(cut_files_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
