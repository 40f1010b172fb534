#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "server/keys.h"

/* SHA-256 of "alpha" and "beta". */
#define ALPHA "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8"
#define BETA "f44e64e75f3948e9f73f8dfa94721c4ce8cbb4f265c4790c702b2d41cfbf2753"

static int read_text(struct keys *keys, const char *text, struct error *error)
{
    size_t n;

    return keys_read(keys, text, strlen(text), &n, error);
}

static const char *label_of(const struct keys *keys, const char *authorization)
{
    const struct key *key = keys_find(keys, authorization);

    return key ? key->label : "";
}

static void finds_whose_key_it_is(void **state)
{
    struct keys keys = {0};

    (void)state;
    assert_false(keys.are_needed);
    assert_int_equal(read_text(&keys, "# two\n\none " ALPHA "\n\ttwo\t" BETA " 3 # three at once\r\n", NULL), 0);
    assert_true(keys.are_needed);
    assert_string_equal(label_of(&keys, "Bearer alpha"), "one");
    assert_string_equal(label_of(&keys, "bearer   beta"), "two");
    assert_int_equal(keys_find(&keys, "Bearer beta")->requests_max, 3);
    for (const char *const *wrong =
             (const char *const[]){"Bearer ", "Bearer", "Bearer alph", "Bearer alpha ", "Bearer Alpha", "Basic alpha",
                                   "alpha", "", "Bearer " ALPHA, NULL};
         *wrong; wrong++)
        assert_null(keys_find(&keys, *wrong));
    assert_null(keys_find(&keys, NULL));
    keys_deinit(&keys);
}

static void what_is_read_anew_replaces(void **state)
{
    struct keys keys = {0};
    struct error error = ERROR_NONE;
    struct key *one;

    (void)state;
    assert_int_equal(read_text(&keys, "one " ALPHA " 2\ntwo " BETA, NULL), 0);
    one = keys_find(&keys, "Bearer alpha");
    assert_true(key_enter(one) && key_enter(one));
    assert_false(key_enter(one));
    assert_int_equal(read_text(&keys, "one " ALPHA " x", &error), -EINVAL);
    assert_ptr_equal(keys_find(&keys, "Bearer alpha"), one);
    assert_non_null(keys_find(&keys, "Bearer beta"));

    assert_int_equal(read_text(&keys, "one " BETA " 3", NULL), 0);
    assert_null(keys_find(&keys, "Bearer alpha"));
    assert_ptr_equal(keys_find(&keys, "Bearer beta"), one);
    assert_true(key_enter(one));
    assert_false(key_enter(one));
    key_leave(one);
    assert_true(key_enter(one));
    assert_true(key_enter(NULL));
    key_leave(NULL);
    keys_deinit(&keys);
}

static void says_which_line_is_wrong(void **state)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"", "has no key"},
        {"# nothing\n", "has no key"},
        {"one", "line 1: expected a label"},
        {"\n\none " ALPHA " 1 2", "line 3: expected a label"},
        {"one " ALPHA "\ntwo abc", "line 2: a SHA-256 has 64"},
        {"one x" ALPHA, "line 1: a SHA-256 has 64"},
        {"one g" BETA, "line 1: a SHA-256 has 64"},
        {"o/e " ALPHA, "line 1: a label has 1 to 32"},
        {"a-label-that-is-longer-than-any-may-be " ALPHA, "line 1: a label has 1 to 32"},
        {"one " ALPHA " 0", "line 1: expected 1 to 65536"},
        {"one " ALPHA " 65537", "line 1: expected 1 to 65536"},
        {"one " ALPHA " -1", "line 1: expected 1 to 65536"},
        {"one " ALPHA "\none " BETA, "line 2: the label one was there before"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct keys keys = {0};
        struct error error = ERROR_NONE;

        assert_int_equal(read_text(&keys, wrong[i].text, &error), -EINVAL);
        if (!strstr(error.message, wrong[i].message))
            fail_msg("\"%s\": %s", wrong[i].text, error.message);
        assert_false(keys.are_needed);
        keys_deinit(&keys);
    }
}

static void there_are_so_many_at_most(void **state)
{
    static char text[(KEYS_MAX + 1) * 80];
    struct keys keys = {0};
    struct error error = ERROR_NONE;
    size_t n = 0, n_keys;

    (void)state;
    for (int i = 0; i < KEYS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "k%d %064x\n", i, i);
    assert_int_equal(keys_read(&keys, text, n, &n_keys, NULL), 0);
    assert_int_equal(n_keys, KEYS_MAX);
    n += (size_t)snprintf(text + n, sizeof(text) - n, "more " ALPHA "\n");
    assert_int_equal(keys_read(&keys, text, n, &n_keys, &error), -EINVAL);
    assert_non_null(strstr(error.message, "at most 1024 keys"));
    keys_deinit(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_whose_key_it_is),
        cmocka_unit_test(what_is_read_anew_replaces),
        cmocka_unit_test(says_which_line_is_wrong),
        cmocka_unit_test(there_are_so_many_at_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
