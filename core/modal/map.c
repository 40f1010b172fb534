/* depth and normal: an RGB image and a map. The map becomes 8 bits per channel, is resized to the size of the image,
   and then both go through the image path. Between the two resizes only the pixels that the crop needs are computed.

   What the 8 bits mean:
     u8             as they are
     depth, u16     clip: values above 255 become 255, as the official loader does
     depth, f32     the same, fractions cut off
     depth, others  minimum..maximum, of the file (auto) or as given, becomes 0..255; a constant map becomes 0
     normal, u16    the upper 8 bits
     normal, f32    -1..1 becomes 0..255

   A map without an image stands for its image, too. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/modal/image.h"
#include "core/modal/modality_impl.h"

/* A little beyond 1 is rounding of unit vectors. */
#define NORMAL_MAX 1.01f

/* value -> (value - zero) * scale + rounding, cut to 0..255. */
struct levels {
    double zero, scale, rounding;
};

static double map_value(const struct raw_media *map, size_t i)
{
    switch (map->element) {
    case MEDIA_U8:
        return ((const uint8_t *)map->data)[i];
    case MEDIA_U16:
        return ((const uint16_t *)map->data)[i];
    default:
        return ((const float *)map->data)[i];
    }
}

static size_t map_size(const struct raw_media *map)
{
    return map->shape[0] * map->shape[1] * map->shape[2];
}

static void map_bounds(const struct raw_media *map, double *ret_min, double *ret_max)
{
    double min = map_value(map, 0), max = min;

    for (size_t i = 1, n = map_size(map); i < n; i++) {
        min = fmin(min, map_value(map, i));
        max = fmax(max, map_value(map, i));
    }
    *ret_min = min;
    *ret_max = max;
}

static void map_to_8_bits(const struct raw_media *map, struct levels levels, uint8_t *ret)
{
    for (size_t i = 0, n = map_size(map); i < n; i++) {
        double value = (map_value(map, i) - levels.zero) * levels.scale + levels.rounding;

        ret[i] = (uint8_t)fmin(fmax(value, 0), 255);
    }
}

static int depth_levels(const struct modal_input *input, struct levels *ret, struct input_tensor *tensor,
                        struct error *error)
{
    double min = input->options.depth_min, max = input->options.depth_max;

    switch (input->options.depth_range) {
    case DEPTH_RANGE_CLIP:
        *ret = (struct levels){.scale = 1};
        return 0;
    case DEPTH_RANGE_GIVEN:
        if (!(min < max) || !isfinite(max - min))
            return error_set(error, -EINVAL, "a depth range goes from a smaller to a larger number, found %g to %g",
                             min, max);
        break;
    case DEPTH_RANGE_AUTO:
        if (input->media->element == MEDIA_U8) {
            *ret = (struct levels){.scale = 1};
            return 0;
        }
        map_bounds(input->media, &min, &max);
        if (min < max)
            input_tensor_note(tensor, "depth from %g to %g was scaled to 0..255", min, max);
        else
            input_tensor_note(tensor, "depth is %g everywhere and was taken as 0", min);
        break;
    }
    *ret = (struct levels){.zero = min, .scale = min < max ? 255 / (max - min) : 0, .rounding = 0.5};
    return 0;
}

static int normal_levels(const struct modal_input *input, struct levels *ret, struct input_tensor *tensor,
                         struct error *error)
{
    const struct raw_media *map = input->media;
    double min, max;

    switch (map->element) {
    case MEDIA_U8:
        *ret = (struct levels){.scale = 1};
        return 0;
    case MEDIA_U16:
        *ret = (struct levels){.scale = 1.0 / 256};
        input_tensor_note(tensor, "of 16 bits per channel the upper 8 are used");
        return 0;
    default:
        break;
    }
    map_bounds(map, &min, &max);
    if (map->shape[2] != 3)
        return error_set(error, -EINVAL, "a map of normals has 3 channels, found %zu", map->shape[2]);
    if (min < -NORMAL_MAX || max > NORMAL_MAX)
        return error_set(error, -EINVAL, "normals lie in -1..1, found %g to %g", min, max);
    *ret = (struct levels){.zero = -1, .scale = 127.5, .rounding = 0.5};
    input_tensor_note(tensor, "normals in -1..1 were scaled to 0..255");
    return 0;
}

