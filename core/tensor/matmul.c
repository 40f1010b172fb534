/* Packed weights: the inputs become rows of bytes, which the kernels on tiles multiply with all tiles of a thread.

   Others: the dot kernels multiply a thread's share of the weight rows with as many inputs at a time as the
   second-level cache holds. Many rows that always come together: the weight rows are widened to f32 a block at a time,
   and OpenBLAS multiplies the block with all inputs; widening costs 1 / (2 * m) of that. */
#include "core/tensor/matmul.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/thread_pool.h"
#include "core/kernels/kernels.h"
#include "core/kernels/tiles.h"

#define FEW_ROWS 8        /* up to here the dot kernels win */
#define CACHED 393216     /* bytes of inputs that stay in the second-level cache */
#define FEW_INPUTS 4      /* up to here it costs less to make rows of bytes alone than to wake others */
#define PARTS 8           /* for each thread, of shrinking sizes */
#define INPUTS_MAX 128    /* rows of bytes that are made at once */
#define SMALL_WORK 100000 /* multiplications: a few microseconds */
#define ROW_GROUP 16 /* granularity of the partition over threads; rows of the scratch are whole blocks of weights */

struct compute *compute_new(struct thread_pool *pool, const struct kernels *kernels)
{
    int n_threads = thread_pool_size(pool);
    struct compute *compute = calloc(1, sizeof(*compute));

    if (!compute)
        return NULL;
    openblas_set_num_threads(1);
    compute->pool = pool;
    compute->kernels = kernels;
    compute->scratch = calloc((size_t)n_threads, sizeof(*compute->scratch));
    for (int i = 0; compute->scratch && i < n_threads; i++) {
        compute->scratch[i] = aligned_alloc(64, COMPUTE_SCRATCH * sizeof(float));
        if (!compute->scratch[i])
            return compute_free(compute);
    }
    return compute->scratch ? compute : compute_free(compute);
}

struct compute *compute_free(struct compute *compute)
{
    if (!compute)
        return NULL;
    for (int i = 0; compute->scratch && i < thread_pool_size(compute->pool); i++)
        free(compute->scratch[i]);
    free(compute->scratch);
    free(compute);
    return NULL;
}

struct thread_pool *compute_pool(const struct compute *compute, size_t n_multiplications)
{
    return n_multiplications < SMALL_WORK ? NULL : compute->pool;
}

static void add_bias(const struct compute *compute, const struct matmul_product *product, size_t m, float *ret,
                     struct range rows)
{
    for (size_t i = 0; product->bias && i < m; i++)
        compute->kernels->add_scaled(ret + i * product->ret_stride + rows.begin, product->bias + rows.begin, 1,
                                     rows.end - rows.begin);
}

/* ---- weights as they are in the file ---- */

struct plain_product {
    const struct compute *compute;
    const float *x;
    size_t x_stride;
    const struct matmul_product *of;
};

static void multiply_rows(void *context, int thread, int n_threads)
{
    const struct plain_product *p = context;
    const struct tensor *w = p->of->weight;
    struct range rows = thread_range(w->shape[1], ROW_GROUP, thread, n_threads);
    size_t m = p->of->m, n = w->shape[0], row_bytes = tensor_row_bytes(w), stride = p->of->ret_stride;
    size_t n_together = MAX(CACHED / (n * sizeof(float)) / 6 * 6, (size_t)6);
    kernel_dots *dots = tensor_type_kernels(p->compute->kernels, w->type)->dots;

    for (size_t first = 0; first < m; first += n_together)
        dots((const char *)w->data + rows.begin * row_bytes, row_bytes, rows.end - rows.begin,
             p->x + first * p->x_stride, p->x_stride, MIN(n_together, m - first), n,
             p->of->ret + first * stride + rows.begin, stride);
    add_bias(p->compute, p->of, m, p->of->ret, rows);
}

