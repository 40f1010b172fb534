#include "core/kernels/tiles.h"

#include <math.h>
#include <string.h>

double input_row_value(const struct input_row *row, size_t n_block, size_t k)
{
    float d = row->d[n_block == LARGE_BLOCK ? k / LARGE_BLOCK : 0];

    return ldexp((double)d * row->q[k], row->exponents[k / SMALL_BLOCK] >> 23);
}

/* Four neighbours at once, a byte each. */
static uint32_t load_four(const uint8_t *bytes)
{
    uint32_t four;

    memcpy(&four, bytes, sizeof(four));
    return four;
}

static void store_four(uint8_t step[TILE_STEP], size_t r, uint32_t four)
{
    memcpy(step + 4 * r, &four, sizeof(four));
}

#define LOW_HALVES 0x0f0f0f0fu
#define LOW_PAIRS 0x03030303u

static void pack_q8_0(const struct block_q8_0 *block, size_t r, struct tile_q8_0 *tile)
{
    for (size_t s = 0; s < 8; s++)
        memcpy(tile->q[s] + 4 * r, block->q + 4 * s, 4);
    memcpy(tile->d[r], block->d, sizeof(block->d));
}

/* Elements k and k + 16 share a byte in both. */
static void pack_q4_0(const struct block_q4_0 *block, size_t r, struct tile_q4_0 *tile)
{
    for (size_t s = 0; s < 4; s++)
        store_four(tile->q[s], r, load_four(block->q + 4 * s));
    memcpy(tile->d[r], block->d, sizeof(block->d));
}

static void pack_q4_k(const struct block_q4_k *block, size_t r, struct tile_q4_k *tile)
{
    for (size_t j = 0; j < 8; j++)
        for (size_t s = 0; s < 4; s++) {
            const uint8_t *q = block->q + j / 2 * 32 + 4 * s;
            int shift = j % 2 * 4;
            uint32_t low = load_four(q) >> shift & LOW_HALVES, high = load_four(q + 16) >> shift & LOW_HALVES;

            store_four(tile->q[j][s], r, low | high << 4);
        }
    for (size_t i = 0; i < sizeof(block->scales); i++)
        tile->scales[i][r] = block->scales[i];
    memcpy(tile->d[r], block->d, sizeof(block->d));
    memcpy(tile->dmin[r], block->dmin, sizeof(block->dmin));
}

static void pack_q6_k(const struct block_q6_k *block, size_t r, struct tile_q6_k *tile)
{
    for (size_t j = 0; j < 8; j++) {
        const uint8_t *low = block->low + j / 4 * 64 + j % 2 * 32, *high = block->high + j / 4 * 32;
        int low_shift = j % 4 / 2 * 4, high_shift = j % 4 * 2;

        for (size_t s = 0; s < 4; s++)
            store_four(tile->low[j][s], r,
                       (load_four(low + 4 * s) >> low_shift & LOW_HALVES) |
                           (load_four(low + 16 + 4 * s) >> low_shift & LOW_HALVES) << 4);
        for (size_t v = 0; v < 2; v++) {
            uint32_t pairs = 0;

            for (size_t s = 0; s < 4; s++)
                pairs |= (load_four(high + 16 * v + 4 * s) >> high_shift & LOW_PAIRS) << (2 * s);
            store_four(tile->high[j][v], r, pairs);
        }
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
