/* The daemon: its parts, and the life from start to exit. Thread: loop. */
#pragma once

#include <stdbool.h>

#include "core/media/media.h"
#include "server/admission.h"
#include "server/keys.h"
#include "server/metrics.h"

struct config;
struct error;
struct exchange;
struct http;
struct loop;
struct loop_timer;
struct loop_wake;
struct media_pool;
struct media_store;
struct onellm;
struct request;

enum daemon_state {
    DAEMON_RUNNING,
    DAEMON_DRAINING, /* told to end, still serving: load balancers need time to notice */
    DAEMON_STOPPING, /* not listening any more; what was accepted is finished */
};

struct daemon {
    struct config *config; /* options that SIGHUP changes do so between two events of the loop: loop thread */
    struct media_limits media_limits;
    struct media_pool *media; /* decodes uploads */
    struct loop *loop;
    struct http *http;
    struct loop_wake *news;          /* from the engine thread */
    struct onellm *onellm;           /* NULL while the model is being opened */
    struct media_store *media_store; /* media that may be asked about again; likewise */
    enum daemon_state state;
    struct loop_timer *timer; /* of the stages of the end */
    struct loop_timer *watchdog;
    uint64_t end_ns; /* clock_ns() at which what is left is ended */
    struct admission admission;
    struct keys keys;
    struct metrics metrics;
    struct request *requests; /* a list of all that have not been freed */
    size_t n_jobs;            /* of api_tokens.c, the same */
    int result;               /* of daemon_run() */

    bool is_opening; /* then what follows belongs to the opening thread */
    struct onellm *opened;
    int opening_result;
    struct error *error;
};

/* Serves until a signal ends it. 0: ended as told; errors are those of the start. */
int daemon_run(struct config *config, struct error *error);

/* True when questions are taken; otherwise it has replied why not. */
bool daemon_is_ready(struct daemon *daemon, struct exchange *exchange);

/* Whether the engine makes progress or has nothing to do. */
bool daemon_is_alive(const struct daemon *daemon);

/* A request or a job has been freed; perhaps it was the last one waited for. */
void daemon_request_freed(struct daemon *daemon);
