#include "core/cli/arguments.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/answer/fields.h"
#include "core/base/error.h"

#define COLUMN 26 /* of the sentences in the usage text */

static void print_usage(const struct arguments *arguments)
{
    printf("onellm %s: %s\n\nUsage: onellm %s", arguments->command, arguments->sentence, arguments->command);
    for (size_t i = 0; i < arguments->n_rows; i++)
        if (arguments->rows[i].required)
            printf(" --%s %s", arguments->rows[i].name, arguments->rows[i].value);
    printf(" [options]%s%s\n\n", arguments->positionals ? " " : "",
           arguments->positionals ? arguments->positionals : "");
    for (size_t i = 0; i < arguments->n_rows; i++) {
        const struct option_row *row = &arguments->rows[i];
        int n = printf("  --%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");

        printf("%*s%s", n < COLUMN ? COLUMN - n : 2, "", row->sentence);
        if (row->default_text && *row->default_text)
            printf(" [%s]", row->default_text);
        putchar('\n');
    }
    printf("  %-*s%s\n", COLUMN - 2, "--help", "this text");
}

static int wrong_use(const struct arguments *arguments, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int wrong_use(const struct arguments *arguments, const char *format, ...)
{
    va_list rest;

    fprintf(stderr, "onellm %s: ", arguments->command);
    va_start(rest, format);
    vfprintf(stderr, format, rest);
    va_end(rest);
    fprintf(stderr, "\nTry \"onellm %s --help\".\n", arguments->command);
    return -EINVAL;
}

static const struct option_row *find_row(const struct arguments *arguments, const char *name, size_t n)
{
    for (size_t i = 0; i < arguments->n_rows; i++)
        if (strlen(arguments->rows[i].name) == n && memcmp(arguments->rows[i].name, name, n) == 0)
            return &arguments->rows[i];
    return NULL;
}

static int call_row(const struct arguments *arguments, const struct option_row *row, const char *value)
{
    struct error error = ERROR_NONE;
    char text[640];
    int r = row->call(row, value, &error);

    if (r >= 0)
        return 0;
    error_describe(&error, text, sizeof(text));
    if (r == -EINVAL)
        return wrong_use(arguments, "--%s: %s", row->name, text);
    fprintf(stderr, "onellm %s: --%s: %s\n", arguments->command, row->name, text);
    return r;
}

static int take_value(const struct arguments *arguments, const struct option_row *row, const char *value)
{
    uint64_t integer;

    if (row->call)
        return call_row(arguments, row, value);
    if (row->text) {
        *row->text = value;
        return 0;
    }
    if (parse_integer(value, strlen(value), &integer) < 0 || integer < row->minimum || integer > row->maximum)
        return wrong_use(arguments, "--%s: must be an integer from %llu to %llu", row->name,
                         (unsigned long long)row->minimum, (unsigned long long)row->maximum);
    *row->integer = integer;
    return 0;
}

/* Reads the option at argv[i] and its value; *i becomes the index of its last word. */
static int take_option(const struct arguments *arguments, int argc, char **argv, int *i, uint64_t *seen)
{
    const char *name = argv[*i] + 2;
    const char *value = strchr(name, '=');
    const struct option_row *row = find_row(arguments, name, value ? (size_t)(value - name) : strlen(name));

    if (!row)
        return wrong_use(arguments, "unknown option \"%s\"", argv[*i]);
    *seen |= UINT64_C(1) << (row - arguments->rows);
    if (!row->value) {
        if (value)
            return wrong_use(arguments, "--%s takes no value", row->name);
        *row->given = true;
        return 0;
    }
    if (value)
        return take_value(arguments, row, value + 1);
    if (*i + 1 == argc)
        return wrong_use(arguments, "--%s needs a value: %s", row->name, row->value);
    return take_value(arguments, row, argv[++*i]);
}

static int check_complete(const struct arguments *arguments, size_t n_positionals, uint64_t seen)
{
    for (size_t i = 0; i < arguments->n_rows; i++)
        if (arguments->rows[i].required && !(seen >> i & 1))
            return wrong_use(arguments, "--%s %s is missing", arguments->rows[i].name, arguments->rows[i].value);
    if (n_positionals < arguments->positionals_min)
        return wrong_use(arguments, "%s is missing", arguments->positionals);
    return 0;
}

int arguments_parse(const struct arguments *arguments, int argc, char **argv, int *ret_n)
{
    bool options_ended = false;
    uint64_t seen = 0;
    int n = 0, r;

    for (int i = 0; i < argc; i++) {
        if (!options_ended && strcmp(argv[i], "--") == 0) {
            options_ended = true;
        } else if (!options_ended && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            print_usage(arguments);
            return ARGUMENTS_HELP;
        } else if (!options_ended && argv[i][0] == '-' && argv[i][1] == '-') {
            r = take_option(arguments, argc, argv, &i, &seen);
            if (r < 0)
                return r;
        } else if (!options_ended && argv[i][0] == '-' && argv[i][1]) {
            return wrong_use(arguments, "unknown option \"%s\"", argv[i]);
        } else if ((size_t)n == arguments->positionals_max) {
            return wrong_use(arguments, "one argument too many: \"%s\"", argv[i]);
        } else {
            argv[n++] = argv[i];
        }
    }
    *ret_n = n;
    return check_complete(arguments, (size_t)n, seen);
}
