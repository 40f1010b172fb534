/* Logits -> the next token. Same logits, same settings, same seed: same token. Thread: engine. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/random.h"
#include "core/onellm.h"

struct arena;

/* One sequence's choices. */
struct sampler {
    struct sampling sampling;
    struct random random;
    uint8_t *seen;    /* one bit per token of the vocabulary: prompt and answer so far */
    uint16_t *counts; /* [n_vocab]: how often the answer has each token; NULL: nobody asks */
    size_t n_vocab;
};

/* -ENOMEM. */
int sampler_init(struct sampler *sampler, const struct sampling *sampling, size_t n_vocab, struct arena *arena);
/* Remembers a token of the prompt or of the answer for the penalties. */
void sampler_see(struct sampler *sampler, int32_t id);
void sampler_see_answer(struct sampler *sampler, int32_t id);

/* ln of the sum of exp(logits [n_vocab]): a logit minus it is the logarithm of a probability. */
double sampler_log_sum(const float *logits, size_t n_vocab);

/* Log-probabilities by logits [n_vocab] of a token and of the n likeliest, likeliest first, of equals the lower id: ret
 * [1 + n]. */
struct token_probability;
void sampler_probabilities(const float *logits, size_t n_vocab, int32_t id, size_t n, struct token_probability *ret);

/* Candidates of one draw; the engine has one for all its sequences. */
struct candidate {
    float weight;
    int32_t id;
};

/* Repetition penalty (Keskar et al. 2019: positive logits divided, negative multiplied), presence and frequency
 * penalties (OpenAI: subtracted), then the most likely token if temperature is 0 (the lowest id of equals), else: the
 * top_k most likely, softmax(logits / temperature), those above min_p times the largest, the smallest set of the rest
 * whose probabilities sum to top_p, and a draw among these.
 *   logits      [n_vocab], overwritten
 *   candidates  [n_vocab] of scratch
 * SAMPLER_NOT_FINITE: the largest logit is infinite or NaN, so the model's weights are damaged or overflow. */
#define SAMPLER_NOT_FINITE (-1)
int32_t sampler_next(struct sampler *sampler, float *logits, struct candidate *candidates);
