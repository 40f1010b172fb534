/* Every variant of every kernel against its definition: odd sizes, unaligned pointers, extreme values, and guard words
   around every output. `check_kernels` prints TAP; `check_kernels --bench` prints the speed of each variant beside the
   definition's: GB/s of weights or elements per nanosecond. Variants that this CPU cannot run are skipped;
   `check_kernels --chosen` prints the name of the one that it gets. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/kernels/blocks.h"
#include "core/kernels/cpu.h"
#include "core/kernels/kernels_wide.h"
#include "core/kernels/tiles.h"

#if defined(__x86_64__)
#define HAVE_X86 1
#else
#define HAVE_X86 0
#endif
#if defined(__aarch64__)
#define HAVE_ARM 1
#else
#define HAVE_ARM 0
#endif
#define N_MAX 4099
#define M_MAX 9
#define GUARD 8
#define GUARD_VALUE 12345.5f

static struct random random_state;
static int n_tests, n_failed;

static float uniform(float low, float high)
{
    return low + (high - low) * (float)random_unit(&random_state);
}

/* Numbers of many magnitudes, exact zeros among them. */
static float wild(void)
{
    return random_below(&random_state, 16) == 0 ? 0 : ldexpf(uniform(-1, 1), (int)random_below(&random_state, 12) - 6);
}

static void fill(float *ret, size_t n, float (*next)(void))
{
    for (size_t i = 0; i < n; i++)
        ret[i] = next();
}

static float moderate(void)
{
    return uniform(-4, 4);
}

/* Beyond the range of exp() on both sides now and then. */
static float extreme(void)
{
    switch (random_below(&random_state, 8)) {
    case 0:
        return uniform(80, 2000);
    case 1:
        return uniform(-2000, -80);
    default:
        return uniform(-20, 20);
    }
}

struct output {
    float memory[GUARD + N_MAX * 2 + GUARD];
};

static float *guarded(struct output *output, size_t offset)
{
    for (size_t i = 0; i < ARRAY_SIZE(output->memory); i++)
        output->memory[i] = GUARD_VALUE;
    return output->memory + GUARD + offset;
}

static bool guards_hold(const struct output *output, size_t offset, size_t n)
{
    for (size_t i = 0; i < ARRAY_SIZE(output->memory); i++)
        if ((i < GUARD + offset || i >= GUARD + offset + n) && output->memory[i] != GUARD_VALUE)
            return false;
    return true;
}

static struct output expected_memory, found_memory;

/* Compares n numbers; tolerance(i) is what element i may be off by. */
static const char *compare(const float *expected, const float *found, size_t n, const double *tolerance)
{
    static char text[160];

    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)expected[i] - found[i]) <= tolerance[i])) {
            snprintf(text, sizeof(text), "element %zu of %zu: expected %.9g, found %.9g, tolerance %.2g", i, n,
                     (double)expected[i], (double)found[i], tolerance[i]);
            return text;
        }
    return NULL;
}

static const size_t sizes[] = {1, 2, 3, 7, 15, 16, 17, 31, 63, 64, 65, 127, 257, 588, 1000, N_MAX};

/* ---- one check per kind of kernel: NULL, or what is wrong ---- */

/* A type of weights: its kernels, its blocks, and bytes that any file may hold. */
struct stored {
    const char *name;
    size_t offset; /* of its kernels in struct kernels */
    size_t n_block, n_block_bytes;
    void (*fill)(uint8_t *block);
    tiles_pack *pack;
};

static void fill_f32(uint8_t *block)
{
    float value = wild();

    memcpy(block, &value, sizeof(value));
}

/* Any sign and fraction; exponents around 1, and subnormals. */
static void fill_f16(uint8_t *block)
{
    uint32_t bits = random_u32(&random_state);
    uint16_t half = (uint16_t)((bits & 0x83ff) | (bits >> 16) % 18 << 10);

    memcpy(block, &half, sizeof(half));
}

static void fill_bf16(uint8_t *block)
{
    uint32_t bits = random_u32(&random_state);
    uint16_t half = (uint16_t)((bits & 0x807f) | (120 + (bits >> 16) % 12) << 7);

    memcpy(block, &half, sizeof(half));
}

static void fill_bytes(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)random_u32(&random_state);
}

