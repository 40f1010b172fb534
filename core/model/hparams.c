/* Two tables: metadata keys <-> sizes, and the tensors of a model. Reader, writer, checks, binding and the converter
   all walk them, so a size or tensor is named in one place only. */
#include "core/model/hparams.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/file/gguf_reader.h"
#include "core/file/gguf_writer.h"
#include "core/model/weights.h"
#include "core/tensor/attention.h"

/* ---- metadata ---- */

struct size_key {
    const char *key; /* behind the architecture's prefix */
    size_t offset;
    bool multimodal;
    size_t fallback; /* when the key is missing; REQUIRED: then that is an error */
};
#define REQUIRED SIZE_MAX
#define SIZE_KEY(key, field, multimodal, fallback)                                                                     \
    {                                                                                                                  \
        key, offsetof(struct hparams, field), multimodal, fallback                                                     \
    }

static const struct size_key size_keys[] = {
    SIZE_KEY("context_length", context, false, REQUIRED),
    SIZE_KEY("embedding_length", decoder.width, false, REQUIRED),
    SIZE_KEY("block_count", decoder.n_blocks, false, REQUIRED),
    SIZE_KEY("feed_forward_length", decoder.ffn_width, false, REQUIRED),
    SIZE_KEY("attention.head_count", decoder.n_heads, false, REQUIRED),
    SIZE_KEY("attention.head_count_kv", decoder.n_kv_heads, false, 0), /* 0: as many as heads */
    SIZE_KEY("encoder.embedding_length", encoder.width, true, REQUIRED),
    SIZE_KEY("encoder.block_count", encoder.n_blocks, true, REQUIRED),
    SIZE_KEY("encoder.feed_forward_length", encoder.ffn_width, true, REQUIRED),
    SIZE_KEY("encoder.attention.head_count", encoder.n_heads, true, REQUIRED),
    SIZE_KEY("encoder.patch_size", patch, true, REQUIRED),
    SIZE_KEY("encoder.image_size", image_size, true, REQUIRED),
    SIZE_KEY("projection.expert_count", n_experts, true, REQUIRED),
    SIZE_KEY("projection.block_count", expert.n_blocks, true, REQUIRED),
    SIZE_KEY("projection.feed_forward_length", expert.ffn_width, true, REQUIRED),
    SIZE_KEY("projection.attention.head_count", expert.n_heads, true, REQUIRED),
    SIZE_KEY("projection.token_count", n_modality_tokens, true, REQUIRED),
    SIZE_KEY("projection.router_length", router_width, true, REQUIRED),
    SIZE_KEY("video.clip_count", input.video_clips, true, 5),
    SIZE_KEY("video.crop_count", input.video_crops, true, 3),
    SIZE_KEY("audio.mel_bin_count", input.audio_mel_bins, true, 128),
    SIZE_KEY("audio.frame_count", input.audio_frames, true, 1024),
    SIZE_KEY("audio.kernel_size", audio_kernel, true, 16),
    SIZE_KEY("audio.stride", audio_stride, true, 10),
    SIZE_KEY("point.token_count", n_tokens[MODALITY_POINT], true, 1024),
    SIZE_KEY("point.group_size", point_group, true, 32),
    SIZE_KEY("point.channel_count", point_channels, true, 6),
    SIZE_KEY("point.coordinate_offset", point_coordinates, true, 3),
    SIZE_KEY("point.count_max", input.point_max, true, 8192),
    SIZE_KEY("imu.sample_count", input.imu_samples, true, 400),
    SIZE_KEY("imu.channel_count", imu_channels, true, 6),
    SIZE_KEY("imu.kernel_size", imu_kernel, true, 10),
    SIZE_KEY("fmri.voxel_count", input.fmri_voxels, true, 15724),
    SIZE_KEY("fmri.token_count", n_tokens[MODALITY_FMRI], true, 8),
};

