/* A line is built in one buffer and leaves with one write(), so lines of several threads never mix. */
#include "server/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static enum log_level most = LOG_INFO;
static const char *const level_names[] = {"error", "warning", "info", "debug"};

void log_set_level(enum log_level level)
{
    most = level;
}

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
