/* A vocabulary laid out like LLaMA's: 0 <unk>, 1 <s>, 2 </s>, then the 256 bytes if there is byte fallback, then what
   the test needs. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/vocabulary.h"

#define SMALL_BYTES 3          /* the id of byte 0 */
#define SMALL_FIRST_BYTELESS 3 /* the id of the first row, without */
#define SMALL_FIRST (3 + 256)  /* and with byte fallback */
#define SMALL_ROWS_MAX 64
#define B_ "\xe2\x96\x81" /* the blank inside pieces */

struct row {
    const char *text;
    float score;
    enum piece_type type;
};

/* The settings of LLaMA. */
static const struct vocabulary_settings small_llama = {
    .bos_id = 1, .eos_id = 2, .unknown_id = 0, .add_dummy_prefix = true, .byte_fallback = true};

/* What vocabulary_new() said. */
static inline int small_vocabulary_try(const struct vocabulary_settings *settings, const struct row *rows, size_t n,
                                       struct vocabulary **ret, struct error *error)
{
    static const struct row specials[] = {
        {"<unk>", 0, PIECE_UNKNOWN}, {"<s>", 0, PIECE_CONTROL}, {"</s>", 0, PIECE_CONTROL}};
    struct piece pieces[SMALL_FIRST + SMALL_ROWS_MAX];
    char bytes[256][8];
    size_t at = 0;

    for (size_t i = 0; i < 3; i++)
        pieces[at++] = (struct piece){specials[i].text, strlen(specials[i].text), 0, specials[i].type};
    for (int i = 0; settings->byte_fallback && i < 256; i++) {
        snprintf(bytes[i], sizeof(bytes[i]), "<0x%02X>", i);
        pieces[at++] = (struct piece){bytes[i], 6, 0, PIECE_BYTE};
    }
    for (size_t i = 0; i < n; i++)
        pieces[at++] = (struct piece){rows[i].text, strlen(rows[i].text), rows[i].score, rows[i].type};
    return vocabulary_new(pieces, at, settings, ret, error);
}

static inline struct vocabulary *small_vocabulary(const struct vocabulary_settings *settings, const struct row *rows,
                                                  size_t n)
{
    struct vocabulary *vocabulary = NULL;

    if (small_vocabulary_try(settings, rows, n, &vocabulary, NULL) < 0)
        abort(); /* the test itself is wrong */
    return vocabulary;
}
