#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "core/text/utf8.h"

/* As the standard defines it; n bytes of a code point. */
static int encode(uint32_t code, char *ret)
{
    if (code < 0x80) {
        ret[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        ret[0] = (char)(0xc0 | code >> 6);
        ret[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        ret[0] = (char)(0xe0 | code >> 12);
        ret[1] = (char)(0x80 | (code >> 6 & 0x3f));
        ret[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    ret[0] = (char)(0xf0 | code >> 18);
    ret[1] = (char)(0x80 | (code >> 12 & 0x3f));
    ret[2] = (char)(0x80 | (code >> 6 & 0x3f));
    ret[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static void every_character_is_known_and_its_beginnings_are_unfinished(void **state)
{
    char text[8];

    (void)state;
    for (uint32_t code = 0; code < 0x110000; code++) {
        int n = encode(code, text);

        if (code >= 0xd800 && code < 0xe000) {
            assert_int_equal(utf8_length(text, 3), -1);
            assert_int_equal(utf8_length(text, 2), -1);
            continue;
        }
        text[n] = 'x'; /* what follows does not matter */
        assert_int_equal(utf8_length(text, (size_t)n), n);
        assert_int_equal(utf8_length(text, (size_t)n + 1), n);
        for (int cut = 1; cut < n; cut++)
            assert_int_equal(utf8_length(text, (size_t)cut), 0);
    }
}

static void nothing_else_is_a_character(void **state)
{
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc3(",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xe4\xb8(",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf0\x9f\x98(",
                                      "\xfe",
                                      "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(utf8_length(bad[i], strlen(bad[i])), -1);
}

/* Of all two-byte strings as many are whole, unfinished and wrong as the standard's table of byte ranges says. */
static void pairs_of_bytes_count_up(void **state)
{
    int n_whole = 0, n_unfinished = 0, n_wrong = 0;

    (void)state;
    for (int first = 0; first < 256; first++) {
        for (int second = 0; second < 256; second++) {
            char text[2] = {(char)first, (char)second};
            int length = utf8_length(text, 2);

            n_whole += length == 1 || length == 2;
            n_unfinished += length == 0;
            n_wrong += length < 0;
        }
    }
    assert_int_equal(n_whole, 128 * 256 + 30 * 64);
    /* E0 A0..BF, ED 80..9F, the other 14 of E1..EF; F0 90..BF, F1..F3, F4 80..8F */
    assert_int_equal(n_unfinished, 32 + 32 + 14 * 64 + 48 + 3 * 64 + 16);
    assert_int_equal(n_wrong, 65536 - n_whole - n_unfinished);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_known_and_its_beginnings_are_unfinished),
        cmocka_unit_test(nothing_else_is_a_character),
        cmocka_unit_test(pairs_of_bytes_count_up),
    };

    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
