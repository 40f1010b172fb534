/* Quantized matrices in the layout that the product kernels take (core/kernels/tiles.h). */
#pragma once

#include <stddef.h>

struct compute;
struct tensor;

/* Bytes that the tiles of a matrix take, a multiple of 32; 0: its type has no tiles. */
size_t pack_bytes(const struct tensor *matrix);

/* Writes them to ret, aligned to 64 bytes, over the thread pool. */
void pack_matrix(const struct compute *compute, const struct tensor *matrix, void *ret);
