/* What a decoded file is before any preprocessing: pixels, samples or a table of numbers, in one block of memory.

   This is what a media worker process hands back, so it holds no pointers but the block and no words of a library. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"

/* How the bytes of a file are to be understood. The file's format is sniffed from its content, never from its name. */
enum media_kind {
    MEDIA_IMAGE,      /* a picture -> u8 [height, width, 3] */
    MEDIA_MAP,        /* a depth or normal map: a picture -> u8 or u16 [height, width, 1 or 3],
                         or NPY -> f32 [height, width, 1 or 3] as stored */
    MEDIA_VIDEO,      /* a film -> u8 [n_frames, height, width, 3], only the frames that the model sees */
    MEDIA_AUDIO,      /* a recording -> f32 [n_channels, n_samples], -1..1 */
    MEDIA_POINTS,     /* NPY, PLY, PCD, XYZ -> f32 [n_points, 3 or 6]: x y z, then r g b in 0..1 if the file has them */
    MEDIA_SERIES,     /* NPY (6 x T or T x 6) or CSV -> f32 or f64 [T, 6], or [T, 7] when the file has a column of
                         times: it is moved to the front and in milliseconds */
    MEDIA_TIMESTAMPS, /* NPY or CSV -> f64 [T], milliseconds */
    MEDIA_ARRAY,      /* NPY, CSV or NIfTI -> f16, f32 or f64 [R, V]; an unmasked NIfTI gives [R, X * Y * Z] */
};

enum media_element {
    MEDIA_U8,
    MEDIA_U16,
    MEDIA_F16,
    MEDIA_F32,
    MEDIA_F64,
};

size_t media_element_size(enum media_element element);

struct raw_media {
    enum media_kind kind;
    char format[16]; /* "jpeg", "png", "h264", "wav", "npy", ... for the answer's `media` section */
    enum media_element element;
    int n_dims;
    size_t shape[4]; /* row major, as listed at enum media_kind */
    size_t n_bytes;
    void *data; /* n_bytes, malloc'ed, owned */

    /* What the file says of itself; 0 when it does not apply. */
    int width, height; /* picture or film, as shown (after orientation) */
    double rate;       /* audio: samples per second; video: average frames per second */
    double duration_s; /* audio, video */
    size_t n_frames;   /* video: frames of the file */
    size_t frames[16]; /* video: numbers of the frames in `data` */
};

void raw_media_deinit(struct raw_media *media); /* accepts zero-filled */
