#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/text/bpe.h"
#include "tests/unit/text/small_vocabulary.h"

/* Ids of the tests' own pieces: the rows of a vocabulary with byte fallback, and its bytes. */
#define ROW(i) (SMALL_FIRST + (i))
#define BYTE(byte) (SMALL_BYTES + (byte))
#define IDS(...) (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t)

static void assert_encodes_n(const struct vocabulary *vocabulary, const char *text, size_t n, const int32_t *expected,
                             size_t n_expected)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    int32_t *ids;
    size_t n_ids;

    assert_int_equal(bpe_encode(vocabulary, text, n, &arena, &ids, &n_ids, NULL), 0);
    assert_int_equal(n_ids, n_expected);
    for (size_t i = 0; i < n_ids; i++)
        assert_int_equal(ids[i], expected[i]);
}

static void assert_encodes(const struct vocabulary *vocabulary, const char *text, const int32_t *ids, size_t n_ids)
{
    assert_encodes_n(vocabulary, text, strlen(text), ids, n_ids);
}

static void assert_decodes(const struct vocabulary *vocabulary, const int32_t *ids, size_t n_ids, const char *expected)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    char *text;
    size_t n;

    assert_int_equal(bpe_decode(vocabulary, ids, n_ids, &arena, &text, &n, NULL), 0);
    assert_string_equal(text, expected);
    assert_int_equal(n, strlen(expected));
}

static struct vocabulary *bare(const struct row *rows, size_t n)
{
    struct vocabulary_settings settings = small_llama;

    settings.add_dummy_prefix = false;
    return small_vocabulary(&settings, rows, n);
}

