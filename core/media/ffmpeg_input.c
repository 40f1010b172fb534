/* Three fences stand between the libraries and everything but the bytes given to them: the demuxer is named, not probed
   for; every name on a list of protocols is refused, and io_open, which a demuxer would call for a second file, fails.
 */
#include "core/media/ffmpeg_input.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/ffmpeg.h"
#include "core/media/media_impl.h"

#define IO_BUFFER_SIZE 65536
#define N_STREAMS_MAX 16

static const char *const demuxers[N_FILE_FORMATS] = {
    [FORMAT_GIF] = "gif", [FORMAT_AVIF] = "mov",      [FORMAT_MP4] = "mov",      [FORMAT_MOV] = "mov",
    [FORMAT_M4A] = "mov", [FORMAT_WEBM] = "matroska", [FORMAT_MKV] = "matroska", [FORMAT_AVI] = "avi",
    [FORMAT_WAV] = "wav", [FORMAT_FLAC] = "flac",     [FORMAT_MP3] = "mp3",      [FORMAT_OGG] = "ogg",
    [FORMAT_AAC] = "aac",
};

static int read_bytes(void *context, uint8_t *ret, int size)
{
    struct ffmpeg_input *input = context;
    size_t n = MIN((size_t)size, input->job->n_bytes - input->at);

    if (media_job_check(input->job, NULL) < 0)
        return AVERROR_EXIT;
    if (n == 0)
        return AVERROR_EOF;
    memcpy(ret, (const uint8_t *)input->job->bytes + input->at, n);
    input->at += n;
    return (int)n;
}

static int64_t seek_bytes(void *context, int64_t offset, int whence)
{
    struct ffmpeg_input *input = context;
    int64_t size = (int64_t)input->job->n_bytes, base = 0;

    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return size;
    case SEEK_CUR:
        base = (int64_t)input->at;
        break;
    case SEEK_END:
        base = size;
    }
    if (__builtin_add_overflow(base, offset, &offset) || offset < 0)
        return AVERROR(EINVAL);
    input->at = (size_t)MIN(offset, size);
    return (int64_t)input->at;
}

static int deny_open(AVFormatContext *format, AVIOContext **ret, const char *url, int flags, AVDictionary **options)
{
    (void)format, (void)ret, (void)url, (void)flags, (void)options;
    return AVERROR(EACCES);
}

static int is_interrupted(void *context)
{
    const struct ffmpeg_input *input = context;

    return media_job_check(input->job, NULL) < 0;
}

static int make_io(struct ffmpeg_input *input)
{
    uint8_t *buffer = av_malloc(IO_BUFFER_SIZE);

    if (!buffer)
        return -ENOMEM;
    input->io = avio_alloc_context(buffer, IO_BUFFER_SIZE, 0, input, read_bytes, NULL, seek_bytes);
    if (!input->io) {
        av_free(buffer);
        return -ENOMEM;
    }
    return 0;
}

/* A context over the memory, fenced in. */
static int make_context(struct ffmpeg_input *input, const char *demuxer)
{
    AVFormatContext *format = avformat_alloc_context();

    input->format = format;
    input->packet = av_packet_alloc();
    input->frame = av_frame_alloc();
    if (!format || !input->packet || !input->frame || make_io(input) < 0)
        return -ENOMEM;
    format->pb = input->io;
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    format->io_open = deny_open;
    format->interrupt_callback = (AVIOInterruptCB){is_interrupted, input};
    format->max_streams = N_STREAMS_MAX;
    format->format_whitelist = av_strdup(demuxer);
    format->codec_whitelist = av_strdup(ffmpeg_decoders);
    format->protocol_whitelist = av_strdup("none");
    return format->format_whitelist && format->codec_whitelist && format->protocol_whitelist ? 0 : -ENOMEM;
}

/* Looking for the streams' properties decodes a little of each: the limit on pixels must hold there, too. */
static int find_stream_info(struct ffmpeg_input *input)
{
    AVDictionary *options[N_STREAMS_MAX] = {0};
    unsigned n = MIN(input->format->nb_streams, (unsigned)N_STREAMS_MAX);
    int r;

    for (unsigned i = 0; i < n; i++)
        av_dict_set_int(&options[i], "max_pixels", ffmpeg_padded_pixels(input->pixels_max), 0);
    r = avformat_find_stream_info(input->format, options);
    for (unsigned i = 0; i < n; i++)
        av_dict_free(&options[i]);
    return r;
}

static int select_stream(struct ffmpeg_input *input, enum AVMediaType type, struct error *error)
{
    int best = av_find_best_stream(input->format, type, -1, -1, NULL, 0);

    /* The cover of an album is a video stream of one picture. */
    if (best < 0 || input->format->streams[best]->disposition & AV_DISPOSITION_ATTACHED_PIC)
        return error_set(error, -EBADMSG, "the file has no %s stream", av_get_media_type_string(type));
    for (unsigned i = 0; i < input->format->nb_streams; i++)
        if ((int)i != best)
            input->format->streams[i]->discard = AVDISCARD_ALL;
    input->stream = input->format->streams[best];
    return 0;
}

int ffmpeg_input_open(struct ffmpeg_input *input, const struct media_job *job, enum file_format format,
                      enum AVMediaType type, int64_t pixels_max, struct error *error)
{
    int r;

    *input = (struct ffmpeg_input){.job = job, .pixels_max = pixels_max};
    if (make_context(input, demuxers[format]) < 0)
        return error_set(error, -ENOMEM, "no memory to open the file");
    r = avformat_open_input(&input->format, NULL, av_find_input_format(demuxers[format]), NULL);
    if (r >= 0)
        r = find_stream_info(input);
    if (r < 0)
        return ffmpeg_failed(job, r, error, "%s that is damaged or cut off", file_format_description(format));
    return select_stream(input, type, error);
}

void ffmpeg_input_close(struct ffmpeg_input *input)
{
    avcodec_free_context(&input->decoder);
    avformat_close_input(&input->format);
    if (input->io)
        av_freep(&input->io->buffer);
    avio_context_free(&input->io);
    av_packet_free(&input->packet);
    av_frame_free(&input->frame);
}

int ffmpeg_input_open_decoder(struct ffmpeg_input *input, struct error *error)
{
    const AVCodecParameters *parameters = input->stream->codecpar;

    return ffmpeg_decoder_open(input->job, parameters->codec_id, parameters, input->pixels_max, &input->decoder, error);
}

int ffmpeg_input_read_packet(struct ffmpeg_input *input, struct error *error)
{
    int r;

    do {
        av_packet_unref(input->packet);
        r = media_job_check(input->job, error);
        if (r < 0)
            return r;
        r = av_read_frame(input->format, input->packet);
    } while (r >= 0 && input->packet->stream_index != input->stream->index);
    if (r == AVERROR_EOF)
        return FFMPEG_INPUT_END;
    if (r < 0)
        return ffmpeg_failed(input->job, r, error, "the file is damaged or cut off");
    return 0;
}

double ffmpeg_input_duration_s(const struct ffmpeg_input *input)
{
    if (input->stream->duration > 0)
        return (double)input->stream->duration * av_q2d(input->stream->time_base);
    return input->format->duration > 0 ? (double)input->format->duration / AV_TIME_BASE : 0;
}
