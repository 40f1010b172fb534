/* A line is built in one buffer and leaves with one write(), so lines of several threads never mix. */
#include "server/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/value.h"

#define LINE_MAX_BYTES 2048

static _Atomic enum log_level most = LOG_INFO;
static _Atomic enum log_format form = LOG_TEXT;
static const char *const level_names[] = {"error", "warning", "info", "debug"};

void log_set(enum log_level level, enum log_format format)
{
    most = level;
    form = format;
}

/* ---- JSON ---- */

/* What log_quote() has made: ret has room for all of it. Returns what follows. */
static const char *unquote(const char *text, char *ret)
{
    for (text++; *text && *text != '"'; text++) {
        unsigned byte;

        if (text[0] == '\\' && text[1] == 'x' && sscanf(text + 2, "%2x", &byte) == 1) {
            *ret++ = (char)byte;
            text += 3;
        } else {
            text += *text == '\\' && text[1];
            *ret++ = *text;
        }
    }
    *ret = '\0';
    return *text ? text + 1 : text;
}

/* Ids are texts, also when they look like numbers, which are numbers. */
static void set_plain(struct value *object, const char *key, const char *text)
{
    bool is_id = strcmp(key, "id") == 0 || strcmp(key, "request") == 0;
    char *end;
    double number = strtod(text, &end);

    if (strcmp(text, "true") == 0)
        value_set_boolean(object, key, true);
    else if (is_id || *end || !strchr("-0123456789", text[0]) || !*text)
        value_set_text(object, key, text);
    else if (strchr(text, '.'))
        value_set_number(object, key, number);
    else
        value_set_integer(object, key, strtoll(text, NULL, 10));
}

/* A line of key=value pairs -> an object of them. */
static struct value *object_of(const char *line)
{
    struct value *object = value_object();

    while (*line) {
        char key[64], text[LINE_MAX_BYTES];
        size_t n = strcspn(line, "= ");

        snprintf(key, sizeof(key), "%.*s", (int)n, line);
        line += n + (line[n] == '=');
        if (*line == '"') {
            line = unquote(line, text);
            value_set_text(object, key, text);
        } else {
            n = strcspn(line, " ");
            snprintf(text, sizeof(text), "%.*s", (int)n, line);
            set_plain(object, key, text);
            line += n;
        }
        line += strspn(line, " ");
    }
    return object;
}

static void write_json(const char *line)
{
    _cleanup_(value_freep) struct value *object = object_of(line);
    _cleanup_(buffer_deinit) struct buffer text;

    buffer_init(&text, 8 * LINE_MAX_BYTES);
    if (value_write_json(object, false, &text) == 0 && buffer_append_text(&text, "\n") == 0 &&
        write(STDERR_FILENO, text.bytes, text.size) < 0)
        return; /* nobody to tell */
}

/* ---- text ---- */

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    struct timespec now;
    struct tm parts;
    va_list arguments;
    size_t n;
    int added;

    if (level > most)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    n = strftime(line, sizeof(line), "time=%Y-%m-%dT%H:%M:%S", &parts);
    n += (size_t)snprintf(line + n, sizeof(line) - n, ".%03ldZ level=%s event=%s ", now.tv_nsec / 1000000,
                          level_names[level], event);
    va_start(arguments, format);
    added = vsnprintf(line + n, sizeof(line) - n - 1, format, arguments);
    va_end(arguments);
    if (added > 0)
        n += (size_t)added < sizeof(line) - n - 1 ? (size_t)added : sizeof(line) - n - 2;
    if (form == LOG_JSON) {
        line[n] = '\0';
        write_json(line);
        return;
    }
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, n) < 0)
        return; /* nobody to tell */
}

const char *log_quote(const char *text, char *ret, size_t n)
{
    bool plain = text[0] != '\0';
    size_t at = 0;

    for (const char *c = text; *c && plain; c++)
        plain = *c > ' ' && *c < 0x7f && *c != '"' && *c != '\\' && *c != '=';
    if (plain) {
        snprintf(ret, n, "%s", text);
        return ret;
    }
    ret[at++] = '"';
    for (; *text && at + 6 < n; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < ' ' || c == 0x7f)
            at += (size_t)snprintf(ret + at, n - at, "\\x%02x", c);
        else if (c == '"' || c == '\\')
            at += (size_t)snprintf(ret + at, n - at, "\\%c", c);
        else
            ret[at++] = (char)c;
    }
    ret[at++] = '"';
    ret[at] = '\0';
    return ret;
}
