/* A header with the size, perhaps a table of colours, then blocks: extensions (0x21) and pictures (0x2c), each ending
   in a row of sub-blocks of up to 255 bytes with an empty one behind the last; 0x3b ends the file. */
#include "core/media/gif.h"

static void skip_sub_blocks(struct bytes *bytes)
{
    uint8_t n;

    do {
        n = bytes_u8(bytes);
        bytes_take(bytes, n);
    } while (n > 0 && !bytes->failed);
}

static void skip_colours(struct bytes *bytes, uint8_t flags)
{
    if (flags & 0x80)
        bytes_take(bytes, 3u << ((flags & 7) + 1));
}

bool gif_walk(struct bytes bytes, bool to_the_end, uint32_t *ret_width, uint32_t *ret_height)
{
    bool has_picture = false;
    uint8_t flags;

    bytes_take(&bytes, 6);
    *ret_width = bytes_u16(&bytes);
    *ret_height = bytes_u16(&bytes);
    flags = bytes_u8(&bytes);
    bytes_take(&bytes, 2);
    skip_colours(&bytes, flags);
    while (!bytes.failed && !(has_picture && !to_the_end)) {
        switch (bytes_u8(&bytes)) {
        case 0x21:
            bytes_u8(&bytes);
            skip_sub_blocks(&bytes);
            break;
        case 0x2c:
            bytes_take(&bytes, 8);
            flags = bytes_u8(&bytes);
            skip_colours(&bytes, flags);
            bytes_u8(&bytes);
            skip_sub_blocks(&bytes);
            has_picture = true;
            break;
        case 0x3b:
            return has_picture && !bytes.failed;
        default:
            return false;
        }
    }
    return has_picture && !bytes.failed;
}
