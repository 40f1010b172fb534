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

#define PIECE_UNKNOWN_TEXT " \xe2\x81\x87 " /* what an unknown token reads as: U+2047 */

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

#define PIECES_MAX ((size_t)1 << 20)
#define PIECE_BYTES_MAX 1024

/* Pieces are copied. -EBADMSG: pieces that are empty, not UTF-8 or there twice, scores that are not numbers, byte
 * pieces that are not all there, ids out of range, no way to write an unknown character; -EFBIG: beyond the limits
 * above. */
int vocabulary_new(const struct piece *pieces, size_t n, const struct vocabulary_settings *settings,
                   struct vocabulary **ret, struct error *error);
/* A file that says add_bos_token = false gets bos_id -1. -EMEDIUMTYPE: not a SentencePiece vocabulary; else as
 * gguf_reader.h and vocabulary_new() say. */
int vocabulary_from_gguf(const struct gguf_reader *reader, struct vocabulary **ret, struct error *error);
/* Writes tokenizer.ggml.model = "llama", .tokens, .scores, .token_type, .bos_token_id, … as llama.cpp names them.
 * 0 or -ENOMEM. */
int vocabulary_to_gguf(const struct vocabulary *vocabulary, struct gguf_writer *writer);
struct vocabulary *vocabulary_free(struct vocabulary *vocabulary);
DEFINE_CLEANUP(struct vocabulary *, vocabulary_free, vocabulary_freep)

size_t vocabulary_size(const struct vocabulary *vocabulary);
const struct piece *vocabulary_piece(const struct vocabulary *vocabulary, int id); /* NULL when out of range */
const struct vocabulary_settings *vocabulary_settings(const struct vocabulary *vocabulary);
/* The id of the piece for a byte, and the byte that a piece stands for; -1 when there is none. */
int vocabulary_byte_id(const struct vocabulary *vocabulary, unsigned char byte);
int vocabulary_byte(const struct vocabulary *vocabulary, int id);
/* Id of a piece whose text this is, whatever its type; -1 when there is none. */
int vocabulary_find(const struct vocabulary *vocabulary, const char *text, size_t n);
/* Bytes of the longest user-defined piece that the text starts with; 0 when there is none. */
size_t vocabulary_match_user_defined(const struct vocabulary *vocabulary, const char *text, size_t n);
