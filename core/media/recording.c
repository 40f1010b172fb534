/* A recording, or the sound of a film -> samples, channel by channel, at the file's own rate.

   Samples are written where they will stay: each channel has a stretch of `capacity` samples in one block, which is
   estimated from the declared length, widened when that was too little, and closed up at the end. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/container.h"
#include "core/media/ffmpeg.h"
#include "core/media/ffmpeg_input.h"
#include "core/media/media_impl.h"
#include "core/media/numbers.h"

#define RATE_MIN 1000
#define RATE_MAX 768000
#define N_CHANNELS_MAX 8
#define N_SCRATCH 256
/* Decoders of bare MP3 and AAC streams lose their way at tags and cuts, but not for longer than this share. */
#define BAD_PACKETS_SHARE 0.05

/* What the libraries deliver, and what makes -1..1 of it. */
static const struct sample_format {
    enum number_type type;
    double offset, scale;
} sample_formats[AV_SAMPLE_FMT_NB] = {
    [AV_SAMPLE_FMT_U8] = {NUMBER_U8, -128, 0x1p-7}, [AV_SAMPLE_FMT_S16] = {NUMBER_I16, 0, 0x1p-15},
    [AV_SAMPLE_FMT_S32] = {NUMBER_I32, 0, 0x1p-31}, [AV_SAMPLE_FMT_FLT] = {NUMBER_F32, 0, 1},
    [AV_SAMPLE_FMT_DBL] = {NUMBER_F64, 0, 1},       [AV_SAMPLE_FMT_S64] = {NUMBER_I64, 0, 0x1p-63},
};

struct recording {
    const struct media_job *job;
    struct ffmpeg_input input;
    enum file_format format;

    /* Of the first frame; all others must agree. */
    int rate, n_channels;
    enum AVSampleFormat sample_format;

    size_t begin, end; /* the window, in samples; end SIZE_MAX: to the end of the file */
    float *samples;    /* [n_channels, capacity] */
    size_t capacity, n_stored;
    size_t n_decoded; /* samples of the file so far, stored or not */
    size_t n_packets, n_bad_packets;
};

static void recording_deinit(struct recording *recording)
{
    ffmpeg_input_close(&recording->input);
    free(recording->samples);
}

static int check_duration(const struct media_job *job, double duration_s, struct error *error)
{
    if (duration_s <= job->limits->audio_seconds_max)
        return 0;
    return error_set(error, -EFBIG, "the recording lasts %.1f s or more, the limit is %g s", duration_s,
                     job->limits->audio_seconds_max);
}

/* Room. */

/* Moves every channel from one distance to another; the order keeps channels from running over each other. */
static void respace(float *samples, size_t n_channels, size_t n_samples, size_t from, size_t to)
{
    for (size_t i = 1; i < n_channels; i++) {
        size_t channel = to > from ? n_channels - i : i;

        memmove(samples + channel * to, samples + channel * from, n_samples * sizeof(*samples));
    }
}

static int reserve(struct recording *recording, size_t n_samples, struct error *error)
{
    size_t n_channels = (size_t)recording->n_channels;
    size_t capacity_max = RAW_MEDIA_BYTES_MAX / sizeof(float) / n_channels;
    size_t capacity = MIN(MAX(n_samples, recording->capacity + recording->capacity / 2), capacity_max);
    float *samples;

    if (n_samples <= recording->capacity)
        return 0;
    if (n_samples > capacity_max)
        return error_set(error, -EFBIG, "the recording decodes to more than %zu MiB", RAW_MEDIA_BYTES_MAX >> 20);
    samples = realloc(recording->samples, capacity * n_channels * sizeof(*samples));
    if (!samples)
        return error_set(error, -ENOMEM, "no memory for %zu samples", capacity * n_channels);
    recording->samples = samples;
    respace(samples, n_channels, recording->n_stored, recording->capacity, capacity);
    recording->capacity = capacity;
    return 0;
}

/* Frames. */