static void fill_q8_0(uint8_t *block)
{
    fill_bytes(block, sizeof(struct block_q8_0));
    fill_f16(((struct block_q8_0 *)block)->d);
}

static void fill_q4_0(uint8_t *block)
{
    fill_bytes(block, sizeof(struct block_q4_0));
    fill_f16(((struct block_q4_0 *)block)->d);
}

static void fill_q4_k(uint8_t *block)
{
    fill_bytes(block, sizeof(struct block_q4_k));
    fill_f16(((struct block_q4_k *)block)->d);
    fill_f16(((struct block_q4_k *)block)->dmin);
}

static void fill_q6_k(uint8_t *block)
{
    fill_bytes(block, sizeof(struct block_q6_k));
    fill_f16(((struct block_q6_k *)block)->d);
}

#define STORED(type, n_block, bytes, pack)                                                                             \
    {                                                                                                                  \
#type, offsetof(struct kernels, type), n_block, bytes, fill_##type, pack                                       \
    }
static const struct stored stored_types[] = {
    STORED(f32, 1, sizeof(float), NULL),
    STORED(f16, 1, sizeof(uint16_t), NULL),
    STORED(bf16, 1, sizeof(uint16_t), NULL),
    STORED(q8_0, SMALL_BLOCK, sizeof(struct block_q8_0), tiles_pack_q8_0),
    STORED(q4_0, SMALL_BLOCK, sizeof(struct block_q4_0), tiles_pack_q4_0),
    STORED(q4_k, LARGE_BLOCK, sizeof(struct block_q4_k), tiles_pack_q4_k),
    STORED(q6_k, LARGE_BLOCK, sizeof(struct block_q6_k), tiles_pack_q6_k),
};

static const struct weight_kernels *kernels_of(const struct kernels *kernels, const struct stored *type)
{
    return (const void *)((const char *)kernels + type->offset);
}

/* Whole blocks of about this many elements. */
static size_t whole(const struct stored *type, size_t size)
{
    size_t n_blocks = (size + type->n_block - 1) / type->n_block;

    return n_blocks * type->n_block > N_MAX ? N_MAX / type->n_block * type->n_block : n_blocks * type->n_block;
}

static uint8_t weights[(N_MAX + 4) * sizeof(float)];

/* Weights for n elements. */
static const void *fill_weights(const struct stored *type, size_t n)
{
    for (size_t i = 0; i < n / type->n_block; i++)
        type->fill(weights + i * type->n_block_bytes);
    return weights;
}

#define ROWS_OF_MATRIX 13

/* Every row and input alone must give the same bits as together. */
static const char *check_dots(const struct kernels *kernels, const struct stored *type)
{
    static float inputs[M_MAX * (N_MAX + 5)], widened[N_MAX];
    static uint8_t rows[ROWS_OF_MATRIX * (N_MAX + 3) * sizeof(float)];

    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
        for (size_t m = 1; m <= M_MAX; m++) {
            size_t n = whole(type, sizes[s]), n_rows = 1 + (m * 5 + s) % ROWS_OF_MATRIX, stride = n + m % 3;
            size_t row_bytes = (n / type->n_block + s % 4) * type->n_block_bytes, ret_stride = n_rows + m % 3;
            size_t offset = s % 3;
            float *expected = guarded(&expected_memory, 0), *found = guarded(&found_memory, 0), alone;
            const char *wrong = NULL;

            for (size_t i = 0; i < n_rows * row_bytes; i += type->n_block_bytes)
                type->fill(rows + i);
            fill(inputs, M_MAX * (N_MAX + 5), wild);
            kernels_of(&kernels_ref, type)
                ->dots(rows, row_bytes, n_rows, inputs + offset, stride, m, n, expected, ret_stride);
            kernels_of(kernels, type)->dots(rows, row_bytes, n_rows, inputs + offset, stride, m, n, found, ret_stride);
            for (size_t j = 0; j < n_rows && !wrong; j++) {
                kernels_of(&kernels_ref, type)->widen(rows + j * row_bytes, n, widened);
                for (size_t i = 0; i < m && !wrong; i++) {
                    double tolerance = 1e-30;

                    for (size_t k = 0; k < n; k++)
                        tolerance += 2e-6 * fabs((double)widened[k] * inputs[offset + i * stride + k]);
                    wrong = compare(expected + i * ret_stride + j, found + i * ret_stride + j, 1, &tolerance);
                    kernels_of(kernels, type)
                        ->dots(rows + j * row_bytes, row_bytes, 1, inputs + offset + i * stride, stride, 1, n, &alone,
                               1);
                    if (memcmp(&alone, found + i * ret_stride + j, sizeof(alone)) != 0)
                        return "a product alone differs from the same beside others";
                }
            }
            if (wrong)
                return wrong;
            for (size_t r = n_rows; m > 1 && r < ret_stride; r++)
                if (found[r] != GUARD_VALUE)
                    return "wrote between its outputs";
            if (!guards_hold(&found_memory, 0, (m - 1) * ret_stride + n_rows))
                return "wrote outside of its output";
        }
    return NULL;
}

