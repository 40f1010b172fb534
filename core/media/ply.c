/* PLY: a text header that declares elements (their number, and the properties of each, some of them lists), then the
   elements in that order, as text or in binary of either byte order. The element "vertex" holds the points; every other
   one is walked over, also those behind it, so that a file that was cut off is noticed.

   The body is read through one function that delivers the next value of a type, so that the three encodings differ in
   that function alone. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/media_impl.h"
#include "core/media/points.h"

#define N_ELEMENTS_MAX 16
#define N_PROPERTIES_MAX 256
#define N_WORDS_MAX 5
#define LINE_SIZE 256

struct ply_property {
    enum number_type type; /* of a list's entries, if it is one */
    bool is_list;
    enum number_type count_type;
    int column; /* 0..5 for x y z red green blue of a vertex, else -1 */
};

struct ply_element {
    bool is_vertex;
    size_t n;
    size_t first_property, n_properties;
};

struct ply {
    const struct media_job *job;
    struct bytes bytes;
    bool is_text, swapped;
    size_t n_elements, n_properties;
    struct ply_element elements[N_ELEMENTS_MAX];
    struct ply_property properties[N_PROPERTIES_MAX];
    struct error *error;
};

static int refuse(struct ply *ply, const char *what)
{
    return error_set(ply->error, -EBADMSG, "the PLY file is damaged: %s", what);
}

/* Header. */

static bool find_type(const char *word, enum number_type *ret)
{
    static const struct {
        const char *name, *other_name;
        enum number_type type;
    } types[] = {
        {"char", "int8", NUMBER_I8},      {"uchar", "uint8", NUMBER_U8},     {"short", "int16", NUMBER_I16},
        {"ushort", "uint16", NUMBER_U16}, {"int", "int32", NUMBER_I32},      {"uint", "uint32", NUMBER_U32},
        {"float", "float32", NUMBER_F32}, {"double", "float64", NUMBER_F64},
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (strcmp(word, types[i].name) == 0 || strcmp(word, types[i].other_name) == 0) {
            *ret = types[i].type;
            return true;
        }
    }
    return false;
}

