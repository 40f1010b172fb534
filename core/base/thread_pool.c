/* Workers wait on a generation counter: a short spin catches the next loop of the same step, then they sleep on a
   futex-backed condition. The caller computes part 0 itself and spins, then sleeps, for the others. */
#include "core/base/thread_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/base/cleanup.h"

#define SPINS 4000

struct thread_pool {
    pthread_mutex_t mutex;
    pthread_cond_t start, done;
    thread_pool_function *function;
    void *context;
    atomic_uint generation; /* counts loops; changes under the mutex */
    atomic_int n_running;   /* workers that have not finished this loop */
    atomic_bool ending;
    int n_threads, n_started;
    struct worker {
        struct thread_pool *pool;
        pthread_t thread;
        int index;
    } workers[];
};

static void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static unsigned wait_for_loop(struct thread_pool *pool, unsigned seen)
{
    unsigned generation;

    for (int i = 0; i < SPINS; i++) {
        generation = atomic_load_explicit(&pool->generation, memory_order_acquire);
        if (generation != seen)
            return generation;
        pause_cpu();
    }
    pthread_mutex_lock(&pool->mutex);
    while ((generation = atomic_load(&pool->generation)) == seen)
        pthread_cond_wait(&pool->start, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    return generation;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct thread_pool *pool = worker->pool;
    unsigned seen = 0;

    for (;;) {
        seen = wait_for_loop(pool, seen);
        if (atomic_load(&pool->ending))
            return NULL;
        pool->function(pool->context, worker->index, pool->n_threads);
        if (atomic_fetch_sub_explicit(&pool->n_running, 1, memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
}

static void begin_loop(struct thread_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->generation, 1);
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->mutex);
}

struct thread_pool *thread_pool_new(int n_threads)
{
    struct thread_pool *pool = calloc(1, sizeof(*pool) + (size_t)n_threads * sizeof(pool->workers[0]));

    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->start, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->n_threads = n_threads;
    for (int i = 1; i < n_threads; i++) {
        struct worker *worker = &pool->workers[i - 1];

        *worker = (struct worker){.pool = pool, .index = i};
        if (pthread_create(&worker->thread, NULL, work, worker))
            return thread_pool_free(pool);
        pool->n_started++;
    }
    return pool;
}

struct thread_pool *thread_pool_free(struct thread_pool *pool)
{
    if (!pool)
        return NULL;
    atomic_store(&pool->ending, true);
    begin_loop(pool);
    for (int i = 0; i < pool->n_started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->start);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
    return NULL;
}

int thread_pool_size(const struct thread_pool *pool)
{
    return pool ? pool->n_threads : 1;
}

void thread_pool_run(struct thread_pool *pool, thread_pool_function *function, void *context)
{
    if (!pool || pool->n_threads == 1) {
        function(context, 0, 1);
        return;
    }
    pool->function = function;
    pool->context = context;
    atomic_store(&pool->n_running, pool->n_threads - 1);
    begin_loop(pool);
    function(context, 0, pool->n_threads);
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->n_running, memory_order_acquire) == 0)
            return;
        pause_cpu();
    }
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->n_running) > 0)
        pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