/* In one call and in two, with others and alone, and with rows of share 0 behind: the same bits. */
static const char *check_mix(const struct kernels *kernels, const struct stored *type)
{
    static const size_t widths[] = {1, 3, 8, 16, 31, 32, 64, 100, 128, 200};
    static uint8_t rows[70 * 230 * sizeof(float)];
    static float shares[M_MAX * 80], once[230], row[230];

    for (size_t s = 0; s < ARRAY_SIZE(widths); s++)
        for (size_t m = 1; m <= M_MAX; m++) {
            size_t width = whole(type, widths[s]), n = 1 + (m * 31 + s * 7) % 65;
            size_t row_bytes = (width / type->n_block + s % 3) * type->n_block_bytes;
            size_t stride = width + m % 2, half = n / 2;
            float *expected = guarded(&expected_memory, 0), *found = guarded(&found_memory, 0);

            for (size_t i = 0; i < (n + 5) * row_bytes; i += type->n_block_bytes)
                type->fill(rows + i);
            fill(shares, m * 80, moderate);
            for (size_t i = 0; i < m; i++)
                for (size_t c = 0; c < width; c++)
                    expected[i * stride + c] = found[i * stride + c] = (float)c;
            kernels_of(&kernels_ref, type)->mix(shares, 80, m, rows, row_bytes, n, width, expected, stride);
            kernels_of(kernels, type)->mix(shares, 80, m, rows, row_bytes, half, width, found, stride);
            kernels_of(kernels, type)
                ->mix(shares + half, 80, m, rows + half * row_bytes, row_bytes, n - half, width, found, stride);
            for (size_t i = 0; i < m; i++) {
                for (size_t j = n; j < n + 5; j++)
                    shares[i * 80 + j] = 0;
                for (size_t c = 0; c < width; c++)
                    once[c] = (float)c;
                kernels_of(kernels, type)->mix(shares + i * 80, 80, 1, rows, row_bytes, n + 5, width, once, stride);
                if (memcmp(once, found + i * stride, width * sizeof(float)) != 0)
                    return "a row alone differs from the same beside others";
                for (size_t c = 0; c < width; c++) {
                    double tolerance = 2e-6 * (double)c + 1e-30;
                    const char *wrong;

                    for (size_t j = 0; j < n; j++) {
                        kernels_of(&kernels_ref, type)->widen(rows + j * row_bytes, c + 1, row);
                        tolerance += 2e-6 * fabs((double)shares[i * 80 + j] * row[c]);
                    }
                    wrong = compare(expected + i * stride + c, found + i * stride + c, 1, &tolerance);
                    if (wrong)
                        return wrong;
                }
            }
            if (!guards_hold(&found_memory, 0, (m - 1) * stride + width))
                return "wrote outside of its output";
        }
    return NULL;
}

/* All 65536 values, bit for bit but for NaN, which only has to stay NaN. */
static const char *check_halves(kernel_widen *expected_widen, kernel_widen *widen)
{
    static uint16_t halves[65536 + 3];
    static float expected[65536], found[65536 + 1];

    for (size_t offset = 0; offset < 3; offset++) {
        for (size_t i = 0; i < 65536; i++)
            halves[offset + i] = (uint16_t)i;
        found[65535 - offset] = GUARD_VALUE;
        expected_widen(halves + offset, 65535 - offset, expected);
        widen(halves + offset, 65535 - offset, found);
        for (size_t i = 0; i < 65535 - offset; i++)
            if (memcmp(&expected[i], &found[i], sizeof(float)) != 0 && !(isnan(expected[i]) && isnan(found[i])))
                return "a value differs";
        if (found[65535 - offset] != GUARD_VALUE)
            return "wrote outside of its output";
    }
    return NULL;
}

