/* libuv wants every handle to stay in memory until its close callback; so handles are on the heap, and freeing one
   means closing it. */
#include "server/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <uv.h>
#undef MIN /* of <sys/param.h>; cleanup.h has them, too */
#undef MAX

#include "core/base/cleanup.h"
#include "core/base/error.h"

#define N_SIGNALS_MAX 4

struct loop_signal {
    uv_signal_t handle;
    loop_callback *callback;
    void *context;
};

struct loop {
    uv_loop_t uv;
    struct loop_signal signals[N_SIGNALS_MAX];
    size_t n_signals;
};

struct loop_timer {
    uv_timer_t handle;
    loop_callback *callback;
    void *context;
};

struct loop_watch {
    uv_poll_t handle;
    enum loop_event event;
    loop_callback *callback;
    void *context;
};

struct loop_wake {
    uv_async_t handle;
    loop_callback *callback;
    void *context;
};

struct loop_job {
    uv_work_t handle;
    loop_callback *work, *done;
    void *context;
};

/* Handles are the first members of their structs. */
static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_timer(uv_timer_t *handle)
{
    struct loop_timer *timer = (struct loop_timer *)handle;

    timer->callback(timer->context);
}

/* A peer that has reset the connection is reported as an error. */
static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct loop_watch *watch = (struct loop_watch *)handle;

    if (status == 0 && watch->event == LOOP_HANGUP && !(events & UV_DISCONNECT))
        return;
    if (status < 0 || watch->event == LOOP_HANGUP)
        uv_poll_stop(handle);
    watch->callback(watch->context);
}

static void on_async(uv_async_t *handle)
{
    struct loop_wake *wake = (struct loop_wake *)handle;

    wake->callback(wake->context);
}

static void on_signal(uv_signal_t *handle, int signal_number)
{
    struct loop_signal *signal = (struct loop_signal *)handle;

    (void)signal_number;
    signal->callback(signal->context);
}

static void on_work(uv_work_t *handle)
{
    struct loop_job *job = (struct loop_job *)handle;

    job->work(job->context);
}

static void on_work_done(uv_work_t *handle, int status)
{
    struct loop_job *job = (struct loop_job *)handle;

    (void)status; /* jobs are never cancelled */
    job->done(job->context);
    free(job);
}

int loop_new(struct loop **ret, struct error *error)
{
    _cleanup_(freep) struct loop *loop = calloc(1, sizeof(*loop));
    int r;

    if (!loop)
        return error_set(error, -ENOMEM, "no memory for the event loop");
    r = uv_loop_init(&loop->uv);
    if (r < 0)
        return error_set(error, r, "cannot make an event loop: %s", uv_strerror(r));
    *ret = TAKE_PTR(loop);
    return 0;
}

struct loop *loop_free(struct loop *loop)
{
    if (!loop)
        return NULL;
    for (size_t i = 0; i < loop->n_signals; i++)
        uv_close((uv_handle_t *)&loop->signals[i].handle, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    free(loop);
    return NULL;
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_callback *callback, void *context)
{
    struct loop_timer *timer = malloc(sizeof(*timer));

    if (!timer)
        return NULL;
    timer->callback = callback;
    timer->context = context;
    uv_timer_init(&loop->uv, &timer->handle);
    return timer;
}

/* The loop's idea of now is that of its last turn, which may have been long. */
void loop_timer_start(struct loop_timer *timer, uint64_t ms)
{
    uv_update_time(timer->handle.loop);
    uv_timer_start(&timer->handle, on_timer, ms, 0);
}

void loop_timer_stop(struct loop_timer *timer)
{
    uv_timer_stop(&timer->handle);
}

struct loop_timer *loop_timer_free(struct loop_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->handle, on_closed);
    return NULL;
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, enum loop_event event, loop_callback *callback,
                                  void *context)
{
    _cleanup_(freep) struct loop_watch *watch = malloc(sizeof(*watch));

    if (!watch || uv_poll_init(&loop->uv, &watch->handle, fd) < 0)
        return NULL;
    watch->event = event;
    watch->callback = callback;
    watch->context = context;
    uv_poll_start(&watch->handle, event == LOOP_HANGUP ? UV_DISCONNECT : UV_READABLE, on_poll);
    return TAKE_PTR(watch);
}

struct loop_watch *loop_watch_free(struct loop_watch *watch)
{
    if (watch)
        uv_close((uv_handle_t *)&watch->handle, on_closed);
    return NULL;
}

struct loop_wake *loop_wake_new(struct loop *loop, loop_callback *callback, void *context)
{
    _cleanup_(freep) struct loop_wake *wake = malloc(sizeof(*wake));

    if (!wake || uv_async_init(&loop->uv, &wake->handle, on_async) < 0)
        return NULL;
    wake->callback = callback;
    wake->context = context;
    return TAKE_PTR(wake);
}

void loop_wake_send(struct loop_wake *wake)
{
    uv_async_send(&wake->handle);
}

struct loop_wake *loop_wake_free(struct loop_wake *wake)
{
    if (wake)
        uv_close((uv_handle_t *)&wake->handle, on_closed);
    return NULL;
}

int loop_on_signal(struct loop *loop, int signal_number, loop_callback *callback, void *context)
{
    struct loop_signal *signal = &loop->signals[loop->n_signals];
    int r;

    if (loop->n_signals == N_SIGNALS_MAX)
        return -ENOSPC;
    r = uv_signal_init(&loop->uv, &signal->handle);
    if (r < 0)
        return r;
    loop->n_signals++;
    signal->callback = callback;
    signal->context = context;
    return uv_signal_start(&signal->handle, on_signal, signal_number);
}

int loop_work(struct loop *loop, loop_callback *work, loop_callback *done, void *context)
{
    struct loop_job *job = malloc(sizeof(*job));

    if (!job)
        return -ENOMEM;
    *job = (struct loop_job){.work = work, .done = done, .context = context};
    uv_queue_work(&loop->uv, &job->handle, on_work, on_work_done);
    return 0;
}
