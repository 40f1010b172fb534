/* Whether a film or a recording is all there, as far as its container tells. FFmpeg's demuxers read what they find and
   keep quiet about the rest; here a file that was cut off is an error. */
#pragma once

#include <stddef.h>

#include "core/media/sniff.h"

struct error;

/* -EBADMSG when a chunk reaches beyond the end of the file. Formats without lengths (MP3, AAC) pass. */
int container_check(const void *bytes, size_t n_bytes, enum file_format format, struct error *error);
