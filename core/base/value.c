/* A thin skin over jansson: `struct value` is its json_t under another name, so nothing is copied. */
#include "core/base/value.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

#define VALUES_MAX (1 << 20)
#define CONTAINERS_MAX (1 << 16)

static json_t *theirs(const struct value *value)
{
    return (json_t *)(uintptr_t)value;
}

static struct value *ours(json_t *json)
{
    return (struct value *)json;
}

/* In memory, "{}," takes a hundred times what it takes in the text. */
static bool has_too_many_values(const char *text, size_t n)
{
    size_t n_values = 0, n_containers = 0;
    bool in_string = false;

    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"') {
            in_string = !in_string;
        } else if (in_string) {
            i += text[i] == '\\';
        } else {
            n_values += text[i] == ',';
            n_containers += text[i] == '[' || text[i] == '{';
        }
    }
    return n_values > VALUES_MAX || n_containers > CONTAINERS_MAX;
}

int value_parse_json(const char *text, size_t n, struct value **ret, struct error *error)
{
    json_error_t why;
    json_t *json;

    if (has_too_many_values(text, n))
        return error_set(error, -EFBIG, "the JSON has more than %d values, or %d objects and arrays", VALUES_MAX,
                         CONTAINERS_MAX);
    json = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!json)
        return error_set(error, -EILSEQ, "not valid JSON at line %d, column %d: %s", why.line, why.column, why.text);
    *ret = ours(json);
    return 0;
}

struct value *value_free(struct value *value)
{
    json_decref(theirs(value));
    return NULL;
}

const struct value *value_get(const struct value *object, const char *key)
{
    return ours(json_object_get(theirs(object), key));
}

const struct value *value_at(const struct value *array, size_t i)
{
    return ours(json_array_get(theirs(array), i));
}

size_t value_size(const struct value *array_or_object)
{
    return value_is_array(array_or_object) ? json_array_size(theirs(array_or_object))
                                           : json_object_size(theirs(array_or_object));
}

bool value_is_null(const struct value *value)
{
    return !value || json_is_null(theirs(value));
}

bool value_is_object(const struct value *value)
{
    return json_is_object(theirs(value));
}

bool value_is_array(const struct value *value)
{
    return json_is_array(theirs(value));
}

const char *value_text(const struct value *value)
{
    return json_string_value(theirs(value));
}

bool value_number(const struct value *value, double *ret)
{
    if (!json_is_number(theirs(value)))
        return false;
    *ret = json_number_value(theirs(value));
    return true;
}

bool value_integer(const struct value *value, int64_t *ret)
{
    if (!json_is_integer(theirs(value)))
        return false;
    *ret = json_integer_value(theirs(value));
    return true;
}

bool value_boolean(const struct value *value, bool *ret)
{
    if (!json_is_boolean(theirs(value)))
        return false;
    *ret = json_is_true(theirs(value));
    return true;
}

struct value *value_object(void)
{
    return ours(json_object());
}

struct value *value_array(void)
{
    return ours(json_array());
}

/* Length of the well-formed UTF-8 character at text, 0 when there is none. */
static size_t character_length(const unsigned char *text, size_t n)
{
    static const struct {
        unsigned char first_min, first_max, second_min, second_max, length;
    } forms[] = {{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                 {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        size_t length = forms[i].length;

        if (text[0] < forms[i].first_min || text[0] > forms[i].first_max)
            continue;
        if (length > n || (length > 1 && (text[1] < forms[i].second_min || text[1] > forms[i].second_max)))
            return 0;
        for (size_t k = 2; k < length; k++)
            if ((text[k] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

static json_t *repaired_string(const char *text, size_t n)
{
    struct buffer buffer;
    json_t *string;

    buffer_init(&buffer, n * 3 + 1);
    for (size_t i = 0; i < n;) {
        size_t length = character_length((const unsigned char *)text + i, n - i);

        buffer_append(&buffer, length ? text + i : "\xef\xbf\xbd", length ? length : 3);
        i += MAX(length, (size_t)1);
    }
    string = buffer.failed ? NULL : json_stringn(buffer.bytes, buffer.size);
    buffer_deinit(&buffer);
    return string;
}

static json_t *string_of(const char *text, size_t n)
{
    json_t *string = json_stringn(text, n);

    return string ? string : repaired_string(text, n);
}

void value_set(struct value *object, const char *key, struct value *value)
{
    json_object_set_new_nocheck(theirs(object), key, theirs(value));
}

void value_set_text(struct value *object, const char *key, const char *text)
{
    value_set_text_n(object, key, text, strlen(text));
}

void value_set_text_n(struct value *object, const char *key, const char *text, size_t n)
{
    value_set(object, key, ours(string_of(text, n)));
}

void value_set_integer(struct value *object, const char *key, int64_t value)
{
    value_set(object, key, ours(json_integer(value)));
}

static struct value *number_of(double value)
{
    return ours(isfinite(value) ? json_real(value) : json_null());
}

void value_set_number(struct value *object, const char *key, double value)
{
    value_set(object, key, number_of(value));
}

void value_set_rounded(struct value *object, const char *key, double value)
{
    value_set_number(object, key, round(value * 1e3) / 1e3);
}

void value_set_boolean(struct value *object, const char *key, bool value)
{
    value_set(object, key, ours(json_boolean(value)));
}

void value_set_null(struct value *object, const char *key)
{
    value_set(object, key, ours(json_null()));
}

void value_add(struct value *array, struct value *value)
{
    json_array_append_new(theirs(array), theirs(value));
}

void value_add_text(struct value *array, const char *text)
{
    value_add(array, ours(string_of(text, strlen(text))));
}

void value_add_integer(struct value *array, int64_t value)
{
    value_add(array, ours(json_integer(value)));
}

void value_add_number(struct value *array, double value)
{
    value_add(array, number_of(value));
}

static int append(const char *bytes, size_t n, void *context)
{
    return buffer_append(context, bytes, n);
}

int value_write_json(const struct value *value, bool indent, struct buffer *ret)
{
    size_t flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(9) | (indent ? JSON_INDENT(2) : JSON_COMPACT);

    if (!value)
        return -ENOMEM;
    return json_dump_callback(theirs(value), append, ret, flags) < 0 ? -ENOMEM : 0;
}
