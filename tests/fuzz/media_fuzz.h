/* Shared by the fuzz targets of the media decoders: whatever a file is, it is decoded to what the header promises,
   within tight limits, or refused with a documented code and a message. */
#pragma once

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/media/media.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(int condition)
{
    if (!condition)
        __builtin_trap();
}

static const struct media_limits fuzz_limits = {
    .image_pixels_max = 1 << 16,
    .video_side_max = 256,
    .video_seconds_max = 10,
    .audio_seconds_max = 10,
    .points_max = 1 << 12,
    .imu_seconds_max = 10,
    .fmri_repeats_max = 8,
};

static inline void check_finite(const struct raw_media *media)
{
    for (size_t i = 0; i < media->n_bytes / media_element_size(media->element); i++) {
        if (media->element == MEDIA_F32)
            require(isfinite(((const float *)media->data)[i]));
        if (media->element == MEDIA_F64)
            require(isfinite(((const double *)media->data)[i]));
    }
}

static inline void check_media(const struct raw_media *media)
{
    size_t n = media_element_size(media->element);

    require(media->n_dims >= 1 && media->n_dims <= 4);
    for (int i = 0; i < media->n_dims; i++)
        n *= media->shape[i];
    require(n > 0 && n == media->n_bytes && media->data);
    require(media->format[0] != '\0');
    check_finite(media);
}

/* Runs the job over the bytes, with fuzz_limits and a deadline of a few seconds. */
static inline void fuzz_job(struct media_job job, const uint8_t *data, size_t size)
{
    struct raw_media media = {0};
    struct error error = {0};
    int r;

    job.bytes = data;
    job.n_bytes = size;
    job.limits = &fuzz_limits;
    job.deadline_ns = clock_ns() + 5000000000u;
    r = media_decode(&job, &media, &error);
    if (r == 0) {
        require(error.code == 0 && media.kind == job.kind);
        check_media(&media);
    } else {
        require(r == -EMEDIUMTYPE || r == -EBADMSG || r == -EFBIG || r == -EINVAL || r == -ENOMEM || r == -ETIME);
        require(error.code == r && error.message[0] != '\0' && !media.data);
    }
    raw_media_deinit(&media);
}