static const char *check_blocks(const struct kernels *kernels, const struct stored *type)
{
    static double tolerance[N_MAX];

    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
        size_t n = whole(type, sizes[s]);
        const void *w = fill_weights(type, n);
        float *expected = guarded(&expected_memory, 0), *found = guarded(&found_memory, 0);
        const char *wrong;

        kernels_of(&kernels_ref, type)->widen(w, n, expected);
        kernels_of(kernels, type)->widen(w, n, found);
        for (size_t first = 0; first < n; first += type->n_block) {
            double largest = 0;

            for (size_t k = 0; k < type->n_block; k++)
                largest = fmax(largest, fabs((double)expected[first + k]));
            for (size_t k = 0; k < type->n_block; k++)
                tolerance[first + k] = 5e-7 * largest;
        }
        wrong = compare(expected, found, n, tolerance);
        if (wrong)
            return wrong;
        if (!guards_hold(&found_memory, 0, n))
            return "wrote outside of its output";
    }
    return NULL;
}

static const char *check_widen(const struct kernels *kernels, const struct stored *type)
{
    if (type->n_block_bytes == sizeof(uint16_t))
        return check_halves(kernels_of(&kernels_ref, type)->widen, kernels_of(kernels, type)->widen);
    return check_blocks(kernels, type);
}

/* Every half, what lies in the middle between two, and next to that. */
static const char *check_narrow_f16(const struct kernels *kernels)
{
    static float values[6 * 65536];
    static uint16_t expected[6 * 65536], found[6 * 65536 + 1];
    size_t n = 0;

    for (uint32_t half = 0; half < 65536; half++) {
        uint16_t pair[2] = {(uint16_t)half, (uint16_t)(half + 1)};
        float ends[2], middle;

        kernels_ref.f16.widen(pair, 2, ends);
        middle = (ends[0] + ends[1]) / 2;
        values[n++] = ends[0];
        values[n++] = middle;
        values[n++] = nextafterf(middle, ends[0]);
        values[n++] = nextafterf(middle, ends[1]);
        values[n++] = ends[0] * 3e-5f;
        values[n++] = ends[0] * 3e5f;
    }
    found[n - 3] = 0x1234;
    kernels_ref.narrow_f16(values, n - 3, expected);
    kernels->narrow_f16(values, n - 3, found);
    for (size_t k = 0; k < n - 3; k++)
        if (expected[k] != found[k] && !(isnan(values[k]) && (found[k] & 0x7c00) == 0x7c00 && found[k] & 0x3ff))
            return "a half differs";
    return found[n - 3] == 0x1234 ? NULL : "wrote outside of its output";
}

/* ---- tiles ---- */

#define TILE_N 1280 /* weights of a row at most */
#define TILE_M 11   /* inputs at most */

static _Alignas(64) uint8_t block_rows[TILE_ROWS * TILE_N * 4], tiles[TILE_ROWS * TILE_N * 4];
static _Alignas(64) uint8_t input_rows[TILE_M * (TILE_N * 4 + 64)], other_rows[TILE_M * (TILE_N * 4 + 64)];

static bool same_floats(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof(*a)) != 0 && !(isnan(a[i]) && isnan(b[i])))
            return false;
    return true;
}

static const char *compare_input_rows(size_t n, size_t n_block)
{
    struct input_row expected = input_row_at(input_rows, n), found = input_row_at(other_rows, n);

    if (memcmp(expected.q, found.q, n) != 0 ||
        memcmp(expected.half_sums, found.half_sums, n / 16 * sizeof(*found.half_sums)) != 0)
        return "numbers or their sums differ";
    if (memcmp(expected.exponents, found.exponents, n / 32 * sizeof(*found.exponents)) != 0 ||
        !same_floats(expected.d, found.d, n_block == LARGE_BLOCK ? n / 256 : 1))
        return "a scale or an exponent differs";
    if (n_block == LARGE_BLOCK && memcmp(expected.sums, found.sums, n / 32 * sizeof(*found.sums)) != 0)
        return "a sum times a power of two differs";
    return NULL;
}

