/* f32 -> the blocks of core/kernels/blocks.h: for each block the scales for which the rounded numbers come nearest to
   the given ones, as far as a short search finds them. Values are finite; n is a multiple of the block. Any thread. */
#pragma once

#include <stddef.h>

void quantize_q8_0(const float *x, size_t n, void *ret);
void quantize_q4_0(const float *x, size_t n, void *ret);
void quantize_q4_k(const float *x, size_t n, void *ret);
void quantize_q6_k(const float *x, size_t n, void *ret);
