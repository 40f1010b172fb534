#include "core/base/digest.h"

#include <nettle/memops.h>
#include <nettle/sha2.h>

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct digest_state), "room for the library's state");

static struct sha256_ctx *context_of(struct digest_state *state)
{
    return (struct sha256_ctx *)(void *)state->memory;
}

bool digest_equal_secret(const struct digest *a, const struct digest *b)
{
    return memeql_sec(a->bytes, b->bytes, sizeof(a->bytes));
}

void digest_begin(struct digest_state *state)
{
    sha256_init(context_of(state));
}

void digest_add(struct digest_state *state, const void *bytes, size_t n)
{
    sha256_update(context_of(state), n, bytes);
}

struct digest digest_end(struct digest_state *state)
{
    struct digest digest;

    sha256_digest(context_of(state), sizeof(digest.bytes), digest.bytes);
    return digest;
}
