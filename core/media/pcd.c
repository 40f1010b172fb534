/* PCD, the format of the Point Cloud Library, version 0.7: lines of text that declare fields (name, size, type, count)
   and the number of points, then the points: as text, in binary, or in binary compressed with LZF, where each field's
   values stand together.

   x, y, z and a packed colour (rgb, rgba: 0xAARRGGBB, often declared as a float with these bits) are taken. Points that
   are NaN mark places without a point in such files and are dropped. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/media_impl.h"
#include "core/media/points.h"

#define N_FIELDS_MAX 64
#define NAME_SIZE 16
#define COUNT_MAX 4096
#define UNPACKED_BYTES_MAX ((size_t)512 << 20)
#define LZF_EXPANSION_MAX 128 /* a reference of three bytes copies at most 264 */

struct pcd_field {
    char name[NAME_SIZE];
    char type; /* I, U or F */
    size_t size, count;
};

enum pcd_data { PCD_TEXT, PCD_BINARY, PCD_COMPRESSED };

struct pcd {
    const struct media_job *job;
    struct bytes bytes;
    size_t n_fields, n_points;
    struct pcd_field fields[N_FIELDS_MAX];
    enum pcd_data data;
    struct error *error;
};

/* A point of a text file, laid out so that columns can look at it like at a binary one. */
struct pcd_point {
    double position[3];
    uint32_t colour;
};

static int refuse(struct pcd *pcd, const char *what)
{
    return error_set(pcd->error, -EBADMSG, "the PCD file is damaged: %s", what);
}

/* Header. */

struct words {
    const char *at, *end;
};

static bool next_word(struct words *words, struct words *ret)
{
    while (words->at < words->end && isspace((unsigned char)*words->at))
        words->at++;
    *ret = *words;
    while (words->at < words->end && !isspace((unsigned char)*words->at))
        words->at++;
    ret->end = words->at;
    return ret->at < ret->end;
}

static bool is_word(struct words word, const char *text)
{
    size_t n = strlen(text);

    return (size_t)(word.end - word.at) == n && memcmp(word.at, text, n) == 0;
}

static bool read_count(struct words word, size_t max, size_t *ret)
{
    double value;

    if (!number_from_text(word.at, (size_t)(word.end - word.at), &value) || !(value >= 0 && value <= (double)max) ||
        value != (double)(size_t)value)
        return false;
    *ret = (size_t)value;
    return true;
}

/* One line that lists a property of every field. */
static int read_fields(struct pcd *pcd, struct words key, struct words words)
{
    struct words word;
    size_t n = 0;
    bool good = true;

    for (; good && next_word(&words, &word); n++) {
        struct pcd_field *field = &pcd->fields[n];

        if (n == N_FIELDS_MAX)
            return refuse(pcd, "too many fields");
        if (is_word(key, "FIELDS"))
            memcpy(field->name, word.at, MIN((size_t)(word.end - word.at), (size_t)NAME_SIZE - 1));
        else if (is_word(key, "TYPE"))
            field->type = *word.at;
        else
            good = read_count(word, COUNT_MAX, is_word(key, "SIZE") ? &field->size : &field->count);
    }
    if (is_word(key, "FIELDS"))
        pcd->n_fields = n;
    if (!good || n == 0 || n != pcd->n_fields)
        return refuse(pcd, "the header's lists of fields do not fit each other");
    return 0;
}

static int read_data_kind(struct pcd *pcd, struct words words)
{
    struct words word;

    next_word(&words, &word);
    if (is_word(word, "ascii"))
        pcd->data = PCD_TEXT;
    else if (is_word(word, "binary"))
        pcd->data = PCD_BINARY;
    else if (is_word(word, "binary_compressed"))
        pcd->data = PCD_COMPRESSED;
    else
        return refuse(pcd, "its kind of DATA is unknown");
    return 0;
}

/* Lines up to and including DATA. WIDTH * HEIGHT says the same as POINTS, and VERSION and VIEWPOINT nothing of use. */
static int read_header(struct pcd *pcd)
{
    for (;;) {
        const uint8_t *end = memchr(pcd->bytes.at, '\n', bytes_left(&pcd->bytes));
        struct words line = {(const char *)pcd->bytes.at, (const char *)end}, key;
        int r = 0;

        if (!end)
            return refuse(pcd, "the header has no end");
        pcd->bytes.at = end + 1;
        if (!next_word(&line, &key) || *key.at == '#')
            continue;
        if (is_word(key, "DATA"))
            return read_data_kind(pcd, line);
        if (is_word(key, "FIELDS") || is_word(key, "SIZE") || is_word(key, "TYPE") || is_word(key, "COUNT"))
            r = read_fields(pcd, key, line);
        else if (is_word(key, "POINTS") && (!next_word(&line, &key) || !read_count(key, SIZE_MAX / 2, &pcd->n_points)))
            r = refuse(pcd, "its number of POINTS is not a number");
        if (r < 0)
            return r;
    }
}

