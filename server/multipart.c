/* A boundary in the body is CR LF '-' '-' and the boundary's own characters, which are never CR. So when a match breaks
   off, none of the bytes that matched can begin another one: they are data, and the search goes on at the byte that
   differs. Bytes of a match that began in an earlier piece need not be kept: they are a prefix of the delimiter.

     PREAMBLE -> BOUNDARY -> [PADDING] -> LINE_END -> HEADER -> DATA -> BOUNDARY … -> LAST_DASH -> EPILOGUE */
#include "server/multipart.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "core/base/error.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_token(char c)
{
    return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* One value of a parameter, with or without quotes, copied to ret (at most n_max bytes and a NUL; NULL: skipped).
 * Returns what follows it, or NULL. A backslash only escapes quotes and itself: some clients send plain ones. */
static const char *read_value(const char *text, char *ret, size_t n_max)
{
    bool quoted = *text == '"';
    size_t n = 0;

    for (text += quoted; quoted ? *text != '"' : *text && *text != ';' && !is_blank(*text); text++) {
        if (quoted && text[0] == '\\' && (text[1] == '"' || text[1] == '\\'))
            text++;
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f || (!quoted && *text == '"'))
            return NULL;
        if (ret && n == n_max)
            return NULL;
        if (ret)
            ret[n] = *text;
        n++;
    }
    if (ret)
        ret[n] = '\0';
    return text + quoted;
}

/* Finds a parameter in "; a=b; c=d". True when it is there once and everything is well formed. */
static bool find_parameter(const char *text, const char *name, char *ret, size_t n_max)
{
    bool found = false;

    for (text = skip_blanks(text); *text; text = skip_blanks(text)) {
        const char *key;
        size_t n_key = 0;
        bool wanted;

        if (*text != ';')
            return false;
        key = skip_blanks(text + 1);
        if (!*key)
            break;
        while (is_token(key[n_key]))
            n_key++;
        wanted = n_key == strlen(name) && strncasecmp(key, name, n_key) == 0;
        if (n_key == 0 || key[n_key] != '=' || (wanted && found))
            return false;
        text = read_value(key + n_key + 1, wanted ? ret : NULL, n_max);
        if (!text)
            return false;
        found |= wanted;
    }
    return found;
}

/* Everything of a part's header that matters here. */

static int read_disposition(struct multipart *multipart, const char *value, struct error *error)
{
    if (multipart->name[0])
        return error_set(error, -EINVAL, "part %zu has two Content-Disposition headers", multipart->n_parts);
    if (strncasecmp(value, "form-data", 9) != 0 ||
        !find_parameter(value + 9, "name", multipart->name, MULTIPART_NAME_MAX) || !multipart->name[0])
        return error_set(error, -EINVAL,
                         "part %zu needs a header like Content-Disposition: form-data; name=\"image\", with a name of "
                         "at most %d bytes",
                         multipart->n_parts, MULTIPART_NAME_MAX);
    return 0;
}

static int read_header_line(struct multipart *multipart, struct error *error)
{
    const char *line = multipart->line, *value;
    size_t n_name = 0;

    while (is_token(line[n_name]))
        n_name++;
    if (n_name == 0 || line[n_name] != ':' || strlen(line) != multipart->n_line)
        return error_set(error, -EINVAL, "part %zu has a malformed header", multipart->n_parts);
    if (++multipart->n_header_lines > MULTIPART_HEADER_LINES)
        return error_set(error, -EINVAL, "part %zu has more than %d headers", multipart->n_parts,
                         MULTIPART_HEADER_LINES);
    value = skip_blanks(line + n_name + 1);
    if (n_name == 19 && strncasecmp(line, "Content-Disposition", n_name) == 0)
        return read_disposition(multipart, value, error);
    if (n_name == 25 && strncasecmp(line, "Content-Transfer-Encoding", n_name) == 0) {
        size_t n = strcspn(value, " \t");

        if (!((n == 6 && strncasecmp(value, "binary", n) == 0) ||
              (n == 4 && (strncasecmp(value, "8bit", n) == 0 || strncasecmp(value, "7bit", n) == 0))))
            return error_set(error, -EINVAL,
                             "part %zu has a Content-Transfer-Encoding; send its bytes as they are (binary)",
                             multipart->n_parts);
    }
    return 0;
}

