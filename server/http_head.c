/* RFC 9112, sections 3.2 and 6: what decides where a request ends must be said once and in one way. */
#include "server/http_head.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"

static bool is_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
            return false;
    return *name;
}

static bool is_value(const char *value)
{
    for (const char *c = value; *c; c++)
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
            return false;
    return true;
}

static bool is_host(const char *host)
{
    for (const char *c = host; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-._~%!$&'()*+,;=:[]", *c))
            return false;
    return true;
}

void http_head_add(struct http_head *head, const char *name, const char *value)
{
    value = value ? value : "";
    head->has_bad_name |= !is_name(name);
    head->has_bad_value |= !is_value(value);
    if (strcasecmp(name, "Host") == 0) {
        head->n_hosts++;
        head->has_bad_host |= !is_host(value);
    } else if (strcasecmp(name, "Content-Length") == 0) {
        head->n_lengths++;
        if (!head->n_encodings) /* libmicrohttpd has checked the digits */
            head->content_length = MIN(strtoull(value, NULL, 10), HTTP_LENGTH_UNKNOWN - 1);
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        head->n_encodings++;
        head->is_chunked = strcasecmp(value, "chunked") == 0;
        head->content_length = HTTP_LENGTH_UNKNOWN;
    } else if (strcasecmp(name, "Expect") == 0) {
        head->expects_continue = strcasecmp(value, "100-continue") == 0;
    } else if (strcasecmp(name, "Content-Type") == 0) {
        head->content_type = value;
    } else if (strcasecmp(name, "X-Request-Id") == 0) {
        head->request_id = value;
    } else if (strcasecmp(name, "Authorization") == 0) {
        head->authorization = value;
    } else if (strcasecmp(name, "Accept-Encoding") == 0) {
        head->accept_encoding = value;
    } else if (strcasecmp(name, "If-None-Match") == 0) {
        head->if_none_match = value;
    }
}

int http_head_check(const struct http_head *head, struct error *error)
{
    if (head->n_bytes > HTTP_HEAD_BYTES_MAX)
        return error_set(error, -EFBIG, "the header of the request is larger than %d bytes", HTTP_HEAD_BYTES_MAX);
    if (head->has_bad_name)
        return error_set(error, -EINVAL, "the request has a header whose name is malformed");
    if (head->has_bad_value)
        return error_set(error, -EINVAL, "the request has a header with a control character");
    if (head->n_understood != head->n_bytes)
        return error_set(error, -EINVAL,
                         "the request has a line that does not end in CR LF, is folded, or holds a zero byte or blanks "
                         "too many");
    if (head->n_lengths > 1)
        return error_set(error, -EINVAL, "the request has more than one Content-Length");
    if (head->n_encodings && head->n_lengths)
        return error_set(error, -EINVAL, "the request has both a Content-Length and a Transfer-Encoding");
    if (head->n_encodings > 1 || (head->n_encodings && !head->is_chunked))
        return error_set(error, -EINVAL, "the only Transfer-Encoding taken here is chunked, once");
    if (head->n_encodings && head->is_http_1_0)
        return error_set(error, -EINVAL, "HTTP/1.0 has no Transfer-Encoding");
    if (head->n_hosts > 1 || (head->n_hosts == 0 && !head->is_http_1_0))
        return error_set(error, -EINVAL, "the request needs one Host header");
    if (head->has_bad_host)
        return error_set(error, -EINVAL, "the Host header names no host");
    return 0;
}

bool request_id_is_valid(const char *id)
{
    size_t n = 0;

    while (isalnum((unsigned char)id[n]) || (id[n] && strchr("._-", id[n])))
        n++;
    return n > 0 && n <= REQUEST_ID_MAX && !id[n];
}
