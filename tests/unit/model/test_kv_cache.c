/* Pages of keys and values: taken, given back, shared by name, and taken from those that left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cleanup.h"
#include "core/base/digest.h"
#include "core/kernels/kernels.h"
#include "core/model/hparams.h"
#include "core/model/kv_cache.h"
#include "core/tensor/attention.h"

#define N_PAGES 5

static const struct hparams sizes = {.decoder = {8, 2, 4, 2, 16, 1e-5f}}; /* two heads of two elements in a page */

static uint32_t numbers[3][N_PAGES];
static struct kv_pages some[3];
static struct kv_pool *pool;

static int begin(void **state)
{
    (void)state;
    pool = kv_pool_new(&sizes, TENSOR_F16, N_PAGES);
    for (size_t i = 0; i < ARRAY_SIZE(some); i++)
        some[i] = (struct kv_pages){numbers[i], 0, N_PAGES, 0};
    return pool ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    pool = kv_pool_free(pool);
    return 0;
}

static struct digest named(uint8_t number)
{
    struct digest name = {{0}};

    name.bytes[31] = number;
    return name;
}

static void pages_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(kv_pool_bytes(&sizes, TENSOR_F16, N_PAGES), N_PAGES * 2 * 2 * 2 * KV_PAGE * 2 * sizeof(uint16_t));
    assert_true(kv_pages_reserve(pool, &some[0], 3 * KV_PAGE));
    assert_true(kv_pages_reserve(pool, &some[0], 3 * KV_PAGE - 5)); /* has them */
    assert_int_equal(some[0].n, 3);
    assert_false(kv_pages_reserve(pool, &some[1], 2 * KV_PAGE + 1));
    assert_int_equal(some[1].n, 0);
    assert_true(kv_pages_reserve(pool, &some[1], 2 * KV_PAGE));
    assert_false(kv_pages_reserve(pool, &some[2], 1));
    assert_int_not_equal(some[0].numbers[0], some[1].numbers[0]);
    kv_pages_clear(pool, &some[0]);
    assert_true(kv_pages_reserve(pool, &some[2], 3 * KV_PAGE));
    some[0].n_max = 1;
    assert_false(kv_pages_reserve(pool, &some[0], KV_PAGE + 1)); /* longer than any sequence */
}

static void named_pages_are_shared(void **state)
{
    struct digest first = named(1), second = named(2), third = named(3);

    (void)state;
    assert_true(kv_pages_reserve(pool, &some[0], 3 * KV_PAGE));
    some[0].length = 2 * KV_PAGE + 7;
    kv_pages_name(pool, &some[0], 0, &first);
    kv_pages_name(pool, &some[0], 1, &second);
    assert_false(kv_pages_share(pool, &some[1], &third));
    assert_true(kv_pages_share(pool, &some[1], &first));
    assert_true(kv_pages_share(pool, &some[1], &second));
    assert_int_equal(some[1].length, 2 * KV_PAGE);
    assert_memory_equal(some[1].numbers, some[0].numbers, 2 * sizeof(uint32_t));
    assert_true(kv_pages_reserve(pool, &some[1], 2 * KV_PAGE + 1));
    assert_int_not_equal(some[1].numbers[2], some[0].numbers[2]);
    assert_false(kv_pages_share(pool, &some[1], &first)); /* its last page is not full */

    kv_pages_clear(pool, &some[0]);
    assert_true(kv_pages_share(pool, &some[2], &first)); /* the other one still holds it */
    kv_pages_clear(pool, &some[1]);
    kv_pages_clear(pool, &some[2]);
    assert_true(kv_pages_share(pool, &some[0], &first)); /* nobody did, but it was not needed yet */
}

/* The page that was left first goes first; a name that is taken keeps its page. */
static void left_pages_make_room(void **state)
{
    struct digest names[N_PAGES];
    uint32_t kept;

    (void)state;
    assert_true(kv_pages_reserve(pool, &some[0], N_PAGES * KV_PAGE));
    some[0].length = N_PAGES * KV_PAGE;
    for (size_t i = 0; i < N_PAGES; i++) {
        names[i] = named((uint8_t)(10 + i));
        kv_pages_name(pool, &some[0], i, &names[i]);
    }
    kept = some[0].numbers[2];
    kv_pages_name(pool, &some[0], 3, &names[2]); /* has a name already */
    kv_pages_clear(pool, &some[0]);
    assert_true(kv_pages_reserve(pool, &some[1], 2 * KV_PAGE)); /* of 4 and 3, which were given back first */
    assert_false(kv_pages_share(pool, &some[2], &names[4]));
    assert_false(kv_pages_share(pool, &some[2], &names[3]));
    assert_true(kv_pages_share(pool, &some[2], &names[2]));
    assert_int_equal(some[2].numbers[0], kept);
    some[1].length = KV_PAGE;
    kv_pages_name(pool, &some[1], 0, &names[2]);
    kv_pages_clear(pool, &some[2]);
    assert_true(kv_pages_share(pool, &some[2], &names[2]));
    assert_int_equal(some[2].numbers[0], kept);
}

