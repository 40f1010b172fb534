/* tensor, matmul, ops, attention, patches: against the formula in double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cleanup.h"
#include "core/base/random.h"
#include "core/base/thread_pool.h"
#include "core/kernels/cpu.h"
#include "core/kernels/kernels.h"
#include "core/tensor/attention.h"
#include "core/tensor/matmul.h"
#include "core/tensor/pack.h"
#include "core/tensor/ops.h"
#include "core/tensor/patches.h"
#include "core/tensor/tensor.h"

static struct random random_state;

static float *random_floats(size_t n)
{
    float *values = malloc(n * sizeof(*values));

    for (size_t i = 0; i < n; i++)
        values[i] = (float)(random_unit(&random_state) * 2 - 1);
    return values;
}

static void assert_near(const float *found, double expected, double tolerance, size_t i)
{
    if (!(fabs((double)*found - expected) <= tolerance))
        fail_msg("element %zu: expected %.9g, found %.9g", i, expected, (double)*found);
}

/* Every f16 value survives the way to f32 and back; values between two of them go to the nearest, ties to even. */
static void f16_round_trips(void **state)
{
    (void)state;
    for (uint32_t half = 0; half < 65536; half++) {
        float wide = tensor_f16_to_f32((uint16_t)half);
        uint16_t back = tensor_f32_to_f16(wide);

        if (isnan(wide))
            assert_true((back & 0x7c00) == 0x7c00 && (back & 0x3ff));
        else
            assert_int_equal(back, half);
    }
    for (uint32_t half = 0; half < 0x7bff; half++) {
        double low = (double)tensor_f16_to_f32((uint16_t)half), high = (double)tensor_f16_to_f32((uint16_t)(half + 1));
        float middle = (float)((low + high) / 2);

        assert_int_equal(tensor_f32_to_f16(middle), half + (half & 1));
        assert_int_equal(tensor_f32_to_f16(nextafterf(middle, 1e9f)), half + 1);
        assert_int_equal(tensor_f32_to_f16(nextafterf(middle, -1)), half);
    }
    assert_int_equal(tensor_f32_to_f16(65519.99f), 0x7bff);
    assert_int_equal(tensor_f32_to_f16(65520), 0x7c00);
    assert_int_equal(tensor_f32_to_f16(-1e30f), 0xfc00);
}

static void bf16_rounds_to_even(void **state)
{
    (void)state;
    assert_int_equal(tensor_f32_to_bf16(1), 0x3f80);
    assert_int_equal(tensor_f32_to_bf16(1.00390625f), 0x3f80); /* a tie */
    assert_int_equal(tensor_f32_to_bf16(1.01171875f), 0x3f82); /* a tie */
    assert_int_equal(tensor_f32_to_bf16(-INFINITY), 0xff80);
    assert_int_equal(tensor_f32_to_bf16(3.4e38f), 0x7f80);
    assert_true(isnan(tensor_bf16_to_f32(tensor_f32_to_bf16(NAN))));
    for (uint32_t bits = 0; bits < 0x7f80; bits++)
        assert_int_equal(tensor_f32_to_bf16(tensor_bf16_to_f32((uint16_t)bits)), bits);
}

static void types_have_names(void **state)
{
    (void)state;
    assert_string_equal(tensor_type_info(TENSOR_BF16)->name, "bf16");
    assert_int_equal(tensor_type_by_name("F16")->type, TENSOR_F16);
    assert_null(tensor_type_by_name("f8"));
    assert_string_equal(tensor_type_info(12)->name, "q4_k");
    assert_null(tensor_type_info(3));
}

static const enum tensor_type types[] = {TENSOR_F32, TENSOR_F16, TENSOR_BF16};
static const enum tensor_type block_types[] = {TENSOR_Q8_0, TENSOR_Q4_0, TENSOR_Q4_K, TENSOR_Q6_K};

/* Alone and together, few and many rows, every type, every number of threads, rows longer than the scratch of a thread.
 */
