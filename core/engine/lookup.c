#include "core/engine/lookup.h"

#include <string.h>

size_t lookup(const int32_t *ids, size_t n, int32_t *ret, size_t n_max)
{
    for (size_t next = n; next-- > LOOKUP_MATCH;) {
        if (memcmp(ids + next - LOOKUP_MATCH, ids + n - LOOKUP_MATCH, LOOKUP_MATCH * sizeof(*ids)) != 0)
            continue;
        for (size_t i = 0; i < n_max; i++)
            ret[i] = next + i < n ? ids[next + i] : ret[next + i - n];
        return n_max;
    }
    return 0;
}
