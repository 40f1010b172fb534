/* Quantized weights as the product kernels take them: the blocks of 32 neighbouring rows of a matrix in one tile, in
   which a vector holds four neighbouring weights of every row. A tile has as many bytes as the blocks of which it is
   made.

   Of 32 neighbours k of a row, step s has k = 4 s .. 4 s + 3, and the bytes of step s for row r are 4 r .. 4 r + 3.
   Four-bit numbers of step s are the low halves and those of step s + 4 the high halves of the same bytes. The upper
   two bits of six-bit numbers of step s are bits 2 (s % 4) and 2 (s % 4) + 1 of vector s / 4. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/kernels/blocks.h"

#define TILE_ROWS 32
#define TILE_STEP (4 * TILE_ROWS) /* bytes of a step */

/* Tiles above each other that n_rows take. */
static inline size_t tiles_for(size_t n_rows)
{
    return (n_rows + TILE_ROWS - 1) / TILE_ROWS;
}

struct tile_q8_0 {
    int8_t q[8][TILE_STEP];
    uint8_t d[TILE_ROWS][2];
};

struct tile_q4_0 {
    uint8_t q[4][TILE_STEP];
    uint8_t d[TILE_ROWS][2];
};

struct tile_q4_k {
    uint8_t q[8][4][TILE_STEP];    /* [32 neighbours] */
    uint8_t scales[12][TILE_ROWS]; /* as block_q4_k_pair() reads them */
    uint8_t d[TILE_ROWS][2], dmin[TILE_ROWS][2];
};

struct tile_q6_k {
    uint8_t low[8][4][TILE_STEP];
    uint8_t high[8][2][TILE_STEP];
    int8_t scales[16][TILE_ROWS];
    uint8_t d[TILE_ROWS][2];
};

/* Blocks of n_rows <= TILE_ROWS rows, row_bytes apart -> tiles; missing rows are 0. */
typedef void tiles_pack(const void *rows, size_t row_bytes, size_t n_rows, size_t n, void *ret);
tiles_pack tiles_pack_q8_0, tiles_pack_q4_0, tiles_pack_q4_k, tiles_pack_q6_k;

/* A row of inputs: x[k] is nearly d * 2^e * q[k]. A whole row has the same d, or, for weights in blocks of 256, such a
   block; e belongs to 32 neighbours. A scale that is the same for many numbers is applied once, at the end, and powers
   of two cost a sum of integers on the way. n is a multiple of 32. */
struct input_row {
    const int8_t *q;          /* [n], -127..127 */
    const int32_t *half_sums; /* [n / 16]: sums of q */
    const int32_t *exponents; /* [n / 32]: e, where a float has its exponent */
    const float *d;           /* [1], or [n / 256] */
    const int16_t *sums;      /* [n / 32], in blocks of 256 only: 2^e times the sum of q */
};

/* The largest e; small enough in blocks of 256 that sums have room. */
#define ROW_EXPONENT_MAX 24
#define BLOCK_EXPONENT_MAX 3

/* Bytes that a row of n inputs takes; a multiple of 64. */
static inline size_t input_row_bytes(size_t n)
{
    size_t per_block = 3 * sizeof(int32_t) + sizeof(int16_t);

    return (n + n / SMALL_BLOCK * per_block + (n / LARGE_BLOCK + 1) * sizeof(float) + 63) / 64 * 64;
}

static inline struct input_row input_row_at(const void *memory, size_t n)
{
    struct input_row row;

    row.q = memory;
    row.half_sums = (const int32_t *)(const void *)(row.q + n);
    row.exponents = row.half_sums + n / SMALL_BLOCK * 2;
    row.d = (const float *)(const void *)(row.exponents + n / SMALL_BLOCK);
    row.sums = (const int16_t *)(const void *)(row.d + n / LARGE_BLOCK + 1);
    return row;
}

/* What x[k] has become; n_block: as the row was made. */
double input_row_value(const struct input_row *row, size_t n_block, size_t k);

/* x [n] -> the row at memory (input_row_bytes(n), aligned to 4), in blocks of n_block, SMALL_BLOCK or LARGE_BLOCK (of
 * which n is a multiple): those of the weights. The largest magnitude that has a d, with its 32 neighbours, becomes
 * 127; e of 32 others is the least that is not too small. q is rounded to nearest even; where no magnitude that has a d
 * is above INPUT_MIN, d and q are 0, where one is an infinity or NaN, d = NaN and q = 0. Agrees with the definition bit
 * for bit (NaN as NaN). */
#define INPUT_MIN 1e-28f
typedef void kernel_input_row(const float *x, size_t n, size_t n_block, void *memory);

/* ret[i * ret_stride + r] = what weight row r and input row i make, for i < m, r < n_rows <= TILE_ROWS. tiles: n / 32
 * or n / 256 of them, those of TILE_ROWS rows of a matrix; inputs: m rows of input_row_bytes(n), in blocks of 256 if
 * the tiles are. Sums over the numbers of a block are exact; those over blocks go from the first to the last, so a sum
 * does not depend on m, nor on the other rows. What lies behind the tiles, as many bytes again and 8 KiB, may be
 * prefetched: there the next ones are, or nothing. Tolerance: 2e-6 of the sum of magnitudes. */
typedef void kernel_tiles(const void *tiles, const void *inputs, size_t m, size_t n, size_t n_rows, float *ret,
                          size_t ret_stride);
