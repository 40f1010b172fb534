/* Growable bytes with a ceiling from birth. Not shared between threads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Embedded. bytes is NULL while empty, else has a NUL behind bytes[size - 1]. */
struct buffer {
    char *bytes;
    size_t size, capacity;
    size_t size_max;
    bool failed; /* an append found no memory or hit the ceiling; later appends do nothing */
};

void buffer_init(struct buffer *buffer, size_t size_max);
void buffer_deinit(struct buffer *buffer);

/* 0, -ENOMEM, or -EFBIG beyond size_max; then nothing was appended and the buffer is marked failed. */
int buffer_append(struct buffer *buffer, const void *bytes, size_t n);
int buffer_append_text(struct buffer *buffer, const char *text);
int buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops n bytes at the front (n <= size). */
void buffer_consume(struct buffer *buffer, size_t n);
void buffer_clear(struct buffer *buffer);
