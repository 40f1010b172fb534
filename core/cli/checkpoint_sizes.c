#include "core/cli/checkpoint_sizes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/file/checkpoint.h"
#include "core/model/hparams.h"

#define KEY_MAX 160
#define BLOCKS_MAX 4096

struct shapes {
    const struct checkpoint *checkpoint;
    const char *prefix;
    struct error *error;
};

static const struct checkpoint_tensor *find(const struct shapes *shapes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static const struct checkpoint_tensor *find(const struct shapes *shapes, const char *format, ...)
{
    char key[KEY_MAX], tail[KEY_MAX - CHECKPOINT_PREFIX_MAX];
    va_list rest;

    va_start(rest, format);
    vsnprintf(tail, sizeof(tail), format, rest);
    va_end(rest);
    snprintf(key, sizeof(key), "%s%s", shapes->prefix, tail);
    return checkpoint_find(shapes->checkpoint, key);
}

/* Dimension `axis` of a tensor that has to be there with n_dims dimensions. */
static int dimension(const struct shapes *shapes, const char *key, int n_dims, int axis, size_t *ret)
{
    const struct checkpoint_tensor *tensor = find(shapes, "%s", key);

    if (!tensor)
        return error_set(shapes->error, -EBADMSG, "the checkpoint has no tensor %s%s", shapes->prefix, key);
    if (tensor->n_dims != n_dims)
        return error_set(shapes->error, -EBADMSG, "%s has %d dimensions, expected %d", tensor->name, tensor->n_dims,
                         n_dims);
    if (tensor->n_elements == 0 || tensor->shape[axis] > UINT32_MAX)
        return error_set(shapes->error, -EBADMSG, "%s is empty or absurdly large", tensor->name);
    *ret = (size_t)tensor->shape[axis];
    return 0;
}

/* How many of before0after, before1after, ... there are. */
static size_t count(const struct shapes *shapes, const char *before, const char *after)
{
    size_t n = 0;

    while (n < BLOCKS_MAX && find(shapes, "%s%zu%s", before, n, after))
        n++;
    return n;
}

struct shape_row {
    const char *key;
    int n_dims, axis;
    size_t offset; /* of the size in struct hparams */
};
#define ROW(key, n_dims, axis, member)                                                                                 \
    {                                                                                                                  \
        key, n_dims, axis, offsetof(struct hparams, member)                                                            \
    }

static int read_rows(const struct shapes *shapes, const struct shape_row *rows, size_t n, struct hparams *hparams)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++)
        r = dimension(shapes, rows[i].key, rows[i].n_dims, rows[i].axis,
                      (size_t *)((uintptr_t)hparams + rows[i].offset));
    return r;
}

static int read_decoder(const struct shapes *shapes, struct hparams *hparams)
{
    static const struct shape_row rows[] = {
        ROW("tok_embeddings.weight", 2, 0, n_vocab),
        ROW("tok_embeddings.weight", 2, 1, decoder.width),
        ROW("layers.0.feed_forward.w1.weight", 2, 0, decoder.ffn_width),
    };

    hparams->decoder.n_blocks = count(shapes, "layers.", ".attention.wq.weight");
    hparams->decoder.n_heads = hparams->decoder.n_kv_heads = 0;
    return read_rows(shapes, rows, ARRAY_SIZE(rows), hparams);
}

static int read_encoder(const struct shapes *shapes, struct hparams *hparams)
{
    static const struct shape_row rows[] = {
        ROW("clip.visual.conv1.weight", 4, 0, encoder.width),
        ROW("clip.visual.conv1.weight", 4, 2, patch),
        ROW("clip.visual.transformer.resblocks.0.mlp.c_fc.weight", 2, 0, encoder.ffn_width),
    };
    size_t n_positions = 0, grid = 0;
    int r = read_rows(shapes, rows, ARRAY_SIZE(rows), hparams);

    if (r == 0)
        r = dimension(shapes, "clip.visual.positional_embedding", 2, 0, &n_positions);
    if (r < 0)
        return r;
    while ((grid + 1) * (grid + 1) < n_positions) /* the class token has one, too */
        grid++;
    hparams->image_size = grid * hparams->patch;
    hparams->encoder.n_blocks = count(shapes, "clip.visual.transformer.resblocks.", ".ln_1.weight");
    hparams->encoder.n_heads = 0;
    return 0;
}

static int read_projection(const struct shapes *shapes, struct hparams *hparams)
{
    static const struct shape_row rows[] = {
        ROW("resample_layers.0.0.feed_forward.w1.weight", 2, 0, expert.ffn_width),
    };
    const struct checkpoint_tensor *router = NULL;

    for (int m = 0; m < N_MODALITIES; m++) {
        const char *name = modality_info((enum modality)m)->official_name;
        const struct checkpoint_tensor *tokens = find(shapes, "resample_tokens.%s", name);

        hparams->has[m] = tokens;
        if (tokens && tokens->n_dims == 3)
            hparams->n_modality_tokens = (size_t)tokens->shape[1];
        if (tokens && !router)
            router = find(shapes, "routers.%s.fc1.weight", name);
    }
    hparams->router_width = router && router->n_dims == 2 ? (size_t)router->shape[0] : 0;
    hparams->n_experts = count(shapes, "resample_layers.", ".0.attention.wq.weight");
    hparams->expert.n_blocks = count(shapes, "resample_layers.0.", ".attention.wq.weight");
    hparams->expert.n_heads = 0;
    return read_rows(shapes, rows, ARRAY_SIZE(rows), hparams);
}

