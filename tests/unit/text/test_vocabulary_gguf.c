#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>

#include "core/base/error.h"
#include "core/file/gguf_reader.h"
#include "core/file/gguf_writer.h"
#include "tests/unit/text/small_vocabulary.h"

/* A model file under construction that consists of keys only, in memory. */
struct file {
    int fd;
    struct gguf_writer *writer;
};

static struct file file_open(void)
{
    struct file file = {.fd = memfd_create("vocabulary", MFD_CLOEXEC)};

    assert_int_equal(gguf_writer_open_fd(file.fd, &file.writer, NULL), 0);
    return file;
}

/* Ends the file and reads the vocabulary from it. */
static int file_read(struct file *file, struct vocabulary **ret, struct error *error)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    uint64_t n;

    assert_int_equal(gguf_writer_begin(file->writer, &n, NULL), 0);
    assert_int_equal(gguf_writer_finish(file->writer, NULL), 0);
    gguf_writer_free(file->writer);
    assert_int_equal(gguf_reader_open_fd(file->fd, "vocabulary", &reader, NULL), 0);
    return vocabulary_from_gguf(reader, ret, error);
}

static void refuse(struct file *file, int code, const char *message)
{
    struct vocabulary *vocabulary = NULL;
    struct error error = ERROR_NONE;

    assert_int_equal(file_read(file, &vocabulary, &error), code);
    assert_string_equal(error.message, message);
    assert_null(vocabulary);
}

static void assert_same_vocabulary(const struct vocabulary *a, const struct vocabulary *b)
{
    assert_int_equal(vocabulary_size(a), vocabulary_size(b));
    for (int i = 0; i < (int)vocabulary_size(a); i++) {
        const struct piece *left = vocabulary_piece(a, i), *right = vocabulary_piece(b, i);

        assert_int_equal(left->n, right->n);
        assert_memory_equal(left->text, right->text, left->n);
        assert_memory_equal(&left->score, &right->score, sizeof(float));
        assert_int_equal(left->type, right->type);
    }
    assert_int_equal(vocabulary_settings(a)->bos_id, vocabulary_settings(b)->bos_id);
    assert_int_equal(vocabulary_settings(a)->eos_id, vocabulary_settings(b)->eos_id);
    assert_int_equal(vocabulary_settings(a)->unknown_id, vocabulary_settings(b)->unknown_id);
    assert_int_equal(vocabulary_settings(a)->add_dummy_prefix, vocabulary_settings(b)->add_dummy_prefix);
    assert_int_equal(vocabulary_settings(a)->remove_extra_whitespaces,
                     vocabulary_settings(b)->remove_extra_whitespaces);
    assert_int_equal(vocabulary_settings(a)->byte_fallback, vocabulary_settings(b)->byte_fallback);
}

