/* JSON values: parsed from untrusted text, or built to be written. Nobody else includes the JSON library.

   A value is owned by whoever made it (value_parse_json, value_object, value_array) until it is put into another
   value, which takes it over. Lookups lend. Not shared between threads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"

struct buffer;
struct error;
struct value;

/* Reads one value and nothing behind it. Duplicate keys, NUL in strings and nesting beyond the library's limit (2048)
 * are refused. -EILSEQ with line and column. -EFBIG: so many values that they would take far more memory than the text
 * (2^20, or 2^16 objects and arrays). */
int value_parse_json(const char *text, size_t n, struct value **ret, struct error *error);
struct value *value_free(struct value *value);
DEFINE_CLEANUP(struct value *, value_free, value_freep)

/* Lookups accept NULL and values of other types: then there is nothing to find. */
const struct value *value_get(const struct value *object, const char *key); /* NULL when missing */
const struct value *value_at(const struct value *array, size_t i);
size_t value_size(const struct value *array_or_object);
bool value_is_null(const struct value *value); /* also when there is nothing */
bool value_is_object(const struct value *value);
bool value_is_array(const struct value *value);
const char *value_text(const struct value *value);           /* NULL when not a string */
bool value_number(const struct value *value, double *ret);   /* integer or real */
bool value_integer(const struct value *value, int64_t *ret); /* an integer only */
bool value_boolean(const struct value *value, bool *ret);

/* Building: a member for which there is no memory is left out. Text that is not UTF-8 is repaired with U+FFFD. */
struct value *value_object(void);
struct value *value_array(void);
void value_set(struct value *object, const char *key, struct value *value); /* takes value over, also when it is NULL */
void value_set_text(struct value *object, const char *key, const char *text);
void value_set_text_n(struct value *object, const char *key, const char *text, size_t n);
void value_set_integer(struct value *object, const char *key, int64_t value);
void value_set_number(struct value *object, const char *key, double value);  /* not finite: null */
void value_set_rounded(struct value *object, const char *key, double value); /* to three decimals */
void value_set_boolean(struct value *object, const char *key, bool value);
void value_set_null(struct value *object, const char *key);
void value_add(struct value *array, struct value *value); /* takes value over */
void value_add_text(struct value *array, const char *text);
void value_add_integer(struct value *array, int64_t value);
void value_add_number(struct value *array, double value);

/* Appends the value as text: compact, or indented by two blanks. Keys keep their order. -ENOMEM, also for NULL. */
int value_write_json(const struct value *value, bool indent, struct buffer *ret);
