/* A film -> the few frames that the model sees.

   Which ones is the reference's rule: a film of n frames at f frames per second lasts D = n / f seconds; clip i of k
   starts at (D - 1) * i / k seconds (all at 0 when D < 1), and its frame is number ceil(f * start), in the order in
   which frames are shown. With a window, D is the window's length and the starts count from the window's.

   The file is read twice: once to count its packets, which needs no decoding, and once to decode. Decoding everything
   up to the last frame would take minutes for a long film, so packets are skipped up to the key frame before the next
   wanted frame, whenever the packets' time stamps say for sure which frame is which. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/container.h"
#include "core/media/ffmpeg.h"
#include "core/media/ffmpeg_input.h"
#include "core/media/frame_pixels.h"
#include "core/media/media_impl.h"
#include "core/media/orientation.h"

#define N_CLIPS_MAX ((int)(sizeof((struct raw_media){0}.frames) / sizeof(size_t)))
#define N_PACKETS_MAX ((size_t)1 << 20)
#define CLIP_S 1.0

struct film_packet {
    int64_t time; /* when its frame is shown; AV_NOPTS_VALUE: unknown */
    bool is_key;
};

struct film {
    const struct media_job *job;
    struct ffmpeg_input input;
    struct frame_converter converter;
    uint8_t *turning; /* one frame as stored, when it must be turned */

    struct film_packet *packets; /* in the order of the file */
    size_t n_packets, packets_capacity;
    size_t n_frames; /* packets that are shown: an edit list may hide some */
    int64_t *times;  /* of the n_frames, ascending; NULL when they do not tell frames apart */

    int n_wanted, n_stored;
    size_t wanted[N_CLIPS_MAX]; /* frame numbers, ascending */
    size_t n_seen;              /* frames that the decoder has delivered */
    int width, height;          /* as stored */
    int orientation;
};

static void film_deinit(struct film *film)
{
    ffmpeg_input_close(&film->input);
    frame_converter_deinit(&film->converter);
    free(film->turning);
    free(film->packets);
    free(film->times);
}

/* Opening, and counting. */

static int check_size(const struct media_job *job, int width, int height, struct error *error)
{
    if (width < 1 || height < 1)
        return error_set(error, -EBADMSG, "the film's frames have no size");
    if (MAX(width, height) > job->limits->video_side_max)
        return error_set(error, -EFBIG, "the film has frames of %d x %d pixels, the limit is %d on each side", width,
                         height, job->limits->video_side_max);
    return 0;
}

static int check_duration(const struct media_job *job, double duration_s, struct error *error)
{
    if (duration_s <= job->limits->video_seconds_max)
        return 0;
    return error_set(error, -EFBIG, "the film lasts %.1f s, the limit is %g s", duration_s,
                     job->limits->video_seconds_max);
}

static int film_open(struct film *film, enum file_format format, struct error *error)
{
    const struct media_job *job = film->job;
    int64_t side_max = job->limits->video_side_max;
    int r;

    ffmpeg_input_close(&film->input);
    r = ffmpeg_input_open(&film->input, job, format, AVMEDIA_TYPE_VIDEO, side_max * side_max, error);
    if (r < 0)
        return r;
    r = check_size(job, film->input.stream->codecpar->width, film->input.stream->codecpar->height, error);
    if (r < 0)
        return r;
    return check_duration(job, ffmpeg_input_duration_s(&film->input), error);
}

static int append_packet(struct film *film, const AVPacket *packet, struct error *error)
{
    bool is_hidden = packet->flags & AV_PKT_FLAG_DISCARD;

    if (film->n_packets == N_PACKETS_MAX)
        return error_set(error, -EFBIG, "the film has more than %zu frames", N_PACKETS_MAX);
    if (film->n_packets == film->packets_capacity) {
        size_t capacity = MAX(film->packets_capacity * 2, (size_t)256);
        struct film_packet *packets = realloc(film->packets, capacity * sizeof(*packets));

        if (!packets)
            return error_set(error, -ENOMEM, "no memory for %zu frames", capacity);
        film->packets = packets;
        film->packets_capacity = capacity;
    }
    film->packets[film->n_packets++] = (struct film_packet){
        .time = is_hidden ? AV_NOPTS_VALUE : packet->pts,
        .is_key = packet->flags & AV_PKT_FLAG_KEY,
    };
    film->n_frames += !is_hidden;
    return 0;
}

