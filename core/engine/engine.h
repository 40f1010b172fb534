/* The engine thread: takes sequences from a bounded inbox and carries many of them at once through encode, prefill and
   decode. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/engine/memory_plan.h"
#include "core/engine/news.h"
#include "core/onellm.h"
#include "core/tensor/matmul.h"

struct candidate;
struct decoder;
struct decoder_part;
struct encoder;
struct kv_pool;
struct media_cache;
struct model;
struct projection;
struct queue;
struct sequence_choice;
struct slot;
struct thread_pool;

struct engine {
    const struct model *model;
    struct thread_pool *pool;
    struct compute *compute;
    struct compute item_compute; /* the same for encoder and projection, whose rows always come together */
    struct arena arena;          /* the engine's memory: everything below but the pages */
    struct encoder *encoder;
    struct projection *projection;
    struct decoder *decoder;
    struct candidate *candidates;
    struct kv_pool *pool_of_pages;
    struct media_cache *media_cache;
    struct memory_plan plan;

    struct slot *slots; /* [n_slots] */
    size_t n_slots, n_served, n_drafts_max;
    uint64_t n_arrivals;
    struct slot *encoding; /* whose medium is in the encoder or, when projecting, in the projection; NULL: nobody's */
    bool projecting;
    struct decoder_part *parts;            /* [n_parts_max]: of the pass at hand */
    struct slot **part_slots;              /* [n_parts_max]: whose they are */
    struct sequence_choice **part_choices; /* [n_parts_max]: what is scored there; NULL: nothing */
    size_t n_parts_max, n_parts, n_rows, n_scored_rows;
    struct kv_pages *branches; /* [n_branches]: of choices that the pass scores beside the one at hand */
    size_t n_branches;
    double pass_ms, row_ms; /* a pass without prompts, and what a position of a prompt adds; 0: not known yet */
    double ended_ms;        /* when a sequence ended last */

    struct queue *inbox;
    struct news news;
    pthread_t thread;
    bool started;
    atomic_bool ending;

    /* Statistics; written by the engine thread. */
    atomic_uint_least64_t heartbeat_ns, n_finished, n_cancelled, n_preempted, n_recalled, n_new_tokens, ns_per_request;
    atomic_uint_least64_t n_drafted, n_accepted; /* tokens */
    atomic_uint_least64_t n_computed;            /* positions */
    atomic_uint_least64_t n_held_pages, n_held_slots;
    atomic_bool busy;
};

/* The model is borrowed; its weights are packed. context: positions of the longest sequence. */
int engine_init(struct engine *engine, struct model *model, const struct onellm_options *options, size_t context,
                struct error *error);
/* Ends the thread (unfinished sequences end as cancelled); accepts a half-built or zero-filled engine. */
void engine_deinit(struct engine *engine);

/* The stages up to the embeddings of one medium, while nothing is submitted. -ENOMEM. */
int engine_encode(struct engine *engine, const struct input_tensor *input);
