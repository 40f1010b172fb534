/* A head takes its queries in tiles of rows whose scores fit the thread's scratch:
       scores = Q_tile K^T      dot kernels; OpenBLAS for many queries that always come together
       softmax of every row, over the keys that it may see
       ret_tile = scores V      likewise, key by key
   A causal tile only multiplies with the keys that its last query sees; scores beyond a query's own end become 0, which
   adds nothing. */
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

/* Rows of n scores become shares. The last row sees all keys; where it is causal, each row before it one less, and what
 * a row does not see becomes 0. */
static void share_rows(const struct kernels *kernels, float *scores, size_t m, size_t n, size_t head_dim, bool causal)
{
    for (size_t i = 0; i < m; i++) {
        size_t seen = causal ? n - m + i + 1 : n;

        kernels->softmax(scores + i * n, 1 / sqrtf((float)head_dim), seen);
        memset(scores + i * n + seen, 0, (n - seen) * sizeof(*scores));
    }
}

static void clear_rows(float *ret, size_t stride, size_t m, size_t n)
{
    for (size_t i = 0; i < m; i++)
        memset(ret + i * stride, 0, n * sizeof(*ret));
}

static void attend_tile(const struct job *job, size_t head, size_t first, size_t m, float *scores)
{
    const struct attention *a = job->a;
    const struct kernels *kernels = job->compute->kernels;
    size_t group = head * a->n_kv_heads / a->n_heads, n = a->causal ? a->n - a->m + first + m : a->n;
    const float *queries = a->queries + first * a->query_stride + head * a->head_dim;
    const float *keys = a->keys + group * a->key_head_stride, *values = a->values + group * a->key_head_stride;
    float *ret = a->ret + first * a->ret_stride + head * a->head_dim;
    bool blas = job->compute->together && a->m > FEW_QUERIES;

    if (blas)
        matmul_f32(queries, a->query_stride, m, keys, a->key_stride, a->head_dim, n, true, scores, n);
    else
        kernels->f32.dots(keys, a->key_stride * sizeof(float), n, queries, a->query_stride, m, a->head_dim, scores, n);
    share_rows(kernels, scores, m, n, a->head_dim, a->causal);
    if (blas) {
        matmul_f32(scores, n, m, values, a->key_stride, n, a->head_dim, false, ret, a->ret_stride);
        return;
    }
    clear_rows(ret, a->ret_stride, m, a->head_dim);
    kernels->f32.mix(scores, n, m, values, a->key_stride * sizeof(float), n, a->head_dim, ret, a->ret_stride);
}

static void attend_heads(void *context, int thread, int n_threads)
{
    const struct job *job = context;
    const struct attention *a = job->a;
    struct range heads = thread_range(a->n_heads, 1, thread, n_threads);
    size_t tile = MIN(COMPUTE_SCRATCH / a->n, (size_t)QUERIES_TOGETHER);

    for (size_t head = heads.begin; head < heads.end; head++)
        for (size_t first = 0; first < a->m; first += tile)
            attend_tile(job, head, first, MIN(tile, a->m - first), job->compute->scratch[thread]);
}

void attention(const struct compute *compute, const struct attention *a)
{
    struct job job = {compute, a};

    thread_pool_run(compute_pool(compute, 2 * a->m * a->n * a->n_heads * a->head_dim), attend_heads, &job);
}

/* ---- pages ---- */

struct paged_job {
    const struct compute *compute;
    const struct paged_attention *a;
};

/* Where the keys of a head, or of the one whose keys it shares, begin in a page. */
static size_t head_offset(const struct paged_attention *a, size_t head)
{
    return head * a->n_kv_heads / a->n_heads * a->pages.n_positions * a->pages.row_bytes;
}

/* The page of a part that has key j. */
static const char *page_of(const struct paged_attention *a, const struct attention_part *part, size_t j)
{
    return a->pages.memory + part->pages[j / a->pages.n_positions] * a->pages.page_bytes;
}

