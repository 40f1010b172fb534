/* Encoding, as SentencePiece's BPE does it:
     normalise  blanks become U+2581 (one more in front: the dummy prefix), bytes that are not UTF-8 become U+FFFD;
     split      one symbol per character, or per user-defined piece, which then stays as it is;
     merge      of all neighbours that together are a piece, the pair with the highest score becomes one symbol, the
                leftmost of equals first, until no pair is left;
     emit       pieces that are not to be used fall back into the halves they came from; a symbol that is no piece
                becomes its bytes, or the unknown token.

   Symbols form a doubly linked list inside an array with one slot per character; a merged symbol lives in the slot of
   its first character. Pairs wait in a binary heap. A pair that its neighbours' merges have overtaken is noticed when
   it comes up: its two symbols no longer have the length of the piece that they were to become. Each merge removes one
   symbol and adds at most two pairs, so there are never more than 2 n pairs.

   Decoding is the stream; the whole text at once is a stream that ends. */
#include "core/text/bpe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/text/utf8.h"
#include "core/text/vocabulary.h"

#define TEXT_BYTES_MAX ((size_t)64 << 20)
#define BLANK "\xe2\x96\x81" /* U+2581 */
#define BLANK_BYTES 3

struct symbol {
    int32_t previous, next; /* -1: none */
    int32_t begin, n;       /* of encoder.text; n is 0 when the symbol before has taken this one over */
    int32_t id;             /* -1: no piece */
};

struct pair {
    float score;
    int32_t left, right; /* symbols */
    int32_t id;          /* of the piece that they form */
};

struct encoder {
    const struct vocabulary *vocabulary;
    char *text; /* normalised */
    size_t n_text, n_characters;
    struct symbol *symbols;
    size_t n_symbols;
    struct pair *pairs; /* heap, best first */
    size_t n_pairs;
    int32_t *left_halves; /* of unused pieces: bytes of the left half, as last seen; NULL until there is one */
};

static void encoder_deinit(struct encoder *encoder)
{
    free(encoder->text);
    free(encoder->symbols);
    free(encoder->pairs);
    free(encoder->left_halves);
}

static bool ends_in_blank(const struct encoder *encoder)
{
    return encoder->n_text >= BLANK_BYTES &&
           memcmp(encoder->text + encoder->n_text - BLANK_BYTES, BLANK, BLANK_BYTES) == 0;
}

static void add_character(struct encoder *encoder, const char *text, size_t n)
{
    memcpy(encoder->text + encoder->n_text, text, n);
    encoder->n_text += n;
    encoder->n_characters++;
}

/* Adds n bytes of UTF-8, blanks replaced. */
static void add_unit(struct encoder *encoder, const char *text, size_t n)
{
    for (size_t i = 0, length; i < n; i += length) {
        length = (size_t)utf8_length(text + i, n - i);
        if (text[i] == ' ')
            add_character(encoder, BLANK, BLANK_BYTES);
        else
            add_character(encoder, text + i, length);
    }
}

/* What the text starts with: a user-defined piece, a character, or U+FFFD in place of a byte that is none. Returns the
 * bytes that it has in the text. */
static size_t next_unit(const struct vocabulary *vocabulary, const char *text, size_t n, const char **ret,
                        size_t *ret_n)
{
    size_t n_piece = vocabulary_match_user_defined(vocabulary, text, n);
    int length = utf8_length(text, n);

    if (n_piece == 0 && length <= 0) {
        *ret = UTF8_REPLACEMENT;
        *ret_n = strlen(UTF8_REPLACEMENT);
        return 1;
    }
    *ret = text;
    *ret_n = n_piece ? n_piece : (size_t)length;
    return *ret_n;
}

static int normalise(struct encoder *encoder, const char *text, size_t n, struct error *error)
{
    const struct vocabulary_settings *settings = vocabulary_settings(encoder->vocabulary);
    bool remove_blanks = settings->remove_extra_whitespaces, after_blank = remove_blanks, begun = false;

    encoder->text = malloc(BLANK_BYTES * (n + 1)); /* a blank or a bad byte becomes three; the dummy prefix */
    if (!encoder->text)
        return error_set(error, -ENOMEM, "no memory to tokenise %zu bytes", n);
    for (size_t at = 0; at < n;) {
        const char *unit;
        size_t n_unit;

        at += next_unit(encoder->vocabulary, text + at, n - at, &unit, &n_unit);
        if (!begun && remove_blanks && n_unit == 1 && *unit == ' ')
            continue;
        if (!begun && settings->add_dummy_prefix)
            add_character(encoder, BLANK, BLANK_BYTES);
        begun = true;
        for (; after_blank && n_unit > 0 && *unit == ' '; n_unit--)
            unit++;
        if (n_unit > 0) {
            add_unit(encoder, unit, n_unit);
            after_blank = remove_blanks && unit[n_unit - 1] == ' ';
        }
    }
    while (remove_blanks && ends_in_blank(encoder))
        encoder->n_text -= BLANK_BYTES;
    return 0;
}

