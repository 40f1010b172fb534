#include "tests/unit/file/file_test.h"

#include "core/file/names.h"

static void accepts_what_a_person_can_read(void **state)
{
    (void)state;
    assert_true(name_is_acceptable("a", 1));
    assert_true(name_is_acceptable("Gr\xc3\xbc\xc3\x9f"
                                   "e 1.~",
                                   11));
    assert_false(name_is_acceptable("", 0));
    assert_false(name_is_acceptable("a\0b", 3));
    assert_false(name_is_acceptable("a\n", 2));
    assert_false(name_is_acceptable("\x1b[31m", 5));
    assert_false(name_is_acceptable("a\x7f", 2));
}

static void finds_every_name_and_no_other(void **state)
{
    enum { N = 1000 };
    static char texts[N][8];
    struct name names[N];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        snprintf(texts[i], sizeof(texts[i]), "n%zu", i * 7919 % N);
        names[i] = (struct name){texts[i], i};
    }
    assert_null(names_sort(names, N));
    for (size_t i = 0; i < N; i++) {
        const struct name *found = names_find(names, N, texts[i]);

        assert_non_null(found);
        assert_int_equal(found->position, i);
    }
    assert_null(names_find(names, N, "n1000"));
    assert_null(names_find(names, N, ""));
    assert_null(names_find(names, N, "z"));
    assert_null(names_find(NULL, 0, "n1"));
}

static void finds_what_is_there_twice(void **state)
{
    struct name names[] = {{"b", 0}, {"c", 1}, {"a", 2}, {"c", 3}};

    (void)state;
    assert_string_equal(names_sort(names, 4), "c");
    assert_null(names_sort(NULL, 0));
    assert_null(names_sort(names, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_a_person_can_read),
        cmocka_unit_test(finds_every_name_and_no_other),
        cmocka_unit_test(finds_what_is_there_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
