/* f32 -> blocks: how far off, what is exact, and what must not break it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/random.h"
#include "core/kernels/blocks.h"
#include "core/tensor/tensor.h"

#define N 16384

static const enum tensor_type types[] = {TENSOR_Q8_0, TENSOR_Q6_K, TENSOR_Q4_K, TENSOR_Q4_0};
static float values[N], restored[N], again[N];
static uint8_t blocks[N * 2], blocks_again[N * 2];

/* Sums of uniform numbers: a bell curve of deviation 1. */
static void draw_bell_curve(void)
{
    struct random random;

    random_init(&random, 1, 1);
    for (size_t k = 0; k < N; k++) {
        double sum = -6;

        for (int i = 0; i < 12; i++)
            sum += random_unit(&random);
        values[k] = (float)sum;
    }
}

static void through(enum tensor_type type, size_t n)
{
    tensor_from_f32(type, values, n, blocks);
    tensor_to_f32(type, blocks, n, restored);
}

static double rmse(size_t n)
{
    double squares = 0;

    for (size_t k = 0; k < n; k++)
        squares += pow((double)restored[k] - (double)values[k], 2);
    return sqrt(squares / (double)n);
}

/* What good programs reach on weights of deviation 1. */
static void a_bell_curve_is_kept(void **state)
{
    static const double limits[] = {0.0065, 0.0205, 0.078, 0.092};

    (void)state;
    draw_bell_curve();
    for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
        through(types[t], N);
        if (!(rmse(N) < limits[t]))
            fail_msg("%s is off by %g, expected less than %g", tensor_type_info(types[t])->name, rmse(N), limits[t]);
        assert_true(rmse(N) > limits[t] / 1.3); /* or the limit says nothing */
    }
}

/* Quantizing what was quantized changes nothing but by what halves and their products round. */
static void twice_is_once(void **state)
{
    static const double limits[] = {1e-3, 2e-2, 5e-2, 1e-3};

    (void)state;
    draw_bell_curve();
    for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
        through(types[t], N);
        tensor_from_f32(types[t], restored, N, blocks_again);
        tensor_to_f32(types[t], blocks_again, N, again);
        for (size_t k = 0; k < N; k++)
            if (!(fabsf(again[k] - restored[k]) <= limits[t] * 4))
                fail_msg("%s, element %zu: %g, then %g", tensor_type_info(types[t])->name, k, (double)restored[k],
                         (double)again[k]);
    }
}

static void zeros_and_constants_are_exact(void **state)
{
    static const float constants[] = {0, 0.5f, -0.5f, 2, -2};

    (void)state;
    for (size_t t = 0; t < ARRAY_SIZE(types); t++)
        for (size_t c = 0; c < ARRAY_SIZE(constants); c++) {
            for (size_t k = 0; k < LARGE_BLOCK; k++)
                values[k] = constants[c];
            through(types[t], LARGE_BLOCK);
            for (size_t k = 0; k < LARGE_BLOCK; k++)
                assert_float_equal(restored[k], constants[c], 0.001 * fabs((double)constants[c]));
        }
}

/* One large weight among small ones, the smallest floats, and the largest that halves can scale. */
static void extremes_stay_finite(void **state)
{
    static const float larges[] = {1e-45f, 1e-30f, 1e-7f, 1, 3e4f, 4e5f};

    (void)state;
    for (size_t t = 0; t < ARRAY_SIZE(types); t++)
        for (size_t i = 0; i < ARRAY_SIZE(larges); i++) {
            for (size_t k = 0; k < LARGE_BLOCK; k++)
                values[k] = larges[i] * 0.01f * (float)((int)(k % 7) - 3);
            values[33] = -larges[i];
            through(types[t], LARGE_BLOCK);
            for (size_t k = 0; k < LARGE_BLOCK; k++) {
                assert_true(isfinite(restored[k]));
                assert_true(fabsf(restored[k] - values[k]) <= 0.08f * larges[i] + 1e-7f);
            }
        }
}

/* The bytes of a block as other programs write them: x = -16 .. 15 in steps of 1. */
static void small_blocks_have_their_layout(void **state)
{
    const struct block_q8_0 *q8 = (const void *)blocks;
    const struct block_q4_0 *q4 = (const void *)blocks;

    (void)state;
    for (size_t k = 0; k < SMALL_BLOCK; k++)
        values[k] = (float)k - 16;
    through(TENSOR_Q8_0, SMALL_BLOCK);
    assert_int_equal(q8->d[0] | q8->d[1] << 8, tensor_f32_to_f16(16.0f / 127));
    assert_int_equal(q8->q[0], -127);
    assert_int_equal(q8->q[16], 0);
    assert_int_equal(q8->q[31], 119);
    through(TENSOR_Q4_0, SMALL_BLOCK);
    assert_int_equal(q4->d[0] | q4->d[1] << 8, tensor_f32_to_f16(2));
    assert_int_equal(q4->q[0], 0x80);  /* -16 -> 0, 0 -> 8 */
    assert_int_equal(q4->q[15], 0xf8); /* -1 -> 8 (7.5 rounds up), 15 -> 15 (15.5 is too much) */
}

/* Six bits of scale and minimum of all eight groups, in the twelve bytes. */
static void pairs_are_unpacked(void **state)
{
    static const uint8_t scales[12] = {0xc1, 0x82, 0x43, 0x04, 0x45, 0x86, 0xc7, 0x08, 0x9a, 0xbc, 0xde, 0xf0};
    static const int expected[8][2] = {{1, 5}, {2, 6}, {3, 7}, {4, 8}, {58, 25}, {44, 43}, {30, 61}, {0, 15}};

    (void)state;
    for (size_t j = 0; j < 8; j++) {
        int scale, min;

        block_q4_k_pair(scales, j, &scale, &min);
        assert_int_equal(scale, expected[j][0]);
        assert_int_equal(min, expected[j][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bell_curve_is_kept),           cmocka_unit_test(twice_is_once),
        cmocka_unit_test(zeros_and_constants_are_exact),  cmocka_unit_test(extremes_stay_finite),
        cmocka_unit_test(small_blocks_have_their_layout), cmocka_unit_test(pairs_are_unpacked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
