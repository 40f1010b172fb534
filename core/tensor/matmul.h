/* Linear layers over the thread pool: own kernels, of which every row is independent; OpenBLAS for the rows of an item.
 * The only file with <cblas.h>. */
#pragma once

#include <stddef.h>

#include "core/tensor/tensor.h"

struct kernels;
struct thread_pool;

/* What every operation on rows computes with. Built once per engine, read by all its operations, which run one at a
 * time (they share the scratch memory). */
struct compute {
    struct thread_pool *pool; /* may be NULL: the caller's thread alone */
    const struct kernels *kernels;
    bool together; /* all rows are of one item and always come together, so results may depend on how many there are */
    float **scratch; /* one block per thread of the pool, COMPUTE_SCRATCH floats each */
};

/* Scratch of one thread: weights widened to f32 for OpenBLAS, or attention scores. */
#define COMPUTE_SCRATCH ((size_t)2048 << 10)

/* The pool, or NULL for an operation so small (in multiplications) that waking threads would cost more than it. */
struct thread_pool *compute_pool(const struct compute *compute, size_t n_multiplications);

/* Fixes OpenBLAS at one thread per call (process-wide: the pool is the only source of parallelism) and allocates the
 * scratch. Returns NULL without memory. */
struct compute *compute_new(struct thread_pool *pool, const struct kernels *kernels);
struct compute *compute_free(struct compute *compute);

/* ret[i, j] = sum over k of x[i, k] * weight[j, k] + bias[j].
 *   x       f32 [m, n_in], rows x_stride apart
 *   weight  f32, f16, bf16, or packed [n_out, n_in]
 *   bias    f32 [n_out] or NULL
 *   ret     f32 [m, n_out], rows ret_stride apart; not overlapping x
 * Every element is computed whole by one thread, so the result does not depend on the number of threads. Unless
 * compute->together, no row of ret depends on the others or on their number, to the last bit. Where the weight is
 * packed, rows of x are rounded to 8 bits, see core/kernels/tiles.h. */
void matmul(const struct compute *compute, const float *x, size_t x_stride, size_t m, const struct tensor *weight,
            const float *bias, float *ret, size_t ret_stride);

/* Several products with the same x, each of its first m rows; the results are those of matmul(), to the last bit. Where
 * all weights are packed, rows of x are rounded once, and the threads meet once. */
struct matmul_product {
    const struct tensor *weight;
    const float *bias;
    size_t m;
    float *ret;
    size_t ret_stride;
};
void matmul_each(const struct compute *compute, const float *x, size_t x_stride, const struct matmul_product *products,
                 size_t n);

/* The same on plain f32 matrices in the calling thread, for attention: ret = x * y^T (n_out rows of y), or with
 * transposed false ret = x * y (y is [n_in, n_out]). */
void matmul_f32(const float *x, size_t x_stride, size_t m, const float *y, size_t y_stride, size_t n_in, size_t n_out,
                bool transposed, float *ret, size_t ret_stride);