static void what_is_written_is_read_back(void **state)
{
    static const struct row rows[] = {
        {"ab", -1.25f, PIECE_NORMAL}, {B_ "x", -3e8f, PIECE_UNUSED}, {"<user>", 0, PIECE_USER_DEFINED}};
    static const struct vocabulary_settings kinds[] = {
        {1, 2, 0, true, false, true},
        {2, 1, 0, false, true, true},
        {-1, -1, -1, true, false, true},
        {5, 4, 3, true, true, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        _cleanup_(vocabulary_freep) struct vocabulary *written = small_vocabulary(&kinds[i], rows, 3);
        _cleanup_(vocabulary_freep) struct vocabulary *read = NULL;
        struct file file = file_open();

        assert_int_equal(vocabulary_to_gguf(written, file.writer), 0);
        assert_int_equal(file_read(&file, &read, NULL), 0);
        assert_same_vocabulary(written, read);
    }
}

/* The names that llama.cpp reads. */
static void the_keys_are_those_of_llama_cpp(void **state)
{
    static const struct row rows[] = {{"ab", -1.25f, PIECE_NORMAL}};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = small_vocabulary(&small_llama, rows, 1);
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    struct file file = file_open();
    const struct gguf_string *tokens;
    struct gguf_string model;
    const float *scores;
    const int32_t *types;
    uint64_t n_bytes, id;
    bool flag;
    size_t n;

    (void)state;
    assert_int_equal(vocabulary_to_gguf(vocabulary, file.writer), 0);
    assert_int_equal(gguf_writer_begin(file.writer, &n_bytes, NULL), 0);
    assert_int_equal(gguf_writer_finish(file.writer, NULL), 0);
    gguf_writer_free(file.writer);
    assert_int_equal(gguf_reader_open_fd(file.fd, "vocabulary", &reader, NULL), 0);

    assert_int_equal(gguf_reader_string(reader, "tokenizer.ggml.model", &model, NULL), 0);
    assert_memory_equal(model.text, "llama", model.n);
    assert_int_equal(gguf_reader_strings(reader, "tokenizer.ggml.tokens", &tokens, &n, NULL), 0);
    assert_int_equal(n, SMALL_FIRST + 1);
    assert_memory_equal(tokens[SMALL_FIRST].text, "ab", 2);
    assert_int_equal(gguf_reader_f32s(reader, "tokenizer.ggml.scores", &scores, &n, NULL), 0);
    assert_float_equal(scores[SMALL_FIRST], -1.25f, 0);
    assert_int_equal(gguf_reader_i32s(reader, "tokenizer.ggml.token_type", &types, &n, NULL), 0);
    assert_int_equal(types[0], 2);
    assert_int_equal(types[1], 3);
    assert_int_equal(types[SMALL_BYTES], 6);
    assert_int_equal(types[SMALL_FIRST], 1);
    assert_int_equal(gguf_reader_u64(reader, "tokenizer.ggml.unknown_token_id", &id, NULL), 0);
    assert_int_equal(id, 0);
    assert_int_equal(gguf_reader_u64(reader, "tokenizer.ggml.bos_token_id", &id, NULL), 0);
    assert_int_equal(id, 1);
    assert_int_equal(gguf_reader_u64(reader, "tokenizer.ggml.eos_token_id", &id, NULL), 0);
    assert_int_equal(id, 2);
    assert_int_equal(gguf_reader_bool(reader, "tokenizer.ggml.add_bos_token", &flag, NULL), 0);
    assert_true(flag);
    assert_int_equal(gguf_reader_bool(reader, "tokenizer.ggml.add_space_prefix", &flag, NULL), 0);
    assert_true(flag);
}

static const char *const five[] = {"<unk>", "<s>", "</s>", "a", "b"};
static const float five_scores[] = {0, 0, 0, -1, -2};
static const int32_t five_types[] = {2, 3, 3, 1, 1};

static void set_five(struct gguf_writer *writer)
{
    gguf_writer_set_string(writer, "tokenizer.ggml.model", "llama");
    gguf_writer_set_strings(writer, "tokenizer.ggml.tokens", five, NULL, 5);
    gguf_writer_set_f32s(writer, "tokenizer.ggml.scores", five_scores, 5);
    gguf_writer_set_i32s(writer, "tokenizer.ggml.token_type", five_types, 5);
}

static void missing_settings_are_those_of_llama(void **state)
{
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;
    struct file file = file_open();
    const struct vocabulary_settings *settings;

    (void)state;
    set_five(file.writer);
    assert_int_equal(file_read(&file, &vocabulary, NULL), 0);
    settings = vocabulary_settings(vocabulary);
    assert_int_equal(settings->unknown_id, 0);
    assert_int_equal(settings->bos_id, 1);
    assert_int_equal(settings->eos_id, 2);
    assert_true(settings->add_dummy_prefix);
    assert_false(settings->remove_extra_whitespaces);
    assert_false(settings->byte_fallback);
}

/* The default ids hold only where LLaMA's pieces are. */
static void a_default_id_needs_a_piece_of_its_kind(void **state)
{
    static const int32_t types[] = {2, 1, 4, 1, 3};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;
    struct file file = file_open();

    (void)state;
    gguf_writer_set_string(file.writer, "tokenizer.ggml.model", "llama");
    gguf_writer_set_strings(file.writer, "tokenizer.ggml.tokens", five, NULL, 5);
    gguf_writer_set_f32s(file.writer, "tokenizer.ggml.scores", five_scores, 5);
    gguf_writer_set_i32s(file.writer, "tokenizer.ggml.token_type", types, 5);
    gguf_writer_set_u32(file.writer, "tokenizer.ggml.eos_token_id", 4);
    assert_int_equal(file_read(&file, &vocabulary, NULL), 0);
    assert_int_equal(vocabulary_settings(vocabulary)->bos_id, -1);
    assert_int_equal(vocabulary_settings(vocabulary)->eos_id, 4);
}

static void no_bos_is_wanted(void **state)
{
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;
    struct file file = file_open();

    (void)state;
    set_five(file.writer);
    gguf_writer_set_u32(file.writer, "tokenizer.ggml.bos_token_id", 1);
    gguf_writer_set_bool(file.writer, "tokenizer.ggml.add_bos_token", false);
    gguf_writer_set_bool(file.writer, "tokenizer.ggml.add_space_prefix", false);
    assert_int_equal(file_read(&file, &vocabulary, NULL), 0);
    assert_int_equal(vocabulary_settings(vocabulary)->bos_id, -1);
    assert_false(vocabulary_settings(vocabulary)->add_dummy_prefix);
}

static void damaged_vocabularies_are_refused(void **state)
{
    struct vocabulary *vocabulary = NULL;
    struct error error = ERROR_NONE;
    struct file file;

    (void)state;
    file = file_open();
    gguf_writer_set_string(file.writer, "tokenizer.ggml.model", "gpt2");
    refuse(&file, -EMEDIUMTYPE,
           "tokenizer.ggml.model is \"gpt2\"; only SentencePiece vocabularies (\"llama\") can be used");

    file = file_open();
    gguf_writer_set_string(file.writer, "tokenizer.ggml.model", "llama");
    gguf_writer_set_strings(file.writer, "tokenizer.ggml.tokens", five, NULL, 5);
    assert_int_equal(file_read(&file, &vocabulary, &error), -ENOENT);
    assert_non_null(strstr(error.message, "tokenizer.ggml.scores"));

    file = file_open();
    gguf_writer_set_string(file.writer, "tokenizer.ggml.model", "llama");
    gguf_writer_set_strings(file.writer, "tokenizer.ggml.tokens", five, NULL, 5);
    gguf_writer_set_f32s(file.writer, "tokenizer.ggml.scores", five_scores, 4);
    gguf_writer_set_i32s(file.writer, "tokenizer.ggml.token_type", five_types, 5);
    refuse(&file, -EBADMSG, "the vocabulary has 5 tokens, but 4 scores and 5 types");

    file = file_open();
    gguf_writer_set_string(file.writer, "tokenizer.ggml.model", "llama");
    gguf_writer_set_strings(file.writer, "tokenizer.ggml.tokens", five, NULL, 0);
    gguf_writer_set_f32s(file.writer, "tokenizer.ggml.scores", five_scores, 0);
    gguf_writer_set_i32s(file.writer, "tokenizer.ggml.token_type", five_types, 0);
    refuse(&file, -EBADMSG, "the vocabulary has no pieces");

    file = file_open();
    set_five(file.writer);
    gguf_writer_set_u32(file.writer, "tokenizer.ggml.eos_token_id", 5);
    refuse(&file, -EBADMSG, "tokenizer.ggml.eos_token_id is 5, but there are 5 tokens");

    file = file_open();
    set_five(file.writer);
    gguf_writer_set_string(file.writer, "tokenizer.ggml.add_bos_token", "yes");
    error = ERROR_NONE;
    assert_int_equal(file_read(&file, &vocabulary, &error), -EINVAL);
    assert_non_null(strstr(error.message, "tokenizer.ggml.add_bos_token"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(the_keys_are_those_of_llama_cpp),
        cmocka_unit_test(missing_settings_are_those_of_llama),
        cmocka_unit_test(a_default_id_needs_a_piece_of_its_kind),
        cmocka_unit_test(no_bos_is_wanted),
        cmocka_unit_test(damaged_vocabularies_are_refused),
    };

    return cmocka_run_group_tests_name("vocabulary_gguf", tests, NULL, NULL);
}
