/* libb64 skips what it does not know, takes padding for an end anywhere and writes one byte too many: it gets nothing
   but characters that were checked, and room for that byte. What it writes has line feeds, which are left out. */
#include "core/answer/base64.h"

#include <b64/cdecode.h>
#include <b64/cencode.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"

#define CHARACTERS_AT_ONCE 65536 /* a multiple of four */

/* 0..63, or -1. */
static int value_of(char c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(alphabet, c) : NULL;

    return found ? (int)(found - alphabet) : -1;
}

static size_t n_valid(const char *text, size_t n)
{
    bool valid[256];
    size_t i = 0;

    for (int c = 0; c < 256; c++)
        valid[c] = value_of((char)c) >= 0;
    while (i < n && valid[(unsigned char)text[i]])
        i++;
    return i;
}

/* n_text: without padding. */
static int check(const char *text, size_t n_text, size_t n, struct error *error)
{
    size_t n_good = n_valid(text, n_text);
    int n_spare_bits = n - n_text == 2 ? 4 : n - n_text == 1 ? 2 : 0;

    if (n_good < n_text)
        return error_set(error, -EINVAL, "is not base64: character %zu of %zu is none of A-Z, a-z, 0-9, + and /",
                         n_good + 1, n);
    if (n % 4)
        return error_set(error, -EINVAL, "is not base64: %zu characters are no multiple of 4 (= pads the end)", n);
    if (n_text && value_of(text[n_text - 1]) & ((1 << n_spare_bits) - 1))
        return error_set(error, -EINVAL, "is not base64: the last character has bits behind the last byte");
    return 0;
}

int base64_decode(const char *text, size_t n, struct buffer *ret, struct error *error)
{
    base64_decodestate state;
    char bytes[CHARACTERS_AT_ONCE / 4 * 3 + 1];
    size_t n_text = n;
    int r;

    while (n_text > 0 && n - n_text < 2 && text[n_text - 1] == '=')
        n_text--;
    r = check(text, n_text, n, error);
    base64_init_decodestate(&state);
    for (size_t at = 0, n_part; at < n_text && r == 0; at += n_part) {
        n_part = MIN(n_text - at, (size_t)CHARACTERS_AT_ONCE);
        base64_decode_block(text + at, (int)n_part, bytes, &state);
        r = buffer_append(ret, bytes, n_part * 3 / 4);
        if (r < 0)
            error_set(error, r, "is larger than %zu bytes, or than there is memory", ret->size_max);
    }
    return r;
}

/* 54 bytes are the 72 characters behind which a line would end. */
#define BYTES_AT_ONCE 54

int base64_encode(const void *bytes, size_t n, struct buffer *ret)
{
    base64_encodestate state;
    char line[BYTES_AT_ONCE / 3 * 4 + 8];
    int r = 0;

    for (size_t at = 0; at < n && r == 0; at += BYTES_AT_ONCE) {
        int n_line;

        base64_init_encodestate(&state);
        n_line = base64_encode_block((const char *)bytes + at, (int)MIN(n - at, (size_t)BYTES_AT_ONCE), line, &state);
        n_line += base64_encode_blockend(line + n_line, &state);
        while (n_line > 0 && line[n_line - 1] == '\n')
            n_line--;
        r = buffer_append(ret, line, (size_t)n_line);
    }
    return r;
}