/* The piece with this text, if text may become it: control, unknown and byte pieces are never written by a person. */
static int find_piece(const struct vocabulary *vocabulary, const char *text, size_t n)
{
    int id = vocabulary_find(vocabulary, text, n);
    enum piece_type type;

    if (id < 0)
        return -1;
    type = vocabulary_piece(vocabulary, id)->type;
    return type == PIECE_NORMAL || type == PIECE_USER_DEFINED || type == PIECE_UNUSED ? id : -1;
}

static int split(struct encoder *encoder, struct error *error)
{
    size_t n = encoder->n_characters, length;

    encoder->symbols = malloc(n * sizeof(*encoder->symbols));
    encoder->pairs = malloc(2 * n * sizeof(*encoder->pairs));
    if (!encoder->symbols || !encoder->pairs)
        return error_set(error, -ENOMEM, "no memory to tokenise %zu characters", n);
    for (size_t at = 0; at < encoder->n_text; at += length) {
        const char *text = encoder->text + at;
        int32_t i = (int32_t)encoder->n_symbols++;

        length = vocabulary_match_user_defined(encoder->vocabulary, text, encoder->n_text - at);
        if (length == 0)
            length = (size_t)utf8_length(text, encoder->n_text - at);
        encoder->symbols[i] = (struct symbol){
            .previous = i - 1,
            .next = at + length < encoder->n_text ? i + 1 : -1,
            .begin = (int32_t)at,
            .n = (int32_t)length,
            .id = find_piece(encoder->vocabulary, text, length),
        };
    }
    return 0;
}

static bool is_before(const struct pair *a, const struct pair *b)
{
    return a->score > b->score || (a->score == b->score && a->left < b->left);
}

static void push_pair(struct encoder *encoder, struct pair pair)
{
    size_t i = encoder->n_pairs++;

    for (size_t parent; i > 0; i = parent) {
        parent = (i - 1) / 2;
        if (!is_before(&pair, &encoder->pairs[parent]))
            break;
        encoder->pairs[i] = encoder->pairs[parent];
    }
    encoder->pairs[i] = pair;
}

static struct pair pop_pair(struct encoder *encoder)
{
    struct pair *pairs = encoder->pairs, first = pairs[0], last = pairs[--encoder->n_pairs];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < encoder->n_pairs; i = child) {
        if (child + 1 < encoder->n_pairs && is_before(&pairs[child + 1], &pairs[child]))
            child++;
        if (!is_before(&pairs[child], &last))
            break;
        pairs[i] = pairs[child];
    }
    pairs[i] = last;
    return first;
}

static bool has_type(const struct encoder *encoder, int32_t id, enum piece_type type)
{
    return id >= 0 && vocabulary_piece(encoder->vocabulary, id)->type == type;
}

/* Remembers how an unused piece came about: as SentencePiece does, for the whole text, the last time it was seen. */
static int remember_halves(struct encoder *encoder, int32_t id, int32_t left)
{
    if (!encoder->left_halves)
        encoder->left_halves = calloc(vocabulary_size(encoder->vocabulary), sizeof(*encoder->left_halves));
    if (!encoder->left_halves)
        return -ENOMEM;
    encoder->left_halves[id] = encoder->symbols[left].n;
    return 0;
}

/* Queues two neighbours if together they are a piece. Symbols of user-defined pieces are left alone. */
static int consider(struct encoder *encoder, int32_t left, int32_t right)
{
    const struct symbol *a, *b;
    int id;

    if (left < 0 || right < 0)
        return 0;
    a = &encoder->symbols[left];
    b = &encoder->symbols[right];
    if (has_type(encoder, a->id, PIECE_USER_DEFINED) || has_type(encoder, b->id, PIECE_USER_DEFINED))
        return 0;
    id = find_piece(encoder->vocabulary, encoder->text + a->begin, (size_t)(a->n + b->n));
    if (id < 0)
        return 0;
    push_pair(encoder, (struct pair){vocabulary_piece(encoder->vocabulary, id)->score, left, right, id});
    return has_type(encoder, id, PIECE_UNUSED) ? remember_halves(encoder, id, left) : 0;
}

