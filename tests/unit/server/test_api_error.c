/* Is every failure the status, type and code that the documentation promises, and does none of them tell too much? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "server/api_error.h"

static void assert_json(enum problem problem, const struct error *error, const char *expected)
{
    struct value *value = problem_json(problem, error);
    struct buffer text;

    buffer_init(&text, 4096);
    assert_int_equal(value_write_json(value, false, &text), 0);
    assert_string_equal(text.bytes, expected);
    buffer_deinit(&text);
    value_free(value);
}

static void test_table(void **state)
{
    static const struct {
        enum problem problem;
        int status;
        const char *type, *code;
    } expected[N_PROBLEMS] = {
        {PROBLEM_INVALID_VALUE, 400, "invalid_request_error", "invalid_value"},
        {PROBLEM_INVALID_JSON, 400, "invalid_request_error", "invalid_json"},
        {PROBLEM_MISSING_PROMPT, 400, "invalid_request_error", "missing_prompt"},
        {PROBLEM_INVALID_MEDIA, 400, "invalid_request_error", "invalid_media"},
        {PROBLEM_CONTEXT_LENGTH, 400, "invalid_request_error", "context_length_exceeded"},
        {PROBLEM_INVALID_KEY, 401, "authentication_error", "invalid_api_key"},
        {PROBLEM_NOT_FOUND, 404, "not_found_error", "not_found"},
        {PROBLEM_CANCELLED, 409, "cancelled_error", "cancelled"},
        {PROBLEM_METHOD_NOT_ALLOWED, 405, "not_found_error", "method_not_allowed"},
        {PROBLEM_UPLOAD_TIMEOUT, 408, "timeout_error", "upload_timeout"},
        {PROBLEM_PAYLOAD_TOO_LARGE, 413, "invalid_request_error", "payload_too_large"},
        {PROBLEM_UNSUPPORTED_MEDIA_TYPE, 415, "invalid_request_error", "unsupported_media_type"},
        {PROBLEM_HEADER_TOO_LARGE, 431, "invalid_request_error", "header_too_large"},
        {PROBLEM_QUEUE_FULL, 429, "rate_limit_error", "queue_full"},
        {PROBLEM_KEY_LIMIT, 429, "rate_limit_error", "key_limit"},
        {PROBLEM_INTERNAL, 500, "server_error", "internal_error"},
        {PROBLEM_MODEL_LOADING, 503, "unavailable_error", "model_loading"},
        {PROBLEM_STALLED, 503, "unavailable_error", "stalled"},
        {PROBLEM_DRAINING, 503, "unavailable_error", "draining"},
        {PROBLEM_DEADLINE, 504, "timeout_error", "deadline_exceeded"},
    };

    (void)state;
    for (size_t i = 0; i < N_PROBLEMS; i++) {
        const struct problem_info *info = problem_info(expected[i].problem);

        assert_int_equal(info->problem, expected[i].problem);
        assert_int_equal(info->status, expected[i].status);
        assert_string_equal(info->type, expected[i].type);
        assert_string_equal(info->code, expected[i].code);
        assert_int_equal(info->retry_after, info->status == 429 || info->status == 503);
    }
}

static void test_errors(void **state)
{
    static const struct {
        int code;
        enum problem problem;
    } expected[] = {
        {-EINVAL, PROBLEM_INVALID_VALUE},
        {-EILSEQ, PROBLEM_INVALID_JSON},
        {-ENODATA, PROBLEM_MISSING_PROMPT},
        {-EBADMSG, PROBLEM_INVALID_MEDIA},
        {-EINTR, PROBLEM_CANCELLED},
        {-E2BIG, PROBLEM_CONTEXT_LENGTH},
        {-EFBIG, PROBLEM_PAYLOAD_TOO_LARGE},
        {-EMEDIUMTYPE, PROBLEM_UNSUPPORTED_MEDIA_TYPE},
        {-EAGAIN, PROBLEM_QUEUE_FULL},
        {-EDQUOT, PROBLEM_KEY_LIMIT},
        {-ECANCELED, PROBLEM_DRAINING},
        {-ETIME, PROBLEM_DEADLINE},
        {-ETIMEDOUT, PROBLEM_UPLOAD_TIMEOUT},
        {-ENOMEM, PROBLEM_INTERNAL},
        {-EIO, PROBLEM_INTERNAL},
        {0, PROBLEM_INTERNAL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        assert_int_equal(problem_of(&(struct error){.code = expected[i].code}), expected[i].problem);
}

static void test_json(void **state)
{
    struct error error = ERROR_NONE;

    (void)state;
    assert_json(PROBLEM_MODEL_LOADING, NULL,
                "{\"error\":{\"message\":\"The model is being loaded.\",\"type\":\"unavailable_error\",\"param\":null,"
                "\"code\":\"model_loading\"}}");
    error_set(&error, -EINVAL, "takes 0 to 2, not \"3\"");
    assert_json(PROBLEM_INVALID_VALUE, &error,
                "{\"error\":{\"message\":\"takes 0 to 2, not \\\"3\\\"\",\"type\":\"invalid_request_error\",\"param\":"
                "null,\"code\":\"invalid_value\"}}");
    error_at(&error, "temperature");
    error_detail(&error, "0x7ffc0ffee /etc/secret");
    assert_json(
        PROBLEM_INVALID_VALUE, &error,
        "{\"error\":{\"message\":\"temperature: takes 0 to 2, not \\\"3\\\"\",\"type\":\"invalid_request_error\","
        "\"param\":\"temperature\",\"code\":\"invalid_value\"}}");
}

/* What went wrong inside is the log's business. */
static void test_internal(void **state)
{
    struct error error = ERROR_NONE;

    (void)state;
    error_set(&error, -ENOMEM, "no memory for the tensor at /secret");
    error_at(&error, "image");
    assert_json(PROBLEM_INTERNAL, &error,
                "{\"error\":{\"message\":\"The server failed to answer; its log says why, under the id of this "
                "request.\",\"type\":\"server_error\",\"param\":null,\"code\":\"internal_error\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_internal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