/* A row longer than the scratch is multiplied a slice at a time; the slices add up in the same fixed order. */
static void multiply_block(const struct plain_product *p, size_t first, size_t n_rows, size_t from, size_t n_in,
                           float *scratch)
{
    const struct tensor *w = p->of->weight;
    const struct tensor_type_info *info = tensor_type_info(w->type);
    size_t row_bytes = tensor_row_bytes(w), stride = w->shape[0];
    const char *rows = (const char *)w->data + first * row_bytes + from / info->n_block * info->n_block_bytes;
    const float *block = (const float *)(const void *)rows;

    if (w->type != TENSOR_F32) {
        kernel_widen *widen = tensor_type_kernels(p->compute->kernels, w->type)->widen;

        for (size_t j = 0; j < n_rows; j++)
            widen(rows + j * row_bytes, n_in, scratch + j * n_in);
        block = scratch;
        stride = n_in;
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)p->of->m, (int)n_rows, (int)n_in, 1, p->x + from,
                (int)p->x_stride, block, (int)stride, from > 0, p->of->ret + first, (int)p->of->ret_stride);
}

static void multiply_many(void *context, int thread, int n_threads)
{
    const struct plain_product *p = context;
    const struct tensor *w = p->of->weight;
    struct range rows = thread_range(w->shape[1], ROW_GROUP, thread, n_threads);
    size_t n_in = w->shape[0], slice = MIN(n_in, COMPUTE_SCRATCH / ROW_GROUP);
    size_t n_block = w->type == TENSOR_F32 ? rows.end - rows.begin : COMPUTE_SCRATCH / slice;

    for (size_t j = rows.begin; j < rows.end; j += n_block)
        for (size_t k = 0; k < n_in; k += slice)
            multiply_block(p, j, MIN(n_block, rows.end - j), k, MIN(slice, n_in - k), p->compute->scratch[thread]);
    add_bias(p->compute, p->of, p->of->m, p->of->ret, rows);
}

/* ---- packed weights ---- */

/* Products with the same rows of bytes, in blocks of n_block: m rows of x from `first` on, of which a product may want
 * fewer. */
struct packed_products {
    const struct compute *compute;
    const float *x;
    size_t x_stride, first, m, n_in, n_block;
    const struct matmul_product *products;
    size_t n;
    char *inputs;
};

static void make_inputs(void *context, int thread, int n_threads)
{
    const struct packed_products *p = context;
    struct range rows = thread_range(p->m, 1, thread, n_threads);

    for (size_t i = rows.begin; i < rows.end; i++)
        p->compute->kernels->input_row(p->x + (p->first + i) * p->x_stride, p->n_in, p->n_block,
                                       p->inputs + i * input_row_bytes(p->n_in));
}

/* Some rows of one product; they begin a tile. */
static void multiply_tiles(const struct packed_products *p, const struct matmul_product *product, struct range rows)
{
    const struct tensor *w = product->weight;
    size_t m = product->m > p->first ? MIN(p->m, product->m - p->first) : 0, row_bytes = tensor_row_bytes(w);
    kernel_tiles *tiles = tensor_type_kernels(p->compute->kernels, w->type)->tiles;
    float *ret = product->ret + p->first * product->ret_stride;

    for (size_t j = rows.begin; m > 0 && j < rows.end; j += TILE_ROWS)
        tiles((const char *)w->tiles + j * row_bytes, p->inputs, m, p->n_in, MIN((size_t)TILE_ROWS, rows.end - j),
              ret + j, product->ret_stride);
    add_bias(p->compute, product, m, ret, rows);
}

/* Every part is half of a thread's share of what is left, so that reading goes on in long stretches and nobody waits
 * long for the last one; the last part is all that is left. */
static struct range shrinking_range(size_t n, int part, int n_parts)
{
    size_t share = (size_t)MAX(2 * n_parts / PARTS, 1), begin = 0, end = 0;

