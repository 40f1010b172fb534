#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/error.h"

static void first_message_stays(void **state)
{
    struct error error = ERROR_NONE;

    (void)state;
    assert_int_equal(error_set(&error, -EINVAL, "expected %d, found %d", 1, 2), -EINVAL);
    assert_int_equal(error_set(&error, -ENOMEM, "later"), -ENOMEM);
    assert_int_equal(error.code, -EINVAL);
    assert_string_equal(error.message, "expected 1, found 2");
}

static void nobody_listens(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, -EFBIG, "unheard"), -EFBIG);
    assert_int_equal(error_at(NULL, "field"), 0);
    assert_int_equal(error_detail(NULL, "detail"), 0);
}

static void describes_place_and_detail(void **state)
{
    struct error error = ERROR_NONE;
    char text[128], tiny[8];

    (void)state;
    error_set(&error, -EBADMSG, "damaged");
    assert_string_equal(error_describe(&error, text, sizeof(text)), "damaged");
    assert_int_equal(error_at(&error, "image[%d]", 1), -EBADMSG);
    error_at(&error, "other");
    error_detail(&error, "bad marker");
    assert_string_equal(error_describe(&error, text, sizeof(text)), "image[1]: damaged (bad marker)");
    assert_string_equal(error_describe(&error, tiny, sizeof(tiny)), "image[1");
}

static void long_messages_are_cut(void **state)
{
    struct error error = ERROR_NONE;
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    error_set(&error, -EINVAL, "%s", text);
    error_at(&error, "%s", text);
    assert_int_equal(strlen(error.message), sizeof(error.message) - 1);
    assert_int_equal(strlen(error.at), sizeof(error.at) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_message_stays),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(describes_place_and_detail),
        cmocka_unit_test(long_messages_are_cut),
    };

    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