static const char *check_input_row(const struct kernels *kernels, size_t n_block)
{
    static float values[TILE_N];
    const char *wrong;
    static const float specials[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 1e-45f, 3e38f, 1e-28f, -1.1e-28f, -1e-29f};

    for (size_t n = n_block; n <= TILE_N; n += 3 * n_block)
        for (size_t round = 0; round < 1 + 2 * ARRAY_SIZE(specials); round++) {
            struct input_row found = input_row_at(other_rows, n);
            const uint8_t *end;

            fill(values, n, wild);
            for (size_t k = 0; k < n; k++) /* magnitudes of some blocks are far below those of others */
                values[k] = ldexpf(values[k], -(int)(k / 32 * 5 % 7 + k / 32 % 4 * 8));
            if (round > ARRAY_SIZE(specials)) /* alone */
                memset(values, 0, sizeof(values));
            if (round > 0)
                values[random_below(&random_state, (uint32_t)n)] = specials[(round - 1) % ARRAY_SIZE(specials)];
            memset(other_rows, 0x5a, sizeof(other_rows));
            kernels_ref.input_row(values, n, n_block, input_rows);
            kernels->input_row(values, n, n_block, other_rows);
            wrong = compare_input_rows(n, n_block);
            if (wrong)
                return wrong;
            end = n_block == SMALL_BLOCK ? (const uint8_t *)(found.d + 1) : (const uint8_t *)(found.sums + n / 32);
            for (; end < other_rows + sizeof(other_rows); end++)
                if (*end != 0x5a)
                    return "wrote outside of its output";
        }
    return NULL;
}

/* The definition on tiles against that on blocks, which fixes the layout, and this table against the definition. Each
 * input alone must give the same bits as beside others. */
static const char *check_tiles(const struct kernels *kernels, const struct stored *type)
{
    static float values[TILE_M * TILE_N], widened[TILE_N], restored[TILE_N];

    for (size_t n = type->n_block; n <= TILE_N; n += type->n_block == LARGE_BLOCK ? 512 : 416)
        for (size_t m = 1; m <= TILE_M; m++) {
            size_t n_rows = 1 + (m * 5 + n) % TILE_ROWS, stride = TILE_ROWS + m % 3;
            size_t row_bytes = n / type->n_block * type->n_block_bytes, step = input_row_bytes(n);
            float *expected = guarded(&expected_memory, 0), *found = guarded(&found_memory, 0), alone[TILE_ROWS];

            for (size_t i = 0; i < n_rows * row_bytes; i += type->n_block_bytes)
                type->fill(block_rows + i);
            type->pack(block_rows, row_bytes, n_rows, n, tiles);
            fill(values, m * n, wild);
            for (size_t i = 0; i < m; i++)
                kernels_ref.input_row(values + i * n, n, type->n_block, input_rows + i * step);
            kernels_of(&kernels_ref, type)->tiles(tiles, input_rows, m, n, n_rows, expected, stride);
            kernels_of(kernels, type)->tiles(tiles, input_rows, m, n, n_rows, found, stride);
            for (size_t i = 0; i < m; i++) {
                struct input_row row = input_row_at(input_rows + i * step, n);

                for (size_t k = 0; k < n; k++)
                    restored[k] = (float)input_row_value(&row, type->n_block, k);
                kernels_of(kernels, type)->tiles(tiles, input_rows + i * step, 1, n, n_rows, alone, TILE_ROWS);
                if (memcmp(alone, found + i * stride, n_rows * sizeof(float)) != 0)
                    return "an input alone gives another result than beside others";
                for (size_t r = 0; r < n_rows; r++) {
                    double sum = 0, tolerance = 1e-30;
                    const char *wrong;
                    float exact;

                    kernels_of(&kernels_ref, type)->widen(block_rows + r * row_bytes, n, widened);
                    for (size_t k = 0; k < n; k++) {
                        sum += (double)widened[k] * restored[k];
                        tolerance += 2e-6 * fabs((double)widened[k] * restored[k]);
                    }
                    exact = (float)sum;
                    wrong = compare(&exact, expected + i * stride + r, 1, &tolerance);
                    if (!wrong)
                        wrong = compare(expected + i * stride + r, found + i * stride + r, 1, &tolerance);
                    if (wrong)
                        return wrong;
                }
                for (size_t r = n_rows; i + 1 < m && r < stride; r++)
                    if (found[i * stride + r] != GUARD_VALUE)
                        return "wrote outside of its output";
            }
            if (!guards_hold(&found_memory, 0, (m - 1) * stride + n_rows))
                return "wrote outside of its output";
        }
    return NULL;
}

