/* Which sequences have something to tell. Each is listed at most once, so the list never overflows. Any thread. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

struct sequence;

struct news {
    pthread_mutex_t mutex; /* also guards `state` and `text` of every sequence */
    pthread_cond_t changed;
    struct sequence *first, *last;
    void (*wake)(void *context); /* may be NULL */
    void *wake_context;
};

void news_init(struct news *news, void (*wake)(void *context), void *wake_context);
void news_deinit(struct news *news);

/* The caller holds the mutex. */
void news_add(struct news *news, struct sequence *sequence);
void news_remove(struct news *news, struct sequence *sequence);

struct sequence *news_pop(struct news *news);
bool news_wait(struct news *news, int timeout_ms); /* false: timeout */
