/* softmax(Q K^T / sqrt(head_dim)) V for all heads, over the pool. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/tensor/matmul.h"
#include "core/tensor/tensor.h"

/* One attention of m queries over n keys. All f32. Element k of head h:
 *   query i    queries[i * query_stride + h * head_dim + k]
 *   key j      keys[j * key_stride + g * key_head_stride + k]     g = h * n_kv_heads / n_heads
 *   value j    values, likewise
 *   result i   ret[i * ret_stride + h * head_dim + k], not overlapping the inputs
 * causal: query i sees keys 0 .. n - m + i; else all of them. */
struct attention {
    const float *queries, *keys, *values;
    float *ret;
    size_t query_stride, key_stride, key_head_stride, ret_stride;
    size_t m, n, n_heads, n_kv_heads, head_dim;
    bool causal;
};

/* n <= ATTENTION_KEYS_MAX. Every head is computed whole by one thread. Unless compute->together, the result of a query
 * does not depend on the others, to the last bit. */
#define ATTENTION_KEYS_MAX COMPUTE_SCRATCH
void attention(const struct compute *compute, const struct attention *attention);

/* Keys and values in pages, f16 or q8_0. Of a page, key j of head g begins at
 *   memory + page * page_bytes + (g * n_positions + j) * row_bytes
 * and its value values_offset bytes behind. */
struct attention_pages {
    const char *memory;
    enum tensor_type type;
    size_t row_bytes, page_bytes, values_offset;
    size_t n_positions; /* of a page */
};

/* m queries of one sequence that has n keys, in these pages; query i sees keys 0 .. n - m + i. */
struct attention_part {
    const uint32_t *pages;
    size_t m, n;
};

/* Causal attention of several sequences; the rows of queries and ret are those of the parts, one after the other. n of
 * all parts <= ATTENTION_KEYS_MAX. The result of a query does not depend on the others, to the last bit. */
struct paged_attention {
    const float *queries;
    float *ret;
    size_t query_stride, ret_stride;
    struct attention_pages pages;
    const struct attention_part *parts;
    size_t n_parts;
    size_t n_heads, n_kv_heads, head_dim;
};
void attention_paged(const struct compute *compute, const struct paged_attention *attention);
