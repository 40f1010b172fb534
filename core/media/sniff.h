/* Tells a file's format from its first bytes; names and extensions are never looked at. */
#pragma once

#include <stddef.h>

enum file_format {
    FORMAT_UNKNOWN,
    FORMAT_JPEG,
    FORMAT_PNG,
    FORMAT_WEBP,
    FORMAT_GIF,
    FORMAT_BMP,
    FORMAT_TIFF,
    FORMAT_AVIF,
    FORMAT_MP4,
    FORMAT_MOV,
    FORMAT_M4A,
    FORMAT_WEBM,
    FORMAT_MKV,
    FORMAT_AVI,
    FORMAT_WAV,
    FORMAT_FLAC,
    FORMAT_MP3,
    FORMAT_OGG,
    FORMAT_AAC,
    FORMAT_NPY,
    FORMAT_PLY,
    FORMAT_PCD,
    FORMAT_NIFTI,
    FORMAT_GZIP,
    FORMAT_TEXT,
    FORMAT_HEIF, /* from here on: formats that are recognised so that a message can name them, but never read */
    FORMAT_PDF,
    FORMAT_ZIP,
    FORMAT_HDF5,
    FORMAT_MARKUP,
    N_FILE_FORMATS,
};

enum file_format sniff(const void *bytes, size_t n);

const char *file_format_name(enum file_format format);        /* short: "jpeg" */
const char *file_format_description(enum file_format format); /* for "found …": "a JPEG picture" */