/* The first frame tells for sure what a stream's header may only guess. */
static int begin_samples(struct recording *recording, struct error *error)
{
    const AVFrame *frame = recording->input.frame;
    const struct media_job *job = recording->job;
    double expected_s = MIN(ffmpeg_input_duration_s(&recording->input), job->limits->audio_seconds_max);

    recording->rate = frame->sample_rate;
    recording->n_channels = frame->ch_layout.nb_channels;
    recording->sample_format = frame->format;
    if (recording->rate < RATE_MIN || recording->rate > RATE_MAX)
        return error_set(error, -EBADMSG, "expected %d to %d samples per second, found %d", RATE_MIN, RATE_MAX,
                         recording->rate);
    if (recording->n_channels < 1 || recording->n_channels > N_CHANNELS_MAX)
        return error_set(error, -EBADMSG, "expected 1 to %d channels, found %d", N_CHANNELS_MAX, recording->n_channels);
    if (sample_formats[av_get_packed_sample_fmt(recording->sample_format)].scale == 0)
        return error_set(error, -EBADMSG, "samples of a format that is not read here");
    recording->begin = (size_t)llround(MIN(job->start_s, 1e6) * recording->rate);
    recording->end = job->end_s > 0 ? (size_t)llround(MIN(job->end_s, 1e6) * recording->rate) : SIZE_MAX;
    if (job->end_s > 0)
        expected_s = MIN(expected_s, job->end_s - job->start_s);
    return reserve(recording, MIN((size_t)((expected_s + 1) * recording->rate), (size_t)1 << 24), error);
}

/* Adds n samples of one channel, from sample `first` of the frame on. */
static int store_channel(const struct recording *recording, int channel, size_t first, size_t n, struct error *error)
{
    const AVFrame *frame = recording->input.frame;
    const struct sample_format *format = &sample_formats[av_get_packed_sample_fmt(recording->sample_format)];
    size_t size = number_size(format->type), n_channels = (size_t)recording->n_channels;
    bool planar = av_sample_fmt_is_planar(recording->sample_format);
    struct number_run run = {
        .type = format->type,
        .at = planar ? frame->extended_data[channel] : frame->extended_data[0] + (size_t)channel * size,
        .stride = planar ? size : size * n_channels,
    };
    float *to = recording->samples + (size_t)channel * recording->capacity + recording->n_stored;

    for (size_t done = 0; done < n; done += N_SCRATCH) {
        double values[N_SCRATCH];
        size_t part = MIN(n - done, (size_t)N_SCRATCH);

        number_run_load(&run, first + done, part, values);
        for (size_t i = 0; i < part; i++) {
            to[done + i] = (float)((values[i] + format->offset) * format->scale);
            if (!isfinite(to[done + i]))
                return error_set(error, -EBADMSG, "sample %zu of channel %d is NaN or infinite",
                                 recording->n_decoded + first + done + i, channel);
        }
    }
    return 0;
}

static int store_frame(struct recording *recording, struct error *error)
{
    const AVFrame *frame = recording->input.frame;
    size_t n = (size_t)frame->nb_samples, first, last;
    int r;

    if (recording->rate == 0) {
        r = begin_samples(recording, error);
        if (r < 0)
            return r;
    }
    if (frame->sample_rate != recording->rate || frame->ch_layout.nb_channels != recording->n_channels ||
        frame->format != recording->sample_format)
        return error_set(error, -EBADMSG, "the recording changes its rate or its channels after %.2f s",
                         (double)recording->n_decoded / recording->rate);
    /* The part of this frame that lies inside the window. */
    first = recording->begin > recording->n_decoded ? MIN(recording->begin - recording->n_decoded, n) : 0;
    last = recording->end > recording->n_decoded ? MIN(recording->end - recording->n_decoded, n) : 0;
    if (first < last) {
        r = reserve(recording, recording->n_stored + last - first, error);
        for (int channel = 0; r == 0 && channel < recording->n_channels; channel++)
            r = store_channel(recording, channel, first, last - first, error);
        if (r < 0)
            return r;
        recording->n_stored += last - first;
    }
    recording->n_decoded += n;
    return check_duration(recording->job, (double)MIN(recording->n_decoded, recording->end) / recording->rate, error);
}

