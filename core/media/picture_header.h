/* What a compressed picture's container says before a decoder runs: its size, how it is to be turned, and whether the
   file is all there. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/media/sniff.h"

struct error;

struct picture_header {
    uint32_t width, height; /* zeros: not known before decoding */
    int orientation;        /* EXIF's, 1 to 8 */
    const uint8_t *frame;   /* WebP: the chunk with the first picture; NULL: the whole file is one */
    size_t frame_size;
};

/* PNG, WebP, GIF, BMP and TIFF. -EBADMSG when damaged or cut off. */
int picture_header_read(const void *bytes, size_t n_bytes, enum file_format format, struct picture_header *ret,
                        struct error *error);