static int count_packets(struct film *film, struct error *error)
{
    int r;

    while ((r = ffmpeg_input_read_packet(&film->input, error)) == 0) {
        r = append_packet(film, film->input.packet, error);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return r;
    return film->n_frames > 0 ? 0 : error_set(error, -EBADMSG, "the film has no frames");
}

/* Codecs in which every packet becomes exactly one frame, and a key frame needs nothing before it. */
static bool packets_are_frames(enum AVCodecID codec)
{
    return codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC || codec == AV_CODEC_ID_VP9 ||
           codec == AV_CODEC_ID_AV1 || codec == AV_CODEC_ID_MJPEG;
}

static int compare_times(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;

    return (first > second) - (first < second);
}

/* Leaves film->times NULL when they do not tell frames apart. */
static int sort_times(struct film *film, struct error *error)
{
    _cleanup_(freep) int64_t *times = NULL;
    size_t n = 0;

    if (!packets_are_frames(film->input.stream->codecpar->codec_id))
        return 0;
    times = malloc(film->n_packets * sizeof(*times));
    if (!times)
        return error_set(error, -ENOMEM, "no memory for %zu frames", film->n_packets);
    for (size_t i = 0; i < film->n_packets; i++)
        if (film->packets[i].time != AV_NOPTS_VALUE)
            times[n++] = film->packets[i].time;
    if (n < film->n_frames)
        return 0;
    qsort(times, n, sizeof(*times), compare_times);
    for (size_t i = 1; i < n; i++)
        if (times[i] == times[i - 1])
            return 0;
    film->times = TAKE_PTR(times);
    return 0;
}

/* Choosing. */

static double frame_rate(const AVStream *stream)
{
    if (stream->avg_frame_rate.num > 0 && stream->avg_frame_rate.den > 0)
        return av_q2d(stream->avg_frame_rate);
    if (stream->r_frame_rate.num > 0 && stream->r_frame_rate.den > 0)
        return av_q2d(stream->r_frame_rate);
    return 1; /* a film of one frame */
}

static int choose_frames(struct film *film, double rate, double duration_s, struct error *error)
{
    const struct media_job *job = film->job;
    double end_s = job->end_s > 0 ? MIN(job->end_s, duration_s) : duration_s;
    double room_s = MAX(end_s - job->start_s - CLIP_S, 0);

    if (job->video_clips < 1 || job->video_clips > N_CLIPS_MAX)
        return error_set(error, -EINVAL, "expected 1 to %d clips, found %d", N_CLIPS_MAX, job->video_clips);
    if (job->start_s >= duration_s)
        return error_set(error, -EINVAL, "the window starts at %g s, the film lasts %g s", job->start_s, duration_s);
    film->n_wanted = job->video_clips;
    for (int i = 0; i < film->n_wanted; i++) {
        /* The reference computes the start as an exact fraction; the wider type rounds only once, too. */
        double start_s = job->start_s + (double)((long double)room_s * i / film->n_wanted);
        double number = ceil(rate * start_s);

        film->wanted[i] = MIN((size_t)number, film->n_frames - 1);
    }
    return 0;
}

/* The packet at which decoding must begin so that a frame comes out whole. */
static size_t first_packet(const struct film *film, size_t frame)
{
    size_t first = 0;

    if (!film->times)
        return 0;
    for (size_t i = 0; i < film->n_packets; i++) {
        if (film->packets[i].is_key && film->packets[i].time <= film->times[frame])
            first = i;
        if (film->packets[i].time == film->times[frame])
            break;
    }
    return first;
}

/* How the stream's display matrix turns frames, in EXIF's numbers: x' = a x + c y, y' = b x + d y. */
static int find_orientation(const AVStream *stream)
{
    size_t size = 0;
    const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    int32_t matrix[9];
    int32_t a, b, c, d;

    if (!data || size < sizeof(matrix))
        return 1;
    memcpy(matrix, data, sizeof(matrix));
    a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
    if (b == 0 && c == 0)
        return a >= 0 ? (d >= 0 ? 1 : 4) : (d >= 0 ? 2 : 3);
    if (a == 0 && d == 0)
        return c >= 0 ? (b >= 0 ? 5 : 8) : (b >= 0 ? 6 : 7);
    return 1;
}

/* Decoding. */

static int allocate_frames(struct film *film, const AVFrame *frame, struct raw_media *ret, struct error *error)
{
    bool exchanged = orientation_exchanges_sides(film->orientation);
    int r;

    r = check_size(film->job, frame->width, frame->height, error);
    if (r < 0)
        return r;
    film->width = frame->width;
    film->height = frame->height;
    ret->width = exchanged ? frame->height : frame->width;
    ret->height = exchanged ? frame->width : frame->height;
    if (film->orientation > 1) {
        film->turning = malloc((size_t)frame->width * (size_t)frame->height * 3);
        if (!film->turning)
            return error_set(error, -ENOMEM, "no memory for a frame of %d x %d pixels", frame->width, frame->height);
    }
    return raw_media_allocate(ret, MEDIA_U8, 4,
                              (size_t[]){(size_t)film->n_wanted, (size_t)ret->height, (size_t)ret->width, 3}, error);
}

/* Stores a wanted frame, as often as it is wanted. */
static int store_frame(struct film *film, size_t number, struct raw_media *ret, struct error *error)
{
    const AVFrame *frame = film->input.frame;
    size_t frame_size;
    uint8_t *to;
    int r;

    if (frame->decode_error_flags || frame->flags & AV_FRAME_FLAG_CORRUPT)
        return error_set(error, -EBADMSG, "frame %zu of the film is damaged", number);
    if (!ret->data) {
        r = allocate_frames(film, frame, ret, error);
        if (r < 0)
            return r;
    }
    if (frame->width != film->width || frame->height != film->height)
        return error_set(error, -EBADMSG, "the film's frames change their size at frame %zu", number);
    frame_size = ret->n_bytes / (size_t)film->n_wanted;
    to = (uint8_t *)ret->data + (size_t)film->n_stored * frame_size;
    r = frame_converter_run(&film->converter, frame, film->turning ? film->turning : to, error);
    if (r < 0)
        return r;
    if (film->turning)
        orientation_apply(film->orientation, (size_t)film->width, (size_t)film->height, 3, film->turning, to);
    for (film->n_stored++; film->n_stored < film->n_wanted && film->wanted[film->n_stored] == number; film->n_stored++)
        memcpy((uint8_t *)ret->data + (size_t)film->n_stored * frame_size, to, frame_size);
    return 0;
}

/* The number of the frame that the decoder has just delivered; SIZE_MAX: none of those that were counted. */
static size_t frame_number(struct film *film)
{
    const int64_t *time;

    if (!film->times)
        return film->n_seen++;
    time = bsearch(&film->input.frame->pts, film->times, film->n_frames, sizeof(*time), compare_times);
    return time ? (size_t)(time - film->times) : SIZE_MAX;
}

/* Gives the decoder a packet (NULL: the end) and takes all frames that it has ready. */
static int decode_packet(struct film *film, const AVPacket *packet, struct raw_media *ret, struct error *error)
{
    struct ffmpeg_input *input = &film->input;
    int r, q;

    r = avcodec_send_packet(input->decoder, packet);
    while (r >= 0 && film->n_stored < film->n_wanted) {
        size_t number;

        r = avcodec_receive_frame(input->decoder, input->frame);
        if (r < 0)
            break;
        number = frame_number(film);
        if (number == film->wanted[film->n_stored]) {
            q = store_frame(film, number, ret, error);
            if (q < 0)
                return q;
        }
        av_frame_unref(input->frame);
    }
    if (r < 0 && r != AVERROR(EAGAIN) && r != AVERROR_EOF)
        return ffmpeg_failed(film->job, r, error, "the film is damaged before frame %zu", film->wanted[film->n_stored]);
    return 0;
}

static int decode_frames(struct film *film, struct raw_media *ret, struct error *error)
{
    size_t next = first_packet(film, film->wanted[0]);
    int end = 0, r;

    for (size_t i = 0; film->n_stored < film->n_wanted && end != FFMPEG_INPUT_END; i++) {
        int n_stored = film->n_stored;

        end = ffmpeg_input_read_packet(&film->input, error);
        if (end < 0)
            return end;
        if (i < next && end != FFMPEG_INPUT_END)
            continue;
        r = decode_packet(film, end == FFMPEG_INPUT_END ? NULL : film->input.packet, ret, error);
        if (r < 0)
            return r;
        if (film->n_stored == n_stored || film->n_stored == film->n_wanted)
            continue;
        next = first_packet(film, film->wanted[film->n_stored]);
        if (next > i + 1)
            avcodec_flush_buffers(film->input.decoder);
    }
    if (film->n_stored < film->n_wanted)
        return error_set(error, -EBADMSG, "frame %zu of the film's %zu cannot be decoded, or is not there",
                         film->wanted[film->n_stored], film->n_frames);
    return 0;
}

/* First reading: what there is, and which frames are wanted. */
static int plan(struct film *film, enum file_format format, struct raw_media *ret, struct error *error)
{
    int r;

    r = film_open(film, format, error);
    if (r < 0)
        return r;
    r = count_packets(film, error);
    if (r < 0)
        return r;
    r = sort_times(film, error);
    if (r < 0)
        return r;
    film->orientation = find_orientation(film->input.stream);
    raw_media_set_format(ret, avcodec_get_name(film->input.stream->codecpar->codec_id));
    ret->n_frames = film->n_frames;
    ret->rate = frame_rate(film->input.stream);
    ret->duration_s = (double)film->n_frames / ret->rate;
    r = check_duration(film->job, ret->duration_s, error);
    if (r < 0)
        return r;
    return choose_frames(film, ret->rate, ret->duration_s, error);
}

int film_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    _cleanup_(film_deinit) struct film film = {.job = job};
    int r;

    ffmpeg_begin();
    r = media_check_window(job, error);
    if (r < 0)
        return r;
    r = container_check(job->bytes, job->n_bytes, format, error);
    if (r < 0)
        return r;
    r = plan(&film, format, ret, error);
    if (r < 0)
        return r;
    r = film_open(&film, format, error);
    if (r < 0)
        return r;
    r = ffmpeg_input_open_decoder(&film.input, error);
    if (r < 0)
        return r;
    r = decode_frames(&film, ret, error);
    if (r < 0)
        return r;
    memcpy(ret->frames, film.wanted, sizeof(film.wanted));
    return 0;
}
