/* JPEG through libjpeg-turbo with its defaults (slow integer DCT, smooth chroma upsampling), so that pixels equal those
   of Pillow and thus of the reference. The only file that knows the library.

   libjpeg reports errors through callbacks that must not return: they leave by longjmp to the one setjmp,
   after which jpeg_decode() releases everything; rows are written straight into the block of the raw_media. Warnings
   about missing or wrong data count as errors here: half a picture is no picture. */
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

#include <errno.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include "core/base/error.h"
#include "core/media/exif.h"
#include "core/media/media_impl.h"
#include "core/media/orientation.h"

/* A progressive picture needs about ten scans; thousands of empty ones cost time without bytes. */
#define JPEG_SCANS_MAX 100
#define JPEG_EXIF (JPEG_APP0 + 1)

struct jpeg_reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    const struct media_job *job;
    struct error *error;
    int result;
};

static void leave(struct jpeg_reader *reader, int result) __attribute__((noreturn));
static void leave(struct jpeg_reader *reader, int result)
{
    reader->result = result;
    longjmp(reader->escape, 1);
}

static void leave_damaged(j_common_ptr jpeg) __attribute__((noreturn));
static void leave_damaged(j_common_ptr jpeg)
{
    struct jpeg_reader *reader = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    int r;

    if (jpeg->err->msg_code == JERR_OUT_OF_MEMORY)
        leave(reader, error_set(reader->error, -ENOMEM, "no memory to decode the JPEG picture"));
    jpeg->err->format_message(jpeg, text);
    r = error_set(reader->error, -EBADMSG, "the JPEG picture is damaged or cut off");
    error_detail(reader->error, "libjpeg: %s", text);
    leave(reader, r);
}

/* Called for warnings (level -1), and for traces, which are of no interest. */
static void on_message(j_common_ptr jpeg, int level)
{
    if (level >= 0)
        return;
    switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        leave_damaged(jpeg);
    }
}

static void on_progress(j_common_ptr common)
{
    struct jpeg_reader *reader = common->client_data;
    int r = media_job_check(reader->job, reader->error);

    if (r < 0)
        leave(reader, r);
    if (reader->jpeg.input_scan_number > JPEG_SCANS_MAX)
        leave(reader, error_set(reader->error, -EFBIG, "the JPEG picture has more than %d scans", JPEG_SCANS_MAX));
}

static int find_orientation(const struct jpeg_decompress_struct *jpeg)
{
    for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker; marker = marker->next)
        if (marker->marker == JPEG_EXIF && marker->data_length > 6 && memcmp(marker->data, "Exif\0\0", 6) == 0)
            return exif_orientation(marker->data, marker->data_length);
    return 1;
}

/* a * b / 255, rounded, in integers, as Pillow does it. */
static uint8_t scale_255(unsigned a, unsigned b)
{
    unsigned product = a * b + 128;

    return (uint8_t)(((product >> 8) + product) >> 8);
}

/* Ink to light as Pillow does it. Adobe's programs store ink inverted. */
static void convert_cmyk(const uint8_t *cmyk, size_t n, bool inverted, uint8_t *rgb)
{
    uint8_t flip = inverted ? 0xff : 0;

    for (size_t i = 0; i < n; i++, cmyk += 4, rgb += 3) {
        unsigned light = 255u - (cmyk[3] ^ flip);

        for (int channel = 0; channel < 3; channel++)
            rgb[channel] = (uint8_t)(light - scale_255((unsigned)(cmyk[channel] ^ flip), light));
    }
}

/* Chooses what libjpeg converts to, and says how many channels the result has. */
static size_t choose_colours(struct jpeg_reader *reader, enum media_kind kind)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;

    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE:
        jpeg->out_color_space = kind == MEDIA_MAP ? JCS_GRAYSCALE : JCS_RGB;
        break;
    case JCS_RGB:
    case JCS_YCbCr:
        jpeg->out_color_space = JCS_RGB;
        break;
    case JCS_CMYK:
    case JCS_YCCK:
        jpeg->out_color_space = JCS_CMYK;
        break;
    default:
        leave(reader, error_set(reader->error, -EBADMSG, "a JPEG picture with %d channels of unknown meaning",
                                jpeg->num_components));
    }
    return jpeg->out_color_space == JCS_GRAYSCALE ? 1 : 3;
}

static void read_rows(struct jpeg_reader *reader, uint8_t *pixels, size_t n_channels)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    size_t row_size = jpeg->output_width * n_channels;
    JSAMPARRAY ink = NULL;

    if (jpeg->out_color_space == JCS_CMYK)
        ink = jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * 4, 1);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = pixels + jpeg->output_scanline * row_size;

        jpeg_read_scanlines(jpeg, ink ? ink : &row, 1);
        if (ink)
            convert_cmyk(ink[0], jpeg->output_width, jpeg->saw_Adobe_marker, row);
    }
}

static int read_picture(struct jpeg_reader *reader, struct raw_media *ret)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    size_t n_channels;
    int orientation, r;

    jpeg_create_decompress(jpeg);
    jpeg->progress = &reader->progress;
    jpeg_mem_src(jpeg, reader->job->bytes, reader->job->n_bytes);
    jpeg_save_markers(jpeg, JPEG_EXIF, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    r = media_check_pixels(reader->job, jpeg->image_width, jpeg->image_height, reader->error);
    if (r < 0)
        return r;
    orientation = find_orientation(jpeg);
    n_channels = choose_colours(reader, ret->kind);
    r = raw_media_allocate(ret, MEDIA_U8, 3, (size_t[]){jpeg->image_height, jpeg->image_width, n_channels},
                           reader->error);
    if (r < 0)
        return r;
    jpeg_start_decompress(jpeg);
    read_rows(reader, ret->data, n_channels);
    jpeg_finish_decompress(jpeg);
    return raw_media_orient(ret, orientation, reader->error);
}

/* Kept apart so that no variable of this function changes between setjmp() and its second return. */
static int read_or_leave(struct jpeg_reader *reader, struct raw_media *ret)
{
    if (setjmp(reader->escape))
        return reader->result;
    return read_picture(reader, ret);
}

int jpeg_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    struct jpeg_reader reader = {.job = job, .error = error, .progress.progress_monitor = on_progress};
    int r;

    raw_media_set_format(ret, file_format_name(format));
    reader.jpeg.err = jpeg_std_error(&reader.errors);
    reader.jpeg.client_data = &reader;
    reader.errors.error_exit = leave_damaged;
    reader.errors.emit_message = on_message;
    r = read_or_leave(&reader, ret);
    jpeg_destroy_decompress(&reader.jpeg);
    return r;
}
