/* Each container is a row of pieces that say how long they are, but for pieces whose length was not known when they
   were written, which a live recorder leaves at 0 or all ones: those may end anywhere. Only the outermost pieces count.
 */
#include "core/media/container.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/media/gif.h"

/* RIFF: type, length, data, padded to even sizes. The length of the file itself is often wrong by a few bytes, so it is
 * not looked at. What stands behind the samples ("data") is of no use; behind the frames ("movi") stands the index. */
static bool riff_is_whole(struct bytes bytes)
{
    bool has_frames = false;

    bytes_take(&bytes, 12);
    while (bytes_left(&bytes) >= 8 && !bytes.failed) {
        const uint8_t *type = bytes_take(&bytes, 4);
        uint32_t n = bytes_u32(&bytes);
        bool is_data = memcmp(type, "data", 4) == 0;
        bool is_frames = memcmp(type, "LIST", 4) == 0 && bytes_left(&bytes) >= 4 && memcmp(bytes.at, "movi", 4) == 0;

        if ((is_data || is_frames) && (n == 0 || n == UINT32_MAX))
            return true;
        bytes_take(&bytes, is_data ? n : n + (uint64_t)(n & 1));
        if (is_data)
            return !bytes.failed;
        has_frames = has_frames || is_frames;
    }
    return has_frames && !bytes.failed;
}

/* ISO base media: length with these eight bytes, type, data. Length 1: 64 bits behind the type; 0: to the end. */
static bool iso_media_is_whole(struct bytes bytes)
{
    while (bytes_left(&bytes) >= 8) {
        uint64_t n = __builtin_bswap32(bytes_u32(&bytes)), n_header = 8;

        bytes_take(&bytes, 4);
        if (n == 0)
            return true;
        if (n == 1) {
            n = __builtin_bswap64(bytes_u64(&bytes));
            n_header = 16;
        }
        if (n < n_header || !bytes_take(&bytes, n - n_header))
            return false;
    }
    return true;
}

/* EBML: the number of leading zero bits of the first byte says how many bytes follow it; in lengths the first one bit
 * is dropped, in names it is kept. */
static uint64_t read_ebml_number(struct bytes *bytes, bool is_length)
{
    uint8_t first = bytes_u8(bytes);
    int n_more = first ? __builtin_clz(first) - 24 : 8;
    uint64_t value = is_length ? first & (0x7fu >> n_more) : first;
    bool all_ones = value == 0x7fu >> n_more;

    for (int i = 0; i < n_more; i++) {
        uint8_t next = bytes_u8(bytes);

        value = value << 8 | next;
        all_ones = all_ones && next == 0xff;
    }
    return is_length && all_ones ? UINT64_MAX : value;
}

static bool ebml_is_whole(struct bytes bytes)
{
    while (bytes_left(&bytes) > 0 && !bytes.failed) {
        uint64_t n;

        read_ebml_number(&bytes, false);
        n = read_ebml_number(&bytes, true);
        if (n == UINT64_MAX)
            return !bytes.failed;
        bytes_take(&bytes, n);
    }
    return !bytes.failed;
}

/* Ogg: pages with a table of the lengths of their segments. */
static bool ogg_is_whole(struct bytes bytes)
{
    while (bytes_left(&bytes) > 0 && !bytes.failed) {
        const uint8_t *name = bytes_take(&bytes, 4), *lengths;
        uint8_t n_segments;
        size_t n = 0;

        if (!name || memcmp(name, "OggS", 4) != 0)
            return false;
        bytes_take(&bytes, 22);
        n_segments = bytes_u8(&bytes);
        lengths = bytes_take(&bytes, n_segments);
        for (int i = 0; lengths && i < n_segments; i++)
            n += lengths[i];
        bytes_take(&bytes, n);
    }
    return !bytes.failed;
}

int container_check(const void *data, size_t n_bytes, enum file_format format, struct error *error)
{
    struct bytes bytes = bytes_of(data, n_bytes);
    bool whole = true;

    switch (format) {
    case FORMAT_WAV:
    case FORMAT_AVI:
        whole = riff_is_whole(bytes);
        break;
    case FORMAT_MP4:
    case FORMAT_MOV:
    case FORMAT_M4A:
    case FORMAT_AVIF:
        whole = iso_media_is_whole(bytes);
        break;
    case FORMAT_WEBM:
    case FORMAT_MKV:
        whole = ebml_is_whole(bytes);
        break;
    case FORMAT_GIF:
        whole = gif_walk(bytes, true, &(uint32_t){0}, &(uint32_t){0});
        break;
    case FORMAT_OGG:
        whole = ogg_is_whole(bytes);
        break;
    default:
        break;
    }
    return whole ? 0 : error_set(error, -EBADMSG, "%s that is cut off or damaged", file_format_description(format));
}
