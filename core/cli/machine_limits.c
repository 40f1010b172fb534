#include "core/cli/machine_limits.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/machine.h"
#include "core/base/thread_pool.h"
#include "core/kernels/cpu.h"
#include "core/kernels/kernels.h"
#include "core/tensor/matmul.h"

#define RUNS 5
#define READ_BYTES ((size_t)512 << 20) /* more than any cache holds */
#define SIDE ((size_t)1024)
#define ROWS 257
#define TILE_N 512 /* weights of a row: a tile row of 17 KiB */
#define TILE_INPUTS 16
#define TILE_ROUNDS 2000

struct probe {
    const struct kernels *kernels;
    float *x, *w, *ret;
    char *memory;
};

static void multiply(void *context, int thread, int n_threads)
{
    const struct probe *p = context;
    struct range columns = thread_range(4 * SIDE, 16, thread, n_threads);

    matmul_f32(p->x, SIDE, ROWS, p->w + columns.begin * SIDE, SIDE, SIDE, columns.end - columns.begin, true,
               p->ret + columns.begin, 4 * SIDE);
}

/* By what reads weights: the kernel on tiles, with a single input, which is much faster than any memory. */
static void read_memory(void *context, int thread, int n_threads)
{
    const struct probe *p = context;
    size_t row_bytes = SIDE / SMALL_BLOCK * sizeof(struct tile_q8_0);
    struct range rows = thread_range(READ_BYTES / row_bytes, 1, thread, n_threads);
    _Alignas(64) char inputs[SIDE * 2];
    float sums[TILE_ROWS];

    p->kernels->input_row(p->x, SIDE, SMALL_BLOCK, inputs);
    for (size_t row = rows.begin; row < rows.end; row++)
        p->kernels->q8_0.tiles(p->memory + row * row_bytes, inputs, 1, SIDE, TILE_ROWS, sums, TILE_ROWS);
}

static void multiply_bytes(void *context, int thread, int n_threads)
{
    const struct probe *p = context;
    static const float zeros[TILE_N];
    _Alignas(64) char tiles[TILE_N / SMALL_BLOCK * sizeof(struct tile_q8_0)] = {0}, inputs[TILE_INPUTS * TILE_N * 2];
    float sums[TILE_INPUTS * TILE_ROWS];

    (void)thread, (void)n_threads;
    for (size_t i = 0; i < TILE_INPUTS; i++)
        p->kernels->input_row(zeros, TILE_N, SMALL_BLOCK, inputs + i * input_row_bytes(TILE_N));
    for (size_t round = 0; round < TILE_ROUNDS; round++)
        p->kernels->q8_0.tiles(tiles, inputs, TILE_INPUTS, TILE_N, TILE_ROWS, sums, TILE_ROWS);
}

static double best_seconds(struct thread_pool *pool, thread_pool_function *function, struct probe *probe)
{
    double best = 1e9;

    for (int i = 0; i < RUNS; i++) {
        double begun = clock_ms();

        thread_pool_run(pool, function, probe);
        best = MIN(best, (clock_ms() - begun) * 1e-3);
    }
    return best;
}

int machine_limits_measure(struct thread_pool *pool, struct machine_limits *ret)
{
    struct probe probe = {
        .kernels = kernels_for(cpu_flags()),
        .x = calloc(ROWS * SIDE, sizeof(float)),
        .w = calloc(4 * SIDE * SIDE, sizeof(float)),
        .ret = calloc(ROWS * 4 * SIDE, sizeof(float)),
        .memory = huge_alloc(READ_BYTES),
    };
    bool is_complete = probe.x && probe.w && probe.ret && probe.memory;

    if (is_complete) {
        memset(probe.memory, 1, READ_BYTES);
        ret->sgemm_gflops = 2e-9 * ROWS * (double)(SIDE * 4 * SIDE) / best_seconds(pool, multiply, &probe);
        ret->read_gbs = 1e-9 * (double)READ_BYTES / best_seconds(pool, read_memory, &probe);
        ret->bytes_gops = 2e-9 * TILE_ROUNDS * TILE_INPUTS * TILE_N * TILE_ROWS * thread_pool_size(pool) /
                          best_seconds(pool, multiply_bytes, &probe);
    }
    free(probe.x), free(probe.w), free(probe.ret), free(probe.memory);
    return is_complete ? 0 : -ENOMEM;
}