/* The end of a line of the header; the empty one ends the header. */
static int end_header_line(struct multipart *multipart, struct error *error)
{
    int r;

    multipart->line[multipart->n_line] = '\0';
    if (multipart->n_line == 0) {
        if (!multipart->name[0])
            return error_set(error, -EINVAL, "part %zu has no Content-Disposition header with a name",
                             multipart->n_parts);
        multipart->state = MULTIPART_DATA;
        multipart->n_matched = 0;
        return multipart->sink->begin(multipart->context, multipart->name, error);
    }
    r = read_header_line(multipart, error);
    multipart->n_line = 0;
    return r;
}

/* Takes bytes of the header up to the end of a line. */
static int feed_header(struct multipart *multipart, const char **at, const char *end, struct error *error)
{
    for (; *at < end; ++*at) {
        bool ended = multipart->n_line && multipart->line[multipart->n_line - 1] == '\r';

        if (ended != (**at == '\n'))
            return error_set(error, -EINVAL, "a line in the header of part %zu does not end in CR LF",
                             multipart->n_parts);
        if (ended) {
            multipart->n_line--;
            ++*at;
            return end_header_line(multipart, error);
        }
        if (multipart->n_line == sizeof(multipart->line) - 1)
            return error_set(error, -EINVAL, "a line in the header of part %zu is longer than %d bytes",
                             multipart->n_parts, MULTIPART_LINE_MAX - 2);
        multipart->line[multipart->n_line++] = **at;
    }
    return 0;
}

static int begin_part(struct multipart *multipart, struct error *error)
{
    if (multipart->n_parts == multipart->parts_max)
        return error_set(error, -EINVAL, "the body has more than %zu parts", multipart->parts_max);
    multipart->n_parts++;
    multipart->n_header_lines = 0;
    multipart->n_line = 0;
    multipart->name[0] = '\0';
    multipart->state = MULTIPART_HEADER;
    return 0;
}

/* One byte behind a boundary: "--" ends the body, blanks and CR LF begin a part. */
static int feed_boundary(struct multipart *multipart, char c, struct error *error)
{
    enum multipart_state state = multipart->state;

    if (state == MULTIPART_LINE_END && c == '\n')
        return begin_part(multipart, error);
    if (state == MULTIPART_BOUNDARY && c == '-')
        multipart->state = MULTIPART_LAST_DASH;
    else if (state == MULTIPART_LAST_DASH && c == '-')
        multipart->state = MULTIPART_EPILOGUE;
    else if ((state == MULTIPART_BOUNDARY || state == MULTIPART_PADDING) && is_blank(c))
        multipart->state = MULTIPART_PADDING;
    else if ((state == MULTIPART_BOUNDARY || state == MULTIPART_PADDING) && c == '\r')
        multipart->state = MULTIPART_LINE_END;
    else
        return error_set(error, -EINVAL, "the boundary before part %zu is followed by other bytes",
                         multipart->n_parts + 1);
    return 0;
}

static int give_data(struct multipart *multipart, const char *bytes, size_t n, struct error *error)
{
    if (n == 0 || multipart->state == MULTIPART_PREAMBLE)
        return 0;
    return multipart->sink->data(multipart->context, bytes, n, error);
}

