/* Text -> tokens and back, with the vocabulary alone: from arguments, from all of stdin, or line by line for many. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/answer/fields.h"
#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "core/cli/arguments.h"
#include "core/cli/cli.h"
#include "core/file/gguf_reader.h"
#include "core/file/mapped_file.h"
#include "core/text/bpe.h"
#include "core/text/sentencepiece.h"
#include "core/text/vocabulary.h"

#define COMMAND "tokenize"
#define TEXT_BYTES_MAX ((size_t)64 << 20)

struct tokenizer {
    struct vocabulary *vocabulary;
    bool ids, decode, json, lines, hex;
    struct arena arena; /* of one input */
    struct buffer input, output;
};

/* ---- reading ---- */

static const char digits[] = "0123456789abcdefABCDEF";

static int hex_digit(char c)
{
    const char *at = c ? strchr(digits, c) : NULL;
    int value = at ? (int)(at - digits) : -1;

    return value < 16 ? value : value - 6;
}

/* Two hexadecimal digits per byte; "-" and nothing are the empty text. */
static int read_hex(const char *text, size_t n, struct buffer *ret, struct error *error)
{
    if (n == 1 && text[0] == '-')
        return 0;
    if (n % 2)
        return error_set(error, -EINVAL, "expected two hexadecimal digits per byte, found %zu digits", n);
    for (size_t i = 0; i < n; i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        char byte = (char)(high * 16 + low);

        if (high < 0 || low < 0)
            return error_set(error, -EINVAL, "expected hexadecimal digits, found something else at position %zu", i);
        if (buffer_append(ret, &byte, 1) < 0)
            return error_set(error, -EFBIG, "the text is too long");
    }
    return 0;
}

/* Ids between blanks; "-" and nothing are the empty list. */
static int read_ids(const char *text, size_t n, struct arena *arena, int32_t **ret, size_t *ret_n, struct error *error)
{
    int32_t *ids = arena_new(arena, int32_t, n / 2 + 1);
    size_t n_ids = 0;

    if (!ids)
        return error_set(error, -ENOMEM, "no memory for the ids");
    if (n == 1 && text[0] == '-')
        n = 0;
    for (size_t i = 0, length; i < n; i += length) {
        uint64_t id;

        length = strspn(text + i, " ,\t\r\n");
        if (length)
            continue;
        length = strcspn(text + i, " ,\t\r\n");
        if (parse_integer(text + i, length, &id) < 0 || id > INT32_MAX)
            return error_set(error, -EINVAL, "expected ids between blanks, found \"%.*s\"",
                             (int)MIN(length, (size_t)20), text + i);
        ids[n_ids++] = (int32_t)id;
    }
    *ret = ids;
    *ret_n = n_ids;
    return 0;
}

/* ---- writing ---- */

static const char *piece_text(struct tokenizer *tokenizer, int32_t id)
{
    const struct piece *piece = vocabulary_piece(tokenizer->vocabulary, id);
    const char *text = piece ? arena_copy_text(&tokenizer->arena, piece->text, piece->n) : NULL;

    return text ? text : "";
}

static void write_json(struct tokenizer *tokenizer, const int32_t *ids, size_t n, const char *text, size_t n_text)
{
    struct value *object = value_object(), *id_list = value_array(), *pieces = value_array();

    for (size_t i = 0; i < n; i++) {
        value_add_integer(id_list, ids[i]);
        value_add_text(pieces, piece_text(tokenizer, ids[i]));
    }
    value_set(object, "ids", id_list);
    value_set(object, "pieces", pieces);
    if (text)
        value_set_text_n(object, "text", text, n_text);
    value_write_json(object, false, &tokenizer->output);
    value_free(object);
}

static void write_ids(struct tokenizer *tokenizer, const int32_t *ids, size_t n)
{
    bool one_line = tokenizer->ids || tokenizer->lines || tokenizer->hex;

    for (size_t i = 0; i < n; i++)
        if (one_line)
            buffer_printf(&tokenizer->output, "%s%d", i ? " " : "", ids[i]);
        else
            buffer_printf(&tokenizer->output, "%s%6d  %s", i ? "\n" : "", ids[i], piece_text(tokenizer, ids[i]));
}

static void write_text(struct tokenizer *tokenizer, const char *text, size_t n)
{
    if (!tokenizer->hex) {
        buffer_append(&tokenizer->output, text, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)text[i];

        buffer_append(&tokenizer->output, (char[2]){digits[byte >> 4], digits[byte & 15]}, 2);
    }
}

/* ---- one input ---- */

static int encode(struct tokenizer *tokenizer, const char *text, size_t n, struct error *error)
{
    int32_t *ids = NULL;
    size_t n_ids = 0;
    int r = 0;

    if (tokenizer->hex) {
        r = read_hex(text, n, &tokenizer->input, error);
        text = tokenizer->input.bytes ? tokenizer->input.bytes : "";
        n = tokenizer->input.size;
    }
    if (r == 0)
        r = bpe_encode(tokenizer->vocabulary, text, n, &tokenizer->arena, &ids, &n_ids, error);
    if (r < 0)
        return r;
    if (tokenizer->json)
        write_json(tokenizer, ids, n_ids, NULL, 0);
    else
        write_ids(tokenizer, ids, n_ids);
    return 0;
}

static int decode(struct tokenizer *tokenizer, const char *text, size_t n, struct error *error)
{
    int32_t *ids = NULL;
    size_t n_ids = 0, n_decoded = 0;
    char *decoded = NULL;
    int r = read_ids(text, n, &tokenizer->arena, &ids, &n_ids, error);

    if (r == 0)
        r = bpe_decode(tokenizer->vocabulary, ids, n_ids, &tokenizer->arena, &decoded, &n_decoded, error);
    if (r < 0)
        return r;
    if (tokenizer->json)
        write_json(tokenizer, ids, n_ids, decoded, n_decoded);
    else
        write_text(tokenizer, decoded, n_decoded);
    return 0;
}

