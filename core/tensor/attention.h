/* softmax(Q K^T / sqrt(head_dim)) V for all heads, over the pool. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/tensor/matmul.h"

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

/* n <= ATTENTION_KEYS_MAX. Every head is computed whole by one thread. */
#define ATTENTION_KEYS_MAX COMPUTE_SCRATCH
void attention(const struct compute *compute, const struct attention *attention);
