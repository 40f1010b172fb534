#include "core/base/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

void buffer_init(struct buffer *buffer, size_t size_max)
{
    *buffer = (struct buffer){.size_max = MIN(size_max, (size_t)(SIZE_MAX / 4))};
}

void buffer_deinit(struct buffer *buffer)
{
    free(buffer->bytes);
    buffer_init(buffer, buffer->size_max);
}

static int buffer_fail(struct buffer *buffer, int code)
{
    buffer->failed = true;
    return code;
}

static int buffer_reserve(struct buffer *buffer, size_t n)
{
    size_t capacity;
    char *bytes;

    if (buffer->failed)
        return -ENOMEM;
    if (n > buffer->size_max - buffer->size)
        return buffer_fail(buffer, -EFBIG);
    if (buffer->size + n < buffer->capacity)
        return 0;
    capacity = MAX(buffer->size + n + 1, MAX(buffer->capacity * 2, (size_t)64));
    bytes = realloc(buffer->bytes, capacity);
    if (!bytes)
        return buffer_fail(buffer, -ENOMEM);
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return 0;
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t n)
{
    int r = buffer_reserve(buffer, n);

    if (r < 0)
        return r;
    if (n)
        memcpy(buffer->bytes + buffer->size, bytes, n);
    buffer->size += n;
    buffer->bytes[buffer->size] = '\0';
    return 0;
}

int buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    int n, r;

    va_start(arguments, format);
    va_copy(again, arguments);
    n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    r = n < 0 ? -EINVAL : buffer_reserve(buffer, (size_t)n);
    if (r == 0) {
        vsnprintf(buffer->bytes + buffer->size, (size_t)n + 1, format, again);
        buffer->size += (size_t)n;
    }
    va_end(again);
    return r;
}

void buffer_consume(struct buffer *buffer, size_t n)
{
    buffer->size -= n;
    if (buffer->bytes) {
        memmove(buffer->bytes, buffer->bytes + n, buffer->size);
        buffer->bytes[buffer->size] = '\0';
    }
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
    if (buffer->bytes)
        buffer->bytes[0] = '\0';
}
