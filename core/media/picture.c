/* Compressed pictures but JPEG, through FFmpeg's decoders. Such a file is one packet, so no demuxer is needed, except
   for AVIF, which is a film of one frame. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/ffmpeg.h"
#include "core/media/ffmpeg_input.h"
#include "core/media/frame_pixels.h"
#include "core/media/media_impl.h"
#include "core/media/orientation.h"
#include "core/media/picture_header.h"

static const enum AVCodecID codecs[N_FILE_FORMATS] = {
    [FORMAT_PNG] = AV_CODEC_ID_PNG, [FORMAT_WEBP] = AV_CODEC_ID_WEBP, [FORMAT_GIF] = AV_CODEC_ID_GIF,
    [FORMAT_BMP] = AV_CODEC_ID_BMP, [FORMAT_TIFF] = AV_CODEC_ID_TIFF,
};

static int refuse_damaged(const struct media_job *job, int averror, enum file_format format, struct error *error)
{
    return ffmpeg_failed(job, averror, error, "%s that is damaged or cut off", file_format_description(format));
}

/* The first frame of one packet. Some decoders paint what they can of a damaged picture and only complain. */
static int decode_packet(const struct media_job *job, enum file_format format, AVCodecContext *decoder,
                         const AVPacket *packet, AVFrame *frame, struct error *error)
{
    int r;

    r = avcodec_send_packet(decoder, packet);
    if (r >= 0)
        r = avcodec_send_packet(decoder, NULL);
    if (r >= 0)
        r = avcodec_receive_frame(decoder, frame);
    if (r >= 0 && (ffmpeg_n_complaints() > 0 || frame->decode_error_flags || frame->flags & AV_FRAME_FLAG_CORRUPT))
        r = AVERROR_INVALIDDATA;
    return r < 0 ? refuse_damaged(job, r, format, error) : 0;
}

static int decode_avif(const struct media_job *job, AVFrame *frame, struct error *error)
{
    _cleanup_(ffmpeg_input_close) struct ffmpeg_input input = {0};
    int r;

    r = ffmpeg_input_open(&input, job, FORMAT_AVIF, AVMEDIA_TYPE_VIDEO, (int64_t)job->limits->image_pixels_max, error);
    if (r < 0)
        return r;
    r = media_check_pixels(job, (uint64_t)input.stream->codecpar->width, (uint64_t)input.stream->codecpar->height,
                           error);
    if (r < 0)
        return r;
    r = ffmpeg_input_read_packet(&input, error);
    if (r < 0)
        return r;
    if (r == FFMPEG_INPUT_END)
        return refuse_damaged(job, AVERROR_EOF, FORMAT_AVIF, error);
    r = ffmpeg_input_open_decoder(&input, error);
    if (r < 0)
        return r;
    return decode_packet(job, FORMAT_AVIF, input.decoder, input.packet, frame, error);
}

/* The bytes for the decoder, with the zeros behind them that it wants. From a WebP file, the first picture alone. */
static int fill_packet(AVPacket *packet, const struct media_job *job, const struct picture_header *header)
{
    const void *bytes = header->frame ? header->frame : job->bytes;
    size_t n = header->frame ? header->frame_size : job->n_bytes, n_riff = header->frame ? 12 : 0;
    size_t padding = header->frame ? n % 2 : 0;
    uint32_t riff_size = (uint32_t)(n + padding) + 4;
    int r;

    if (n > INT_MAX / 2)
        return AVERROR_INVALIDDATA;
    r = av_new_packet(packet, (int)(n_riff + n + padding));
    if (r < 0)
        return r;
    if (header->frame) {
        memcpy(packet->data, "RIFF", 4);
        memcpy(packet->data + 4, &riff_size, 4);
        memcpy(packet->data + 8, "WEBP", 4);
    }
    memcpy(packet->data + n_riff, bytes, n);
    memset(packet->data + n_riff + n, 0, padding);
    return 0;
}

static int decode_bytes(const struct media_job *job, enum file_format format, const struct picture_header *header,
                        AVFrame *frame, struct error *error)
{
    _cleanup_(ffmpeg_decoder_freep) AVCodecContext *decoder = NULL;
    _cleanup_(ffmpeg_packet_freep) AVPacket *packet = av_packet_alloc();
    int r;

    if (!packet)
        return error_set(error, -ENOMEM, "no memory to decode the file");
    r = fill_packet(packet, job, header);
    if (r < 0)
        return refuse_damaged(job, r, format, error);
    r = ffmpeg_decoder_open(job, codecs[format], NULL, (int64_t)job->limits->image_pixels_max, &decoder, error);
    if (r < 0)
        return r;
    return decode_packet(job, format, decoder, packet, frame, error);
}

int picture_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    _cleanup_(ffmpeg_frame_freep) AVFrame *frame = av_frame_alloc();
    struct picture_header header;
    int r;

    if (!frame)
        return error_set(error, -ENOMEM, "no memory to decode the file");
    ffmpeg_begin();
    raw_media_set_format(ret, file_format_name(format));
    r = picture_header_read(job->bytes, job->n_bytes, format, &header, error);
    if (r < 0)
        return r;
    if (format == FORMAT_AVIF) {
        r = decode_avif(job, frame, error);
    } else {
        r = media_check_pixels(job, header.width, header.height, error);
        if (r < 0)
            return r;
        r = decode_bytes(job, format, &header, frame, error);
    }
    if (r < 0)
        return r;
    r = media_check_pixels(job, (uint64_t)frame->width, (uint64_t)frame->height, error);
    if (r < 0)
        return r;
    r = picture_from_frame(frame, ret, error);
    if (r < 0)
        return r;
    return raw_media_orient(ret, header.orientation, error);
}
