/* arena, buffer, bytes */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/bytes.h"

static void arena_aligns_and_clears(void **state)
{
    struct arena arena = {0};

    (void)state;
    for (size_t size = 1; size < 300000; size = size * 3 + 1) {
        unsigned char *memory = arena_alloc(&arena, size, 1);

        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 64, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, size);
    }
    arena_deinit(&arena);
    assert_int_equal(arena.bytes, 0);
}

static void arena_has_a_ceiling(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 256);
    assert_non_null(arena_alloc(&arena, 1, 100));
    assert_null(arena_alloc(&arena, 1, 129));
    assert_non_null(arena_alloc(&arena, 1, 128));
    assert_null(arena_alloc(&arena, 1, 0));
    assert_null(arena_alloc(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(&arena, SIZE_MAX, 1));
    arena_deinit(&arena);
    assert_int_equal(arena.bytes_max, 256);
}

static void arena_copies_text(void **state)
{
    struct arena arena = {0};

    (void)state;
    assert_string_equal(arena_copy_text(&arena, "abcdef", 3), "abc");
    assert_string_equal(arena_copy_text(&arena, NULL, 0), "");
    arena_deinit(&arena);
}

static void buffer_grows_to_its_ceiling(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 10);
    assert_int_equal(buffer_append(&buffer, "12345", 5), 0);
    assert_int_equal(buffer_append(&buffer, "67890", 5), 0);
    assert_string_equal(buffer.bytes, "1234567890");
    assert_int_equal(buffer_append(&buffer, "x", 1), -EFBIG);
    assert_true(buffer.failed);
    assert_int_equal(buffer_append(&buffer, "", 0), -ENOMEM);
    assert_int_equal(buffer.size, 10);
    buffer_clear(&buffer);
    assert_int_equal(buffer_append_text(&buffer, "again"), 0);
    assert_string_equal(buffer.bytes, "again");
    buffer_deinit(&buffer);
    assert_null(buffer.bytes);
}

static void buffer_prints_and_consumes(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 1000);
    assert_int_equal(buffer_printf(&buffer, "%d-%s", 42, "forty-two"), 0);
    buffer_consume(&buffer, 3);
    assert_string_equal(buffer.bytes, "forty-two");
    for (int i = 0; i < 20; i++)
        buffer_printf(&buffer, "%d,", i);
    buffer_consume(&buffer, 9);
    assert_string_equal(buffer.bytes, "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,");
    buffer_consume(&buffer, buffer.size);
    assert_int_equal(buffer.size, 0);
    buffer_deinit(&buffer);
}

static void bytes_are_bounded(void **state)
{
    const uint8_t data[] = {1, 2, 0, 3, 0, 0, 0, 0, 0, 128, 63};
    struct bytes bytes = bytes_of(data, sizeof(data));

    (void)state;
    assert_int_equal(bytes_u8(&bytes), 1);
    assert_int_equal(bytes_u16(&bytes), 2);
    assert_int_equal(bytes_i32(&bytes), 3);
    assert_true(bytes_f32(&bytes) == 1.0f);
    assert_false(bytes.failed);
    assert_int_equal(bytes_u8(&bytes), 0);
    assert_true(bytes.failed);

    bytes = bytes_of(data, sizeof(data));
    assert_null(bytes_take(&bytes, UINT64_MAX));
    assert_true(bytes.failed);
    assert_int_equal(bytes_u8(&bytes), 0); /* what failed stays failed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_aligns_and_clears),    cmocka_unit_test(arena_has_a_ceiling),
        cmocka_unit_test(arena_copies_text),          cmocka_unit_test(buffer_grows_to_its_ceiling),
        cmocka_unit_test(buffer_prints_and_consumes), cmocka_unit_test(bytes_are_bounded),
    };

    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
