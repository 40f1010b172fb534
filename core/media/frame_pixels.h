/* Decoded frames of FFmpeg -> the pixels of raw media. */
#pragma once

#include <stdint.h>

#include <libavutil/frame.h>

struct error;
struct raw_media;

/* Gives a picture its pixels: RGB, or what the file holds when the kind is MEDIA_MAP (grey as one channel, more than 8
 * bits as u16). RGB, grey and palettes are exact; alpha is dropped; YUV is converted with full accuracy, and that of
 * WebP as libwebp does it. */
int picture_from_frame(const AVFrame *frame, struct raw_media *ret, struct error *error);

/* Converts the frames of one film, all of one size, to 8-bit RGB with the default arithmetic of FFmpeg's scaler, which
 * the reference used: fast rather than accurate. Embedded; zero-filled is empty. */
struct frame_converter {
    struct SwsContext *scaler;
    AVFrame *rgb;
};
void frame_converter_deinit(struct frame_converter *converter);

/* Writes [height, width, 3]. */
int frame_converter_run(struct frame_converter *converter, const AVFrame *frame, uint8_t *ret, struct error *error);
