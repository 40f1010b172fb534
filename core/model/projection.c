/*     f = LayerNorm(W_in features)
       x = [modality tokens; f]
       w = router(modality tokens)                         constants of the modality, computed once
       y = sum over k of w[:, k] * Expert_k(x)[:n]         n = modality tokens; experts: full attention, no rotation
       z = LayerNorm(W_out y)
   An expert whose weights are all zero (sparse routing) is skipped. The last block of an expert only computes the n
   rows that count; their keys and values still come from all rows. */
#include "core/model/projection.h"

#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/kernels/kernels.h"
#include "core/model/model.h"
#include "core/model/transformer_block.h"
#include "core/tensor/attention.h"
#include "core/tensor/ops.h"

struct projection {
    const struct model *model;
    const struct compute *compute;
    float *routing[N_MODALITIES];
    float *start;         /* [n_rows, width]: x before the first block, the same for every expert */
    float *x;             /* [n_rows, width] */
    float *experts;       /* [n_modality_tokens, width] */
    float *embeddings;    /* [n_modality_tokens, dim] */
    float *router_hidden; /* [router_width] */
    struct block_memory memory;

    enum modality modality;
    const float *features;
    size_t n_rows, expert, block;
    bool begun; /* start is filled */
};

/* ---- router ---- */

static void weigh_row(enum router_kind kind, float *row, size_t n)
{
    size_t best = 0;
    float largest, sum = 0;

    for (size_t k = 0; k < n; k++)
        best = row[k] > row[best] ? k : best;
    largest = row[best];
    for (size_t k = 0; k < n; k++) {
        if (kind == ROUTER_SOFT_SIGMOID)
            row[k] = 1 / (1 + expf(-row[k]));
        else if (kind == ROUTER_SOFT_SOFTMAX)
            row[k] = expf(row[k] - largest);
        else
            row[k] = kind == ROUTER_CONSTANT || k == best;
        sum += row[k];
    }
    for (size_t k = 0; k < n; k++)
        row[k] /= sum;
}

static void route(struct projection *p, enum modality modality)
{
    const struct hparams *h = &p->model->hparams;
    const struct modality_weights *own = &p->model->weights.modalities[modality];
    size_t n = h->n_modality_tokens, hidden = h->router_width;
    float *ret = p->routing[modality], *activations = p->router_hidden;

    if (h->router != ROUTER_CONSTANT)
        for (size_t i = 0; i < n; i++) {
            const float *token = (const float *)own->tokens.data + i * h->encoder.width;

            matmul(p->compute, token, h->encoder.width, 1, &own->router_hidden.weight, own->router_hidden.bias.data,
                   activations, hidden);
            for (size_t k = 0; k < hidden; k++) /* GELU, the exact form */
                activations[k] = 0.5f * activations[k] * (1 + erff(activations[k] * (float)M_SQRT1_2));
            matmul(p->compute, activations, hidden, 1, &own->router_output.weight, own->router_output.bias.data,
                   ret + i * h->n_experts, h->n_experts);
        }
    for (size_t i = 0; i < n; i++)
        weigh_row(h->router, ret + i * h->n_experts, h->n_experts);
}

struct projection *projection_new(const struct model *model, const struct compute *compute, struct arena *arena)
{
    const struct hparams *h = &model->hparams;
    struct projection *p = arena_new(arena, struct projection, 1);
    size_t n_rows = 0, n = h->n_modality_tokens, width = h->encoder.width;

    for (int m = 0; m < N_MODALITIES; m++)
        n_rows = h->has[m] ? MAX(n_rows, n + 1 + h->n_tokens[m]) : n_rows;
    if (!p)
        return NULL;
    *p = (struct projection){
        .model = model,
        .compute = compute,
        .start = arena_new(arena, float, n_rows *width),
        .x = arena_new(arena, float, n_rows *width),
        .experts = arena_new(arena, float, n *width),
        .embeddings = arena_new(arena, float, n * h->decoder.width),
        .router_hidden = arena_new(arena, float, h->router_width),
    };
    if (!p->start || !p->x || !p->experts || !p->embeddings || !p->router_hidden ||
        block_memory_init(&p->memory, &h->expert, n_rows, arena) < 0)
        return NULL;
    for (int m = 0; m < N_MODALITIES; m++) {
        if (!h->has[m])
            continue;
        p->routing[m] = arena_new(arena, float, n * h->n_experts);
        if (!p->routing[m])
            return NULL;
        route(p, (enum modality)m);
    }
    return p;
}

