/* FFmpeg's log is global to the process and its messages are written for developers. The callback set here keeps the
   last error of each thread, which becomes the detail of our own message, and counts them: some decoders report damage
   there and nowhere else. */
#include "core/media/ffmpeg.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/avstring.h>

#include "core/base/error.h"
#include "core/media/media_impl.h"

const char ffmpeg_decoders[] = "png,webp,vp8,gif,bmp,tiff,mjpeg,libdav1d,h264,hevc,vp9,mpeg4,ffv1,rawvideo,"
                               "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_s16be,pcm_mulaw,pcm_alaw,"
                               "adpcm_ms,adpcm_ima_wav,flac,alac,mp3float,vorbis,opus,aac";

static _Thread_local struct {
    int n;
    char last[160];
} complaints;

static void keep_complaint(void *context, int level, const char *format, va_list arguments)
{
    int print_prefix = 0;

    if (level > AV_LOG_ERROR)
        return;
    complaints.n++;
    av_log_format_line2(context, level, format, arguments, complaints.last, sizeof(complaints.last), &print_prefix);
    complaints.last[strcspn(complaints.last, "\r\n")] = '\0';
}

static void set_callback(void)
{
    av_log_set_callback(keep_complaint);
}

void ffmpeg_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, set_callback);
    complaints.n = 0;
    complaints.last[0] = '\0';
}

int ffmpeg_n_complaints(void)
{
    return complaints.n;
}

int ffmpeg_failed(const struct media_job *job, int averror, struct error *error, const char *format, ...)
{
    char message[256], reason[AV_ERROR_MAX_STRING_SIZE] = "";
    va_list arguments;
    int r;

    r = media_job_check(job, error);
    if (r < 0)
        return r;
    if (averror == AVERROR(ENOMEM))
        return error_set(error, -ENOMEM, "no memory to decode the file");
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    av_strerror(averror, reason, sizeof(reason));
    r = error_set(error, -EBADMSG, "%s", message);
    error_detail(error, "ffmpeg: %s", complaints.last[0] ? complaints.last : reason);
    return r;
}

int ffmpeg_decoder_open(const struct media_job *job, enum AVCodecID codec_id, const AVCodecParameters *parameters,
                        int64_t pixels_max, AVCodecContext **ret, struct error *error)
{
    const AVCodec *codec = avcodec_find_decoder(codec_id);
    _cleanup_(ffmpeg_decoder_freep) AVCodecContext *decoder = NULL;
    int r;

    if (!codec || !av_match_list(codec->name, ffmpeg_decoders, ','))
        return error_set(error, -EMEDIUMTYPE, "the codec %s inside the file is not read here",
                         avcodec_get_name(codec_id));
    decoder = avcodec_alloc_context3(codec);
    if (!decoder)
        return error_set(error, -ENOMEM, "no memory for a decoder");
    r = parameters ? avcodec_parameters_to_context(decoder, parameters) : 0;
    if (r < 0)
        return ffmpeg_failed(job, r, error, "the file's description of its %s data is damaged", codec->name);
    decoder->thread_count = 1;
    decoder->max_pixels = ffmpeg_padded_pixels(pixels_max);
    r = avcodec_open2(decoder, codec, NULL);
    if (r < 0)
        return ffmpeg_failed(job, r, error, "the file's description of its %s data is damaged", codec->name);
    *ret = TAKE_PTR(decoder);
    return 0;
}
