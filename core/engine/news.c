#include "core/engine/news.h"

#include <time.h>

#include "core/base/clock.h"
#include "core/engine/sequence.h"

void news_init(struct news *news, void (*wake)(void *context), void *wake_context)
{
    pthread_condattr_t attributes;

    *news = (struct news){.wake = wake, .wake_context = wake_context};
    pthread_mutex_init(&news->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&news->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void news_deinit(struct news *news)
{
    pthread_cond_destroy(&news->changed);
    pthread_mutex_destroy(&news->mutex);
}

void news_add(struct news *news, struct sequence *sequence)
{
    if (!sequence->listed) {
        sequence->listed = true;
        sequence->next = NULL;
        if (news->last)
            news->last->next = sequence;
        else
            news->first = sequence;
        news->last = sequence;
    }
    pthread_cond_broadcast(&news->changed);
    if (news->wake)
        news->wake(news->wake_context);
}

void news_remove(struct news *news, struct sequence *sequence)
{
    struct sequence **link = &news->first, *previous = NULL;

    if (!sequence->listed)
        return;
    for (; *link != sequence; link = &(*link)->next)
        previous = *link;
    *link = sequence->next;
    if (news->last == sequence)
        news->last = previous;
    sequence->listed = false;
}

struct sequence *news_pop(struct news *news)
{
    struct sequence *sequence;

    pthread_mutex_lock(&news->mutex);
    sequence = news->first;
    if (sequence)
        news_remove(news, sequence);
    pthread_mutex_unlock(&news->mutex);
    return sequence;
}

bool news_wait(struct news *news, int timeout_ms)
{
    uint64_t until_ns = clock_ns() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000000;
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000), .tv_nsec = (long)(until_ns % 1000000000)};
    int r = 0;
    bool any;

    pthread_mutex_lock(&news->mutex);
    while (!news->first && r == 0)
        r = timeout_ms < 0 ? pthread_cond_wait(&news->changed, &news->mutex)
                           : pthread_cond_timedwait(&news->changed, &news->mutex, &until);
    any = news->first != NULL;
    pthread_mutex_unlock(&news->mutex);
    return any;
}
