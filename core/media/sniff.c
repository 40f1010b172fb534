/* Most formats are told by a fixed text at a fixed place, which is one row of a table. What needs more than that
   (families that share a container, MPEG audio, plain text) has a small function below.

   Order matters only where one signature could begin another format: text comes last. */
#include "core/media/sniff.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/cleanup.h"

static const struct {
    const char *name, *description;
} formats[N_FILE_FORMATS] = {
    [FORMAT_UNKNOWN] = {"unknown", "a file of unknown format"},
    [FORMAT_JPEG] = {"jpeg", "a JPEG picture"},
    [FORMAT_PNG] = {"png", "a PNG picture"},
    [FORMAT_WEBP] = {"webp", "a WebP picture"},
    [FORMAT_GIF] = {"gif", "a GIF picture"},
    [FORMAT_BMP] = {"bmp", "a BMP picture"},
    [FORMAT_TIFF] = {"tiff", "a TIFF picture"},
    [FORMAT_AVIF] = {"avif", "an AVIF picture"},
    [FORMAT_MP4] = {"mp4", "an MP4 film"},
    [FORMAT_MOV] = {"mov", "a QuickTime film"},
    [FORMAT_M4A] = {"m4a", "an M4A recording"},
    [FORMAT_WEBM] = {"webm", "a WebM film"},
    [FORMAT_MKV] = {"mkv", "a Matroska film"},
    [FORMAT_AVI] = {"avi", "an AVI film"},
    [FORMAT_WAV] = {"wav", "a WAV recording"},
    [FORMAT_FLAC] = {"flac", "a FLAC recording"},
    [FORMAT_MP3] = {"mp3", "an MP3 recording"},
    [FORMAT_OGG] = {"ogg", "an Ogg recording"},
    [FORMAT_AAC] = {"aac", "an AAC recording"},
    [FORMAT_NPY] = {"npy", "a NumPy array"},
    [FORMAT_PLY] = {"ply", "a PLY point cloud"},
    [FORMAT_PCD] = {"pcd", "a PCD point cloud"},
    [FORMAT_NIFTI] = {"nifti", "a NIfTI volume"},
    [FORMAT_GZIP] = {"gzip", "a gzip-compressed file"},
    [FORMAT_TEXT] = {"text", "a text file"},
    [FORMAT_HEIF] = {"heif", "a HEIF picture"},
    [FORMAT_PDF] = {"pdf", "a PDF document"},
    [FORMAT_ZIP] = {"zip", "a ZIP archive"},
    [FORMAT_HDF5] = {"hdf5", "an HDF5 file"},
    [FORMAT_MARKUP] = {"markup", "an HTML or XML document"},
};

static const struct {
    enum file_format format;
    size_t at, n;
    const char *text;
} signatures[] = {
    {FORMAT_JPEG, 0, 3, "\xff\xd8\xff"},
    {FORMAT_PNG, 0, 8, "\x89PNG\r\n\x1a\n"},
    {FORMAT_GIF, 0, 6, "GIF87a"},
    {FORMAT_GIF, 0, 6, "GIF89a"},
    {FORMAT_TIFF, 0, 4, "II*\0"},
    {FORMAT_TIFF, 0, 4, "MM\0*"},
    {FORMAT_FLAC, 0, 4, "fLaC"},
    {FORMAT_OGG, 0, 4, "OggS"},
    {FORMAT_NPY, 0, 6, "\x93NUMPY"},
    {FORMAT_PLY, 0, 4, "ply\n"},
    {FORMAT_PLY, 0, 5, "ply\r\n"},
    {FORMAT_PCD, 0, 6, "# .PCD"},
    {FORMAT_PCD, 0, 8, "VERSION "},
    {FORMAT_NIFTI, 344, 4, "n+1\0"},
    {FORMAT_NIFTI, 4, 4, "n+2\0"},
    {FORMAT_GZIP, 0, 2, "\x1f\x8b"},
    {FORMAT_PDF, 0, 5, "%PDF-"},
    {FORMAT_ZIP, 0, 4, "PK\3\4"},
    {FORMAT_HDF5, 0, 8, "\x89HDF\r\n\x1a\n"},
    {FORMAT_MARKUP, 0, 2, "<!"},
    {FORMAT_MARKUP, 0, 5, "<?xml"},
    {FORMAT_MARKUP, 0, 5, "<html"},
    {FORMAT_MARKUP, 0, 4, "<svg"},
    /* QuickTime files older than "ftyp" begin with one of these boxes. */
    {FORMAT_MOV, 4, 4, "moov"},
    {FORMAT_MOV, 4, 4, "mdat"},
    {FORMAT_MOV, 4, 4, "wide"},
    {FORMAT_MOV, 4, 4, "skip"},
};

/* The brands of ISO base media files that are not simply films. */
static const struct {
    enum file_format format;
    const char *brand;
} brands[] = {
    {FORMAT_AVIF, "avif"}, {FORMAT_AVIF, "avis"}, {FORMAT_HEIF, "heic"}, {FORMAT_HEIF, "heix"}, {FORMAT_HEIF, "mif1"},
    {FORMAT_HEIF, "hevc"}, {FORMAT_HEIF, "msf1"}, {FORMAT_M4A, "M4A "},  {FORMAT_M4A, "M4B "},  {FORMAT_MOV, "qt  "},
};