/* The part of the map, resized to width x height, on which the wanted part of x and y depends. *ret_pixels is the
 * memory behind *ret when that is not the map's own. */
static int fit_map(const struct picture *map, const struct resize_axis *x, const struct resize_axis *y,
                   uint8_t **ret_pixels, struct picture *ret, struct error *error)
{
    struct resize_reach columns = resize_reach(x), rows = resize_reach(y);
    struct resize_axis fit_x = {map->width, x->source, columns.begin, columns.count};
    struct resize_axis fit_y = {map->height, y->source, rows.begin, rows.count};
    _cleanup_(freep) uint8_t *pixels = NULL;
    int r;

    *ret = *map;
    if (map->width == x->source && map->height == y->source)
        return 0;
    pixels = malloc(columns.count * rows.count * map->n_channels);
    if (!pixels)
        return error_set(error, -ENOMEM, "no memory for %zu x %zu pixels", columns.count, rows.count);
    r = resize_bicubic(map, &fit_x, &fit_y, pixels, error);
    if (r < 0)
        return r;
    *ret = (struct picture){.pixels = pixels,
                            .width = columns.count,
                            .height = rows.count,
                            .n_channels = map->n_channels,
                            .left = columns.begin,
                            .top = rows.begin};
    *ret_pixels = TAKE_PTR(pixels);
    return 0;
}

static int image_and_map(const struct picture *image, const struct picture *map, size_t size, float *ret,
                         struct error *error)
{
    _cleanup_(freep) uint8_t *pixels = NULL;
    struct resize_axis x, y;
    struct picture fitted;
    int r;

    image_axes(image->width, image->height, size, &x, &y);
    r = image_plane(image, &x, &y, ret, error);
    if (r < 0)
        return r;
    r = fit_map(map, &x, &y, &pixels, &fitted, error);
    if (r < 0)
        return r;
    return image_plane(&fitted, &x, &y, ret + 3 * size * size, error);
}

static int map_preprocess(const struct modal_input *input, struct levels levels, const struct input_sizes *sizes,
                          struct arena *arena, struct input_tensor *ret, struct error *error)
{
    const struct raw_media *media = input->media;
    struct picture map = {.width = media->shape[1], .height = media->shape[0], .n_channels = media->shape[2]};
    _cleanup_(freep) uint8_t *pixels = malloc(map_size(media));
    struct picture image;
    int r;

    if (!pixels)
        return error_set(error, -ENOMEM, "no memory for a map of %zu values", map_size(media));
    map_to_8_bits(media, levels, pixels);
    map.pixels = pixels;
    image = map;
    if (input->image)
        image = (struct picture){.pixels = input->image->data,
                                 .width = input->image->shape[1],
                                 .height = input->image->shape[0],
                                 .n_channels = 3};
    else
        input_tensor_note(ret, "there is no RGB image: the map stands for it");
    r = input_tensor_alloc(ret, (size_t[4]){2, 3, sizes->image_size, sizes->image_size}, arena, error);
    if (r < 0)
        return r;
    ret->n_items = 2;
    return image_and_map(&image, &map, sizes->image_size, ret->data, error);
}

int depth_preprocess(const struct modal_input *input, const struct input_sizes *sizes, struct arena *arena,
                     struct input_tensor *ret, struct error *error)
{
    struct levels levels;
    int r = depth_levels(input, &levels, ret, error);

    return r < 0 ? r : map_preprocess(input, levels, sizes, arena, ret, error);
}

int normal_preprocess(const struct modal_input *input, const struct input_sizes *sizes, struct arena *arena,
                      struct input_tensor *ret, struct error *error)
{
    struct levels levels;
    int r = normal_levels(input, &levels, ret, error);

    return r < 0 ? r : map_preprocess(input, levels, sizes, arena, ret, error);
}