/* ---- experts ---- */

void projection_begin(struct projection *p, enum modality modality, const float *features)
{
    const struct hparams *h = &p->model->hparams;

    p->modality = modality;
    p->features = features;
    p->n_rows = h->n_modality_tokens + 1 + h->n_tokens[modality];
    p->expert = p->block = 0;
    p->begun = false;
    memset(p->experts, 0, h->n_modality_tokens * h->encoder.width * sizeof(float));
}

static void fill_start(struct projection *p)
{
    const struct hparams *h = &p->model->hparams;
    const struct modality_weights *own = &p->model->weights.modalities[p->modality];
    size_t width = h->encoder.width, n = h->n_modality_tokens, m = p->n_rows - n;

    memcpy(p->start, own->tokens.data, n * width * sizeof(float));
    matmul(p->compute, p->features, width, m, &own->in.weight, own->in.bias.data, p->start + n * width, width);
    ops_norm(p->compute, p->start + n * width, m, width, own->in_norm.gain.data, own->in_norm.bias.data,
             h->encoder.norm_eps, p->start + n * width);
    p->begun = true;
}

static bool expert_counts(const struct projection *p, size_t expert)
{
    const struct hparams *h = &p->model->hparams;

    for (size_t i = 0; i < h->n_modality_tokens; i++)
        if (p->routing[p->modality][i * h->n_experts + expert] != 0)
            return true;
    return false;
}

static void run_block(struct projection *p, const struct llama_block *block, size_t m_queries)
{
    const struct block_sizes *sizes = &p->model->hparams.expert;
    size_t width = sizes->width, head_dim = width / sizes->n_heads;
    struct attention all = {
        .queries = p->memory.queries,
        .keys = p->memory.keys,
        .values = p->memory.values,
        .ret = p->memory.mixed,
        .query_stride = width,
        .key_stride = width,
        .key_head_stride = head_dim,
        .ret_stride = width,
        .m = m_queries,
        .n = p->n_rows,
        .n_heads = sizes->n_heads,
        .n_kv_heads = sizes->n_heads,
        .head_dim = head_dim,
    };

    block_project(p->compute, sizes, block, p->x, p->n_rows, m_queries, &p->memory);
    attention(p->compute, &all);
    block_finish(p->compute, sizes, block, p->x, m_queries, &p->memory);
}

static void add_expert(struct projection *p)
{
    const struct hparams *h = &p->model->hparams;
    size_t width = h->encoder.width;

    for (size_t i = 0; i < h->n_modality_tokens; i++)
        p->compute->kernels->add_scaled(p->experts + i * width, p->x + i * width,
                                        p->routing[p->modality][i * h->n_experts + p->expert], width);
}

static void fill_embeddings(struct projection *p)
{
    const struct hparams *h = &p->model->hparams;
    const struct modality_weights *own = &p->model->weights.modalities[p->modality];
    size_t n = h->n_modality_tokens, dim = h->decoder.width;

    matmul(p->compute, p->experts, h->encoder.width, n, &own->out.weight, own->out.bias.data, p->embeddings, dim);
    ops_norm(p->compute, p->embeddings, n, dim, own->out_norm.gain.data, own->out_norm.bias.data, h->encoder.norm_eps,
             p->embeddings);
}

bool projection_step(struct projection *p)
{
    const struct hparams *h = &p->model->hparams;
    bool last = p->block + 1 == h->expert.n_blocks;

    if (!p->begun)
        fill_start(p);
    if (p->block == 0) {
        while (p->expert < h->n_experts && !expert_counts(p, p->expert))
            p->expert++;
        if (p->expert < h->n_experts)
            memcpy(p->x, p->start, p->n_rows * h->encoder.width * sizeof(float));
    }
    if (p->expert < h->n_experts) {
        run_block(p, &p->model->weights.experts[p->expert][p->block], last ? h->n_modality_tokens : p->n_rows);
        p->block++;
        if (!last)
            return true;
        add_expert(p);
        p->block = 0;
        p->expert++;
    }
    if (p->expert < h->n_experts)
        return true;
    fill_embeddings(p);
    return false;
}

const float *projection_experts(const struct projection *projection)
{
    return projection->experts;
}

const float *projection_embeddings(const struct projection *projection)
{
    return projection->embeddings;
}

const float *projection_routing(const struct projection *projection, enum modality modality)
{
    return projection->routing[modality];
}
