/* fmri: the mean over the repeats, computed and rounded in the type of the file (f16: summed in f32, then rounded). */
#include <errno.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/modal/modality_impl.h"
#include "core/tensor/tensor.h"

/* Repeat after repeat, so that sums of f32 are rounded as the reference rounds them. */
static void mean_f32(const float *values, size_t n_repeats, size_t n, float *restrict ret)
{
    for (size_t repeat = 0; repeat < n_repeats; repeat++)
        for (size_t i = 0; i < n; i++)
            ret[i] += values[repeat * n + i];
    for (size_t i = 0; i < n; i++)
        ret[i] /= (float)n_repeats;
}

static void mean_f16(const uint16_t *values, size_t n_repeats, size_t n, float *restrict ret)
{
    for (size_t repeat = 0; repeat < n_repeats; repeat++)
        for (size_t i = 0; i < n; i++)
            ret[i] += tensor_f16_to_f32(values[repeat * n + i]);
    for (size_t i = 0; i < n; i++)
        ret[i] = tensor_f16_to_f32(tensor_f32_to_f16(ret[i] / (float)n_repeats));
}

static void mean_f64(const double *values, size_t n_repeats, size_t n, float *ret)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;

        for (size_t repeat = 0; repeat < n_repeats; repeat++)
            sum += values[repeat * n + i];
        ret[i] = (float)(sum / (double)n_repeats);
    }
}

int fmri_preprocess(const struct modal_input *input, const struct input_sizes *sizes, struct arena *arena,
                    struct input_tensor *ret, struct error *error)
{
    const struct raw_media *media = input->media;
    size_t n_repeats = media->shape[0], n = media->shape[1];
    int r;

    if (n != sizes->fmri_voxels)
        return error_set(error, -EINVAL, "the model expects %zu voxels, found %zu", sizes->fmri_voxels, n);
    r = input_tensor_alloc(ret, (size_t[4]){1, n}, arena, error);
    if (r < 0)
        return r;
    if (media->element == MEDIA_F16)
        mean_f16(media->data, n_repeats, n, ret->data);
    else if (media->element == MEDIA_F32)
        mean_f32(media->data, n_repeats, n, ret->data);
    else
        mean_f64(media->data, n_repeats, n, ret->data);
    if (n_repeats > 1)
        input_tensor_note(ret, "the mean of %zu repeats", n_repeats);
    return 0;
}
