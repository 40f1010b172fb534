/* [block][keys, values][head][position][element], f32: one head's keys lie side by side, so attention streams them. */
#include "core/model/kv_cache.h"

#include <stdlib.h>
#include <string.h>

#include "core/model/hparams.h"

struct kv_cache {
    size_t n_heads, head_dim, capacity, length;
    float *data;
};

static size_t half_floats(size_t n_heads, size_t head_dim, size_t n_positions)
{
    return n_heads * n_positions * head_dim;
}

size_t kv_cache_bytes(const struct hparams *h, size_t n_positions)
{
    const struct block_sizes *sizes = &h->decoder;

    return 2 * sizes->n_blocks * half_floats(sizes->n_kv_heads, sizes->width / sizes->n_heads, n_positions) *
           sizeof(float);
}

struct kv_cache *kv_cache_new(const struct hparams *h, size_t n_positions)
{
    struct kv_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        return NULL;
    cache->n_heads = h->decoder.n_kv_heads;
    cache->head_dim = h->decoder.width / h->decoder.n_heads;
    cache->capacity = n_positions;
    cache->data = calloc(1, kv_cache_bytes(h, n_positions));
    return cache->data ? cache : kv_cache_free(cache);
}

struct kv_cache *kv_cache_free(struct kv_cache *cache)
{
    if (cache) {
        free(cache->data);
        free(cache);
    }
    return NULL;
}

size_t kv_cache_length(const struct kv_cache *cache)
{
    return cache->length;
}

void kv_cache_clear(struct kv_cache *cache)
{
    cache->length = 0;
}

static float *half(const struct kv_cache *cache, size_t block, size_t which)
{
    return cache->data + (2 * block + which) * half_floats(cache->n_heads, cache->head_dim, cache->capacity);
}

static void write_half(const struct kv_cache *cache, float *ret, const float *rows, size_t m)
{
    size_t row = cache->n_heads * cache->head_dim;

    for (size_t head = 0; head < cache->n_heads; head++)
        for (size_t i = 0; i < m; i++)
            memcpy(ret + (head * cache->capacity + cache->length + i) * cache->head_dim,
                   rows + i * row + head * cache->head_dim, cache->head_dim * sizeof(*ret));
}

void kv_cache_write(struct kv_cache *cache, size_t block, const float *keys, const float *values, size_t m)
{
    write_half(cache, half(cache, block, 0), keys, m);
    write_half(cache, half(cache, block, 1), values, m);
}

void kv_cache_advance(struct kv_cache *cache, size_t m)
{
    cache->length += m;
}

const float *kv_cache_keys(const struct kv_cache *cache, size_t block)
{
    return half(cache, block, 0);
}

const float *kv_cache_values(const struct kv_cache *cache, size_t block)
{
    return half(cache, block, 1);
}

size_t kv_cache_head_stride(const struct kv_cache *cache)
{
    return cache->capacity * cache->head_dim;
}