static void check_matmul(size_t m, size_t n_in, size_t n_out, enum tensor_type type, int n_threads, bool together)
{
    struct thread_pool *pool = thread_pool_new(n_threads);
    struct compute *compute = compute_new(pool, kernels_for(cpu_flags()));
    size_t x_stride = n_in + 3, ret_stride = n_out + 5;
    float *x = random_floats(m * x_stride), *w = random_floats(n_in * n_out), *bias = random_floats(n_out);
    float *ret = random_floats(m * ret_stride), *wide = malloc(n_in * n_out * sizeof(*wide)),
          *alone = random_floats(n_out);
    void *stored = malloc(n_in * n_out * 4);
    struct tensor weight = {type, 2, {n_in, n_out, 1, 1}, stored, NULL};

    tensor_from_f32(type, w, n_in * n_out, stored);
    tensor_to_f32(type, stored, n_in * n_out, wide);
    compute->together = together;
    for (size_t i = 0; i < m; i++)
        ret[i * ret_stride + n_out] = 77;
    matmul(compute, x, x_stride, m, &weight, bias, ret, ret_stride);
    for (size_t i = 0; i < m && !together; i++) {
        matmul(compute, x + i * x_stride, x_stride, 1, &weight, bias, alone, ret_stride);
        assert_memory_equal(alone, ret + i * ret_stride, n_out * sizeof(*alone));
    }
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n_out; j++) {
            double sum = bias[j], tolerance = 1e-5;

            for (size_t k = 0; k < n_in; k++) {
                sum += (double)x[i * x_stride + k] * wide[j * n_in + k];
                tolerance += 1e-6 * fabs((double)x[i * x_stride + k] * wide[j * n_in + k]);
            }
            assert_near(&ret[i * ret_stride + j], sum, tolerance, i * n_out + j);
        }
        assert_true(ret[i * ret_stride + n_out] == 77);
    }
    free(x), free(w), free(bias), free(ret), free(wide), free(stored), free(alone);
    compute_free(compute);
    thread_pool_free(pool);
}

/* What becomes of inputs on the way into packed weights. */
static void round_inputs(float *x, size_t n, enum tensor_type type)
{
    void *memory = aligned_alloc(64, input_row_bytes(n));
    struct input_row row = input_row_at(memory, n);

    kernels_ref.input_row(x, n, tensor_type_info(type)->n_block, memory);
    for (size_t k = 0; k < n; k++)
        x[k] = (float)input_row_value(&row, tensor_type_info(type)->n_block, k);
    free(memory);
}

/* As check_matmul(), for packed weights; besides, every row alone and any number of threads give the same bits. */
static void check_packed(size_t m, size_t n_in, size_t n_out, enum tensor_type type)
{
    float *x = random_floats(m * n_in), *w = random_floats(n_in * n_out), *bias = random_floats(n_out);
    float *ret = random_floats(m * n_out), *alone = random_floats(n_out), *wide = malloc(n_in * n_out * sizeof(*wide));
    void *stored = malloc(n_in * n_out * 4), *tiles = aligned_alloc(64, (n_in * (n_out + 16) * 4 + 63) / 64 * 64);
    struct tensor weight = {type, 2, {n_in, n_out, 1, 1}, stored, NULL};

    tensor_from_f32(type, w, n_in * n_out, stored);
    tensor_to_f32(type, stored, n_in * n_out, wide);
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        struct thread_pool *pool = thread_pool_new(n_threads);
        struct compute *compute = compute_new(pool, kernels_for(cpu_flags()));

        if (n_threads == 1) {
            assert_true(pack_bytes(&weight) >= tensor_n_bytes(&weight));
            pack_matrix(compute, &weight, tiles);
            weight.tiles = tiles;
            matmul(compute, x, n_in, m, &weight, bias, ret, n_out);
        }
        for (size_t i = 0; i < m; i++) {
            matmul(compute, x + i * n_in, n_in, 1, &weight, bias, alone, n_out);
            assert_memory_equal(alone, ret + i * n_out, n_out * sizeof(float));
        }
        compute_free(compute);
        thread_pool_free(pool);
    }
    for (size_t i = 0; i < m; i++) {
        round_inputs(x + i * n_in, n_in, type);
        for (size_t j = 0; j < n_out; j++) {
            double sum = bias[j], tolerance = 1e-5;

            for (size_t k = 0; k < n_in; k++) {
                sum += (double)x[i * n_in + k] * wide[j * n_in + k];
                tolerance += 2e-6 * fabs((double)x[i * n_in + k] * wide[j * n_in + k]);
            }
            assert_near(&ret[i * n_out + j], sum, tolerance, i * n_out + j);
        }
    }
    free(x), free(w), free(bias), free(ret), free(alone), free(wide), free(stored), free(tiles);
}