/* Takes bytes up to the next boundary: those before it are the part's. */
static int feed_data(struct multipart *multipart, const char **at, const char *end, struct error *error)
{
    const char *begin = *at, *p = begin; /* begin: not given to the sink yet */
    size_t n_before = multipart->n_matched;
    int r;

    while (p < end) {
        if (multipart->n_matched == 0) {
            p = memchr(p, '\r', (size_t)(end - p));
            if (!p) {
                p = end;
                break;
            }
        }
        while (p < end && multipart->n_matched < multipart->n_delimiter &&
               *p == multipart->delimiter[multipart->n_matched]) {
            multipart->n_matched++;
            p++;
        }
        if (multipart->n_matched == multipart->n_delimiter || p == end)
            break;
        r = give_data(multipart, multipart->delimiter, n_before, error);
        if (r < 0)
            return r;
        n_before = multipart->n_matched = 0;
    }
    r = give_data(multipart, begin, (size_t)(p - begin) - (multipart->n_matched - n_before), error);
    *at = p;
    if (r < 0 || multipart->n_matched < multipart->n_delimiter)
        return r;
    r = multipart->state == MULTIPART_DATA && multipart->sink->end ? multipart->sink->end(multipart->context, error)
                                                                   : 0;
    multipart->state = MULTIPART_BOUNDARY;
    return r;
}

int multipart_init(struct multipart *multipart, const char *content_type, size_t parts_max,
                   const struct multipart_sink *sink, void *context, struct error *error)
{
    static const char type[] = "multipart/form-data";
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    size_t n;

    if (!content_type || strncasecmp(content_type, type, strlen(type)) != 0 ||
        !(content_type[strlen(type)] == '\0' || strchr("; \t", content_type[strlen(type)])))
        return error_set(error, -EMEDIUMTYPE, "send the request as %s", type);
    if (!find_parameter(content_type + strlen(type), "boundary", boundary, sizeof(boundary) - 1))
        return error_set(error, -EINVAL, "the Content-Type needs one boundary of 1 to %d characters",
                         MULTIPART_BOUNDARY_MAX);
    n = strlen(boundary);
    for (size_t i = 0; i < n; i++)
        if (!((boundary[i] >= '0' && boundary[i] <= '9') ||
              ((boundary[i] | 0x20) >= 'a' && (boundary[i] | 0x20) <= 'z') || strchr("'()+_,-./:=? ", boundary[i])))
            n = 0;
    if (n == 0 || boundary[n - 1] == ' ')
        return error_set(error, -EINVAL, "the boundary in the Content-Type has characters that none may have");
    *multipart = (struct multipart){.sink = sink, .context = context, .parts_max = parts_max};
    memcpy(multipart->delimiter, "\r\n--", 4);
    memcpy(multipart->delimiter + 4, boundary, n);
    multipart->n_delimiter = 4 + n;
    multipart->n_matched = 2; /* the first boundary may begin the body */
    return 0;
}

int multipart_feed(struct multipart *multipart, const void *bytes, size_t n, struct error *error)
{
    const char *at = bytes, *end = at + n;
    int r = 0;

    while (at < end && r == 0) {
        switch (multipart->state) {
        case MULTIPART_PREAMBLE:
        case MULTIPART_DATA:
            r = feed_data(multipart, &at, end, error);
            break;
        case MULTIPART_HEADER:
            r = feed_header(multipart, &at, end, error);
            break;
        case MULTIPART_EPILOGUE:
            return 0;
        case MULTIPART_FAILED:
            return error_set(error, -EINVAL, "the body is malformed");
        default:
            r = feed_boundary(multipart, *at++, error);
            break;
        }
    }
    if (r < 0)
        multipart->state = MULTIPART_FAILED;
    return r;
}

int multipart_finish(struct multipart *multipart, struct error *error)
{
    if (multipart->state == MULTIPART_EPILOGUE)
        return 0;
    if (multipart->state == MULTIPART_PREAMBLE)
        return error_set(error, -EINVAL, "the body has no part: its boundary is not the one in the Content-Type");
    return error_set(error, -EINVAL, "the body ends before its last boundary, in part %zu", multipart->n_parts);
}
