/* Resizing pictures to the numbers of the reference: Pillow's antialiased bicubic in 8 bits, PyTorch's plain bilinear.
   Only the part that is wanted is computed, so a picture that is a thousand times wider than high costs no more than
   its centre crop. Any number of calls at once. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

/* One axis: `source` pixels become `target`, of which `count` from `begin` are wanted. */
struct resize_axis {
    size_t source, target;
    size_t begin, count;
};

/* u8 [height, width, n_channels], a window of a whole picture that need not be in memory. */
struct picture {
    const uint8_t *pixels;
    size_t width, height, n_channels; /* 1 or 3 channels */
    size_t left, top;                 /* of the window in the whole; 0, 0 when it is the whole */
};

/* The source pixels that the wanted ones depend on (bicubic): source, begin and count of *ret are set. */
struct resize_reach {
    size_t begin, count;
};
struct resize_reach resize_reach(const struct resize_axis *axis);

/* As Pillow's resize(BICUBIC), to the last bit: antialiased, weights of 22 bits, first rows, then columns, 8 bits
 * between.   source  holds at least the reach of both axes
 *            ret     u8 [y->count, x->count, n_channels]
 * -EINVAL when the shapes are so unlike that the memory between the passes would be absurd; -ENOMEM. */
int resize_bicubic(const struct picture *source, const struct resize_axis *x, const struct resize_axis *y, uint8_t *ret,
                   struct error *error);

/* As torch.nn.functional.interpolate(mode="bilinear", align_corners=False) in f32, of a whole picture / 255.
 *   ret  f32 [n_channels, y->count, x->count] */
void resize_bilinear(const struct picture *source, const struct resize_axis *x, const struct resize_axis *y,
                     float *ret);
