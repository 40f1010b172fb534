/* Files decoded by confined processes: the daemon's side. It parses no foreign file itself; a file that takes its
   decoder down costs its own request an error, and nobody else anything. Thread-safety: any number of calls at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/media/media.h"

struct error;
struct media_pool;

struct media_pool_options {
    const char *program;                   /* onellmd-media; NULL: the one that came with the running program */
    bool is_confined;                      /* false: processes without a sandbox */
    uint64_t memory_bytes_max, timeout_ms; /* for one file */
};

/* Starts the worker program and waits until it is ready. -ENOENT: there is no such program; -ENOTSUP and others: it
 * cannot confine itself here; the message says what to do. */
int media_pool_new(const struct media_pool_options *options, struct media_pool **ret, struct error *error);
/* Kills what is still being decoded. No call may be in progress. NULL is fine. */
struct media_pool *media_pool_free(struct media_pool *pool);

/* Other limits for files to come. */
void media_pool_limit(struct media_pool *pool, uint64_t memory_bytes_max, uint64_t timeout_ms);

/* media_decode() elsewhere, and when the process died: -EBADMSG. The pool is the context. */
struct media_source media_pool_source(struct media_pool *pool);

int media_pool_landlock(const struct media_pool *pool);    /* version; 0: this kernel has none */
uint64_t media_pool_n_died(const struct media_pool *pool); /* processes that ended without a report */
