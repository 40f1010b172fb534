/* A page is [block][keys, values][head][position][element]: one head's keys lie side by side, so attention streams
   them. */
#include "core/model/kv_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/digest.h"
#include "core/base/machine.h"
#include "core/kernels/kernels.h"
#include "core/model/hparams.h"
#include "core/tensor/attention.h"

struct page {
    struct digest name;
    bool is_named;
    uint32_t n_users;
    uint64_t left; /* when the last user of a named page left it */
};

struct kv_pool {
    enum tensor_type type;
    size_t n_heads, head_dim, n_pages;
    size_t row_bytes, page_bytes, half_bytes; /* row: of a head; half: keys or values of a block */
    char *memory;
    struct page *pages;
    uint64_t clock;
    size_t n_unused; /* pages without users, named or not */
};

static size_t head_dim(const struct hparams *h)
{
    return h->decoder.width / h->decoder.n_heads;
}

bool kv_pool_can_be(const struct hparams *h, enum tensor_type type)
{
    return head_dim(h) % tensor_type_info(type)->n_block == 0;
}

static size_t row_bytes(const struct hparams *h, enum tensor_type type)
{
    return head_dim(h) / tensor_type_info(type)->n_block * tensor_type_info(type)->n_block_bytes;
}

size_t kv_pool_bytes(const struct hparams *h, enum tensor_type type, size_t n_pages)
{
    return n_pages * 2 * h->decoder.n_blocks * h->decoder.n_kv_heads * KV_PAGE * row_bytes(h, type);
}

struct kv_pool *kv_pool_new(const struct hparams *h, enum tensor_type type, size_t n_pages)
{
    struct kv_pool *pool = calloc(1, sizeof(*pool));
    void *memory;

    if (!pool)
        return NULL;
    pool->type = type;
    pool->n_heads = h->decoder.n_kv_heads;
    pool->head_dim = head_dim(h);
    pool->n_pages = pool->n_unused = n_pages;
    pool->row_bytes = row_bytes(h, type);
    pool->page_bytes = kv_pool_bytes(h, type, 1);
    pool->half_bytes = pool->page_bytes / (2 * h->decoder.n_blocks);
    pool->pages = calloc(n_pages, sizeof(*pool->pages));
    memory = mmap(NULL, n_pages * pool->page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                  -1, 0);
    pool->memory = memory == MAP_FAILED ? NULL : memory;
    /* Attention that walks the page tables for every head waits longer for those than for memory. Of a small model huge
       pages would make more resident than is used. */
    if (pool->memory && pool->page_bytes >= HUGE_PAGE)
        madvise(memory, n_pages * pool->page_bytes, MADV_HUGEPAGE);
    return pool->memory && pool->pages ? pool : kv_pool_free(pool);
}

struct kv_pool *kv_pool_free(struct kv_pool *pool)
{
    if (pool) {
        if (pool->memory)
            munmap(pool->memory, pool->n_pages * pool->page_bytes);
        free(pool->pages);
        free(pool);
    }
    return NULL;
}

size_t kv_pool_n_held(const struct kv_pool *pool)
{
    return pool->n_pages - pool->n_unused;
}

/* The first page that is free, or else the named one that has been without users for longest. */
static uint32_t take_page(struct kv_pool *pool)
{
    size_t best = pool->n_pages;

    for (size_t i = 0; i < pool->n_pages; i++) {
        if (pool->pages[i].n_users)
            continue;
        if (!pool->pages[i].is_named) {
            best = i;
            break;
        }
        if (best == pool->n_pages || pool->pages[i].left < pool->pages[best].left)
            best = i;
    }
    pool->pages[best] = (struct page){.n_users = 1};
    pool->n_unused--;
    return (uint32_t)best;
}

bool kv_pages_reserve(struct kv_pool *pool, struct kv_pages *pages, size_t n_positions)
{
    size_t n = kv_pages_for(n_positions);

    if (n > pages->n_max || n > pages->n + pool->n_unused)
        return false;
    while (pages->n < n)
        pages->numbers[pages->n++] = take_page(pool);
    return true;
}

