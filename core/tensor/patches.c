#include "core/tensor/patches.h"

#include <string.h>

static size_t n_windows(size_t length, size_t kernel, size_t stride)
{
    return (length - kernel) / stride + 1;
}

size_t patches_n_rows(const struct patches *p)
{
    return n_windows(p->height, p->kernel_height, p->stride_down) *
           n_windows(p->width, p->kernel_width, p->stride_across);
}

static float *extract_one(const struct patches *p, const float *corner, float *ret)
{
    for (size_t channel = 0; channel < p->n_channels; channel++)
        for (size_t line = 0; line < p->kernel_height; line++, ret += p->kernel_width)
            memcpy(ret, corner + (channel * p->height + line) * p->width, p->kernel_width * sizeof(*ret));
    return ret;
}

void patches_extract(const struct patches *p, const float *image, float *ret)
{
    for (size_t y = 0; y + p->kernel_height <= p->height; y += p->stride_down)
        for (size_t x = 0; x + p->kernel_width <= p->width; x += p->stride_across)
            ret = extract_one(p, image + y * p->width + x, ret);
}