static void packed_matmul_is_right(void **state)
{
    (void)state;
    for (size_t t = 0; t < ARRAY_SIZE(block_types); t++) {
        check_packed(1, 256, 100, block_types[t]);
        check_packed(4, 512, 16, block_types[t]);
        check_packed(5, 1024, 513, block_types[t]);
        check_packed(130, 256, 33, block_types[t]);
    }
    check_packed(7, 96, 1, TENSOR_Q4_0);
}

enum { SHARED_IN = 256, SHARED_OUT = 100, SHARED_ROWS = 130, N_SHARED = 3 };

/* Products with the same x, of several types, heights and numbers of rows; with f16 among them, not all are packed. */
static void check_each(const struct compute *compute, const enum tensor_type product_types[N_SHARED],
                       const size_t m[N_SHARED])
{
    static const size_t n_out[N_SHARED] = {SHARED_OUT, 33, 64};
    float *x = random_floats(SHARED_ROWS * SHARED_IN), *bias = random_floats(SHARED_OUT);
    struct matmul_product products[N_SHARED];
    struct tensor weights[N_SHARED];
    void *stored[N_SHARED], *tiles[N_SHARED];
    float *alone = random_floats(SHARED_ROWS * SHARED_OUT);

    for (size_t i = 0; i < N_SHARED; i++) {
        size_t n = SHARED_IN * n_out[i], ret_stride = n_out[i] + i;
        float *w = random_floats(n);

        stored[i] = malloc(n * sizeof(float));
        tiles[i] = aligned_alloc(64, SHARED_IN * 128 * sizeof(float));
        tensor_from_f32(product_types[i], w, n, stored[i]);
        weights[i] = (struct tensor){product_types[i], 2, {SHARED_IN, n_out[i], 1, 1}, stored[i], NULL};
        if (product_types[i] != TENSOR_F16) {
            pack_matrix(compute, &weights[i], tiles[i]);
            weights[i].tiles = tiles[i];
        }
        products[i] = (struct matmul_product){&weights[i], i == 1 ? bias : NULL, m[i],
                                              random_floats(SHARED_ROWS * ret_stride), ret_stride};
        free(w);
    }
    matmul_each(compute, x, SHARED_IN, products, N_SHARED);
    for (size_t i = 0; i < N_SHARED; i++) {
        matmul(compute, x, SHARED_IN, m[i], &weights[i], products[i].bias, alone, n_out[i]);
        for (size_t row = 0; row < m[i]; row++)
            assert_memory_equal(alone + row * n_out[i], products[i].ret + row * products[i].ret_stride,
                                n_out[i] * sizeof(float));
        free(stored[i]), free(tiles[i]), free(products[i].ret);
    }
    free(x), free(bias), free(alone);
}

static void products_with_the_same_input_are_right(void **state)
{
    static const enum tensor_type mixed[][N_SHARED] = {{TENSOR_Q4_0, TENSOR_Q6_K, TENSOR_Q8_0},
                                                       {TENSOR_Q4_K, TENSOR_F16, TENSOR_Q4_K}};
    static const size_t m[][N_SHARED] = {{1, 1, 1}, {3, 5, 5}, {130, 2, 129}, {0, 4, 4}};

    (void)state;
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        struct thread_pool *pool = thread_pool_new(n_threads);
        struct compute *compute = compute_new(pool, kernels_for(cpu_flags()));

        for (size_t i = 0; i < ARRAY_SIZE(mixed); i++)
            for (size_t j = 0; j < ARRAY_SIZE(m); j++)
                check_each(compute, mixed[i], m[j]);
        compute_free(compute);
        thread_pool_free(pool);
    }
}

static void matmul_is_right(void **state)
{
    (void)state;
    for (size_t t = 0; t < ARRAY_SIZE(types); t++)
        for (int n_threads = 1; n_threads <= 3; n_threads++)
            for (int together = 0; together < 2; together++) {
                check_matmul(1, 64, 100, types[t], n_threads, together);
                check_matmul(3, 33, 1, types[t], n_threads, together);
                check_matmul(8, 15, 17, types[t], n_threads, together);
                check_matmul(9, 588, 31, types[t], n_threads, together);
                check_matmul(70, 65, 130, types[t], n_threads, together);
            }
    check_matmul(10, COMPUTE_SCRATCH / 16 + 100, 20, TENSOR_BF16, 2, true);
    check_matmul(10, 50000, 20, TENSOR_BF16, 2, false);
}

