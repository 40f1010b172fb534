/* The memory of one request: many allocations, one release, one ceiling. Not shared between threads. */
#pragma once

#include <stddef.h>

struct arena_chunk;

/* Embedded; zero-filled is an empty arena without a ceiling. */
struct arena {
    struct arena_chunk *chunks;
    size_t bytes;     /* handed out, with alignment */
    size_t bytes_max; /* 0: no ceiling */
};

void arena_init(struct arena *arena, size_t bytes_max);
void arena_deinit(struct arena *arena);

/* Zero-filled memory aligned to 64 bytes that lives as long as the arena.
 * NULL when memory or the ceiling is exhausted, or count * size overflows. */
void *arena_alloc(struct arena *arena, size_t count, size_t size) __attribute__((malloc));

/* A copy of n bytes with a NUL behind them. */
char *arena_copy_text(struct arena *arena, const char *text, size_t n);

#define arena_new(arena, type, count) ((type *)arena_alloc(arena, count, sizeof(type)))