static float x[N_MAX + 4], y[N_MAX + 4], z[N_MAX + 4];
static double tolerances[N_MAX];

static void tolerate(const float *values, size_t n, double relative, bool largest)
{
    double max = 0;

    for (size_t i = 0; i < n; i++)
        max = fmax(max, fabs((double)values[i]));
    for (size_t i = 0; i < n; i++)
        tolerances[i] = relative * (largest ? max : fabs((double)values[i])) + 1e-30;
}

static const char *check_norms(const struct kernels *kernels, bool rms)
{
    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
        size_t n = sizes[s], offset = s % 3;
        float *expected = guarded(&expected_memory, offset), *found = guarded(&found_memory, offset);
        const char *wrong;

        fill(x, n + offset, moderate);
        fill(y, n + offset, moderate);
        fill(z, n + offset, moderate);
        if (rms) {
            kernels_ref.rms_norm(x + offset, y + offset, 1e-5f, n, expected);
            kernels->rms_norm(x + offset, y + offset, 1e-5f, n, found);
        } else {
            kernels_ref.layer_norm(x + offset, y + offset, z + offset, 1e-5f, n, expected);
            kernels->layer_norm(x + offset, y + offset, z + offset, 1e-5f, n, found);
        }
        tolerate(expected, n, 1e-5, true);
        wrong = compare(expected, found, n, tolerances);
        if (wrong)
            return wrong;
        if (!guards_hold(&found_memory, offset, n))
            return "wrote outside of its output";
    }
    return NULL;
}

static const char *check_layer_norm(const struct kernels *kernels)
{
    return check_norms(kernels, false);
}

static const char *check_rms_norm(const struct kernels *kernels)
{
    return check_norms(kernels, true);
}

/* In-place kernels: both get the same input; each element may be off by `absolute`, or by `relative` times its input.
 */
typedef void operation(const struct kernels *kernels, float *values, size_t n);

static const char *check_in_place(const struct kernels *kernels, operation *apply, float (*next)(void), double absolute,
                                  double relative)
{
    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
        size_t n = sizes[s], offset = s % 3;
        float *expected = guarded(&expected_memory, offset), *found = guarded(&found_memory, offset);
        const char *wrong;

        fill(y, n, moderate);
        fill(x, n, next);
        memcpy(expected, x, n * sizeof(float));
        memcpy(found, x, n * sizeof(float));
        apply(&kernels_ref, expected, n);
        apply(kernels, found, n);
        for (size_t i = 0; i < n; i++)
            tolerances[i] = absolute + relative * fabs((double)x[i]);
        wrong = compare(expected, found, n, tolerances);
        if (wrong)
            return wrong;
        if (!guards_hold(&found_memory, offset, n))
            return "wrote outside of its output";
    }
    return NULL;
}

static void apply_softmax(const struct kernels *kernels, float *values, size_t n)
{
    kernels->softmax(values, 0.125f, n);
}

static void apply_silu(const struct kernels *kernels, float *values, size_t n)
{
    kernels->silu_product(values, y, n);
}

static void apply_gelu(const struct kernels *kernels, float *values, size_t n)
{
    kernels->quick_gelu(values, n);
}

static void apply_add(const struct kernels *kernels, float *values, size_t n)
{
    kernels->add_scaled(values, y, 0.75f, n);
}

static const char *check_softmax(const struct kernels *kernels)
{
    return check_in_place(kernels, apply_softmax, extreme, 2e-6, 0);
}

static const char *check_silu_product(const struct kernels *kernels)
{
    return check_in_place(kernels, apply_silu, extreme, 1e-30, 4 * 2e-6);
}

static const char *check_quick_gelu(const struct kernels *kernels)
{
    return check_in_place(kernels, apply_gelu, extreme, 1e-30, 2e-6);
}

static const char *check_add_scaled(const struct kernels *kernels)
{
    return check_in_place(kernels, apply_add, moderate, 1e-6, 1e-6);
}

