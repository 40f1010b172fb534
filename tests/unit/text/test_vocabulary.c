#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "core/base/error.h"
#include "tests/unit/text/small_vocabulary.h"

static void pieces_are_copied_and_found(void **state)
{
    char text[] = "ab";
    struct row rows[] = {{text, -1.5f, PIECE_NORMAL}, {"a", -2, PIECE_UNUSED}, {B_ "ab", -3, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = small_vocabulary(&small_llama, rows, 3);
    const struct piece *piece;

    (void)state;
    text[0] = 'x';
    assert_int_equal(vocabulary_size(vocabulary), SMALL_FIRST + 3);
    piece = vocabulary_piece(vocabulary, SMALL_FIRST);
    assert_int_equal(piece->n, 2);
    assert_memory_equal(piece->text, "ab", 2);
    assert_float_equal(piece->score, -1.5f, 0);
    assert_int_equal(piece->type, PIECE_NORMAL);
    assert_null(vocabulary_piece(vocabulary, -1));
    assert_null(vocabulary_piece(vocabulary, SMALL_FIRST + 3));

    assert_int_equal(vocabulary_find(vocabulary, "ab", 2), SMALL_FIRST);
    assert_int_equal(vocabulary_find(vocabulary, "abc", 1), SMALL_FIRST + 1);
    assert_int_equal(vocabulary_find(vocabulary, B_ "ab", 5), SMALL_FIRST + 2);
    assert_int_equal(vocabulary_find(vocabulary, "</s>", 4), 2); /* whatever its type */
    assert_int_equal(vocabulary_find(vocabulary, "abc", 3), -1);
    assert_int_equal(vocabulary_find(vocabulary, "", 0), -1);
    assert_memory_equal(vocabulary_settings(vocabulary), &small_llama, sizeof(small_llama));
}

static void every_byte_has_its_piece(void **state)
{
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = small_vocabulary(&small_llama, NULL, 0);
    struct vocabulary_settings settings = small_llama;

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        assert_int_equal(vocabulary_byte_id(vocabulary, (unsigned char)byte), SMALL_BYTES + byte);
        assert_int_equal(vocabulary_byte(vocabulary, SMALL_BYTES + byte), byte);
    }
    assert_int_equal(vocabulary_byte(vocabulary, 2), -1);
    assert_int_equal(vocabulary_byte(vocabulary, -1), -1);
    assert_int_equal(vocabulary_byte(vocabulary, SMALL_FIRST), -1);

    vocabulary = vocabulary_free(vocabulary);
    settings.byte_fallback = false;
    vocabulary = small_vocabulary(&settings, NULL, 0);
    assert_int_equal(vocabulary_byte_id(vocabulary, 0), -1);
}

/* More pieces than one probe per slot would survive, and all of them found again. */
static void a_large_vocabulary_is_found_whole(void **state)
{
    enum { N = 32000 };
    static char texts[N][8];
    static struct piece pieces[N];
    const struct vocabulary_settings settings = {-1, -1, .unknown_id = 7};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;

    (void)state;
    for (int i = 0; i < N; i++)
        pieces[i] = (struct piece){texts[i], (size_t)snprintf(texts[i], 8, "%x", i), (float)-i, PIECE_NORMAL};
    assert_int_equal(vocabulary_new(pieces, N, &settings, &vocabulary, NULL), 0);
    for (int i = 0; i < N; i++)
        assert_int_equal(vocabulary_find(vocabulary, texts[i], pieces[i].n), i);
    assert_int_equal(vocabulary_find(vocabulary, "7d00", 4), -1);
}

static void the_longest_user_defined_piece_matches(void **state)
{
    static const struct row rows[] = {
        {"b", 0, PIECE_USER_DEFINED},       {"abc", 0, PIECE_USER_DEFINED}, {"a", 0, PIECE_USER_DEFINED},
        {"abcde", 0, PIECE_USER_DEFINED},   {"ab", 0, PIECE_NORMAL},        {"abd", 0, PIECE_USER_DEFINED},
        {"\xc3\xbf", 0, PIECE_USER_DEFINED}};
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {{"abcdef", 5},
                 {"abcdx", 3},
                 {"abcd", 3},
                 {"abx", 1},
                 {"abd", 3},
                 {"b", 1},
                 {"ba", 1},
                 {"cab", 0},
                 {"\xc3\xbf"
                  "a",
                  2},
                 {"\xc3", 0},
                 {"", 0}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = small_vocabulary(&small_llama, rows, 7);
    _cleanup_(vocabulary_freep) struct vocabulary *without = small_vocabulary(&small_llama, NULL, 0);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(vocabulary_match_user_defined(vocabulary, cases[i].text, strlen(cases[i].text)), cases[i].n);
        assert_int_equal(vocabulary_match_user_defined(without, cases[i].text, strlen(cases[i].text)), 0);
    }
    assert_int_equal(vocabulary_match_user_defined(vocabulary, "abcde", 4), 3);
}

static void refuse(const struct piece *pieces, size_t n, const struct vocabulary_settings *settings, int code,
                   const char *message)
{
    struct vocabulary *vocabulary = NULL;
    struct error error = ERROR_NONE;

    assert_int_equal(vocabulary_new(pieces, n, settings, &vocabulary, &error), code);
    assert_string_equal(error.message, message);
    assert_int_equal(error.code, code);
    assert_null(vocabulary);
}

static void damaged_pieces_are_refused(void **state)
{
    static char long_text[PIECE_BYTES_MAX + 1];
    const struct vocabulary_settings settings = {-1, -1, .unknown_id = 0};
    struct piece pieces[3] = {{"<unk>", 5, 0, PIECE_UNKNOWN}, {"a", 1, 0, PIECE_NORMAL}, {"b", 1, 0, PIECE_NORMAL}};
    struct vocabulary *vocabulary;

    (void)state;
    refuse(pieces, 0, &settings, -EBADMSG, "the vocabulary has no pieces");
    refuse(pieces, PIECES_MAX + 1, &settings, -EFBIG, "the vocabulary has 1048577 pieces, more than 1048576");
    pieces[2] = (struct piece){"", 0, 0, PIECE_NORMAL};
    refuse(pieces, 3, &settings, -EBADMSG, "piece 2 is empty");
    pieces[2] = (struct piece){"a", 1, 0, PIECE_CONTROL};
    refuse(pieces, 3, &settings, -EBADMSG, "pieces 1 and 2 have the same text");
    pieces[2] = (struct piece){"b\xc3", 2, 0, PIECE_NORMAL};
    refuse(pieces, 3, &settings, -EBADMSG, "piece 2 is not UTF-8");
    pieces[2] = (struct piece){"\xff", 1, 0, PIECE_NORMAL};
    refuse(pieces, 3, &settings, -EBADMSG, "piece 2 is not UTF-8");
    pieces[2] = (struct piece){"b", 1, NAN, PIECE_NORMAL};
    refuse(pieces, 3, &settings, -EBADMSG, "the score of piece 2 is not a number");
    pieces[2] = (struct piece){"b", 1, 0, (enum piece_type)0};
    refuse(pieces, 3, &settings, -EBADMSG, "piece 2 has type 0; known are 1 to 6");
    pieces[2] = (struct piece){"b", 1, 0, (enum piece_type)7};
    refuse(pieces, 3, &settings, -EBADMSG, "piece 2 has type 7; known are 1 to 6");
    memset(long_text, 'x', sizeof(long_text));
    pieces[2] = (struct piece){long_text, PIECE_BYTES_MAX + 1, 0, PIECE_NORMAL};
    refuse(pieces, 3, &settings, -EFBIG, "piece 2 has 1025 bytes, more than 1024");
    pieces[2].n = PIECE_BYTES_MAX;
    assert_int_equal(vocabulary_new(pieces, 3, &settings, &vocabulary, NULL), 0);
    vocabulary_free(vocabulary);
}

static void settings_must_fit_the_pieces(void **state)
{
    struct piece pieces[] = {{"a", 1, 0, PIECE_NORMAL}, {"<unk>", 5, 0, PIECE_UNKNOWN}};
    struct vocabulary_settings settings = {-1, -1, .unknown_id = -1};

    (void)state;
    refuse(pieces, 2, &settings, -EBADMSG, "the vocabulary has neither byte pieces nor a piece for unknown characters");
    settings.unknown_id = 2;
    refuse(pieces, 2, &settings, -EBADMSG, "the id of the unknown piece is 2, but there are 2 pieces");
    settings.unknown_id = 1;
    settings.bos_id = -2;
    refuse(pieces, 2, &settings, -EBADMSG, "the id of the bos piece is -2, but there are 2 pieces");
    settings.bos_id = -1;
    settings.eos_id = 32000;
    refuse(pieces, 2, &settings, -EBADMSG, "the id of the eos piece is 32000, but there are 2 pieces");
}

static void byte_pieces_are_all_there_or_none(void **state)
{
    static char texts[256][8];
    struct piece pieces[257] = {{"<unk>", 5, 0, PIECE_UNKNOWN}};
    struct vocabulary_settings settings = {-1, -1, .unknown_id = 0, .byte_fallback = true};

    (void)state;
    for (int i = 0; i < 256; i++) {
        snprintf(texts[i], sizeof(texts[i]), "<0x%02X>", i);
        pieces[i + 1] = (struct piece){texts[i], 6, 0, PIECE_BYTE};
    }
    refuse(pieces, 256, &settings, -EBADMSG, "the vocabulary has 255 byte pieces instead of 256");
    settings.byte_fallback = false;
    refuse(pieces, 257, &settings, -EBADMSG,
           "the vocabulary has byte pieces but is marked as one without byte fallback");
    settings.byte_fallback = true;
    memcpy(texts[200], "<0xc8>", 6); /* digits are upper case */
    refuse(pieces, 257, &settings, -EBADMSG, "byte piece 201 is not written <0x00> to <0xFF>");
    memcpy(texts[200], "<0xG8>", 6);
    refuse(pieces, 257, &settings, -EBADMSG, "byte piece 201 is not written <0x00> to <0xFF>");
    memcpy(texts[200], "<0xC8 ", 6);
    refuse(pieces, 257, &settings, -EBADMSG, "byte piece 201 is not written <0x00> to <0xFF>");
    pieces[201].n = 5;
    refuse(pieces, 257, &settings, -EBADMSG, "byte piece 201 is not written <0x00> to <0xFF>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_copied_and_found),       cmocka_unit_test(every_byte_has_its_piece),
        cmocka_unit_test(a_large_vocabulary_is_found_whole), cmocka_unit_test(the_longest_user_defined_piece_matches),
        cmocka_unit_test(damaged_pieces_are_refused),        cmocka_unit_test(settings_must_fit_the_pieces),
        cmocka_unit_test(byte_pieces_are_all_there_or_none),
    };

    return cmocka_run_group_tests_name("vocabulary", tests, NULL, NULL);
}
