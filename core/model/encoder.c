/* For every item:
       x = LayerNorm_pre([class; tokens] + positions)
       x += W_o attention(qkv(LayerNorm(x)))         all heads, no mask
       x += W_down quick_gelu(W_up LayerNorm(x))     biases everywhere
       features += LayerNorm_post(x) / n_items       on all tokens, no projection */
#include "core/model/encoder.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/kernels/kernels.h"
#include "core/model/model.h"
#include "core/model/tokenizer.h"
#include "core/tensor/attention.h"
#include "core/tensor/matmul.h"
#include "core/tensor/ops.h"

struct encoder {
    const struct model *model;
    const struct compute *compute;
    float *x, *normed, *mixed; /* [n_rows, width] */
    float *qkv;                /* [n_rows, 3 * width] */
    float *ffn;                /* [n_rows, ffn_width] */
    float *features;           /* [n_rows, width] */
    float *scratch;            /* of the tokenizer */

    const struct input_tensor *input;
    size_t n_rows, item, block;
    bool tokenized; /* x holds the current item */
};

struct encoder *encoder_new(const struct model *model, const struct compute *compute, struct arena *arena)
{
    const struct hparams *h = &model->hparams;
    struct encoder *encoder = arena_new(arena, struct encoder, 1);
    size_t n_rows = 0, width = h->encoder.width;

    for (int m = 0; m < N_MODALITIES; m++)
        n_rows = h->has[m] ? MAX(n_rows, 1 + h->n_tokens[m]) : n_rows;
    if (!encoder)
        return NULL;
    *encoder = (struct encoder){
        .model = model,
        .compute = compute,
        .x = arena_new(arena, float, n_rows *width),
        .normed = arena_new(arena, float, n_rows *width),
        .mixed = arena_new(arena, float, n_rows *width),
        .qkv = arena_new(arena, float, n_rows * 3 * width),
        .ffn = arena_new(arena, float, n_rows * h->encoder.ffn_width),
        .features = arena_new(arena, float, n_rows *width),
        .scratch = arena_new(arena, float, tokenizer_scratch(model)),
    };
    return encoder->x && encoder->normed && encoder->mixed && encoder->qkv && encoder->ffn && encoder->features &&
                   encoder->scratch
               ? encoder
               : NULL;
}

void encoder_begin(struct encoder *encoder, const struct input_tensor *input)
{
    const struct hparams *h = &encoder->model->hparams;

    encoder->input = input;
    encoder->n_rows = 1 + h->n_tokens[input->modality];
    encoder->item = encoder->block = 0;
    encoder->tokenized = false;
    memset(encoder->features, 0, encoder->n_rows * h->encoder.width * sizeof(float));
}

static int tokenize_item(struct encoder *encoder)
{
    const struct weights *weights = &encoder->model->weights;
    const struct modality_weights *own = &weights->modalities[encoder->input->modality];
    const struct tensor *positions = own->positions.data ? &own->positions : &weights->encoder.positions;
    const struct norm *norm = &weights->encoder.pre_norm;
    size_t width = encoder->model->hparams.encoder.width;
    int r = tokenizer_run(encoder->model, encoder->compute, encoder->input, encoder->item, encoder->scratch,
                          encoder->x + width);

    if (r < 0)
        return r;
    memcpy(encoder->x, weights->encoder.class_embedding.data, width * sizeof(float));
    ops_add(encoder->compute, encoder->x, positions->data, encoder->n_rows * width);
    ops_norm(encoder->compute, encoder->x, encoder->n_rows, width, norm->gain.data, norm->bias.data,
             encoder->model->hparams.encoder.norm_eps, encoder->x);
    return 0;
}

static void attend(struct encoder *e, const struct encoder_block *block)
{
    const struct block_sizes *sizes = &e->model->hparams.encoder;
    size_t width = sizes->width;
    struct attention all = {
        .queries = e->qkv,
        .keys = e->qkv + width,
        .values = e->qkv + 2 * width,
        .ret = e->mixed,
        .query_stride = 3 * width,
        .key_stride = 3 * width,
        .key_head_stride = width / sizes->n_heads,
        .ret_stride = width,
        .m = e->n_rows,
        .n = e->n_rows,
        .n_heads = sizes->n_heads,
        .n_kv_heads = sizes->n_heads,
        .head_dim = width / sizes->n_heads,
    };

    ops_norm(e->compute, e->x, e->n_rows, width, block->attention_norm.gain.data, block->attention_norm.bias.data,
             sizes->norm_eps, e->normed);
    matmul(e->compute, e->normed, width, e->n_rows, &block->qkv.weight, block->qkv.bias.data, e->qkv, 3 * width);
    attention(e->compute, &all);
    matmul(e->compute, e->mixed, width, e->n_rows, &block->output.weight, block->output.bias.data, e->normed, width);
    ops_add(e->compute, e->x, e->normed, e->n_rows * width);
}

static void feed_forward(struct encoder *e, const struct encoder_block *block)
{
    const struct block_sizes *sizes = &e->model->hparams.encoder;
    size_t width = sizes->width, ffn_width = sizes->ffn_width;

    ops_norm(e->compute, e->x, e->n_rows, width, block->ffn_norm.gain.data, block->ffn_norm.bias.data, sizes->norm_eps,
             e->normed);
    matmul(e->compute, e->normed, width, e->n_rows, &block->up.weight, block->up.bias.data, e->ffn, ffn_width);
    ops_quick_gelu(e->compute, e->ffn, e->n_rows, ffn_width);
    matmul(e->compute, e->ffn, ffn_width, e->n_rows, &block->down.weight, block->down.bias.data, e->normed, width);
    ops_add(e->compute, e->x, e->normed, e->n_rows * width);
}

static void finish_item(struct encoder *e)
{
    const struct hparams *h = &e->model->hparams;
    const struct norm *norm = &e->model->weights.encoder.post_norm;
    size_t n = e->n_rows * h->encoder.width;

    ops_norm(e->compute, e->x, e->n_rows, h->encoder.width, norm->gain.data, norm->bias.data, h->encoder.norm_eps,
             e->normed);
    e->compute->kernels->add_scaled(e->features, e->normed, 1 / (float)e->input->n_items, n);
    e->tokenized = false;
    e->block = 0;
    e->item++;
}

int encoder_step(struct encoder *e)
{
    const struct encoder_block *block = &e->model->weights.encoder.blocks[e->block];

    if (!e->tokenized) {
        int r = tokenize_item(e);

        e->tokenized = r == 0;
        return r < 0 ? r : ENCODER_MORE;
    }
    attend(e, block);
    feed_forward(e, block);
    if (++e->block == e->model->hparams.encoder.n_blocks)
        finish_item(e);
    return e->item < (size_t)e->input->n_items ? ENCODER_MORE : 0;
}

const float *encoder_features(const struct encoder *encoder)
{
    return encoder->features;
}
