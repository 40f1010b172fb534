/* The texts of all pieces lie one behind the other in one block; a hash table with open addressing leads from a text to
   its id. It is never more than half full, so a search ends after a step or two, whatever it looks for. */
#include "core/text/vocabulary.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/base/error.h"
#include "core/text/utf8.h"

struct vocabulary {
    struct vocabulary_settings settings;
    size_t n_pieces;
    struct piece *pieces;
    char *texts;
    int32_t *slots; /* ids, -1: free */
    size_t slot_mask;
    int32_t byte_ids[256];
    const struct piece **user_defined; /* sorted by text */
    size_t n_user_defined;
};

struct vocabulary *vocabulary_free(struct vocabulary *vocabulary)
{
    if (!vocabulary)
        return NULL;
    free(vocabulary->pieces);
    free(vocabulary->texts);
    free(vocabulary->slots);
    free(vocabulary->user_defined);
    free(vocabulary);
    return NULL;
}

static int check_piece(const struct piece *piece, size_t id, struct error *error)
{
    int length;

    if (piece->n == 0)
        return error_set(error, -EBADMSG, "piece %zu is empty", id);
    if (piece->n > PIECE_BYTES_MAX)
        return error_set(error, -EFBIG, "piece %zu has %zu bytes, more than %d", id, piece->n, PIECE_BYTES_MAX);
    if (piece->type < PIECE_NORMAL || piece->type > PIECE_BYTE)
        return error_set(error, -EBADMSG, "piece %zu has type %d; known are 1 to 6", id, (int)piece->type);
    if (isnan(piece->score))
        return error_set(error, -EBADMSG, "the score of piece %zu is not a number", id);
    for (size_t i = 0; i < piece->n; i += (size_t)length) {
        length = utf8_length(piece->text + i, piece->n - i);
        if (length <= 0)
            return error_set(error, -EBADMSG, "piece %zu is not UTF-8", id);
    }
    return 0;
}

static int copy_pieces(struct vocabulary *vocabulary, const struct piece *pieces, size_t n, struct error *error)
{
    size_t n_bytes = 0;
    char *text;
    int r;

    if (n == 0)
        return error_set(error, -EBADMSG, "the vocabulary has no pieces");
    if (n > PIECES_MAX)
        return error_set(error, -EFBIG, "the vocabulary has %zu pieces, more than %zu", n, PIECES_MAX);
    for (size_t i = 0; i < n; i++) {
        r = check_piece(&pieces[i], i, error);
        if (r < 0)
            return r;
        n_bytes += pieces[i].n;
    }
    vocabulary->pieces = malloc(n * sizeof(*pieces));
    vocabulary->texts = text = malloc(n_bytes);
    if (!vocabulary->pieces || !text)
        return error_set(error, -ENOMEM, "no memory for a vocabulary of %zu pieces", n);
    for (size_t i = 0; i < n; i++) {
        vocabulary->pieces[i] = pieces[i];
        vocabulary->pieces[i].text = memcpy(text, pieces[i].text, pieces[i].n);
        text += pieces[i].n;
    }
    vocabulary->n_pieces = n;
    return 0;
}

static size_t hash(const char *text, size_t n)
{
    uint64_t value = 0xcbf29ce484222325u; /* FNV-1a; its high bits are folded in because the table uses the low ones */

    for (size_t i = 0; i < n; i++)
        value = (value ^ (unsigned char)text[i]) * 0x100000001b3u;
    return (size_t)(value ^ value >> 32);
}

/* The slot where this text is, or the free one where it would be. */
static int32_t *find_slot(const struct vocabulary *vocabulary, const char *text, size_t n)
{
    for (size_t i = hash(text, n);; i++) {
        int32_t *slot = &vocabulary->slots[i & vocabulary->slot_mask];

        if (*slot < 0)
            return slot;
        if (vocabulary->pieces[*slot].n == n && memcmp(vocabulary->pieces[*slot].text, text, n) == 0)
            return slot;
    }
}

static int index_texts(struct vocabulary *vocabulary, struct error *error)
{
    size_t n_slots = 2;

    while (n_slots < 2 * vocabulary->n_pieces)
        n_slots *= 2;
    vocabulary->slot_mask = n_slots - 1;
    vocabulary->slots = malloc(n_slots * sizeof(*vocabulary->slots));
    if (!vocabulary->slots)
        return error_set(error, -ENOMEM, "no memory for a vocabulary of %zu pieces", vocabulary->n_pieces);
    memset(vocabulary->slots, 0xff, n_slots * sizeof(*vocabulary->slots));
    for (size_t i = 0; i < vocabulary->n_pieces; i++) {
        int32_t *slot = find_slot(vocabulary, vocabulary->pieces[i].text, vocabulary->pieces[i].n);

        if (*slot >= 0)
            return error_set(error, -EBADMSG, "pieces %d and %zu have the same text", *slot, i);
        *slot = (int32_t)i;
    }
    return 0;
}

/* "<0xC3>" is 0xC3; -1 for any other text. */
static int byte_of(const struct piece *piece)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *high, *low;

    if (piece->n != 6 || memcmp(piece->text, "<0x", 3) != 0 || piece->text[5] != '>')
        return -1;
    high = memchr(digits, piece->text[3], 16);
    low = memchr(digits, piece->text[4], 16);
    return high && low ? (int)((high - digits) * 16 + (low - digits)) : -1;
}

