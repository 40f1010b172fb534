#include "core/engine/media_cache.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/digest.h"

struct entry {
    struct digest digest;
    uint64_t used; /* when it was used last; 0: empty */
};

struct media_cache {
    size_t n_floats, n_entries;
    uint64_t clock;
    atomic_size_t n_used;
    struct entry *entries;
    float *data; /* [n_entries, n_floats] */
};

struct media_cache *media_cache_new(size_t n_floats, size_t n_bytes)
{
    struct media_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        return NULL;
    cache->n_floats = n_floats;
    cache->n_entries = n_floats ? n_bytes / (n_floats * sizeof(float)) : 0;
    if (cache->n_entries == 0)
        return cache;
    cache->entries = calloc(cache->n_entries, sizeof(*cache->entries));
    cache->data = calloc(cache->n_entries * n_floats, sizeof(*cache->data));
    return cache->entries && cache->data ? cache : media_cache_free(cache);
}

struct media_cache *media_cache_free(struct media_cache *cache)
{
    if (cache) {
        free(cache->entries);
        free(cache->data);
        free(cache);
    }
    return NULL;
}

const float *media_cache_find(struct media_cache *cache, const struct digest *digest)
{
    for (size_t i = 0; i < cache->n_entries; i++)
        if (cache->entries[i].used && digest_equal(&cache->entries[i].digest, digest)) {
            cache->entries[i].used = ++cache->clock;
            return cache->data + i * cache->n_floats;
        }
    return NULL;
}

void media_cache_put(struct media_cache *cache, const struct digest *digest, const float *embeddings)
{
    size_t oldest = 0;

    if (cache->n_entries == 0 || media_cache_find(cache, digest))
        return;
    for (size_t i = 1; i < cache->n_entries && cache->entries[oldest].used; i++)
        if (cache->entries[i].used < cache->entries[oldest].used)
            oldest = i;
    if (!cache->entries[oldest].used)
        atomic_fetch_add(&cache->n_used, 1);
    cache->entries[oldest] = (struct entry){*digest, ++cache->clock};
    memcpy(cache->data + oldest * cache->n_floats, embeddings, cache->n_floats * sizeof(float));
}

size_t media_cache_size(const struct media_cache *cache)
{
    return atomic_load(&cache->n_used) * cache->n_floats * sizeof(float);
}
