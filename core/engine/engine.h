/* The engine thread: takes sequences from a bounded inbox and carries each through encode, prefill and decode. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/engine/news.h"
#include "core/onellm.h"

struct candidate;
struct compute;
struct decoder;
struct encoder;
struct kv_cache;
struct model;
struct projection;
struct queue;
struct thread_pool;

struct engine {
    const struct model *model;
    struct thread_pool *pool;
    struct compute *compute;
    struct arena arena; /* the engine's memory: everything below but the cache */
    struct encoder *encoder;
    struct projection *projection;
    struct decoder *decoder;
    struct candidate *candidates;
    struct kv_cache *cache;

    struct queue *inbox;
    struct news news;
    pthread_t thread;
    bool started;
    atomic_bool ending;

    /* Statistics; written by the engine thread. */
    atomic_uint_least64_t heartbeat_ns, n_finished, n_cancelled, n_new_tokens, ns_per_request;
    atomic_bool busy;
};

/* The model is borrowed; its weights are packed. context: positions of the longest sequence. */
int engine_init(struct engine *engine, struct model *model, const struct onellm_options *options, size_t context,
                struct error *error);
/* Ends the thread (unfinished sequences end as cancelled); accepts a half-built or zero-filled engine. */
void engine_deinit(struct engine *engine);

/* The stages up to the embeddings of one medium. The engine thread's, or anybody's while nothing is submitted. stop is
 * asked between steps; what it returns other than 0 ends the work and is passed on. -ENOMEM. */
typedef int engine_stop(void *context);
int engine_encode(struct engine *engine, const struct input_tensor *input, engine_stop *stop, void *context);
