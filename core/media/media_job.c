/* What can be asked for: formats, limits, time. In a file of its own, since who has files decoded by others links no
   decoder. */
#include "core/media/media.h"

#include <errno.h>

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
} kinds[N_MEDIA_KINDS] = {
    [MEDIA_IMAGE] = {{"jpeg", "png", "webp", "gif", "bmp", "tiff", "avif"},
                     {FORMAT_JPEG, FORMAT_PNG, FORMAT_WEBP, FORMAT_GIF, FORMAT_BMP, FORMAT_TIFF, FORMAT_AVIF}},
    [MEDIA_MAP] = {{"png", "tiff", "jpeg", "webp", "bmp", "npy"},
                   {FORMAT_PNG, FORMAT_TIFF, FORMAT_JPEG, FORMAT_WEBP, FORMAT_BMP, FORMAT_NPY}},
    [MEDIA_VIDEO] = {{"mp4", "mov", "webm", "mkv", "avi", "gif"},
                     {FORMAT_MP4, FORMAT_MOV, FORMAT_WEBM, FORMAT_MKV, FORMAT_AVI, FORMAT_GIF}},
    [MEDIA_AUDIO] = {{"wav", "flac", "mp3", "ogg", "m4a", "aac", "mp4", "mov", "webm", "mkv", "avi"},
                     {FORMAT_WAV, FORMAT_FLAC, FORMAT_MP3, FORMAT_OGG, FORMAT_M4A, FORMAT_AAC, FORMAT_MP4, FORMAT_MOV,
                      FORMAT_WEBM, FORMAT_MKV, FORMAT_AVI}},
    [MEDIA_POINTS] = {{"npy", "ply", "pcd", "xyz"}, {FORMAT_NPY, FORMAT_PLY, FORMAT_PCD, FORMAT_TEXT}},
    [MEDIA_SERIES] = {{"npy", "csv"}, {FORMAT_NPY, FORMAT_TEXT}},
    [MEDIA_TIMESTAMPS] = {{"npy", "csv"}, {FORMAT_NPY, FORMAT_TEXT}},
    [MEDIA_ARRAY] = {{"npy", "csv", "nifti", "nifti.gz"}, {FORMAT_NPY, FORMAT_TEXT, FORMAT_NIFTI, FORMAT_GZIP}},
};

const char *const *media_formats(enum media_kind kind)
{
    return kinds[kind].names;
}

bool media_accepts(enum media_kind kind, enum file_format format)
{
    for (size_t i = 0; kinds[kind].names[i]; i++)
        if (kinds[kind].formats[i] == format)
            return true;
    return false;
}

int media_job_check(const struct media_job *job, struct error *error)
{
    if (job->cancelled && atomic_load_explicit(job->cancelled, memory_order_relaxed))
        return error_set(error, -ECANCELED, "cancelled while the file was being decoded");
    if (job->deadline_ns && clock_ns() >= job->deadline_ns)
        return error_set(error, -ETIME, "the deadline passed while the file was being decoded");
    return 0;
}
