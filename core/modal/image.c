/* image: short side to 224, centre crop, 0..1, CLIP's mean and standard deviation per channel. */
#include "core/modal/image.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/modal/modality_impl.h"

static const float channel_mean[3] = {0.48145466f, 0.4578275f, 0.40821073f};
static const float channel_std[3] = {0.26862954f, 0.26130258f, 0.27577711f};

/* Half of an odd number is rounded to the even side, as Python does. */
static size_t half_to_even(size_t n)
{
    size_t half = n / 2;

    return half + (n % 2 & half % 2);
}

void image_axes(size_t width, size_t height, size_t size, struct resize_axis *ret_x, struct resize_axis *ret_y)
{
    size_t side = MIN(width, height);

    *ret_x = (struct resize_axis){.source = width, .target = size * width / side, .count = size};
    *ret_y = (struct resize_axis){.source = height, .target = size * height / side, .count = size};
    ret_x->begin = half_to_even(ret_x->target - size);
    ret_y->begin = half_to_even(ret_y->target - size);
}

void image_normalise(float *values, size_t n, size_t channel)
{
    for (size_t i = 0; i < n; i++)
        values[i] = (values[i] - channel_mean[channel]) / channel_std[channel];
}

int image_plane(const struct picture *picture, const struct resize_axis *x, const struct resize_axis *y, float *ret,
                struct error *error)
{
    size_t n = x->count * y->count, n_channels = picture->n_channels;
    _cleanup_(freep) uint8_t *pixels = malloc(n * n_channels);
    int r;

    if (!pixels)
        return error_set(error, -ENOMEM, "no memory for %zu pixels", n);
    r = resize_bicubic(picture, x, y, pixels, error);
    if (r < 0)
        return r;
    for (size_t c = 0; c < 3; c++) {
        for (size_t i = 0; i < n; i++)
            ret[c * n + i] = (float)pixels[i * n_channels + (n_channels == 3 ? c : 0)] / 255;
        image_normalise(ret + c * n, n, c);
    }
    return 0;
}

int image_preprocess(const struct modal_input *input, const struct input_sizes *sizes, struct arena *arena,
                     struct input_tensor *ret, struct error *error)
{
    const struct raw_media *media = input->media;
    struct picture picture = {
        .pixels = media->data, .width = media->shape[1], .height = media->shape[0], .n_channels = 3};
    struct resize_axis x, y;
    int r;

    r = input_tensor_alloc(ret, (size_t[4]){3, sizes->image_size, sizes->image_size}, arena, error);
    if (r < 0)
        return r;
    image_axes(picture.width, picture.height, sizes->image_size, &x, &y);
    return image_plane(&picture, &x, &y, ret->data, error);
}
