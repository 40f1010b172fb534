/* image, video, depth, normal   windows of patch x patch pixels      times enc.patch_embd
   audio                         windows of 16 x 16, 10 apart         times mod.audio.conv
   imu                           windows of 6 x 10, 1 apart           times mod.imu.conv
   fmri                          all voxels                           times mod.fmri.conv, token j, channel c = out[8c +
   j] point                         each of 1024 groups of 32 points     times mod.point.conv, maximum over the group */
#include "core/model/tokenizer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/modal/neighbours.h"
#include "core/model/model.h"
#include "core/tensor/matmul.h"
#include "core/tensor/patches.h"

static struct patches windows(const struct hparams *h, enum modality modality)
{
    switch (modality) {
    case MODALITY_AUDIO:
        return (struct patches){1,
                                h->input.audio_mel_bins,
                                h->input.audio_frames,
                                h->audio_kernel,
                                h->audio_kernel,
                                h->audio_stride,
                                h->audio_stride};
    case MODALITY_IMU:
        return (struct patches){h->imu_channels, 1, h->input.imu_samples, 1, h->imu_kernel, 1, 1};
    default:
        return (struct patches){3, h->image_size, h->image_size, h->patch, h->patch, h->patch, h->patch};
    }
}

size_t tokenizer_scratch(const struct model *model)
{
    const struct hparams *h = &model->hparams;
    size_t max = 0;

    for (int m = 0; m < N_MODALITIES; m++) {
        enum modality modality = (enum modality)m;
        struct patches p = windows(h, modality);
        size_t n;

        if (modality == MODALITY_POINT)
            n = h->input.point_max * h->encoder.width;
        else if (modality == MODALITY_FMRI)
            n = h->n_tokens[m] * h->encoder.width;
        else
            n = patches_n_rows(&p) * p.n_channels * p.kernel_height * p.kernel_width;
        max = h->has[m] ? MAX(max, n) : max;
    }
    return max;
}

/* The 1x1 convolution of a point does not depend on its group, so every point is multiplied once and the groups only
 * take maxima. */
static int tokenize_points(const struct model *model, const struct compute *compute, const struct input_tensor *input,
                           float *scratch, float *ret)
{
    const struct hparams *h = &model->hparams;
    const struct linear *conv = &model->weights.modalities[MODALITY_POINT].tokenizer;
    size_t n_points = input->shape[0], n_centres = h->n_tokens[MODALITY_POINT], width = h->encoder.width;
    const float *coordinates = input->data + h->point_coordinates;
    struct arena arena = {0};
    uint32_t *centres = arena_new(&arena, uint32_t, n_centres);
    uint32_t *groups = arena_new(&arena, uint32_t, n_centres * h->point_group);
    int r = centres && groups ? 0 : -ENOMEM;

    if (r == 0)
        r = neighbours_sample(coordinates, n_points, h->point_channels, n_centres, &arena, centres);
    if (r == 0)
        r = neighbours_group(coordinates, n_points, h->point_channels, centres, n_centres, h->point_group, &arena,
                             groups);
    if (r == 0)
        matmul(compute, input->data, h->point_channels, n_points, &conv->weight, conv->bias.data, scratch, width);
    for (size_t i = 0; r == 0 && i < n_centres; i++) {
        float *token = ret + i * width;

        memcpy(token, scratch + groups[i * h->point_group] * width, width * sizeof(*token));
        for (size_t j = 1; j < h->point_group; j++) {
            const float *other = scratch + groups[i * h->point_group + j] * width;

            for (size_t k = 0; k < width; k++)
                token[k] = MAX(token[k], other[k]);
        }
    }
    arena_deinit(&arena);
    return r;
}

static void tokenize_voxels(const struct model *model, const struct compute *compute, const struct input_tensor *input,
                            float *scratch, float *ret)
{
    const struct linear *linear = &model->weights.modalities[MODALITY_FMRI].tokenizer;
    size_t n_tokens = model->hparams.n_tokens[MODALITY_FMRI], width = model->hparams.encoder.width;

    matmul(compute, input->data, input->shape[1], 1, &linear->weight, linear->bias.data, scratch, n_tokens * width);
    for (size_t token = 0; token < n_tokens; token++)
        for (size_t channel = 0; channel < width; channel++)
            ret[token * width + channel] = scratch[channel * n_tokens + token];
}

int tokenizer_run(const struct model *model, const struct compute *compute, const struct input_tensor *input,
                  size_t item, float *scratch, float *ret)
{
    const struct weights *weights = &model->weights;
    const struct linear *conv = &weights->modalities[input->modality].tokenizer;
    struct patches p = windows(&model->hparams, input->modality);

    if (input->modality == MODALITY_POINT)
        return tokenize_points(model, compute, input, scratch, ret);
    if (input->modality == MODALITY_FMRI) {
        tokenize_voxels(model, compute, input, scratch, ret);
        return 0;
    }
    if (!conv->weight.data)
        conv = &weights->encoder.patch;
    patches_extract(&p, input->data + item * p.n_channels * p.height * p.width, scratch);
    matmul(compute, scratch, conv->weight.shape[0], patches_n_rows(&p), &conv->weight, conv->bias.data, ret,
           model->hparams.encoder.width);
    return 0;
}
