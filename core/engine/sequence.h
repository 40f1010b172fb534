/* One generation: prompt, media, sampler, the text so far, and what its owner has not been told yet.

   Two hold a sequence: its owner and, from submit to the end, the engine. What they share is guarded by the mutex of
   the engine's news; everything else belongs to the engine from submit on. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/digest.h"
#include "core/engine/sampler.h"
#include "core/onellm.h"
#include "core/text/bpe.h"

struct model;
struct news;
struct queue;

struct sequence_medium {
    struct input_tensor input; /* its data NULL when the embeddings were given */
    struct digest digest;      /* of modality, shape and numbers of the input */
    float *embeddings;         /* f32 [n_modality_tokens, dim] */
    bool encoded;              /* the embeddings are there: engine */
};

/* A text that the answer may be. */
struct sequence_choice {
    const char *text;
    const int32_t *ids; /* [n]: behind the prompt, the end of the answer included */
    size_t n, n_scored; /* scored: of the first ids, the logarithms of their probabilities are in the sum */
    struct choice_likelihood likelihood;
};

struct sequence {
    struct arena arena;
    struct news *news;
    void *owner;
    atomic_int n_holders;
    struct sequence *original; /* whose media and stop strings these are, held for them; NULL: its own */
    atomic_bool cancelled;
    uint64_t deadline_ns;

    int32_t *prompt_ids; /* [n_prompt_ids]: BOS and the text; new_ids follow, so that all text is one piece */
    size_t n_prompt_ids, n_head_ids; /* head: the ids before the media, that is BOS */
    struct sequence_medium *media;
    size_t n_media, medium_rows;     /* positions of one medium: start tag, tokens, end tag */
    size_t n_positions;              /* of the whole prompt */
    struct sequence_choice *choices; /* [n_choices]; none: the answer is generated */
    size_t n_choices;

    size_t tokens_max;
    int32_t *new_ids; /* [tokens_max + 1]; behind n_new_ids, what is drafted */
    size_t n_new_ids;
    struct token_probability *probabilities; /* [tokens_max + 1, 1 + n_likeliest]; NULL: not wanted */
    size_t n_likeliest;
    float *model_logits; /* [n_vocab]: as they were before the sampler changed them; NULL likewise */
    struct sampler sampler;
    struct bpe_stream stream;
    struct stop_watch stops;
    struct buffer piece, shown; /* scratch of one token's way: text of the token, what the stop watch lets through */
    struct buffer blanks;       /* white space that is shown only if something follows */
    bool begun;                 /* something has been shown, so white space counts */
    double queued_at_ms;
    struct queue *inbox; /* where it was submitted; NULL before */

    /* Guarded by the mutex of news. */
    struct sequence_news state;
    struct buffer text; /* not yet taken by the owner */
    bool listed, released;
    struct sequence *next;
};

/* Copies what it keeps. Errors as onellm_prepare(). context: positions that a sequence may have. */
int sequence_new(const struct model *model, const struct onellm_request *request, size_t context, struct news *news,
                 struct sequence **ret, struct error *error);

/* See onellm_fork(). */
int sequence_fork(struct sequence *original, uint64_t number, struct sequence **ret, struct error *error);

void sequence_hold(struct sequence *sequence);
void sequence_drop(struct sequence *sequence); /* the last one frees it */

/* Engine: how many of its first media have been encoded. */
size_t sequence_n_encoded(const struct sequence *sequence);

/* Engine: records a new token and shows what may be shown of it. SEQUENCE_STOPPED when a stop string is complete;
 * -ENOMEM, -EFBIG. */
#define SEQUENCE_STOPPED 1
int sequence_push(struct sequence *sequence, int32_t id);

/* Engine: logits [n_vocab] from which token number i of a choice follows; choice NULL: of all choices. A token counts
 * once, however often its logits are computed. */
void sequence_score(struct sequence *sequence, const struct sequence_choice *choice, size_t i, const float *logits);
/* Engine: all choices have been scored; the likeliest, of equals the first, becomes the text and the new ids. -EDOM:
 * the logits were no numbers, so the model's weights are damaged or overflow; -ENOMEM. */
int sequence_choose(struct sequence *sequence);

/* Engine: the state as its owner will see it, and that there is news. A `finish` other than FINISH_NONE shows what was
 * held back and is the last call. */
void sequence_report(struct sequence *sequence, const struct sequence_news *state);

/* Whoever has taken it out of the inbox: ends it before the engine has begun it, and lets go of it. */
void sequence_end_queued(struct sequence *sequence, enum finish finish);
