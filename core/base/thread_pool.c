/* Who is awake claims the parts of a loop one by one: `ticket` holds the number of the loop and how many parts are
   left, so that a claim is one atomic operation and a thread that wakes late finds nothing left of a loop that is over.
   A core that is busy with something else therefore costs its share of the work and nothing more: the others do not
   wait for a thread that has claimed nothing.

   Workers look for parts for a while, which catches the next loop of the same step, then they sleep. */
#include "core/base/thread_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/base/cleanup.h"

#define SPINS 4000

struct thread_pool {
    pthread_mutex_t mutex;
    pthread_cond_t start, done;
    thread_pool_function *function; /* of the loop at hand; stable while a part of it is claimed */
    void *context;
    int n_parts;                  /* of that loop, likewise */
    atomic_uint_least64_t ticket; /* loop << 32 | parts that nobody has claimed; set under the mutex */
    atomic_int n_left;            /* parts of this loop that are not finished */
    atomic_bool ending;
    int n_threads, n_started;
    pthread_t threads[];
};

static void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static bool has_parts(uint_least64_t ticket)
{
    return (uint32_t)ticket > 0;
}

/* Computes one part of the loop at hand. False: there is none left. */
static bool compute_part(struct thread_pool *pool)
{
    uint_least64_t ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);

    do
        if (!has_parts(ticket))
            return false;
    while (!atomic_compare_exchange_weak_explicit(&pool->ticket, &ticket, ticket - 1, memory_order_acquire,
                                                  memory_order_acquire));
    pool->function(pool->context, pool->n_parts - (int)(uint32_t)ticket, pool->n_parts);
    if (atomic_fetch_sub_explicit(&pool->n_left, 1, memory_order_acq_rel) == 1) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_signal(&pool->done);
        pthread_mutex_unlock(&pool->mutex);
    }
    return true;
}

static void wait_for_parts(struct thread_pool *pool)
{
    for (int i = 0; i < SPINS; i++) {
        if (has_parts(atomic_load_explicit(&pool->ticket, memory_order_relaxed)))
            return;
        pause_cpu();
    }
    pthread_mutex_lock(&pool->mutex);
    while (!has_parts(atomic_load(&pool->ticket)) && !atomic_load(&pool->ending))
        pthread_cond_wait(&pool->start, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

static void *work(void *argument)
{
    struct thread_pool *pool = argument;

    while (!atomic_load(&pool->ending))
        if (!compute_part(pool))
            wait_for_parts(pool);
    return NULL;
}

struct thread_pool *thread_pool_new(int n_threads)
{
    struct thread_pool *pool = calloc(1, sizeof(*pool) + (size_t)n_threads * sizeof(pool->threads[0]));

    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->start, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->n_threads = n_threads;
    for (int i = 1; i < n_threads; i++) {
        if (pthread_create(&pool->threads[i - 1], NULL, work, pool))
            return thread_pool_free(pool);
        pool->n_started++;
    }
    return pool;
}

struct thread_pool *thread_pool_free(struct thread_pool *pool)
{
    if (!pool)
        return NULL;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->ending, true);
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->n_started; i++)
        pthread_join(pool->threads[i], NULL);
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

static void begin_loop(struct thread_pool *pool)
{
    uint_least64_t loop = atomic_load_explicit(&pool->ticket, memory_order_relaxed) >> 32;

    atomic_store_explicit(&pool->n_left, pool->n_parts, memory_order_relaxed);
    pthread_mutex_lock(&pool->mutex);
    atomic_store_explicit(&pool->ticket, (loop + 1) << 32 | (uint_least64_t)pool->n_parts, memory_order_release);
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->mutex);
}

void thread_pool_run(struct thread_pool *pool, thread_pool_function *function, void *context)
{
    thread_pool_run_parts(pool, thread_pool_size(pool), function, context);
}

void thread_pool_run_parts(struct thread_pool *pool, int n_parts, thread_pool_function *function, void *context)
{
    if (!pool || pool->n_threads == 1) {
        function(context, 0, 1);
        return;
    }
    pool->function = function;
    pool->context = context;
    pool->n_parts = n_parts;
    begin_loop(pool);
    while (compute_part(pool))
        ;
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->n_left, memory_order_acquire) == 0)
            return;
        pause_cpu();
    }
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->n_left) > 0)
        pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
