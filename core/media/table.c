/* The separator is decided once, by the first line that counts; then every line is a straight walk over its fields. */
#include "core/media/table.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/media_impl.h"

struct text {
    const char *at, *end;
};

struct table_reader {
    struct text rest;
    size_t line; /* from 1 */
    char separator;
    size_t capacity; /* of the table's values */
    struct table table;
};

static void reader_deinit(struct table_reader *reader)
{
    table_deinit(&reader->table);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static struct text trim(struct text text)
{
    while (text.at < text.end && is_blank(*text.at))
        text.at++;
    while (text.end > text.at && is_blank(text.end[-1]))
        text.end--;
    return text;
}

static size_t text_size(struct text text)
{
    return (size_t)(text.end - text.at);
}

/* The next line that counts, trimmed; false at the end of the file. Lines end in LF, CR LF or CR. */
static bool next_line(struct table_reader *reader, struct text *ret)
{
    while (reader->rest.at < reader->rest.end) {
        struct text line = reader->rest;

        line.end = line.at;
        while (line.end < reader->rest.end && *line.end != '\n' && *line.end != '\r')
            line.end++;
        reader->rest.at = line.end;
        if (reader->rest.at < reader->rest.end && *reader->rest.at++ == '\r' && reader->rest.at < reader->rest.end &&
            *reader->rest.at == '\n')
            reader->rest.at++;
        reader->line++;
        line = trim(line);
        if (text_size(line) == 0 || line.at[0] == '#' || (text_size(line) >= 2 && memcmp(line.at, "//", 2) == 0))
            continue;
        *ret = line;
        return true;
    }
    return false;
}

static char find_separator(struct text line)
{
    for (const char *candidate = ";,\t"; *candidate; candidate++)
        if (memchr(line.at, *candidate, text_size(line)))
            return *candidate;
    return ' ';
}

/* Takes a field off the front of a line. `more` says whether another one must follow. */
static struct text next_field(struct text *line, char separator, bool *more)
{
    struct text field = *line;

    field.end = field.at;
    while (field.end < line->end && (separator == ' ' ? !is_blank(*field.end) : *field.end != separator))
        field.end++;
    line->at = field.end;
    *more = line->at < line->end;
    if (*more)
        line->at++;
    if (separator == ' ')
        *line = trim(*line);
    field = trim(field);
    if (text_size(field) >= 2 && field.at[0] == '"' && field.end[-1] == '"')
        field = trim((struct text){field.at + 1, field.end - 1});
    return field;
}

/* Keeps the fields of a line as names if none of them is a number. */
static bool read_names(struct table_reader *reader, struct text line)
{
    struct table *table = &reader->table;
    size_t n = 0;
    bool more = true;
    double number;

    while (more) {
        struct text field = next_field(&line, reader->separator, &more);

        if (number_from_text(field.at, text_size(field), &number))
            return false;
        if (n < TABLE_NAMES_MAX)
            for (size_t i = 0; i < MIN(text_size(field), (size_t)TABLE_NAME_SIZE - 1); i++)
                table->names[n][i] = (char)tolower((unsigned char)field.at[i]);
        n++;
    }
    table->n_names = MIN(n, (size_t)TABLE_NAMES_MAX);
    table->n_columns = n;
    return true;
}

static int reserve_values(struct table_reader *reader, size_t n, struct error *error)
{
    size_t capacity = MAX(n, reader->capacity * 2);
    double *values;

    if (n <= reader->capacity)
        return 0;
    if (n > TABLE_VALUES_MAX)
        return error_set(error, -EFBIG, "more than %zu numbers", TABLE_VALUES_MAX);
    values = realloc(reader->table.values, capacity * sizeof(*values));
    if (!values)
        return error_set(error, -ENOMEM, "no memory for %zu numbers", capacity);
    reader->table.values = values;
    reader->capacity = capacity;
    return 0;
}

static int read_row(struct table_reader *reader, struct text line, struct error *error)
{
    struct table *table = &reader->table;
    size_t begin = table->n_rows * table->n_columns, n = 0;
    char quoted[MEDIA_QUOTE_SIZE];
    bool more = true;

    while (more) {
        struct text field = next_field(&line, reader->separator, &more);
        double number;
        int r;

        if (!number_from_text(field.at, text_size(field), &number))
            return error_set(error, -EBADMSG, "line %zu, column %zu: expected a number, found %s", reader->line, n + 1,
                             media_quote(field.at, text_size(field), quoted));
        if (!isfinite(number))
            return error_set(error, -EBADMSG, "line %zu, column %zu: the number is NaN or infinite", reader->line,
                             n + 1);
        r = reserve_values(reader, begin + n + 1, error);
        if (r < 0)
            return r;
        table->values[begin + n++] = number;
    }
    if (table->n_columns == 0)
        table->n_columns = n;
    if (n != table->n_columns)
        return error_set(error, -EBADMSG, "line %zu has %zu numbers, expected %zu", reader->line, n, table->n_columns);
    table->n_rows++;
    return 0;
}

int table_parse(const void *bytes, size_t n_bytes, struct table *ret, struct error *error)
{
    _cleanup_(reader_deinit) struct table_reader reader = {.rest = {bytes, (const char *)bytes + n_bytes}};
    struct text line;
    bool is_first = true;

    if (n_bytes >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        reader.rest.at += 3;
    while (next_line(&reader, &line)) {
        int r;

        if (is_first) {
            is_first = false;
            reader.separator = find_separator(line);
            if (read_names(&reader, line))
                continue;
        }
        r = read_row(&reader, line, error);
        if (r < 0)
            return r;
    }
    if (reader.table.n_rows == 0)
        return error_set(error, -EBADMSG, "the file has no numbers");
    *ret = reader.table;
    reader.table.values = NULL;
    return 0;
}

void table_deinit(struct table *table)
{
    free(table->values);
    *table = (struct table){0};
}
