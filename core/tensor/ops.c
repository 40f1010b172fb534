#include "core/tensor/ops.h"

#include <math.h>

#include "core/base/thread_pool.h"
#include "core/kernels/kernels.h"

#define EXPONENTIAL ((size_t)10) /* what an exponential costs, in multiplications */

struct rows_job {
    const struct compute *compute;
    const float *x, *gain, *bias;
    float *ret;
    size_t m, n;
    float eps;
};

static void norm_rows(void *context, int thread, int n_threads)
{
    const struct rows_job *job = context;
    const struct kernels *kernels = job->compute->kernels;
    struct range rows = thread_range(job->m, 1, thread, n_threads);

    for (size_t i = rows.begin; i < rows.end; i++) {
        const float *x = job->x + i * job->n;
        float *ret = job->ret + i * job->n;

        if (job->bias)
            kernels->layer_norm(x, job->gain, job->bias, job->eps, job->n, ret);
        else
            kernels->rms_norm(x, job->gain, job->eps, job->n, ret);
    }
}

void ops_norm(const struct compute *compute, const float *x, size_t m, size_t n, const float *gain, const float *bias,
              float eps, float *ret)
{
    struct rows_job job = {compute, x, gain, bias, ret, m, n, eps};

    thread_pool_run(compute_pool(compute, m * n), norm_rows, &job);
}

static void add_elements(void *context, int thread, int n_threads)
{
    const struct rows_job *job = context;
    struct range range = thread_range(job->n, 64, thread, n_threads);

    job->compute->kernels->add_scaled(job->ret + range.begin, job->x + range.begin, 1, range.end - range.begin);
}

void ops_add(const struct compute *compute, float *x, const float *y, size_t n)
{
    struct rows_job job = {.compute = compute, .x = y, .ret = x, .n = n};

    thread_pool_run(compute_pool(compute, n), add_elements, &job);
}

/* Whole rows of one thread lie side by side, so they are one long row to an element-wise kernel. */
static void silu_rows(void *context, int thread, int n_threads)
{
    const struct rows_job *job = context;
    struct range range = thread_range(job->m * job->n, 64, thread, n_threads);

    job->compute->kernels->silu_product(job->ret + range.begin, job->x + range.begin, range.end - range.begin);
}

void ops_silu_product(const struct compute *compute, float *gate, const float *up, size_t m, size_t n)
{
    struct rows_job job = {.compute = compute, .x = up, .ret = gate, .m = m, .n = n};

    thread_pool_run(compute_pool(compute, EXPONENTIAL * m * n), silu_rows, &job);
}

static void gelu_rows(void *context, int thread, int n_threads)
{
    const struct rows_job *job = context;
    struct range range = thread_range(job->m * job->n, 64, thread, n_threads);

    job->compute->kernels->quick_gelu(job->ret + range.begin, range.end - range.begin);
}

void ops_quick_gelu(const struct compute *compute, float *x, size_t m, size_t n)
{
    struct rows_job job = {.compute = compute, .ret = x, .m = m, .n = n};

    thread_pool_run(compute_pool(compute, EXPONENTIAL * m * n), gelu_rows, &job);
}

struct rotate_job {
    float *x;
    size_t stride, m, n_heads, head_dim, first;
    const float *rotation;
};

static void rotate_rows(void *context, int thread, int n_threads)
{
    const struct rotate_job *job = context;
    struct range rows = thread_range(job->m, 1, thread, n_threads);

    for (size_t i = rows.begin; i < rows.end; i++) {
        const float *rotation = job->rotation + (job->first + i) * job->head_dim;

        for (size_t head = 0; head < job->n_heads; head++) {
            float *x = job->x + i * job->stride + head * job->head_dim;

            for (size_t k = 0; k < job->head_dim; k += 2) {
                float a = x[k], b = x[k + 1];

                x[k] = a * rotation[k] - b * rotation[k + 1];
                x[k + 1] = a * rotation[k + 1] + b * rotation[k];
            }
        }
    }
}

void ops_rotate(const struct compute *compute, float *x, size_t stride, size_t m, size_t n_heads, size_t head_dim,
                const float *rotation, size_t first)
{
    struct rotate_job job = {x, stride, m, n_heads, head_dim, first, rotation};

    thread_pool_run(compute_pool(compute, 2 * m * n_heads * head_dim), rotate_rows, &job);
}

void ops_rotation(size_t n_positions, size_t head_dim, float theta, float *ret)
{
    for (size_t position = 0; position < n_positions; position++)
        for (size_t k = 0; k < head_dim; k += 2) {
            float frequency = 1 / powf(theta, (float)k / (float)head_dim);
            float angle = (float)position * frequency;

            ret[position * head_dim + k] = (float)cos((double)angle);
            ret[position * head_dim + k + 1] = (float)sin((double)angle);
        }
}
