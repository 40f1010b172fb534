/* A film, recording or picture in a container, opened from memory: one demuxer chosen by the sniffed format, one
   stream, one decoder. FFmpeg gets no way to any other file: only the given bytes can be read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "core/media/sniff.h"

struct error;
struct media_job;

/* Embedded; zero-filled is closed. */
struct ffmpeg_input {
    const struct media_job *job;
    int64_t pixels_max;
    size_t at; /* where the library reads next */
    AVIOContext *io;
    AVFormatContext *format;
    AVStream *stream;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *frame;
};

/* Opens the job's bytes and finds the best stream of the type; no frame of much more than pixels_max pixels is decoded,
 * here or later. -EBADMSG when damaged or without such a stream. */
int ffmpeg_input_open(struct ffmpeg_input *input, const struct media_job *job, enum file_format format,
                      enum AVMediaType type, int64_t pixels_max, struct error *error);
void ffmpeg_input_close(struct ffmpeg_input *input);

/* Opens the stream's decoder; see ffmpeg_decoder_open(). */
int ffmpeg_input_open_decoder(struct ffmpeg_input *input, struct error *error);

/* The stream's next packet in input->packet. */
#define FFMPEG_INPUT_END 1
int ffmpeg_input_read_packet(struct ffmpeg_input *input, struct error *error);

/* What the container says the stream lasts, in seconds; 0 when it does not say. */
double ffmpeg_input_duration_s(const struct ffmpeg_input *input);
