/* Rows of name patterns and dimensions, one array per part of the network. Binding, synthesis and the converter all
   walk them, so a tensor is named in one place only. */
#include "core/model/tensor_specs.h"

#include <stdio.h>

#include "core/base/cleanup.h"
#include "core/model/hparams.h"
#include "core/model/weights.h"

/* A dimension of a tensor: which size of the model it is. */
enum dimension {
    ONE,
    DIM,    /* decoder width */
    DIM_KV, /* key/value heads * head length */
    FFN,
    VOCAB,
    WIDTH,  /* encoder width */
    WIDTH3, /* 3 * width */
    ENC_FFN,
    PATCH, /* 3 * patch * patch */
    IMAGE_POSITIONS,
    EXP_FFN,
    TOKENS, /* modality tokens */
    ROUTER,
    EXPERTS,
    KERNEL,     /* inputs of one token of this modality */
    KERNEL_OUT, /* width; fmri: tokens * width */
    POSITIONS,  /* 1 + tokens of this modality */
};

static size_t dimension_size(const struct hparams *h, enum dimension dimension, enum modality m)
{
    switch (dimension) {
    case ONE:
        return 1;
    case DIM:
        return h->decoder.width;
    case DIM_KV:
        return h->decoder.width / h->decoder.n_heads * h->decoder.n_kv_heads;
    case FFN:
        return h->decoder.ffn_width;
    case VOCAB:
        return h->n_vocab;
    case WIDTH:
        return h->encoder.width;
    case WIDTH3:
        return 3 * h->encoder.width;
    case ENC_FFN:
        return h->encoder.ffn_width;
    case PATCH:
        return 3 * h->patch * h->patch;
    case IMAGE_POSITIONS:
        return 1 + h->n_tokens[MODALITY_IMAGE];
    case EXP_FFN:
        return h->expert.ffn_width;
    case TOKENS:
        return h->n_modality_tokens;
    case ROUTER:
        return h->router_width;
    case EXPERTS:
        return h->n_experts;
    case KERNEL:
        return m == MODALITY_AUDIO   ? h->audio_kernel * h->audio_kernel
               : m == MODALITY_POINT ? h->point_channels
               : m == MODALITY_IMU   ? h->imu_channels * h->imu_kernel
                                     : h->input.fmri_voxels;
    case KERNEL_OUT:
        return m == MODALITY_FMRI ? h->n_tokens[m] * h->encoder.width : h->encoder.width;
    case POSITIONS:
        return 1 + h->n_tokens[m];
    }
    return 0;
}

struct tensor_row {
    const char *name, *official; /* patterns: %b block, %e expert, %m our and %o the official name of the modality */
    enum dimension inner, outer; /* shape[0], shape[1] */
    bool vector;
    float scale; /* of random weights: matrices are divided by sqrt(n_in) */
    float mean;
    size_t offset;
};
#define MATRIX(name, official, inner, outer, scale, type, field)                                                       \
    {                                                                                                                  \
        name, official, inner, outer, false, scale, 0, offsetof(struct type, field)                                    \
    }
#define VECTOR(name, official, n, scale, mean, type, field)                                                            \
    {                                                                                                                  \
        name, official, n, ONE, true, scale, mean, offsetof(struct type, field)                                        \
    }
#define TABLE(name, official, inner, outer, scale, type, field)                                                        \
    {                                                                                                                  \
        name, official, inner, outer, true, scale, 0, offsetof(struct type, field)                                     \
    }

