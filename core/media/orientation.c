/* EXIF numbers the eight ways by the side of the shown picture on which the stored row 0 and column 0 lie:
     1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, 6 right top, 7 right bottom, 8 left bottom.
   Each is a start and two steps through the stored pixels while the shown ones are written in order. */
#include "core/media/orientation.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"

bool orientation_exchanges_sides(int orientation)
{
    return orientation >= 5;
}

void orientation_apply(int orientation, size_t width, size_t height, size_t pixel_size, const void *stored, void *ret)
{
    bool exchanged = orientation_exchanges_sides(orientation);
    bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    size_t shown_width = exchanged ? height : width, shown_height = exchanged ? width : height;
    uint8_t *to = ret;

    for (size_t y = 0; y < shown_height; y++) {
        for (size_t x = 0; x < shown_width; x++, to += pixel_size) {
            size_t column = exchanged ? y : x, row = exchanged ? x : y;

            column = from_right ? width - 1 - column : column;
            row = from_bottom ? height - 1 - row : row;
            memcpy(to, (const uint8_t *)stored + (row * width + column) * pixel_size, pixel_size);
        }
    }
}

int raw_media_orient(struct raw_media *media, int orientation, struct error *error)
{
    size_t height = media->shape[0], width = media->shape[1];
    size_t pixel_size = media->shape[2] * media_element_size(media->element);
    void *shown;

    if (orientation > 1) {
        shown = malloc(media->n_bytes);
        if (!shown)
            return error_set(error, -ENOMEM, "no memory to turn a picture of %zu x %zu pixels", width, height);
        orientation_apply(orientation, width, height, pixel_size, media->data, shown);
        free(media->data);
        media->data = shown;
    }
    if (orientation_exchanges_sides(orientation)) {
        media->shape[0] = width;
        media->shape[1] = height;
    }
    media->width = (int)media->shape[1];
    media->height = (int)media->shape[0];
    return 0;
}
