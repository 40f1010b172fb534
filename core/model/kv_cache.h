/* Keys and values of one sequence, position by position, for every block of the decoder. Memory is taken once for the
   longest sequence and reused by the next. Thread: engine. */
#pragma once

#include <stddef.h>

#include "core/base/cleanup.h"

struct hparams;
struct kv_cache;

/* n_positions: the longest sequence. NULL: no memory. Untouched memory is not resident. */
struct kv_cache *kv_cache_new(const struct hparams *hparams, size_t n_positions);
struct kv_cache *kv_cache_free(struct kv_cache *cache);

size_t kv_cache_bytes(const struct hparams *hparams, size_t n_positions);

/* Positions held by all blocks. */
size_t kv_cache_length(const struct kv_cache *cache);
void kv_cache_clear(struct kv_cache *cache);

/* Writes m positions of one block behind those that kv_cache_length() counts.
 *   keys, values  f32 [m, n_kv_heads * head_dim], copied
 * Needs length + m <= capacity. The length grows by kv_cache_advance() once every block has written. */
void kv_cache_write(struct kv_cache *cache, size_t block, const float *keys, const float *values, size_t m);
void kv_cache_advance(struct kv_cache *cache, size_t m);

/* One block: head g, position j, element k at [g * head_stride + j * head_dim + k]. */
const float *kv_cache_keys(const struct kv_cache *cache, size_t block);
const float *kv_cache_values(const struct kv_cache *cache, size_t block);
size_t kv_cache_head_stride(const struct kv_cache *cache);
