#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/text/sentencepiece.h"
#include "core/text/vocabulary.h"

/* A protobuf message under construction. */
struct message {
    uint8_t bytes[8192];
    size_t n;
};

static void put_varint(struct message *message, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        message->bytes[message->n++] = (uint8_t)(value | 0x80);
    message->bytes[message->n++] = (uint8_t)value;
}

static void put_integer(struct message *message, int number, uint64_t value)
{
    put_varint(message, (uint64_t)number << 3);
    put_varint(message, value);
}

static void put_bytes(struct message *message, int number, const void *bytes, size_t n)
{
    put_varint(message, (uint64_t)number << 3 | 2);
    put_varint(message, n);
    memcpy(message->bytes + message->n, bytes, n);
    message->n += n;
}

static void put_text(struct message *message, int number, const char *text)
{
    put_bytes(message, number, text, strlen(text));
}

static void put_message(struct message *message, int number, const struct message *part)
{
    put_bytes(message, number, part->bytes, part->n);
}

static void put_float(struct message *message, int number, float value)
{
    put_varint(message, (uint64_t)number << 3 | 5);
    memcpy(message->bytes + message->n, &value, sizeof(value));
    message->n += sizeof(value);
}

/* type 0: not written, as the format does for normal pieces. */
static void put_piece(struct message *model, const char *text, float score, int type)
{
    struct message piece = {.n = 0};

    put_text(&piece, 1, text);
    put_float(&piece, 2, score);
    if (type)
        put_integer(&piece, 3, (uint64_t)type);
    put_message(model, 1, &piece);
}

static struct message trainer_of(uint64_t model_type)
{
    struct message trainer = {.n = 0};

    put_integer(&trainer, 3, model_type);
    return trainer;
}

/* The smallest vocabulary that can be read: two pieces, BPE. */
static struct message small_model(void)
{
    struct message model = {.n = 0}, trainer = trainer_of(2);

    put_piece(&model, "<unk>", 0, PIECE_UNKNOWN);
    put_piece(&model, "a", -1.5f, 0);
    put_message(&model, 2, &trainer);
    return model;
}

/* Reads from a block of exactly n bytes. */
static int read_bytes(const void *bytes, size_t n, struct vocabulary **ret, struct error *error)
{
    _cleanup_(freep) void *copy = malloc(n ? n : 1);

    memcpy(copy, bytes, n);
    return sentencepiece_read(copy, n, ret, error);
}

static struct vocabulary *read_model(const struct message *model)
{
    struct vocabulary *vocabulary = NULL;
    struct error error = ERROR_NONE;

    assert_int_equal(read_bytes(model->bytes, model->n, &vocabulary, &error), 0);
    return vocabulary;
}

static void refuse(const struct message *model, const char *text)
{
    struct vocabulary *vocabulary = NULL;
    struct error error = ERROR_NONE;

    assert_int_equal(read_bytes(model->bytes, model->n, &vocabulary, &error), -EBADMSG);
    assert_string_equal(error.message, text);
    assert_null(vocabulary);
}

static void what_is_not_said_is_the_default_of_the_format(void **state)
{
    const struct message model = small_model();
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = read_model(&model);
    const struct vocabulary_settings *settings = vocabulary_settings(vocabulary);

    (void)state;
    assert_int_equal(vocabulary_size(vocabulary), 2);
    assert_memory_equal(vocabulary_piece(vocabulary, 0)->text, "<unk>", 5);
    assert_int_equal(vocabulary_piece(vocabulary, 0)->type, PIECE_UNKNOWN);
    assert_float_equal(vocabulary_piece(vocabulary, 1)->score, -1.5f, 0);
    assert_int_equal(vocabulary_piece(vocabulary, 1)->type, PIECE_NORMAL);
    assert_int_equal(settings->unknown_id, 0);
    assert_int_equal(settings->bos_id, -1);
    assert_int_equal(settings->eos_id, -1);
    assert_true(settings->add_dummy_prefix);
    assert_true(settings->remove_extra_whitespaces);
    assert_false(settings->byte_fallback);
}

