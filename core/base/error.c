#include "core/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void error_fill(struct error *error, int code, const char *format, ...)
{
    va_list arguments;

    if (!error || error->code)
        return;
    error->code = code;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
}

int error_at(struct error *error, const char *format, ...)
{
    va_list arguments;

    if (!error)
        return 0;
    if (!error->at[0]) {
        va_start(arguments, format);
        vsnprintf(error->at, sizeof(error->at), format, arguments);
        va_end(arguments);
    }
    return error->code;
}

int error_detail(struct error *error, const char *format, ...)
{
    va_list arguments;

    if (!error)
        return 0;
    va_start(arguments, format);
    vsnprintf(error->detail, sizeof(error->detail), format, arguments);
    va_end(arguments);
    return error->code;
}

const char *error_describe(const struct error *error, char *text, size_t n)
{
    snprintf(text, n, "%s%s%s%s%s%s", error->at, error->at[0] ? ": " : "",
             error->message[0] ? error->message : strerror(-error->code), error->detail[0] ? " (" : "", error->detail,
             error->detail[0] ? ")" : "");
    return text;
}
