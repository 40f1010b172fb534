/* What a model takes: the lists of /v1/models and /v1/modalities. */
#include "core/answer/answer_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/answer/question.h"
#include "core/base/cleanup.h"
#include "core/base/value.h"
#include "core/model/hparams.h"
#include "core/model/synthesize.h"

static struct value *list_json(struct value *data)
{
    struct value *list = value_object();

    value_set_text(list, "object", "list");
    value_set(list, "data", data);
    return list;
}

struct value *answer_models_json(const struct onellm *onellm)
{
    const struct onellm_info *info = onellm_info(onellm);
    struct value *model = value_object(), *inputs = value_array(), *data = value_array();

    value_add_text(inputs, "text");
    for (int m = 0; m < N_MODALITIES; m++)
        if (info->hparams->multimodal && info->hparams->has[m])
            value_add_text(inputs, modality_info((enum modality)m)->name);
    value_set_text(model, "id", info->id);
    value_set_text(model, "object", "model");
    value_set_integer(model, "created", info->created);
    value_set_text(model, "owned_by", "onellmd");
    value_set_integer(model, "context", (int64_t)info->context);
    value_set(model, "input_modalities", inputs);
    value_set_text(model, "quantization", info->type);
    value_set_integer(model, "size", (int64_t)info->n_bytes);
    value_set_boolean(model, "untrained", info->untrained);
    value_add(data, model);
    return list_json(data);
}

/* ---- modalities ---- */

static struct value *formats_json(enum media_kind kind)
{
    struct value *list = value_array();

    for (const char *const *format = media_formats(kind); *format; format++)
        value_add_text(list, *format);
    return list;
}

/* Fields and companion files whose names begin with that of the modality. */
static struct value *options_json(const char *name)
{
    struct value *list = value_array();
    size_t n = strlen(name);

    for (size_t i = 0; i < n_fields; i++)
        if (strncmp(fields[i].name, name, n) == 0 && fields[i].name[n] == '.')
            value_add_text(list, fields[i].name);
    return list;
}

static struct value *companions_json(enum modality modality)
{
    struct value *companions = value_object();

    if (modality_info(modality)->takes_image)
        value_set(companions, "image", formats_json(MEDIA_IMAGE));
    if (modality == MODALITY_IMU)
        value_set(companions, "imu.timestamps", formats_json(MEDIA_TIMESTAMPS));
    if (modality == MODALITY_FMRI)
        value_set(companions, "fmri.mask", formats_json(MEDIA_ARRAY));
    return companions;
}

static struct value *limits_json(enum modality modality, const struct hparams *hparams,
                                 const struct media_limits *limits)
{
    struct value *ret = value_object();

    switch (modality_info(modality)->kind) {
    case MEDIA_IMAGE:
    case MEDIA_MAP:
        value_set_integer(ret, "pixels_max", (int64_t)limits->image_pixels_max);
        break;
    case MEDIA_VIDEO:
        value_set_number(ret, "seconds_max", limits->video_seconds_max);
        value_set_integer(ret, "side_max", limits->video_side_max);
        break;
    case MEDIA_AUDIO:
        value_set_number(ret, "seconds_max", limits->audio_seconds_max);
        break;
    case MEDIA_POINTS:
        value_set_integer(ret, "points_min", (int64_t)hparams->input.point_min);
        value_set_integer(ret, "points_max", (int64_t)limits->points_max);
        break;
    case MEDIA_SERIES:
    case MEDIA_TIMESTAMPS:
        value_set_number(ret, "seconds_max", limits->imu_seconds_max);
        break;
    case MEDIA_ARRAY:
        value_set_integer(ret, "voxels", (int64_t)hparams->input.fmri_voxels);
        value_set_integer(ret, "repeats_max", (int64_t)limits->fmri_repeats_max);
        break;
    }
    return ret;
}

/* Shape of the input tensor; "N" is a length that depends on the file. */
static struct value *tensor_json(enum modality modality, const struct hparams *hparams)
{
    const struct input_sizes *in = &hparams->input;
    const size_t s = in->image_size;
    const size_t shapes[N_MODALITIES][4] = {
        [MODALITY_IMAGE] = {3, s, s},
        [MODALITY_VIDEO] = {in->video_clips * in->video_crops, 3, s, s},
        [MODALITY_AUDIO] = {1, in->audio_mel_bins, in->audio_frames},
        [MODALITY_DEPTH] = {2, 3, s, s},
        [MODALITY_NORMAL] = {2, 3, s, s},
        [MODALITY_IMU] = {hparams->imu_channels, in->imu_samples},
        [MODALITY_FMRI] = {1, in->fmri_voxels},
    };
    struct value *tensor = value_object(), *shape = value_array();