/* What is shared stays with who has it; the page that is not full is a copy. */
static void forks_share_full_pages(void **state)
{
    struct attention_pages block = kv_pool_block(pool, 0);
    char *memory = (char *)(uintptr_t)block.memory, *last;
    size_t n = 2 * KV_PAGE + 7;

    (void)state;
    assert_true(kv_pages_reserve(pool, &some[0], n));
    some[0].length = n + 3; /* has gone on behind the fork */
    last = memory + some[0].numbers[2] * block.page_bytes;
    for (size_t i = 0; i < block.page_bytes; i++)
        last[i] = (char)i;
    assert_true(kv_pages_fork(pool, &some[0], n, &some[1]));
    assert_int_equal(some[1].n, 3);
    assert_int_equal(some[1].length, n);
    assert_memory_equal(some[1].numbers, some[0].numbers, 2 * sizeof(uint32_t));
    assert_int_not_equal(some[1].numbers[2], some[0].numbers[2]);
    assert_memory_equal(memory + some[1].numbers[2] * block.page_bytes, last, block.page_bytes);
    assert_int_equal(kv_pool_n_held(pool), 4);

    assert_true(kv_pages_reserve(pool, &some[1], 4 * KV_PAGE));
    assert_false(kv_pages_fork(pool, &some[0], n, &some[2])); /* no page is left */
    assert_int_equal(some[2].n, 0);
    assert_true(kv_pages_fork(pool, &some[0], 2 * KV_PAGE, &some[2])); /* needs none */
    kv_pages_clear(pool, &some[0]);
    assert_int_equal(kv_pool_n_held(pool), 4);
    kv_pages_clear(pool, &some[1]);
    kv_pages_clear(pool, &some[2]);
    assert_int_equal(kv_pool_n_held(pool), 0);
}

/* Positions of a sequence find their places in its pages, whatever their numbers. */
static void check_places(enum tensor_type type, const struct hparams *h)
{
    struct attention_pages block = kv_pool_block(pool, 1);
    size_t dim = h->decoder.width / h->decoder.n_heads;
    float keys[3 * 2 * 32], values[3 * 2 * 32];

    assert_true(kv_pages_reserve(pool, &some[0], KV_PAGE));
    assert_true(kv_pages_reserve(pool, &some[1], KV_PAGE + 2));
    some[1].length = KV_PAGE - 1;
    for (size_t i = 0; i < 3 * 2 * dim; i++) {
        keys[i] = (float)i;
        values[i] = (float)i + 100;
    }
    kv_pages_write(pool, &some[1], &kernels_ref, 1, keys, values, 3);
    for (size_t i = 0; i < 3; i++)
        for (size_t head = 0; head < 2; head++) {
            size_t position = KV_PAGE - 1 + i;
            const char *at = block.memory + some[1].numbers[position / KV_PAGE] * block.page_bytes +
                             (head * KV_PAGE + position % KV_PAGE) * block.row_bytes;
            char expected[64];

            tensor_from_f32(type, keys + (i * 2 + head) * dim, dim, expected);
            assert_memory_equal(at, expected, block.row_bytes);
            tensor_from_f32(type, values + (i * 2 + head) * dim, dim, expected);
            assert_memory_equal(at + block.values_offset, expected, block.row_bytes);
        }
}

static void positions_have_their_places(void **state)
{
    (void)state;
    check_places(TENSOR_F16, &sizes);
}

/* Heads of 32 elements are a block of 34 bytes; smaller ones cannot be q8_0. */
static void bytes_have_their_places(void **state)
{
    static const struct hparams wide = {.decoder = {64, 2, 2, 2, 16, 1e-5f}};

    assert_false(kv_pool_can_be(&sizes, TENSOR_Q8_0));
    assert_true(kv_pool_can_be(&wide, TENSOR_Q8_0));
    assert_int_equal(kv_pool_bytes(&wide, TENSOR_Q8_0, 1), 2 * 2 * 2 * KV_PAGE * 34);
    end(state);
    pool = kv_pool_new(&wide, TENSOR_Q8_0, N_PAGES);
    assert_non_null(pool);
    check_places(TENSOR_Q8_0, &wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_are_bounded, begin, end),
        cmocka_unit_test_setup_teardown(named_pages_are_shared, begin, end),
        cmocka_unit_test_setup_teardown(left_pages_make_room, begin, end),
        cmocka_unit_test_setup_teardown(forks_share_full_pages, begin, end),
        cmocka_unit_test_setup_teardown(positions_have_their_places, begin, end),
        cmocka_unit_test_setup_teardown(bytes_have_their_places, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