static const struct float_key {
    const char *key;
    size_t offset;
    bool multimodal;
    float fallback;
} float_keys[] = {
    {"attention.layer_norm_rms_epsilon", offsetof(struct hparams, decoder.norm_eps), false, 1e-5f},
    {"rope.freq_base", offsetof(struct hparams, rope_theta), false, 10000},
    {"encoder.attention.layer_norm_epsilon", offsetof(struct hparams, encoder.norm_eps), true, 1e-5f},
    {"projection.attention.layer_norm_rms_epsilon", offsetof(struct hparams, expert.norm_eps), true, 1e-5f},
};

static const char *const router_names[] = {
    [ROUTER_SOFT_SIGMOID] = "soft-sigmoid",
    [ROUTER_SOFT_SOFTMAX] = "soft-softmax",
    [ROUTER_SPARSE] = "sparse",
    [ROUTER_CONSTANT] = "constant",
};

const char *router_kind_name(enum router_kind kind)
{
    return router_names[kind];
}

int router_kind_by_name(const char *name, size_t n, enum router_kind *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(router_names); i++)
        if (n == strlen(router_names[i]) && memcmp(name, router_names[i], n) == 0) {
            *ret = (enum router_kind)i;
            return 0;
        }
    return -EINVAL;
}

#define KEY_MAX 96

static const char *key_of(const struct hparams *hparams, const char *name, char key[KEY_MAX])
{
    snprintf(key, KEY_MAX, "%s.%s", hparams->multimodal ? "onellm" : "llama", name);
    return key;
}

/* Tokens of a convolution along one axis. */
static size_t n_windows(size_t length, size_t kernel, size_t stride)
{
    return stride && length >= kernel ? (length - kernel) / stride + 1 : 0;
}

void hparams_derive(struct hparams *hparams)
{
    size_t grid = hparams->patch ? hparams->image_size / hparams->patch : 0;

    if (!hparams->decoder.n_kv_heads)
        hparams->decoder.n_kv_heads = hparams->decoder.n_heads;
    hparams->encoder.n_kv_heads = hparams->encoder.n_heads;
    hparams->expert.n_kv_heads = hparams->expert.n_heads;
    hparams->expert.width = hparams->encoder.width;
    hparams->input.image_size = hparams->image_size;
    hparams->input.point_min = hparams->n_tokens[MODALITY_POINT];
    hparams->n_tokens[MODALITY_IMAGE] = hparams->n_tokens[MODALITY_VIDEO] = grid * grid;
    hparams->n_tokens[MODALITY_DEPTH] = hparams->n_tokens[MODALITY_NORMAL] = grid * grid;
    hparams->n_tokens[MODALITY_AUDIO] =
        n_windows(hparams->input.audio_mel_bins, hparams->audio_kernel, hparams->audio_stride) *
        n_windows(hparams->input.audio_frames, hparams->audio_kernel, hparams->audio_stride);
    hparams->n_tokens[MODALITY_IMU] = n_windows(hparams->input.imu_samples, hparams->imu_kernel, 1);
}

static int read_sizes(const struct gguf_reader *reader, struct hparams *hparams, struct error *error)
{
    char key[KEY_MAX];
    uint64_t value;
    int r;

    for (size_t i = 0; i < ARRAY_SIZE(size_keys); i++) {
        const struct size_key *row = &size_keys[i];

        if (row->multimodal && !hparams->multimodal)
            continue;
        key_of(hparams, row->key, key);
        value = row->fallback;
        if (row->fallback == REQUIRED || gguf_reader_has(reader, key)) {
            r = gguf_reader_u64(reader, key, &value, error);
            if (r < 0)
                return error_set(error, -EBADMSG, "the model file has no usable %s", key);
        }
        memcpy((char *)hparams + row->offset, &value, sizeof(size_t));
    }
    for (size_t i = 0; i < ARRAY_SIZE(float_keys); i++) {
        float number = float_keys[i].fallback;

        if (float_keys[i].multimodal && !hparams->multimodal)
            continue;
        key_of(hparams, float_keys[i].key, key);
        if (gguf_reader_has(reader, key)) {
            r = gguf_reader_f32(reader, key, &number, error);
            if (r < 0)
                return r;
        }
        memcpy((char *)hparams + float_keys[i].offset, &number, sizeof(number));
    }
    return 0;
}
_Static_assert(sizeof(size_t) == sizeof(uint64_t), "sizes are read in place");

