/* An NPY file is a magic text, a version, the length of the header, and the header: a Python dictionary such as
     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
   followed by the numbers. Only this dictionary with these three keys, in any order, is understood; nothing is
   evaluated. */
#include "core/media/npy.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/media_impl.h"

#define NPY_HEADER_MAX 65536

/* The header while it is being read. */
struct cursor {
    const char *at, *end;
};

struct npy_header {
    enum number_type type;
    bool swapped, fortran;
    bool has_type, has_order, has_shape;
    int n_dims;
    size_t shape[NUMBERS_DIMS_MAX];
};

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\n'))
        cursor->at++;
}

static bool accept(struct cursor *cursor, char expected)
{
    skip_blanks(cursor);
    if (cursor->at == cursor->end || *cursor->at != expected)
        return false;
    cursor->at++;
    return true;
}

static bool accept_word(struct cursor *cursor, const char *word)
{
    size_t n = strlen(word);

    skip_blanks(cursor);
    if ((size_t)(cursor->end - cursor->at) < n || memcmp(cursor->at, word, n) != 0)
        return false;
    cursor->at += n;
    return true;
}

/* 'text' or "text", without escapes; at most n - 1 characters. */
static bool read_text(struct cursor *cursor, char *ret, size_t n)
{
    char quote = accept(cursor, '\'') ? '\'' : '"';
    const char *begin, *close;

    if (quote == '"' && !accept(cursor, '"'))
        return false;
    begin = cursor->at;
    close = memchr(begin, quote, (size_t)(cursor->end - begin));
    if (!close || (size_t)(close - begin) >= n)
        return false;
    memcpy(ret, begin, (size_t)(close - begin));
    ret[close - begin] = '\0';
    cursor->at = close + 1;
    return true;
}

static bool read_size(struct cursor *cursor, size_t *ret)
{
    size_t size = 0;

    skip_blanks(cursor);
    if (cursor->at == cursor->end || !isdigit((unsigned char)*cursor->at))
        return false;
    for (; cursor->at < cursor->end && isdigit((unsigned char)*cursor->at); cursor->at++)
        if (__builtin_mul_overflow(size, (size_t)10, &size) ||
            __builtin_add_overflow(size, (size_t)(*cursor->at - '0'), &size))
            return false;
    *ret = size;
    return true;
}

static int read_type(struct cursor *cursor, struct npy_header *header, struct error *error)
{
    static const struct {
        const char *name;
        enum number_type type;
    } types[] = {
        {"b1", NUMBER_U8},  {"u1", NUMBER_U8},  {"i1", NUMBER_I8},  {"u2", NUMBER_U16},
        {"i2", NUMBER_I16}, {"u4", NUMBER_U32}, {"i4", NUMBER_I32}, {"u8", NUMBER_U64},
        {"i8", NUMBER_I64}, {"f2", NUMBER_F16}, {"f4", NUMBER_F32}, {"f8", NUMBER_F64},
    };
    char name[32], quoted[MEDIA_QUOTE_SIZE];

    /* Records have a list here, not a text. */
    if (!read_text(cursor, name, sizeof(name)))
        return error_set(error, -EBADMSG, "expected an NPY array of plain numbers; found another element type");
    for (size_t i = 0; i < ARRAY_SIZE(types) && name[0] && strchr("<>|=", name[0]); i++) {
        if (strcmp(name + 1, types[i].name) != 0)
            continue;
        header->type = types[i].type;
        header->swapped = name[0] == '>';
        header->has_type = true;
        return 0;
    }
    return error_set(error, -EBADMSG, "expected an NPY array of integers or floats; found elements of type %s",
                     media_quote(name, strlen(name), quoted));
}

static bool read_shape(struct cursor *cursor, struct npy_header *header)
{
    bool separated = true;

    if (!accept(cursor, '('))
        return false;
    header->n_dims = 0;
    while (!accept(cursor, ')')) {
        if (!separated || header->n_dims == NUMBERS_DIMS_MAX || !read_size(cursor, &header->shape[header->n_dims]))
            return false;
        header->n_dims++;
        accept_word(cursor, "L"); /* Python 2 wrote its long integers like this. */
        separated = accept(cursor, ',');
    }
    header->has_shape = true;
    return true;
}

