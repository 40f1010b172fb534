#include "core/model/transformer_block.h"

#include <errno.h>

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/tensor/matmul.h"
#include "core/tensor/ops.h"

size_t block_kv_width(const struct block_sizes *sizes)
{
    return sizes->width / sizes->n_heads * sizes->n_kv_heads;
}

int block_memory_init(struct block_memory *memory, const struct block_sizes *sizes, size_t n_rows, struct arena *arena)
{
    *memory = (struct block_memory){
        .normed = arena_new(arena, float, n_rows * sizes->width),
        .queries = arena_new(arena, float, n_rows * sizes->width),
        .keys = arena_new(arena, float, n_rows *block_kv_width(sizes)),
        .values = arena_new(arena, float, n_rows *block_kv_width(sizes)),
        .mixed = arena_new(arena, float, n_rows * sizes->width),
        .gate = arena_new(arena, float, n_rows * sizes->ffn_width),
        .up = arena_new(arena, float, n_rows * sizes->ffn_width),
    };
    return memory->normed && memory->queries && memory->keys && memory->values && memory->mixed && memory->gate &&
                   memory->up
               ? 0
               : -ENOMEM;
}

void block_project(const struct compute *compute, const struct block_sizes *sizes, const struct llama_block *block,
                   const float *x, size_t m, size_t m_queries, const struct block_memory *memory)
{
    size_t width = sizes->width, kv_width = block_kv_width(sizes);
    const struct matmul_product products[] = {
        {&block->query.weight, NULL, m_queries, memory->queries, width},
        {&block->key.weight, NULL, m, memory->keys, kv_width},
        {&block->value.weight, NULL, m, memory->values, kv_width},
    };

    ops_norm(compute, x, m, width, block->attention_norm.gain.data, NULL, sizes->norm_eps, memory->normed);
    matmul_each(compute, memory->normed, width, products, ARRAY_SIZE(products));
}

void block_finish(const struct compute *compute, const struct block_sizes *sizes, const struct llama_block *block,
                  float *x, size_t m, const struct block_memory *memory)
{
    size_t width = sizes->width, ffn_width = sizes->ffn_width;
    const struct matmul_product products[] = {
        {&block->gate.weight, NULL, m, memory->gate, ffn_width},
        {&block->up.weight, NULL, m, memory->up, ffn_width},
    };

    matmul(compute, memory->mixed, width, m, &block->output.weight, NULL, memory->normed, width);
    ops_add(compute, x, memory->normed, m * width);

    ops_norm(compute, x, m, width, block->ffn_norm.gain.data, NULL, sizes->norm_eps, memory->normed);
    matmul_each(compute, memory->normed, width, products, ARRAY_SIZE(products));
    ops_silu_product(compute, memory->gate, memory->up, m, ffn_width);
    matmul(compute, memory->gate, ffn_width, m, &block->down.weight, NULL, memory->normed, width);
    ops_add(compute, x, memory->normed, m * width);
}
