/* Do timers, watches, wake-ups and work call back when and where they should, and can each be freed at any moment? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "server/loop.h"

static struct loop *loop;
static int n_calls;

static int setup(void **state)
{
    struct error error = ERROR_NONE;

    (void)state;
    n_calls = 0;
    return loop_new(&loop, &error);
}

static int teardown(void **state)
{
    (void)state;
    loop = loop_free(loop);
    return 0;
}

static void stop(void *context)
{
    (void)context;
    n_calls++;
    loop_stop(loop);
}

static void count(void *context)
{
    n_calls++;
    *(int *)context += 1;
}

static void test_timers(void **state)
{
    int counted = 0;
    struct loop_timer *never = loop_timer_new(loop, count, &counted), *moved = loop_timer_new(loop, stop, NULL);
    uint64_t begin_ns = clock_ns();

    (void)state;
    loop_timer_start(never, 5);
    loop_timer_stop(never);
    loop_timer_start(moved, 1);
    loop_timer_start(moved, 30);
    loop_run(loop);
    assert_true(clock_ns() - begin_ns >= 29000000);
    assert_int_equal(n_calls, 1);
    assert_int_equal(counted, 0);
    loop_timer_start(never, 0); /* freed while it runs */
    loop_timer_free(never);
    loop_timer_free(moved);
    assert_null(loop_timer_free(NULL));
}

static void test_hangup(void **state)
{
    for (int kind = 0; kind < 2; kind++) { /* the other side closes, or says that it will send no more */
        struct loop_watch *watch;
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        watch = loop_watch_new(loop, ends[0], LOOP_HANGUP, stop, NULL);
        assert_int_equal(write(ends[1], "x", 1), 1); /* bytes alone are no hangup */
        if (kind == 0)
            close(ends[1]);
        else
            shutdown(ends[1], SHUT_WR);
        loop_run(loop);
        assert_int_equal(n_calls, kind + 1);
        loop_watch_free(watch);
        close(ends[0]);
        if (kind == 1)
            close(ends[1]);
    }
    (void)state;
}

static void test_readable(void **state)
{
    struct loop_watch *watch;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    watch = loop_watch_new(loop, ends[0], LOOP_READABLE, stop, NULL);
    assert_int_equal(write(ends[1], "x", 1), 1);
    loop_run(loop);
    loop_run(loop); /* still readable */
    assert_int_equal(n_calls, 2);
    loop_watch_free(watch);
    close(ends[0]);
    close(ends[1]);
}

static void *send_wakes(void *wake)
{
    for (int i = 0; i < 100; i++)
        loop_wake_send(wake);
    return NULL;
}

static void test_wake(void **state)
{
    struct loop_wake *wake = loop_wake_new(loop, stop, NULL);
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, send_wakes, wake), 0);
    loop_run(loop);
    assert_true(n_calls >= 1);
    pthread_join(thread, NULL);
    loop_wake_free(wake);
}

static void test_signal(void **state)
{
    (void)state;
    assert_int_equal(loop_on_signal(loop, SIGUSR1, stop, NULL), 0);
    raise(SIGUSR1);
    loop_run(loop);
    assert_int_equal(n_calls, 1);
}

static pthread_t worker;

static void work(void *context)
{
    worker = pthread_self();
    *(int *)context = 1;
}

static void done(void *context)
{
    assert_false(pthread_equal(worker, pthread_self()));
    assert_int_equal(*(int *)context, 1);
    *(int *)context = 2;
    loop_stop(loop);
}

static void test_work(void **state)
{
    int stage = 0;

    (void)state;
    assert_int_equal(loop_work(loop, work, done, &stage), 0);
    loop_run(loop);
    assert_int_equal(stage, 2);
}

static void slow_work(void *context)
{
    usleep(20000);
    *(int *)context = 1;
}

static void slow_done(void *context)
{
    *(int *)context += 1;
}

/* Freeing the loop waits for what runs. */
static void test_free_while_working(void **state)
{
    int stage = 0;

    (void)state;
    assert_int_equal(loop_work(loop, slow_work, slow_done, &stage), 0);
    loop = loop_free(loop);
    assert_int_equal(stage, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_timers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hangup, setup, teardown),
        cmocka_unit_test_setup_teardown(test_readable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wake, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_work, setup, teardown),
        cmocka_unit_test_setup_teardown(test_free_while_working, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
