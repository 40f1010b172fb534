/* A row becomes a member of struct config, an entry of `options`, and through its offset the place where its value is
   read and written. Integers stay below 2^53, so the limits of all types fit a double. */
#include "config/option.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

const struct option options[N_OPTIONS] = {
#define ROW(name, type, minimum, maximum, unit, default_text, sentence, is_live)                                       \
    {#name,                                                                                                            \
     OPTION_##type,                                                                                                    \
     minimum,                                                                                                          \
     maximum,                                                                                                          \
     unit,                                                                                                             \
     default_text,                                                                                                     \
     sentence,                                                                                                         \
     is_live,                                                                                                          \
     offsetof(struct config, name),                                                                                    \
     sizeof(((struct config *)0)->name)},
#define OPTION(...) ROW(__VA_ARGS__, false)
#define LIVE_OPTION(...) ROW(__VA_ARGS__, true)
#include "config/options.def"
};

static const struct byte_unit {
    const char *name;
    uint64_t factor;
} byte_units[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}};
#define N_BYTE_UNITS (sizeof(byte_units) / sizeof(byte_units[0]))

static void *option_value(struct config *config, enum option_id id)
{
    return (char *)config + options[id].offset;
}

static bool is_bytes(const struct option *option)
{
    return strcmp(option->unit, "bytes") == 0;
}

static int refuse(enum option_id id, const char *text, struct error *error)
{
    struct buffer range;

    buffer_init(&range, 256);
    option_describe_range(id, &range);
    error_set(error, -EINVAL, "takes %s, not \"%.40s\"", range.bytes ? range.bytes : "another value", text);
    buffer_deinit(&range);
    return -EINVAL;
}

/* Decimal digits, then for bytes perhaps a unit. */
static int parse_integer(const struct option *option, const char *text, uint64_t *ret)
{
    uint64_t value, factor = 1;
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno)
        return -EINVAL;
    if (is_bytes(option)) {
        size_t i = 0;

        end += *end == ' ' && end[1];
        while (i < N_BYTE_UNITS && strcmp(byte_units[i].name, end) != 0)
            i++;
        if (i == N_BYTE_UNITS)
            return -EINVAL;
        factor = byte_units[i].factor;
    } else if (*end) {
        return -EINVAL;
    }
    if ((double)value < option->minimum / (double)factor || (double)value > option->maximum / (double)factor)
        return -EINVAL;
    *ret = value * factor;
    return 0;
}

/* Decimal digits and a point: neither exponents nor "inf" nor "nan". */
static int parse_number(const struct option *option, const char *text, double *ret)
{
    double value;
    char *end;

    if (!isdigit((unsigned char)text[0]) || text[strspn(text, "0123456789.")])
        return -EINVAL;
    value = strtod(text, &end);
    if (*end || value < option->minimum || value > option->maximum)
        return -EINVAL;
    *ret = value;
    return 0;
}

static int parse_choice(const struct option *option, const char *text, int *ret)
{
    const char *word = option->unit;
    size_t n = strlen(text);

    for (int i = 0; *word; i++) {
        size_t n_word = strcspn(word, " ");

        if (n_word == n && memcmp(word, text, n) == 0) {
            *ret = i;
            return 0;
        }
        word += n_word + (word[n_word] == ' ');
    }
    return -EINVAL;
}

static int parse_text(const struct option *option, const char *text, char *ret)
{
    size_t n = strlen(text);

    if ((double)n < option->minimum || (double)n > option->maximum)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (iscntrl((unsigned char)text[i]))
            return -EINVAL;
    memcpy(ret, text, n + 1);
    return 0;
}

enum option_id option_by_name(const char *name, size_t n, char separator)
{
    for (size_t id = 0; id < N_OPTIONS; id++) {
        char spelled[OPTION_NAME_MAX];

        option_spell((enum option_id)id, separator, spelled);
        if (strlen(spelled) == n && memcmp(spelled, name, n) == 0)
            return (enum option_id)id;
    }
    return N_OPTIONS;
}

const char *option_spell(enum option_id id, char separator, char ret[OPTION_NAME_MAX])
{
    const char *name = options[id].name;
    size_t i;

    for (i = 0; name[i] && i < OPTION_NAME_MAX - 1; i++)
        ret[i] = name[i] == '_' ? separator : name[i];
    ret[i] = '\0';
    return ret;
}

int option_parse(struct config *config, enum option_id id, const char *text, struct error *error)
{
    const struct option *option = &options[id];
    void *value = option_value(config, id);
    int r = -EINVAL;

    switch (option->type) {
    case OPTION_TEXT:
        r = parse_text(option, text, value);
        break;
    case OPTION_INTEGER:
        r = parse_integer(option, text, value);
        break;
    case OPTION_NUMBER:
        r = parse_number(option, text, value);
        break;
    case OPTION_CHOICE:
        r = parse_choice(option, text, value);
        break;
    }
    return r < 0 ? refuse(id, text, error) : 0;
}

static void format_integer(const struct option *option, uint64_t value, struct buffer *ret)
{
    size_t i = N_BYTE_UNITS - 1;

    if (is_bytes(option) && value)
        for (i = 0; value % byte_units[i].factor != 0;)
            i++;
    buffer_printf(ret, "%llu%s%s", (unsigned long long)(value / byte_units[i].factor), byte_units[i].name[0] ? " " : "",
                  byte_units[i].name);
}

void option_format(const struct config *config, enum option_id id, struct buffer *ret)
{
    const struct option *option = &options[id];
    const void *value = (const char *)config + option->offset;
    const char *word = option->unit;

    switch (option->type) {
    case OPTION_TEXT:
        buffer_append_text(ret, value);
        break;
    case OPTION_INTEGER:
        format_integer(option, *(const uint64_t *)value, ret);
        break;
    case OPTION_NUMBER:
        buffer_printf(ret, "%.10g", *(const double *)value);
        break;
    case OPTION_CHOICE:
        for (int i = 0; i < *(const int *)value; i++)
            word = strchr(word, ' ') + 1;
        buffer_append(ret, word, strcspn(word, " "));
        break;
    }
}

void option_describe_range(enum option_id id, struct buffer *ret)
{
    const struct option *option = &options[id];
    const char *word = option->unit;

    switch (option->type) {
    case OPTION_TEXT:
        buffer_printf(ret, "a text of %.0f to %.0f bytes", option->minimum, option->maximum);
        break;
    case OPTION_INTEGER:
        format_integer(option, (uint64_t)option->minimum, ret);
        buffer_append_text(ret, " to ");
        format_integer(option, (uint64_t)option->maximum, ret);
        if (option->unit[0] && !is_bytes(option))
            buffer_printf(ret, " %s", option->unit);
        break;
    case OPTION_NUMBER:
        buffer_printf(ret, "%.10g to %.10g %s", option->minimum, option->maximum, option->unit);
        break;
    case OPTION_CHOICE:
        for (const char *space; (space = strchr(word, ' ')); word = space + 1)
            buffer_printf(ret, "%.*s%s", (int)(space - word), word, strchr(space + 1, ' ') ? ", " : " or ");
        buffer_append_text(ret, word);
        break;
    }
}
