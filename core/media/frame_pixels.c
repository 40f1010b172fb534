/* Two ways lead from a frame to pixels.

   What is stored as RGB, grey or a palette is read component by component, whatever its layout, and only its depth
   changes: 16 bits lose the lower eight (as Pillow reads 16-bit colours; 16-bit grey is treated the same, where Pillow
   would clip at 255 and show most pictures white), fewer than 8 are stretched.

   YUV goes through libswscale, with the matrix and range that the file names, else BT.601. */
#include "core/media/frame_pixels.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/media_impl.h"
#include "core/media/webp_pixels.h"

static bool is_yuv(const AVPixFmtDescriptor *format)
{
    return !(format->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) && format->nb_components >= 3;
}

/* Tells the scaler what the file says of its colours; what it does not say stays at the scaler's defaults. */
static void set_colours(struct SwsContext *scaler, const AVFrame *frame)
{
    int *matrix, *rgb_matrix, range, rgb_range, brightness, contrast, saturation;

    if (sws_getColorspaceDetails(scaler, &matrix, &range, &rgb_matrix, &rgb_range, &brightness, &contrast,
                                 &saturation) < 0)
        return;
    if (frame->colorspace != AVCOL_SPC_UNSPECIFIED && frame->colorspace != AVCOL_SPC_RGB)
        matrix = (int *)sws_getCoefficients(frame->colorspace);
    if (frame->color_range != AVCOL_RANGE_UNSPECIFIED)
        range = frame->color_range == AVCOL_RANGE_JPEG;
    sws_setColorspaceDetails(scaler, matrix, range, rgb_matrix, rgb_range, brightness, contrast, saturation);
}

void frame_converter_deinit(struct frame_converter *converter)
{
    sws_freeContext(converter->scaler);
    av_frame_free(&converter->rgb);
    converter->scaler = NULL;
}

/* The scaler's fast paths write whole vectors: rows of their own with room behind them, copied afterwards. */
static int converter_prepare(struct frame_converter *converter, const AVFrame *frame, int flags, struct error *error)
{
    int r;

    if (converter->scaler)
        return 0;
    converter->rgb = av_frame_alloc();
    if (!converter->rgb)
        return error_set(error, -ENOMEM, "no memory for a frame");
    converter->rgb->format = AV_PIX_FMT_RGB24;
    converter->rgb->width = frame->width;
    converter->rgb->height = frame->height;
    r = av_frame_get_buffer(converter->rgb, 0);
    if (r < 0)
        return error_set(error, -ENOMEM, "no memory for a frame");
    converter->scaler = sws_getContext(frame->width, frame->height, frame->format, frame->width, frame->height,
                                       AV_PIX_FMT_RGB24, flags, NULL, NULL, NULL);
    if (!converter->scaler)
        return error_set(error, -EBADMSG, "pixels of a format that is not read here: %s",
                         av_get_pix_fmt_name(frame->format));
    set_colours(converter->scaler, frame);
    return 0;
}

static int convert(struct frame_converter *converter, const AVFrame *frame, int flags, uint8_t *ret,
                   struct error *error)
{
    size_t row_size = (size_t)frame->width * 3;
    int r;

    r = converter_prepare(converter, frame, flags, error);
    if (r < 0)
        return r;
    r = sws_scale(converter->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height,
                  converter->rgb->data, converter->rgb->linesize);
    if (r < 0)
        return error_set(error, -EBADMSG, "pixels of a format that is not read here: %s",
                         av_get_pix_fmt_name(frame->format));
    for (int y = 0; y < frame->height; y++)
        memcpy(ret + (size_t)y * row_size, converter->rgb->data[0] + (ptrdiff_t)y * converter->rgb->linesize[0],
               row_size);
    return 0;
}

int frame_converter_run(struct frame_converter *converter, const AVFrame *frame, uint8_t *ret, struct error *error)
{
    return convert(converter, frame, SWS_BICUBIC, ret, error);
}

