/* multipart/form-data as it arrives (RFC 7578, RFC 2046): pieces of a body of any size in, parts out, in linear time,
   and nothing kept but one line. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;

#define MULTIPART_BOUNDARY_MAX 70
#define MULTIPART_NAME_MAX 128    /* bytes of a part's name */
#define MULTIPART_LINE_MAX 1024   /* bytes of one line of a part's header */
#define MULTIPART_HEADER_LINES 16 /* lines of a part's header */

/* What to do with the parts. A negative result ends the parsing and is passed on. */
struct multipart_sink {
    int (*begin)(void *context, const char *name, struct error *error);
    int (*data)(void *context, const void *bytes, size_t n, struct error *error); /* never empty */
    int (*end)(void *context, struct error *error);                               /* may be NULL */
};

enum multipart_state {
    MULTIPART_PREAMBLE,  /* before the first boundary: ignored */
    MULTIPART_BOUNDARY,  /* right behind a boundary */
    MULTIPART_LAST_DASH, /* behind a boundary and one '-' */
    MULTIPART_PADDING,   /* blanks behind a boundary, before the end of its line */
    MULTIPART_LINE_END,  /* only a line feed may come */
    MULTIPART_HEADER,    /* lines of a part's header */
    MULTIPART_DATA,      /* bytes of a part */
    MULTIPART_EPILOGUE,  /* behind the last boundary: ignored */
    MULTIPART_FAILED,
};

/* Embedded. */
struct multipart {
    const struct multipart_sink *sink;
    void *context;
    enum multipart_state state;
    char delimiter[4 + MULTIPART_BOUNDARY_MAX]; /* CR LF '-' '-' boundary */
    size_t n_delimiter;
    size_t n_matched; /* bytes of the delimiter that the latest bytes may turn out to be */
    size_t n_parts, parts_max;
    size_t n_header_lines;
    char line[MULTIPART_LINE_MAX];
    size_t n_line;
    char name[MULTIPART_NAME_MAX + 1]; /* of the current part; empty: not known yet */
};

/* content_type: of the request, may be NULL. -EMEDIUMTYPE: not multipart/form-data; -EINVAL: no usable boundary. */
int multipart_init(struct multipart *multipart, const char *content_type, size_t parts_max,
                   const struct multipart_sink *sink, void *context, struct error *error);

/* The next bytes of the body. -EINVAL: malformed (then nothing further is taken), or what the sink returned. */
int multipart_feed(struct multipart *multipart, const void *bytes, size_t n, struct error *error);

/* The body is complete: -EINVAL when its last boundary is missing. */
int multipart_finish(struct multipart *multipart, struct error *error);
