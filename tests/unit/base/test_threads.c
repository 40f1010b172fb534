/* queue, thread_pool */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/queue.h"
#include "core/base/thread_pool.h"

static int items[8];

static void visit(void *item)
{
    ++*(int *)item;
}

static void queue_is_bounded_and_in_order(void **state)
{
    struct queue *queue = queue_new(3);

    (void)state;
    memset(items, 0, sizeof(items));
    for (int round = 0; round < 5; round++) {
        assert_true(queue_push(queue, &items[0]));
        assert_true(queue_push(queue, &items[1]));
        assert_true(queue_push(queue, &items[2]));
        assert_false(queue_push(queue, &items[3]));
        assert_int_equal(queue_position(queue, &items[2]), 2);
        assert_true(queue_remove(queue, &items[1]));
        assert_false(queue_remove(queue, &items[1]));
        assert_int_equal(queue_position(queue, &items[1]), SIZE_MAX);
        assert_int_equal(queue_size(queue), 2);
        queue_visit(queue, visit);
        assert_ptr_equal(queue_pop(queue), &items[0]);
        assert_ptr_equal(queue_pop(queue), &items[2]);
    }
    assert_int_equal(items[0], 5);
    assert_int_equal(items[1], 0);
    assert_int_equal(items[2], 5);
    queue_free(queue);
}

static bool is_given(const void *item, void *context)
{
    return item == context;
}

static void queue_gives_out_of_turn(void **state)
{
    struct queue *queue = queue_new(3);

    (void)state;
    for (int i = 0; i < 3; i++)
        queue_push(queue, &items[i]);
    assert_null(queue_take(queue, is_given, &items[4]));
    assert_ptr_equal(queue_take(queue, is_given, &items[1]), &items[1]);
    assert_null(queue_take(queue, is_given, &items[1]));
    assert_ptr_equal(queue_pop(queue), &items[0]);
    assert_ptr_equal(queue_pop(queue), &items[2]);
    queue_free(queue);
}

static void queue_ends(void **state)
{
    struct queue *queue = queue_new(2);

    (void)state;
    queue_push(queue, &items[0]);
    assert_ptr_equal(queue_pop(queue), &items[0]);
    queue_push(queue, &items[1]);
    queue_close(queue);
    assert_false(queue_push(queue, &items[2]));
    assert_ptr_equal(queue_pop(queue), &items[1]);
    assert_null(queue_pop(queue));
    queue_free(queue);
}

#define N_HANDED 2000
static atomic_long sum;

static void *take(void *context)
{
    for (void *item; (item = queue_pop(context));)
        atomic_fetch_add(&sum, (long)(uintptr_t)item);
    return NULL;
}

static void queue_hands_over_between_threads(void **state)
{
    struct queue *queue = queue_new(4);
    pthread_t threads[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, take, queue);
    for (uintptr_t i = 1; i <= N_HANDED;)
        i += queue_push(queue, (void *)i);
    queue_close(queue);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(sum, (long)N_HANDED * (N_HANDED + 1) / 2);
    queue_free(queue);
}

struct loop {
    atomic_int rows[1000], calls;
    size_t n, group;
};

static void count_rows(void *context, int part, int n_parts)
{
    struct loop *loop = context;
    struct range range = thread_range(loop->n, loop->group, part, n_parts);

    atomic_fetch_add(&loop->calls, 1);
    for (size_t i = range.begin; i < range.end; i++)
        atomic_fetch_add(&loop->rows[i], 1);
}

static void pool_covers_every_row_once(void **state)
{
    (void)state;
    for (int n_threads = 1; n_threads <= 5; n_threads++) {
        struct thread_pool *pool = thread_pool_new(n_threads);

        assert_int_equal(thread_pool_size(pool), n_threads);
        for (size_t n = 0; n < 1000; n = n * 2 + 1) {
            struct loop loop = {.n = n, .group = n % 7 + 1};

            thread_pool_run(pool, count_rows, &loop);
            assert_int_equal(loop.calls, n_threads);
            for (size_t i = 0; i < 1000; i++)
                assert_int_equal(loop.rows[i], i < n);
        }
        thread_pool_free(pool);
    }
}

static void pool_covers_every_part_once(void **state)
{
    (void)state;
    for (int n_threads = 1; n_threads <= 4; n_threads++) {
        struct thread_pool *pool = thread_pool_new(n_threads);

        for (int n_parts = 1; n_parts <= 40; n_parts++) {
            struct loop loop = {.n = 100, .group = 3};

            thread_pool_run_parts(pool, n_parts, count_rows, &loop);
            assert_int_equal(loop.calls, n_threads == 1 ? 1 : n_parts);
            for (size_t i = 0; i < 1000; i++)
                assert_int_equal(loop.rows[i], i < loop.n);
        }
        thread_pool_free(pool);
    }
}

static void pool_may_be_missing(void **state)
{
    struct loop loop = {.n = 10, .group = 1};

    (void)state;
    thread_pool_run_parts(NULL, 5, count_rows, &loop);
    assert_int_equal(loop.calls, 1);
    thread_pool_run(NULL, count_rows, &loop);
    assert_int_equal(loop.calls, 2);
    assert_int_equal(thread_pool_size(NULL), 1);
    assert_null(thread_pool_free(NULL));
}

static void pool_runs_many_short_loops(void **state)
{
    struct thread_pool *pool = thread_pool_new(4);
    struct loop loop = {.n = 4, .group = 1};

    (void)state;
    for (int i = 0; i < 5000; i++)
        thread_pool_run(pool, count_rows, &loop);
    assert_int_equal(loop.calls, 4 * 5000);
    for (int i = 0; i < 4; i++)
        assert_int_equal(loop.rows[i], 5000);
    thread_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_is_bounded_and_in_order), cmocka_unit_test(queue_ends),
        cmocka_unit_test(queue_gives_out_of_turn),       cmocka_unit_test(queue_hands_over_between_threads),
        cmocka_unit_test(pool_covers_every_row_once),    cmocka_unit_test(pool_may_be_missing),
        cmocka_unit_test(pool_covers_every_part_once),   cmocka_unit_test(pool_runs_many_short_loops),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
