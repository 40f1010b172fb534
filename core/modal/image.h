/* The end of the image path, shared by image, video, depth and normal: where the crop lies, and normalised planes. */
#pragma once

#include <stddef.h>

#include "core/modal/resize.h"

/* The short side becomes `size`, the long side follows, and the middle `size` pixels of both are wanted. */
void image_axes(size_t width, size_t height, size_t size, struct resize_axis *ret_x, struct resize_axis *ret_y);

/* Resizes, crops and normalises.   ret  f32 [3, y->count, x->count]; a single channel becomes three equal ones.
 * Errors of resize_bicubic(). */
int image_plane(const struct picture *picture, const struct resize_axis *x, const struct resize_axis *y, float *ret,
                struct error *error);

/* (value - mean) / std of one channel of n values in 0..1, in place. */
void image_normalise(float *values, size_t n, size_t channel);
