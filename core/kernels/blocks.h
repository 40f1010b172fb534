/* How GGUF files store quantized weights: blocks of 32 or 256 neighbours of a row that share scales. Bytes only, no
   alignment; scales are IEEE halves. Element k of a block is

     q8_0   d q[k]                        q in -128..127
     q4_0   d (q - 8)                     q in 0..15: the low halves of the bytes are elements 0..15, the high 16..31
     q4_k   d scale[k / 32] q - dmin min[k / 32]     q in 0..15: of each 64 the low halves are the first 32, the high
                                                     halves the others; scales and minima have 6 bits, block_q4_k_pair()
     q6_k   d scales[k / 16] (q - 32)     q in 0..63, its low four bits in `low`, the others in `high` */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SMALL_BLOCK 32
#define LARGE_BLOCK 256

struct block_q8_0 {
    uint8_t d[2];
    int8_t q[SMALL_BLOCK];
};

struct block_q4_0 {
    uint8_t d[2];
    uint8_t q[SMALL_BLOCK / 2];
};

struct block_q4_k {
    uint8_t d[2], dmin[2];
    uint8_t scales[12];
    uint8_t q[LARGE_BLOCK / 2];
};

struct block_q6_k {
    uint8_t low[LARGE_BLOCK / 2];
    uint8_t high[LARGE_BLOCK / 4];
    int8_t scales[LARGE_BLOCK / 16];
    uint8_t d[2];
};

/* Scale and minimum of group j, 0..63 each. Of groups 0..3 they are the low six bits of bytes j and j + 4; of groups
 * 4..7 their low four bits are the halves of byte j + 4, and the upper two are those left over in bytes j - 4 and j. */
static inline void block_q4_k_pair(const uint8_t scales[12], size_t j, int *ret_scale, int *ret_min)
{
    if (j < 4) {
        *ret_scale = scales[j] & 63;
        *ret_min = scales[j + 4] & 63;
    } else {
        *ret_scale = (scales[j + 4] & 15) | scales[j - 4] >> 6 << 4;
        *ret_min = scales[j + 4] >> 4 | scales[j] >> 6 << 4;
    }
}

/* Element k of a block, 0..63. */
static inline int block_q6_k_element(const struct block_q6_k *block, size_t k)
{
    size_t half = k / 128, quarter = k % 128 / 32, i = k % 32;
    int low = block->low[half * 64 + quarter % 2 * 32 + i] >> (quarter / 2 * 4) & 15;
    int high = block->high[half * 32 + i] >> (quarter * 2) & 3;

    return low | high << 4;
}
