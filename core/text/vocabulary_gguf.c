/* A vocabulary in a model file, with the keys and defaults of llama.cpp. Byte fallback has no key: a vocabulary with
   byte pieces uses them. */
#include "core/text/vocabulary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/file/gguf_reader.h"
#include "core/file/gguf_writer.h"

#define KEY(name) "tokenizer.ggml." name
#define NO_ID UINT32_MAX /* written for an id of -1, so that no default steps in */

static int read_pieces(const struct gguf_reader *reader, struct piece **ret, size_t *ret_n, struct error *error)
{
    _cleanup_(freep) struct piece *pieces = NULL;
    const struct gguf_string *texts;
    const float *scores;
    const int32_t *types;
    size_t n, n_scores, n_types;
    int r;

    r = gguf_reader_strings(reader, KEY("tokens"), &texts, &n, error);
    if (r < 0)
        return r;
    r = gguf_reader_f32s(reader, KEY("scores"), &scores, &n_scores, error);
    if (r < 0)
        return r;
    r = gguf_reader_i32s(reader, KEY("token_type"), &types, &n_types, error);
    if (r < 0)
        return r;
    if (n_scores != n || n_types != n)
        return error_set(error, -EBADMSG, "the vocabulary has %zu tokens, but %zu scores and %zu types", n, n_scores,
                         n_types);
    pieces = calloc(n, sizeof(*pieces));
    if (!pieces && n)
        return error_set(error, -ENOMEM, "no memory for a vocabulary of %zu pieces", n);
    for (size_t i = 0; i < n; i++)
        pieces[i] = (struct piece){texts[i].text, texts[i].n, scores[i], (enum piece_type)types[i]};
    *ret = TAKE_PTR(pieces);
    *ret_n = n;
    return 0;
}

/* Without the key, the id that LLaMA uses, if the piece there is of the kind wanted. */
static int read_id(const struct gguf_reader *reader, const char *key, const struct piece *pieces, size_t n,
                   size_t default_id, enum piece_type default_type, int *ret, struct error *error)
{
    uint64_t id;
    int r;

    if (!gguf_reader_has(reader, key)) {
        *ret = default_id < n && pieces[default_id].type == default_type ? (int)default_id : -1;
        return 0;
    }
    r = gguf_reader_u64(reader, key, &id, error);
    if (r < 0)
        return r;
    if (id >= n && id != NO_ID)
        return error_set(error, -EBADMSG, "%s is %llu, but there are %zu tokens", key, (unsigned long long)id, n);
    *ret = id == NO_ID ? -1 : (int)id;
    return 0;
}

static int read_flag(const struct gguf_reader *reader, const char *key, bool default_value, bool *ret,
                     struct error *error)
{
    *ret = default_value;
    return gguf_reader_has(reader, key) ? gguf_reader_bool(reader, key, ret, error) : 0;
}

static int read_settings(const struct gguf_reader *reader, const struct piece *pieces, size_t n,
                         struct vocabulary_settings *ret, struct error *error)
{
    bool add_bos;
    int r;

    r = read_id(reader, KEY("unknown_token_id"), pieces, n, 0, PIECE_UNKNOWN, &ret->unknown_id, error);
    if (r < 0)
        return r;
    r = read_id(reader, KEY("bos_token_id"), pieces, n, 1, PIECE_CONTROL, &ret->bos_id, error);
    if (r < 0)
        return r;
    r = read_id(reader, KEY("eos_token_id"), pieces, n, 2, PIECE_CONTROL, &ret->eos_id, error);
    if (r < 0)
        return r;
    r = read_flag(reader, KEY("add_bos_token"), true, &add_bos, error);
    if (r < 0)
        return r;
    r = read_flag(reader, KEY("add_space_prefix"), true, &ret->add_dummy_prefix, error);
    if (r < 0)
        return r;
    r = read_flag(reader, KEY("remove_extra_whitespaces"), false, &ret->remove_extra_whitespaces, error);
    if (r < 0)
        return r;
    if (!add_bos)
        ret->bos_id = -1;
    for (size_t i = 0; i < n && !ret->byte_fallback; i++)
        ret->byte_fallback = pieces[i].type == PIECE_BYTE;
    return 0;
}

int vocabulary_from_gguf(const struct gguf_reader *reader, struct vocabulary **ret, struct error *error)
{
    _cleanup_(freep) struct piece *pieces = NULL;
    struct vocabulary_settings settings = {0};
    struct gguf_string model;
    size_t n;
    int r;

    r = gguf_reader_string(reader, KEY("model"), &model, error);
    if (r < 0)
        return r;
    if (model.n != 5 || memcmp(model.text, "llama", 5) != 0)
        return error_set(error, -EMEDIUMTYPE, "%s is \"%.*s\"; only SentencePiece vocabularies (\"llama\") can be used",
                         KEY("model"), (int)MIN(model.n, (size_t)32), model.text);
    r = read_pieces(reader, &pieces, &n, error);
    if (r < 0)
        return r;
    r = read_settings(reader, pieces, n, &settings, error);
    if (r < 0)
        return r;
    return vocabulary_new(pieces, n, &settings, ret, error);
}

int vocabulary_to_gguf(const struct vocabulary *vocabulary, struct gguf_writer *writer)
{
    const struct vocabulary_settings *settings = vocabulary_settings(vocabulary);
    size_t n = vocabulary_size(vocabulary);
    _cleanup_(freep) const char **texts = calloc(n, sizeof(*texts));
    _cleanup_(freep) size_t *lengths = calloc(n, sizeof(*lengths));
    _cleanup_(freep) float *scores = calloc(n, sizeof(*scores));
    _cleanup_(freep) int32_t *types = calloc(n, sizeof(*types));

    if (!texts || !lengths || !scores || !types)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct piece *piece = vocabulary_piece(vocabulary, (int)i);

        texts[i] = piece->text;
        lengths[i] = piece->n;
        scores[i] = piece->score;
        types[i] = (int32_t)piece->type;
    }
    gguf_writer_set_string(writer, KEY("model"), "llama");
    gguf_writer_set_strings(writer, KEY("tokens"), texts, lengths, n);
    gguf_writer_set_f32s(writer, KEY("scores"), scores, n);
    gguf_writer_set_i32s(writer, KEY("token_type"), types, n);
    gguf_writer_set_u32(writer, KEY("bos_token_id"), (uint32_t)settings->bos_id);
    gguf_writer_set_u32(writer, KEY("eos_token_id"), (uint32_t)settings->eos_id);
    gguf_writer_set_u32(writer, KEY("unknown_token_id"), (uint32_t)settings->unknown_id);
    gguf_writer_set_bool(writer, KEY("add_bos_token"), settings->bos_id >= 0);
    gguf_writer_set_bool(writer, KEY("add_space_prefix"), settings->add_dummy_prefix);
    gguf_writer_set_bool(writer, KEY("remove_extra_whitespaces"), settings->remove_extra_whitespaces);
    return 0;
}
