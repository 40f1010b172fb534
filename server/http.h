/* HTTP/1.1 connections in the event loop. The only owner of libmicrohttpd. Thread: loop.

   An exchange is one request and its reply. It begins with its header, goes on with its body and ends with its reply; a
   reply may come at any moment, also before or in the middle of the body, or long after it. Whoever takes an exchange
   over sees it end in exactly one of three ways: its own exchange_reply() or exchange_fail(), its own exchange_end() or
   exchange_abort() of a stream, or the call of `gone`. After that the exchange must not be touched. Where the body is
   too much or too slow, `failed` says so, and must reply. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/api_error.h"
#include "server/http_head.h"

struct buffer;
struct error;
struct http;
struct key;
struct loop;
struct value;
struct exchange;

/* What the owner of an exchange wants to hear. Any other may be NULL. */
struct exchange_handler {
    void (*body)(struct exchange *exchange, const void *bytes, size_t n);
    void (*complete)(struct exchange *exchange);                          /* the body is here in full */
    void (*failed)(struct exchange *exchange, const struct error *error); /* its body did; needed unless body is NULL */
    void (*gone)(struct exchange *exchange); /* the client is: nothing can be replied any more */
};

/* Embedded in what http.c keeps. Texts live as long as the exchange. */
struct exchange {
    const char *method, *path;
    const char *route;                        /* of the table of routes; NULL: none; set by routes.c */
    const char *content_type, *authorization; /* NULL: none */
    const char *accept_encoding, *if_none_match;
    struct key *key;         /* whose request it is; NULL: nobody needs a key here */
    uint64_t content_length; /* HTTP_LENGTH_UNKNOWN: chunked */
    char request_id[REQUEST_ID_MAX + 1];
    uint64_t started_ns;     /* clock_ns() when its header was complete */
    uint64_t body_bytes_max; /* set by the owner; more is a 413 */
    const struct exchange_handler *handler;
    void *owner;
};

struct http_options {
    int listen_fd; /* taken over, also on failure */
    size_t connections_max;
    uint64_t header_timeout_ms, upload_idle_ms, keep_alive_ms;
    size_t stream_bytes_max;
    /* A header is complete: reply, or set handler, owner and body_bytes_max. */
    void (*begin)(void *context, struct exchange *exchange);
    /* An exchange is over; status: of its reply, 0 when there was none. */
    void (*over)(void *context, const struct exchange *exchange, int status);
    /* Seconds for the Retry-After of a 429 or 503. */
    unsigned (*retry_after_s)(void *context);
    void *context;
};

/* "prefix-" and 24 random hexadecimal digits. prefix has at most 8 letters. */
#define ID_MAX 34
void make_id(const char *prefix, char ret[ID_MAX]);

int http_new(struct loop *loop, const struct http_options *options, struct http **ret, struct error *error);
/* Cuts every connection; their owners hear `gone`. */
struct http *http_free(struct http *http);

/* From now on every reply ends its connection. */
void http_close_after_replies(struct http *http);
/* Closes the listening socket and every connection without an exchange. */
void http_stop_listening(struct http *http);
/* Exchanges whose replies have not been sent in full. */
size_t http_n_exchanges(const struct http *http);

/* Adds a header to the reply that follows. name is a constant. */
void exchange_header(struct exchange *exchange, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Replies with JSON; body is taken over. NULL: no body. */
void exchange_reply(struct exchange *exchange, int status, struct value *body);
/* Replies with bytes of another type. */
void exchange_reply_bytes(struct exchange *exchange, int status, const char *type, const struct buffer *body);
/* The same with bytes that are never freed: they are not copied. */
void exchange_reply_constant(struct exchange *exchange, int status, const char *type, const void *bytes, size_t n);
/* Replies with a row of the table of problems. */
void exchange_fail(struct exchange *exchange, enum problem problem, const struct error *error);

/* Begins a reply of server-sent events; then pieces of it. -EFBIG or -ENOMEM: too much is unread (or no memory); the
 * owner should exchange_abort(). Only once the body is complete. */
int exchange_stream(struct exchange *exchange);
int exchange_write(struct exchange *exchange, const void *bytes, size_t n);
void exchange_end(struct exchange *exchange);
void exchange_abort(struct exchange *exchange);
