/* The eight modalities: their names, their input tensors, and how raw media become them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/media/raw_media.h"

struct arena;
struct error;

enum modality {
    MODALITY_IMAGE,
    MODALITY_VIDEO,
    MODALITY_AUDIO,
    MODALITY_POINT,
    MODALITY_DEPTH,
    MODALITY_NORMAL,
    MODALITY_IMU,
    MODALITY_FMRI,
    N_MODALITIES,
};

struct modality_info {
    enum modality modality;
    const char *name;          /* ours: "depth" */
    const char *official_name; /* in checkpoints: "rgbd" */
    enum media_kind kind;      /* of the file that is named after the modality */
    bool takes_image;          /* depth, normal: pairs with a preceding image */
    const char *input;         /* one line for people: "an RGB image and its depth map" */
};

const struct modality_info *modality_info(enum modality modality);
/* By our name; N_MODALITIES when unknown. */
enum modality modality_by_name(const char *name, size_t n);

/* Sizes of the input tensors that a model expects. The released ones; a model file may say otherwise. */
struct input_sizes {
    size_t image_size;     /* 224 */
    size_t video_clips;    /* 5 */
    size_t video_crops;    /* 3 */
    size_t audio_mel_bins; /* 128 */
    size_t audio_frames;   /* 1024 */
    size_t point_min;      /* 1024: as many as centres */
    size_t point_max;      /* 8192 */
    size_t imu_samples;    /* 400 at 200 Hz */
    size_t fmri_voxels;    /* 15724 */
};
extern const struct input_sizes input_sizes_released;

enum depth_range {
    DEPTH_RANGE_AUTO,  /* the file's own range becomes 0..255 (8-bit maps stay as they are) */
    DEPTH_RANGE_CLIP,  /* values above 255 become 255, as the official loader does */
    DEPTH_RANGE_GIVEN, /* depth_min..depth_max becomes 0..255 */
};

/* What a person may choose for one medium; zero-filled is the default. Times in seconds. */
struct modal_options {
    double start_s, end_s; /* audio, video, imu: the window; end_s <= 0: the modality's own length */
    enum depth_range depth_range;
    double depth_min, depth_max;
};

/* One medium before preprocessing. Everything is borrowed. */
struct modal_input {
    enum modality modality;
    const struct raw_media *media;      /* the file itself; for depth and normal the map */
    const struct raw_media *image;      /* depth, normal: the RGB plane (MEDIA_IMAGE), or NULL: the map stands alone */
    const struct raw_media *timestamps; /* imu: MEDIA_TIMESTAMPS, or NULL */
    struct modal_options options;
};

/* The input tensor of the reference: f32, row major, without a batch dimension.
 *   image [3,S,S]  video [15,3,S,S]  audio [1,128,1024]  point [N,6]  depth, normal [2,3,S,S]  imu [6,400]  fmri [1,V]
 * n_items is T of the reference: 15 for video, 2 for depth and normal, else 1. */
struct input_tensor {
    enum modality modality;
    int n_items;
    int n_dims;
    size_t shape[4];
    float *data;     /* in the arena of the call */
    char notes[256]; /* what was assumed or changed, "; " between sentences, for the answer's `media` section */
};

/* How many numbers it has. */
size_t input_tensor_size(const struct input_tensor *tensor);

/* Raw media -> input tensor, exactly as docs/MODEL.md says. The tensor lives in the arena.
 * Errors: -EINVAL (an option or the shape does not fit: says what was expected and found), -EBADMSG (NaN or infinity),
 * -ENOMEM. Thread-safety: any number of calls at once, each with its own arena. */
int modal_preprocess(const struct modal_input *input, const struct input_sizes *sizes, struct arena *arena,
                     struct input_tensor *ret, struct error *error);
