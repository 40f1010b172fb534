/* Decodes one foreign file: bytes -> raw media. The daemon has this done by confined processes (server/media), the
   command line in its own. Thread-safety: any number of calls at once. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>

#include "core/media/raw_media.h"

struct error;

/* Ceilings on what a file may decode to; exceeding one is -EFBIG with the limit in the message. */
struct media_limits {
    size_t image_pixels_max;  /* 64 Mi */
    int video_side_max;       /* 4096 px */
    double video_seconds_max; /* 600 */
    double audio_seconds_max; /* 1800 */
    size_t points_max;        /* 4 Mi */
    double imu_seconds_max;   /* 600; at the file's own rate */
    size_t fmri_repeats_max;  /* 64 */
};
extern const struct media_limits media_limits_default;

struct media_job {
    enum media_kind kind;
    const void *bytes; /* borrowed during the call */
    size_t n_bytes;
    const struct media_limits *limits; /* NULL: the default */
    double start_s, end_s;             /* audio, video: only this window of the file; end_s <= 0: to its end */
    int video_clips;                   /* video: how many clips, one frame each (5, see docs/MODEL.md) */
    const struct raw_media *mask;      /* MEDIA_ARRAY: which voxels of a NIfTI count (non-zero), or NULL */
    uint64_t deadline_ns;              /* clock_ns() at which to give up with -ETIME; 0: never */
    const atomic_bool *cancelled;      /* give up with -ECANCELED once true; may be NULL */
};

/* Errors: -EMEDIUMTYPE (not one of the kind's formats; the message lists them), -EBADMSG (damaged, empty, NaN or
 * infinity in a numeric file), -EFBIG (a limit), -EINVAL (a window outside the file), -ENOMEM, -ETIME, -ECANCELED.
 * *ret is written only on success and then belongs to the caller: raw_media_deinit(). */
int media_decode(const struct media_job *job, struct raw_media *ret, struct error *error);

/* 0, or why to give up: -ETIME, -ECANCELED. Cheap enough to be asked for every row or packet. */
int media_job_check(const struct media_job *job, struct error *error);

/* Who decodes, with the contract of media_decode(). */
struct media_source {
    int (*decode)(void *context, const struct media_job *job, struct raw_media *ret, struct error *error);
    void *context;
};
extern const struct media_source media_here; /* the calling thread */

/* The formats of a kind, for messages and /v1/modalities: a NULL-terminated list such as "jpeg", "png", … */
const char *const *media_formats(enum media_kind kind);