static bool is_overtaken(const struct encoder *encoder, const struct pair *pair)
{
    const struct symbol *a = &encoder->symbols[pair->left], *b = &encoder->symbols[pair->right];

    return a->n == 0 || b->n == 0 || (size_t)(a->n + b->n) != vocabulary_piece(encoder->vocabulary, pair->id)->n;
}

static int merge(struct encoder *encoder, struct error *error)
{
    int r = 0;

    for (size_t i = 1; r == 0 && i < encoder->n_symbols; i++)
        r = consider(encoder, (int32_t)i - 1, (int32_t)i);
    while (r == 0 && encoder->n_pairs > 0) {
        struct pair pair = pop_pair(encoder);
        struct symbol *left = &encoder->symbols[pair.left], *right = &encoder->symbols[pair.right];

        if (is_overtaken(encoder, &pair))
            continue;
        left->n += right->n;
        left->id = pair.id;
        left->next = right->next;
        right->n = 0;
        if (left->next >= 0)
            encoder->symbols[left->next].previous = pair.left;
        r = consider(encoder, left->previous, pair.left);
        if (r == 0)
            r = consider(encoder, pair.left, left->next);
    }
    return r == 0 ? 0 : error_set(error, r, "no memory to tokenise %zu characters", encoder->n_characters);
}

/* Undoes merges until the symbol is a piece that may be used, or one that did not come from a merge. Its right halves
 * get back the slots of their first characters. */
static void split_unused(struct encoder *encoder, int32_t i)
{
    struct symbol *symbol = &encoder->symbols[i];

    while (encoder->left_halves && has_type(encoder, symbol->id, PIECE_UNUSED) && encoder->left_halves[symbol->id]) {
        int32_t n = symbol->n, n_left = encoder->left_halves[symbol->id], j = i + 1;
        struct symbol *right;

        while (encoder->symbols[j].begin != symbol->begin + n_left)
            j++;
        right = &encoder->symbols[j];
        right->n = n - n_left;
        right->next = symbol->next;
        symbol->n = n_left;
        symbol->next = j;
        symbol->id = find_piece(encoder->vocabulary, encoder->text + symbol->begin, (size_t)symbol->n);
        right->id = find_piece(encoder->vocabulary, encoder->text + right->begin, (size_t)right->n);
    }
}

static int emit(struct encoder *encoder, struct arena *arena, int32_t **ret, size_t *ret_n, struct error *error)
{
    const struct vocabulary_settings *settings = vocabulary_settings(encoder->vocabulary);
    size_t n = 0, n_max = 0;
    int32_t *ids;

    for (int32_t i = 0; i >= 0; i = encoder->symbols[i].next) {
        split_unused(encoder, i);
        n_max += encoder->symbols[i].id >= 0 ? 1 : (size_t)encoder->symbols[i].n;
    }
    ids = arena_new(arena, int32_t, n_max);
    if (!ids)
        return error_set(error, -ENOMEM, "no memory for %zu tokens", n_max);
    for (int32_t i = 0; i >= 0; i = encoder->symbols[i].next) {
        const struct symbol *symbol = &encoder->symbols[i];

        if (symbol->id >= 0)
            ids[n++] = symbol->id;
        else if (!settings->byte_fallback && (n == 0 || ids[n - 1] != settings->unknown_id))
            ids[n++] = settings->unknown_id; /* one for any number of unknown characters in a row */
        for (int32_t k = 0; symbol->id < 0 && settings->byte_fallback && k < symbol->n; k++)
            ids[n++] = vocabulary_byte_id(encoder->vocabulary, (unsigned char)encoder->text[symbol->begin + k]);
    }
    *ret = ids;
    *ret_n = n;
    return 0;
}

int bpe_encode(const struct vocabulary *vocabulary, const char *text, size_t n, struct arena *arena, int32_t **ret,
               size_t *ret_n, struct error *error)
{
    _cleanup_(encoder_deinit) struct encoder encoder = {.vocabulary = vocabulary};
    int r;

    if (n > TEXT_BYTES_MAX)
        return error_set(error, -EFBIG, "a text of %zu bytes is longer than %zu", n, TEXT_BYTES_MAX);
    r = normalise(&encoder, text, n, error);
    if (r < 0)
        return r;
    if (encoder.n_text == 0) {
        *ret = NULL;
        *ret_n = 0;
        return 0;
    }
    r = split(&encoder, error);
    if (r < 0)
        return r;
    r = merge(&encoder, error);
    if (r < 0)
        return r;
    return emit(&encoder, arena, ret, ret_n, error);
}

