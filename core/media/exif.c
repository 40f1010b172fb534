/* A TIFF structure begins with its byte order and the place of its first directory: a count, then entries of twelve
   bytes (tag, type, count, value). The tags wanted here are single 16 or 32-bit integers, whose value is in the entry.
 */
#include "core/media/exif.h"

#include <stdbool.h>
#include <string.h>

#define TAG_WIDTH 0x100
#define TAG_HEIGHT 0x101
#define TAG_ORIENTATION 0x112
#define TYPE_U16 3
#define TYPE_U32 4

struct tiff {
    const uint8_t *bytes;
    size_t n;
    bool big_endian;
};

/* Reads beyond the block are zeros. */
static uint32_t read_u16(const struct tiff *tiff, size_t at)
{
    if (tiff->n < 2 || at > tiff->n - 2)
        return 0;
    return tiff->big_endian ? (uint32_t)tiff->bytes[at] << 8 | tiff->bytes[at + 1]
                            : (uint32_t)tiff->bytes[at + 1] << 8 | tiff->bytes[at];
}

static uint32_t read_u32(const struct tiff *tiff, size_t at)
{
    uint32_t first = read_u16(tiff, at), second = read_u16(tiff, at + 2);

    return tiff->big_endian ? first << 16 | second : second << 16 | first;
}

/* The value of a tag in the first directory, or 0. */
static uint32_t find_tag(const void *block, size_t n, uint32_t tag)
{
    struct tiff tiff = {block, n, false};
    size_t directory, n_entries;

    if (n > 6 && memcmp(block, "Exif\0\0", 6) == 0) {
        tiff.bytes += 6;
        tiff.n -= 6;
    }
    tiff.big_endian = tiff.n > 0 && tiff.bytes[0] == 'M';
    if (read_u16(&tiff, 2) != 42)
        return 0;
    directory = read_u32(&tiff, 4);
    n_entries = read_u16(&tiff, directory);
    for (size_t i = 0; i < n_entries; i++) {
        size_t at = directory + 2 + i * 12;

        if (read_u16(&tiff, at) != tag || read_u32(&tiff, at + 4) != 1)
            continue;
        if (read_u16(&tiff, at + 2) == TYPE_U16)
            return read_u16(&tiff, at + 8);
        return read_u16(&tiff, at + 2) == TYPE_U32 ? read_u32(&tiff, at + 8) : 0;
    }
    return 0;
}

int exif_orientation(const void *tiff, size_t n)
{
    uint32_t orientation = find_tag(tiff, n, TAG_ORIENTATION);

    return orientation >= 1 && orientation <= 8 ? (int)orientation : 1;
}

void exif_size(const void *tiff, size_t n, uint32_t *ret_width, uint32_t *ret_height)
{
    *ret_width = find_tag(tiff, n, TAG_WIDTH);
    *ret_height = find_tag(tiff, n, TAG_HEIGHT);
}
