#include "core/kernels/tiles.h"

#include <string.h>

/* Element k of 32, of row r, goes to step k / 4. */
static void put_nibble(uint8_t q[4][TILE_STEP], size_t r, size_t k, int value)
{
    size_t s = k / 4;

    q[s % 4][4 * r + k % 4] |= (uint8_t)(value << (s < 4 ? 0 : 4));
}

static void pack_q8_0(const struct block_q8_0 *block, size_t r, struct tile_q8_0 *tile)
{
    for (size_t k = 0; k < SMALL_BLOCK; k++)
        tile->q[k / 4][4 * r + k % 4] = block->q[k];
    memcpy(tile->d[r], block->d, sizeof(block->d));
}

static void pack_q4_0(const struct block_q4_0 *block, size_t r, struct tile_q4_0 *tile)
{
    for (size_t k = 0; k < SMALL_BLOCK; k++)
        put_nibble(tile->q, r, k, block->q[k % 16] >> (k < 16 ? 0 : 4) & 15);
    memcpy(tile->d[r], block->d, sizeof(block->d));
}

static void pack_q4_k(const struct block_q4_k *block, size_t r, struct tile_q4_k *tile)
{
    for (size_t k = 0; k < LARGE_BLOCK; k++)
        put_nibble(tile->q[k / 32], r, k % 32, block->q[k / 64 * 32 + k % 32] >> (k % 64 < 32 ? 0 : 4) & 15);
    for (size_t i = 0; i < sizeof(block->scales); i++)
        tile->scales[i][r] = block->scales[i];
    memcpy(tile->d[r], block->d, sizeof(block->d));
    memcpy(tile->dmin[r], block->dmin, sizeof(block->dmin));
}

static void pack_q6_k(const struct block_q6_k *block, size_t r, struct tile_q6_k *tile)
{
    for (size_t k = 0; k < LARGE_BLOCK; k++) {
        int value = block_q6_k_element(block, k);
        size_t s = k % 32 / 4;

        put_nibble(tile->low[k / 32], r, k % 32, value & 15);
        tile->high[k / 32][s / 4][4 * r + k % 4] |= (uint8_t)(value >> 4 << (s % 4 * 2));
    }
    for (size_t i = 0; i < sizeof(block->scales); i++)
        tile->scales[i][r] = block->scales[i];
    memcpy(tile->d[r], block->d, sizeof(block->d));
}

#define DEFINE_PACK(type, block_size)                                                                                  \
    void tiles_pack_##type(const void *rows, size_t row_bytes, size_t n_rows, size_t n, void *ret)                     \
    {                                                                                                                  \
        struct tile_##type *tiles = ret;                                                                               \
                                                                                                                       \
        memset(tiles, 0, n / (block_size) * sizeof(*tiles));                                                           \
        for (size_t r = 0; r < n_rows; r++) {                                                                          \
            const struct block_##type *blocks = (const void *)((const char *)rows + r * row_bytes);                    \
                                                                                                                       \
            for (size_t b = 0; b < n / (block_size); b++)                                                              \
                pack_##type(&blocks[b], r, &tiles[b]);                                                                 \
        }                                                                                                              \
    }
DEFINE_PACK(q8_0, SMALL_BLOCK)
DEFINE_PACK(q4_0, SMALL_BLOCK)
DEFINE_PACK(q4_k, LARGE_BLOCK)
DEFINE_PACK(q6_k, LARGE_BLOCK)
