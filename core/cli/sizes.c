#include "core/cli/sizes.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "core/file/mapped_file.h"
#include "core/model/hparams.h"

#define JSON_BYTES_MAX ((size_t)1 << 20)

/* Most sizes are one member of struct hparams; the others are listed behind. */
static const struct size_row {
    const char *name, *other_name; /* of arch.json; of struct hparams, when that is shorter */
    enum size_origin origin;
    enum { WHOLE, REAL } type;
    size_t offset;
} rows[] = {
#define ROW(name, other_name, origin, type, member)                                                                    \
    {                                                                                                                  \
        name, other_name, SIZE_##origin, type, offsetof(struct hparams, member)                                        \
    }
    ROW("dim", NULL, SHAPE, WHOLE, decoder.width),
    ROW("n_layers", "n_blocks", SHAPE, WHOLE, decoder.n_blocks),
    ROW("n_heads", NULL, GIVEN, WHOLE, decoder.n_heads),
    ROW("n_kv_heads", NULL, GIVEN, WHOLE, decoder.n_kv_heads),
    ROW("ffn_hidden", "ffn_width", SHAPE, WHOLE, decoder.ffn_width),
    ROW("norm_eps", NULL, GIVEN, REAL, decoder.norm_eps),
    ROW("rope_theta", NULL, GIVEN, REAL, rope_theta),
    ROW("max_seq_len", "context", GIVEN, WHOLE, context),
    ROW("vocab_size", "n_vocab", SHAPE, WHOLE, n_vocab),
    ROW("clip_width", NULL, SHAPE, WHOLE, encoder.width),
    ROW("clip_layers", NULL, SHAPE, WHOLE, encoder.n_blocks),
    ROW("clip_heads", NULL, GIVEN, WHOLE, encoder.n_heads),
    ROW("clip_mlp_width", NULL, SHAPE, WHOLE, encoder.ffn_width),
    ROW("clip_patch", "patch", SHAPE, WHOLE, patch),
    ROW("clip_image_size", "image_size", SHAPE, WHOLE, image_size),
    ROW("layer_norm_eps", NULL, GIVEN, REAL, encoder.norm_eps),
    ROW("num_experts", "n_experts", SHAPE, WHOLE, n_experts),
    ROW("num_resample_layers", NULL, SHAPE, WHOLE, expert.n_blocks),
    ROW("resampler_heads", NULL, GIVEN, WHOLE, expert.n_heads),
    ROW("resampler_ffn_hidden", NULL, SHAPE, WHOLE, expert.ffn_width),
    ROW("resampler_norm_eps", NULL, GIVEN, REAL, expert.norm_eps),
    ROW("router_hidden", "router_width", SHAPE, WHOLE, router_width),
    ROW("modality_tokens", "n_modality_tokens", SHAPE, WHOLE, n_modality_tokens),
    ROW("image_tokens", NULL, DERIVED, WHOLE, n_tokens[MODALITY_IMAGE]),
    ROW("video_clips", NULL, GIVEN, WHOLE, input.video_clips),
    ROW("video_crops", NULL, GIVEN, WHOLE, input.video_crops),
    ROW("audio_tokens", NULL, DERIVED, WHOLE, n_tokens[MODALITY_AUDIO]),
    ROW("audio_kernel", NULL, SHAPE, WHOLE, audio_kernel),
    ROW("audio_stride", NULL, GIVEN, WHOLE, audio_stride),
    ROW("audio_mel_bins", NULL, GIVEN, WHOLE, input.audio_mel_bins),
    ROW("audio_frames", NULL, GIVEN, WHOLE, input.audio_frames),
    ROW("point_tokens", NULL, SHAPE, WHOLE, n_tokens[MODALITY_POINT]),
    ROW("point_group_size", "point_group", GIVEN, WHOLE, point_group),
    ROW("point_coordinates", NULL, GIVEN, WHOLE, point_coordinates),
    ROW("point_max", NULL, GIVEN, WHOLE, input.point_max),
    ROW("imu_tokens", NULL, DERIVED, WHOLE, n_tokens[MODALITY_IMU]),
    ROW("imu_kernel", NULL, SHAPE, WHOLE, imu_kernel),
    ROW("imu_samples", NULL, SHAPE, WHOLE, input.imu_samples),
    ROW("fmri_voxels", NULL, SHAPE, WHOLE, input.fmri_voxels),
    ROW("fmri_tokens", NULL, SHAPE, WHOLE, n_tokens[MODALITY_FMRI]),
#undef ROW
};

static size_t *whole_of(const struct hparams *hparams, const struct size_row *row)
{
    return (size_t *)((uintptr_t)hparams + row->offset);
}

static float *real_of(const struct hparams *hparams, const struct size_row *row)
{
    return (float *)((uintptr_t)hparams + row->offset);
}

static const struct value *value_of(const struct value *object, const struct size_row *row)
{
    const struct value *value = value_get(object, row->name);

    return value || !row->other_name ? value : value_get(object, row->other_name);
}

bool sizes_can_set(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].origin != SIZE_DERIVED &&
            (strcmp(rows[i].name, name) == 0 || (rows[i].other_name && strcmp(rows[i].other_name, name) == 0)))
            return true;
    return strcmp(name, "router") == 0;
}