static void what_is_said_is_read(void **state)
{
    struct message model = {.n = 0}, trainer = trainer_of(2), normalizer = {.n = 0};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;
    const struct vocabulary_settings *settings;
    char text[8];

    (void)state;
    put_integer(&normalizer, 3, 0);
    put_integer(&normalizer, 4, 0);
    put_integer(&normalizer, 5, 1);
    put_text(&normalizer, 1, "identity");
    put_text(&normalizer, 2, "");
    put_message(&model, 3, &normalizer); /* in any order */
    put_integer(&trainer, 35, 1);
    put_text(&trainer, 44, PIECE_UNKNOWN_TEXT);
    put_text(&trainer, 46, "<begin>");
    put_text(&trainer, 47, "<end>");
    put_message(&model, 2, &trainer);
    put_piece(&model, "a", 1, PIECE_USER_DEFINED);
    put_piece(&model, "<s>", 0, PIECE_CONTROL);
    put_piece(&model, "<end>", 0, PIECE_CONTROL);
    put_piece(&model, "b", 1, PIECE_UNUSED);
    put_piece(&model, "<begin>", 0, PIECE_NORMAL); /* not control: not bos */
    put_piece(&model, "<unk>", 0, PIECE_UNKNOWN);
    for (int i = 0; i < 256; i++) {
        snprintf(text, sizeof(text), "<0x%02X>", i);
        put_piece(&model, text, 0, PIECE_BYTE);
    }
    vocabulary = read_model(&model);
    settings = vocabulary_settings(vocabulary);
    assert_int_equal(settings->unknown_id, 5);
    assert_int_equal(settings->bos_id, -1);
    assert_int_equal(settings->eos_id, 2);
    assert_false(settings->add_dummy_prefix);
    assert_false(settings->remove_extra_whitespaces);
    assert_true(settings->byte_fallback);
    assert_int_equal(vocabulary_piece(vocabulary, 0)->type, PIECE_USER_DEFINED);
    assert_int_equal(vocabulary_piece(vocabulary, 3)->type, PIECE_UNUSED);
    assert_int_equal(vocabulary_byte_id(vocabulary, 0xff), 6 + 255);
}

static void what_is_not_known_is_skipped(void **state)
{
    struct message model = small_model(), trainer = {.n = 0};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;

    (void)state;
    put_text(&model, 4, "self test");
    put_integer(&model, 200, UINT64_MAX);
    put_float(&model, 201, 1);
    put_varint(&model, 202 << 3 | 1);
    memcpy(model.bytes + model.n, "8 bytes!", 8);
    model.n += 8;
    put_integer(&model, 1, 7); /* known numbers with other wire types */
    put_text(&trainer, 3, "unigram");
    put_float(&trainer, 3, 1);
    put_message(&model, 2, &trainer);
    vocabulary = read_model(&model);
    assert_int_equal(vocabulary_size(vocabulary), 2);
}

static void of_one_that_comes_twice_the_last_counts(void **state)
{
    struct message model = small_model(), normalizer = {.n = 0}, again = {.n = 0};
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;

    (void)state;
    put_integer(&normalizer, 3, 1);
    put_integer(&normalizer, 3, 0);
    put_integer(&normalizer, 4, 0);
    put_message(&model, 3, &normalizer);
    put_integer(&again, 4, 1);
    put_message(&model, 3, &again);
    vocabulary = read_model(&model);
    assert_false(vocabulary_settings(vocabulary)->add_dummy_prefix);
    assert_true(vocabulary_settings(vocabulary)->remove_extra_whitespaces);
}

