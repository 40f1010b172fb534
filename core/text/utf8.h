/* What the text modules need to know about UTF-8. */
#pragma once

#include <stddef.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Bytes of the character at the start of text (n > 0): 1 .. 4; 0: it goes on behind the n bytes; -1: no character
 * starts like this. Strict: shortest form only, no surrogates, nothing beyond U+10FFFF. */
static inline int utf8_length(const char *text, size_t n)
{
    const unsigned char *at = (const unsigned char *)text;
    unsigned char lead = at[0];
    int length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    /* Only the second byte is bounded more tightly than a continuation byte, and only behind these leads. */
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;

    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4)
        return -1;
    for (int i = 1; i < length; i++) {
        if ((size_t)i == n)
            return 0;
        if (at[i] < low || at[i] > high)
            return -1;
        low = 0x80;
        high = 0xbf;
    }
    return length;
}
