#include "tests/unit/media/media_test.h"

#include "core/media/table.h"

static struct table parse(const char *text)
{
    struct error error = {0};
    struct table table = {0};

    if (table_parse(text, strlen(text), &table, &error) != 0)
        fail_msg("%s", error.message);
    return table;
}

static void check(const char *text, size_t n_rows, size_t n_columns, const double *expected)
{
    struct table table = parse(text);

    assert_int_equal(table.n_rows, n_rows);
    assert_int_equal(table.n_columns, n_columns);
    for (size_t i = 0; i < n_rows * n_columns; i++)
        if (table.values[i] != expected[i])
            fail_msg("%s: number %zu is %g, expected %g", text, i, table.values[i], expected[i]);
    table_deinit(&table);
}

static void every_separator_is_read(void **state)
{
    const double expected[] = {1, 2.5, -3, 4, 5e3, 6};

    (void)state;
    check("1,2.5,-3\n4,5e3,6\n", 2, 3, expected);
    check("1;2.5;-3\n4;5e3;6", 2, 3, expected);
    check("1\t2.5\t-3\r\n4\t5e3\t6\r\n", 2, 3, expected);
    check("1 2.5   -3\r4 5e3 6\r", 2, 3, expected);
    check("  1 , 2.5 ,-3  \n\n\n 4, \"5e3\", 6\n\n", 2, 3, expected);
    check("\xef\xbb\xbf# comment, with commas\n1 2.5 -3\n// another\n4 5e3 6", 2, 3, expected);
    check("7", 1, 1, (double[]){7});
    check("7\n8\n9\n", 3, 1, (double[]){7, 8, 9});
}

static void a_header_names_columns(void **state)
{
    struct table table = parse("# a log\nTime (s), \"Accel X\" ,y\n1,2,3\n");

    (void)state;
    assert_int_equal(table.n_names, 3);
    assert_string_equal(table.names[0], "time (s)");
    assert_string_equal(table.names[1], "accel x");
    assert_string_equal(table.names[2], "y");
    assert_int_equal(table.n_rows, 1);
    table_deinit(&table);
    table = parse("1,2,3\n");
    assert_int_equal(table.n_names, 0);
    table_deinit(&table);
}

static void long_headers_are_cut(void **state)
{
    struct buffer text = new_buffer();
    struct table table;

    (void)state;
    for (int i = 0; i < 40; i++)
        assert_int_equal(buffer_printf(&text, "%sa_name_that_is_longer_than_there_is_room_for_%d", i ? "," : "", i), 0);
    for (int i = 0; i < 40; i++)
        assert_int_equal(buffer_printf(&text, "%s%d", i ? "," : "\n", i), 0);
    table = parse(text.bytes);
    assert_int_equal(table.n_columns, 40);
    assert_int_equal(table.n_names, TABLE_NAMES_MAX);
    assert_int_equal(strlen(table.names[15]), TABLE_NAME_SIZE - 1);
    assert_true(table.values[39] == 39);
    table_deinit(&table);
    buffer_deinit(&text);
}

static void check_refused(const char *text, const char *message)
{
    struct error error = {0};
    struct table table = {0};

    if (table_parse(text, strlen(text), &table, &error) != -EBADMSG || !strstr(error.message, message))
        fail_msg("expected \"%s\", found \"%s\"", message, error.message);
    assert_null(table.values);
}

static void errors_name_line_and_column(void **state)
{
    (void)state;
    check_refused("1,2\n# x\n3,four\n", "line 3, column 2: expected a number, found \"four\"");
    check_refused("1,2\n3\n", "line 2 has 1 numbers, expected 2");
    check_refused("a,b\n3,4,5\n", "line 2 has 3 numbers, expected 2");
    check_refused("1,2\n3,nan\n", "line 2, column 2: the number is NaN or infinite");
    check_refused("1,2\n-inf,3\n", "line 2, column 1: the number is NaN or infinite");
    check_refused("1,1e999\n", "line 1, column 2: the number is NaN or infinite");
    check_refused("1,,2\n", "line 1, column 2: expected a number, found \"\"");
    check_refused("1,2,\n", "line 1, column 3: expected a number");
    check_refused("1,b\n", "line 1, column 2: expected a number, found \"b\"");
    check_refused("1,0x10\n", "column 2: expected a number, found \"0x10\"");
    check_refused("1,2\n1 2,3\n", "line 2, column 1: expected a number, found \"1 2\"");
    check_refused("a,b\nc,d\n", "line 2, column 1: expected a number, found \"c\"");
    check_refused("1,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
                  "found \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"");
    check_refused("1,\x1b[2J\xff\n", "found \"?[2J?\"");
    check_refused("", "the file has no numbers");
    check_refused("\n \n# only this\n", "the file has no numbers");
    check_refused("a,b\n", "the file has no numbers");
}

static void many_rows_are_read(void **state)
{
    struct buffer text = new_buffer();
    struct table table;

    (void)state;
    for (int i = 0; i < 5000; i++)
        assert_int_equal(buffer_printf(&text, "%d.25 %d\n", i, -i), 0);
    table = parse(text.bytes);
    assert_int_equal(table.n_rows, 5000);
    for (int i = 0; i < 5000; i++)
        assert_true(table.values[2 * i] == i + 0.25 && table.values[2 * i + 1] == -i);
    table_deinit(&table);
    buffer_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_separator_is_read), cmocka_unit_test(a_header_names_columns),
        cmocka_unit_test(long_headers_are_cut),    cmocka_unit_test(errors_name_line_and_column),
        cmocka_unit_test(many_rows_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
