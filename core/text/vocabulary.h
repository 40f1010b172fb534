/* The pieces of a SentencePiece BPE vocabulary, as the model file stores them (keys tokenizer.ggml.*).
   Immutable; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"

struct error;
struct gguf_reader;
struct gguf_writer;
struct vocabulary;

/* As SentencePiece numbers them, which GGUF keeps. */
enum piece_type {
    PIECE_NORMAL = 1,
    PIECE_UNKNOWN = 2,
    PIECE_CONTROL = 3,
    PIECE_USER_DEFINED = 4,
    PIECE_UNUSED = 5,
    PIECE_BYTE = 6,
};

struct piece {
    const char *text; /* UTF-8 with U+2581 for blanks; not NUL-terminated */
    size_t n;
    float score;
    enum piece_type type;
};

/* Everything that distinguishes one LLaMA-style vocabulary from another. -1: there is no such token. */
struct vocabulary_settings {
    int bos_id, eos_id, unknown_id;
    bool add_dummy_prefix; /* a blank before the first word */
    bool remove_extra_whitespaces;
    bool byte_fallback;
};

/* Pieces are copied. -EBADMSG: empty or duplicate pieces, byte pieces that are not all there, ids out of range. */
int vocabulary_new(const struct piece *pieces, size_t n, const struct vocabulary_settings *settings,
                   struct vocabulary **ret, struct error *error);
int vocabulary_from_gguf(const struct gguf_reader *reader, struct vocabulary **ret, struct error *error);
/* Writes tokenizer.ggml.model = "llama", .tokens, .scores, .token_type, .bos_token_id, … as llama.cpp names them. */
void vocabulary_to_gguf(const struct vocabulary *vocabulary, struct gguf_writer *writer);
struct vocabulary *vocabulary_free(struct vocabulary *vocabulary);
DEFINE_CLEANUP(struct vocabulary *, vocabulary_free, vocabulary_freep)

size_t vocabulary_size(const struct vocabulary *vocabulary);
const struct piece *vocabulary_piece(const struct vocabulary *vocabulary, int id); /* NULL when out of range */
const struct vocabulary_settings *vocabulary_settings(const struct vocabulary *vocabulary);
/* Id of a piece whose text this is, whatever its type; -1 when there is none. */
int vocabulary_find(const struct vocabulary *vocabulary, const char *text, size_t n);
