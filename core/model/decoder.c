/* Every block: project, rotate queries and keys by their positions, append keys and values to the pages, attend to all
   that the own sequence has up to the own position, finish. Behind the last block: RMSNorm and the output matrix, for
   the last positions of the parts that want logits. */
#include "core/model/decoder.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/model/kv_cache.h"
#include "core/model/model.h"
#include "core/model/transformer_block.h"
#include "core/tensor/attention.h"
#include "core/tensor/ops.h"

struct decoder {
    const struct model *model;
    const struct compute *compute;
    struct kv_pool *pool;
    float *x;        /* [DECODER_ROWS_MAX, dim] */
    float *last;     /* [n_logits_max, dim]: rows that logits come from */
    float *logits;   /* [n_logits_max, n_vocab] */
    float *rotation; /* [n_positions, head_dim] */
    struct block_memory memory;
    struct attention_part *attention_parts; /* [n_parts_max] */
    size_t *logits_of;                      /* [n_parts_max]: first row of `logits` */

    const struct decoder_part *parts;
    size_t n_parts, m, block;
};

struct decoder *decoder_new(const struct model *model, const struct compute *compute, struct kv_pool *pool,
                            size_t n_positions, size_t n_parts_max, size_t n_logits_max, struct arena *arena)
{
    const struct hparams *h = &model->hparams;
    size_t head_dim = h->decoder.width / h->decoder.n_heads;
    struct decoder *decoder = arena_new(arena, struct decoder, 1);

    if (!decoder)
        return NULL;
    *decoder = (struct decoder){
        .model = model,
        .compute = compute,
        .pool = pool,
        .x = arena_new(arena, float, DECODER_ROWS_MAX * h->decoder.width),
        .last = arena_new(arena, float, n_logits_max * h->decoder.width),
        .logits = arena_new(arena, float, n_logits_max * h->n_vocab),
        .rotation = arena_new(arena, float, n_positions *head_dim),
        .attention_parts = arena_new(arena, struct attention_part, n_parts_max),
        .logits_of = arena_new(arena, size_t, n_parts_max),
    };
    if (!decoder->x || !decoder->last || !decoder->logits || !decoder->rotation || !decoder->attention_parts ||
        !decoder->logits_of || block_memory_init(&decoder->memory, &h->decoder, DECODER_ROWS_MAX, arena) < 0)
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

void decoder_begin(struct decoder *decoder, const struct decoder_part *parts, size_t n_parts)
{
    decoder->parts = parts;
    decoder->n_parts = n_parts;
    decoder->m = 0;
    decoder->block = 0;
    for (size_t p = 0; p < n_parts; p++) {
        decoder->attention_parts[p] = (struct attention_part){
            .pages = parts[p].pages->numbers, .m = parts[p].m, .n = parts[p].pages->length + parts[p].m};
        decoder->m += parts[p].m;
    }
}

/* Queries and keys of every part by its positions; then its keys and values go to its pages. */
static void enter_positions(struct decoder *d)
{
    const struct block_sizes *sizes = &d->model->hparams.decoder;
    size_t head_dim = sizes->width / sizes->n_heads, kv_width = block_kv_width(sizes), row = 0;

    for (size_t p = 0; p < d->n_parts; p++) {
        const struct decoder_part *part = &d->parts[p];
        float *keys = d->memory.keys + row * kv_width;

        ops_rotate(d->compute, d->memory.queries + row * sizes->width, sizes->width, part->m, sizes->n_heads, head_dim,
                   d->rotation, part->pages->length);
        ops_rotate(d->compute, keys, kv_width, part->m, sizes->n_kv_heads, head_dim, d->rotation, part->pages->length);
        kv_pages_write(d->pool, part->pages, d->compute->kernels, d->block, keys, d->memory.values + row * kv_width,
                       part->m);
        row += part->m;
    }
}

static void attend(struct decoder *d)
{
    const struct block_sizes *sizes = &d->model->hparams.decoder;
    struct paged_attention attention = {
        .queries = d->memory.queries,
        .ret = d->memory.mixed,
        .query_stride = sizes->width,
        .ret_stride = sizes->width,
        .pages = kv_pool_block(d->pool, d->block),
        .parts = d->attention_parts,
        .n_parts = d->n_parts,
        .n_heads = sizes->n_heads,
        .n_kv_heads = sizes->n_kv_heads,
        .head_dim = sizes->width / sizes->n_heads,
    };

    attention_paged(d->compute, &attention);
}

static void compute_logits(struct decoder *d)
{
    const struct decoder_weights *weights = &d->model->weights.decoder;
    size_t dim = d->model->hparams.decoder.width, row = 0, n = 0;

    for (size_t p = 0; p < d->n_parts; p++) {
        size_t n_wanted = d->parts[p].n_logits;

        row += d->parts[p].m;
        memcpy(d->last + n * dim, d->x + (row - n_wanted) * dim, n_wanted * dim * sizeof(*d->x));
        d->logits_of[p] = n;
        n += n_wanted;
    }
    if (n == 0)
        return;
    ops_norm(d->compute, d->last, n, dim, weights->norm.gain.data, NULL, d->model->hparams.decoder.norm_eps, d->last);
    matmul(d->compute, d->last, dim, n, &weights->output.weight, NULL, d->logits, d->model->hparams.n_vocab);
}

bool decoder_step(struct decoder *d)
{
    const struct block_sizes *sizes = &d->model->hparams.decoder;
    const struct llama_block *block = &d->model->weights.decoder.blocks[d->block];

    block_project(d->compute, sizes, block, d->x, d->m, d->m, &d->memory);
    enter_positions(d);
    attend(d);
    block_finish(d->compute, sizes, block, d->x, d->m, &d->memory);
    if (++d->block < sizes->n_blocks)
        return true;
    compute_logits(d);
    for (size_t p = 0; p < d->n_parts; p++)
        d->parts[p].pages->length += d->parts[p].m;
    return false;
}

float *decoder_logits(struct decoder *d, size_t part)
{
    return d->logits + d->logits_of[part] * d->model->hparams.n_vocab;
}