static int read_router(const struct gguf_reader *reader, struct hparams *hparams, struct error *error)
{
    struct gguf_string name;
    int r = gguf_reader_string(reader, "onellm.projection.router", &name, error);

    if (r < 0)
        return error_set(error, -EBADMSG, "the model file has no usable onellm.projection.router");
    if (router_kind_by_name(name.text, name.n, &hparams->router) < 0)
        return error_set(error, -EBADMSG,
                         "onellm.projection.router is \"%.*s\"; known are soft-sigmoid, soft-softmax, sparse, constant",
                         (int)MIN(name.n, (size_t)40), name.text);
    return 0;
}

static int read_modalities(const struct gguf_reader *reader, struct hparams *hparams, struct error *error)
{
    const struct gguf_string *names;
    size_t n;
    int r = gguf_reader_strings(reader, "onellm.modalities", &names, &n, error);

    if (r < 0)
        return error_set(error, -EBADMSG, "the model file has no usable onellm.modalities");
    for (size_t i = 0; i < n; i++) {
        enum modality modality = modality_by_name(names[i].text, names[i].n);

        if (modality == N_MODALITIES)
            return error_set(error, -EBADMSG, "onellm.modalities names an unknown modality \"%.*s\"",
                             (int)MIN(names[i].n, (size_t)40), names[i].text);
        hparams->has[modality] = true;
    }
    return 0;
}

/* Variations of the llama architecture that change the result and are not computed here. */
static int refuse_variants(const struct gguf_reader *reader, struct error *error)
{
    static const char *const keys[] = {"llama.rope.scaling.type", "llama.expert_count", "llama.attention.key_length"};
    uint64_t count;

    if (gguf_reader_find_tensor(reader, "rope_freqs.weight"))
        return error_set(error, -EBADMSG,
                         "llama files with scaled rotary frequencies (rope_freqs.weight) are not "
                         "supported");
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!gguf_reader_has(reader, keys[i]))
            continue;
        if (gguf_reader_u64(reader, keys[i], &count, NULL) == 0 && (count == 0 || i == 2))
            continue; /* key_length is compared with the heads by hparams_from_gguf() */
        return error_set(error, -EBADMSG, "llama files with %s are not supported", keys[i]);
    }
    return 0;
}

static int check_head_length(const struct gguf_reader *reader, const struct hparams *hparams, struct error *error)
{
    uint64_t length;

    if (gguf_reader_u64(reader, "llama.attention.key_length", &length, NULL) == 0 &&
        length * hparams->decoder.n_heads != hparams->decoder.width)
        return error_set(error, -EBADMSG, "heads of %llu elements do not make up a width of %zu",
                         (unsigned long long)length, hparams->decoder.width);
    return 0;
}

static int read_vocabulary_size(const struct gguf_reader *reader, struct hparams *hparams, struct error *error)
{
    const struct gguf_tensor *table = gguf_reader_find_tensor(reader, "token_embd.weight");

    if (!table || table->tensor.n_dims != 2)
        return error_set(error, -EBADMSG, "the model file has no matrix token_embd.weight");
    hparams->n_vocab = table->tensor.shape[1];
    return 0;
}

