/* Chunks of at least CHUNK_BYTES in a list; an allocation goes into the newest one or opens another. calloc gives large
   chunks as untouched zero pages, so asking for much and using little is cheap. */
#include "core/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

#define ALIGNMENT ((size_t)64)
#define CHUNK_BYTES ((size_t)64 << 10)

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size;
    char *base; /* aligned, inside this allocation */
};

static struct arena_chunk *chunk_new(size_t size)
{
    struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + size + ALIGNMENT);

    if (!chunk)
        return NULL;
    chunk->size = size;
    chunk->base = (char *)(((uintptr_t)(chunk + 1) + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1));
    return chunk;
}

void arena_init(struct arena *arena, size_t bytes_max)
{
    *arena = (struct arena){.bytes_max = bytes_max};
}

void arena_deinit(struct arena *arena)
{
    struct arena_chunk *next;

    for (struct arena_chunk *chunk = arena->chunks; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (struct arena){.bytes_max = arena->bytes_max};
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    struct arena_chunk *chunk = arena->chunks;
    size_t bytes;
    void *memory;

    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        return NULL;
    bytes = MAX((bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1), ALIGNMENT);
    if (arena->bytes_max && bytes > arena->bytes_max - arena->bytes)
        return NULL;
    if (!chunk || bytes > chunk->size - chunk->used) {
        chunk = chunk_new(MAX(bytes, CHUNK_BYTES));
        if (!chunk)
            return NULL;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    memory = chunk->base + chunk->used;
    chunk->used += bytes;
    arena->bytes += bytes;
    return memory;
}

char *arena_copy_text(struct arena *arena, const char *text, size_t n)
{
    char *copy = n < SIZE_MAX ? arena_alloc(arena, n + 1, 1) : NULL;

    if (copy && n)
        memcpy(copy, text, n);
    return copy;
}
