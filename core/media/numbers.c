/* Everything passes through double, which holds every type of at most 32 bits exactly. Rows are converted a few hundred
   numbers at a time: the type is chosen outside the loop over numbers. */
#include "core/media/numbers.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"

#define N_SCRATCH 256

static inline double half_of(uint16_t bits)
{
    int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    double magnitude;

    if (exponent == 0x1f)
        magnitude = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        magnitude = ldexp(fraction, -24);
    else
        magnitude = ldexp(fraction + 0x400, exponent - 25);
    return bits & 0x8000 ? -magnitude : magnitude;
}

static inline float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline double double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* One loop per type: read the bits, turn them round if need be, and see them as the type. */
#define DEFINE_LOAD(name, bits_type, swap, value_of)                                                                   \
    static void load_##name(const struct number_run *run, size_t first, size_t n, double *ret)                         \
    {                                                                                                                  \
        const uint8_t *at = run->at + first * run->stride;                                                             \
                                                                                                                       \
        for (size_t i = 0; i < n; i++, at += run->stride) {                                                            \
            bits_type bits;                                                                                            \
                                                                                                                       \
            memcpy(&bits, at, sizeof(bits));                                                                           \
            ret[i] = (double)value_of(run->swapped ? swap(bits) : bits);                                               \
        }                                                                                                              \
    }
DEFINE_LOAD(u8, uint8_t, , )
DEFINE_LOAD(i8, uint8_t, , (int8_t))
DEFINE_LOAD(u16, uint16_t, __builtin_bswap16, )
DEFINE_LOAD(i16, uint16_t, __builtin_bswap16, (int16_t))
DEFINE_LOAD(u32, uint32_t, __builtin_bswap32, )
DEFINE_LOAD(i32, uint32_t, __builtin_bswap32, (int32_t))
DEFINE_LOAD(u64, uint64_t, __builtin_bswap64, )
DEFINE_LOAD(i64, uint64_t, __builtin_bswap64, (int64_t))
DEFINE_LOAD(f16, uint16_t, __builtin_bswap16, half_of)
DEFINE_LOAD(f32, uint32_t, __builtin_bswap32, float_of)
DEFINE_LOAD(f64, uint64_t, __builtin_bswap64, double_of)
#undef DEFINE_LOAD

static const struct {
    size_t size;
    void (*load)(const struct number_run *run, size_t first, size_t n, double *ret);
} types[] = {
    [NUMBER_U8] = {1, load_u8},   [NUMBER_I8] = {1, load_i8},   [NUMBER_U16] = {2, load_u16},
    [NUMBER_I16] = {2, load_i16}, [NUMBER_U32] = {4, load_u32}, [NUMBER_I32] = {4, load_i32},
    [NUMBER_U64] = {8, load_u64}, [NUMBER_I64] = {8, load_i64}, [NUMBER_F16] = {2, load_f16},
    [NUMBER_F32] = {4, load_f32}, [NUMBER_F64] = {8, load_f64},
};

size_t number_size(enum number_type type)
{
    return types[type].size;
}

bool number_from_text(const char *text, size_t n, double *ret)
{
    char copy[64], *end;

    /* Also keeps out what strtod() knows beyond decimal numbers: hexadecimal ones, "nan(...)", leading blanks. */
    if (n == 0 || n >= sizeof(copy) || memchr(text, 'x', n) || memchr(text, 'X', n) || memchr(text, '(', n) ||
        isspace((unsigned char)text[0]))
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    *ret = strtod(copy, &end);
    return *end == '\0';
}

void number_run_load(const struct number_run *run, size_t first, size_t n, double *ret)
{
    types[run->type].load(run, first, n, ret);
}

size_t numbers_count(const struct numbers *numbers)
{
    size_t n = 1;

    for (int i = 0; i < numbers->n_dims; i++)
        n *= numbers->shape[i];
    return n;
}

void numbers_transpose(struct numbers *numbers)
{
    size_t size = numbers->shape[0], stride = numbers->strides[0];

    numbers->shape[0] = numbers->shape[1];
    numbers->strides[0] = numbers->strides[1];
    numbers->shape[1] = size;
    numbers->strides[1] = stride;
}