void bpe_stream_init(struct bpe_stream *stream, const struct vocabulary *vocabulary)
{
    *stream = (struct bpe_stream){.vocabulary = vocabulary};
}

static void drop_pending(struct bpe_stream *stream, size_t n)
{
    stream->n_pending -= n;
    memmove(stream->pending, stream->pending + n, stream->n_pending);
}

static int push_byte(struct bpe_stream *stream, unsigned char byte, struct buffer *ret)
{
    int r = 0;

    stream->started = true;
    stream->pending[stream->n_pending++] = byte;
    while (r == 0 && stream->n_pending > 0) {
        int length = utf8_length((const char *)stream->pending, stream->n_pending);

        if (length == 0)
            break;
        r = length > 0 ? buffer_append(ret, stream->pending, (size_t)length)
                       : buffer_append_text(ret, UTF8_REPLACEMENT);
        drop_pending(stream, length > 0 ? (size_t)length : 1);
    }
    return r;
}

static int push_text(struct bpe_stream *stream, const char *text, size_t n, struct buffer *ret)
{
    const struct vocabulary_settings *settings = vocabulary_settings(stream->vocabulary);
    int r = 0;

    if (!stream->started && (settings->add_dummy_prefix || settings->remove_extra_whitespaces) && n >= BLANK_BYTES &&
        memcmp(text, BLANK, BLANK_BYTES) == 0) {
        text += BLANK_BYTES;
        n -= BLANK_BYTES;
        /* Only one is taken away, unless extra ones are not wanted at all. */
        stream->started = !settings->remove_extra_whitespaces;
    }
    stream->started |= n > 0;
    while (r == 0 && n > 0) {
        const char *blank = memmem(text, n, BLANK, BLANK_BYTES);
        size_t n_plain = blank ? (size_t)(blank - text) : n;

        r = buffer_append(ret, text, n_plain);
        if (r == 0 && blank)
            r = buffer_append_text(ret, " ");
        n_plain += blank ? BLANK_BYTES : 0;
        text += n_plain;
        n -= n_plain;
    }
    return r;
}

int bpe_stream_push(struct bpe_stream *stream, int32_t id, struct buffer *ret)
{
    const struct piece *piece = vocabulary_piece(stream->vocabulary, id);
    int r;

    if (!piece)
        return -EINVAL;
    if (piece->type == PIECE_BYTE)
        return push_byte(stream, (unsigned char)vocabulary_byte(stream->vocabulary, id), ret);
    r = bpe_stream_finish(stream, ret); /* a character does not go on behind another piece */
    if (r < 0 || piece->type == PIECE_CONTROL)
        return r;
    if (piece->type == PIECE_UNKNOWN) {
        stream->started = true;
        return buffer_append_text(ret, PIECE_UNKNOWN_TEXT);
    }
    return push_text(stream, piece->text, piece->n, ret);
}

int bpe_stream_finish(struct bpe_stream *stream, struct buffer *ret)
{
    int r = 0;

    for (; r == 0 && stream->n_pending > 0; stream->n_pending--)
        r = buffer_append_text(ret, UTF8_REPLACEMENT);
    return r;
}

int bpe_decode(const struct vocabulary *vocabulary, const int32_t *ids, size_t n, struct arena *arena, char **ret,
               size_t *ret_n, struct error *error)
{
    _cleanup_(buffer_deinit) struct buffer text;
    struct bpe_stream stream;
    char *copy;
    int r = 0;

    buffer_init(&text, SIZE_MAX);
    bpe_stream_init(&stream, vocabulary);
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = bpe_stream_push(&stream, ids[i], &text);
        if (r == -EINVAL)
            return error_set(error, r, "token id %d is not one of the %zu of the vocabulary", ids[i],
                             vocabulary_size(vocabulary));
    }
    if (r == 0)
        r = bpe_stream_finish(&stream, &text);
    copy = r == 0 ? arena_copy_text(arena, text.bytes, text.size) : NULL;
    if (!copy)
        return error_set(error, -ENOMEM, "no memory for the text of %zu tokens", n);
    *ret = copy;
    *ret_n = text.size;
    return 0;
}
