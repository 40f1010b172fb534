/* Inner loops on plain pointers: no threads, no allocation, no model words.

   One typed pointer per operation; the comment above the type is the contract. kernels_ref holds the definitions in
   plain C; every other table must agree with it within the tolerance stated here (tests/kernels). Pointers need the
   alignment of their element type only. No memory beyond the stated extents is touched. Thread-safety: pure functions.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/kernels/tiles.h"

/* ret[i * ret_stride + j] = sum over k of row j times x[i * x_stride + k], for i < m, j < n_rows: n_rows rows of a
 * matrix, row_bytes apart, against m inputs. Summed in f32 in an order that depends on n only: not on m or n_rows, nor
 * on the neighbours. Tolerance: 2e-6 * sum |row[k] * x[k]|. */
typedef void kernel_dots(const void *rows, size_t row_bytes, size_t n_rows, const float *x, size_t x_stride, size_t m,
                         size_t n, float *ret, size_t ret_stride);

/* sums[i * sum_stride + c] += sum over j < n of shares[i * share_stride + j] times element c of row j, for i < m, c <
 * width. Summed in the order of j, one after the other, so that rows may come in several calls and shares of 0 change
 * nothing. Tolerance: 2e-6 * sum |share * element|. */
typedef void kernel_mix(const float *shares, size_t share_stride, size_t m, const void *rows, size_t row_bytes,
                        size_t n, size_t width, float *sums, size_t sum_stride);

/* n stored numbers -> f32: exactly, but products with the scales of blocks (blocks.h) are rounded. Tolerance of those:
 * 5e-7 of the largest magnitude in the block. */
typedef void kernel_widen(const void *source, size_t n, float *ret);

/* f32 -> n halves, rounded to nearest even; infinities and NaN kept. */
typedef void kernel_narrow(const float *x, size_t n, uint16_t *ret);

/* ret[k] = (x[k] - mean) / sqrt(variance + eps) * gain[k] + bias[k], variance divided by n. ret may be x.
 * Tolerance: 1e-5 relative to the largest output. */
typedef void kernel_layer_norm(const float *x, const float *gain, const float *bias, float eps, size_t n, float *ret);

/* ret[k] = x[k] / sqrt(mean of squares + eps) * gain[k]. ret may be x. Tolerance as above. */
typedef void kernel_rms_norm(const float *x, const float *gain, float eps, size_t n, float *ret);

/* x[k] = exp(scale * x[k] - max) / sum; scale > 0. Tolerance: 2e-6 absolute. */
typedef void kernel_softmax(float *x, float scale, size_t n);

/* gate[k] = gate[k] * sigmoid(gate[k]) * up[k] (SwiGLU). Tolerance: 2e-6 relative to |gate * up|. */
typedef void kernel_silu_product(float *gate, const float *up, size_t n);

/* x[k] = x[k] * sigmoid(1.702 x[k]) (QuickGELU). Tolerance: 2e-6 relative to |x|. */
typedef void kernel_quick_gelu(float *x, size_t n);

/* y[k] += factor * x[k]. Tolerance: one rounding. */
typedef void kernel_add_scaled(float *y, const float *x, float factor, size_t n);

/* On weights of one type. Of types in blocks (blocks.h) n is a multiple of the block. */
struct weight_kernels {
    kernel_widen *widen;
    kernel_dots *dots;   /* NULL for types in blocks but q8_0, as mix */
    kernel_mix *mix;     /* NULL for bf16, too */
    kernel_tiles *tiles; /* see tiles.h; NULL but for types in blocks */
};

struct kernels {
    const char *name; /* instruction set: "ref", "generic", "avx2", "avx512", "avx512vnni", "dotprod", "i8mm" */
    struct weight_kernels f32, f16, bf16, q8_0, q4_0, q4_k, q6_k;
    kernel_input_row *input_row;
    kernel_narrow *narrow_f16;
    kernel_layer_norm *layer_norm;
    kernel_rms_norm *rms_norm;
    kernel_softmax *softmax;
    kernel_silu_product *silu_product;
    kernel_quick_gelu *quick_gelu;
    kernel_add_scaled *add_scaled;
};

/* The definitions. */
extern const struct kernels kernels_ref;

/* The best table for a CPU with these flags (cpu_flags(), or fewer). */
const struct kernels *kernels_for(unsigned cpu_flags);
