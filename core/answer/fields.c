#include "core/answer/fields.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/text/utf8.h"

/* A minimum in fields.def is a number or ABOVE(number); the second leaves a marker behind the number. */
#define ABOVE(x) x, true
#define MINIMUM_OF(minimum, ...) minimum
#define IS_ABOVE_OF(minimum, above, ...) above
#define MINIMUM(...) MINIMUM_OF(__VA_ARGS__, false)
#define IS_ABOVE(...) IS_ABOVE_OF(__VA_ARGS__, false, false)

const struct field fields[] = {
#define FIELD(id, name_, type_, minimum_, maximum_, default_, repeatable_, sentence_)                                  \
    [FIELD_ID_##id] = {.name = name_,                                                                                  \
                       .type = FIELD_##type_,                                                                          \
                       .minimum = MINIMUM(minimum_),                                                                   \
                       .maximum = maximum_,                                                                            \
                       .above_minimum = IS_ABOVE(minimum_),                                                            \
                       .default_text = default_,                                                                       \
                       .repeatable = repeatable_,                                                                      \
                       .sentence = sentence_},
#include "core/answer/fields.def"
};
const size_t n_fields = ARRAY_SIZE(fields);
_Static_assert(N_FIELDS <= 32, "struct question keeps one bit for each");

enum field_id field_by_name(const char *name)
{
    for (size_t i = 0; i < n_fields; i++)
        if (strcmp(fields[i].name, name) == 0)
            return (enum field_id)i;
    return N_FIELDS;
}

void error_at_name(struct error *error, const char *name)
{
    size_t n = 0;

    while (n < 40 && (isalnum((unsigned char)name[n]) || (name[n] && strchr("_.-", name[n]))))
        n++;
    if (n && !name[n])
        error_at(error, "%s", name);
}

int parse_integer(const char *text, size_t n, uint64_t *ret)
{
    uint64_t value = 0;

    if (n == 0)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return -ERANGE;
    *ret = value;
    return 0;
}

static size_t skip_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* [+-] digits [. digits] [e [+-] digits], with at least one digit before or behind the point. */
static bool is_number(const char *text)
{
    size_t n_whole, n_fraction = 0;

    text += *text == '+' || *text == '-';
    n_whole = skip_digits(text);
    text += n_whole;
    if (*text == '.') {
        n_fraction = skip_digits(++text);
        text += n_fraction;
    }
    if (n_whole + n_fraction == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '+' || *text == '-';
        if (skip_digits(text) == 0)
            return false;
        text += skip_digits(text);
    }
    return *text == '\0';
}

int parse_number(const char *text, size_t n, double *ret)
{
    char copy[64];
    double value;

    if (n >= sizeof(copy) || memchr(text, '\0', n))
        return -EINVAL;
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (!is_number(copy))
        return -EINVAL;
    value = strtod(copy, NULL);
    if (!isfinite(value))
        return -ERANGE;
    *ret = value;
    return 0;
}

static uint64_t bound_of(double limit)
{
    return limit < 0x1p64 ? (uint64_t)limit : UINT64_MAX;
}

int field_integer(const struct field *field, const char *text, size_t n, uint64_t *ret, struct error *error)
{
    uint64_t value, minimum = bound_of(field->minimum), maximum = bound_of(field->maximum);

    if (parse_integer(text, n, &value) < 0 || value < minimum || value > maximum)
        return field_refuse(error, field->name, "must be an integer from %llu to %llu", (unsigned long long)minimum,
                            (unsigned long long)maximum);
    *ret = value;
    return 0;
}

int field_number(const struct field *field, const char *text, size_t n, double *ret, struct error *error)
{
    double value;

    if (parse_number(text, n, &value) < 0 || value < field->minimum || value > field->maximum ||
        (field->above_minimum && value <= field->minimum))
        return field_refuse(error, field->name, "must be a number %s %.10g %s %.10g",
                            field->above_minimum ? "above" : "from", field->minimum,
                            field->above_minimum ? "and up to" : "to", field->maximum);
    *ret = value;
    return 0;
}

int field_boolean(const struct field *field, const char *text, size_t n, bool *ret, struct error *error)
{
    static const struct {
        const char *text;
        bool value;
    } words[] = {{"true", true}, {"false", false}, {"1", true}, {"0", false}};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (n == strlen(words[i].text) && memcmp(text, words[i].text, n) == 0) {
            *ret = words[i].value;
            return 0;
        }
    return field_refuse(error, field->name, "must be true, false, 1 or 0");
}

int field_text(const struct field *field, const char *text, size_t n, struct error *error)
{
    if ((double)n < field->minimum || (double)n > field->maximum)
        return field_refuse(error, field->name, "must have %.0f to %.0f bytes, not %zu", field->minimum, field->maximum,
                            n);
    if (n && memchr(text, '\0', n))
        return field_refuse(error, field->name, "must not contain a zero byte");
    for (size_t i = 0; i < n;) {
        int length = utf8_length(text + i, n - i);

        if (length <= 0)
            return field_refuse(error, field->name, "must be UTF-8; byte %zu is not", i + 1);
        i += (size_t)length;
    }
    return 0;
}
