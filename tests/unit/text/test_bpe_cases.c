/* Texts and token ids recorded from SentencePiece, one case a line:
     E <hex of text> <ids> <hex of what the ids decode to>    B <hex of bytes> <ids>    D <ids> <hex of text>
   separated by tabs, ids by blanks, "-" for nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/text/bpe.h"
#include "core/text/sentencepiece.h"
#include "core/text/utf8.h"
#include "core/text/vocabulary.h"

static struct buffer read_file(const char *directory, const char *name)
{
    _cleanup_(fclosep) FILE *file = NULL;
    struct buffer content;
    char path[4096], block[4096];
    size_t n;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    buffer_init(&content, 64 << 20);
    while ((n = fread(block, 1, sizeof(block), file)) > 0)
        assert_int_equal(buffer_append(&content, block, n), 0);
    return content;
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Both in place of the field, which is longer than what it says. */
static size_t parse_hex(char *field)
{
    size_t n = field[0] == '-' ? 0 : strlen(field) / 2;

    for (size_t i = 0; i < n; i++)
        field[i] = (char)(digit(field[2 * i]) * 16 + digit(field[2 * i + 1]));
    return n;
}

static size_t parse_ids(struct arena *arena, const char *field, int32_t **ret)
{
    size_t n = 0;
    char *end;

    *ret = arena_new(arena, int32_t, strlen(field) / 2 + 1);
    if (field[0] == '-')
        return 0;
    for (const char *at = field; *at; at = end)
        (*ret)[n++] = (int32_t)strtol(at, &end, 10);
    return n;
}

static void assert_same_ids(const int32_t *ids, size_t n, const int32_t *expected, size_t n_expected)
{
    assert_int_equal(n, n_expected);
    if (n > 0)
        assert_memory_equal(ids, expected, n * sizeof(*ids));
}

/* At once, and one token at a time with nothing but whole characters shown. */
static void assert_decodes(const struct vocabulary *vocabulary, struct arena *arena, const int32_t *ids, size_t n_ids,
                           const char *expected, size_t n_expected)
{
    _cleanup_(buffer_deinit) struct buffer shown;
    struct bpe_stream stream;
    char *text;
    size_t n;

    assert_int_equal(bpe_decode(vocabulary, ids, n_ids, arena, &text, &n, NULL), 0);
    assert_int_equal(n, n_expected);
    assert_memory_equal(text, expected, n);

    buffer_init(&shown, 1 << 20);
    bpe_stream_init(&stream, vocabulary);
    for (size_t i = 0, at = 0; i < n_ids; i++) {
        assert_int_equal(bpe_stream_push(&stream, ids[i], &shown), 0);
        while (at < shown.size) {
            assert_true(utf8_length(shown.bytes + at, shown.size - at) > 0);
            at += (size_t)utf8_length(shown.bytes + at, shown.size - at);
        }
    }
    assert_int_equal(bpe_stream_finish(&stream, &shown), 0);
    assert_int_equal(shown.size, n_expected);
    if (n_expected)
        assert_memory_equal(shown.bytes, expected, n_expected);
}

static void check_case(const struct vocabulary *vocabulary, char *line)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    char *fields[4] = {NULL};
    int32_t *expected, *ids;
    size_t n_expected, n_ids, n;

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        fields[i] = strsep(&line, "\t");
    if (fields[0][0] == 'D') {
        n_ids = parse_ids(&arena, fields[1], &ids);
        n = parse_hex(fields[2]);
        assert_decodes(vocabulary, &arena, ids, n_ids, fields[2], n);
        return;
    }
    n = parse_hex(fields[1]);
    n_expected = parse_ids(&arena, fields[2], &expected);
    assert_int_equal(bpe_encode(vocabulary, fields[1], n, &arena, &ids, &n_ids, NULL), 0);
    assert_same_ids(ids, n_ids, expected, n_expected);
    if (fields[0][0] == 'E') {
        n = parse_hex(fields[3]);
        assert_decodes(vocabulary, &arena, ids, n_ids, fields[3], n);
    }
}

static void check_cases(const char *directory, int n_expected)
{
    _cleanup_(buffer_deinit) struct buffer model = read_file(directory, "tokenizer.model");
    _cleanup_(buffer_deinit) struct buffer cases = read_file(directory, "tokenizer_cases.tsv");
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;
    char *rest = cases.bytes, *line;
    int n = 0;

    assert_int_equal(sentencepiece_read(model.bytes, model.size, &vocabulary, NULL), 0);
    while ((line = strsep(&rest, "\n")) && *line) {
        check_case(vocabulary, line);
        n++;
    }
    assert_int_equal(n, n_expected);
}

static void all_recorded_cases_are_exact(void **state)
{
    (void)state;
    check_cases(GOLDEN_DIR, 651);
}

static void all_cases_of_llama_2_are_exact(void **state)
{
    char directory[4096];

    (void)state;
    snprintf(directory, sizeof(directory), "%s/llama2", getenv("ONELLM_REFERENCE"));
    check_cases(directory, 652);
}

/* With an argument: the cases of LLaMA-2, whose tokenizer may not be part of this tree. */
int main(int argc, char **argv)
{
    const struct CMUnitTest recorded[] = {cmocka_unit_test(all_recorded_cases_are_exact)};
    const struct CMUnitTest llama_2[] = {cmocka_unit_test(all_cases_of_llama_2_are_exact)};

    (void)argv;
    if (argc == 1)
        return cmocka_run_group_tests_name("bpe_cases", recorded, NULL, NULL);
    if (getenv("ONELLM_REFERENCE"))
        return cmocka_run_group_tests_name("bpe_cases_llama_2", llama_2, NULL, NULL);
    printf("1..0 # SKIP ONELLM_REFERENCE does not name a folder with llama2/tokenizer.model\n");
    return 0;
}