void kv_pages_clear(struct kv_pool *pool, struct kv_pages *pages)
{
    while (pages->n > 0) {
        struct page *page = &pool->pages[pages->numbers[--pages->n]];

        if (--page->n_users == 0) {
            page->left = ++pool->clock;
            pool->n_unused++;
        }
    }
    pages->length = 0;
}

static size_t find_page(const struct kv_pool *pool, const struct digest *name)
{
    size_t i = 0;

    while (i < pool->n_pages && !(pool->pages[i].is_named && digest_equal(&pool->pages[i].name, name)))
        i++;
    return i;
}

bool kv_pages_share(struct kv_pool *pool, struct kv_pages *pages, const struct digest *name)
{
    size_t found = find_page(pool, name);

    if (found == pool->n_pages || pages->n == pages->n_max || pages->length != pages->n * KV_PAGE)
        return false;
    pool->n_unused -= pool->pages[found].n_users++ == 0;
    pages->numbers[pages->n++] = (uint32_t)found;
    pages->length += KV_PAGE;
    return true;
}

void kv_pages_name(struct kv_pool *pool, const struct kv_pages *pages, size_t i, const struct digest *name)
{
    struct page *page = &pool->pages[pages->numbers[i]];

    if (!page->is_named && find_page(pool, name) == pool->n_pages) {
        page->name = *name;
        page->is_named = true;
    }
}

bool kv_pages_fork(struct kv_pool *pool, const struct kv_pages *from, size_t n_positions, struct kv_pages *pages)
{
    size_t n_full = n_positions / KV_PAGE;

    if (pages->n > 0 || kv_pages_for(n_positions) > n_full + pool->n_unused)
        return false;
    for (; pages->n < n_full; pages->n++) {
        pages->numbers[pages->n] = from->numbers[pages->n];
        pool->pages[pages->numbers[pages->n]].n_users++;
    }
    if (n_positions % KV_PAGE) {
        pages->numbers[n_full] = take_page(pool);
        memcpy(pool->memory + pages->numbers[n_full] * pool->page_bytes,
               pool->memory + from->numbers[n_full] * pool->page_bytes, pool->page_bytes);
        pages->n++;
    }
    pages->length = n_positions;
    return true;
}

struct attention_pages kv_pool_block(const struct kv_pool *pool, size_t block)
{
    return (struct attention_pages){
        .memory = pool->memory + 2 * block * pool->half_bytes,
        .type = pool->type,
        .row_bytes = pool->row_bytes,
        .page_bytes = pool->page_bytes,
        .values_offset = pool->half_bytes,
        .n_positions = KV_PAGE,
    };
}

static void write_row(const struct kv_pool *pool, const struct kernels *kernels, const float *row, void *ret)
{
    if (pool->type == TENSOR_F16)
        kernels->narrow_f16(row, pool->head_dim, ret);
    else
        tensor_from_f32(pool->type, row, pool->head_dim, ret);
}

static void write_half(const struct kv_pool *pool, const struct kv_pages *pages, const struct kernels *kernels,
                       char *memory, const float *rows, size_t m)
{
    size_t width = pool->n_heads * pool->head_dim;

    for (size_t i = 0; i < m; i++) {
        size_t position = pages->length + i;
        char *page = memory + pages->numbers[position / KV_PAGE] * pool->page_bytes;

        for (size_t head = 0; head < pool->n_heads; head++)
            write_row(pool, kernels, rows + i * width + head * pool->head_dim,
                      page + (head * KV_PAGE + position % KV_PAGE) * pool->row_bytes);
    }
}

void kv_pages_write(struct kv_pool *pool, const struct kv_pages *pages, const struct kernels *kernels, size_t block,
                    const float *keys, const float *values, size_t m)
{
    char *memory = pool->memory + 2 * block * pool->half_bytes;

    write_half(pool, pages, kernels, memory, keys, m);
    write_half(pool, pages, kernels, memory + pool->half_bytes, values, m);
}