struct numbers numbers_of_table(const double *values, size_t n_rows, size_t n_columns)
{
    return (struct numbers){
        .type = NUMBER_F64,
        .n_dims = 2,
        .shape = {n_rows, n_columns},
        .strides = {n_columns * sizeof(*values), sizeof(*values)},
        .data = (const uint8_t *)values,
    };
}

struct number_run numbers_column(const struct numbers *numbers, size_t i)
{
    return (struct number_run){
        .type = numbers->type,
        .swapped = numbers->swapped,
        .at = numbers->data + i * numbers->strides[1],
        .stride = numbers->strides[0],
    };
}

const char *numbers_describe(const struct numbers *numbers, char *text, size_t n)
{
    int used = snprintf(text, n, "(");

    for (int i = 0; i < numbers->n_dims && used < (int)n; i++)
        used += snprintf(text + used, n - (size_t)used, "%s%zu", i ? ", " : "", numbers->shape[i]);
    if (used < (int)n)
        snprintf(text + used, n - (size_t)used, numbers->n_dims == 1 ? ",)" : ")");
    return text;
}

/* The innermost dimension is a run; the others are counted like the digits of a number. */
static const uint8_t *row_at(const struct numbers *numbers, size_t row)
{
    const uint8_t *at = numbers->data;

    for (int i = numbers->n_dims - 2; i >= 0; i--) {
        at += row % numbers->shape[i] * numbers->strides[i];
        row /= numbers->shape[i];
    }
    return at;
}

/* Returns the index of the first number that is not finite in the element's type, or n. */
static size_t store(const double *values, size_t n, enum media_element element, uint8_t *ret)
{
    for (size_t i = 0; i < n; i++) {
        if (element == MEDIA_F32) {
            float value = (float)values[i];

            if (!isfinite(value))
                return i;
            memcpy(ret + i * sizeof(value), &value, sizeof(value));
        } else {
            if (!isfinite(values[i]))
                return i;
            memcpy(ret + i * sizeof(*values), &values[i], sizeof(*values));
        }
    }
    return n;
}

static size_t store_half(const struct number_run *run, size_t first, size_t n, uint8_t *ret)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t bits;

        memcpy(&bits, run->at + (first + i) * run->stride, sizeof(bits));
        if (run->swapped)
            bits = __builtin_bswap16(bits);
        if ((bits & 0x7c00) == 0x7c00)
            return i;
        memcpy(ret + i * sizeof(bits), &bits, sizeof(bits));
    }
    return n;
}

static int refuse_number(const struct number_run *run, size_t i, size_t index, struct error *error)
{
    double value;

    number_run_load(run, i, 1, &value);
    if (isfinite(value))
        return error_set(error, -EBADMSG, "the number at index %zu (%g) does not fit 32-bit floats", index, value);
    return error_set(error, -EBADMSG, "the number at index %zu is %s", index, isnan(value) ? "NaN" : "infinite");
}

int numbers_copy(const struct numbers *numbers, enum media_element element, void *ret, struct error *error)
{
    size_t n_row = numbers->n_dims > 0 ? numbers->shape[numbers->n_dims - 1] : 1;
    size_t n_rows = n_row ? numbers_count(numbers) / n_row : 0;
    uint8_t *to = ret;

    for (size_t row = 0; row < n_rows; row++) {
        struct number_run run = {
            .type = numbers->type,
            .swapped = numbers->swapped,
            .at = row_at(numbers, row),
            .stride = numbers->n_dims > 0 ? numbers->strides[numbers->n_dims - 1] : 0,
        };

        for (size_t first = 0; first < n_row; first += N_SCRATCH) {
            double values[N_SCRATCH];
            size_t n = MIN(n_row - first, (size_t)N_SCRATCH), stored;

            if (element == MEDIA_F16) {
                stored = store_half(&run, first, n, to);
            } else {
                number_run_load(&run, first, n, values);
                stored = store(values, n, element, to);
            }
            if (stored < n)
                return refuse_number(&run, first + stored, row * n_row + first + stored, error);
            to += n * media_element_size(element);
        }
    }
    return 0;
}