    if (modality == MODALITY_POINT) {
        value_add_text(shape, "N");
        value_add_integer(shape, (int64_t)hparams->point_channels);
    }
    for (size_t i = 0; i < 4 && shapes[modality][i]; i++)
        value_add_integer(shape, (int64_t)shapes[modality][i]);
    value_set_text(tensor, "type", "f32");
    value_set(tensor, "shape", shape);
    return tensor;
}

static double rounded(float weight)
{
    return round((double)weight * 1e7) / 1e7;
}

/* The weights of the experts for each modality token, and their mean over the tokens. */
static struct value *routing_json(const float *routing, const struct hparams *hparams)
{
    struct value *ret = value_object(), *mean = value_array(), *tokens = value_array();
    size_t n_experts = hparams->n_experts, n_tokens = hparams->n_modality_tokens;

    for (size_t k = 0; k < n_experts; k++) {
        float sum = 0;

        for (size_t i = 0; i < n_tokens; i++)
            sum += routing[i * n_experts + k];
        value_add_number(mean, rounded(sum / (float)n_tokens));
    }
    for (size_t i = 0; i < n_tokens; i++) {
        struct value *row = value_array();

        for (size_t k = 0; k < n_experts; k++)
            value_add_number(row, rounded(routing[i * n_experts + k]));
        value_add(tokens, row);
    }
    value_set_text(ret, "kind", router_kind_name(hparams->router));
    value_set(ret, "mean", mean);
    value_set(ret, "tokens", tokens);
    return ret;
}

static const char *const examples[N_MODALITIES] = {
    [MODALITY_IMAGE] = "-F image=@cat.jpg -F prompt='What is the animal doing?'",
    [MODALITY_VIDEO] = "-F video=@clip.mp4 -F prompt='What happens here?'",
    [MODALITY_AUDIO] = "-F audio=@rain.flac -F prompt='What do you hear?'",
    [MODALITY_POINT] = "-F point=@chair.ply -F prompt='What is this?'",
    [MODALITY_DEPTH] = "-F image=@room.jpg -F depth=@room_depth.png -F prompt='How far is the chair?'",
    [MODALITY_NORMAL] = "-F image=@room.jpg -F normal=@room_normal.png -F prompt='Which way does the wall face?'",
    [MODALITY_IMU] = "-F imu=@walk.csv -F imu.start=1.0 -F prompt='Describe the motion.'",
    [MODALITY_FMRI] = "-F fmri=@betas.npy -F prompt='Describe the scene based on fMRI data.'",
};

static struct value *modality_json(const struct onellm *onellm, enum modality modality, const struct hparams *hparams,
                                   const struct media_limits *limits)
{
    const struct modality_info *info = modality_info(modality);
    const float *routing = onellm ? onellm_routing(onellm, modality) : NULL;
    struct value *ret = value_object();
    char example[256];

    snprintf(example, sizeof(example), "curl %s http://127.0.0.1:8080/v1/answers", examples[modality]);
    value_set_text(ret, "id", info->name);
    value_set_text(ret, "object", "modality");
    value_set_text(ret, "description", info->input);
    value_set_boolean(ret, "available", hparams->multimodal && hparams->has[modality]);
    value_set(ret, "formats", formats_json(info->kind));
    value_set(ret, "companions", companions_json(modality));
    value_set(ret, "options", options_json(info->name));
    value_set(ret, "limits", limits_json(modality, hparams, limits));
    if (hparams->multimodal) {
        value_set(ret, "tensor", tensor_json(modality, hparams));
        value_set_integer(ret, "encoder_tokens", (int64_t)hparams->n_tokens[modality]);
        value_set_integer(ret, "tokens", (int64_t)hparams->n_modality_tokens);
    }
    if (routing)
        value_set(ret, "routing", routing_json(routing, hparams));
    value_set_text(ret, "example", example);
    return ret;
}

struct value *answer_modalities_json(const struct onellm *onellm, const struct media_limits *limits)
{
    const struct hparams *hparams = onellm ? onellm_info(onellm)->hparams : synthesize_shape("onellm-7b");
    struct value *data = value_array();

    for (int m = 0; m < N_MODALITIES; m++)
        value_add(data, modality_json(onellm, (enum modality)m, hparams, limits ? limits : &media_limits_default));
    return list_json(data);
}
