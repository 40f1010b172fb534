/* The table of eight, and what preprocessing has in common: checks before, checks after.

   Raw media may come from another process, so nothing in them is believed: modality.c checks shape against memory and
   every number for being finite; the file of a modality checks what only it can know. */
#include "core/modal/modality.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/modal/modality_impl.h"

static const struct modality_info infos[N_MODALITIES] = {
    {MODALITY_IMAGE, "image", "image", MEDIA_IMAGE, false, "a picture"},
    {MODALITY_VIDEO, "video", "video", MEDIA_VIDEO, false, "a film, seen as five frames spread over its length"},
    {MODALITY_AUDIO, "audio", "audio", MEDIA_AUDIO, false, "a recording, of which the first 10.24 s are heard"},
    {MODALITY_POINT, "point", "point", MEDIA_POINTS, false, "a cloud of at least 1024 points, with or without colours"},
    {MODALITY_DEPTH, "depth", "rgbd", MEDIA_MAP, true, "an RGB image and its depth map"},
    {MODALITY_NORMAL, "normal", "rgbn", MEDIA_MAP, true, "an RGB image and its map of surface normals"},
    {MODALITY_IMU, "imu", "imu", MEDIA_SERIES, false, "two seconds of accelerometer and gyroscope, three axes each"},
    {MODALITY_FMRI, "fmri", "fmri", MEDIA_ARRAY, false, "one response per voxel; repeats are averaged"},
};

static modality_preprocess *const preprocess[N_MODALITIES] = {
    [MODALITY_IMAGE] = image_preprocess, [MODALITY_VIDEO] = video_preprocess, [MODALITY_AUDIO] = audio_preprocess,
    [MODALITY_POINT] = point_preprocess, [MODALITY_DEPTH] = depth_preprocess, [MODALITY_NORMAL] = normal_preprocess,
    [MODALITY_IMU] = imu_preprocess,     [MODALITY_FMRI] = fmri_preprocess,
};

/* What raw media of a kind look like (core/media/raw_media.h). */
struct kind_shape {
    unsigned elements; /* bits 1 << enum media_element */
    int n_dims;
    size_t last[2]; /* what the last dimension may be; 0: anything */
    const char *text;
};

#define U8 (1u << MEDIA_U8)
#define U16 (1u << MEDIA_U16)
#define F16 (1u << MEDIA_F16)
#define F32 (1u << MEDIA_F32)
#define F64 (1u << MEDIA_F64)

static const struct kind_shape kind_shapes[] = {
    [MEDIA_IMAGE] = {U8, 3, {3, 3}, "a picture, u8 [height, width, 3]"},
    [MEDIA_MAP] = {U8 | U16 | F32, 3, {1, 3}, "a map, u8, u16 or f32 [height, width, 1 or 3]"},
    [MEDIA_VIDEO] = {U8, 4, {3, 3}, "a film, u8 [frames, height, width, 3]"},
    [MEDIA_AUDIO] = {F32, 2, {0}, "a recording, f32 [channels, samples]"},
    [MEDIA_POINTS] = {F32, 2, {3, 6}, "points, f32 [points, 3 or 6]"},
    [MEDIA_SERIES] = {F32 | F64, 2, {6, 7}, "a series, f32 or f64 [samples, 6 or 7]"},
    [MEDIA_TIMESTAMPS] = {F64, 1, {0}, "time stamps, f64 [samples]"},
    [MEDIA_ARRAY] = {F16 | F32 | F64, 2, {0}, "an array, f16, f32 or f64 [repeats, voxels]"},
};

const struct input_sizes input_sizes_released = {
    .image_size = 224,
    .video_clips = 5,
    .video_crops = 3,
    .audio_mel_bins = 128,
    .audio_frames = 1024,
    .point_min = 1024,
    .point_max = 8192,
    .imu_samples = 400,
    .fmri_voxels = 15724,
};

static const char *describe_shape(const struct raw_media *media, char *text, size_t n)
{
    static const char *const elements[] = {"u8", "u16", "f16", "f32", "f64"};
    size_t used;

    used = (size_t)snprintf(text, n, "%s [", media->element < ARRAY_SIZE(elements) ? elements[media->element] : "?");
    for (int i = 0; i < media->n_dims && i < 4; i++)
        used += (size_t)snprintf(text + used, n - used, "%s%zu", i == 0 ? "" : ", ", media->shape[i]);
    snprintf(text + used, n - used, "]");
    return text;
}

static bool has_shape(const struct raw_media *media, const struct kind_shape *expected)
{
    size_t n_bytes, last;

    if (media->element > MEDIA_F64 || !(expected->elements & 1u << media->element) || media->n_dims != expected->n_dims)
        return false;
    n_bytes = media_element_size(media->element);
    for (int i = 0; i < media->n_dims; i++)
        if (media->shape[i] == 0 || __builtin_mul_overflow(n_bytes, media->shape[i], &n_bytes))
            return false;
    last = media->shape[media->n_dims - 1];
    return n_bytes == media->n_bytes && media->data &&
           (expected->last[0] == 0 || last == expected->last[0] || last == expected->last[1]);
}

