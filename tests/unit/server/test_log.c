/* Is a line one line whatever a client put into it, and does the level hold? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "server/log.h"

static void test_quote(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"/v1/answers", "/v1/answers"},
        {"", "\"\""},
        {"two words", "\"two words\""},
        {"a=b", "\"a=b\""},
        {"say \"x\\y\"", "\"say \\\"x\\\\y\\\"\""},
        {"x\nlevel=error event=forged\r\x1b[31m", "\"x\\x0alevel=error event=forged\\x0d\\x1b[31m\""},
        {"\x7f", "\"\\x7f\""},
        {"\xc3\xa4", "\"\xc3\xa4\""},
    };
    char quoted[LOG_QUOTE_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(log_quote(cases[i].text, quoted, sizeof(quoted)), cases[i].expected);
}

static void test_quote_is_cut_off(void **state)
{
    char text[2000], *quoted;

    (void)state;
    for (size_t n = 8; n < 40; n++) {
        memset(text, '\n', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        quoted = malloc(n);
        assert_non_null(quoted);
        assert_true(strlen(log_quote(text, quoted, n)) < n);
        memset(text, 'x', sizeof(text) - 1);
        assert_int_equal(strlen(log_quote(text, quoted, n)), n - 1);
        free(quoted);
    }
}

/* What log_event() writes to standard error. */
static size_t logged(enum log_level level, const char *text, char *ret, size_t n)
{
    int saved = dup(STDERR_FILENO), ends[2];
    ssize_t n_read;

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_event(level, "test", "text=%s number=%d", text, 7);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    n_read = read(ends[0], ret, n - 1);
    close(ends[0]);
    assert_true(n_read >= 0);
    ret[n_read] = '\0';
    return (size_t)n_read;
}

static void test_lines(void **state)
{
    char line[8192], text[5000];

    (void)state;
    log_set(LOG_WARNING, LOG_TEXT);
    assert_int_equal(logged(LOG_INFO, "x", line, sizeof(line)), 0);
    assert_true(logged(LOG_WARNING, "x", line, sizeof(line)) > 0);
    assert_memory_equal(line, "time=20", 7);
    assert_string_equal(line + strlen("time=2026-01-02T03:04:05.678Z "), "level=warning event=test text=x number=7\n");
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(logged(LOG_ERROR, text, line, sizeof(line)), 2047);
    assert_int_equal(strcspn(line, "\n"), 2046);
}

static void test_json(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"x", "\"x\""},
        {"7", "7"},
        {"-1.5", "-1.5"},
        {"true", "true"},
        {"1.2.3", "\"1.2.3\""},
        {"/v1/answers", "\"/v1/answers\""},
        {"\"two words\"", "\"two words\""},
        {"\"say \\\"x\\\\y\\\"\"", "\"say \\\"x\\\\y\\\"\""},
        {"\"a\\x0ab event=forged\"", "\"a\\nb event=forged\""},
        {"\"\xff\"", "\"\xef\xbf\xbd\""},
        {"\"cut off", "\"cut off number=7\""},
    };
    char line[8192], expected[512], text[5000];

    (void)state;
    log_set(LOG_INFO, LOG_JSON);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        snprintf(expected, sizeof(expected), "\"level\":\"info\",\"event\":\"test\",\"text\":%s%s}\n",
                 cases[i].expected, strstr(cases[i].expected, "number") ? "" : ",\"number\":7");
        logged(LOG_INFO, cases[i].text, line, sizeof(line));
        assert_memory_equal(line, "{\"time\":\"20", 11);
        assert_string_equal(line + strlen("{'time':'2026-01-02T03:04:05.678Z',"), expected);
    }
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_true(logged(LOG_ERROR, text, line, sizeof(line)) < 2100);
    assert_int_equal(strcspn(line, "\n"), strlen(line) - 1);
    log_set(LOG_INFO, LOG_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_quote_is_cut_off),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
