/* Numbers as text: CSV and its relatives.

   One line per row; fields separated by semicolons, commas, tabs or blanks, whichever of these (in this order) the
   first line holds; fields may be quoted. Empty lines and lines that begin with # or // are skipped. A first line
   without any number names the columns. Numbers are decimal with a point, whatever the locale. */
#pragma once

#include <stddef.h>

#include "core/media/numbers.h"

struct error;

#define TABLE_NAMES_MAX 16
#define TABLE_NAME_SIZE 32
#define TABLE_VALUES_MAX ((size_t)64 << 20)

/* Embedded; zero-filled is empty. */
struct table {
    size_t n_rows, n_columns;
    double *values; /* [n_rows, n_columns], owned; finite, all of them */
    size_t n_names; /* 0: the file does not name its columns, else the first of them, lower case, cut to size */
    char names[TABLE_NAMES_MAX][TABLE_NAME_SIZE];
};

/* -EBADMSG with line and column: not a number, NaN or infinite, another number of fields than the first row has, no row
 * at all. -EFBIG beyond TABLE_VALUES_MAX, -ENOMEM. */
int table_parse(const void *bytes, size_t n_bytes, struct table *ret, struct error *error);
void table_deinit(struct table *table);