static int process(struct tokenizer *tokenizer, const char *text, size_t n, struct error *error)
{
    int r;

    buffer_clear(&tokenizer->input);
    buffer_clear(&tokenizer->output);
    arena_init(&tokenizer->arena, 0);
    r = tokenizer->decode ? decode(tokenizer, text, n, error) : encode(tokenizer, text, n, error);
    arena_deinit(&tokenizer->arena);
    if (r < 0)
        return r;
    buffer_append_text(&tokenizer->output, "\n");
    if (tokenizer->output.failed)
        return error_set(error, -ENOMEM, "no memory for the output");
    fwrite(tokenizer->output.bytes, 1, tokenizer->output.size, stdout);
    return 0;
}

static int process_lines(struct tokenizer *tokenizer, struct error *error)
{
    _cleanup_(freep) char *line = NULL;
    size_t capacity = 0, number = 0;
    ssize_t n;

    while ((n = getline(&line, &capacity, stdin)) >= 0) {
        int r;

        number++;
        if (n && line[n - 1] == '\n')
            line[--n] = '\0';
        r = process(tokenizer, line, (size_t)n, error);
        if (r < 0) {
            error_at(error, "line %zu", number);
            return r;
        }
    }
    return ferror(stdin) ? error_set(error, -errno, "cannot read stdin: %s", strerror(errno)) : 0;
}

static int process_all(struct tokenizer *tokenizer, char **words, int n_words, struct error *error)
{
    _cleanup_(buffer_deinit) struct buffer text = {.size_max = TEXT_BYTES_MAX};
    char block[1 << 16];
    int r = 0;

    for (int i = 0; i < n_words && r == 0; i++)
        r = buffer_printf(&text, "%s%s", i ? " " : "", words[i]);
    for (size_t n = 1; n_words == 0 && n > 0 && r == 0;) {
        n = fread(block, 1, sizeof(block), stdin);
        r = buffer_append(&text, block, n);
    }
    if (r < 0)
        return error_set(error, r, "the text is longer than %zu MiB", TEXT_BYTES_MAX >> 20);
    if (ferror(stdin))
        return error_set(error, -errno, "cannot read stdin: %s", strerror(errno));
    return process(tokenizer, text.bytes ? text.bytes : "", text.size, error);
}

/* ---- the command ---- */

static int open_model(const char *path, struct vocabulary **ret, struct error *error)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    int r = gguf_reader_open(path, &reader, error);

    return r < 0 ? r : vocabulary_from_gguf(reader, ret, error);
}

static int open_sentencepiece(const char *path, struct vocabulary **ret, struct error *error)
{
    _cleanup_(mapped_file_unmap) struct mapped_file file = {0};
    _cleanup_(closep) int fd = -1;
    int r = mapped_file_open(path, &fd, error);

    if (r == 0)
        r = mapped_file_map(&file, fd, error);
    if (r == 0)
        r = sentencepiece_read(file.bytes, file.n, ret, error);
    if (r < 0)
        mapped_file_error_at(error, path);
    return r;
}

int command_tokenize(int argc, char **argv)
{
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;
    struct tokenizer tokenizer = {.input = {.size_max = TEXT_BYTES_MAX}, .output = {.size_max = SIZE_MAX / 4}};
    const char *model = NULL, *sentencepiece = NULL;
    const struct option_row rows[] = {
        {.name = "model", .value = "FILE", .sentence = "a model file (GGUF)", .text = &model},
        {.name = "tokenizer", .value = "FILE", .sentence = "or a tokenizer.model", .text = &sentencepiece},
        {.name = "decode", .sentence = "the input is ids between blanks", .given = &tokenizer.decode},
        {.name = "ids", .sentence = "print only ids, on one line", .given = &tokenizer.ids},
        {.name = "json", .sentence = "print one line of JSON per input", .given = &tokenizer.json},
        {.name = "lines",
         .sentence = "every line of stdin is an input, every output a line",
         .given = &tokenizer.lines},
        {.name = "hex", .sentence = "as --lines, with texts as hexadecimal digits", .given = &tokenizer.hex},
    };
    const struct arguments arguments = {.command = COMMAND,
                                        .sentence = "turns text (of the arguments, or of stdin) into tokens and back",
                                        .positionals = "[TEXT...]",
                                        .positionals_max = SIZE_MAX,
                                        .rows = rows,
                                        .n_rows = ARRAY_SIZE(rows)};
    struct error error = ERROR_NONE;
    int n, r = arguments_parse(&arguments, argc, argv, &n);

    if (r != 0)
        return exit_status_of(r);
    if (!model == !sentencepiece) {
        fprintf(stderr, "onellm tokenize: expected either --model or --tokenizer\n");
        return EXIT_USAGE;
    }
    if (n && (tokenizer.lines || tokenizer.hex)) {
        fprintf(stderr, "onellm tokenize: --lines and --hex read stdin, so expected no text beside them\n");
        return EXIT_USAGE;
    }
    r = model ? open_model(model, &vocabulary, &error) : open_sentencepiece(sentencepiece, &vocabulary, &error);
    tokenizer.vocabulary = vocabulary;
    if (r == 0)
        r = tokenizer.lines || tokenizer.hex ? process_lines(&tokenizer, &error)
                                             : process_all(&tokenizer, argv, n, &error);
    buffer_deinit(&tokenizer.input);
    buffer_deinit(&tokenizer.output);
    fflush(stdout);
    return r < 0 ? fail_with(COMMAND, &error) : finish_output(COMMAND);
}
