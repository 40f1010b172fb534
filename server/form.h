/* A multipart form as a question, parsed as it arrives: files into the request's memory, fields into the question.
   Thread: loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buffer.h"
#include "server/multipart.h"

struct error;
struct request;

/* Forms about media alone: options of media, timeout_ms, and perhaps one field of the endpoint's own. */
struct media_form {
    const char *field; /* NULL: none */
    int (*set)(struct request *request, const char *text, size_t n, struct error *error);
};

/* Embedded in what an endpoint keeps for its request. */
struct form {
    struct multipart multipart;
    struct request *request;
    const struct media_form *about; /* NULL: a question, with all fields of fields.def */
    struct buffer field;            /* value of the current part, unless it is a file */
    bool in_file;
};

/* Of a new request. A form that cannot be read fails the request, here as below: then it must not be touched. */
void form_begin(struct form *form, struct request *request, const struct media_form *about);
void form_deinit(struct form *form);
void form_feed(struct form *form, const void *bytes, size_t n);
/* True: the question is complete. */
bool form_finish(struct form *form);