/* Gives the decoder a packet (NULL: the end) and stores all frames that it has ready. */
static int decode_packet(struct recording *recording, const AVPacket *packet, struct error *error)
{
    struct ffmpeg_input *input = &recording->input;
    bool is_bare = recording->format == FORMAT_MP3 || recording->format == FORMAT_AAC;
    int r, q;

    r = avcodec_send_packet(input->decoder, packet);
    while (r >= 0) {
        r = avcodec_receive_frame(input->decoder, input->frame);
        if (r < 0)
            break;
        q = store_frame(recording, error);
        av_frame_unref(input->frame);
        if (q < 0)
            return q;
    }
    if (r == AVERROR(EAGAIN) || r == AVERROR_EOF)
        return 0;
    if (is_bare && r == AVERROR_INVALIDDATA) {
        recording->n_bad_packets++;
        return 0;
    }
    return ffmpeg_failed(recording->job, r, error, "the recording is damaged after %.2f s",
                         recording->rate ? (double)recording->n_decoded / recording->rate : 0);
}

static int decode_packets(struct recording *recording, struct error *error)
{
    const AVStream *stream = recording->input.stream;
    int end = 0, r;

    while (end != FFMPEG_INPUT_END) {
        end = ffmpeg_input_read_packet(&recording->input, error);
        if (end < 0)
            return end;
        recording->n_packets += end != FFMPEG_INPUT_END;
        r = decode_packet(recording, end == FFMPEG_INPUT_END ? NULL : recording->input.packet, error);
        if (r < 0)
            return r;
        if (recording->rate && recording->n_decoded >= recording->end)
            return 0;
    }
    if ((double)recording->n_bad_packets > BAD_PACKETS_SHARE * (double)recording->n_packets)
        return error_set(error, -EBADMSG, "the recording is damaged: %zu of its %zu packets cannot be decoded",
                         recording->n_bad_packets, recording->n_packets);
    if (recording->format == FORMAT_FLAC && stream->duration > 0 && recording->n_decoded < (size_t)stream->duration)
        return error_set(error, -EBADMSG, "the recording is cut off: it should have %jd samples, %zu are there",
                         (intmax_t)stream->duration, recording->n_decoded);
    return 0;
}

/* Closes the gaps between the channels and hands the block over. */
static int finish(struct recording *recording, struct raw_media *ret, struct error *error)
{
    size_t n_channels = (size_t)recording->n_channels, n = recording->n_stored;
    double decoded_s = recording->rate ? (double)recording->n_decoded / recording->rate : 0;
    float *shrunk;

    if (recording->n_decoded > 0 && n == 0)
        return error_set(error, -EINVAL, "the window starts at %g s, the recording lasts %g s", recording->job->start_s,
                         decoded_s);
    if (n == 0)
        return error_set(error, -EBADMSG, "the recording has no samples");
    respace(recording->samples, n_channels, n, recording->capacity, n);
    ret->n_bytes = n_channels * n * sizeof(float);
    shrunk = realloc(recording->samples, ret->n_bytes);
    ret->data = shrunk ? shrunk : recording->samples;
    recording->samples = NULL;
    ret->element = MEDIA_F32;
    ret->n_dims = 2;
    ret->shape[0] = n_channels;
    ret->shape[1] = n;
    ret->rate = recording->rate;
    ret->duration_s = decoded_s;
    if (recording->n_decoded >= recording->end)
        ret->duration_s = MAX(decoded_s, ffmpeg_input_duration_s(&recording->input));
    return 0;
}

int recording_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    _cleanup_(recording_deinit) struct recording recording = {.job = job, .format = format};
    int r;

    ffmpeg_begin();
    raw_media_set_format(ret, file_format_name(format));
    r = media_check_window(job, error);
    if (r < 0)
        return r;
    r = container_check(job->bytes, job->n_bytes, format, error);
    if (r < 0)
        return r;
    r = ffmpeg_input_open(&recording.input, job, format, AVMEDIA_TYPE_AUDIO, 1, error);
    if (r < 0)
        return r;
    if (job->end_s <= 0) {
        r = check_duration(job, ffmpeg_input_duration_s(&recording.input), error);
        if (r < 0)
            return r;
    }
    r = ffmpeg_input_open_decoder(&recording.input, error);
    if (r < 0)
        return r;
    r = decode_packets(&recording, error);
    if (r < 0)
        return r;
    return finish(&recording, ret, error);
}
