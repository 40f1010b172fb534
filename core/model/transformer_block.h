/* The pre-norm block of the LLaMA, shared by the projection experts and the decoder:
       x += W_o attention(W_q n, W_k n, W_v n)      n = RMSNorm(x)
       x += W_down (silu(W_gate n) * W_up n)        n = RMSNorm(x)
   Thread: engine. */
#pragma once

#include <stddef.h>

#include "core/model/weights.h"

struct arena;
struct compute;

/* Activations of at most n_rows rows; allocated once, used by every block. */
struct block_memory {
    float *normed;        /* [n_rows, width] */
    float *queries;       /* [n_rows, width] */
    float *keys, *values; /* [n_rows, n_kv_heads * head_dim] */
    float *mixed;         /* [n_rows, width]: what attention returns */
    float *gate, *up;     /* [n_rows, ffn_width] */
};
int block_memory_init(struct block_memory *memory, const struct block_sizes *sizes, size_t n_rows,
                      struct arena *arena); /* -ENOMEM */

size_t block_kv_width(const struct block_sizes *sizes);

/* normed = RMSNorm(x); queries of the first m_queries rows, keys and values of all m rows. x: [m, width]. */
void block_project(const struct compute *compute, const struct block_sizes *sizes, const struct llama_block *block,
                   const float *x, size_t m, size_t m_queries, const struct block_memory *memory);

/* x += W_o mixed, then the feed-forward half, for the first m rows. */
void block_finish(const struct compute *compute, const struct block_sizes *sizes, const struct llama_block *block,
                  float *x, size_t m, const struct block_memory *memory);
