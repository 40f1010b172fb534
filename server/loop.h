/* The event loop: timers, descriptors, signals, wake-ups from other threads, and work on other threads. The only owner
   of libuv. Everything runs on the loop's own thread except loop_wake_send() and the work of loop_work(). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct loop;
struct loop_timer;
struct loop_watch;
struct loop_wake;

typedef void loop_callback(void *context);

int loop_new(struct loop **ret, struct error *error);
/* Waits for running work, then releases everything. All timers, watches and wakes must have been freed. */
struct loop *loop_free(struct loop *loop);
/* Until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Timers fire once. Starting a started timer moves it. NULL: no memory. */
struct loop_timer *loop_timer_new(struct loop *loop, loop_callback *callback, void *context);
void loop_timer_start(struct loop_timer *timer, uint64_t ms);
void loop_timer_stop(struct loop_timer *timer);
struct loop_timer *loop_timer_free(struct loop_timer *timer);

/* Calls back while the descriptor is readable, or once when its peer has hung up. Free it before closing the
 * descriptor. NULL: no memory. */
enum loop_event {
    LOOP_READABLE,
    LOOP_HANGUP,
};
struct loop_watch *loop_watch_new(struct loop *loop, int fd, enum loop_event event, loop_callback *callback,
                                  void *context);
struct loop_watch *loop_watch_free(struct loop_watch *watch);

/* Another thread's way to call back on the loop thread; several sends may become one call. */
struct loop_wake *loop_wake_new(struct loop *loop, loop_callback *callback, void *context);
void loop_wake_send(struct loop_wake *wake); /* any thread */
struct loop_wake *loop_wake_free(struct loop_wake *wake);

/* For the life of the loop. */
int loop_on_signal(struct loop *loop, int signal_number, loop_callback *callback, void *context);

/* Runs work on another thread and then done on this one. -ENOMEM: neither will be called. */
int loop_work(struct loop *loop, loop_callback *work, loop_callback *done, void *context);
