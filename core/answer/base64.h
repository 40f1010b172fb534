/* Base64 (RFC 4648, section 4) as it comes from outside. The only owner of libb64. Any thread. */
#pragma once

#include <stddef.h>

struct buffer;
struct error;

/* Appends what text stands for. Nothing but the alphabet is accepted, padded to a multiple of four characters, and no
 * bit behind the last byte: -EINVAL says what is wrong and where; -ENOMEM, -EFBIG. */
int base64_decode(const char *text, size_t n, struct buffer *ret, struct error *error);

/* Appends bytes as base64, in one line. -ENOMEM, -EFBIG. */
int base64_encode(const void *bytes, size_t n, struct buffer *ret);
