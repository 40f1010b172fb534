/* value, random */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/value.h"

static struct value *parse(const char *text)
{
    struct value *value = NULL;

    assert_int_equal(value_parse_json(text, strlen(text), &value, NULL), 0);
    return value;
}

static void reads_members(void **state)
{
    struct value *value = parse("{\"a\": [1, 2.5, \"x\", true, null], \"b\": {}}");
    const struct value *array = value_get(value, "a");
    int64_t integer;
    double number;
    bool boolean;

    (void)state;
    assert_true(value_is_object(value));
    assert_true(value_is_array(array));
    assert_int_equal(value_size(value), 2);
    assert_int_equal(value_size(array), 5);
    assert_true(value_integer(value_at(array, 0), &integer));
    assert_int_equal(integer, 1);
    assert_true(value_number(value_at(array, 0), &number));
    assert_true(value_number(value_at(array, 1), &number));
    assert_true(number == 2.5);
    assert_false(value_integer(value_at(array, 1), &integer));
    assert_string_equal(value_text(value_at(array, 2)), "x");
    assert_true(value_boolean(value_at(array, 3), &boolean));
    assert_true(boolean);
    assert_false(value_boolean(value_at(array, 4), &boolean));
    assert_null(value_text(value_at(array, 0)));
    assert_null(value_at(array, 5));
    assert_null(value_get(value, "c"));
    assert_null(value_get(NULL, "c"));
    assert_false(value_number(NULL, &number));
    value_free(value);
}

static void refuses_bad_text(void **state)
{
    static const char *const texts[] = {
        "", "{", "[1,]", "{\"a\":1,\"a\":2}", "1 2", "nul", "\"\xff\"", "\"\\u0000\"", "NaN", "1e999"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct error error = ERROR_NONE;
        struct value *value = NULL;

        assert_int_equal(value_parse_json(texts[i], strlen(texts[i]), &value, &error), -EILSEQ);
        assert_null(value);
        assert_non_null(strstr(error.message, "not valid JSON at line 1"));
    }
}

static void refuses_deep_nesting(void **state)
{
    char deep[5000];
    struct value *value = NULL;

    (void)state;
    memset(deep, '[', sizeof(deep));
    assert_int_equal(value_parse_json(deep, sizeof(deep), &value, NULL), -EILSEQ);
}

/* An array of n times the same; what stands in strings is no value. */
static int parse_many(const char *item, size_t n)
{
    struct value *value = NULL;
    struct buffer text;
    int r;

    buffer_init(&text, SIZE_MAX);
    for (size_t i = 0; i < n; i++)
        buffer_printf(&text, "%c%s", i ? ',' : '[', item);
    buffer_append_text(&text, "]");
    r = value_parse_json(text.bytes, text.size, &value, NULL);
    value_free(value);
    buffer_deinit(&text);
    return r;
}

static void refuses_too_many_values(void **state)
{
    (void)state;
    assert_int_equal(parse_many("{}", (1 << 16) - 1), 0);
    assert_int_equal(parse_many("{}", 1 << 16), -EFBIG);
    assert_int_equal(parse_many("\"[,\\\"{\"", 100000), 0);
    assert_int_equal(parse_many("0", (1 << 20) + 1), 0);
    assert_int_equal(parse_many("0", (1 << 20) + 2), -EFBIG);
}

static void writes_what_was_built(void **state)
{
    struct value *object = value_object(), *array = value_array();
    struct buffer text;

    (void)state;
    buffer_init(&text, 1000);
    value_set_text(object, "text", "a\"b");
    value_set_text_n(object, "part", "abcdef", 2);
    value_set_text(object, "broken", "x\xff\xc3y\xed\xa0\x80\xe2\x82\xac");
    value_set_integer(object, "integer", -5);
    value_set_number(object, "number", 0.25);
    value_set_number(object, "nan", NAN);
    value_set_boolean(object, "true", true);
    value_set_null(object, "null");
    value_add_text(array, "one");
    value_add_integer(array, 2);
    value_add_number(array, 3.5);
    value_set(object, "array", array);
    assert_int_equal(value_write_json(object, false, &text), 0);
    assert_string_equal(text.bytes,
                        "{\"text\":\"a\\\"b\",\"part\":\"ab\",\"broken\":\"x\xef\xbf\xbd\xef\xbf\xbdy\xef\xbf\xbd"
                        "\xef\xbf\xbd\xef\xbf\xbd\xe2\x82\xac\",\"integer\":-5,\"number\":0.25,\"nan\":null,"
                        "\"true\":true,\"null\":null,\"array\":[\"one\",2,3.5]}");
    buffer_clear(&text);
    text.size_max = 10;
    assert_int_equal(value_write_json(object, false, &text), -ENOMEM);
    assert_int_equal(value_write_json(NULL, false, &text), -ENOMEM);
    value_free(object);
    buffer_deinit(&text);
}

/* The first numbers of the generator's reference implementation (pcg32 demo: seed 42, stream 54). */
static void random_is_pcg32(void **state)
{
    static const uint32_t known[] = {0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b, 0xcbed606e};
    struct random random;

    (void)state;
    random_init(&random, 42, 54);
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        assert_int_equal(random_u32(&random), known[i]);
}

static void random_stays_in_range(void **state)
{
    struct random random;
    unsigned counts[7] = {0};
    double sum = 0;

    (void)state;
    random_init(&random, 7, 0);
    for (int i = 0; i < 70000; i++) {
        double unit = random_unit(&random);

        assert_true(unit >= 0 && unit < 1);
        sum += unit;
        counts[random_below(&random, 7)]++;
    }
    assert_true(fabs(sum / 70000 - 0.5) < 0.01);
    for (int i = 0; i < 7; i++)
        assert_in_range(counts[i], 9500, 10500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_members),         cmocka_unit_test(refuses_bad_text),
        cmocka_unit_test(refuses_deep_nesting),  cmocka_unit_test(refuses_too_many_values),
        cmocka_unit_test(writes_what_was_built), cmocka_unit_test(random_is_pcg32),
        cmocka_unit_test(random_stays_in_range),
    };

    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
