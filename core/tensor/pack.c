#include "core/tensor/pack.h"

#include "core/base/cleanup.h"
#include "core/base/thread_pool.h"
#include "core/kernels/tiles.h"
#include "core/tensor/matmul.h"
#include "core/tensor/tensor.h"

struct packing {
    const struct tensor *matrix;
    char *ret;
};

size_t pack_bytes(const struct tensor *matrix)
{
    return tensor_type_pack(matrix->type) ? tiles_for(tensor_n_rows(matrix)) * TILE_ROWS * tensor_row_bytes(matrix) : 0;
}

static void pack_rows(void *context, int thread, int n_threads)
{
    const struct packing *packing = context;
    const struct tensor *matrix = packing->matrix;
    struct range rows = thread_range(tensor_n_rows(matrix), TILE_ROWS, thread, n_threads);
    size_t row_bytes = tensor_row_bytes(matrix);

    for (size_t j = rows.begin; j < rows.end; j += TILE_ROWS)
        tensor_type_pack(matrix->type)((const char *)matrix->data + j * row_bytes, row_bytes,
                                       MIN((size_t)TILE_ROWS, rows.end - j), matrix->shape[0],
                                       packing->ret + j * row_bytes);
}

void pack_matrix(const struct compute *compute, const struct tensor *matrix, void *ret)
{
    thread_pool_run(compute->pool, pack_rows, &(struct packing){matrix, ret});
}
