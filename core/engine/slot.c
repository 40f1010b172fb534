#include "core/engine/slot.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/engine/lookup.h"
#include "core/engine/sampler.h"
#include "core/engine/sequence.h"
#include "core/model/decoder.h"
#include "core/model/model.h"
#include "core/text/vocabulary.h"

#define NO_DRAFT (-1)

void slot_take(struct slot *slot, struct sequence *sequence, uint64_t arrival)
{
    slot->sequence = sequence;
    slot->arrival = arrival;
    slot->state = sequence->state;
    slot->n_encoded = sequence_n_encoded(sequence);
    slot->n_named = 0;
    slot->n_drafts = slot->n_drafted = slot->n_accepted = 0;
    slot->choice = 0;
    slot->computed = false;
    slot->served_ms = slot->stage_ms = clock_ms();
    slot->state.queue_ms = slot->served_ms - sequence->queued_at_ms;
}

void slot_report(struct slot *slot, enum stage stage)
{
    double now_ms = clock_ms(), spent_ms = now_ms - slot->stage_ms;

    if (slot->state.stage == STAGE_ENCODING)
        slot->state.encode_ms = spent_ms;
    if (slot->state.stage == STAGE_PREFILLING)
        slot->state.prefill_ms = spent_ms;
    if (slot->state.stage == STAGE_GENERATING)
        slot->state.generate_ms = spent_ms;
    if (stage != slot->state.stage) {
        slot->state.stage = stage;
        slot->stage_ms = now_ms;
    }
    sequence_report(slot->sequence, &slot->state);
}

void slot_end(struct slot *slot, enum finish finish)
{
    slot->state.finish = finish;
    slot_report(slot, STAGE_FINISHED);
    sequence_drop(slot->sequence);
    slot->sequence = NULL;
}

enum finish slot_interrupted(const struct slot *slot, uint64_t now_ns)
{
    if (atomic_load(&slot->sequence->cancelled))
        return FINISH_CANCELLED;
    return slot->sequence->deadline_ns && now_ns >= slot->sequence->deadline_ns ? FINISH_TIMEOUT : FINISH_NONE;
}

size_t slot_n_missing(const struct slot *slot)
{
    const struct sequence *sequence = slot->sequence;
    size_t n_behind = slot_scores(slot) ? sequence->choices[slot->choice].n - 1 : sequence->n_new_ids;

    if (slot->n_encoded < sequence->n_media)
        return 0;
    return sequence->n_positions + n_behind - slot->pages.length;
}

bool slot_generates(const struct slot *slot)
{
    return !slot->sequence->n_choices && slot_n_missing(slot) == 1;
}

bool slot_scores(const struct slot *slot)
{
    return slot->sequence->n_choices && slot->pages.length >= slot->sequence->n_positions;
}

/* ---- pages ---- */

/* What stands at a known position: a row of a medium, or a token. Positions: head ids (BOS) | for every medium: start
 * tag, modality tokens, end tag | the other ids of the prompt | new ids. */
struct place {
    const struct sequence_medium *medium; /* NULL: a token */
    int32_t number;                       /* of the row in the medium, or of the token */
};

static struct place place_at(const struct sequence *sequence, size_t position)
{
    size_t n_media_rows = sequence->n_media * sequence->medium_rows, row = position - sequence->n_head_ids;

    if (position >= sequence->n_positions)
        return (struct place){NULL, sequence->new_ids[position - sequence->n_positions]};
    if (position < sequence->n_head_ids)
        return (struct place){NULL, sequence->prompt_ids[position]};
    if (row >= n_media_rows)
        return (struct place){NULL, sequence->prompt_ids[position - n_media_rows]};
    return (struct place){&sequence->media[row / sequence->medium_rows], (int32_t)(row % sequence->medium_rows)};
}

/* The name of page number i: of the page before it, and of what stands at its positions. A medium is named by its
 * digest, so that all of its rows follow from where they stand in it. */
static struct digest page_name(const struct slot *slot, size_t i)
{
    struct digest_state state;

    digest_begin(&state);
    if (i > 0)
        digest_add(&state, &slot->name, sizeof(slot->name));
    for (size_t position = i * KV_PAGE; position < (i + 1) * KV_PAGE; position++) {
        struct place place = place_at(slot->sequence, position);
        int32_t number[2] = {place.medium != NULL, place.number};

        if (place.medium)
            digest_add(&state, &place.medium->digest, sizeof(place.medium->digest));
        digest_add(&state, number, sizeof(number));
    }
    return digest_end(&state);
}

/* The last known position is always computed: the next token follows from it. */
void slot_share(struct slot *slot, struct kv_pool *pool)
{
    while (slot->pages.length == slot->n_named * KV_PAGE && slot_n_missing(slot) > KV_PAGE) {
        struct digest name = page_name(slot, slot->n_named);

        if (!kv_pages_share(pool, &slot->pages, &name))
            return;
        slot->name = name;
        slot->n_named++;
        if (!slot->computed)
            slot->state.n_cached_tokens = slot->pages.length;
    }
}

