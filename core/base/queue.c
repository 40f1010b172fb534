/* A ring under one mutex: hand-overs are per request, not per token, so contention does not matter. */
#include "core/base/queue.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t first, size, capacity;
    bool closed;
    void *items[];
};

struct queue *queue_new(size_t capacity)
{
    struct queue *queue = calloc(1, sizeof(*queue) + capacity * sizeof(queue->items[0]));

    if (!queue)
        return NULL;
    queue->capacity = capacity;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->changed, NULL);
    return queue;
}

struct queue *queue_free(struct queue *queue)
{
    if (queue) {
        pthread_cond_destroy(&queue->changed);
        pthread_mutex_destroy(&queue->mutex);
        free(queue);
    }
    return NULL;
}

bool queue_push(struct queue *queue, void *item)
{
    bool pushed = false;

    pthread_mutex_lock(&queue->mutex);
    if (!queue->closed && queue->size < queue->capacity) {
        queue->items[(queue->first + queue->size++) % queue->capacity] = item;
        pthread_cond_signal(&queue->changed);
        pushed = true;
    }
    pthread_mutex_unlock(&queue->mutex);
    return pushed;
}

void *queue_pop(struct queue *queue)
{
    void *item = NULL;

    pthread_mutex_lock(&queue->mutex);
    while (!queue->size && !queue->closed)
        pthread_cond_wait(&queue->changed, &queue->mutex);
    if (queue->size) {
        item = queue->items[queue->first];
        queue->first = (queue->first + 1) % queue->capacity;
        queue->size--;
    }
    pthread_mutex_unlock(&queue->mutex);
    return item;
}

static size_t position_locked(const struct queue *queue, const void *item)
{
    for (size_t i = 0; i < queue->size; i++)
        if (queue->items[(queue->first + i) % queue->capacity] == item)
            return i;
    return SIZE_MAX;
}

static void remove_locked(struct queue *queue, size_t position)
{
    queue->size--;
    for (size_t i = position; i < queue->size; i++)
        queue->items[(queue->first + i) % queue->capacity] = queue->items[(queue->first + i + 1) % queue->capacity];
}

bool queue_remove(struct queue *queue, const void *item)
{
    size_t position;

    pthread_mutex_lock(&queue->mutex);
    position = position_locked(queue, item);
    if (position != SIZE_MAX)
        remove_locked(queue, position);
    pthread_mutex_unlock(&queue->mutex);
    return position != SIZE_MAX;
}

void *queue_take(struct queue *queue, bool (*match)(const void *item, void *context), void *context)
{
    void *taken = NULL;

    pthread_mutex_lock(&queue->mutex);
    for (size_t i = 0; i < queue->size && !taken; i++) {
        void *item = queue->items[(queue->first + i) % queue->capacity];

        if (match(item, context)) {
            remove_locked(queue, i);
            taken = item;
        }
    }
    pthread_mutex_unlock(&queue->mutex);
    return taken;
}

size_t queue_position(struct queue *queue, const void *item)
{
    size_t position;

    pthread_mutex_lock(&queue->mutex);
    position = position_locked(queue, item);
    pthread_mutex_unlock(&queue->mutex);
    return position;
}

void queue_visit(struct queue *queue, void (*visit)(void *item))
{
    pthread_mutex_lock(&queue->mutex);
    for (size_t i = 0; i < queue->size; i++)
        visit(queue->items[(queue->first + i) % queue->capacity]);
    pthread_mutex_unlock(&queue->mutex);
}

size_t queue_size(struct queue *queue)
{
    size_t size;

    pthread_mutex_lock(&queue->mutex);
    size = queue->size;
    pthread_mutex_unlock(&queue->mutex);
    return size;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
}
