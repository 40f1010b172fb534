/* The table of files that the build makes for api_playground.c: server/playground/build.py. */
#pragma once

#include <stddef.h>

struct playground_file {
    const char *path, *type;
    const char *tag; /* the beginning of the SHA-256 of its bytes */
    const char *bytes, *gzip;
    size_t n_bytes, n_gzip; /* n_gzip: 0 where compression gains nothing */
};

extern const struct playground_file playground_files[];
extern const size_t n_playground_files;
