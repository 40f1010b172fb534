/* Chroma is stored once for each 2 x 2 pixels, and a pixel's own value is 9/16 of its block's, 3/16 of the nearer
   neighbour's across and down, and 1/16 of the diagonal one's, with the intermediate rounding of libwebp's
   "fancy upsampling". At the edges the block itself stands in for a missing neighbour. The matrix is BT.601, limited
   range, in libwebp's fixed point. */
#include "core/media/webp_pixels.h"

#include <stddef.h>

#include "core/base/cleanup.h"

static uint8_t clip(int value)
{
    return (uint8_t)(value < 0 ? 0 : MIN(value >> 6, 255));
}

static void store_pixel(int y, int u, int v, uint8_t *rgb)
{
    int light = y * 19077 >> 8;

    rgb[0] = clip(light + (v * 26149 >> 8) - 14234);
    rgb[1] = clip(light - (u * 6419 >> 8) - (v * 13320 >> 8) + 8708);
    rgb[2] = clip(light + (u * 33050 >> 8) - 17685);
}

/* The value of chroma between two columns of two rows, next to near[0]: mirrored, one function serves all four corners.
 */
static int between(int near, int near_across, int far, int far_across)
{
    int diagonal = (near + near_across + far + far_across + 8 + 2 * (near_across + far)) >> 3;

    return (diagonal + near) >> 1;
}

/* Chroma of column x: its own block's value, pulled towards the neighbours. */
static int chroma_at(const uint8_t *near, const uint8_t *far, int x, int width)
{
    int block = x / 2, across = x % 2 ? block + 1 : block - 1;

    if (across < 0 || across > (width - 1) / 2)
        return (3 * near[block] + far[block] + 2) >> 2;
    return between(near[block], near[across], far[block], far[across]);
}

void webp_pixels_convert(const AVFrame *frame, uint8_t *ret)
{
    int last_block = (frame->height - 1) / 2;

    for (int y = 0; y < frame->height; y++) {
        int block = y / 2, neighbour = y % 2 ? MIN(block + 1, last_block) : MAX(block - 1, 0);
        const uint8_t *light = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
        const uint8_t *near_u = frame->data[1] + (ptrdiff_t)block * frame->linesize[1];
        const uint8_t *near_v = frame->data[2] + (ptrdiff_t)block * frame->linesize[2];
        const uint8_t *far_u = frame->data[1] + (ptrdiff_t)neighbour * frame->linesize[1];
        const uint8_t *far_v = frame->data[2] + (ptrdiff_t)neighbour * frame->linesize[2];

        for (int x = 0; x < frame->width; x++, ret += 3)
            store_pixel(light[x], chroma_at(near_u, far_u, x, frame->width), chroma_at(near_v, far_v, x, frame->width),
                        ret);
    }
}
