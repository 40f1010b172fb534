/* How a camera was held: the one tag of EXIF that decides what a picture looks like. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The orientation, 1 to 8, of an EXIF block (which has the structure of a TIFF file, so a TIFF file will do; JPEG, and
 * some WebP files, put "Exif\0\0" before it). 1 when there is none or the block is damaged, because a picture without
 * it can still be seen. */
int exif_orientation(const void *tiff, size_t n);

/* Width and height of a TIFF file's first picture; zeros when not found. */
void exif_size(const void *tiff, size_t n, uint32_t *ret_width, uint32_t *ret_height);
