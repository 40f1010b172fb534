/* Prompt lookup decoding (Saxena 2023): text that has begun like an earlier passage probably goes on like it. What is
   drafted so is computed in one pass, and accepted as far as it is what would have been chosen anyway (Leviathan et al.
   2023, section 2). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Tokens that have to agree with an earlier passage. */
#define LOOKUP_MATCH 3

/* The tokens that followed when the last LOOKUP_MATCH of ids [n] stood there before, the latest such passage; a passage
 * that reaches up to the end repeats itself. ret [n_max]; returns how many, 0 where there was no such passage. */
size_t lookup(const int32_t *ids, size_t n, int32_t *ret, size_t n_max);
