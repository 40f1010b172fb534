/* Does the judgement of a request's header let through only what ends in one certain place? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "server/http_head.h"

#define N_HEADERS 4

static void test_check(void **state)
{
    static const struct {
        const char *headers[N_HEADERS][2];
        bool is_http_1_0;
        int result;
        uint64_t content_length;
        const char *part; /* of the message */
    } cases[] = {
        {{{"Host", "x"}}, false, 0, 0, ""},
        {{{NULL}}, true, 0, 0, ""},
        {{{NULL}}, false, -EINVAL, 0, "one Host"},
        {{{"Host", "x"}, {"host", "x"}}, false, -EINVAL, 0, "one Host"},
        {{{"Host", "x"}, {"Host", "y"}}, true, -EINVAL, 0, "one Host"},
        {{{"Host", "x"}, {"Content-Length", "5"}}, false, 0, 5, ""},
        {{{"Host", "x"}, {"Content-Length", "5"}, {"content-length", "5"}}, false, -EINVAL, 5, "more than one"},
        {{{"Host", "x"}, {"Content-Length", "5"}, {"Content-Length", "6"}}, false, -EINVAL, 6, "more than one"},
        {{{"Host", "x"}, {"Transfer-Encoding", "Chunked"}}, false, 0, HTTP_LENGTH_UNKNOWN, ""},
        {{{"Host", "x"}, {"Transfer-Encoding", "chunked"}, {"Content-Length", "0"}},
         false,
         -EINVAL,
         HTTP_LENGTH_UNKNOWN,
         "both a Content-Length and"},
        {{{"Host", "x"}, {"Content-Length", "0"}, {"Transfer-Encoding", "chunked"}},
         false,
         -EINVAL,
         HTTP_LENGTH_UNKNOWN,
         "both a Content-Length and"},
        {{{"Host", "x"}, {"Transfer-Encoding", "gzip"}}, false, -EINVAL, HTTP_LENGTH_UNKNOWN, "only Transfer-Encoding"},
        {{{"Host", "x"}, {"Transfer-Encoding", "gzip, chunked"}},
         false,
         -EINVAL,
         HTTP_LENGTH_UNKNOWN,
         "only Transfer-"},
        {{{"Host", "x"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
         false,
         -EINVAL,
         HTTP_LENGTH_UNKNOWN,
         "only Transfer-Encoding"},
        {{{"Transfer-Encoding", "chunked"}}, true, -EINVAL, HTTP_LENGTH_UNKNOWN, "HTTP/1.0"},
        {{{"Host", "x"}, {"Content-Length ", "5"}}, false, -EINVAL, 0, "malformed"},
        {{{"Host", "x"}, {"A(b", "5"}}, false, -EINVAL, 0, "malformed"},
        {{{"Host", "x"}, {"", "5"}}, false, -EINVAL, 0, "malformed"},
        {{{"Host", "x"}, {"X-\xc3\xa4", "5"}}, false, -EINVAL, 0, "malformed"},
        {{{"Host", NULL}, {"X-Empty", NULL}}, false, 0, 0, ""},
        {{{"Host", "[::1]:80"}, {"X", "\xc3\xa4\tb"}}, false, 0, 0, ""},
        {{{"Host", "a b"}}, false, -EINVAL, 0, "names no host"},
        {{{"Host", "a/b"}}, false, -EINVAL, 0, "names no host"},
        {{{"Host", "x"}, {"X", "a\rb"}}, false, -EINVAL, 0, "control character"},
        {{{"Host", "x"}, {"X", "a\x7f"}}, false, -EINVAL, 0, "control character"},
        {{{"Host", "x"}, {"Content-Length", "18446744073709551615"}}, false, 0, HTTP_LENGTH_UNKNOWN - 1, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct http_head head = {.is_http_1_0 = cases[i].is_http_1_0};
        struct error error = ERROR_NONE;

        for (size_t j = 0; j < N_HEADERS && cases[i].headers[j][0]; j++)
            http_head_add(&head, cases[i].headers[j][0], cases[i].headers[j][1]);
        if (http_head_check(&head, &error) != cases[i].result || !strstr(error.message, cases[i].part))
            fail_msg("case %zu: %d \"%s\"", i, error.code, error.message);
        assert_int_equal(head.content_length, cases[i].content_length);
    }
}

static void test_values(void **state)
{
    struct http_head head = {0};

    (void)state;
    http_head_add(&head, "EXPECT", "100-Continue");
    http_head_add(&head, "content-type", "multipart/form-data; boundary=x");
    http_head_add(&head, "x-request-id", "abc");
    assert_true(head.expects_continue);
    assert_string_equal(head.content_type, "multipart/form-data; boundary=x");
    assert_string_equal(head.request_id, "abc");
}

static void test_size(void **state)
{
    struct http_head head = {.n_bytes = HTTP_HEAD_BYTES_MAX, .n_understood = HTTP_HEAD_BYTES_MAX};
    struct error error = ERROR_NONE;

    (void)state;
    http_head_add(&head, "Host", "x");
    assert_int_equal(http_head_check(&head, NULL), 0);
    head.n_understood--;
    assert_int_equal(http_head_check(&head, &error), -EINVAL);
    assert_non_null(strstr(error.message, "CR LF"));
    head.n_bytes++;
    assert_int_equal(http_head_check(&head, NULL), -EFBIG);
}

static void test_request_id(void **state)
{
    static const char longest[] = "0123456789012345678901234567890123456789012345678901234567890123";

    (void)state;
    assert_true(request_id_is_valid("a"));
    assert_true(request_id_is_valid("A-Z._09"));
    assert_int_equal(strlen(longest), REQUEST_ID_MAX);
    assert_true(request_id_is_valid(longest));
    assert_false(request_id_is_valid("01234567890123456789012345678901234567890123456789012345678901234"));
    assert_false(request_id_is_valid(""));
    assert_false(request_id_is_valid("a b"));
    assert_false(request_id_is_valid("a\n"));
    assert_false(request_id_is_valid("a\"b"));
    assert_false(request_id_is_valid("\xc3\xa4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_request_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