static int convert_yuv_picture(const AVFrame *frame, struct raw_media *ret, struct error *error)
{
    const int flags = SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
    _cleanup_(frame_converter_deinit) struct frame_converter converter = {0};
    bool is_webp = strcmp(ret->format, file_format_name(FORMAT_WEBP)) == 0 && frame->format == AV_PIX_FMT_YUV420P;
    int r;

    r = raw_media_allocate(ret, MEDIA_U8, 3, (size_t[]){(size_t)frame->height, (size_t)frame->width, 3}, error);
    if (r < 0)
        return r;
    if (is_webp) {
        webp_pixels_convert(frame, ret->data);
        return 0;
    }
    return convert(&converter, frame, flags, ret->data, error);
}

/* What a pixel format that is not YUV makes of its components. */
static bool is_palette(const AVPixFmtDescriptor *format)
{
    return format->flags & AV_PIX_FMT_FLAG_PAL;
}

static bool is_grey(const AVPixFmtDescriptor *format)
{
    return format->nb_components <= 2 && !is_palette(format);
}

/* One channel (red, green, blue) of one row; returns its depth in bits. */
static int read_channel(const AVFrame *frame, const AVPixFmtDescriptor *format, int y, int channel, uint16_t *ret)
{
    int component = is_grey(format) || is_palette(format) ? 0 : channel;

    av_read_image_line2(ret, (const uint8_t **)frame->data, frame->linesize, format, 0, y, component, frame->width, 0,
                        sizeof(*ret));
    /* Entries of a palette are blue, green, red, alpha. */
    for (int x = 0; is_palette(format) && x < frame->width; x++)
        ret[x] = frame->data[1][(ret[x] & 0xff) * 4 + 2 - channel];
    if (frame->format == AV_PIX_FMT_MONOWHITE)
        for (int x = 0; x < frame->width; x++)
            ret[x] ^= 1;
    return format->comp[component].depth;
}

/* Every step-th element of the row becomes a value, reduced to its upper or stretched to eight bits if it is u8. */
static void store_channel(const uint16_t *values, size_t n, int depth, struct raw_media *ret, size_t first, size_t step)
{
    unsigned largest = (1u << depth) - 1;
    uint8_t *u8 = (uint8_t *)ret->data + first;
    uint16_t *u16 = (uint16_t *)ret->data + first;

    for (size_t i = 0; i < n; i++) {
        if (ret->element == MEDIA_U16)
            u16[i * step] = values[i];
        else
            u8[i * step] = (uint8_t)(depth >= 8 ? (unsigned)values[i] >> (depth - 8) : values[i] * 255u / largest);
    }
}

static int copy_picture(const AVFrame *frame, const AVPixFmtDescriptor *format, struct raw_media *ret,
                        struct error *error)
{
    bool is_map = ret->kind == MEDIA_MAP;
    size_t width = (size_t)frame->width, n_channels = is_map && is_grey(format) ? 1 : 3;
    enum media_element element = is_map && format->comp[0].depth > 8 ? MEDIA_U16 : MEDIA_U8;
    _cleanup_(freep) uint16_t *row = malloc(width * sizeof(*row));
    int r;

    if (!row)
        return error_set(error, -ENOMEM, "no memory for a row of pixels");
    r = raw_media_allocate(ret, element, 3, (size_t[]){(size_t)frame->height, width, n_channels}, error);
    if (r < 0)
        return r;
    for (int y = 0; y < frame->height; y++) {
        for (size_t channel = 0; channel < n_channels; channel++) {
            int depth = read_channel(frame, format, y, (int)channel, row);

            store_channel(row, width, depth, ret, (size_t)y * width * n_channels + channel, n_channels);
        }
    }
    return 0;
}

int picture_from_frame(const AVFrame *frame, struct raw_media *ret, struct error *error)
{
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);

    if (!format || format->flags & (AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BAYER) ||
        format->comp[0].depth > 16)
        return error_set(error, -EBADMSG, "pixels of a format that is not read here: %s",
                         format ? format->name : "unknown");
    if (is_yuv(format))
        return convert_yuv_picture(frame, ret, error);
    return copy_picture(frame, format, ret, error);
}