/* A negative whole number means "see elsewhere", as vocab_size -1 of params.json does: *ret_said is false then. */
static int read_whole(const struct value *value, const char *name, const char *source, size_t *ret, bool *ret_said,
                      struct error *error)
{
    int64_t whole;

    if (!value_integer(value, &whole) || whole > UINT32_MAX)
        return error_set(error, -EINVAL, "%s: %s is not a whole number below 2^32", source, name);
    *ret_said = whole >= 0;
    if (whole >= 0)
        *ret = (size_t)whole;
    return 0;
}

static int read_real(const struct value *value, const char *name, const char *source, float *ret, struct error *error)
{
    double real;

    if (!value_number(value, &real))
        return error_set(error, -EINVAL, "%s: %s is not a number", source, name);
    *ret = (float)real;
    return 0;
}

static int read_router(const struct value *object, const char *source, enum router_kind *ret, struct error *error)
{
    const struct value *value = value_get(object, "router");
    const char *name = value_text(value);

    if (value && (!name || router_kind_by_name(name, strlen(name), ret) < 0))
        return error_set(error, -EINVAL, "%s: router is not soft-sigmoid, soft-softmax, sparse or constant", source);
    return 0;
}

int sizes_assign(struct hparams *hparams, const struct value *object, bool shapes, const char *source,
                 struct error *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct value *value = value_of(object, &rows[i]);
        bool said;
        int r = 0;

        if (!value || rows[i].origin == SIZE_DERIVED || (rows[i].origin == SIZE_SHAPE && !shapes))
            continue;
        if (rows[i].type == WHOLE)
            r = read_whole(value, rows[i].name, source, whole_of(hparams, &rows[i]), &said, error);
        else
            r = read_real(value, rows[i].name, source, real_of(hparams, &rows[i]), error);
        if (r < 0)
            return r;
    }
    if (value_get(object, "n_heads") && !value_get(object, "n_kv_heads"))
        hparams->decoder.n_kv_heads = 0;
    if (value_get(object, "norm_eps") && !value_get(object, "resampler_norm_eps"))
        hparams->expert.norm_eps = hparams->decoder.norm_eps;
    return read_router(object, source, &hparams->router, error);
}

static int compare_whole(const struct value *value, const char *name, size_t expected, const char *source,
                         struct error *error)
{
    size_t whole = 0;
    bool said;
    int r;

    if (!value)
        return 0;
    r = read_whole(value, name, source, &whole, &said, error);
    if (r == 0 && said && whole != expected)
        return error_set(error, -EINVAL, "%s says %s %zu, but it is %zu", source, name, whole, expected);
    return r;
}

static int compare_real(const struct value *value, const char *name, float expected, const char *source,
                        struct error *error)
{
    float real = 0;
    int r = read_real(value, name, source, &real, error);

    if (r == 0 && real != expected)
        return error_set(error, -EINVAL, "%s says %s %g, but it is %g", source, name, (double)real, (double)expected);
    return r;
}

/* What is no member of struct hparams. */
static int compare_others(const struct hparams *hparams, const struct value *object, const char *source,
                          struct error *error)
{
    const char *activation = value_text(value_get(object, "clip_activation"));
    enum router_kind router = hparams->router;
    int r = read_router(object, source, &router, error);

    if (r < 0)
        return r;
    if (router != hparams->router)
        return error_set(error, -EINVAL, "%s says router %s, but it is %s", source, router_kind_name(router),
                         router_kind_name(hparams->router));
    if (activation && strcmp(activation, "quick_gelu") != 0)
        return error_set(error, -EINVAL, "%s says clip_activation %.20s; only quick_gelu is implemented", source,
                         activation);
    return compare_whole(value_get(object, "fmri_linear_out"), "fmri_linear_out",
                         hparams->n_tokens[MODALITY_FMRI] * hparams->encoder.width, source, error);
}

int sizes_compare(const struct hparams *hparams, const struct value *object, const char *source, struct error *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct value *value = value_of(object, &rows[i]);
        int r = 0;

        if (!value)
            continue;
        if (rows[i].type == WHOLE)
            r = compare_whole(value, rows[i].name, *whole_of(hparams, &rows[i]), source, error);
        else
            r = compare_real(value, rows[i].name, *real_of(hparams, &rows[i]), source, error);
        if (r < 0)
            return r;
    }
    return compare_others(hparams, object, source, error);
}

int sizes_read_json(const char *path, struct value **ret, struct error *error)
{
    _cleanup_(mapped_file_unmap) struct mapped_file file = {0};
    _cleanup_(value_freep) struct value *value = NULL;
    _cleanup_(closep) int fd = -1;
    int r = mapped_file_open(path, &fd, error);

    if (r == 0)
        r = mapped_file_map(&file, fd, error);
    if (r == 0 && file.n > JSON_BYTES_MAX)
        r = error_set(error, -EFBIG, "larger than %zu MiB", JSON_BYTES_MAX >> 20);
    if (r == 0)
        r = value_parse_json((const char *)file.bytes, file.n, &value, error);
    if (r == 0 && !value_is_object(value))
        r = error_set(error, -EINVAL, "expected a JSON object");
    if (r < 0) {
        mapped_file_error_at(error, path);
        return r;
    }
    *ret = TAKE_PTR(value);
    return 0;
}
