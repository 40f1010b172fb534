/* Every block: project, rotate queries and keys by their positions, append keys and values to the cache, attend to all
   that is in the cache up to the own position, finish. Behind the last block: RMSNorm and the output matrix, for the
   last position only. */
#include "core/model/decoder.h"

#include "core/base/arena.h"
#include "core/model/kv_cache.h"
#include "core/model/model.h"
#include "core/model/transformer_block.h"
#include "core/tensor/attention.h"
#include "core/tensor/ops.h"

struct decoder {
    const struct model *model;
    const struct compute *compute;
    float *x;        /* [DECODER_ROWS_MAX, dim] */
    float *logits;   /* [n_vocab] */
    float *rotation; /* [n_positions, head_dim] */
    struct block_memory memory;

    struct kv_cache *cache;
    size_t m, block;
};

struct decoder *decoder_new(const struct model *model, const struct compute *compute, size_t n_positions,
                            struct arena *arena)
{
    const struct hparams *h = &model->hparams;
    size_t head_dim = h->decoder.width / h->decoder.n_heads;
    struct decoder *decoder = arena_new(arena, struct decoder, 1);

    if (!decoder)
        return NULL;
    *decoder = (struct decoder){
        .model = model,
        .compute = compute,
        .x = arena_new(arena, float, DECODER_ROWS_MAX * h->decoder.width),
        .logits = arena_new(arena, float, h->n_vocab),
        .rotation = arena_new(arena, float, n_positions *head_dim),
    };
    if (!decoder->x || !decoder->logits || !decoder->rotation ||
        block_memory_init(&decoder->memory, &h->decoder, DECODER_ROWS_MAX, arena) < 0)
        return NULL;
    ops_rotation(n_positions, head_dim, h->rope_theta, decoder->rotation);
    return decoder;
}

float *decoder_input(struct decoder *decoder)
{
    return decoder->x;
}

void decoder_embed(const struct decoder *decoder, int32_t id, float *ret)
{
    const struct tensor *table = &decoder->model->weights.decoder.token_embedding;

    tensor_to_f32(table->type, (const char *)table->data + (size_t)id * tensor_row_bytes(table), table->shape[0], ret);
}

void decoder_begin(struct decoder *decoder, struct kv_cache *cache, size_t m)
{
    decoder->cache = cache;
    decoder->m = m;
    decoder->block = 0;
}

static void attend(struct decoder *d)
{
    const struct block_sizes *sizes = &d->model->hparams.decoder;
    size_t head_dim = sizes->width / sizes->n_heads, kv_width = block_kv_width(sizes);
    size_t first = kv_cache_length(d->cache);
    struct attention causal;

    ops_rotate(d->compute, d->memory.queries, sizes->width, d->m, sizes->n_heads, head_dim, d->rotation, first);
    ops_rotate(d->compute, d->memory.keys, kv_width, d->m, sizes->n_kv_heads, head_dim, d->rotation, first);
    kv_cache_write(d->cache, d->block, d->memory.keys, d->memory.values, d->m);
    causal = (struct attention){
        .queries = d->memory.queries,
        .keys = kv_cache_keys(d->cache, d->block),
        .values = kv_cache_values(d->cache, d->block),
        .ret = d->memory.mixed,
        .query_stride = sizes->width,
        .key_stride = head_dim,
        .key_head_stride = kv_cache_head_stride(d->cache),
        .ret_stride = sizes->width,
        .m = d->m,
        .n = first + d->m,
        .n_heads = sizes->n_heads,
        .n_kv_heads = sizes->n_kv_heads,
        .head_dim = head_dim,
        .causal = true,
    };
    attention(d->compute, &causal);
}

bool decoder_step(struct decoder *d)
{
    const struct block_sizes *sizes = &d->model->hparams.decoder;
    const struct llama_block *block = &d->model->weights.decoder.blocks[d->block];

    block_project(d->compute, sizes, block, d->x, d->m, d->m, &d->memory);
    attend(d);
    block_finish(d->compute, sizes, block, d->x, d->m, &d->memory);
    if (++d->block < sizes->n_blocks)
        return true;
    kv_cache_advance(d->cache, d->m);
    return false;
}

float *decoder_logits(struct decoder *d)
{
    const struct decoder_weights *weights = &d->model->weights.decoder;
    size_t dim = d->model->hparams.decoder.width;
    const float *last = d->x + (d->m - 1) * dim;

    ops_norm(d->compute, last, 1, dim, weights->norm.gain.data, NULL, d->model->hparams.decoder.norm_eps,
             d->memory.normed);
    matmul(d->compute, d->memory.normed, dim, 1, &weights->output.weight, NULL, d->logits, d->model->hparams.n_vocab);
    return d->logits;
}
