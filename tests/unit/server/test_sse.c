/* Are the frames what an event stream's readers expect? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "core/base/buffer.h"
#include "core/base/value.h"
#include "server/sse.h"

static void test_frames(void **state)
{
    struct value *data = value_object();
    struct buffer frames;

    (void)state;
    buffer_init(&frames, 4096);
    assert_int_equal(sse_event(&frames, 1, "start", data), 0);
    value_set_text(data, "text", "two\nlines\r and \xc3\xa4\xe2\x80\xa8");
    assert_int_equal(sse_event(&frames, 18446744073709551615u, "delta", data), 0);
    assert_int_equal(sse_ping(&frames), 0);
    assert_string_equal(frames.bytes, "id: 1\nevent: start\ndata: {}\n\n"
                                      "id: 18446744073709551615\nevent: delta\n"
                                      "data: {\"text\":\"two\\nlines\\r and \xc3\xa4\xe2\x80\xa8\"}\n\n"
                                      ": ping\n\n");
    buffer_deinit(&frames);
    value_free(data);
}

static void test_limit(void **state)
{
    struct value *data = value_object();
    struct buffer frames;

    (void)state;
    for (size_t size_max = 0; size_max < 29; size_max++) {
        buffer_init(&frames, size_max);
        assert_true(sse_event(&frames, 1, "start", data) < 0);
        assert_true(frames.failed);
        buffer_deinit(&frames);
    }
    buffer_init(&frames, 29);
    assert_int_equal(sse_event(&frames, 1, "start", data), 0);
    buffer_deinit(&frames);
    buffer_init(&frames, 100);
    assert_int_equal(sse_event(&frames, 1, "start", NULL), -ENOMEM);
    assert_true(frames.failed);
    buffer_deinit(&frames);
    value_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
