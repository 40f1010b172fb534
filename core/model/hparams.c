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
    if (!hparams->multimodal)
        return;
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