/* Values whose exponent is all ones are infinite or not a number. Counting has no branch, so the loop vectorises. */
#define DEFINE_IS_FINITE(name, type, exponent)                                                                         \
    static bool name(const void *values, size_t n)                                                                     \
    {                                                                                                                  \
        const type *bits = values;                                                                                     \
        type n_bad = 0;                                                                                                \
                                                                                                                       \
        for (size_t i = 0; i < n; i++)                                                                                 \
            n_bad |= (bits[i] & (exponent)) == (exponent);                                                             \
        return n_bad == 0;                                                                                             \
    }
DEFINE_IS_FINITE(is_finite_16, uint16_t, 0x7c00)
DEFINE_IS_FINITE(is_finite_32, uint32_t, 0x7f800000)
DEFINE_IS_FINITE(is_finite_64, uint64_t, 0x7ff0000000000000)
#undef DEFINE_IS_FINITE

static bool is_finite(enum media_element element, const void *values, size_t n)
{
    switch (element) {
    case MEDIA_F16:
        return is_finite_16(values, n);
    case MEDIA_F32:
        return is_finite_32(values, n);
    case MEDIA_F64:
        return is_finite_64(values, n);
    case MEDIA_U8:
    case MEDIA_U16:
        break;
    }
    return true;
}

static int check_media(const struct raw_media *media, enum media_kind kind, struct error *error)
{
    const struct kind_shape *expected = &kind_shapes[kind];
    char found[128];

    if (media->kind != kind)
        return error_set(error, -EINVAL, "expected %s, found another kind of file", expected->text);
    if (!has_shape(media, expected))
        return error_set(error, -EINVAL, "expected %s, found %s", expected->text,
                         describe_shape(media, found, sizeof(found)));
    if (!is_finite(media->element, media->data, media->n_bytes / media_element_size(media->element)))
        return error_set(error, -EBADMSG, "the file holds numbers that are not finite (NaN or infinity)");
    return 0;
}

static int check_input(const struct modal_input *input, struct error *error)
{
    const struct modality_info *info = &infos[input->modality];
    int r;

    r = check_media(input->media, info->kind, error);
    if (r == 0 && info->takes_image && input->image)
        r = check_media(input->image, MEDIA_IMAGE, error);
    if (r == 0 && input->modality == MODALITY_IMU && input->timestamps)
        r = check_media(input->timestamps, MEDIA_TIMESTAMPS, error);
    return r;
}

size_t input_tensor_size(const struct input_tensor *tensor)
{
    size_t n = 1;

    for (int i = 0; i < tensor->n_dims; i++)
        n *= tensor->shape[i];
    return n;
}

int input_tensor_alloc(struct input_tensor *tensor, const size_t shape[4], struct arena *arena, struct error *error)
{
    size_t n = 1;

    for (int i = 0; i < 4 && shape[i] > 0; i++) {
        tensor->shape[i] = shape[i];
        tensor->n_dims = i + 1;
        if (__builtin_mul_overflow(n, shape[i], &n))
            return error_set(error, -ENOMEM, "no memory for the input tensor");
    }
    tensor->data = arena_new(arena, float, n);
    if (!tensor->data)
        return error_set(error, -ENOMEM, "no memory for an input tensor of %zu numbers", n);
    return 0;
}

void input_tensor_note(struct input_tensor *tensor, const char *format, ...)
{
    size_t used = strlen(tensor->notes), left = sizeof(tensor->notes) - used;
    const char *separator = used > 0 ? "; " : "";
    size_t n_separator = strlen(separator);
    va_list arguments;
    int n;

    if (left <= n_separator)
        return;
    memcpy(tensor->notes + used, separator, n_separator);
    va_start(arguments, format);
    n = vsnprintf(tensor->notes + used + n_separator, left - n_separator, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= left - n_separator)
        tensor->notes[used] = '\0';
}

const struct modality_info *modality_info(enum modality modality)
{
    return &infos[modality];
}

enum modality modality_by_name(const char *name, size_t n)
{
    enum modality modality = 0;

    while (modality < N_MODALITIES && (strlen(infos[modality].name) != n || memcmp(infos[modality].name, name, n) != 0))
        modality++;
    return modality;
}

int modal_preprocess(const struct modal_input *input, const struct input_sizes *sizes, struct arena *arena,
                     struct input_tensor *ret, struct error *error)
{
    struct input_tensor tensor = {.modality = input->modality, .n_items = 1};
    int r;

    assert(input->modality < N_MODALITIES && input->media);
    r = check_input(input, error);
    if (r < 0)
        return r;
    r = preprocess[input->modality](input, sizes, arena, &tensor, error);
    if (r < 0)
        return r;
    /* Numbers near the end of their range may overflow on the way. */
    if (!is_finite(MEDIA_F32, tensor.data, input_tensor_size(&tensor)))
        return error_set(error, -EINVAL, "the file holds numbers that are too large to compute with");
    *ret = tensor;
    return 0;
}