static const struct tensor_row decoder_rows[] = {
    {"token_embd.weight", "llma.tok_embeddings.weight", DIM, VOCAB, false, 8, 0,
     offsetof(struct decoder_weights, token_embedding)},
    VECTOR("output_norm.weight", "llma.norm.weight", DIM, 0.1f, 1, decoder_weights, norm.gain),
    MATRIX("output.weight", "llma.output.weight", DIM, VOCAB, 4, decoder_weights, output.weight),
};
static const struct tensor_row decoder_block_rows[] = {
    VECTOR("blk.%b.attn_norm.weight", "llma.layers.%b.attention_norm.weight", DIM, 0.1f, 1, llama_block,
           attention_norm.gain),
    MATRIX("blk.%b.attn_q.weight", "llma.layers.%b.attention.wq.weight", DIM, DIM, 1.5f, llama_block, query.weight),
    MATRIX("blk.%b.attn_k.weight", "llma.layers.%b.attention.wk.weight", DIM, DIM_KV, 1.5f, llama_block, key.weight),
    MATRIX("blk.%b.attn_v.weight", "llma.layers.%b.attention.wv.weight", DIM, DIM_KV, 1, llama_block, value.weight),
    MATRIX("blk.%b.attn_output.weight", "llma.layers.%b.attention.wo.weight", DIM, DIM, 0.7f, llama_block,
           output.weight),
    VECTOR("blk.%b.ffn_norm.weight", "llma.layers.%b.ffn_norm.weight", DIM, 0.1f, 1, llama_block, ffn_norm.gain),
    MATRIX("blk.%b.ffn_gate.weight", "llma.layers.%b.feed_forward.w1.weight", DIM, FFN, 1, llama_block, gate.weight),
    MATRIX("blk.%b.ffn_up.weight", "llma.layers.%b.feed_forward.w3.weight", DIM, FFN, 1, llama_block, up.weight),
    MATRIX("blk.%b.ffn_down.weight", "llma.layers.%b.feed_forward.w2.weight", FFN, DIM, 0.7f, llama_block, down.weight),
};
static const struct tensor_row encoder_rows[] = {
    VECTOR("enc.class_embd", "llma.clip.visual.class_embedding", WIDTH, 0.4f, 0, encoder_weights, class_embedding),
    TABLE("enc.pos_embd.weight", "llma.clip.visual.positional_embedding", WIDTH, IMAGE_POSITIONS, 0.25f,
          encoder_weights, positions),
    MATRIX("enc.patch_embd.weight", "llma.clip.visual.conv1.weight", PATCH, WIDTH, 1, encoder_weights, patch.weight),
    VECTOR("enc.pre_norm.weight", "llma.clip.visual.ln_pre.weight", WIDTH, 0.1f, 1, encoder_weights, pre_norm.gain),
    VECTOR("enc.pre_norm.bias", "llma.clip.visual.ln_pre.bias", WIDTH, 0.1f, 0, encoder_weights, pre_norm.bias),
    VECTOR("enc.post_norm.weight", "llma.clip.visual.ln_post.weight", WIDTH, 0.1f, 1, encoder_weights, post_norm.gain),
    VECTOR("enc.post_norm.bias", "llma.clip.visual.ln_post.bias", WIDTH, 0.1f, 0, encoder_weights, post_norm.bias),
};
#define CLIP_BLOCK "llma.clip.visual.transformer.resblocks.%b."
static const struct tensor_row encoder_block_rows[] = {
    VECTOR("enc.blk.%b.attn_norm.weight", CLIP_BLOCK "ln_1.weight", WIDTH, 0.1f, 1, encoder_block, attention_norm.gain),
    VECTOR("enc.blk.%b.attn_norm.bias", CLIP_BLOCK "ln_1.bias", WIDTH, 0.1f, 0, encoder_block, attention_norm.bias),
    MATRIX("enc.blk.%b.attn_qkv.weight", CLIP_BLOCK "attn.in_proj_weight", WIDTH, WIDTH3, 1, encoder_block, qkv.weight),
    VECTOR("enc.blk.%b.attn_qkv.bias", CLIP_BLOCK "attn.in_proj_bias", WIDTH3, 0.1f, 0, encoder_block, qkv.bias),
    MATRIX("enc.blk.%b.attn_output.weight", CLIP_BLOCK "attn.out_proj.weight", WIDTH, WIDTH, 0.7f, encoder_block,
           output.weight),
    VECTOR("enc.blk.%b.attn_output.bias", CLIP_BLOCK "attn.out_proj.bias", WIDTH, 0.1f, 0, encoder_block, output.bias),
    VECTOR("enc.blk.%b.ffn_norm.weight", CLIP_BLOCK "ln_2.weight", WIDTH, 0.1f, 1, encoder_block, ffn_norm.gain),
    VECTOR("enc.blk.%b.ffn_norm.bias", CLIP_BLOCK "ln_2.bias", WIDTH, 0.1f, 0, encoder_block, ffn_norm.bias),
    MATRIX("enc.blk.%b.ffn_up.weight", CLIP_BLOCK "mlp.c_fc.weight", WIDTH, ENC_FFN, 1, encoder_block, up.weight),
    VECTOR("enc.blk.%b.ffn_up.bias", CLIP_BLOCK "mlp.c_fc.bias", ENC_FFN, 0.1f, 0, encoder_block, up.bias),
    MATRIX("enc.blk.%b.ffn_down.weight", CLIP_BLOCK "mlp.c_proj.weight", ENC_FFN, WIDTH, 0.7f, encoder_block,
           down.weight),
    VECTOR("enc.blk.%b.ffn_down.bias", CLIP_BLOCK "mlp.c_proj.bias", WIDTH, 0.1f, 0, encoder_block, down.bias),
};
#define EXPERT "llma.resample_layers.%e.%b."
static const struct tensor_row expert_block_rows[] = {
    VECTOR("upm.%e.blk.%b.attn_norm.weight", EXPERT "attention_norm.weight", WIDTH, 0.1f, 1, llama_block,
           attention_norm.gain),
    MATRIX("upm.%e.blk.%b.attn_q.weight", EXPERT "attention.wq.weight", WIDTH, WIDTH, 1.5f, llama_block, query.weight),
    MATRIX("upm.%e.blk.%b.attn_k.weight", EXPERT "attention.wk.weight", WIDTH, WIDTH, 1.5f, llama_block, key.weight),
    MATRIX("upm.%e.blk.%b.attn_v.weight", EXPERT "attention.wv.weight", WIDTH, WIDTH, 1, llama_block, value.weight),
    MATRIX("upm.%e.blk.%b.attn_output.weight", EXPERT "attention.wo.weight", WIDTH, WIDTH, 0.7f, llama_block,
           output.weight),
    VECTOR("upm.%e.blk.%b.ffn_norm.weight", EXPERT "ffn_norm.weight", WIDTH, 0.1f, 1, llama_block, ffn_norm.gain),
    MATRIX("upm.%e.blk.%b.ffn_gate.weight", EXPERT "feed_forward.w1.weight", WIDTH, EXP_FFN, 1, llama_block,
           gate.weight),
    MATRIX("upm.%e.blk.%b.ffn_up.weight", EXPERT "feed_forward.w3.weight", WIDTH, EXP_FFN, 1, llama_block, up.weight),
    MATRIX("upm.%e.blk.%b.ffn_down.weight", EXPERT "feed_forward.w2.weight", EXP_FFN, WIDTH, 0.7f, llama_block,
           down.weight),
};
static const struct tensor_row modality_rows[] = {
    TABLE("mod.%m.tokens", "llma.resample_tokens.%o", WIDTH, TOKENS, 0.6f, modality_weights, tokens),
    MATRIX("mod.%m.proj_in.weight", "llma.clip_proj1.%o.0.weight", WIDTH, WIDTH, 1, modality_weights, in.weight),
    VECTOR("mod.%m.proj_in.bias", "llma.clip_proj1.%o.0.bias", WIDTH, 0.1f, 0, modality_weights, in.bias),
    VECTOR("mod.%m.proj_in_norm.weight", "llma.clip_proj1.%o.1.weight", WIDTH, 0.1f, 1, modality_weights, in_norm.gain),
    VECTOR("mod.%m.proj_in_norm.bias", "llma.clip_proj1.%o.1.bias", WIDTH, 0.1f, 0, modality_weights, in_norm.bias),
    MATRIX("mod.%m.proj_out.weight", "llma.clip_proj2.%o.0.weight", WIDTH, DIM, 1, modality_weights, out.weight),
    VECTOR("mod.%m.proj_out.bias", "llma.clip_proj2.%o.0.bias", DIM, 0.1f, 0, modality_weights, out.bias),
    VECTOR("mod.%m.proj_out_norm.weight", "llma.clip_proj2.%o.1.weight", DIM, 0.1f, 1, modality_weights, out_norm.gain),
    VECTOR("mod.%m.proj_out_norm.bias", "llma.clip_proj2.%o.1.bias", DIM, 0.1f, 0, modality_weights, out_norm.bias),
    VECTOR("mod.%m.start_tag", "llma.start_tag.%o", DIM, 1, 0, modality_weights, start_tag),
    VECTOR("mod.%m.end_tag", "llma.end_tag.%o", DIM, 1, 0, modality_weights, end_tag),
};
static const struct tensor_row router_rows[] = {
    MATRIX("mod.%m.router.0.weight", "llma.routers.%o.fc1.weight", WIDTH, ROUTER, 1, modality_weights,
           router_hidden.weight),
    VECTOR("mod.%m.router.0.bias", "llma.routers.%o.fc1.bias", ROUTER, 0.1f, 0, modality_weights, router_hidden.bias),
    MATRIX("mod.%m.router.1.weight", "llma.routers.%o.fc2.weight", ROUTER, EXPERTS, 2, modality_weights,
           router_output.weight),
    VECTOR("mod.%m.router.1.bias", "llma.routers.%o.fc2.bias", EXPERTS, 0.5f, 0, modality_weights, router_output.bias),
};
#define POSITIONS_ROW                                                                                                  \
    TABLE("mod.%m.pos_embd.weight", "llma.positional_embedding.%o", WIDTH, POSITIONS, 0.25f, modality_weights,         \
          positions)