static bool has(const uint8_t *bytes, size_t n, size_t at, const char *text, size_t n_text)
{
    return n >= n_text && at <= n - n_text && memcmp(bytes + at, text, n_text) == 0;
}

static enum file_format sniff_riff(const uint8_t *bytes, size_t n)
{
    if (has(bytes, n, 8, "WAVE", 4))
        return FORMAT_WAV;
    if (has(bytes, n, 8, "AVI ", 4))
        return FORMAT_AVI;
    return has(bytes, n, 8, "WEBP", 4) ? FORMAT_WEBP : FORMAT_UNKNOWN;
}

/* "mif1" says only that the file holds pictures; then the list of compatible brands tells AVIF from HEIC. */
static enum file_format sniff_iso_media(const uint8_t *bytes, size_t n)
{
    enum file_format format = FORMAT_MP4;

    for (size_t i = 0; i < ARRAY_SIZE(brands); i++)
        if (has(bytes, n, 8, brands[i].brand, 4))
            format = brands[i].format;
    for (size_t at = 16; format == FORMAT_HEIF && at + 4 <= MIN(n, 64); at += 4)
        if (has(bytes, n, at, "avif", 4))
            format = FORMAT_AVIF;
    return format;
}

static enum file_format sniff_matroska(const uint8_t *bytes, size_t n)
{
    for (size_t at = 4; at + 4 <= MIN(n, 128); at++)
        if (has(bytes, n, at, "webm", 4))
            return FORMAT_WEBM;
    return FORMAT_MKV;
}

/* A tag at the front of MP3 (and sometimes AAC and FLAC) has its length in four groups of seven bits. */
static size_t id3_size(const uint8_t *bytes, size_t n)
{
    if (!has(bytes, n, 0, "ID3", 3) || n < 10)
        return 0;
    return 10 + ((size_t)(bytes[6] & 0x7f) << 21 | (size_t)(bytes[7] & 0x7f) << 14 | (size_t)(bytes[8] & 0x7f) << 7 |
                 (bytes[9] & 0x7f));
}

static enum file_format sniff_mpeg_audio(const uint8_t *bytes, size_t n)
{
    size_t tag = id3_size(bytes, n);

    if (tag && tag + 4 > n)
        return FORMAT_MP3;
    bytes += tag;
    n -= tag;
    if (has(bytes, n, 0, "fLaC", 4))
        return FORMAT_FLAC;
    if (n >= 4 && bytes[0] == 0xff && (bytes[1] & 0xf6) == 0xf0)
        return FORMAT_AAC;
    /* Eleven bits of sync, then layer III, with a version, a bit rate and a sample rate that exist. */
    if (n >= 4 && bytes[0] == 0xff && (bytes[1] & 0xe6) == 0xe2 && (bytes[1] & 0x18) != 0x08 && bytes[2] >> 4 != 15 &&
        (bytes[2] & 0x0c) != 0x0c)
        return FORMAT_MP3;
    return tag ? FORMAT_MP3 : FORMAT_UNKNOWN;
}

static bool is_bmp(const uint8_t *bytes, size_t n)
{
    return has(bytes, n, 0, "BM", 2) && n >= 18 && !bytes[6] && !bytes[7] && !bytes[8] && !bytes[9] &&
           (bytes[14] == 12 || (bytes[14] >= 40 && bytes[14] <= 124)) && !bytes[15] && !bytes[16] && !bytes[17];
}

/* No control characters at the front but white space, and a first byte that can begin a text in UTF-8. */
static bool is_text(const uint8_t *bytes, size_t n)
{
    if (n == 0 || (bytes[0] >= 0x80 && bytes[0] < 0xc2) || bytes[0] >= 0xf5)
        return false;
    for (size_t i = 0; i < MIN(n, 4096); i++)
        if (bytes[i] < 0x20 ? !(bytes[i] >= '\t' && bytes[i] <= '\r') : bytes[i] == 0x7f)
            return false;
    return true;
}

enum file_format sniff(const void *data, size_t n)
{
    const uint8_t *bytes = data;
    enum file_format format;

    for (size_t i = 0; i < ARRAY_SIZE(signatures); i++)
        if (has(bytes, n, signatures[i].at, signatures[i].text, signatures[i].n))
            return signatures[i].format;
    if (has(bytes, n, 0, "RIFF", 4) || has(bytes, n, 0, "RF64", 4))
        return sniff_riff(bytes, n);
    if (has(bytes, n, 4, "ftyp", 4))
        return sniff_iso_media(bytes, n);
    if (has(bytes, n, 0, "\x1a\x45\xdf\xa3", 4))
        return sniff_matroska(bytes, n);
    if (is_bmp(bytes, n))
        return FORMAT_BMP;
    format = sniff_mpeg_audio(bytes, n);
    if (format != FORMAT_UNKNOWN)
        return format;
    return is_text(bytes, n) ? FORMAT_TEXT : FORMAT_UNKNOWN;
}

const char *file_format_name(enum file_format format)
{
    return formats[format].name;
}

const char *file_format_description(enum file_format format)
{
    return formats[format].description;
}
