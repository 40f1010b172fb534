/* Does admission count what enters and leaves, and tell those outside when to come back? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/admission.h"

static void test_places(void **state)
{
    struct admission admission = {.requests_max = 2, .bytes_max = 100};

    (void)state;
    assert_true(admission_enter(&admission, 0));
    assert_true(admission_enter(&admission, 100));
    assert_false(admission_enter(&admission, 0));
    admission_leave(&admission);
    assert_true(admission_enter(&admission, 0));
    assert_int_equal(admission.n_requests, 2);
}

static void test_bytes(void **state)
{
    struct admission admission = {.requests_max = 10, .bytes_max = 100};

    (void)state;
    assert_false(admission_enter(&admission, 101));
    assert_false(admission_enter(&admission, UINT64_MAX));
    assert_true(admission_add_bytes(&admission, 60));
    assert_false(admission_add_bytes(&admission, 41));
    assert_false(admission_add_bytes(&admission, UINT64_MAX));
    assert_int_equal(admission.n_bytes, 60);
    assert_false(admission_enter(&admission, 41));
    assert_true(admission_enter(&admission, 40));
    assert_true(admission_add_bytes(&admission, 40));
    admission_drop_bytes(&admission, 100);
    assert_int_equal(admission.n_bytes, 0);
}

static void test_retry_after(void **state)
{
    struct admission admission = {.n_requests = 65, .requests_max = 65};

    (void)state;
    assert_int_equal(admission_retry_after_s(&admission, 0), 1);
    assert_int_equal(admission_retry_after_s(&admission, 0.001), 1);
    assert_int_equal(admission_retry_after_s(&admission, 2), 65);
    assert_int_equal(admission_retry_after_s(&admission, 1e9), 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_retry_after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