static int index_bytes(struct vocabulary *vocabulary, struct error *error)
{
    size_t n_found = 0;

    memset(vocabulary->byte_ids, 0xff, sizeof(vocabulary->byte_ids));
    for (size_t i = 0; i < vocabulary->n_pieces; i++) {
        int byte;

        if (vocabulary->pieces[i].type != PIECE_BYTE)
            continue;
        byte = byte_of(&vocabulary->pieces[i]);
        if (byte < 0)
            return error_set(error, -EBADMSG, "byte piece %zu is not written <0x00> to <0xFF>", i);
        vocabulary->byte_ids[byte] = (int32_t)i;
        n_found++;
    }
    if (vocabulary->settings.byte_fallback && n_found != 256)
        return error_set(error, -EBADMSG, "the vocabulary has %zu byte pieces instead of 256", n_found);
    if (!vocabulary->settings.byte_fallback && n_found)
        return error_set(error, -EBADMSG, "the vocabulary has byte pieces but is marked as one without byte fallback");
    return 0;
}

static int compare_pieces(const void *left, const void *right)
{
    const struct piece *a = *(const struct piece *const *)left, *b = *(const struct piece *const *)right;
    int order = memcmp(a->text, b->text, MIN(a->n, b->n));

    return order ? order : (a->n > b->n) - (a->n < b->n);
}

static int index_user_defined(struct vocabulary *vocabulary, struct error *error)
{
    size_t n = 0;

    for (size_t i = 0; i < vocabulary->n_pieces; i++)
        n += vocabulary->pieces[i].type == PIECE_USER_DEFINED;
    if (n == 0)
        return 0;
    vocabulary->user_defined = malloc(n * sizeof(*vocabulary->user_defined));
    if (!vocabulary->user_defined)
        return error_set(error, -ENOMEM, "no memory for %zu user-defined pieces", n);
    for (size_t i = 0; i < vocabulary->n_pieces; i++) {
        if (vocabulary->pieces[i].type == PIECE_USER_DEFINED)
            vocabulary->user_defined[vocabulary->n_user_defined++] = &vocabulary->pieces[i];
    }
    qsort(vocabulary->user_defined, n, sizeof(*vocabulary->user_defined), compare_pieces);
    return 0;
}

static int check_settings(const struct vocabulary_settings *settings, size_t n, struct error *error)
{
    const struct {
        const char *name;
        int id;
    } special[] = {{"bos", settings->bos_id}, {"eos", settings->eos_id}, {"unknown", settings->unknown_id}};

    for (size_t i = 0; i < ARRAY_SIZE(special); i++) {
        if (special[i].id < -1 || (special[i].id >= 0 && (size_t)special[i].id >= n))
            return error_set(error, -EBADMSG, "the id of the %s piece is %d, but there are %zu pieces", special[i].name,
                             special[i].id, n);
    }
    if (!settings->byte_fallback && settings->unknown_id < 0)
        return error_set(error, -EBADMSG, "the vocabulary has neither byte pieces nor a piece for unknown characters");
    return 0;
}

int vocabulary_new(const struct piece *pieces, size_t n, const struct vocabulary_settings *settings,
                   struct vocabulary **ret, struct error *error)
{
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = calloc(1, sizeof(*vocabulary));
    int r;

    if (!vocabulary)
        return error_set(error, -ENOMEM, "no memory for a vocabulary");
    vocabulary->settings = *settings;
    r = copy_pieces(vocabulary, pieces, n, error);
    if (r < 0)
        return r;
    r = check_settings(settings, n, error);
    if (r < 0)
        return r;
    r = index_texts(vocabulary, error);
    if (r < 0)
        return r;
    r = index_bytes(vocabulary, error);
    if (r < 0)
        return r;
    r = index_user_defined(vocabulary, error);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(vocabulary);
    return 0;
}

size_t vocabulary_size(const struct vocabulary *vocabulary)
{
    return vocabulary->n_pieces;
}

const struct piece *vocabulary_piece(const struct vocabulary *vocabulary, int id)
{
    return id >= 0 && (size_t)id < vocabulary->n_pieces ? &vocabulary->pieces[id] : NULL;
}

const struct vocabulary_settings *vocabulary_settings(const struct vocabulary *vocabulary)
{
    return &vocabulary->settings;
}

int vocabulary_byte_id(const struct vocabulary *vocabulary, unsigned char byte)
{
    return vocabulary->byte_ids[byte];
}

int vocabulary_byte(const struct vocabulary *vocabulary, int id)
{
    const struct piece *piece = vocabulary_piece(vocabulary, id);

    return piece && piece->type == PIECE_BYTE ? byte_of(piece) : -1;
}

int vocabulary_find(const struct vocabulary *vocabulary, const char *text, size_t n)
{
    return *find_slot(vocabulary, text, n);
}

/* The first of the user-defined pieces begin .. end - 1, all longer than depth, whose byte there is not below `byte`.
 */
static size_t lower_bound(const struct vocabulary *vocabulary, size_t begin, size_t end, size_t depth, int byte)
{
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;

        if ((unsigned char)vocabulary->user_defined[middle]->text[depth] < byte)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

/* The sorted list is walked like a trie: each byte of the text narrows the range of pieces that begin like it. */
size_t vocabulary_match_user_defined(const struct vocabulary *vocabulary, const char *text, size_t n)
{
    size_t begin = 0, end = vocabulary->n_user_defined, longest = 0;

    for (size_t depth = 0; begin < end && depth < n; depth++) {
        int byte = (unsigned char)text[depth];

        begin = lower_bound(vocabulary, begin, end, depth, byte);
        end = lower_bound(vocabulary, begin, end, depth, byte + 1);
        if (begin < end && vocabulary->user_defined[begin]->n == depth + 1) {
            longest = depth + 1;
            begin++;
        }
    }
    return longest;
}
