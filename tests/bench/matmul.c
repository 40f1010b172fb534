/* How fast linear layers are, in GFLOP/s, beside what OpenBLAS reaches on f32 matrices of the same shape in the same
   threads on this machine at this moment, and for few rows in GB/s of weights; packed weights as a decoder meets them,
   one matrix after the other from memory, beside what memory and arithmetic allow. Medians of interleaved runs.

     matmul [THREADS]      default: the cores that this process may use */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/machine.h"
#include "core/base/thread_pool.h"
#include "core/cli/machine_limits.h"
#include "core/kernels/cpu.h"
#include "core/kernels/kernels.h"
#include "core/tensor/matmul.h"
#include "core/tensor/pack.h"

#define RUNS 7

static const struct shape {
    const char *layer;
    size_t m, n_in, n_out;
} shapes[] = {
    {"encoder qkv", 257, 1024, 3072},   {"encoder up", 257, 1024, 4096}, {"encoder down", 257, 4096, 1024},
    {"expert gate", 287, 1024, 2816},   {"decoder q", 128, 4096, 4096},  {"decoder gate", 128, 4096, 11008},
    {"decoder down", 128, 11008, 4096}, {"decoder q", 32, 4096, 4096},   {"decoder q", 1, 4096, 4096},
    {"decoder gate", 1, 4096, 11008},   {"decoder q", 8, 4096, 4096},
};

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, RUNS, sizeof(*values), compare_doubles);
    return values[RUNS / 2];
}

/* OpenBLAS on the thread's share of the columns of the result, nothing else. */
struct plain {
    const struct shape *shape;
    const float *x, *w;
    float *ret;
};

static void multiply_plainly(void *context, int thread, int n_threads)
{
    const struct plain *p = context;
    const struct shape *s = p->shape;
    struct range rows = thread_range(s->n_out, 16, thread, n_threads);

    matmul_f32(p->x, s->n_in, s->m, p->w + rows.begin * s->n_in, s->n_in, s->n_in, rows.end - rows.begin, true,
               p->ret + rows.begin, s->n_out);
}

static void bench(const struct compute *compute, const struct shape *s)
{
    static const enum tensor_type types[] = {TENSOR_F32, TENSOR_F16, TENSOR_BF16};
    float *x = calloc(s->m * s->n_in, sizeof(*x)), *w = calloc(s->n_in * s->n_out, sizeof(*w));
    float *ret = calloc(s->m * s->n_out, sizeof(*ret));
    char *stored = calloc(s->n_in * s->n_out, sizeof(float));
    struct plain plain = {s, x, w, ret};
    double gflop = 2e-9 * (double)(s->m * s->n_in * s->n_out), seconds[4][RUNS], rate = 0;

    if (!x || !w || !ret || !stored)
        exit(1);
    for (size_t i = 0; i < s->n_in * s->n_out; i++)
        w[i] = (float)(i % 251) * 0.01f - 1;
    for (size_t i = 0; i < s->m * s->n_in; i++)
        x[i] = (float)(i % 241) * 0.01f - 1;
    for (int run = 0; run < RUNS; run++) {
        double begun = clock_ms();

        thread_pool_run(compute->pool, multiply_plainly, &plain);
        seconds[3][run] = (clock_ms() - begun) * 1e-3;
        for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
            struct tensor weight = {types[t], 2, {s->n_in, s->n_out, 1, 1}, stored};

            tensor_from_f32(types[t], w, s->n_in * s->n_out, stored);
            begun = clock_ms();
            matmul(compute, x, s->n_in, s->m, &weight, NULL, ret, s->n_out);
            seconds[t][run] = (clock_ms() - begun) * 1e-3;
        }
    }
    rate = gflop / median(seconds[3]);
    printf("%-13s m=%-3zu %5zu x %-5zu  sgemm %6.1f GFLOP/s", s->layer, s->m, s->n_out, s->n_in, rate);
    for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
        double own = median(seconds[t]);
        struct tensor weight = {types[t], 2, {s->n_in, s->n_out, 1, 1}, NULL};

        printf("   %s %6.1f (%3.0f%%)", tensor_type_info(types[t])->name, gflop / own, 100 * gflop / own / rate);
        if (s->m == 1)
            printf(" %5.1f GB/s", 1e-9 * (double)tensor_n_bytes(&weight) / own);
    }
    printf("\n");
    free(x), free(w), free(ret), free(stored);
}

