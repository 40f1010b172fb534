/* A head takes its queries in tiles of rows whose scores fit the thread's scratch:
       scores = Q_tile K^T      OpenBLAS, or dot kernels for a few queries (decoding)
       softmax of every row, over the keys that it may see
       ret_tile = scores V
   A causal tile only multiplies with the keys that its last query sees; scores beyond a query's own end become 0. */
#include "core/tensor/attention.h"

#include <math.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/thread_pool.h"
#include "core/kernels/kernels.h"

#define QUERIES_TOGETHER 128
#define FEW_QUERIES 4

struct job {
    const struct compute *compute;
    const struct attention *a;
};

/* One query after the other: keys and values are read once each, as they lie. */
static void attend_few(const struct job *job, size_t head, float *scores)
{
    const struct attention *a = job->a;
    const struct kernels *kernels = job->compute->kernels;
    size_t group = head * a->n_kv_heads / a->n_heads;
    const float *keys = a->keys + group * a->key_head_stride, *values = a->values + group * a->key_head_stride;
    float scale = 1 / sqrtf((float)a->head_dim);

    for (size_t i = 0; i < a->m; i++) {
        size_t n = a->causal ? a->n - a->m + i + 1 : a->n;
        const float *query = a->queries + i * a->query_stride + head * a->head_dim;
        float *ret = a->ret + i * a->ret_stride + head * a->head_dim;

        kernels->f32.dots(query, keys, a->key_stride, n, a->head_dim, scores, 1);
        kernels->softmax(scores, scale, n);
        memset(ret, 0, a->head_dim * sizeof(*ret));
        for (size_t j = 0; j < n; j++)
            kernels->add_scaled(ret, values + j * a->key_stride, scores[j], a->head_dim);
    }
}

static void attend_tile(const struct job *job, size_t head, size_t first, size_t m, float *scores)
{
    const struct attention *a = job->a;
    size_t group = head * a->n_kv_heads / a->n_heads;
    size_t n = a->causal ? a->n - a->m + first + m : a->n;
    float scale = 1 / sqrtf((float)a->head_dim);

    matmul_f32(a->queries + first * a->query_stride + head * a->head_dim, a->query_stride, m,
               a->keys + group * a->key_head_stride, a->key_stride, a->head_dim, n, true, scores, n);
    for (size_t i = 0; i < m; i++) {
        size_t seen = a->causal ? n - m + i + 1 : n;

        job->compute->kernels->softmax(scores + i * n, scale, seen);
        memset(scores + i * n + seen, 0, (n - seen) * sizeof(*scores));
    }
    matmul_f32(scores, n, m, a->values + group * a->key_head_stride, a->key_stride, n, a->head_dim, false,
               a->ret + first * a->ret_stride + head * a->head_dim, a->ret_stride);
}

static void attend_heads(void *context, int thread, int n_threads)
{
    const struct job *job = context;
    const struct attention *a = job->a;
    struct range heads = thread_range(a->n_heads, 1, thread, n_threads);
    size_t tile = MIN(COMPUTE_SCRATCH / a->n, (size_t)QUERIES_TOGETHER);

    for (size_t head = heads.begin; head < heads.end; head++) {
        if (a->m <= FEW_QUERIES) {
            attend_few(job, head, job->compute->scratch[thread]);
            continue;
        }
        for (size_t first = 0; first < a->m; first += tile)
            attend_tile(job, head, first, MIN(tile, a->m - first), job->compute->scratch[thread]);
    }
}

void attention(const struct compute *compute, const struct attention *a)
{
    struct job job = {compute, a};

    thread_pool_run(compute_pool(compute, 2 * a->m * a->n * a->n_heads * a->head_dim), attend_heads, &job);
}
