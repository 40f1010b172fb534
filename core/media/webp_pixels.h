/* The colours of lossy WebP, to the last bit as libwebp (and so Pillow) makes them. */
#pragma once

#include <stdint.h>

#include <libavutil/frame.h>

/* frame is a decoded AV_PIX_FMT_YUV420P picture; writes [height, width, 3]. */
void webp_pixels_convert(const AVFrame *frame, uint8_t *ret);
