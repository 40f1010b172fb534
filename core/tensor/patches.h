/* Windows of an image or signal as rows, so that a convolution is a product with a matrix. */
#pragma once

#include <stddef.h>

/* image [n_channels, height, width] -> ret [n_down * n_across, n_channels * kernel_height * kernel_width], where n_down
 * = (height - kernel_height) / stride + 1 and so on: row = window, row-major over the image; inside a row channel, then
 * line, then column, as convolution weights lie. */
struct patches {
    size_t n_channels, height, width, kernel_height, kernel_width, stride_down, stride_across;
};
size_t patches_n_rows(const struct patches *patches);
void patches_extract(const struct patches *patches, const float *image, float *ret);