void slot_name_pages(struct slot *slot, struct kv_pool *pool)
{
    /* Behind the prompt, choices take each other's place: what has a name must not change. */
    size_t n = slot->sequence->n_choices ? MIN(slot->pages.length, slot->sequence->n_positions) : slot->pages.length;

    slot->computed = true;
    for (; n >= (slot->n_named + 1) * KV_PAGE; slot->n_named++) {
        slot->name = page_name(slot, slot->n_named);
        kv_pages_name(pool, &slot->pages, slot->n_named, &slot->name);
    }
}

void slot_forget(struct slot *slot, struct kv_pool *pool)
{
    kv_pages_clear(pool, &slot->pages);
    slot->n_named = 0;
}

void slot_embed(const struct slot *slot, const struct model *model, const struct decoder *decoder, size_t position,
                float *ret)
{
    struct place place = place_at(slot->sequence, position);
    size_t dim = model->hparams.decoder.width, row = (size_t)place.number;
    const struct modality_weights *own;
    const float *source;

    if (!place.medium) {
        decoder_embed(decoder, place.number, ret);
        return;
    }
    own = &model->weights.modalities[place.medium->input.modality];
    source = row == 0                                 ? own->start_tag.data
             : row == slot->sequence->medium_rows - 1 ? own->end_tag.data
                                                      : place.medium->embeddings + (row - 1) * dim;
    memcpy(ret, source, dim * sizeof(*ret));
}

static enum finish fail(struct slot *slot, int error)
{
    slot->state.error = error;
    return FINISH_ERROR;
}

void slot_draft(struct slot *slot, size_t n_max)
{
    struct sequence *sequence = slot->sequence;
    size_t n_new = sequence->n_new_ids, room = slot->pages.n * KV_PAGE - slot->pages.length - 1;

    n_max = MIN(n_max, MIN(room, sequence->tokens_max - n_new - 1));
    slot->n_drafts = lookup(sequence->prompt_ids, sequence->n_prompt_ids + n_new, sequence->new_ids + n_new, n_max);
    slot->n_drafted += slot->n_drafts;
}

/* As if there had been two before, one of them accepted. */
double slot_acceptance(const struct slot *slot)
{
    return (1 + (double)slot->n_accepted) / (2 + (double)slot->n_drafted);
}

static enum finish next_token(struct slot *slot, const struct model *model, float *logits, struct candidate *candidates)
{
    struct sequence *sequence = slot->sequence;
    size_t n_vocab = model->hparams.n_vocab;
    int32_t id;
    int r;

    if (sequence->probabilities)
        memcpy(sequence->model_logits, logits, n_vocab * sizeof(*logits));
    id = sampler_next(&sequence->sampler, logits, candidates);
    if (id == SAMPLER_NOT_FINITE)
        return fail(slot, -EDOM);
    if (sequence->probabilities)
        sampler_probabilities(sequence->model_logits, n_vocab, id, sequence->n_likeliest,
                              sequence->probabilities + sequence->n_new_ids * (1 + sequence->n_likeliest));
    sequence->new_ids[sequence->n_new_ids++] = id;
    if (id == vocabulary_settings(model->vocabulary)->eos_id)
        return FINISH_STOP;
    slot->state.n_new_tokens++;
    r = sequence_push(sequence, id);
    if (r < 0)
        return fail(slot, r);
    if (r == SEQUENCE_STOPPED)
        return FINISH_STOP;
    return slot->state.n_new_tokens >= sequence->tokens_max ? FINISH_LENGTH : FINISH_NONE;
}

enum finish slot_next_tokens(struct slot *slot, const struct model *model, float *logits, struct candidate *candidates)
{
    const int32_t *next = slot->sequence->new_ids + slot->sequence->n_new_ids;
    size_t n_accepted = 0;
    bool accepted;
    enum finish finish;

    do {
        int32_t draft = n_accepted < slot->n_drafts ? next[n_accepted] : NO_DRAFT;

        finish = next_token(slot, model, logits + n_accepted * model->hparams.n_vocab, candidates);
        accepted = finish == FINISH_NONE && next[n_accepted] == draft;
        n_accepted += accepted;
    } while (accepted);
    slot->pages.length -= slot->n_drafts - n_accepted;
    slot->n_accepted += n_accepted;
    slot->n_drafts = 0;
    return finish;
}

enum finish slot_next_choice(struct slot *slot)
{
    struct sequence *sequence = slot->sequence;
    int r;

    while (sequence->choices[slot->choice].n_scored == sequence->choices[slot->choice].n) {
        slot->pages.length = sequence->n_positions;
        if (++slot->choice < sequence->n_choices)
            continue;
        r = sequence_choose(sequence);
        if (r < 0)
            return fail(slot, r);
        slot->state.n_new_tokens = sequence->n_new_ids;
        return FINISH_STOP;
    }
    return FINISH_NONE;
}
