#include "tests/unit/media/media_test.h"

#include "core/media/numbers.h"

static void text_becomes_a_number(void **state)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"0", 0}, {"-1.5", -1.5}, {"+2e3", 2000}, {".5", .5}, {"7.", 7}, {"1E-2", .01}};
    double value;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_true(number_from_text(cases[i].text, strlen(cases[i].text), &value));
        assert_true(value == cases[i].value);
    }
    assert_true(number_from_text("12345", 3, &value) && value == 123);
    assert_true(number_from_text("nan", 3, &value) && isnan(value));
    assert_true(number_from_text("-INF", 4, &value) && isinf(value));
}

static void other_text_does_not(void **state)
{
    static const char *const cases[] = {"",      " 1",  "1 ",       "1,5", "0x10", "abc", "1e",
                                        "1.2.3", "--1", "nan(0x1)", "é",   "1f",   "\n1"};
    char zeros[100];
    double value;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (number_from_text(cases[i], strlen(cases[i]), &value))
            fail_msg("\"%s\" became %g", cases[i], value);
    memset(zeros, '0', sizeof(zeros));
    assert_true(number_from_text(zeros, 63, &value));
    assert_false(number_from_text(zeros, 64, &value));
}

static double load_one(enum number_type type, bool swapped, const void *bytes)
{
    struct number_run run = {.type = type, .swapped = swapped, .at = bytes, .stride = number_size(type)};
    double value;

    number_run_load(&run, 0, 1, &value);
    return value;
}

static void every_type_is_loaded(void **state)
{
    (void)state;
    assert_true(load_one(NUMBER_U8, false, "\xff") == 255);
    assert_true(load_one(NUMBER_I8, false, "\xff") == -1);
    assert_true(load_one(NUMBER_U16, false, "\xfe\xff") == 65534);
    assert_true(load_one(NUMBER_I16, true, "\xff\xfe") == -2);
    assert_true(load_one(NUMBER_U32, true, "\x80\0\0\1") == 2147483649.0);
    assert_true(load_one(NUMBER_I32, false, "\0\0\0\x80") == -2147483648.0);
    assert_true(load_one(NUMBER_U64, true, "\x80\0\0\0\0\0\0\0") == 0x1p63);
    assert_true(load_one(NUMBER_I64, true, "\xff\xff\xff\xff\xff\xff\xff\xfd") == -3);
    assert_true(load_one(NUMBER_F32, true, "\xbf\xc0\0\0") == -1.5);
    assert_true(load_one(NUMBER_F64, true, "\x3f\xd0\0\0\0\0\0\0") == 0.25);
    assert_true(load_one(NUMBER_F16, false, "\x00\x3c") == 1);
    assert_true(load_one(NUMBER_F16, true, "\xc0\x00") == -2);
    assert_true(load_one(NUMBER_F16, false, "\x01\x00") == 0x1p-24);
    assert_true(load_one(NUMBER_F16, false, "\xff\x7b") == 65504);
    assert_true(isinf(load_one(NUMBER_F16, false, "\x00\x7c")));
    assert_true(isnan(load_one(NUMBER_F16, false, "\x01\x7c")));
}

static void copies_follow_strides(void **state)
{
    const int16_t values[] = {1, 2, 3, 4, 5, 6};
    struct numbers numbers = {.type = NUMBER_I16, .n_dims = 2, .shape = {2, 3}, .strides = {6, 2}};
    char text[NUMBERS_DESCRIBE_SIZE];
    double doubles[6];
    float floats[6];

    (void)state;
    numbers.data = (const uint8_t *)values;
    assert_int_equal(numbers_count(&numbers), 6);
    assert_string_equal(numbers_describe(&numbers, text, sizeof(text)), "(2, 3)");
    assert_int_equal(numbers_copy(&numbers, MEDIA_F32, floats, NULL), 0);
    assert_true(floats[1] == 2 && floats[5] == 6);
    numbers_transpose(&numbers);
    assert_string_equal(numbers_describe(&numbers, text, sizeof(text)), "(3, 2)");
    assert_int_equal(numbers_copy(&numbers, MEDIA_F64, doubles, NULL), 0);
    assert_true(doubles[0] == 1 && doubles[1] == 4 && doubles[2] == 2 && doubles[5] == 6);
    numbers.n_dims = 0;
    assert_string_equal(numbers_describe(&numbers, text, sizeof(text)), "()");
    numbers.n_dims = 1;
    assert_string_equal(numbers_describe(&numbers, text, sizeof(text)), "(3,)");
}

/* Longer than the part that is converted at once. */
static void long_rows_are_whole(void **state)
{
    enum { N = 1000 };
    uint16_t values[N];
    float floats[N];
    struct numbers numbers = {.type = NUMBER_U16, .n_dims = 1, .shape = {N}, .strides = {2}};

    (void)state;
    for (int i = 0; i < N; i++)
        values[i] = (uint16_t)(i * 7);
    numbers.data = (const uint8_t *)values;
    assert_int_equal(numbers_copy(&numbers, MEDIA_F32, floats, NULL), 0);
    for (int i = 0; i < N; i++)
        assert_true(floats[i] == (float)(i * 7));
}

static void what_is_not_finite_is_named(void **state)
{
    double values[] = {1, 2, NAN, 1e300};
    struct numbers numbers = {.type = NUMBER_F64, .n_dims = 2, .shape = {2, 2}, .strides = {16, 8}};
    struct error error = {0};
    float floats[4];
    double doubles[4];

    (void)state;
    numbers.data = (const uint8_t *)values;
    assert_int_equal(numbers_copy(&numbers, MEDIA_F64, doubles, &error), -EBADMSG);
    assert_string_equal(error.message, "the number at index 2 is NaN");
    numbers.data += 16;
    numbers.shape[0] = 1;
    error = ERROR_NONE;
    values[2] = -INFINITY;
    assert_int_equal(numbers_copy(&numbers, MEDIA_F32, floats, &error), -EBADMSG);
    assert_string_equal(error.message, "the number at index 0 is infinite");
    error = ERROR_NONE;
    values[2] = 0;
    assert_int_equal(numbers_copy(&numbers, MEDIA_F32, floats, &error), -EBADMSG);
    assert_string_equal(error.message, "the number at index 1 (1e+300) does not fit 32-bit floats");
    assert_int_equal(numbers_copy(&numbers, MEDIA_F64, doubles, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_a_number), cmocka_unit_test(other_text_does_not),
        cmocka_unit_test(every_type_is_loaded),  cmocka_unit_test(copies_follow_strides),
        cmocka_unit_test(long_rows_are_whole),   cmocka_unit_test(what_is_not_finite_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