static void other_kinds_of_models_are_refused_by_name(void **state)
{
    static const struct {
        uint64_t type;
        const char *message;
    } cases[] = {{0, "a SentencePiece model of type unknown is not supported, only BPE"},
                 {1, "a SentencePiece model of type unigram is not supported, only BPE"},
                 {3, "a SentencePiece model of type word is not supported, only BPE"},
                 {4, "a SentencePiece model of type character is not supported, only BPE"},
                 {5, "a SentencePiece model of type unknown is not supported, only BPE"},
                 {(uint64_t)1 << 32 | 2, "a SentencePiece model of type unknown is not supported, only BPE"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct message model = small_model(), trainer = trainer_of(cases[i].type);

        put_message(&model, 2, &trainer);
        refuse(&model, cases[i].message);
    }
}

static void other_settings_are_refused_by_name(void **state)
{
    struct message model, part;

    (void)state;
    model = small_model();
    part = (struct message){.n = 0};
    put_text(&part, 1, "nmt_nfkc");
    put_text(&part, 2, "rules");
    put_message(&model, 3, &part);
    refuse(&model, "the normaliser \"nmt_nfkc\" is not supported, only identity");

    model = small_model();
    put_message(&model, 5, &part);
    refuse(&model, "the denormaliser \"nmt_nfkc\" is not supported, only identity");

    model = small_model();
    part = (struct message){.n = 0};
    put_integer(&part, 5, 0);
    put_message(&model, 3, &part);
    refuse(&model, "escape_whitespaces = false is not supported");

    model = small_model();
    part = (struct message){.n = 0};
    put_integer(&part, 24, 1);
    put_message(&model, 2, &part);
    refuse(&model, "treat_whitespace_as_suffix = true is not supported");

    model = small_model();
    part = (struct message){.n = 0};
    put_text(&part, 44, "?");
    put_message(&model, 2, &part);
    refuse(&model, "an unk_surface other than \"" PIECE_UNKNOWN_TEXT "\" is not supported");
}

static void wrong_pieces_are_refused(void **state)
{
    struct message model = small_model();

    (void)state;
    put_piece(&model, "<unk2>", 0, PIECE_UNKNOWN);
    refuse(&model, "2 of 3 pieces are of type unknown instead of one");
    model = small_model();
    put_bytes(&model, 1, "", 0);
    refuse(&model, "piece 2 is empty");
    model = small_model();
    put_piece(&model, "b", 0, 7);
    refuse(&model, "piece 2 has type 7; known are 1 to 6");
    model = small_model();
    put_piece(&model, "a", 0, PIECE_NORMAL);
    refuse(&model, "pieces 1 and 2 have the same text");
    model = small_model();
    put_piece(&model, "<0x00>", 0, PIECE_BYTE);
    refuse(&model, "the vocabulary has byte pieces but is marked as one without byte fallback");
}

static void other_files_are_refused(void **state)
{
    struct vocabulary *vocabulary;
    struct error error = ERROR_NONE;
    struct message model;

    (void)state;
    assert_int_equal(sentencepiece_read(NULL, 0, &vocabulary, &error), -EBADMSG);
    assert_string_equal(error.message, "the SentencePiece model is empty");
    model = (struct message){.bytes = "{\"version\": \"1.0\"}", .n = 18}; /* a tokenizer.json */
    refuse(&model, "not a SentencePiece model: protobuf wire type 3 at byte 0");
    model = (struct message){.bytes = "\x08\x01\x02x", .n = 4};
    refuse(&model, "not a SentencePiece model: no protobuf field at byte 2");
    model = (struct message){.bytes = "\x08\x01\x80\x80\x80\x80\x10\x01", .n = 8}; /* field 2^29 */
    refuse(&model, "not a SentencePiece model: no protobuf field at byte 2");
    model = (struct message){.bytes = "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", .n = 11}; /* 2^64 - 1 bytes */
    refuse(&model, "the protobuf field at byte 0 goes beyond the end of its message");
    model = (struct message){.bytes = "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", .n = 12};
    refuse(&model, "the protobuf field at byte 0 goes beyond the end of its message");
    model = (struct message){.bytes = "\x0a\x02\x0a\x05", .n = 4}; /* the piece would go on, the model does not */
    refuse(&model, "the protobuf field at byte 2 goes beyond the end of its message");
}

static struct buffer golden(void)
{
    _cleanup_(fclosep) FILE *file = fopen(GOLDEN_DIR "/tokenizer.model", "rb");
    struct buffer content;
    char block[16384];
    size_t n;

    assert_non_null(file);
    buffer_init(&content, sizeof(block));
    n = fread(block, 1, sizeof(block), file);
    assert_int_equal(n, 8907);
    assert_int_equal(buffer_append(&content, block, n), 0);
    return content;
}

static void a_trained_model_is_read(void **state)
{
    _cleanup_(buffer_deinit) struct buffer file = golden();
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;
    const struct vocabulary_settings *settings;

    (void)state;
    assert_int_equal(sentencepiece_read(file.bytes, file.size, &vocabulary, NULL), 0);
    settings = vocabulary_settings(vocabulary);
    assert_int_equal(vocabulary_size(vocabulary), 600);
    assert_int_equal(settings->unknown_id, 0);
    assert_int_equal(settings->bos_id, 1);
    assert_int_equal(settings->eos_id, 2);
    assert_true(settings->add_dummy_prefix);
    assert_false(settings->remove_extra_whitespaces);
    assert_true(settings->byte_fallback);
    assert_int_equal(vocabulary_find(vocabulary,
                                     "\xe2\x96\x81"
                                     "a",
                                     4),
                     260);
    assert_int_equal(vocabulary_byte_id(vocabulary, '\n'), 13);
}

/* A file that was cut short is refused at every length but where what is missing is optional. */
static void cut_files_are_refused(void **state)
{
    _cleanup_(buffer_deinit) struct buffer file = golden();
    size_t n_read = 0;

    (void)state;
    for (size_t n = 0; n < file.size; n++) {
        struct vocabulary *vocabulary = NULL;
        struct error error = ERROR_NONE;
        int r = read_bytes(file.bytes, n, &vocabulary, &error);

        if (r == 0) {
            n_read++;
            assert_int_equal(vocabulary_size(vocabulary), 600);
            vocabulary_free(vocabulary);
        } else {
            assert_int_equal(r, -EBADMSG);
            assert_true(error.message[0]);
        }
    }
    assert_true(n_read <= 1); /* after the trainer's settings, before the normaliser's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_is_the_default_of_the_format),
        cmocka_unit_test(what_is_said_is_read),
        cmocka_unit_test(what_is_not_known_is_skipped),
        cmocka_unit_test(of_one_that_comes_twice_the_last_counts),
        cmocka_unit_test(other_kinds_of_models_are_refused_by_name),
        cmocka_unit_test(other_settings_are_refused_by_name),
        cmocka_unit_test(wrong_pieces_are_refused),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(a_trained_model_is_read),
        cmocka_unit_test(cut_files_are_refused),
    };

    return cmocka_run_group_tests_name("sentencepiece", tests, NULL, NULL);
}