static const struct check {
    const char *name;
    const char *(*run)(const struct kernels *kernels);
} checks[] = {
    {"layer_norm", check_layer_norm},     {"rms_norm", check_rms_norm},     {"softmax", check_softmax},
    {"silu_product", check_silu_product}, {"quick_gelu", check_quick_gelu}, {"add_scaled", check_add_scaled},
};

/* ---- speed ---- */

#define BENCH_ROWS 2048
#define BENCH_N 4096

/* Best of several runs, in seconds. */
#define BEST_OF(statement)                                                                                             \
    ({                                                                                                                 \
        double best_ = 1e9;                                                                                            \
        for (int run_ = 0; run_ < 5; run_++) {                                                                         \
            double begun_ = clock_ms();                                                                                \
            statement;                                                                                                 \
            best_ = fmin(best_, (clock_ms() - begun_) * 1e-3);                                                         \
        }                                                                                                              \
        best_;                                                                                                         \
    })

static void bench_dots(const struct kernels *kernels, const struct stored *type)
{
    size_t row_bytes = BENCH_N * type->n_block_bytes;
    _cleanup_(freep) uint8_t *rows = calloc(BENCH_ROWS, row_bytes);
    static float inputs[24 * BENCH_N], sums[24 * BENCH_ROWS];

    for (size_t i = 0; rows && i < BENCH_ROWS * row_bytes; i += type->n_block_bytes)
        type->fill(rows + i);
    for (size_t m = 1; rows && m <= 24; m = m < 3 ? m + 1 : 2 * m) {
        double seconds =
            BEST_OF(kernels_of(kernels, type)
                        ->dots(rows, row_bytes, BENCH_ROWS, inputs, BENCH_N, m, BENCH_N, sums, BENCH_ROWS));

        printf("%-10s dots  %-5s m=%-2zu %7.2f GB/s  %7.2f GFLOP/s\n", kernels->name, type->name, m,
               (double)(BENCH_ROWS * row_bytes) / seconds * 1e-9,
               2.0 * BENCH_ROWS * BENCH_N * (double)m / seconds * 1e-9);
    }
}

static void bench_tiles(const struct kernels *kernels, const struct stored *type)
{
    size_t row_bytes = BENCH_N / type->n_block * type->n_block_bytes, n_tile_rows = BENCH_ROWS / TILE_ROWS;
    _cleanup_(freep) uint8_t *rows = calloc(BENCH_ROWS, row_bytes), *packed = aligned_alloc(64, BENCH_ROWS * row_bytes);
    _cleanup_(freep) uint8_t *inputs = aligned_alloc(64, 64 * input_row_bytes(BENCH_N));
    static float values[BENCH_N], sums[64 * TILE_ROWS];

    if (!rows || !packed || !inputs)
        return;
    for (size_t i = 0; i < BENCH_ROWS * row_bytes; i += type->n_block_bytes)
        type->fill(rows + i);
    for (size_t j = 0; j < n_tile_rows; j++)
        type->pack(rows + j * TILE_ROWS * row_bytes, row_bytes, TILE_ROWS, BENCH_N, packed + j * TILE_ROWS * row_bytes);
    fill(values, BENCH_N, moderate);
    for (size_t i = 0; i < 64; i++)
        kernels->input_row(values, BENCH_N, type->n_block, inputs + i * input_row_bytes(BENCH_N));
    for (size_t m = 1; m <= 64; m *= 2) {
        double seconds =
            BEST_OF(for (size_t j = 0; j < n_tile_rows; j++) kernels_of(kernels, type)
                        ->tiles(packed + j * TILE_ROWS * row_bytes, inputs, m, BENCH_N, TILE_ROWS, sums, TILE_ROWS));

        printf("%-10s tiles %-5s m=%-2zu %7.2f GB/s  %7.2f GFLOP/s\n", kernels->name, type->name, m,
               (double)(BENCH_ROWS * row_bytes) / seconds * 1e-9,
               2.0 * BENCH_ROWS * BENCH_N * (double)m / seconds * 1e-9);
    }
}

static void bench_in_place(const struct kernels *kernels, operation *apply, const char *name)
{
    double seconds;

    fill(x, BENCH_N, moderate);
    seconds = BEST_OF(for (int i = 0; i < 1000; i++) apply(kernels, x, BENCH_N));
    printf("%-8s %-12s       %7.3f elements/ns\n", kernels->name, name, 1000.0 * BENCH_N / seconds * 1e-9);
}

