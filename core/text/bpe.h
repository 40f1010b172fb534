/* Text <-> token ids, bit for bit as SentencePiece does it for LLaMA models. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
struct vocabulary;

/* The ids of a text, without BOS. Text is bytes: bytes that are not UTF-8 count as U+FFFD each, NUL is a character.
 * Control tokens are never produced from text. *ret lives in the arena, NULL when there are no ids. O(n log n) in the
 * length of the text.
 * -ENOMEM, -EFBIG (n beyond 64 MiB). */
int bpe_encode(const struct vocabulary *vocabulary, const char *text, size_t n, struct arena *arena, int32_t **ret,
               size_t *ret_n, struct error *error);

/* The text of ids, as SentencePiece's Decode() gives it: control tokens invisible, unknown as " \xe2\x81\x87 ", byte
 * tokens that form no UTF-8 as U+FFFD each, the dummy prefix removed. *ret lives in the arena, NUL behind it.
 * -EINVAL: an id out of range. */
int bpe_decode(const struct vocabulary *vocabulary, const int32_t *ids, size_t n, struct arena *arena, char **ret,
               size_t *ret_n, struct error *error);

/* The same one token at a time: what may be shown as soon as it is known. Bytes of an unfinished character are held
 * back until it is complete or cannot become one. All pieces together equal bpe_decode() of all ids. Plain data. */
struct bpe_stream {
    const struct vocabulary *vocabulary;
    bool started;             /* the first piece has been seen: its dummy prefix is gone */
    unsigned char pending[4]; /* bytes of an unfinished character */
    size_t n_pending;
};

void bpe_stream_init(struct bpe_stream *stream, const struct vocabulary *vocabulary);
/* Appends what can be shown to *ret (a struct buffer). 0, -EINVAL, -ENOMEM, -EFBIG. */
struct buffer;
int bpe_stream_push(struct bpe_stream *stream, int32_t id, struct buffer *ret);
int bpe_stream_finish(struct bpe_stream *stream, struct buffer *ret); /* what is still held back, as U+FFFD */
