/* The header of one request, judged before anything is believed: what libmicrohttpd lets through but two servers could
   read differently is refused here. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

#define HTTP_HEAD_BYTES_MAX 16384
#define HTTP_LENGTH_UNKNOWN UINT64_MAX /* a chunked body */
#define REQUEST_ID_MAX 64

/* Embedded; zero-filled but for the version. Texts are borrowed. */
struct http_head {
    bool is_http_1_0;
    size_t n_bytes, n_understood; /* of the header as it came, and of what was read in it, both with every CR LF */
    unsigned n_hosts, n_lengths, n_encodings;
    bool is_chunked, has_bad_name, has_bad_value, has_bad_host;
    uint64_t content_length; /* of the body; HTTP_LENGTH_UNKNOWN */
    bool expects_continue;   /* the client waits before it sends the body */
    const char *content_type, *request_id, *authorization, *accept_encoding, *if_none_match;
};

/* One header; value may be NULL. */
void http_head_add(struct http_head *head, const char *name, const char *value);

/* -EINVAL: ambiguous framing, a malformed name or value, bytes that nobody understood (a zero, a folded line, a line
 * without CR), no Host; -EFBIG: more than HTTP_HEAD_BYTES_MAX. */
int http_head_check(const struct http_head *head, struct error *error);

/* Letters, digits, '.', '_' and '-', 1 to REQUEST_ID_MAX of them. */
bool request_id_is_valid(const char *id);
