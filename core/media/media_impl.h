/* For the decoders behind media_decode(): what one of them looks like, and what they share.

   A decoder gets a job whose content was sniffed as `format`, and a raw_media that is zero-filled but for its kind. It
   fills it in; when it fails, the dispatcher frees whatever was put into it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/media/media.h"
#include "core/media/sniff.h"

struct error;

typedef int media_decoder(const struct media_job *job, enum file_format format, struct raw_media *ret,
                          struct error *error);

media_decoder jpeg_decode;      /* image, map */
media_decoder picture_decode;   /* image: every compressed picture but JPEG */
media_decoder map_decode;       /* map: NPY, and every compressed picture but JPEG */
media_decoder film_decode;      /* video */
media_decoder recording_decode; /* audio */
media_decoder points_decode;    /* points: NPY and XYZ */
media_decoder ply_decode;       /* points */
media_decoder pcd_decode;       /* points */
media_decoder series_decode;    /* series: NPY and CSV */
media_decoder timestamps_decode;
media_decoder array_decode; /* array: NPY and CSV */
media_decoder nifti_decode; /* array */

bool media_accepts(enum media_kind kind, enum file_format format);

/* Gives media its block for a shape of n_dims (at most 4) sizes, uninitialised. No size may be zero.
 * -EFBIG beyond RAW_MEDIA_BYTES_MAX, -ENOMEM. */
int raw_media_allocate(struct raw_media *media, enum media_element element, int n_dims, const size_t *shape,
                       struct error *error);
#define RAW_MEDIA_BYTES_MAX ((size_t)1 << 30)

void raw_media_set_format(struct raw_media *media, const char *format);

/* -EFBIG when a picture or a film's frame has more pixels than the limit; -EBADMSG when it has none. */
int media_check_pixels(const struct media_job *job, uint64_t width, uint64_t height, struct error *error);

/* Checks start_s and end_s of a job against themselves: finite, not negative, not empty. */
int media_check_window(const struct media_job *job, struct error *error);

/* The beginning of a file's own text for a message: in quotes, with a question mark for what cannot be printed. */
#define MEDIA_QUOTE_SIZE 36
const char *media_quote(const char *text, size_t n, char ret[MEDIA_QUOTE_SIZE]);
