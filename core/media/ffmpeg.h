/* What every use of FFmpeg's libraries shares: which decoders may run, under which limits, and how their failures are
   reported. Thread-safety: any number of decoders at once, each used by one thread. */
#pragma once

#include <libavcodec/avcodec.h>

#include "core/base/cleanup.h"

struct error;
struct media_job;

/* Names of libavcodec's decoders that may run on foreign bytes, in its own comma-separated form. */
extern const char ffmpeg_decoders[];

/* Silences the libraries and forgets what they said in this thread. Call before the first use for a job. */
void ffmpeg_begin(void);
/* How many errors the libraries have reported in this thread since ffmpeg_begin(). */
int ffmpeg_n_complaints(void);

/* Sets the message and returns the code for a failure of the libraries: -ENOMEM and the job's own -ETIME and -ECANCELED
 * as what they are, all else as -EBADMSG with the message given, and the library's last words as the detail. */
int ffmpeg_failed(const struct media_job *job, int averror, struct error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What a decoder must be allowed so that it decodes frames of up to pixels_max: it counts the padding of rows, too. The
 * exact limit is for the caller to check, before and after; this one bounds the memory of a file that lies. */
static inline int64_t ffmpeg_padded_pixels(int64_t pixels_max)
{
    return 2 * pixels_max + 65536;
}

/* A decoder for one stream: single thread, about pixels_max per frame at most. parameters may be NULL when the bytes
 * say it all. -EMEDIUMTYPE when the codec is not among ffmpeg_decoders. */
int ffmpeg_decoder_open(const struct media_job *job, enum AVCodecID codec_id, const AVCodecParameters *parameters,
                        int64_t pixels_max, AVCodecContext **ret, struct error *error);

static inline void ffmpeg_decoder_freep(AVCodecContext **decoder)
{
    avcodec_free_context(decoder);
}
static inline void ffmpeg_packet_freep(AVPacket **packet)
{
    av_packet_free(packet);
}
static inline void ffmpeg_frame_freep(AVFrame **frame)
{
    av_frame_free(frame);
}