int hparams_from_gguf(const struct gguf_reader *reader, struct hparams *ret, struct error *error)
{
    struct hparams hparams = {0};
    struct gguf_string text;
    int r;

    r = gguf_reader_string(reader, "general.architecture", &text, error);
    if (r < 0)
        return error_set(error, -EBADMSG, "the model file does not say its general.architecture");
    hparams.multimodal = text.n == 6 && memcmp(text.text, "onellm", 6) == 0;
    if (!hparams.multimodal && (text.n != 5 || memcmp(text.text, "llama", 5) != 0))
        return error_set(error, -EBADMSG,
                         "models of architecture \"%.*s\" are not supported; \"onellm\" and \"llama\" are",
                         (int)MIN(text.n, (size_t)40), text.text);
    if (gguf_reader_string(reader, "general.name", &text, NULL) == 0)
        snprintf(hparams.name, sizeof(hparams.name), "%.*s", (int)MIN(text.n, (size_t)63), text.text);

    r = read_sizes(reader, &hparams, error);
    if (r == 0)
        r = read_vocabulary_size(reader, &hparams, error);
    if (r == 0 && hparams.multimodal)
        r = read_router(reader, &hparams, error);
    if (r == 0 && hparams.multimodal)
        r = read_modalities(reader, &hparams, error);
    if (r == 0 && !hparams.multimodal)
        r = refuse_variants(reader, error);
    if (r == 0 && !hparams.multimodal)
        r = check_head_length(reader, &hparams, error);
    if (r < 0)
        return r;
    hparams_derive(&hparams);
    r = hparams_check(&hparams, error);
    if (r < 0)
        return r;
    *ret = hparams;
    return 0;
}

void hparams_to_gguf(const struct hparams *hparams, struct gguf_writer *writer)
{
    const char *names[N_MODALITIES];
    char key[KEY_MAX];
    size_t n = 0;

    gguf_writer_set_string(writer, "general.architecture", hparams->multimodal ? "onellm" : "llama");
    gguf_writer_set_string(writer, "general.name", hparams->name);
    for (size_t i = 0; i < ARRAY_SIZE(size_keys); i++) {
        size_t value;

        if (size_keys[i].multimodal && !hparams->multimodal)
            continue;
        memcpy(&value, (const char *)hparams + size_keys[i].offset, sizeof(value));
        gguf_writer_set_u32(writer, key_of(hparams, size_keys[i].key, key), (uint32_t)value);
    }
    for (size_t i = 0; i < ARRAY_SIZE(float_keys); i++) {
        float value;

        if (float_keys[i].multimodal && !hparams->multimodal)
            continue;
        memcpy(&value, (const char *)hparams + float_keys[i].offset, sizeof(value));
        gguf_writer_set_f32(writer, key_of(hparams, float_keys[i].key, key), value);
    }
    gguf_writer_set_u32(writer, key_of(hparams, "vocab_size", key), (uint32_t)hparams->n_vocab);
    gguf_writer_set_u32(writer, key_of(hparams, "rope.dimension_count", key),
                        (uint32_t)(hparams->decoder.width / hparams->decoder.n_heads));
    if (!hparams->multimodal)
        return;
    gguf_writer_set_string(writer, "onellm.projection.router", router_kind_name(hparams->router));
    for (int m = 0; m < N_MODALITIES; m++)
        if (hparams->has[m])
            names[n++] = modality_info((enum modality)m)->name;
    gguf_writer_set_strings(writer, "onellm.modalities", names, NULL, n);
}

/* ---- checks ---- */

/* Attention holds all of a query's scores at once. */
#define TOKENS_MAX 65536
#define POSITIONS_MAX (1 << 20)
_Static_assert(POSITIONS_MAX <= ATTENTION_KEYS_MAX && 2 * TOKENS_MAX <= ATTENTION_KEYS_MAX, "rows of scores fit");

static int check_range(const char *what, size_t value, size_t min, size_t max, struct error *error)
{
    if (value < min || value > max)
        return error_set(error, -EBADMSG, "the model's %s is %zu; expected %zu to %zu", what, value, min, max);
    return 0;
}

static int check_blocks(const char *part, const struct block_sizes *sizes, struct error *error)
{
    if (sizes->width < 1 || sizes->width > 65536 || sizes->n_blocks < 1 || sizes->n_blocks > 1024 ||
        sizes->ffn_width < 1 || sizes->ffn_width > 1 << 20)
        return error_set(error, -EBADMSG, "the model's %s has absurd sizes: width %zu, %zu blocks, FFN width %zu", part,
                         sizes->width, sizes->n_blocks, sizes->ffn_width);
    if (sizes->n_heads < 1 || sizes->n_kv_heads < 1 || sizes->width % sizes->n_heads ||
        sizes->n_heads % sizes->n_kv_heads)
        return error_set(error, -EBADMSG, "the model's %s: %zu heads and %zu key/value heads do not divide width %zu",
                         part, sizes->n_heads, sizes->n_kv_heads, sizes->width);
    if (!(sizes->norm_eps > 0 && sizes->norm_eps < 1))
        return error_set(error, -EBADMSG, "the model's %s: norm epsilon %g is not between 0 and 1", part,
                         (double)sizes->norm_eps);
    return 0;
}

