/* Numbers as a file holds them: any type, either byte order, any layout. A view into the file's bytes or into a parsed
   table, and the one place where such numbers become floats. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/media/raw_media.h"

struct error;

enum number_type {
    NUMBER_U8,
    NUMBER_I8,
    NUMBER_U16,
    NUMBER_I16,
    NUMBER_U32,
    NUMBER_I32,
    NUMBER_U64,
    NUMBER_I64,
    NUMBER_F16,
    NUMBER_F32,
    NUMBER_F64,
};

size_t number_size(enum number_type type);

/* A decimal number, or nan or inf in any case; nothing else, and nothing behind it. False otherwise. */
bool number_from_text(const char *text, size_t n, double *ret);

/* n numbers, `stride` bytes from one to the next; they need not be aligned. */
struct number_run {
    enum number_type type;
    bool swapped; /* big endian */
    const uint8_t *at;
    size_t stride;
};
void number_run_load(const struct number_run *run, size_t first, size_t n, double *ret);

#define NUMBERS_DIMS_MAX 4

/* An array of them: element (i, j, …) is at data + i * strides[0] + j * strides[1] + … */
struct numbers {
    enum number_type type;
    bool swapped;
    int n_dims; /* 0 .. NUMBERS_DIMS_MAX */
    size_t shape[NUMBERS_DIMS_MAX];
    size_t strides[NUMBERS_DIMS_MAX]; /* bytes */
    const uint8_t *data;
};

size_t numbers_count(const struct numbers *numbers);

/* Exchanges the two dimensions of a matrix. */
void numbers_transpose(struct numbers *numbers);

/* A row-major matrix of doubles in memory, such as a parsed table. */
struct numbers numbers_of_table(const double *values, size_t n_rows, size_t n_columns);

/* Column i of a matrix. */
struct number_run numbers_column(const struct numbers *numbers, size_t i);

/* The shape as text, "(6, 1200)"; returns text. */
const char *numbers_describe(const struct numbers *numbers, char *text, size_t n);
#define NUMBERS_DESCRIBE_SIZE 96

/* Writes all of them, row major, as f32 or f64; as f16 only those that are f16.
 * -EBADMSG for NaN and infinity, also when a number does not fit the element; the message says where. */
int numbers_copy(const struct numbers *numbers, enum media_element element, void *ret, struct error *error);