static int find_column(const char *name)
{
    static const char *const names[][6] = {
        {"x", "y", "z", "red", "green", "blue"},
        {"x", "y", "z", "diffuse_red", "diffuse_green", "diffuse_blue"},
        {"x", "y", "z", "r", "g", "b"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        for (int column = 0; column < 6; column++)
            if (strcmp(name, names[i][column]) == 0)
                return column;
    return -1;
}

/* The next line's words, cut in `line`; returns how many, or -1 at the end of the file or beyond LINE_SIZE. */
static int read_words(struct bytes *bytes, char line[LINE_SIZE], char *words[N_WORDS_MAX])
{
    const uint8_t *end = memchr(bytes->at, '\n', bytes_left(bytes));
    char *next = NULL;
    size_t n;
    int n_words = 0;

    if (!end || (size_t)(end - bytes->at) >= LINE_SIZE)
        return -1;
    n = (size_t)(end - bytes->at);
    memcpy(line, bytes->at, n);
    line[n] = '\0';
    bytes->at = end + 1;
    for (char *word = strtok_r(line, " \t\r", &next); word; word = strtok_r(NULL, " \t\r", &next))
        if (n_words < N_WORDS_MAX)
            words[n_words++] = word;
    return n_words;
}

static int read_format(struct ply *ply, const char *format)
{
    ply->is_text = strcmp(format, "ascii") == 0;
    ply->swapped = strcmp(format, "binary_big_endian") == 0;
    if (ply->is_text || ply->swapped || strcmp(format, "binary_little_endian") == 0)
        return 0;
    return refuse(ply, "its format is unknown");
}

static int read_element(struct ply *ply, const char *name, const char *count)
{
    struct ply_element *element = &ply->elements[ply->n_elements];
    char *end;

    if (ply->n_elements == N_ELEMENTS_MAX)
        return refuse(ply, "too many elements");
    errno = 0;
    *element = (struct ply_element){
        .is_vertex = strcmp(name, "vertex") == 0,
        .n = isdigit((unsigned char)count[0]) ? strtoull(count, &end, 10) : SIZE_MAX,
        .first_property = ply->n_properties,
    };
    if (element->n == SIZE_MAX || *end || errno)
        return refuse(ply, "an element's count is not a number");
    ply->n_elements++;
    return 0;
}

static int read_property(struct ply *ply, char *words[N_WORDS_MAX], int n_words)
{
    struct ply_property property = {.is_list = n_words == 5 && strcmp(words[1], "list") == 0, .column = -1};
    struct ply_element *element;
    bool good;

    if (ply->n_elements == 0 || ply->n_properties == N_PROPERTIES_MAX)
        return refuse(ply, "a property without an element, or too many properties");
    element = &ply->elements[ply->n_elements - 1];
    if (property.is_list)
        good = find_type(words[2], &property.count_type) && find_type(words[3], &property.type);
    else
        good = n_words == 3 && find_type(words[1], &property.type);
    if (!good)
        return refuse(ply, "a property's type is unknown");
    if (!property.is_list && element->is_vertex)
        property.column = find_column(words[2]);
    ply->properties[ply->n_properties++] = property;
    element->n_properties++;
    return 0;
}

static int read_header(struct ply *ply)
{
    bool has_format = false;

    for (;;) {
        char line[LINE_SIZE], *words[N_WORDS_MAX];
        int n = read_words(&ply->bytes, line, words), r = 0;

        if (n < 0)
            return refuse(ply, "the header has no end");
        if (n == 0 || strcmp(words[0], "ply") == 0 || strcmp(words[0], "comment") == 0 ||
            strcmp(words[0], "obj_info") == 0)
            continue;
        if (n == 1 && strcmp(words[0], "end_header") == 0)
            return has_format ? 0 : refuse(ply, "the header names no format");
        if (n == 3 && strcmp(words[0], "format") == 0) {
            has_format = true;
            r = read_format(ply, words[1]);
        } else if (n == 3 && strcmp(words[0], "element") == 0) {
            r = read_element(ply, words[1], words[2]);
        } else if (n >= 3 && strcmp(words[0], "property") == 0) {
            r = read_property(ply, words, n);
        } else {
            r = refuse(ply, "the header has a line of unknown meaning");
        }
        if (r < 0)
            return r;
    }
}

/* Body. */

static bool read_text_value(struct bytes *bytes, double *ret)
{
    const uint8_t *begin;

    while (bytes->at < bytes->end && isspace(*bytes->at))
        bytes->at++;
    begin = bytes->at;
    while (bytes->at < bytes->end && !isspace(*bytes->at))
        bytes->at++;
    return number_from_text((const char *)begin, (size_t)(bytes->at - begin), ret);
}

static bool read_value(struct ply *ply, enum number_type type, double *ret)
{
    struct number_run run = {.type = type, .swapped = ply->swapped};

    if (ply->is_text)
        return read_text_value(&ply->bytes, ret);
    run.at = bytes_take(&ply->bytes, number_size(type));
    if (!run.at)
        return false;
    number_run_load(&run, 0, 1, ret);
    return true;
}

static bool skip_list(struct ply *ply, const struct ply_property *property)
{
    double count, value;

    if (!read_value(ply, property->count_type, &count) || !(count >= 0 && count <= (double)bytes_left(&ply->bytes)) ||
        count != floor(count))
        return false;
    if (!ply->is_text)
        return bytes_take(&ply->bytes, (uint64_t)count * number_size(property->type));
    for (size_t i = 0; i < (size_t)count; i++)
        if (!read_value(ply, property->type, &value))
            return false;
    return true;
}

/* Reads one instance of an element; vertices leave their values in the six columns. */
static bool read_instance(struct ply *ply, const struct ply_element *element, double columns[6])
{
    for (size_t i = 0; i < element->n_properties; i++) {
        const struct ply_property *property = &ply->properties[element->first_property + i];
        double value;

        if (property->is_list) {
            if (!skip_list(ply, property))
                return false;
            continue;
        }
        if (!read_value(ply, property->type, &value))
            return false;
        if (property->column >= 0)
            columns[property->column] = value;
    }
    return true;
}

/* Returns how many instances could be read. values is NULL or [element->n, 6]. */
static size_t read_instances(struct ply *ply, const struct ply_element *element, double *values)
{
    double ignored[6];

    for (size_t i = 0; i < element->n; i++)
        if (!read_instance(ply, element, values ? values + i * 6 : ignored))
            return i;
    return element->n;
}

/* The columns that the vertices have, as views into values. */
static int lay_out_columns(struct ply *ply, const struct ply_element *element, const double *values,
                           struct point_columns *ret)
{
    struct numbers numbers = numbers_of_table(values, element->n, 6);
    unsigned found = 0;

    for (size_t i = 0; i < element->n_properties; i++) {
        const struct ply_property *property = &ply->properties[element->first_property + i];

        if (property->column < 0)
            continue;
        found |= 1u << property->column;
        if (property->column >= 3 && property->type == NUMBER_U8)
            ret->colour_max = 255;
        if (property->column >= 3 && property->type == NUMBER_U16)
            ret->colour_max = 65535;
    }
    if ((found & 7) != 7)
        return error_set(ply->error, -EBADMSG, "the PLY file's vertices have no x, y and z");
    ret->n_points = element->n;
    ret->has_colour = (found & 0x38) == 0x38;
    for (size_t i = 0; i < 3; i++) {
        ret->position[i] = numbers_column(&numbers, i);
        ret->colour[i] = numbers_column(&numbers, 3 + i);
    }
    return 0;
}

static int read_vertices(struct ply *ply, const struct ply_element *element, struct raw_media *ret)
{
    _cleanup_(freep) double *values = NULL;
    struct point_columns columns = {0};
    size_t n;
    int r;

    r = points_check_count(ply->job, element->n, ply->error);
    if (r < 0)
        return r;
    values = calloc(element->n, 6 * sizeof(*values));
    if (!values)
        return error_set(ply->error, -ENOMEM, "no memory for %zu points", element->n);
    r = lay_out_columns(ply, element, values, &columns);
    if (r < 0)
        return r;
    n = read_instances(ply, element, values);
    if (n < element->n)
        return error_set(ply->error, -EBADMSG, "the PLY file is damaged or cut off at vertex %zu of %zu", n,
                         element->n);
    return points_store(&columns, ret, ply->error);
}

static int read_body(struct ply *ply, struct raw_media *ret)
{
    for (size_t i = 0; i < ply->n_elements; i++) {
        const struct ply_element *element = &ply->elements[i];
        int r;

        /* Every instance takes at least a byte, so a wrong count cannot keep us busy. */
        if (element->n > bytes_left(&ply->bytes) && element->n_properties > 0)
            return refuse(ply, "it is cut off");
        if (element->is_vertex && !ret->data) {
            r = read_vertices(ply, element, ret);
            if (r < 0)
                return r;
        } else if (element->n_properties > 0 && read_instances(ply, element, NULL) < element->n) {
            return refuse(ply, "it is cut off");
        }
    }
    return ret->data ? 0 : refuse(ply, "it has no vertices");
}

int ply_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    struct ply ply = {.job = job, .bytes = bytes_of(job->bytes, job->n_bytes), .error = error};
    int r;

    raw_media_set_format(ret, file_format_name(format));
    r = read_header(&ply);
    if (r < 0)
        return r;
    return read_body(&ply, ret);
}