struct heads {
    size_t m, n, n_heads, n_kv_heads, head_dim;
    bool causal;
};

/* Every query alone gives the same bits, unless all come together. */
static void check_queries_alone(const struct compute *compute, struct attention a)
{
    size_t width = a.n_heads * a.head_dim, m = a.m, n = a.n;
    const float *together = a.ret;
    float *alone = random_floats(width);

    for (size_t i = 0; i < m && !compute->together; i++) {
        a.m = 1;
        a.n = a.causal ? n - m + i + 1 : n;
        a.ret = alone;
        attention(compute, &a);
        a.queries += a.query_stride;
        assert_memory_equal(alone, together + i * width, width * sizeof(*alone));
    }
    free(alone);
}

static void check_attention(const struct compute *compute, struct heads c)
{
    size_t width = c.n_heads * c.head_dim, kv_width = c.n_kv_heads * c.head_dim;
    float *q = random_floats(c.m * width), *k = random_floats(c.n * kv_width), *v = random_floats(c.n * kv_width);
    float *ret = random_floats(c.m * width);
    double *weights = malloc(c.n * sizeof(*weights));
    struct attention a = {q,     k,   v,   ret,       width,        kv_width,   c.head_dim,
                          width, c.m, c.n, c.n_heads, c.n_kv_heads, c.head_dim, c.causal};

    attention(compute, &a);
    check_queries_alone(compute, a);
    for (size_t i = 0; i < c.m; i++)
        for (size_t h = 0; h < c.n_heads; h++) {
            size_t g = h * c.n_kv_heads / c.n_heads, seen = c.causal ? c.n - c.m + i + 1 : c.n;
            double sum = 0;

            for (size_t j = 0; j < seen; j++) {
                double score = 0;

                for (size_t e = 0; e < c.head_dim; e++)
                    score += (double)q[i * width + h * c.head_dim + e] * k[j * kv_width + g * c.head_dim + e];
                weights[j] = exp(score / sqrt((double)c.head_dim));
                sum += weights[j];
            }
            for (size_t e = 0; e < c.head_dim; e++) {
                double expected = 0;

                for (size_t j = 0; j < seen; j++)
                    expected += weights[j] / sum * v[j * kv_width + g * c.head_dim + e];
                assert_near(&ret[i * width + h * c.head_dim + e], expected, 2e-6, i);
            }
        }
    free(q), free(k), free(v), free(ret), free(weights);
}

static void attention_is_right(void **state)
{
    static const struct heads cases[] = {
        {1, 1, 1, 1, 2, true},      {1, 77, 4, 2, 8, true},    {3, 3, 4, 1, 6, true},   {5, 5, 2, 2, 16, true},
        {9, 30, 6, 3, 4, true},     {140, 150, 2, 1, 8, true}, {2, 40, 3, 3, 5, false}, {30, 287, 4, 4, 16, false},
        {300, 300, 2, 2, 8, false}, {7, 5000, 2, 2, 4, false},
    };

    (void)state;
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        struct thread_pool *pool = thread_pool_new(n_threads);
        struct compute *compute = compute_new(pool, kernels_for(cpu_flags()));

        for (int together = 0; together < 2; together++) {
            compute->together = together;
            for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                check_attention(compute, cases[i]);
        }
        compute_free(compute);
        thread_pool_free(pool);
    }
}

enum { HEADS = 4, GROUPS = 2, PAGE = 32, PAGES = 9, ROWS = 60, DIM_MAX = 64 };

/* Rows of a part's heads, f32: half 0 its keys, half 1 its values. */
static void widen_pages(const struct attention_pages *pages, const struct attention_part *part, size_t half, size_t dim,
                        float *ret)
{
    const struct weight_kernels *kernels = tensor_type_kernels(&kernels_ref, pages->type);

    for (size_t j = 0; j < part->n; j++)
        for (size_t g = 0; g < GROUPS; g++)
            kernels->widen(pages->memory + part->pages[j / PAGE] * pages->page_bytes + half * pages->values_offset +
                               (g * PAGE + j % PAGE) * pages->row_bytes,
                           dim, ret + (j * GROUPS + g) * dim);
}

