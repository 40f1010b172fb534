/* Which formats a kind accepts, and who reads them, is one table; everything else here is what all decoders need: the
   limits, the clock, and messages that say what would have been accepted. */
#include "core/media/media.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/media/media_impl.h"

const struct media_limits media_limits_default = {
    .image_pixels_max = (size_t)64 << 20,
    .video_side_max = 4096,
    .video_seconds_max = 600,
    .audio_seconds_max = 1800,
    .points_max = (size_t)4 << 20,
    .imu_seconds_max = 600,
    .fmri_repeats_max = 64,
};

#define N_MEDIA_KINDS (MEDIA_ARRAY + 1)
#define N_ACCEPTED_MAX 12

static const struct {
    const char *names[N_ACCEPTED_MAX]; /* as people call them, NULL behind the last */
    enum file_format formats[N_ACCEPTED_MAX];
    media_decoder *decode; /* unless the format has a decoder of its own, below */
} kinds[N_MEDIA_KINDS] = {
    [MEDIA_IMAGE] = {{"jpeg", "png", "webp", "gif", "bmp", "tiff", "avif"},
                     {FORMAT_JPEG, FORMAT_PNG, FORMAT_WEBP, FORMAT_GIF, FORMAT_BMP, FORMAT_TIFF, FORMAT_AVIF},
                     picture_decode},
    [MEDIA_MAP] = {{"png", "tiff", "jpeg", "webp", "bmp", "npy"},
                   {FORMAT_PNG, FORMAT_TIFF, FORMAT_JPEG, FORMAT_WEBP, FORMAT_BMP, FORMAT_NPY},
                   map_decode},
    [MEDIA_VIDEO] = {{"mp4", "mov", "webm", "mkv", "avi", "gif"},
                     {FORMAT_MP4, FORMAT_MOV, FORMAT_WEBM, FORMAT_MKV, FORMAT_AVI, FORMAT_GIF},
                     film_decode},
    [MEDIA_AUDIO] = {{"wav", "flac", "mp3", "ogg", "m4a", "aac", "mp4", "mov", "webm", "mkv", "avi"},
                     {FORMAT_WAV, FORMAT_FLAC, FORMAT_MP3, FORMAT_OGG, FORMAT_M4A, FORMAT_AAC, FORMAT_MP4, FORMAT_MOV,
                      FORMAT_WEBM, FORMAT_MKV, FORMAT_AVI},
                     recording_decode},
    [MEDIA_POINTS] = {{"npy", "ply", "pcd", "xyz"}, {FORMAT_NPY, FORMAT_PLY, FORMAT_PCD, FORMAT_TEXT}, points_decode},
    [MEDIA_SERIES] = {{"npy", "csv"}, {FORMAT_NPY, FORMAT_TEXT}, series_decode},
    [MEDIA_TIMESTAMPS] = {{"npy", "csv"}, {FORMAT_NPY, FORMAT_TEXT}, timestamps_decode},
    [MEDIA_ARRAY] = {{"npy", "csv", "nifti", "nifti.gz"},
                     {FORMAT_NPY, FORMAT_TEXT, FORMAT_NIFTI, FORMAT_GZIP},
                     array_decode},
};

static media_decoder *const own_decoders[N_FILE_FORMATS] = {
    [FORMAT_JPEG] = jpeg_decode,   [FORMAT_PLY] = ply_decode,    [FORMAT_PCD] = pcd_decode,
    [FORMAT_NIFTI] = nifti_decode, [FORMAT_GZIP] = nifti_decode,
};

int raw_media_allocate(struct raw_media *media, enum media_element element, int n_dims, const size_t *shape,
                       struct error *error)
{
    size_t n_bytes = media_element_size(element);

