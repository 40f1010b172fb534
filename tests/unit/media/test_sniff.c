#include "tests/unit/media/media_test.h"

#include "core/media/sniff.h"

static void fixtures_are_recognised(void **state)
{
    static const struct {
        const char *name;
        enum file_format format;
    } cases[] = {
        {"baseline.jpg", FORMAT_JPEG}, {"ramp.png", FORMAT_PNG},   {"ramp.webp", FORMAT_WEBP}, {"ramp.gif", FORMAT_GIF},
        {"ramp.bmp", FORMAT_BMP},      {"ramp.tiff", FORMAT_TIFF}, {"ramp.avif", FORMAT_AVIF}, {"film.mp4", FORMAT_MP4},
        {"turned.mov", FORMAT_MOV},    {"film.webm", FORMAT_WEBM}, {"film.mkv", FORMAT_MKV},   {"film.avi", FORMAT_AVI},
        {"sine.m4a", FORMAT_M4A},      {"adpcm.wav", FORMAT_WAV},  {"sine.flac", FORMAT_FLAC}, {"sine.mp3", FORMAT_MP3},
        {"opus.ogg", FORMAT_OGG},      {"sine.aac", FORMAT_AAC},   {"README.md", FORMAT_TEXT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct file file = file_load(cases[i].name);

        assert_string_equal(file_format_name(sniff(file.bytes, file.n)), file_format_name(cases[i].format));
        file_deinit(&file);
    }
}

static void signatures_are_recognised(void **state)
{
#define CASE(text, format)                                                                                             \
    {                                                                                                                  \
        text, sizeof(text) - 1, format                                                                                 \
    }
    static const struct {
        const char *text;
        size_t n;
        enum file_format format;
    } cases[] = {
        CASE("\x93NUMPY\1", FORMAT_NPY),
        CASE("ply\nformat", FORMAT_PLY),
        CASE("ply\r\nformat", FORMAT_PLY),
        CASE("# .PCD v0.7", FORMAT_PCD),
        CASE("VERSION .7\n", FORMAT_PCD),
        CASE("\x1f\x8b\x08", FORMAT_GZIP),
        CASE("\x1c\2\0\0n+2\0\r\n\x1a\n", FORMAT_NIFTI),
        CASE("%PDF-1.7", FORMAT_PDF),
        CASE("PK\3\4....", FORMAT_ZIP),
        CASE("\x89HDF\r\n\x1a\n", FORMAT_HDF5),
        CASE("<!DOCTYPE html>", FORMAT_MARKUP),
        CASE("<svg xmlns", FORMAT_MARKUP),
        CASE("MM\0*....", FORMAT_TIFF),
        CASE("RF64\xff\xff\xff\xffWAVE", FORMAT_WAV),
        CASE("RIFF....XYZW", FORMAT_UNKNOWN),
        CASE("....ftypheic", FORMAT_HEIF),
        CASE("....ftypmif1....mif1heic", FORMAT_HEIF),
        CASE("....ftypmif1....mif1avif", FORMAT_AVIF),
        CASE("....ftypisom", FORMAT_MP4),
        CASE("....moov", FORMAT_MOV),
        CASE("ID3\4\0\0\0\0\0\2..fLaC", FORMAT_FLAC),
        CASE("ID3\4\0\0\0\0\0\2..\xff\xf1..", FORMAT_AAC),
        CASE("ID3\4\0\0\0\0\0\2..\xff\xfb\x90.", FORMAT_MP3),
        CASE("ID3\4\0\0\0\0\x7f\x7f", FORMAT_MP3),
        CASE("\xff\xfb\xf0.", FORMAT_UNKNOWN), /* a bit rate that does not exist */
        CASE("1,2,3\n", FORMAT_TEXT),
        CASE("\xef\xbb\xbf"
             "a,b\n",
             FORMAT_TEXT),
        CASE("1\0", FORMAT_UNKNOWN),
        CASE("\x89PN", FORMAT_UNKNOWN),
        CASE("", FORMAT_UNKNOWN),
    };
#undef CASE

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        void *copy = malloc(cases[i].n + 1);

        assert_non_null(copy);
        memcpy(copy, cases[i].text, cases[i].n);
        if (sniff(copy, cases[i].n) != cases[i].format)
            fail_msg("case %zu: expected %s, found %s", i, file_format_name(cases[i].format),
                     file_format_name(sniff(copy, cases[i].n)));
        free(copy);
    }
}

/* In blocks of exactly their size, so that a sanitizer would see a byte too many. */
static void any_length_is_safe(void **state)
{
    static const char *const names[] = {"ramp.png", "ramp.avif", "film.webm", "film.avi", "sine.mp3", "ramp.bmp"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct file file = file_load(names[i]);

        for (size_t n = 0; n < MIN(file.n, 400); n++) {
            void *copy = malloc(n + !n);

            assert_non_null(copy);
            memcpy(copy, file.bytes, n);
            assert_in_range(sniff(copy, n), 0, N_FILE_FORMATS - 1);
            free(copy);
        }
        file_deinit(&file);
    }
}

static void every_format_has_words(void **state)
{
    (void)state;
    for (int format = 0; format < N_FILE_FORMATS; format++) {
        assert_non_null(file_format_name(format));
        assert_non_null(file_format_description(format));
        assert_int_equal(strncmp(file_format_description(format), "a", 1), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixtures_are_recognised),
        cmocka_unit_test(signatures_are_recognised),
        cmocka_unit_test(any_length_is_safe),
        cmocka_unit_test(every_format_has_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
