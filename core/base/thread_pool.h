/* Parallel loops over rows with a fixed set of threads and a fixed partition: as many parts as there are threads, each
   computed whole by whoever has time. No row is ever split, so sums do not depend on the number of threads. */
#pragma once

#include <stddef.h>

struct thread_pool;

/* Called once for every part of a loop, thread = 0 .. n_threads - 1, on any threads of the pool; no two calls with the
 * same number overlap. */
typedef void thread_pool_function(void *context, int thread, int n_threads);

/* n_threads >= 1 counts the caller's own thread. NULL: no memory or no threads. */
struct thread_pool *thread_pool_new(int n_threads);
struct thread_pool *thread_pool_free(struct thread_pool *pool);
int thread_pool_size(const struct thread_pool *pool);

/* Runs function for all parts and returns when all are finished. One caller at a time; pool may be NULL, which means
 * the caller's thread alone. */
void thread_pool_run(struct thread_pool *pool, thread_pool_function *function, void *context);

/* The part of n rows that belongs to a thread, in whole groups of `group` rows (the last may be shorter). */
struct range {
    size_t begin, end;
};
static inline struct range thread_range(size_t n, size_t group, int thread, int n_threads)
{
    size_t n_groups = (n + group - 1) / group;
    size_t begin = n_groups * (size_t)thread / (size_t)n_threads * group;
    size_t end = n_groups * ((size_t)thread + 1) / (size_t)n_threads * group;

    return (struct range){begin < n ? begin : n, end < n ? end : n};
}
