/* Who reads which format, and what all decoders need: checks, and messages that say what would have been accepted. */
#include "core/media/media.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/media_impl.h"

/* Unless the format has a decoder of its own. */
static media_decoder *const kind_decoders[] = {
    [MEDIA_IMAGE] = picture_decode,         [MEDIA_MAP] = map_decode,       [MEDIA_VIDEO] = film_decode,
    [MEDIA_AUDIO] = recording_decode,       [MEDIA_POINTS] = points_decode, [MEDIA_SERIES] = series_decode,
    [MEDIA_TIMESTAMPS] = timestamps_decode, [MEDIA_ARRAY] = array_decode,
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

int media_decode(const struct media_job *given, struct raw_media *ret, struct error *error)
{
    struct media_job job = *given;
    _cleanup_(raw_media_deinit) struct raw_media media = {.kind = job.kind};
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
    if (!media_accepts(job.kind, format))
        return refuse_format(job.kind, format, job.n_bytes, error);
    r = (own_decoders[format] ? own_decoders[format] : kind_decoders[job.kind])(&job, format, &media, error);
    if (r < 0)
        return r;
    *ret = media;
    media.data = NULL;
    return 0;
}

static int decode_here(void *context, const struct media_job *job, struct raw_media *ret, struct error *error)
{
    (void)context;
    return media_decode(job, ret, error);
}

const struct media_source media_here = {decode_here, NULL};
