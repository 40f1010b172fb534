/* Turns pixels the way that EXIF and film containers ask for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/media/raw_media.h"

struct error;

/* True for the four orientations that exchange width and height. */
bool orientation_exchanges_sides(int orientation);

/* Copies one picture of width x height pixels of pixel_size bytes, as stored, into the picture as shown. The
 * orientation is EXIF's, 1 to 8. */
void orientation_apply(int orientation, size_t width, size_t height, size_t pixel_size, const void *stored, void *ret);

/* The same for a finished picture [height, width, channels], replacing its block. -ENOMEM. */
int raw_media_orient(struct raw_media *media, int orientation, struct error *error);
