#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/cleanup.h"
#include "core/engine/lookup.h"

#define N_MAX 5

static void assert_follows(const int32_t *ids, size_t n, const int32_t *expected, size_t n_expected)
{
    int32_t found[N_MAX] = {0};

    assert_int_equal(lookup(ids, n, found, n_expected ? n_expected : N_MAX), n_expected);
    assert_memory_equal(found, expected, n_expected * sizeof(*expected));
}

static void continues_the_latest_passage(void **state)
{
    const int32_t ids[] = {1, 2, 3, 10, 11, 1, 2, 3, 20, 21, 22, 23, 1, 2, 3};

    (void)state;
    assert_follows(ids, ARRAY_SIZE(ids), (int32_t[]){20, 21, 22, 23}, 4);
    assert_follows(ids, 8, (int32_t[]){10, 11}, 2);
}

static void repeats_a_passage_that_reaches_the_end(void **state)
{
    const int32_t ids[] = {5, 7, 8, 9, 7, 8, 9}, same[] = {4, 4, 4, 4};

    (void)state;
    assert_follows(ids, ARRAY_SIZE(ids), (int32_t[]){7, 8, 9, 7, 8}, 5);
    assert_follows(same, ARRAY_SIZE(same), (int32_t[]){4, 4, 4}, 3);
}

static void finds_nothing_in_what_is_new(void **state)
{
    const int32_t ids[] = {1, 2, 3, 4, 5, 6, 2, 3}, same[] = {4, 4, 4};

    (void)state;
    for (size_t n = 0; n <= ARRAY_SIZE(ids); n++)
        assert_follows(ids, n, NULL, 0);
    for (size_t n = 0; n <= ARRAY_SIZE(same); n++)
        assert_follows(same, n, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(continues_the_latest_passage),
        cmocka_unit_test(repeats_a_passage_that_reaches_the_end),
        cmocka_unit_test(finds_nothing_in_what_is_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
