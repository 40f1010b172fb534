/* Parallel loops over rows with a fixed set of threads: a loop is cut into parts, each computed whole by whoever has
   time. No row is ever split, so sums do not depend on the number of threads. */
#pragma once

#include <stddef.h>

struct thread_pool;

/* Called once for every part of a loop, part = 0 .. n_parts - 1, on any threads of the pool. */
typedef void thread_pool_function(void *context, int part, int n_parts);

/* n_threads >= 1 counts the caller's own thread. NULL: no memory or no threads. */
struct thread_pool *thread_pool_new(int n_threads);
struct thread_pool *thread_pool_free(struct thread_pool *pool);
int thread_pool_size(const struct thread_pool *pool);

/* Runs function for as many parts as there are threads, and returns when all are finished. One caller at a time; pool
 * may be NULL, which means the caller's thread alone. */
void thread_pool_run(struct thread_pool *pool, thread_pool_function *function, void *context);
/* The same in n_parts >= 1: more parts than threads share the work out more evenly where cores are busy with other
 * things, too. With a single thread it is one part all the same. */
void thread_pool_run_parts(struct thread_pool *pool, int n_parts, thread_pool_function *function, void *context);

/* The rows of a part of n rows, in whole groups of `group` rows (the last may be shorter). */
struct range {
    size_t begin, end;
};
static inline struct range thread_range(size_t n, size_t group, int part, int n_parts)
{
    size_t n_groups = (n + group - 1) / group;
    size_t begin = n_groups * (size_t)part / (size_t)n_parts * group;
    size_t end = n_groups * ((size_t)part + 1) / (size_t)n_parts * group;

    return (struct range){begin < n ? begin : n, end < n ? end : n};
}