static void the_highest_score_merges_first(void **state)
{
    static const struct row rows[] = {{"a", -9, PIECE_NORMAL},  {"b", -9, PIECE_NORMAL},   {"c", -9, PIECE_NORMAL},
                                      {"ab", -2, PIECE_NORMAL}, {"bc", -1, PIECE_NORMAL},  {"abc", -3, PIECE_NORMAL},
                                      {"cab", 5, PIECE_NORMAL}, {"bcab", -8, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = bare(rows, 8);

    (void)state;
    assert_encodes(vocabulary, "ab", IDS(ROW(3)));
    assert_encodes(vocabulary, "abc", IDS(ROW(5))); /* bc, then abc */
    assert_encodes(vocabulary, "acb", IDS(ROW(0), ROW(2), ROW(1)));
    assert_encodes(vocabulary, "cabc", IDS(ROW(2), ROW(5)));
    assert_encodes(vocabulary, "cab", IDS(ROW(6)));  /* ab, then cab */
    assert_encodes(vocabulary, "bcab", IDS(ROW(7))); /* bc and ab leave no cab */
    assert_encodes(vocabulary, "abcab", IDS(ROW(5), ROW(3)));
}

static void of_equals_the_leftmost_merges_first(void **state)
{
    static const struct row rows[] = {{"a", 0, PIECE_NORMAL}, {"aa", -1, PIECE_NORMAL}, {"aaaa", -1, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = bare(rows, 3);

    (void)state;
    assert_encodes(vocabulary, "aaa", IDS(ROW(1), ROW(0)));
    /* aaaa scores as aa does, so it comes before the aa to the right of it. */
    assert_encodes(vocabulary, "aaaaaaa", IDS(ROW(2), ROW(1), ROW(0)));
    assert_encodes(vocabulary, "aaaaaaaa", IDS(ROW(2), ROW(2)));
}

static void blanks_are_marked_and_one_comes_first(void **state)
{
    static const struct row rows[] = {
        {B_, -9, PIECE_NORMAL}, {"a", -9, PIECE_NORMAL}, {B_ "a", -1, PIECE_NORMAL}, {B_ B_, -2, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = small_vocabulary(&small_llama, rows, 4);
    _cleanup_(vocabulary_freep) struct vocabulary *without = bare(rows, 4);

    (void)state;
    assert_encodes(vocabulary, "", NULL, 0);
    assert_encodes(vocabulary, "a", IDS(ROW(2)));
    assert_encodes(vocabulary, " ", IDS(ROW(3)));
    assert_encodes(vocabulary, " a a", IDS(ROW(0), ROW(2), ROW(2)));
    assert_encodes(vocabulary, "a  ", IDS(ROW(2), ROW(3)));
    assert_encodes(vocabulary, B_, IDS(ROW(3))); /* the mark itself reads as a blank */
    assert_encodes(without, "", NULL, 0);
    assert_encodes(without, "a a", IDS(ROW(1), ROW(2)));
    assert_encodes(without, " ", IDS(ROW(0)));
}

static void extra_blanks_go_where_the_model_says_so(void **state)
{
    static const struct row rows[] = {{B_, -9, PIECE_NORMAL}, {"a", -9, PIECE_NORMAL}, {B_ "a", -1, PIECE_NORMAL}};
    struct vocabulary_settings settings = small_llama;
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;

    (void)state;
    settings.remove_extra_whitespaces = true;
    vocabulary = small_vocabulary(&settings, rows, 3);
    assert_encodes(vocabulary, "   a    a  ", IDS(ROW(2), ROW(2)));
    assert_encodes(vocabulary, "    ", NULL, 0);
    assert_encodes(vocabulary, "a " B_ " ", IDS(ROW(2))); /* at the end marks go too */
    assert_encodes(vocabulary, B_, NULL, 0);
    assert_decodes(vocabulary, IDS(ROW(0), ROW(2), ROW(2)), "a a"); /* all blanks in front */
    vocabulary = vocabulary_free(vocabulary);

    settings.add_dummy_prefix = false;
    vocabulary = small_vocabulary(&settings, rows, 3);
    assert_encodes(vocabulary, "   a    a  ", IDS(ROW(1), ROW(2)));
    assert_decodes(vocabulary, IDS(ROW(2), ROW(2)), "a a");
}

static void unknown_characters_become_their_bytes(void **state)
{
    static const struct row rows[] = {{"a", 0, PIECE_NORMAL}, {"\xef\xbf\xbd", 0, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = bare(rows, 2);
    _cleanup_(vocabulary_freep) struct vocabulary *without = bare(rows, 1);

    (void)state;
    assert_encodes(vocabulary, "a\xc3\xa9\n", IDS(ROW(0), BYTE(0xc3), BYTE(0xa9), BYTE('\n')));
    assert_encodes(vocabulary, "\xf0\x9f\x98\x80", IDS(BYTE(0xf0), BYTE(0x9f), BYTE(0x98), BYTE(0x80)));
    assert_encodes_n(vocabulary, "\0a\0", 3, IDS(BYTE(0), ROW(0), BYTE(0)));
    /* Each byte that is not UTF-8 is a U+FFFD, which may be a piece. */
    assert_encodes(vocabulary,
                   "\xff"
                   "a\xe4\xb8",
                   IDS(ROW(1), ROW(0), ROW(1), ROW(1)));
    assert_encodes(without, "\x80", IDS(BYTE(0xef), BYTE(0xbf), BYTE(0xbd)));
    assert_encodes(without, "\xed\xa0\x80", /* a surrogate: three bad bytes */
                   IDS(BYTE(0xef), BYTE(0xbf), BYTE(0xbd), BYTE(0xef), BYTE(0xbf), BYTE(0xbd), BYTE(0xef), BYTE(0xbf),
                       BYTE(0xbd)));
}

static void without_bytes_a_run_of_unknown_characters_is_one_token(void **state)
{
    enum { A = SMALL_FIRST_BYTELESS };
    static const struct row rows[] = {{"a", 0, PIECE_NORMAL}};
    struct vocabulary_settings settings = small_llama;
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;

    (void)state;
    settings.byte_fallback = settings.add_dummy_prefix = false;
    vocabulary = small_vocabulary(&settings, rows, 1);
    assert_encodes(vocabulary, "axyzaxa", IDS(A, 0, A, 0, A));
    assert_encodes(vocabulary, "\xc3\xa9\xff", IDS(0));
    assert_decodes(vocabulary, IDS(A, 0, A), "a" PIECE_UNKNOWN_TEXT "a");
}

static void text_never_becomes_a_control_token(void **state)
{
    static const struct row rows[] = {{"<", 0, PIECE_NORMAL},   {"s", 0, PIECE_NORMAL},  {">", 0, PIECE_NORMAL},
                                      {"<s", -1, PIECE_NORMAL}, {"x", 0, PIECE_CONTROL}, {"<0", -1, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = bare(rows, 6);

    (void)state;
    assert_encodes(vocabulary, "<s>", IDS(ROW(3), ROW(2)));
    assert_encodes(vocabulary, "x", IDS(BYTE('x')));
    assert_encodes(vocabulary, "<0x0A>", IDS(ROW(5), BYTE('x'), BYTE('0'), BYTE('A'), ROW(2)));
    assert_encodes(vocabulary, "<unk>", IDS(ROW(0), BYTE('u'), BYTE('n'), BYTE('k'), ROW(2)));
}

static void user_defined_pieces_stay_whole(void **state)
{
    static const struct row rows[] = {{"a", 0, PIECE_NORMAL},        {"b", 0, PIECE_NORMAL},
                                      {"ab", 9, PIECE_NORMAL},       {"ba", 0, PIECE_USER_DEFINED},
                                      {"bab", 9, PIECE_NORMAL},      {"babb", 0, PIECE_USER_DEFINED},
                                      {B_ B_, 0, PIECE_USER_DEFINED}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = bare(rows, 7);

    (void)state;
    assert_encodes(vocabulary, "ab", IDS(ROW(2)));
    assert_encodes(vocabulary, "bab", IDS(ROW(3), ROW(1)));
    assert_encodes(vocabulary, "babb", IDS(ROW(5)));
    assert_encodes(vocabulary, "abab", IDS(ROW(0), ROW(3), ROW(1)));
    assert_encodes(vocabulary, "a  a", IDS(ROW(0), ROW(6), ROW(0)));
    assert_decodes(vocabulary, IDS(ROW(5), ROW(6), ROW(5)), "babb  babb");
}

static void unused_pieces_fall_back_into_their_halves(void **state)
{
    static const struct row rows[] = {{"a", 0, PIECE_NORMAL},     {"b", 0, PIECE_NORMAL},   {"c", 0, PIECE_UNUSED},
                                      {"ab", -1, PIECE_UNUSED},   {"cd", -1, PIECE_NORMAL}, {"abcd", -2, PIECE_UNUSED},
                                      {"abcdx", -3, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = bare(rows, 7);

    (void)state;
    assert_encodes(vocabulary, "abcd", IDS(ROW(0), ROW(1), ROW(4)));
    assert_encodes(vocabulary, "bababcdb", IDS(ROW(1), ROW(0), ROW(1), ROW(0), ROW(1), ROW(4), ROW(1)));
    assert_encodes(vocabulary, "abcdx", IDS(ROW(6))); /* they still serve to build other pieces */
    assert_encodes(vocabulary, "c", IDS(ROW(2)));     /* a single character has no halves */
}

static void limits_are_errors(void **state)
{
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = bare(NULL, 0);
    struct error error = ERROR_NONE;
    struct arena arena;
    char *text;
    int32_t *ids;
    size_t n;

    (void)state;
    arena_init(&arena, 1024);
    assert_int_equal(bpe_encode(vocabulary, "", ((size_t)64 << 20) + 1, &arena, &ids, &n, &error), -EFBIG);
    assert_string_equal(error.message, "a text of 67108865 bytes is longer than 67108864");
    error = ERROR_NONE;
    assert_int_equal(bpe_decode(vocabulary, IDS(BYTE('a'), SMALL_FIRST), &arena, &text, &n, &error), -EINVAL);
    assert_string_equal(error.message, "token id 259 is not one of the 259 of the vocabulary");
    assert_int_equal(bpe_decode(vocabulary, IDS(-1), &arena, &text, &n, NULL), -EINVAL);

    /* 300 tokens are more than this arena holds. */
    error = ERROR_NONE;
    {
        char x[300];

        memset(x, 'x', sizeof(x));
        assert_int_equal(bpe_encode(vocabulary, x, sizeof(x), &arena, &ids, &n, &error), -ENOMEM);
        assert_string_equal(error.message, "no memory for 300 tokens");
    }
    arena_deinit(&arena);
}

/* Far too long for anything quadratic. */
static void a_long_text_takes_no_time(void **state)
{
    enum { N = 1 << 20 };
    static const struct row rows[] = {
        {"a", 0, PIECE_NORMAL}, {"aa", -1, PIECE_NORMAL}, {"aaaa", -2, PIECE_NORMAL}, {"aaaaaaaa", -3, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = bare(rows, 4);
    _cleanup_(arena_deinit) struct arena arena = {0};
    _cleanup_(freep) char *text = malloc(N);
    int32_t *ids;
    char *decoded;
    size_t n;

    (void)state;
    memset(text, 'a', N);
    assert_int_equal(bpe_encode(vocabulary, text, N, &arena, &ids, &n, NULL), 0);
    assert_int_equal(n, N / 8);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ids[i], ROW(3));
    assert_int_equal(bpe_decode(vocabulary, ids, n, &arena, &decoded, &n, NULL), 0);
    assert_int_equal(n, N);
    assert_memory_equal(decoded, text, N);
}

static void special_tokens_read_as_sentencepiece_reads_them(void **state)
{
    static const struct row rows[] = {
        {B_, 0, PIECE_NORMAL}, {B_ "a", 0, PIECE_NORMAL}, {"b" B_ "c", 0, PIECE_NORMAL}, {B_ B_, 0, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = small_vocabulary(&small_llama, rows, 4);
    _cleanup_(vocabulary_freep) struct vocabulary *without = bare(rows, 4);

    (void)state;
    assert_decodes(vocabulary, NULL, 0, "");
    assert_decodes(vocabulary, IDS(1, ROW(1), ROW(1), 2), "a a"); /* control tokens are invisible */
    assert_decodes(vocabulary, IDS(0, ROW(1)), PIECE_UNKNOWN_TEXT " a");
    assert_decodes(vocabulary, IDS(ROW(2)), "b c");
    assert_decodes(vocabulary, IDS(ROW(3), ROW(1)), "  a"); /* one blank of the first piece is the dummy prefix */
    assert_decodes(vocabulary, IDS(ROW(0), ROW(1)), " a");
    assert_decodes(vocabulary, IDS(BYTE('x'), ROW(1)), "x a");
    assert_decodes(without, IDS(ROW(1), ROW(1)), " a a");
}

static void bytes_that_form_no_character_are_replaced(void **state)
{
    static const struct row rows[] = {{"a", 0, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = bare(rows, 1);

    (void)state;
    assert_decodes(vocabulary, IDS(BYTE(0xc3), BYTE(0xa9)), "\xc3\xa9");
    assert_decodes(vocabulary, IDS(BYTE(0xc3)), "\xef\xbf\xbd");
    assert_decodes(vocabulary, IDS(BYTE(0xc3), ROW(0), BYTE(0xa9)),
                   "\xef\xbf\xbd"
                   "a\xef\xbf\xbd");
    assert_decodes(vocabulary, IDS(BYTE(0xc3), 1, BYTE(0xa9)),
                   "\xef\xbf\xbd\xef\xbf\xbd"); /* also by what is invisible */
    assert_decodes(vocabulary, IDS(BYTE(0xf0), BYTE(0x9f), BYTE('a')),
                   "\xef\xbf\xbd\xef\xbf\xbd"
                   "a");
    /* The byte that ends one attempt begins the next. */
    assert_decodes(vocabulary, IDS(BYTE(0xe4), BYTE(0xb8), BYTE(0xc3), BYTE(0xa9)), "\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
    assert_decodes(vocabulary, IDS(BYTE(0xed), BYTE(0xa0), BYTE(0x80)), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void a_stream_shows_whole_characters_as_soon_as_it_can(void **state)
{
    static const struct row rows[] = {{B_ "a", 0, PIECE_NORMAL}};
    static const struct {
        int32_t id;
        const char *shown;
    } steps[] = {
        {1, ""},
        {ROW(0), "a"},
        {ROW(0), " a"},
        {BYTE(0xf0), ""},
        {BYTE(0x9f), ""},
        {BYTE(0x98), ""},
        {BYTE(0x80), "\xf0\x9f\x98\x80"},
        {BYTE('x'), "x"},
        {BYTE(0xe4), ""},
        {BYTE(0xb8), ""},
        {BYTE('y'), "\xef\xbf\xbd\xef\xbf\xbdy"},
        {BYTE(0xff), "\xef\xbf\xbd"},
        {BYTE(0xc3), ""},
        {2, "\xef\xbf\xbd"},
        {BYTE(0xf0), ""},
        {BYTE(0xf0), "\xef\xbf\xbd"},
        {BYTE(0x90), ""},
    };
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = small_vocabulary(&small_llama, rows, 1);
    _cleanup_(buffer_deinit) struct buffer shown;
    struct bpe_stream stream;

    (void)state;
    buffer_init(&shown, 64);
    bpe_stream_init(&stream, vocabulary);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        buffer_clear(&shown);
        assert_int_equal(bpe_stream_push(&stream, steps[i].id, &shown), 0);
        assert_int_equal(shown.size, strlen(steps[i].shown));
        assert_memory_equal(shown.bytes, steps[i].shown, shown.size);
    }
    buffer_clear(&shown);
    assert_int_equal(bpe_stream_push(&stream, ROW(1), &shown), -EINVAL);
    assert_int_equal(bpe_stream_finish(&stream, &shown), 0);
    assert_string_equal(shown.bytes, "\xef\xbf\xbd\xef\xbf\xbd");
    assert_int_equal(bpe_stream_finish(&stream, &shown), 0);
    assert_int_equal(shown.size, 6);
}

static void a_stream_says_when_its_buffer_is_full(void **state)
{
    static const struct row rows[] = {{"abcd", 0, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = bare(rows, 1);
    _cleanup_(buffer_deinit) struct buffer shown;
    struct bpe_stream stream;

    (void)state;
    buffer_init(&shown, 5);
    bpe_stream_init(&stream, vocabulary);
    assert_int_equal(bpe_stream_push(&stream, ROW(0), &shown), 0);
    assert_int_equal(bpe_stream_push(&stream, ROW(0), &shown), -EFBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_score_merges_first),
        cmocka_unit_test(of_equals_the_leftmost_merges_first),
        cmocka_unit_test(blanks_are_marked_and_one_comes_first),
        cmocka_unit_test(extra_blanks_go_where_the_model_says_so),
        cmocka_unit_test(unknown_characters_become_their_bytes),
        cmocka_unit_test(without_bytes_a_run_of_unknown_characters_is_one_token),
        cmocka_unit_test(text_never_becomes_a_control_token),
        cmocka_unit_test(user_defined_pieces_stay_whole),
        cmocka_unit_test(unused_pieces_fall_back_into_their_halves),
        cmocka_unit_test(limits_are_errors),
        cmocka_unit_test(a_long_text_takes_no_time),
        cmocka_unit_test(special_tokens_read_as_sentencepiece_reads_them),
        cmocka_unit_test(bytes_that_form_no_character_are_replaced),
        cmocka_unit_test(a_stream_shows_whole_characters_as_soon_as_it_can),
        cmocka_unit_test(a_stream_says_when_its_buffer_is_full),
    };

    return cmocka_run_group_tests_name("bpe", tests, NULL, NULL);
}