static void bench(const struct kernels *kernels)
{
    for (size_t t = 0; t < ARRAY_SIZE(stored_types); t++) {
        if (kernels_of(kernels, &stored_types[t])->dots && kernels != &kernels_ref)
            bench_dots(kernels, &stored_types[t]);
        if (stored_types[t].pack && kernels != &kernels_ref)
            bench_tiles(kernels, &stored_types[t]);
    }
    bench_in_place(kernels, apply_softmax, "softmax");
    bench_in_place(kernels, apply_silu, "silu_product");
    bench_in_place(kernels, apply_gelu, "quick_gelu");
}

static void report(const struct kernels *kernels, const char *what, const char *of, const char *wrong)
{
    printf("%s %d - %s %s%s%s%s\n", wrong ? "not ok" : "ok", ++n_tests, kernels->name, what, of, wrong ? ": " : "",
           wrong ? wrong : "");
    n_failed += wrong != NULL;
}

static void check_table(const struct kernels *kernels)
{
    for (size_t t = 0; t < ARRAY_SIZE(stored_types); t++) {
        if (kernels_of(kernels, &stored_types[t])->dots)
            report(kernels, "dots ", stored_types[t].name, check_dots(kernels, &stored_types[t]));
        if (kernels_of(kernels, &stored_types[t])->mix)
            report(kernels, "mix ", stored_types[t].name, check_mix(kernels, &stored_types[t]));
        report(kernels, "widen ", stored_types[t].name, check_widen(kernels, &stored_types[t]));
        if (stored_types[t].pack)
            report(kernels, "tiles ", stored_types[t].name, check_tiles(kernels, &stored_types[t]));
    }
    report(kernels, "input_row", " in blocks of 32", check_input_row(kernels, SMALL_BLOCK));
    report(kernels, "input_row", " in blocks of 256", check_input_row(kernels, LARGE_BLOCK));
    report(kernels, "narrow_f16", "", check_narrow_f16(kernels));
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
        report(kernels, checks[i].name, "", checks[i].run(kernels));
}

/* An older CPU gets the table that it can run. */
static void check_choice(void)
{
    static const char *const x86[] = {"generic", "avx2", "generic", "avx512",
                                      "generic", "avx2", "generic", "avx512vnni"};
    static const char *const arm[] = {"generic", "dotprod", "generic", "i8mm"};

    for (unsigned flags = 0; flags < ARRAY_SIZE(x86) * ARRAY_SIZE(arm); flags++) {
        const char *name = kernels_for(flags)->name, *other = HAVE_ARM ? arm[flags / ARRAY_SIZE(x86)] : "generic";
        const char *expected = HAVE_X86 ? x86[flags % ARRAY_SIZE(x86)] : other;

        printf("%s %d - flags %u choose %s\n", strcmp(name, expected) ? "not ok" : "ok", ++n_tests, flags, name);
        n_failed += strcmp(name, expected) != 0;
    }
}

static const struct {
    const struct kernels *kernels;
    unsigned needs;
} tables[] = {
    {&kernels_generic, 0},
#if defined(__x86_64__)
    {&kernels_avx2, CPU_AVX2},
    {&kernels_avx512, CPU_AVX2 | CPU_AVX512},
    {&kernels_avx512vnni, CPU_AVX2 | CPU_AVX512 | CPU_AVX512_VNNI},
#elif defined(__aarch64__)
    {&kernels_dotprod, CPU_DOTPROD},
    {&kernels_i8mm, CPU_DOTPROD | CPU_I8MM},
#endif
};

int main(int argc, char **argv)
{
    bool benching = argc > 1 && strcmp(argv[1], "--bench") == 0;

    if (argc > 1 && strcmp(argv[1], "--chosen") == 0) {
        puts(kernels_for(cpu_flags())->name);
        return 0;
    }
    random_init(&random_state, 1, 0);
    if (benching)
        bench(&kernels_ref);
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        if ((cpu_flags() & tables[i].needs) != tables[i].needs) {
            printf("ok %d - %s # SKIP this CPU does not have it\n", ++n_tests, tables[i].kernels->name);
            continue;
        }
        (benching ? bench : check_table)(tables[i].kernels);
    }
    if (!benching)
        check_choice();
    if (!benching)
        printf("1..%d\n", n_tests);
    return n_failed > 0;
}