/* The sizes of the modalities with a tokenizer of their own; the released ones stand where a modality is missing. */
static int read_tokenizers(const struct shapes *shapes, struct hparams *hparams)
{
    static const struct shape_row audio[] = {ROW("conv1.audio.weight", 4, 2, audio_kernel)};
    static const struct shape_row point[] = {
        ROW("conv1.point.conv1.weight", 4, 1, point_channels),
        ROW("positional_embedding.point", 2, 0, n_tokens[MODALITY_POINT]),
    };
    static const struct shape_row imu[] = {
        ROW("conv1.imu.weight", 3, 1, imu_channels),
        ROW("conv1.imu.weight", 3, 2, imu_kernel),
        ROW("positional_embedding.imu", 2, 0, n_tokens[MODALITY_IMU]),
    };
    static const struct shape_row fmri[] = {
        ROW("conv1.fmri.weight", 2, 1, input.fmri_voxels),
        ROW("positional_embedding.fmri", 2, 0, n_tokens[MODALITY_FMRI]),
    };
    static const struct {
        enum modality modality;
        const struct shape_row *rows;
        size_t n;
    } modalities[] = {
        {MODALITY_AUDIO, audio, ARRAY_SIZE(audio)},
        {MODALITY_POINT, point, ARRAY_SIZE(point)},
        {MODALITY_IMU, imu, ARRAY_SIZE(imu)},
        {MODALITY_FMRI, fmri, ARRAY_SIZE(fmri)},
    };

    for (size_t i = 0; i < ARRAY_SIZE(modalities); i++) {
        enum modality m = modalities[i].modality;
        int r = hparams->has[m] ? read_rows(shapes, modalities[i].rows, modalities[i].n, hparams) : 0;

        if (r < 0)
            return r;
        if (hparams->has[m] && m != MODALITY_AUDIO)
            hparams->n_tokens[m]--; /* the first position is that of the class token */
    }
    if (hparams->has[MODALITY_IMU])
        hparams->input.imu_samples = hparams->n_tokens[MODALITY_IMU] + hparams->imu_kernel - 1;
    return 0;
}

/* What stands before the key that every model has. */
static int find_prefix(const struct checkpoint *checkpoint, char prefix[CHECKPOINT_PREFIX_MAX], struct error *error)
{
    static const char key[] = "tok_embeddings.weight";

    for (size_t i = 0; i < checkpoint_n_tensors(checkpoint); i++) {
        const char *name = checkpoint_tensor(checkpoint, i)->name;
        size_t n = strlen(name), n_prefix = n - MIN(n, sizeof(key) - 1);

        if (strcmp(name + n_prefix, key) != 0 || n_prefix >= CHECKPOINT_PREFIX_MAX ||
            (n_prefix && name[n_prefix - 1] != '.'))
            continue;
        snprintf(prefix, CHECKPOINT_PREFIX_MAX, "%.*s", (int)n_prefix, name);
        return 0;
    }
    return error_set(error, -EBADMSG, "the checkpoint has no tensor %s, so it is not one of a LLaMA", key);
}

int checkpoint_sizes(const struct checkpoint *checkpoint, char prefix[CHECKPOINT_PREFIX_MAX], struct hparams *hparams,
                     struct error *error)
{
    const struct shapes shapes = {checkpoint, prefix, error};
    int r = find_prefix(checkpoint, prefix, error);

    if (r == 0)
        r = read_decoder(&shapes, hparams);
    if (r < 0)
        return r;
    hparams->multimodal = find(&shapes, "clip.visual.conv1.weight");
    if (!hparams->multimodal)
        return 0;
    r = read_encoder(&shapes, hparams);
    if (r == 0)
        r = read_projection(&shapes, hparams);
    if (r == 0)
        r = read_tokenizers(&shapes, hparams);
    return r;
}

int checkpoint_head_counts(const struct checkpoint *checkpoint, const char *prefix, struct hparams *hparams,
                           struct error *error)
{
    const struct shapes shapes = {checkpoint, prefix, error};
    struct block_sizes *decoder = &hparams->decoder;
    size_t n_key_rows;
    int r;

    if (!decoder->n_kv_heads) {
        r = dimension(&shapes, "layers.0.attention.wk.weight", 2, 0, &n_key_rows);
        if (r < 0)
            return r;
        decoder->n_kv_heads = n_key_rows * decoder->n_heads / decoder->width;
    }
    if (!hparams->multimodal || (hparams->encoder.n_heads && hparams->expert.n_heads))
        return 0;
    if (hparams->encoder.width % 64)
        return error_set(error, -EINVAL,
                         "an encoder of width %zu is not made of heads of 64; --arch has to give clip_heads and "
                         "resampler_heads",
                         hparams->encoder.width);
    if (!hparams->encoder.n_heads)
        hparams->encoder.n_heads = hparams->encoder.width / 64;
    if (!hparams->expert.n_heads)
        hparams->expert.n_heads = hparams->encoder.width / 64;
    return 0;
}
