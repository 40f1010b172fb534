/* Keys and values of all sequences, in pages of one pool that is allocated once. A full page may have a name, which
   stands for all positions up to its end; sequences that begin alike share named pages. Thread: engine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/tensor/tensor.h"

struct attention_pages;
struct digest;
struct hparams;
struct kernels;
struct kv_pool;

#define KV_PAGE 32 /* positions of a page */

/* Pages for n positions. */
static inline size_t kv_pages_for(size_t n_positions)
{
    return (n_positions + KV_PAGE - 1) / KV_PAGE;
}

/* type: TENSOR_F16, or TENSOR_Q8_0 where kv_pool_can_be(). NULL: no memory. Untouched memory is not resident. */
struct kv_pool *kv_pool_new(const struct hparams *hparams, enum tensor_type type, size_t n_pages);
struct kv_pool *kv_pool_free(struct kv_pool *pool);
size_t kv_pool_bytes(const struct hparams *hparams, enum tensor_type type, size_t n_pages);
/* Whether the elements of a head are whole blocks of the type. */
bool kv_pool_can_be(const struct hparams *hparams, enum tensor_type type);

/* Pages that sequences hold; those with a name alone are free to be taken. */
size_t kv_pool_n_held(const struct kv_pool *pool);

/* The pages of one sequence, position by position; embedded, room for page numbers comes from elsewhere. */
struct kv_pages {
    uint32_t *numbers; /* [n_max] */
    size_t n, n_max;
    size_t length; /* positions that all blocks hold */
};

/* Takes pages until n_positions have room: free ones, then named ones that nobody uses, the least recently used first.
 * False, and nothing has changed, when the pool has too few. */
bool kv_pages_reserve(struct kv_pool *pool, struct kv_pages *pages, size_t n_positions);
/* Gives all pages back. Named ones keep what they hold until they are needed. */
void kv_pages_clear(struct kv_pool *pool, struct kv_pages *pages);

/* Empty pages begin with the page of this name, or pages with the page of this name behind their last one, which is
 * full. False: there is none. */
bool kv_pages_share(struct kv_pool *pool, struct kv_pages *pages, const struct digest *name);
/* Gives page number i, which is full, its name. Where there is one of that name already, that one keeps it. */
void kv_pages_name(struct kv_pool *pool, const struct kv_pages *pages, size_t i, const struct digest *name);

/* Writes m positions of one block behind `length`, for which there is room.
 *   keys, values  f32 [m, n_kv_heads * head_dim] */
void kv_pages_write(struct kv_pool *pool, const struct kv_pages *pages, const struct kernels *kernels, size_t block,
                    const float *keys, const float *values, size_t m);

/* Empty pages begin with the first n_positions of others: full pages are shared, what stands in the last one is copied.
 * False, and nothing has changed, when the pool has no page for that. */
bool kv_pages_fork(struct kv_pool *pool, const struct kv_pages *from, size_t n_positions, struct kv_pages *pages);

/* How attention finds keys and values of one block. */
struct attention_pages kv_pool_block(const struct kv_pool *pool, size_t block);
