/* A multipart form as a question, parsed as it arrives: files into the request's memory, fields into the question.
   Thread: loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buffer.h"
#include "server/multipart.h"
#include "server/request.h"

struct error;
struct exchange;

/* Forms about media alone: options of media, timeout_ms, and perhaps one field of the endpoint's own. */
struct media_form {
    const char *field; /* NULL: none */
    int (*set)(struct request *request, const char *text, size_t n, struct error *error);
};

/* What an endpoint that takes a form keeps for its request begins with this. */
struct form {
    struct request request; /* first, so that one is the other */
    struct multipart multipart;
    const struct media_form *about; /* NULL: a question, with all fields of fields.def */
    struct buffer field;            /* value of the current part, unless it is a file */
    bool in_file;
};

/* Of a new request. A form that cannot be read fails the request, here as below: then it must not be touched. */
void form_begin(struct form *form, const struct media_form *about);

/* For the face of the request: body and complete of its exchange, and free. */
void form_body(struct exchange *exchange, const void *bytes, size_t n);
void form_complete(struct exchange *exchange);
void form_free(struct request *request);
