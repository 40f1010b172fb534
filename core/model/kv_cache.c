/* A page is [block][keys, values][head][position][element], halves: one head's keys lie side by side, so attention
   streams them. */
#include "core/model/kv_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/kernels/kernels.h"
#include "core/model/hparams.h"
#include "core/tensor/attention.h"

struct kv_pool {
    size_t n_heads, head_dim, n_pages, page_bytes, bytes;
    char *memory;
    uint32_t *free; /* numbers of free pages, a stack */
    size_t n_free;
};

static size_t half_bytes(const struct block_sizes *sizes)
{
    return sizes->n_kv_heads * KV_PAGE * (sizes->width / sizes->n_heads) * sizeof(uint16_t);
}

size_t kv_pool_bytes(const struct hparams *h, size_t n_pages)
{
    return n_pages * 2 * h->decoder.n_blocks * half_bytes(&h->decoder);
}

struct kv_pool *kv_pool_new(const struct hparams *h, size_t n_pages)
{
    struct kv_pool *pool = calloc(1, sizeof(*pool));
    void *memory;

    if (!pool)
        return NULL;
    pool->n_heads = h->decoder.n_kv_heads;
    pool->head_dim = h->decoder.width / h->decoder.n_heads;
    pool->n_pages = pool->n_free = n_pages;
    pool->page_bytes = kv_pool_bytes(h, 1);
    pool->free = calloc(n_pages, sizeof(*pool->free));
    memory = mmap(NULL, kv_pool_bytes(h, n_pages), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                  -1, 0);
    if (memory != MAP_FAILED) {
        pool->memory = memory;
        pool->bytes = kv_pool_bytes(h, n_pages);
    }
    if (!pool->memory || !pool->free)
        return kv_pool_free(pool);
    for (size_t i = 0; i < n_pages; i++)
        pool->free[i] = (uint32_t)(n_pages - 1 - i); /* low numbers first, so that memory is touched in order */
    return pool;
}

struct kv_pool *kv_pool_free(struct kv_pool *pool)
{
    if (pool) {
        if (pool->memory)
            munmap(pool->memory, pool->bytes);
        free(pool->free);
        free(pool);
    }
    return NULL;
}

size_t kv_pool_n_free(const struct kv_pool *pool)
{
    return pool->n_free;
}

bool kv_pages_reserve(struct kv_pool *pool, struct kv_pages *pages, size_t n_positions)
{
    size_t n = kv_pages_for(n_positions);

    if (n > pages->n_max || n > pages->n + pool->n_free)
        return false;
    while (pages->n < n)
        pages->numbers[pages->n++] = pool->free[--pool->n_free];
    return true;
}

void kv_pages_clear(struct kv_pool *pool, struct kv_pages *pages)
{
    while (pages->n > 0)
        pool->free[pool->n_free++] = pages->numbers[--pages->n];
    pages->length = 0;
}

struct attention_pages kv_pool_block(const struct kv_pool *pool, size_t block)
{
    size_t n_values = pool->n_heads * KV_PAGE * pool->head_dim * sizeof(uint16_t);

    return (struct attention_pages){
        .memory = pool->memory + 2 * block * n_values,
        .page_bytes = pool->page_bytes,
        .values_offset = n_values,
        .n_positions = KV_PAGE,
    };
}

static void write_half(const struct kv_pool *pool, const struct kv_pages *pages, const struct kernels *kernels,
                       char *memory, const float *rows, size_t m)
{
    size_t width = pool->n_heads * pool->head_dim, row_bytes = pool->head_dim * sizeof(uint16_t);

    for (size_t i = 0; i < m; i++) {
        size_t position = pages->length + i;
        char *page = memory + pages->numbers[position / KV_PAGE] * pool->page_bytes;

        for (size_t head = 0; head < pool->n_heads; head++)
            kernels->narrow_f16(rows + i * width + head * pool->head_dim, pool->head_dim,
                                (uint16_t *)(void *)(page + (head * KV_PAGE + position % KV_PAGE) * row_bytes));
    }
}

void kv_pages_write(struct kv_pool *pool, const struct kv_pages *pages, const struct kernels *kernels, size_t block,
                    const float *keys, const float *values, size_t m)
{
    struct attention_pages own = kv_pool_block(pool, block);
    char *memory = pool->memory + (own.memory - pool->memory);

    write_half(pool, pages, kernels, memory, keys, m);
    write_half(pool, pages, kernels, memory + own.values_offset, values, m);
}