#define BIAS_ROW(official) VECTOR("mod.%m.conv.bias", official, KERNEL_OUT, 0.1f, 0, modality_weights, tokenizer.bias)
#define KERNEL_ROW(official)                                                                                           \
    MATRIX("mod.%m.conv.weight", official, KERNEL, KERNEL_OUT, 1, modality_weights, tokenizer.weight)
static const struct tensor_row conv_rows[] = {
    KERNEL_ROW("llma.conv1.%o.weight"),
    BIAS_ROW("llma.conv1.%o.bias"),
    POSITIONS_ROW,
};
static const struct tensor_row point_rows[] = {
    KERNEL_ROW("llma.conv1.point.conv1.weight"),
    BIAS_ROW("llma.conv1.point.conv1.bias"),
    POSITIONS_ROW,
};
static const struct tensor_row imu_rows[] = {
    KERNEL_ROW("llma.conv1.%o.weight"),
    POSITIONS_ROW,
};

static void expand(const char *pattern, const struct tensor_spec *spec, char *ret, size_t size)
{
    size_t at = 0;

    ret[0] = '\0';
    for (const char *p = pattern; *p && at < size; p++) {
        const struct modality_info *info = modality_info(spec->modality);
        int n;

        if (*p != '%')
            n = snprintf(ret + at, size - at, "%c", *p);
        else if (*++p == 'b')
            n = snprintf(ret + at, size - at, "%zu", spec->block);
        else if (*p == 'e')
            n = snprintf(ret + at, size - at, "%zu", spec->expert);
        else
            n = snprintf(ret + at, size - at, "%s", *p == 'm' ? info->name : info->official_name);
        at += (size_t)n;
    }
}

