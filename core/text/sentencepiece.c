/* A protobuf message is a list of fields: a varint that holds number and wire type, then the value. Fields may come in
   any order; of one that comes twice the last counts. The few messages read here:

     ModelProto      1 pieces (each: 1 piece, 2 score, 3 type), 2 trainer_spec, 3 normalizer_spec, 5 denormalizer_spec
     TrainerSpec     3 model_type, 24 treat_whitespace_as_suffix, 35 byte_fallback, 44 unk_surface, 46 bos_piece,
                     47 eos_piece
     NormalizerSpec  1 name, 2 precompiled_charsmap, 3 add_dummy_prefix, 4 remove_extra_whitespaces,
                     5 escape_whitespaces */
#include "core/text/sentencepiece.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/text/vocabulary.h"

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_FIXED64 = 1,
    WIRE_BYTES = 2,
    WIRE_FIXED32 = 5,
};

/* What a field begins with. A known number with another wire type is another key, so it is skipped like any unknown
 * field, as protobuf does. */
#define FIELD(number, wire_type) ((uint32_t)(number) << 3 | (wire_type))
#define NUMBER_MAX ((1u << 29) - 1)

struct field {
    uint32_t key;
    uint64_t integer;   /* of WIRE_VARINT */
    float real;         /* of WIRE_FIXED32 */
    struct bytes bytes; /* of WIRE_BYTES */
};

struct normalizer {
    struct bytes name, rules;
    bool add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces;
};

struct model {
    const uint8_t *file; /* where the bytes begin */
    struct buffer pieces;
    uint64_t type;
    bool whitespace_as_suffix, byte_fallback;
    struct bytes unknown_text, bos_text, eos_text;
    struct normalizer normalizer, denormalizer;
};

static struct bytes text_of(const char *text)
{
    return bytes_of(text, strlen(text));
}

static bool is_same(struct bytes a, const char *text, size_t n)
{
    return bytes_left(&a) == n && memcmp(a.at, text, n) == 0;
}

static uint64_t read_varint(struct bytes *bytes)
{
    uint64_t value = 0;

    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t byte = bytes_u8(bytes);

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    bytes->failed = true; /* longer than 64 bits can be */
    return 0;
}

/* The bytes of a length-delimited field. */
static struct bytes read_bytes(struct bytes *message)
{
    uint64_t n = read_varint(message);
    const void *taken = bytes_take(message, n);

    return taken ? bytes_of(taken, (size_t)n) : text_of("");
}

/* 1: there is a field; 0: the message has ended; -EBADMSG. */
static int next_field(const struct model *model, struct bytes *message, struct field *ret, struct error *error)
{
    size_t at = (size_t)(message->at - model->file);
    uint64_t key;

    if (bytes_left(message) == 0)
        return 0;
    key = read_varint(message);
    if (!message->failed && (key >> 3 == 0 || key >> 3 > NUMBER_MAX))
        return error_set(error, -EBADMSG, "not a SentencePiece model: no protobuf field at byte %zu", at);
    *ret = (struct field){.key = (uint32_t)key};
    switch (key & 7) {
    case WIRE_VARINT:
        ret->integer = read_varint(message);
        break;
    case WIRE_FIXED64:
        bytes_take(message, 8);
        break;
    case WIRE_BYTES:
        ret->bytes = read_bytes(message);
        break;
    case WIRE_FIXED32:
        ret->real = bytes_f32(message);
        break;
    default:
        return error_set(error, -EBADMSG, "not a SentencePiece model: protobuf wire type %d at byte %zu",
                         (int)(key & 7), at);
    }
    if (message->failed)
        return error_set(error, -EBADMSG, "the protobuf field at byte %zu goes beyond the end of its message", at);
    return 1;
}

static int read_piece(struct model *model, struct bytes message, struct error *error)
{
    struct piece piece = {.text = "", .type = PIECE_NORMAL};
    struct field field;
    int r;

    while ((r = next_field(model, &message, &field, error)) > 0) {
        switch (field.key) {
        case FIELD(1, WIRE_BYTES):
            piece.text = (const char *)field.bytes.at;
            piece.n = bytes_left(&field.bytes);
            break;
        case FIELD(2, WIRE_FIXED32):
            piece.score = field.real;
            break;
        case FIELD(3, WIRE_VARINT):
            piece.type = (enum piece_type)MIN(field.integer, (uint64_t)INT_MAX); /* vocabulary_new() checks it */
            break;
        }
    }
    if (r < 0)
        return r;
    r = buffer_append(&model->pieces, &piece, sizeof(piece));
    if (r == -EFBIG)
        return error_set(error, r, "the SentencePiece model has more than %zu pieces", PIECES_MAX);
    if (r < 0)
        return error_set(error, r, "no memory for the pieces of the SentencePiece model");
    return 0;
}

static int read_trainer(struct model *model, struct bytes message, struct error *error)
{
    struct field field;
    int r;

    while ((r = next_field(model, &message, &field, error)) > 0) {
        switch (field.key) {
        case FIELD(3, WIRE_VARINT):
            model->type = field.integer;
            break;
        case FIELD(24, WIRE_VARINT):
            model->whitespace_as_suffix = field.integer;
            break;
        case FIELD(35, WIRE_VARINT):
            model->byte_fallback = field.integer;
            break;
        case FIELD(44, WIRE_BYTES):
            model->unknown_text = field.bytes;
            break;
        case FIELD(46, WIRE_BYTES):
            model->bos_text = field.bytes;
            break;
        case FIELD(47, WIRE_BYTES):
            model->eos_text = field.bytes;
            break;
        }
    }
    return r;
}

