/* Small walks, each through the chunks or blocks of one format up to the end of the first picture. */
#include "core/media/picture_header.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/media/exif.h"
#include "core/media/gif.h"

static uint32_t read_u32_big(struct bytes *bytes)
{
    return __builtin_bswap32(bytes_u32(bytes));
}

/* Chunks of length, type, data, CRC, to the chunk IEND. */
static bool read_png(struct bytes bytes, struct picture_header *header)
{
    bytes_take(&bytes, 8);
    while (!bytes.failed) {
        uint32_t n = read_u32_big(&bytes);
        const uint8_t *type = bytes_take(&bytes, 4), *data = bytes_take(&bytes, n);
        uint32_t crc = read_u32_big(&bytes);

        if (bytes.failed || crc32_z(0, type, n + (size_t)4) != crc)
            return false;
        if (memcmp(type, "IEND", 4) == 0)
            return header->width > 0;
        if (memcmp(type, "eXIf", 4) == 0)
            header->orientation = exif_orientation(data, n);
        if (memcmp(type, "IHDR", 4) == 0) {
            struct bytes fields = bytes_of(data, n);

            header->width = read_u32_big(&fields);
            header->height = read_u32_big(&fields);
        }
    }
    return false;
}

/* Size from the first bytes of a lossy (frame tag, start code, two times 14 bits) or lossless picture. */
static void read_webp_size(const uint8_t *type, struct bytes frame, struct picture_header *header)
{
    if (type[3] == 'L') {
        uint32_t bits;

        bytes_u8(&frame);
        bits = bytes_u32(&frame);
        header->width = (bits & 0x3fff) + 1;
        header->height = (bits >> 14 & 0x3fff) + 1;
    } else {
        bytes_take(&frame, 6);
        header->width = bytes_u16(&frame) & 0x3fff;
        header->height = bytes_u16(&frame) & 0x3fff;
    }
}

/* Chunks of type, length, data, padded to even sizes. An animation wraps each picture into a chunk ANMF; the first one
 * counts, as for GIF. */
static bool read_webp(struct bytes bytes, struct picture_header *header)
{
    uint32_t riff_size;

    bytes_take(&bytes, 4);
    riff_size = bytes_u32(&bytes);
    if (riff_size < 4 || riff_size > bytes_left(&bytes))
        return false;
    bytes.end = bytes.at + riff_size;
    bytes_take(&bytes, 4);
    while (bytes_left(&bytes) >= 8) {
        const uint8_t *type = bytes_take(&bytes, 4);
        uint32_t n = bytes_u32(&bytes);
        const uint8_t *data = bytes_take(&bytes, n);

        if (!data)
            return false;
        if (memcmp(type, "EXIF", 4) == 0)
            header->orientation = exif_orientation(data, n);
        if (memcmp(type, "ANMF", 4) == 0 && !header->frame && n > 16) {
            bytes.at = data + 16; /* walk through the chunks inside as if they stood outside */
            continue;
        }
        if ((memcmp(type, "VP8 ", 4) == 0 || memcmp(type, "VP8L", 4) == 0) && !header->frame) {
            header->frame = type;
            header->frame_size = 8 + (size_t)n;
            read_webp_size(type, bytes_of(data, n), header);
        }
        if (n % 2 && bytes_left(&bytes) > 0)
            bytes.at++;
    }
    return header->frame;
}

/* The oldest kind of header has 16-bit sizes; a negative height means that the first row is on top. */
static bool read_bmp(struct bytes bytes, struct picture_header *header)
{
    bytes_take(&bytes, 14);
    if (bytes_u32(&bytes) == 12) {
        header->width = bytes_u16(&bytes);
        header->height = bytes_u16(&bytes);
    } else {
        header->width = bytes_u32(&bytes);
        header->height = (uint32_t)llabs(bytes_i32(&bytes));
    }
    return !bytes.failed;
}

static bool read_tiff(struct bytes bytes, struct picture_header *header)
{
    exif_size(bytes.at, bytes_left(&bytes), &header->width, &header->height);
    header->orientation = exif_orientation(bytes.at, bytes_left(&bytes));
    return header->width > 0 && header->height > 0;
}

int picture_header_read(const void *data, size_t n_bytes, enum file_format format, struct picture_header *ret,
                        struct error *error)
{
    struct bytes bytes = bytes_of(data, n_bytes);
    struct picture_header header = {.orientation = 1};
    bool good = true;

    if (format == FORMAT_PNG)
        good = read_png(bytes, &header);
    else if (format == FORMAT_WEBP)
        good = read_webp(bytes, &header);
    else if (format == FORMAT_GIF)
        good = gif_walk(bytes, false, &header.width, &header.height);
    else if (format == FORMAT_BMP)
        good = read_bmp(bytes, &header);
    else if (format == FORMAT_TIFF)
        good = read_tiff(bytes, &header);
    if (!good)
        return error_set(error, -EBADMSG, "%s that is damaged or cut off", file_format_description(format));
    *ret = header;
    return 0;
}