static bool find_type(const struct pcd_field *field, enum number_type *ret)
{
    static const struct {
        char type;
        size_t size;
        enum number_type number_type;
    } types[] = {
        {'F', 4, NUMBER_F32}, {'F', 8, NUMBER_F64}, {'U', 1, NUMBER_U8},  {'U', 2, NUMBER_U16}, {'U', 4, NUMBER_U32},
        {'U', 8, NUMBER_U64}, {'I', 1, NUMBER_I8},  {'I', 2, NUMBER_I16}, {'I', 4, NUMBER_I32}, {'I', 8, NUMBER_I64},
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (types[i].type == field->type && types[i].size == field->size) {
            *ret = types[i].number_type;
            return true;
        }
    }
    return false;
}

/* Body. */

static size_t record_size(const struct pcd *pcd)
{
    size_t size = 0;

    for (size_t i = 0; i < pcd->n_fields; i++)
        size += pcd->fields[i].size * pcd->fields[i].count;
    return size;
}

static int find_position(const struct pcd_field *field)
{
    return field->name[0] >= 'x' && field->name[0] <= 'z' && !field->name[1] && field->count == 1 ? field->name[0] - 'x'
                                                                                                  : -1;
}

static bool is_colour(const struct pcd_field *field)
{
    return (strcmp(field->name, "rgb") == 0 || strcmp(field->name, "rgba") == 0) && field->size == 4 &&
           field->count == 1;
}

/* Red, green and blue are the third, second and first byte of the packed colour. */
static void set_colour(struct point_columns *columns, const void *packed, size_t stride)
{
    columns->has_colour = true;
    columns->colour_max = 255;
    for (int i = 0; i < 3; i++)
        columns->colour[i] =
            (struct number_run){.type = NUMBER_U8, .at = (const uint8_t *)packed + 2 - i, .stride = stride};
}

/* Where the fields of all points lie in n_points records, or, compressed, one field after the other. */
static int lay_out_columns(struct pcd *pcd, const uint8_t *data, struct point_columns *ret)
{
    size_t offset = 0, record = record_size(pcd);
    unsigned found = 0;

    for (size_t i = 0; i < pcd->n_fields; i++) {
        const struct pcd_field *field = &pcd->fields[i];
        bool together = pcd->data == PCD_COMPRESSED;
        size_t stride = together ? field->size : record;
        const uint8_t *at = data + (together ? offset * pcd->n_points : offset);
        int position = find_position(field);

        offset += field->size * field->count;
        if (is_colour(field))
            set_colour(ret, at, stride);
        if (position < 0)
            continue;
        ret->position[position] = (struct number_run){.at = at, .stride = stride};
        if (!find_type(field, &ret->position[position].type))
            return refuse(pcd, "its coordinates are of an unknown type");
        found |= 1u << position;
    }
    if (found != 7)
        return error_set(pcd->error, -EBADMSG, "the PCD file's points have no x, y and z");
    return 0;
}

static int store_records(struct pcd *pcd, const uint8_t *data, struct raw_media *ret)
{
    struct point_columns columns = {.n_points = pcd->n_points, .has_nan_holes = true};
    int r;

    r = lay_out_columns(pcd, data, &columns);
    if (r < 0)
        return r;
    return points_store(&columns, ret, pcd->error);
}

static int decode_binary(struct pcd *pcd, struct raw_media *ret)
{
    const uint8_t *data = bytes_take(&pcd->bytes, (uint64_t)pcd->n_points * record_size(pcd));

    return data ? store_records(pcd, data, ret) : refuse(pcd, "it is cut off");
}

/* LZF (Marc Lehmann): a control byte below 32 is followed by that many bytes and one more to copy; any other refers
 * back by 13 bits of distance and has 3 bits of length, of which 7 means that a byte is added. False unless the result
 * has exactly n bytes. */
