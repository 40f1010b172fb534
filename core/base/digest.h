/* SHA-256: names for content. Only here is it known which library computes it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct digest {
    uint8_t bytes[32];
};

static inline bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* The same in a time that does not depend on where they differ. */
bool digest_equal_secret(const struct digest *a, const struct digest *b);

/* What has been added so far; embedded. */
struct digest_state {
    _Alignas(16) uint8_t memory[128];
};

void digest_begin(struct digest_state *state);
void digest_add(struct digest_state *state, const void *bytes, size_t n);
struct digest digest_end(struct digest_state *state);
