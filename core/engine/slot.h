/* A place of the engine: the sequence that is served there, its pages, and how far it has come. Thread: engine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/digest.h"
#include "core/model/kv_cache.h"
#include "core/onellm.h"

struct candidate;
struct decoder;
struct model;
struct sequence;

struct slot {
    struct sequence *sequence; /* NULL: free */
    uint64_t arrival;          /* counts sequences; the oldest one is never made to wait for pages */
    struct sequence_news state;
    struct kv_pages pages;
    size_t n_encoded;             /* media whose embeddings are there */
    size_t n_drafts;              /* drafted tokens in the pass at hand, behind the known ones */
    size_t n_drafted, n_accepted; /* tokens so far */
    size_t choice;                /* whose tokens stand behind the prompt in the pages */
    size_t n_named;               /* pages that have been named or shared */
    struct digest name;           /* of the last of them */
    bool computed;                /* some positions of its own */
    double served_ms, stage_ms;   /* clock_ms() when it was taken, and when its stage began */
};

/* Begins to serve a sequence. */
void slot_take(struct slot *slot, struct sequence *sequence, uint64_t arrival);
/* Tells the owner how it ended, and lets go of it; the pages are the caller's to clear. */
void slot_end(struct slot *slot, enum finish finish);

/* Counts the time spent in the stage at hand, enters a stage (the same or another), and tells the owner. */
void slot_report(struct slot *slot, enum stage stage);

/* FINISH_NONE, or why it should end: it is not wanted any more, or its deadline has passed. */
enum finish slot_interrupted(const struct slot *slot, uint64_t now_ns);

/* Positions that are known (prompt and tokens so far, or the choice at hand) but not in the pages: 0 while media are
 * being encoded; 1 for one that generates. */
size_t slot_n_missing(const struct slot *slot);
/* Whether the one position that is missing gives the next token. */
bool slot_generates(const struct slot *slot);
/* Whether the prompt is in the pages, and behind it choices are scored. */
bool slot_scores(const struct slot *slot);

/* Where nothing has been computed yet: takes the pages of others that begin alike, as far as there are some. */
void slot_share(struct slot *slot, struct kv_pool *pool);
/* Names the pages that have become full, for others that begin alike. */
void slot_name_pages(struct slot *slot, struct kv_pool *pool);
/* Gives all pages back; what is missing then is computed again. */
void slot_forget(struct slot *slot, struct kv_pool *pool);

/* The embedding of a known position -> f32 [dim]. */
void slot_embed(const struct slot *slot, const struct model *model, const struct decoder *decoder, size_t position,
                float *ret);

/* Drafts up to n_max tokens behind the known ones by lookup(), as far as the pages at hand have room: for a pass that
 * computes them together with the position that is missing. */
void slot_draft(struct slot *slot, size_t n_max);
/* Which share of its drafted tokens will be accepted, by those so far. */
double slot_acceptance(const struct slot *slot);

/* Chooses the next token by logits [1 + n_drafts, n_vocab], and as long as that was drafted the one behind it, and
 * shows them; the pages keep what was accepted. FINISH_NONE: there is more to come. candidates: scratch [n_vocab]. */
enum finish slot_next_tokens(struct slot *slot, const struct model *model, float *logits, struct candidate *candidates);

/* When the choice at hand has been scored, goes on behind the prompt with the next one that has not; when there is
 * none, the answer is there: FINISH_STOP. */
enum finish slot_next_choice(struct slot *slot);
