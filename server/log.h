/* One line per event on standard error: time, level, event, key=value, or the same as a JSON object. Never what a
   request contains. Any thread. */
#pragma once

#include <stddef.h>

enum log_level {
    LOG_ERROR,   /* somebody must act */
    LOG_WARNING, /* degraded */
    LOG_INFO,    /* start, stop, answers, refusals */
    LOG_DEBUG,   /* every request */
};

/* The order is that of the option log-format (config/options.def). */
enum log_format {
    LOG_TEXT,
    LOG_JSON,
};

/* What to write, that and everything more serious; and how. */
void log_set(enum log_level level, enum log_format format);

/* format gives the rest of the line, "port=%d path=%s"; texts that a client chose go through log_quote(). */
void log_event(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The text as one value: as it is, or in quotes with everything unprintable escaped. Cut off to n bytes. */
#define LOG_QUOTE_MAX 512
const char *log_quote(const char *text, char *ret, size_t n);
