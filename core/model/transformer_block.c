#include "core/model/transformer_block.h"

#include <errno.h>

#include "core/base/arena.h"
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

    ops_norm(compute, x, m, width, block->attention_norm.gain.data, NULL, sizes->norm_eps, memory->normed);
    matmul(compute, memory->normed, width, m_queries, &block->query.weight, NULL, memory->queries, width);
    matmul(compute, memory->normed, width, m, &block->key.weight, NULL, memory->keys, kv_width);
    matmul(compute, memory->normed, width, m, &block->value.weight, NULL, memory->values, kv_width);
}

void block_finish(const struct compute *compute, const struct block_sizes *sizes, const struct llama_block *block,
                  float *x, size_t m, const struct block_memory *memory)
{
    size_t width = sizes->width, ffn_width = sizes->ffn_width;

    matmul(compute, memory->mixed, width, m, &block->output.weight, NULL, memory->normed, width);
    ops_add(compute, x, memory->normed, m * width);

    ops_norm(compute, x, m, width, block->ffn_norm.gain.data, NULL, sizes->norm_eps, memory->normed);
    matmul(compute, memory->normed, width, m, &block->gate.weight, NULL, memory->gate, ffn_width);
    matmul(compute, memory->normed, width, m, &block->up.weight, NULL, memory->up, ffn_width);
    ops_silu_product(compute, memory->gate, memory->up, m, ffn_width);
    matmul(compute, memory->gate, ffn_width, m, &block->down.weight, NULL, memory->normed, width);
    ops_add(compute, x, memory->normed, m * width);
}