static bool unpack_lzf(struct bytes packed, uint8_t *ret, size_t n)
{
    size_t done = 0;

    while (bytes_left(&packed) > 0) {
        unsigned control = bytes_u8(&packed);
        size_t length = control + 1, distance;

        if (control < 32) {
            const uint8_t *literal = bytes_take(&packed, length);

            if (!literal || length > n - done)
                return false;
            memcpy(ret + done, literal, length);
            done += length;
            continue;
        }
        length = control >> 5;
        if (length == 7)
            length += bytes_u8(&packed);
        length += 2;
        distance = (size_t)(control & 0x1f) << 8;
        distance += bytes_u8(&packed) + 1u;
        if (packed.failed || distance > done || length > n - done)
            return false;
        for (; length > 0; length--, done++)
            ret[done] = ret[done - distance]; /* may overlap: that is how runs are written */
    }
    return done == n;
}

static int decode_compressed(struct pcd *pcd, struct raw_media *ret)
{
    size_t n_packed = bytes_u32(&pcd->bytes), n = bytes_u32(&pcd->bytes);
    _cleanup_(freep) uint8_t *data = NULL;
    const uint8_t *packed = bytes_take(&pcd->bytes, n_packed);

    if (!packed || n / LZF_EXPANSION_MAX > n_packed || n != (uint64_t)pcd->n_points * record_size(pcd))
        return refuse(pcd, "it is cut off, or its compressed size does not fit");
    if (n > UNPACKED_BYTES_MAX)
        return error_set(pcd->error, -EFBIG, "the PCD file decompresses to more than %zu MiB",
                         UNPACKED_BYTES_MAX >> 20);
    data = malloc(n);
    if (!data)
        return error_set(pcd->error, -ENOMEM, "no memory for %zu decompressed bytes", n);
    if (!unpack_lzf(bytes_of(packed, n_packed), data, n))
        return refuse(pcd, "its compressed data are wrong");
    return store_records(pcd, data, ret);
}

static bool read_text_field(struct words *words, const struct pcd_field *field, struct pcd_point *ret)
{
    int position = find_position(field);
    struct words word;
    double value;
    float bits;

    for (size_t i = 0; i < field->count; i++)
        if (!next_word(words, &word) || !number_from_text(word.at, (size_t)(word.end - word.at), &value))
            return false;
    if (position >= 0)
        ret->position[position] = value;
    if (is_colour(field)) {
        bits = (float)value;
        if (field->type == 'F')
            memcpy(&ret->colour, &bits, sizeof(bits));
        else if (value >= 0 && value <= UINT32_MAX)
            ret->colour = (uint32_t)value;
    }
    return true;
}

static int decode_text(struct pcd *pcd, struct raw_media *ret)
{
    struct words words = {(const char *)pcd->bytes.at, (const char *)pcd->bytes.end};
    struct point_columns columns = {.n_points = pcd->n_points, .has_nan_holes = true};
    _cleanup_(freep) struct pcd_point *points = calloc(pcd->n_points, sizeof(*points));
    int r;

    if (!points)
        return error_set(pcd->error, -ENOMEM, "no memory for %zu points", pcd->n_points);
    /* For the check that there are coordinates; the places are of no use here. */
    r = lay_out_columns(pcd, pcd->bytes.at, &columns);
    if (r < 0)
        return r;
    for (size_t i = 0; i < pcd->n_points; i++)
        for (size_t j = 0; j < pcd->n_fields; j++)
            if (!read_text_field(&words, &pcd->fields[j], &points[i]))
                return error_set(pcd->error, -EBADMSG, "the PCD file is damaged or cut off at point %zu of %zu", i,
                                 pcd->n_points);
    for (int i = 0; i < 3; i++)
        columns.position[i] = (struct number_run){
            .type = NUMBER_F64, .at = (const uint8_t *)&points->position[i], .stride = sizeof(*points)};
    if (columns.has_colour)
        set_colour(&columns, &points->colour, sizeof(*points));
    return points_store(&columns, ret, pcd->error);
}

int pcd_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    struct pcd pcd = {.job = job, .bytes = bytes_of(job->bytes, job->n_bytes), .error = error};
    int r;

    raw_media_set_format(ret, file_format_name(format));
    for (size_t i = 0; i < N_FIELDS_MAX; i++)
        pcd.fields[i].count = 1; /* COUNT may be missing */
    r = read_header(&pcd);
    if (r < 0)
        return r;
    r = points_check_count(job, pcd.n_points, error);
    if (r < 0)
        return r;
    if (pcd.data == PCD_TEXT)
        return decode_text(&pcd, ret);
    return pcd.data == PCD_BINARY ? decode_binary(&pcd, ret) : decode_compressed(&pcd, ret);
}