    for (int i = 0; i < n_dims; i++)
        if (__builtin_mul_overflow(n_bytes, shape[i], &n_bytes) || n_bytes > RAW_MEDIA_BYTES_MAX)
            return error_set(error, -EFBIG, "decodes to more than %zu MiB", RAW_MEDIA_BYTES_MAX >> 20);
    media->data = malloc(n_bytes);
    if (!media->data)
        return error_set(error, -ENOMEM, "no memory for %zu decoded bytes", n_bytes);
    media->element = element;
    media->n_dims = n_dims;
    media->n_bytes = n_bytes;
    memcpy(media->shape, shape, (size_t)n_dims * sizeof(*shape));
    return 0;
}

void raw_media_set_format(struct raw_media *media, const char *format)
{
    snprintf(media->format, sizeof(media->format), "%s", format);
}

int media_job_check(const struct media_job *job, struct error *error)
{
    if (job->cancelled && atomic_load_explicit(job->cancelled, memory_order_relaxed))
        return error_set(error, -ECANCELED, "cancelled while the file was being decoded");
    if (job->deadline_ns && clock_ns() >= job->deadline_ns)
        return error_set(error, -ETIME, "the deadline passed while the file was being decoded");
    return 0;
}

int media_check_pixels(const struct media_job *job, uint64_t width, uint64_t height, struct error *error)
{
    if (width == 0 || height == 0)
        return error_set(error, -EBADMSG, "the picture has no pixels: %ju x %ju", (uintmax_t)width, (uintmax_t)height);
    if (width > job->limits->image_pixels_max / height)
        return error_set(error, -EFBIG, "the picture has %ju x %ju pixels, the limit is %zu in all", (uintmax_t)width,
                         (uintmax_t)height, job->limits->image_pixels_max);
    return 0;
}

int media_check_window(const struct media_job *job, struct error *error)
{
    if (!isfinite(job->start_s) || !isfinite(job->end_s) || job->start_s < 0)
        return error_set(error, -EINVAL, "the window must be finite and start at 0 s or later");
    if (job->end_s > 0 && job->end_s <= job->start_s)
        return error_set(error, -EINVAL, "the window ends at %g s, before its start at %g s", job->end_s, job->start_s);
    return 0;
}

const char *media_quote(const char *text, size_t n, char ret[MEDIA_QUOTE_SIZE])
{
    n = MIN(n, (size_t)MEDIA_QUOTE_SIZE - 3);
    ret[0] = '"';
    for (size_t i = 0; i < n; i++)
        ret[1 + i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    memcpy(ret + 1 + n, "\"", 2);
    return ret;
}

const char *const *media_formats(enum media_kind kind)
{
    return kinds[kind].names;
}

static int refuse_format(enum media_kind kind, enum file_format format, size_t n_bytes, struct error *error)
{
    char list[128] = "";
    size_t n = 0;

    if (format == FORMAT_UNKNOWN && n_bytes < 64)
        return error_set(error, -EBADMSG, "the file is too short: %zu bytes", n_bytes);
    for (const char *const *name = media_formats(kind); *name; name++)
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", *name);
    return error_set(error, -EMEDIUMTYPE, "expected %s; found %s", list, file_format_description(format));
}

static media_decoder *find_decoder(enum media_kind kind, enum file_format format)
{
    for (size_t i = 0; kinds[kind].names[i]; i++)
        if (kinds[kind].formats[i] == format)
            return own_decoders[format] ? own_decoders[format] : kinds[kind].decode;
    return NULL;
}

int media_decode(const struct media_job *given, struct raw_media *ret, struct error *error)
{
    struct media_job job = *given;
    _cleanup_(raw_media_deinit) struct raw_media media = {.kind = job.kind};
    media_decoder *decode;
    enum file_format format;
    int r;

    if (job.n_bytes == 0)
        return error_set(error, -EBADMSG, "the file is empty");
    if (!job.limits)
        job.limits = &media_limits_default;
    r = media_job_check(&job, error);
    if (r < 0)
        return r;
    format = sniff(job.bytes, job.n_bytes);
    decode = find_decoder(job.kind, format);
    if (!decode)
        return refuse_format(job.kind, format, job.n_bytes, error);
    r = decode(&job, format, &media, error);
    if (r < 0)
        return r;
    *ret = media;
    media.data = NULL;
    return 0;
}