static int read_normalizer(const struct model *model, struct bytes message, struct normalizer *normalizer,
                           struct error *error)
{
    struct field field;
    int r;

    while ((r = next_field(model, &message, &field, error)) > 0) {
        switch (field.key) {
        case FIELD(1, WIRE_BYTES):
            normalizer->name = field.bytes;
            break;
        case FIELD(2, WIRE_BYTES):
            normalizer->rules = field.bytes;
            break;
        case FIELD(3, WIRE_VARINT):
            normalizer->add_dummy_prefix = field.integer;
            break;
        case FIELD(4, WIRE_VARINT):
            normalizer->remove_extra_whitespaces = field.integer;
            break;
        case FIELD(5, WIRE_VARINT):
            normalizer->escape_whitespaces = field.integer;
            break;
        }
    }
    return r;
}

static int read_model(struct model *model, struct bytes message, struct error *error)
{
    struct field field;
    int r;

    while ((r = next_field(model, &message, &field, error)) > 0) {
        if (field.key == FIELD(1, WIRE_BYTES))
            r = read_piece(model, field.bytes, error);
        else if (field.key == FIELD(2, WIRE_BYTES))
            r = read_trainer(model, field.bytes, error);
        else if (field.key == FIELD(3, WIRE_BYTES))
            r = read_normalizer(model, field.bytes, &model->normalizer, error);
        else if (field.key == FIELD(5, WIRE_BYTES))
            r = read_normalizer(model, field.bytes, &model->denormalizer, error);
        if (r < 0)
            return r;
    }
    return r;
}

static int check_normalizer(const struct normalizer *normalizer, const char *kind, struct error *error)
{
    if (bytes_left(&normalizer->rules) > 0)
        return error_set(error, -EBADMSG, "%s \"%.*s\" is not supported, only identity", kind,
                         (int)MIN(bytes_left(&normalizer->name), (size_t)32), (const char *)normalizer->name.at);
    return 0;
}

static int check_supported(const struct model *model, struct error *error)
{
    static const char *const types[] = {"unknown", "unigram", "BPE", "word", "character"};
    int r;

    if (model->type != 2)
        return error_set(error, -EBADMSG, "a SentencePiece model of type %s is not supported, only BPE",
                         model->type < ARRAY_SIZE(types) ? types[model->type] : "unknown");
    r = check_normalizer(&model->normalizer, "the normaliser", error);
    if (r < 0)
        return r;
    r = check_normalizer(&model->denormalizer, "the denormaliser", error);
    if (r < 0)
        return r;
    if (!model->normalizer.escape_whitespaces)
        return error_set(error, -EBADMSG, "escape_whitespaces = false is not supported");
    if (model->whitespace_as_suffix)
        return error_set(error, -EBADMSG, "treat_whitespace_as_suffix = true is not supported");
    if (!is_same(model->unknown_text, PIECE_UNKNOWN_TEXT, strlen(PIECE_UNKNOWN_TEXT)))
        return error_set(error, -EBADMSG, "an unk_surface other than \"%s\" is not supported", PIECE_UNKNOWN_TEXT);
    return 0;
}

/* The ids that SentencePiece's bos_id(), eos_id() and unk_id() give: pieces of the right type with the right text. */
static int find_special(const struct model *model, const struct piece *pieces, size_t n,
                        struct vocabulary_settings *settings, struct error *error)
{
    size_t n_unknown = 0;

    for (size_t i = 0; i < n; i++) {
        if (pieces[i].type == PIECE_CONTROL && is_same(model->bos_text, pieces[i].text, pieces[i].n))
            settings->bos_id = (int)i;
        if (pieces[i].type == PIECE_CONTROL && is_same(model->eos_text, pieces[i].text, pieces[i].n))
            settings->eos_id = (int)i;
        if (pieces[i].type == PIECE_UNKNOWN) {
            settings->unknown_id = (int)i;
            n_unknown++;
        }
    }
    if (n_unknown != 1)
        return error_set(error, -EBADMSG, "%zu of %zu pieces are of type unknown instead of one", n_unknown, n);
    return 0;
}

static void model_deinit(struct model *model)
{
    buffer_deinit(&model->pieces);
}

int sentencepiece_read(const void *bytes, size_t n, struct vocabulary **ret, struct error *error)
{
    /* The defaults of the format. */
    _cleanup_(model_deinit) struct model model = {
        .file = bytes,
        .type = 1,
        .unknown_text = text_of(PIECE_UNKNOWN_TEXT),
        .bos_text = text_of("<s>"),
        .eos_text = text_of("</s>"),
        .normalizer = {text_of(""), text_of(""), true, true, true},
        .denormalizer = {text_of(""), text_of(""), true, true, true},
    };
    struct vocabulary_settings settings = {.bos_id = -1, .eos_id = -1, .unknown_id = -1};
    const struct piece *pieces;
    size_t n_pieces;
    int r;

    if (n == 0)
        return error_set(error, -EBADMSG, "the SentencePiece model is empty");
    buffer_init(&model.pieces, PIECES_MAX * sizeof(*pieces));
    r = read_model(&model, bytes_of(bytes, n), error);
    if (r < 0)
        return r;
    r = check_supported(&model, error);
    if (r < 0)
        return r;
    pieces = (const void *)model.pieces.bytes;
    n_pieces = model.pieces.size / sizeof(*pieces);
    r = find_special(&model, pieces, n_pieces, &settings, error);
    if (r < 0)
        return r;
    settings.add_dummy_prefix = model.normalizer.add_dummy_prefix;
    settings.remove_extra_whitespaces = model.normalizer.remove_extra_whitespaces;
    settings.byte_fallback = model.byte_fallback;
    return vocabulary_new(pieces, n_pieces, &settings, ret, error);
}