/* Heads of m queries of a part from `first` on; `row`: the part's first row. Pages are read one after the other, each
 * for all of these heads, which lie side by side in it: memory is fast along long stretches. */
static void attend_pages(const struct paged_job *job, struct range heads, const struct attention_part *part, size_t row,
                         size_t first, size_t m, float *scores)
{
    const struct paged_attention *a = job->a;
    const struct weight_kernels *kernels = tensor_type_kernels(job->compute->kernels, a->pages.type);
    size_t n = part->n - part->m + first + m, row_bytes = a->pages.row_bytes, n_here;
    const float *queries = a->queries + (row + first) * a->query_stride;
    float *ret = a->ret + (row + first) * a->ret_stride;

    for (size_t j = 0; j < n; j += n_here) {
        const char *keys = page_of(a, part, j);

        n_here = MIN(a->pages.n_positions, n - j);
        for (size_t head = heads.begin; head < heads.end; head++)
            kernels->dots(keys + head_offset(a, head), row_bytes, n_here, queries + head * a->head_dim, a->query_stride,
                          m, a->head_dim, scores + (head - heads.begin) * m * n + j, n);
    }
    for (size_t head = heads.begin; head < heads.end; head++) {
        share_rows(job->compute->kernels, scores + (head - heads.begin) * m * n, m, n, a->head_dim, true);
        clear_rows(ret + head * a->head_dim, a->ret_stride, m, a->head_dim);
    }
    for (size_t j = 0; j < n; j += n_here) {
        const char *values = page_of(a, part, j) + a->pages.values_offset;

        n_here = MIN(a->pages.n_positions, n - j);
        for (size_t head = heads.begin; head < heads.end; head++)
            kernels->mix(scores + (head - heads.begin) * m * n + j, n, m, values + head_offset(a, head), row_bytes,
                         n_here, a->head_dim, ret + head * a->head_dim, a->ret_stride);
    }
}

/* Heads of a part, as many at a time as their scores have room; of many queries, which read little for what they
 * compute, one at a time. */
static void attend_part(const struct paged_job *job, struct range heads, const struct attention_part *part, size_t row,
                        float *scores)
{
    size_t tile = MIN(COMPUTE_SCRATCH / part->n, (size_t)QUERIES_TOGETHER);
    size_t together = part->m <= FEW_QUERIES ? MAX(COMPUTE_SCRATCH / (part->n * part->m), (size_t)1) : 1;

    for (size_t head = heads.begin; head < heads.end; head += together)
        for (size_t first = 0; first < part->m; first += tile)
            attend_pages(job, (struct range){head, MIN(head + together, heads.end)}, part, row, first,
                         MIN(tile, part->m - first), scores);
}

/* Pairs of part and head are dealt to the threads. */
static void attend_parts(void *context, int thread, int n_threads)
{
    const struct paged_job *job = context;
    const struct paged_attention *a = job->a;
    struct range pairs = thread_range(a->n_parts * a->n_heads, 1, thread, n_threads);
    size_t row = 0;

    for (size_t p = 0; p < a->n_parts; p++) {
        size_t first = p * a->n_heads, begin = MAX(pairs.begin, first), end = MIN(pairs.end, first + a->n_heads);

        if (begin < end)
            attend_part(job, (struct range){begin - first, end - first}, &a->parts[p], row,
                        job->compute->scratch[thread]);
        row += a->parts[p].m;
    }
}

void attention_paged(const struct compute *compute, const struct paged_attention *a)
{
    struct paged_job job = {compute, a};
    size_t n_products = 0;

    for (size_t p = 0; p < a->n_parts; p++)
        n_products += 2 * a->parts[p].m * a->parts[p].n * a->n_heads * a->head_dim;
    thread_pool_run(compute_pool(compute, n_products), attend_parts, &job);
}