    for (int i = 0; i <= part; i++) {
        begin = end;
        end += i < n_parts - 1 ? (n - end + share - 1) / share : n - end;
    }
    return (struct range){begin, end};
}

/* The tiles of all products, one after the other, are dealt to the threads. */
static void multiply_packed_part(void *context, int part_number, int n_parts)
{
    const struct packed_products *p = context;
    struct range part;
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        n += tiles_for(p->products[i].weight->shape[1]);
    part = shrinking_range(n, part_number, n_parts);
    n = 0;
    for (size_t i = 0; i < p->n; i++) {
        size_t n_rows = p->products[i].weight->shape[1], n_here = tiles_for(n_rows);
        size_t begin = MAX(part.begin, n), end = MIN(part.end, n + n_here);

        if (begin < end)
            multiply_tiles(p, &p->products[i],
                           (struct range){(begin - n) * TILE_ROWS, MIN((end - n) * TILE_ROWS, n_rows)});
        n += n_here;
    }
}

static void multiply_packed(const struct compute *compute, const float *x, size_t x_stride,
                            const struct matmul_product *products, size_t n)
{
    struct packed_products p = {.compute = compute,
                                .x = x,
                                .x_stride = x_stride,
                                .n_in = products->weight->shape[0],
                                .n_block = tensor_type_info(products->weight->type)->n_block,
                                .products = products,
                                .n = n,
                                .inputs = (char *)compute->scratch[0]};
    size_t n_together = MIN((size_t)INPUTS_MAX, COMPUTE_SCRATCH * sizeof(float) / input_row_bytes(p.n_in));
    size_t m = 0, n_rounds, n_weights = 0;

    for (size_t i = 0; i < n; i++) {
        m = MAX(m, products[i].m);
        n_weights += tensor_n_elements(products[i].weight);
    }
    n_rounds = (m + n_together - 1) / n_together;
    for (size_t round = 0; round < n_rounds; round++) {
        struct thread_pool *pool;

        p.first = m * round / n_rounds;
        p.m = m * (round + 1) / n_rounds - p.first;
        pool = compute_pool(compute, p.m * n_weights);
        thread_pool_run(p.m > FEW_INPUTS ? pool : NULL, make_inputs, &p);
        thread_pool_run_parts(pool, PARTS * thread_pool_size(pool), multiply_packed_part, &p);
    }
}

void matmul(const struct compute *compute, const float *x, size_t x_stride, size_t m, const struct tensor *weight,
            const float *bias, float *ret, size_t ret_stride)
{
    const struct matmul_product product = {weight, bias, m, ret, ret_stride};
    struct plain_product plain = {compute, x, x_stride, &product};

    if (weight->tiles)
        multiply_packed(compute, x, x_stride, &product, 1);
    else if (m)
        thread_pool_run(compute_pool(compute, m * tensor_n_elements(weight)),
                        compute->together && m > FEW_ROWS ? multiply_many : multiply_rows, &plain);
}

void matmul_each(const struct compute *compute, const float *x, size_t x_stride, const struct matmul_product *products,
                 size_t n)
{
    bool takes_same_rows = true; /* of bytes */

    for (size_t i = 0; i < n; i++)
        takes_same_rows &= products[i].weight->tiles && tensor_type_info(products[i].weight->type)->n_block ==
                                                            tensor_type_info(products->weight->type)->n_block;
    if (takes_same_rows) {
        multiply_packed(compute, x, x_stride, products, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        matmul(compute, x, x_stride, products[i].m, products[i].weight, products[i].bias, products[i].ret,
               products[i].ret_stride);
}

void matmul_f32(const float *x, size_t x_stride, size_t m, const float *y, size_t y_stride, size_t n_in, size_t n_out,
                bool transposed, float *ret, size_t ret_stride)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, transposed ? CblasTrans : CblasNoTrans, (int)m, (int)n_out, (int)n_in, 1,
                x, (int)x_stride, y, (int)y_stride, 0, ret, (int)ret_stride);
}
