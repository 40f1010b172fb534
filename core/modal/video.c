/* video: of each clip's frame the short side becomes 224 (bilinear, in f32), then three crops are taken along the long
   side: left, centre, right, or top, centre, bottom. Order: all crops of clip 0, all crops of clip 1, ... */
#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/modal/image.h"
#include "core/modal/modality_impl.h"

/* Crop i of n: the first begins at 0, the last ends at the end; the middle one is rounded up. */
static size_t crop_begin(size_t target, size_t size, size_t i, size_t n)
{
    size_t left = target - size;

    return n == 1 ? (left + 1) / 2 : (left * i + n - 2) / (n - 1);
}

static void frame_crop(const struct picture *frame, size_t size, size_t crop, size_t n_crops, float *ret)
{
    size_t side = MIN(frame->width, frame->height);
    struct resize_axis x = {.source = frame->width, .target = size * frame->width / side, .count = size};
    struct resize_axis y = {.source = frame->height, .target = size * frame->height / side, .count = size};

    x.begin = crop_begin(x.target, size, crop, n_crops);
    y.begin = crop_begin(y.target, size, crop, n_crops);
    resize_bilinear(frame, &x, &y, ret);
    for (size_t channel = 0; channel < 3; channel++)
        image_normalise(ret + channel * size * size, size * size, channel);
}

static bool is_one_frame(const struct raw_media *media, size_t n_clips)
{
    return media->n_frames > 0 && n_clips <= ARRAY_SIZE(media->frames) &&
           media->frames[0] == media->frames[n_clips - 1];
}

int video_preprocess(const struct modal_input *input, const struct input_sizes *sizes, struct arena *arena,
                     struct input_tensor *ret, struct error *error)
{
    const struct raw_media *media = input->media;
    size_t size = sizes->image_size, n_crops = sizes->video_crops, n_items = sizes->video_clips * n_crops;
    struct picture frame = {
        .pixels = media->data, .width = media->shape[2], .height = media->shape[1], .n_channels = 3};
    int r;

    if (media->shape[0] != sizes->video_clips)
        return error_set(error, -EINVAL, "the model expects %zu frames of a film, found %zu", sizes->video_clips,
                         media->shape[0]);
    r = input_tensor_alloc(ret, (size_t[4]){n_items, 3, size, size}, arena, error);
    if (r < 0)
        return r;
    ret->n_items = (int)n_items;
    for (size_t i = 0; i < n_items; i++) {
        if (i > 0 && i % n_crops == 0)
            frame.pixels += frame.width * frame.height * 3;
        frame_crop(&frame, size, i % n_crops, n_crops, ret->data + i * 3 * size * size);
    }
    if (sizes->video_clips > 1 && is_one_frame(media, sizes->video_clips))
        input_tensor_note(ret, "the film is so short that only its frame %zu is seen", media->frames[0]);
    return 0;
}
