#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "core/base/error.h"
#include "core/cli/arguments.h"
#include "core/cli/cli.h"
#include "tests/unit/cli/run.h"

static const char *text;
static uint64_t number;
static bool given;
static char collected[64];
static int n_positionals;
static const char *positionals[WORDS_MAX];

static int collect(const struct option_row *row, const char *value, struct error *error)
{
    if (strcmp(value, "bad") == 0)
        return error_set(error, -EINVAL, "is bad");
    if (strcmp(value, "missing") == 0)
        return error_set(error, -ENOENT, "is not there");
    snprintf(collected + strlen(collected), sizeof(collected) - strlen(collected), "%s%zu;", value, row->index);
    return 0;
}

static int command(int argc, char **argv)
{
    const struct option_row rows[] = {
        {.name = "text", .value = "T", .sentence = "a text", .required = true, .text = &text},
        {.name = "number", .value = "N", .sentence = "a number", .integer = &number, .minimum = 2, .maximum = 9},
        {.name = "switch", .sentence = "a switch", .given = &given},
        {.name = "call", .value = "C", .sentence = "a call", .default_text = "none", .call = collect, .index = 7},
    };
    const struct arguments arguments = {.command = "test",
                                        .sentence = "is tested",
                                        .positionals = "FILE...",
                                        .positionals_min = 1,
                                        .positionals_max = 2,
                                        .rows = rows,
                                        .n_rows = ARRAY_SIZE(rows)};
    int r;

    text = NULL;
    number = 0;
    given = false;
    collected[0] = '\0';
    r = arguments_parse(&arguments, argc, argv, &n_positionals);
    for (int i = 0; r == 0 && i < n_positionals; i++)
        positionals[i] = strcmp(argv[i], "one") == 0 ? "one" : strcmp(argv[i], "--two") == 0 ? "--two" : "other";
    return r ? exit_status_of(r) : EXIT_DONE;
}
#define TRY(...) _cleanup_(run_deinit) struct run run = RUN(command, "", __VA_ARGS__)

static void test_values_follow_or_are_joined(void **state)
{
    (void)state;
    TRY("--text", "abc", "one", "--number=4", "--switch", "--call=x=y", "--call", "");
    assert_run(run, EXIT_DONE, "");
    assert_int_equal(number, 4);
    assert_true(given);
    assert_string_equal(collected, "x=y7;7;");
    assert_int_equal(n_positionals, 1);
    assert_string_equal(positionals[0], "one");
    assert_string_equal(run.err, "");
}

static void test_values_may_look_like_options(void **state)
{
    (void)state;
    TRY("--call", "--text", "--text=", "--", "one", "--two");
    assert_run(run, EXIT_DONE, "");
    assert_string_equal(collected, "--text7;");
    assert_int_equal(n_positionals, 2);
    assert_string_equal(positionals[1], "--two");
}

static void test_help_is_made_of_the_table(void **state)
{
    (void)state;
    TRY("--number", "4", "--help", "--nonsense");
    assert_run(run, EXIT_DONE, "");
    assert_non_null(strstr(run.out, "Usage: onellm test --text T [options] FILE...\n"));
    assert_non_null(strstr(run.out, "  --call C                a call [none]\n"));
    assert_non_null(strstr(run.out, "  --switch                a switch\n"));
}

static void refuse(const char *const *words, const char *message)
{
    _cleanup_(run_deinit) struct run run = run_command(command, "", words);

    assert_run(run, EXIT_USAGE, message);
    assert_non_null(strstr(run.err, "Try \"onellm test --help\"."));
    assert_string_equal(run.out, "");
}
#define REFUSE(message, ...) refuse((const char *const[]){__VA_ARGS__, NULL}, message)

static void test_wrong_use_is_explained(void **state)
{
    (void)state;
    REFUSE("onellm test: unknown option \"--txt\"", "--txt", "abc", "one");
    REFUSE("onellm test: unknown option \"-t\"", "-t", "abc");
    REFUSE("unknown option \"--tex=\"", "--tex=", "abc");
    REFUSE("--text T is missing", "one");
    REFUSE("FILE... is missing", "--text", "abc");
    REFUSE("--text needs a value: T", "one", "--text");
    REFUSE("--switch takes no value", "--switch=1");
    REFUSE("one argument too many: \"three\"", "one", "two", "three");
    REFUSE("--number: must be an integer from 2 to 9", "--number", "1");
    REFUSE("--number: must be an integer from 2 to 9", "--number", "10");
    REFUSE("--number: must be an integer from 2 to 9", "--number", "4x");
    REFUSE("--number: must be an integer from 2 to 9", "--number", "99999999999999999999");
    REFUSE("--call: is bad", "--call", "bad");
}

static void test_failures_are_not_wrong_use(void **state)
{
    (void)state;
    TRY("--call", "missing");
    assert_run(run, EXIT_FAILED, "onellm test: --call: is not there\n");
    assert_null(strstr(run.err, "--help"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_follow_or_are_joined), cmocka_unit_test(test_values_may_look_like_options),
        cmocka_unit_test(test_help_is_made_of_the_table),   cmocka_unit_test(test_wrong_use_is_explained),
        cmocka_unit_test(test_failures_are_not_wrong_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
