/* The table of fields by number, and strict readers of their values. Any thread. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "core/answer/question.h"
#include "core/base/error.h"

enum field_id {
#define FIELD(id, ...) FIELD_ID_##id,
#include "core/answer/fields.def"
    N_FIELDS,
};

/* N_FIELDS when there is none of that name. */
enum field_id field_by_name(const char *name);

/* A field or file that is refused: sets the sentence and its place; -EINVAL. */
#define field_refuse(error, name, ...)                                                                                 \
    ({                                                                                                                 \
        error_set((error), -EINVAL, __VA_ARGS__);                                                                      \
        error_at((error), "%s", (name));                                                                               \
        -EINVAL;                                                                                                       \
    })

/* Names the place of a failure by a name that comes from outside, which a person is told if it is a plain one. */
void error_at_name(struct error *error, const char *name);

/* All of the text is one decimal integer or number: -EINVAL when it is not, -ERANGE when it does not fit the type.
 * Neither "inf" nor "nan", neither hexadecimal digits nor blanks. */
int parse_integer(const char *text, size_t n, uint64_t *ret);
int parse_number(const char *text, size_t n, double *ret);

/* The same within the limits of the field. -EINVAL: says what the field takes. */
int field_integer(const struct field *field, const char *text, size_t n, uint64_t *ret, struct error *error);
int field_number(const struct field *field, const char *text, size_t n, double *ret, struct error *error);
int field_boolean(const struct field *field, const char *text, size_t n, bool *ret, struct error *error);
/* Checks length, NUL and UTF-8. */
int field_text(const struct field *field, const char *text, size_t n, struct error *error);