/* As contiguous attention on the same numbers, and every query alone gives the same bits. */
static void check_paged(const struct compute *compute, const struct paged_attention *a)
{
    static float k[128 * GROUPS * DIM_MAX], v[128 * GROUPS * DIM_MAX], together[ROWS * HEADS * DIM_MAX];
    size_t dim = a->head_dim, width = HEADS * dim, row = 0;

    attention_paged(compute, a);
    for (size_t p = 0; p < a->n_parts; row += a->parts[p].m, p++) {
        const struct attention_part *part = &a->parts[p];
        struct attention plain = {a->queries + row * width,
                                  k,
                                  v,
                                  together,
                                  width,
                                  GROUPS * dim,
                                  dim,
                                  width,
                                  part->m,
                                  part->n,
                                  HEADS,
                                  GROUPS,
                                  dim,
                                  true};

        widen_pages(&a->pages, part, 0, dim, k);
        widen_pages(&a->pages, part, 1, dim, v);
        attention(compute, &plain);
        for (size_t i = 0; i < part->m * width; i++)
            assert_near(&a->ret[row * width + i], (double)together[i], 2e-6, i);
        for (size_t i = 0; i < part->m; i++) {
            struct attention_part one = {part->pages, 1, part->n - part->m + i + 1};
            struct paged_attention single = *a;
            float alone[HEADS * DIM_MAX];

            single.queries = a->queries + (row + i) * width;
            single.ret = alone;
            single.parts = &one;
            single.n_parts = 1;
            attention_paged(compute, &single);
            assert_memory_equal(alone, a->ret + (row + i) * width, width * sizeof(*alone));
        }
    }
}

/* Pages that lie anywhere. */
static void paged_attention_is_right(void **state)
{
    static const uint32_t numbers[2][4] = {{5, 0, 8, 2}, {7, 3, 1, 6}};
    static const struct attention_part parts[] = {{numbers[0], 41, 100}, {numbers[1], 1, 70}, {numbers[1], 18, 33}};
    static const struct {
        enum tensor_type type;
        size_t dim, row_bytes;
    } cases[] = {{TENSOR_F16, 12, 24}, {TENSOR_Q8_0, 32, 34}, {TENSOR_Q8_0, 64, 68}};
    static char memory[PAGES * 2 * GROUPS * PAGE * DIM_MAX * sizeof(uint16_t)];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t dim = cases[i].dim, half_bytes = GROUPS * PAGE * cases[i].row_bytes;
        size_t n = PAGES * 2 * GROUPS * PAGE * dim;
        float *noise = random_floats(n), *q = random_floats(ROWS * HEADS * dim),
              *ret = random_floats(ROWS * HEADS * dim);
        struct paged_attention a = {
            .queries = q,
            .ret = ret,
            .query_stride = HEADS * dim,
            .ret_stride = HEADS * dim,
            .pages = {memory, cases[i].type, cases[i].row_bytes, 2 * half_bytes, half_bytes, PAGE},
            .parts = parts,
            .n_parts = ARRAY_SIZE(parts),
            .n_heads = HEADS,
            .n_kv_heads = GROUPS,
            .head_dim = dim,
        };

        tensor_from_f32(cases[i].type, noise, n, memory);
        for (int n_threads = 1; n_threads <= 3; n_threads++) {
            struct thread_pool *pool = thread_pool_new(n_threads);
            struct compute *compute = compute_new(pool, kernels_for(cpu_flags()));

            check_paged(compute, &a);
            compute_free(compute);
            thread_pool_free(pool);
        }
        free(q), free(ret), free(noise);
    }
}