static bool read_order(struct cursor *cursor, struct npy_header *header)
{
    header->fortran = accept_word(cursor, "True");
    header->has_order = header->fortran || accept_word(cursor, "False");
    return header->has_order;
}

static int read_member(struct cursor *cursor, struct npy_header *header, struct error *error)
{
    char key[16];
    bool good = read_text(cursor, key, sizeof(key)) && accept(cursor, ':');

    if (good && strcmp(key, "descr") == 0)
        return read_type(cursor, header, error);
    if (good && strcmp(key, "fortran_order") == 0 && read_order(cursor, header))
        return 0;
    if (good && strcmp(key, "shape") == 0 && read_shape(cursor, header))
        return 0;
    return error_set(error, -EBADMSG, "the NPY header is damaged, or the array has more than %d dimensions",
                     NUMBERS_DIMS_MAX);
}

static int read_header(struct cursor cursor, struct npy_header *ret, struct error *error)
{
    struct npy_header header = {0};
    bool good = accept(&cursor, '{'), separated = true;
    int r;

    while (good && !accept(&cursor, '}')) {
        r = separated ? read_member(&cursor, &header, error) : error_set(error, -EBADMSG, "the NPY header is damaged");
        if (r < 0)
            return r;
        separated = accept(&cursor, ',');
    }
    skip_blanks(&cursor);
    if (!good || cursor.at != cursor.end || !header.has_type || !header.has_order || !header.has_shape)
        return error_set(error, -EBADMSG, "the NPY header is damaged");
    *ret = header;
    return 0;
}

/* Distances between elements, and the number of bytes that the array needs. */
static int lay_out(const struct npy_header *header, struct numbers *ret, size_t *ret_bytes, struct error *error)
{
    struct numbers numbers = {.type = header->type, .swapped = header->swapped, .n_dims = header->n_dims};
    size_t stride = number_size(header->type);

    memcpy(numbers.shape, header->shape, sizeof(numbers.shape));
    for (int i = 0; i < header->n_dims; i++) {
        int dim = header->fortran ? i : header->n_dims - 1 - i;

        numbers.strides[dim] = stride;
        if (header->shape[dim] == 0)
            return error_set(error, -EBADMSG, "the NPY array is empty");
        if (__builtin_mul_overflow(stride, header->shape[dim], &stride))
            return error_set(error, -EBADMSG, "the NPY array is cut off: its header says more than 2^64 bytes");
    }
    *ret = numbers;
    *ret_bytes = stride;
    return 0;
}

int npy_parse(const void *data, size_t n_bytes, struct numbers *ret, struct error *error)
{
    struct bytes bytes = bytes_of(data, n_bytes);
    struct npy_header header;
    struct numbers numbers;
    size_t n_header, n_needed;
    const char *text;
    uint8_t version;
    int r;

    bytes_take(&bytes, 6);
    version = bytes_u8(&bytes);
    bytes_u8(&bytes);
    n_header = version == 1 ? bytes_u16(&bytes) : bytes_u32(&bytes);
    text = bytes_take(&bytes, n_header);
    if (!text || version < 1 || version > 3 || n_header > NPY_HEADER_MAX)
        return error_set(error, -EBADMSG, "the NPY header is damaged or cut off");
    r = read_header((struct cursor){text, text + n_header}, &header, error);
    if (r < 0)
        return r;
    r = lay_out(&header, &numbers, &n_needed, error);
    if (r < 0)
        return r;
    numbers.data = bytes_take(&bytes, n_needed);
    if (!numbers.data)
        return error_set(error, -EBADMSG, "the NPY array is cut off: its header says %zu bytes, the file has %zu",
                         n_needed, bytes_left(&bytes));
    *ret = numbers;
    return 0;
}