static int check_input(const struct hparams *h, struct error *error)
{
    const struct {
        const char *what;
        size_t value, min, max;
    } ranges[] = {
        {"encoder.patch_size", h->patch, 1, 256},
        {"encoder.image_size", h->image_size, h->patch, 4096},
        {"projection.expert_count", h->n_experts, 1, 64},
        {"projection.token_count", h->n_modality_tokens, 1, 4096},
        {"projection.router_length", h->router_width, h->router != ROUTER_CONSTANT, 65536},
        {"video.clip_count", h->input.video_clips, 1, 16},
        {"video.crop_count", h->input.video_crops, 1, 3},
        {"audio.kernel_size", h->audio_kernel, 1, 256},
        {"audio.stride", h->audio_stride, 1, 256},
        {"audio.mel_bin_count", h->input.audio_mel_bins, h->audio_kernel, 512},
        {"audio.frame_count", h->input.audio_frames, h->audio_kernel, 65536},
        {"point.token_count", h->n_tokens[MODALITY_POINT], 1, 65536},
        {"point.group_size", h->point_group, 1, 1024},
        {"point.channel_count", h->point_channels, 6, 6},
        {"point.coordinate_offset", h->point_coordinates, 0, 3},
        {"point.count_max", h->input.point_max, MAX(h->n_tokens[MODALITY_POINT], h->point_group), 1 << 20},
        {"imu.channel_count", h->imu_channels, 6, 6},
        {"imu.kernel_size", h->imu_kernel, 1, 4096},
        {"imu.sample_count", h->input.imu_samples, h->imu_kernel, 65536},
        {"fmri.voxel_count", h->input.fmri_voxels, 1, 1 << 20},
        {"fmri.token_count", h->n_tokens[MODALITY_FMRI], 1, 4096},
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(ranges) && r == 0; i++)
        r = check_range(ranges[i].what, ranges[i].value, ranges[i].min, ranges[i].max, error);
    for (int m = 0; m < N_MODALITIES && r == 0; m++)
        if (h->has[m] && (h->n_tokens[m] < 1 || h->n_tokens[m] > TOKENS_MAX))
            r = error_set(error, -EBADMSG, "the model makes %zu tokens of modality %s; expected 1 to %d",
                          h->n_tokens[m], modality_info((enum modality)m)->name, TOKENS_MAX);
    if (r == 0 && h->input.video_crops == 2)
        r = error_set(error, -EBADMSG, "the model's video.crop_count is 2; 1 and 3 are supported");
    return r;
}

int hparams_check(const struct hparams *h, struct error *error)
{
    int r = check_blocks("decoder", &h->decoder, error);

    if (r == 0 && h->decoder.width / h->decoder.n_heads % 2)
        r = error_set(error, -EBADMSG, "the model's decoder has heads of odd length, which cannot be rotated in pairs");
    if (r == 0)
        r = check_range("context_length", h->context, 1, POSITIONS_MAX, error);
    if (r == 0)
        r = check_range("vocabulary", h->n_vocab, 1, 1 << 24, error);
    if (r == 0 && !(h->rope_theta > 1))
        r = error_set(error, -EBADMSG, "the model's rope.freq_base %g is not above 1", (double)h->rope_theta);
    if (r < 0 || !h->multimodal)
        return r;
    r = check_blocks("encoder", &h->encoder, error);
    if (r == 0)
        r = check_blocks("projection", &h->expert, error);
    if (r == 0)
        r = check_input(h, error);
    return r;
}

/* ---- tensors ---- */

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

int hparams_visit_tensors(const struct hparams *hparams, tensor_visit *visit, void *context)
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
