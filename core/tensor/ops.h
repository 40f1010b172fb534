/* Row-wise and element-wise operations over the pool. All matrices are f32, row major, without gaps. */
#pragma once

#include <stddef.h>

#include "core/tensor/matmul.h"

/* ret[i] = norm(x[i]) for m rows of n; bias NULL: RMSNorm, else LayerNorm. ret may be x. */
void ops_norm(const struct compute *compute, const float *x, size_t m, size_t n, const float *gain, const float *bias,
              float eps, float *ret);

/* x += y, n elements. */
void ops_add(const struct compute *compute, float *x, const float *y, size_t n);

/* gate = silu(gate) * up, m rows of n. */
void ops_silu_product(const struct compute *compute, float *gate, const float *up, size_t m, size_t n);

/* x = x * sigmoid(1.702 x), m rows of n. */
void ops_quick_gelu(const struct compute *compute, float *x, size_t m, size_t n);

/* Rotary embedding of interleaved pairs (2i, 2i + 1) of every head, in place (Su et al. 2021; reference:
 * model/LLM/onellm.py, apply_rotary_emb).
 *   x         [m, n_heads * head_dim], rows stride apart
 *   rotation  [positions, head_dim]: cosine and sine of every pair side by side, from ops_rotation()
 *   first     position of row 0 */
void ops_rotate(const struct compute *compute, float *x, size_t stride, size_t m, size_t n_heads, size_t head_dim,
                const float *rotation, size_t first);

/* Fills the table: angle = position * theta^(-2i / head_dim), all in f32 as the reference computes it. */
void ops_rotation(size_t n_positions, size_t head_dim, float theta, float *ret);