/* ---- packed weights ---- */

#define RING_BYTES ((size_t)320 << 20) /* of weights, more than caches hold */
#define SIDE ((size_t)4096)
#define INPUTS_MAX 128

/* Copies of one packed matrix. */
struct ring {
    struct tensor weight;
    char *memory;
    size_t matrix_bytes, n;
};

static void ring_init(struct ring *ring, const struct compute *compute, enum tensor_type type)
{
    size_t n = SIDE * SIDE;
    float *w = calloc(n, sizeof(*w));
    char *stored = calloc(n, sizeof(float));

    ring->weight = (struct tensor){type, 2, {SIDE, SIDE, 1, 1}, stored, NULL};
    ring->matrix_bytes = pack_bytes(&ring->weight);
    ring->n = RING_BYTES / ring->matrix_bytes;
    ring->memory = huge_alloc(ring->n * ring->matrix_bytes);
    if (!w || !stored || !ring->memory)
        exit(1);
    for (size_t i = 0; i < n; i++)
        w[i] = (float)(i % 251) * 0.01f - 1;
    tensor_from_f32(type, w, n, stored);
    pack_matrix(compute, &ring->weight, ring->memory);
    for (size_t i = 1; i < ring->n; i++)
        memcpy(ring->memory + i * ring->matrix_bytes, ring->memory, ring->matrix_bytes);
    free(w), free(stored);
}

static double ring_seconds(const struct ring *ring, const struct compute *compute, const float *x, size_t m, float *ret)
{
    double begun = clock_ms();

    for (size_t i = 0; i < ring->n; i++) {
        struct tensor weight = ring->weight;

        weight.tiles = ring->memory + i * ring->matrix_bytes;
        matmul(compute, x, SIDE, m, &weight, NULL, ret, SIDE);
    }
    return (clock_ms() - begun) * 1e-3;
}

static void bench_packed(const struct compute *compute, enum tensor_type type, const struct machine_limits *limits)
{
    static const size_t rows[] = {1, 2, 4, 8, 16, INPUTS_MAX};
    float *x = calloc(INPUTS_MAX * SIDE, sizeof(*x)), *ret = calloc(INPUTS_MAX * SIDE, sizeof(*ret));
    struct ring ring;

    ring_init(&ring, compute, type);
    for (size_t i = 0; x && ret && i < INPUTS_MAX * SIDE; i++)
        x[i] = (float)(i % 241) * 0.01f - 1;
    for (size_t i = 0; x && ret && i < ARRAY_SIZE(rows); i++) {
        double seconds[RUNS], gbs, gops;

        for (int run = 0; run < RUNS; run++)
            seconds[run] = ring_seconds(&ring, compute, x, rows[i], ret);
        gbs = 1e-9 * (double)(ring.n * ring.matrix_bytes) / median(seconds);
        gops = 2e-9 * (double)(ring.n * SIDE * SIDE * rows[i]) / seconds[RUNS / 2];
        printf("%s m=%-3zu  %5.1f GB/s (%3.0f%%)  %6.1f Gop/s (%3.0f%%)\n", tensor_type_info(type)->name, rows[i], gbs,
               100 * gbs / limits->read_gbs, gops, 100 * gops / limits->bytes_gops);
    }
    free(x), free(ret), free(ring.memory);
}

int main(int argc, char **argv)
{
    static const enum tensor_type packed[] = {TENSOR_Q4_0, TENSOR_Q4_K, TENSOR_Q6_K, TENSOR_Q8_0};
    struct machine_limits limits;
    int n_threads = argc > 1 ? atoi(argv[1]) : cores_available();
    struct thread_pool *pool = thread_pool_new(n_threads > 0 ? n_threads : 1);
    struct compute *compute = pool ? compute_new(pool, kernels_for(cpu_flags())) : NULL;

    if (!compute)
        return 1;
    printf("threads %d, kernels %s\n", n_threads, compute->kernels->name);
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
        bench(compute, &shapes[i]);
    if (machine_limits_measure(pool, &limits) < 0)
        return 1;
    printf("packed, of %.1f GB/s and %.1f Gop/s\n", limits.read_gbs, limits.bytes_gops);
    for (size_t i = 0; i < ARRAY_SIZE(packed); i++)
        bench_packed(compute, packed[i], &limits);
    compute_free(compute);
    thread_pool_free(pool);
    return 0;
}