struct walk {
    const struct hparams *hparams;
    tensor_visit *visit;
    void *context;
};

static int visit_rows(const struct walk *walk, const struct tensor_row *rows, size_t n, struct tensor_spec place)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        const struct tensor_row *row = &rows[i];
        struct tensor_spec spec = place;
        size_t inner = dimension_size(walk->hparams, row->inner, place.modality);
        size_t outer = dimension_size(walk->hparams, row->outer, place.modality);

        expand(row->name, &spec, spec.name, sizeof(spec.name));
        expand(row->official, &spec, spec.official, sizeof(spec.official));
        spec.n_dims = row->outer == ONE ? 1 : 2;
        spec.shape[0] = inner;
        spec.shape[1] = outer;
        spec.shape[2] = spec.shape[3] = 1;
        spec.vector = row->vector;
        spec.deviation = row->vector ? row->scale : row->scale / __builtin_sqrtf((float)inner);
        spec.mean = row->mean;
        spec.offset = row->offset;
        r = walk->visit(walk->context, &spec);
    }
    return r;
}
#define VISIT(walk, rows, ...) visit_rows(walk, rows, ARRAY_SIZE(rows), (struct tensor_spec){__VA_ARGS__})

static int visit_modality(const struct walk *walk, enum modality m)
{
    const struct hparams *hparams = walk->hparams;
    int r = 0;

    if (m == MODALITY_AUDIO || m == MODALITY_FMRI)
        r = VISIT(walk, conv_rows, .group = GROUP_MODALITY, .modality = m);
    else if (m == MODALITY_POINT)
        r = VISIT(walk, point_rows, .group = GROUP_MODALITY, .modality = m);
    else if (m == MODALITY_IMU)
        r = VISIT(walk, imu_rows, .group = GROUP_MODALITY, .modality = m);
    if (r == 0)
        r = VISIT(walk, modality_rows, .group = GROUP_MODALITY, .modality = m);
    if (r == 0 && hparams->router_width)
        r = VISIT(walk, router_rows, .group = GROUP_MODALITY, .modality = m);
    return r;
}

int tensor_specs_visit(const struct hparams *hparams, tensor_visit *visit, void *context)
{
    const struct walk walk = {hparams, visit, context};
    int r = VISIT(&walk, decoder_rows, .group = GROUP_DECODER);

    for (size_t b = 0; b < hparams->decoder.n_blocks && r == 0; b++)
        r = VISIT(&walk, decoder_block_rows, .group = GROUP_DECODER_BLOCK, .block = b);
    if (r || !hparams->multimodal)
        return r;
    r = VISIT(&walk, encoder_rows, .group = GROUP_ENCODER);
    for (size_t b = 0; b < hparams->encoder.n_blocks && r == 0; b++)
        r = VISIT(&walk, encoder_block_rows, .group = GROUP_ENCODER_BLOCK, .block = b);
    for (size_t e = 0; e < hparams->n_experts && r == 0; e++)
        for (size_t b = 0; b < hparams->expert.n_blocks && r == 0; b++)
            r = VISIT(&walk, expert_block_rows, .group = GROUP_EXPERT_BLOCK, .expert = e, .block = b);
    for (int m = 0; m < N_MODALITIES && r == 0; m++)
        if (hparams->has[m])
            r = visit_modality(&walk, (enum modality)m);
    return r;
}