/* Rotating keeps lengths, position 0 changes nothing, and products depend on the distance of positions only. */
static void rotation_depends_on_distance(void **state)
{
    struct compute *compute = compute_new(NULL, &kernels_ref);
    float table[64 * 8], q[16], k[16], products[3];
    float *start = random_floats(16);

    (void)state;
    ops_rotation(64, 8, 10000, table);
    memcpy(q, start, sizeof(q));
    ops_rotate(compute, q, 16, 1, 2, 8, table, 0);
    assert_memory_equal(q, start, sizeof(q));
    for (size_t i = 0; i < 3; i++) {
        memcpy(q, start, sizeof(q));
        memcpy(k, start, sizeof(k));
        ops_rotate(compute, q, 16, 1, 2, 8, table, 7 + 20 * i);
        ops_rotate(compute, k, 16, 1, 2, 8, table, 2 + 20 * i);
        products[i] = 0;
        for (size_t e = 8; e < 16; e++)
            products[i] += q[e] * k[e];
        assert_near(&products[i], products[0], 1e-5, i);
    }
    /* Pair 1 of position 3 turns by 3 * 10000^(-2/8) = 0.3. */
    assert_near(&table[3 * 8 + 2], cos(0.3), 1e-6, 2);
    assert_near(&table[3 * 8 + 3], sin(0.3), 1e-6, 3);
    free(start);
    compute_free(compute);
}

static void norms_and_activations_cover_all_rows(void **state)
{
    struct thread_pool *pool = thread_pool_new(3);
    struct compute *compute = compute_new(pool, kernels_for(cpu_flags()));
    size_t m = 5, n = 37;
    float *x = random_floats(m * n), *y = random_floats(m * n), *gain = random_floats(n), *bias = random_floats(n);
    float *ret = random_floats(m * n), *gate = malloc(m * n * sizeof(*gate));

    (void)state;
    ops_norm(compute, x, m, n, gain, bias, 1e-5f, ret);
    for (size_t i = 0; i < m; i++) {
        double mean = 0, variance = 0;

        for (size_t k = 0; k < n; k++)
            mean += x[i * n + k] / (double)n;
        for (size_t k = 0; k < n; k++)
            variance += (x[i * n + k] - mean) * (x[i * n + k] - mean) / (double)n;
        for (size_t k = 0; k < n; k++)
            assert_near(&ret[i * n + k], (x[i * n + k] - mean) / sqrt(variance + 1e-5) * gain[k] + bias[k], 1e-5, k);
    }
    memcpy(gate, x, m * n * sizeof(*gate));
    ops_silu_product(compute, gate, y, m, n);
    for (size_t i = 0; i < m * n; i++)
        assert_near(&gate[i], x[i] / (1 + exp(-(double)x[i])) * y[i], 1e-6, i);
    memcpy(gate, x, m * n * sizeof(*gate));
    ops_quick_gelu(compute, gate, m, n);
    for (size_t i = 0; i < m * n; i++)
        assert_near(&gate[i], x[i] / (1 + exp(-1.702 * x[i])), 1e-6, i);
    memcpy(gate, x, m * n * sizeof(*gate));
    ops_add(compute, gate, y, m * n);
    for (size_t i = 0; i < m * n; i++)
        assert_near(&gate[i], (double)x[i] + y[i], 1e-6, i);
    free(x), free(y), free(gain), free(bias), free(ret), free(gate);
    compute_free(compute);
    thread_pool_free(pool);
}

static void patches_lie_as_convolution_weights(void **state)
{
    /* Two channels of 3 x 5, windows of 2 x 3 one line and two columns apart: 2 x 2 windows. */
    struct patches patches = {2, 3, 5, 2, 3, 1, 2};
    float image[30], ret[4 * 12];

    (void)state;
    for (int i = 0; i < 30; i++)
        image[i] = (float)i;
    assert_int_equal(patches_n_rows(&patches), 4);
    patches_extract(&patches, image, ret);
    for (int row = 0; row < 4; row++)
        for (int i = 0; i < 12; i++) {
            int channel = i / 6, line = i / 3 % 2 + row / 2, column = i % 3 + row % 2 * 2;

            assert_true(ret[row * 12 + i] == (float)(channel * 15 + line * 5 + column));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f16_round_trips),
        cmocka_unit_test(bf16_rounds_to_even),
        cmocka_unit_test(types_have_names),
        cmocka_unit_test(matmul_is_right),
        cmocka_unit_test(packed_matmul_is_right),
        cmocka_unit_test(products_with_the_same_input_are_right),
        cmocka_unit_test(attention_is_right),
        cmocka_unit_test(paged_attention_is_right),
        cmocka_unit_test(rotation_depends_on_distance),
        cmocka_unit_test(norms_and_activations_cover_all_rows),
        cmocka_unit_test(patches_lie_as_convolution_weights),
    };

    random_init(&random_state, 3, 0);
    return cmocka_run_group_tests_name("tensor", tests, NULL, NULL);
}
