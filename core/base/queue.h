/* A bounded queue of pointers between threads. Pushing gives the pointer away; popping takes it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct queue;

struct queue *queue_new(size_t capacity);      /* NULL: no memory */
struct queue *queue_free(struct queue *queue); /* what is still inside is the caller's to drain first */

/* Any thread. False when the queue is full or closed: the pointer is still the caller's. */
bool queue_push(struct queue *queue, void *item);

/* Any thread. Waits for an item; NULL when the queue is closed and empty. */
void *queue_pop(struct queue *queue);

/* Any thread. Takes out one item before its turn; false when it is not inside. */
bool queue_remove(struct queue *queue, const void *item);

/* Any thread. Takes out the first item that matches; NULL when none does. */
void *queue_take(struct queue *queue, bool (*match)(const void *item, void *context), void *context);

/* Any thread. How many items stand before this one; SIZE_MAX when it is not inside. */
size_t queue_position(struct queue *queue, const void *item);

/* Any thread. Calls visit for every item, first to last, under the queue's lock. */
void queue_visit(struct queue *queue, void (*visit)(void *item));

size_t queue_size(struct queue *queue);
void queue_close(struct queue *queue); /* no more pushes; waiting pops return */
