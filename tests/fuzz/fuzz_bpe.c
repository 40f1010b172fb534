/* fuzz: text_dep, base_dep */
/* The input as a text: what its tokens decode to must be that text again, U+FFFD in place of what is not UTF-8. The
   input as token ids: the stream shows only whole characters, and in all the same as decoding at once. */
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/text/bpe.h"
#include "core/text/utf8.h"
#include "tests/unit/text/small_vocabulary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        __builtin_trap();
}

static const struct vocabulary *vocabulary_of_test(void)
{
    static const struct row rows[] = {
        {B_, -20, PIECE_NORMAL},         {"a", -20, PIECE_NORMAL},        {"b", -20, PIECE_NORMAL},
        {"\xc3\xa9", -20, PIECE_NORMAL}, {"aa", -1, PIECE_NORMAL},        {"aaaa", -1, PIECE_NORMAL},
        {"ab", -2, PIECE_UNUSED},        {"aab", -3, PIECE_UNUSED},       {B_ "a", -4, PIECE_NORMAL},
        {B_ "ab", -5, PIECE_UNUSED},     {B_ B_, -6, PIECE_NORMAL},       {"b\xc3\xa9", -1, PIECE_NORMAL},
        {"ba", 0, PIECE_USER_DEFINED},   {"babb", 0, PIECE_USER_DEFINED}, {"\n\n", 0, PIECE_USER_DEFINED},
        {"aaab", 3, PIECE_CONTROL},      {"abab", -1, PIECE_NORMAL},      {"\xe4\xb8\xad", 1, PIECE_NORMAL},
    };
    static struct vocabulary *vocabulary; /* reachable to the end: no leak */

    if (!vocabulary)
        vocabulary = small_vocabulary(&small_llama, rows, ARRAY_SIZE(rows));
    return vocabulary;
}

/* What a text is after the tokenizer: bad bytes replaced, and the mark for blanks a blank. */
static void normalise(const char *text, size_t n, struct buffer *ret)
{
    for (size_t i = 0, step; i < n; i += step) {
        int length = utf8_length(text + i, n - i);

        step = length > 0 ? (size_t)length : 1;
        if (length <= 0)
            buffer_append_text(ret, UTF8_REPLACEMENT);
        else if (length == 3 && memcmp(text + i, B_, 3) == 0)
            buffer_append_text(ret, " ");
        else
            buffer_append(ret, text + i, step);
    }
    require(!ret->failed);
}

static void there_and_back(const struct vocabulary *vocabulary, const char *text, size_t n)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    _cleanup_(buffer_deinit) struct buffer expected;
    size_t n_ids, n_decoded;
    int32_t *ids;
    char *decoded;

    buffer_init(&expected, SIZE_MAX);
    normalise(text, n, &expected);
    require(bpe_encode(vocabulary, text, n, &arena, &ids, &n_ids, NULL) == 0);
    for (size_t i = 0; i < n_ids; i++)
        require(vocabulary_piece(vocabulary, ids[i])->type != PIECE_CONTROL && ids[i] != small_llama.unknown_id);
    require(bpe_decode(vocabulary, ids, n_ids, &arena, &decoded, &n_decoded, NULL) == 0);
    require(n_decoded == expected.size && (n_decoded == 0 || memcmp(decoded, expected.bytes, n_decoded) == 0));
}

static void at_once_and_in_pieces(const struct vocabulary *vocabulary, const uint8_t *data, size_t n)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    _cleanup_(buffer_deinit) struct buffer shown;
    int32_t *ids = arena_new(&arena, int32_t, n);
    struct bpe_stream stream;
    size_t n_decoded;
    char *decoded;

    buffer_init(&shown, SIZE_MAX);
    bpe_stream_init(&stream, vocabulary);
    for (size_t i = 0, at = 0; i < n; i++) {
        /* Bytes mostly, as they are the difficult ones; the first values also stand for the pieces behind them. */
        ids[i] = data[i] < 32 ? SMALL_FIRST - 8 + data[i] : SMALL_BYTES + data[i];
        if (data[i] == 32)
            ids[i] = (int32_t)(i % 3);
        if (!vocabulary_piece(vocabulary, ids[i]))
            ids[i] = SMALL_FIRST;
        require(bpe_stream_push(&stream, ids[i], &shown) == 0);
        for (int length; at < shown.size; at += (size_t)length) {
            length = utf8_length(shown.bytes + at, shown.size - at);
            require(length > 0);
        }
    }
    require(bpe_stream_finish(&stream, &shown) == 0);
    require(bpe_decode(vocabulary, ids, n, &arena, &decoded, &n_decoded, NULL) == 0);
    require(n_decoded == shown.size && (n_decoded == 0 || memcmp(decoded, shown.bytes, n_decoded) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    there_and_back(vocabulary_of_test(), (const char *)data, size);
    at_once_and_in_pieces(vocabulary_of_test(), data, size);
    return 0;
}
