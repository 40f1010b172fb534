/* A step of the engine serves all its slots at once:

       take      sequences from the inbox into free slots
       encode    a slice of one medium: encoder steps, projection steps -> embeddings kept with the sequence
       decode    one pass over a position of every sequence that generates, what it drafts, and a chunk of one prompt;
                 then each sequence whose known positions are all in its pages gets its next tokens

   While some generate, a slice and a chunk last about as long as their pass does without, so that a stream goes on at
   half its speed at least, whatever others ask. Between two blocks the engine shows that it lives and asks whether the
   pass is still wanted, so a cancelled request costs at most one more block when it is alone, and a pass when it is
   not.

   Media that have been encoded before are recalled, and sequences that begin alike share the pages of their beginning.

   A sequence drafts tokens (lookup.h) where the time they are likely to save is more than the time they take. Drafts
   never change an answer, since what a position yields does not depend on what shares its pass.

   Choices are scored behind the prompt, which is computed once: their tokens are positions like those of a prompt, but
   every one yields logits. One choice at a time follows in the pages of the sequence, over several passes where it is
   long; as far as a pass has room, others join it in branches, pages that begin like those of the sequence and live as
   long as the pass.

   When the pool has no page left for an older sequence, the newest one gives up its pages, and computes them again
   later. */
#include "core/engine/engine.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/machine.h"
#include "core/base/error.h"
#include "core/base/queue.h"
#include "core/base/thread_pool.h"
#include "core/engine/media_cache.h"
#include "core/engine/sampler.h"
#include "core/engine/sequence.h"
#include "core/engine/slot.h"
#include "core/kernels/cpu.h"
#include "core/kernels/kernels.h"
#include "core/model/decoder.h"
#include "core/model/encoder.h"
#include "core/model/kv_cache.h"
#include "core/model/model.h"
#include "core/model/projection.h"
#include "core/text/vocabulary.h"

#define HEARTBEAT_NS 10000000 /* how often the engine says that it lives, at most */
#define SEQUENCES_DEFAULT 8
#define QUEUE_DEFAULT 64
#define SLICE_ALONE_MS 20.0 /* of an encoder that disturbs nobody: how often new requests are looked for */
#define CHUNK_FIRST 8       /* positions of a prompt beside others, as long as nothing is known about their cost */
#define SCORED_ROWS_MAX 32  /* tokens of choices in a pass, each with logits of its own */

/* ---- signs of life ---- */

static bool is_late(const void *item, void *context)
{
    const struct sequence *sequence = item;
    const uint64_t *now_ns = context;

    return sequence->deadline_ns && *now_ns >= sequence->deadline_ns;
}

/* A deadline may pass while others are served. */
static void end_late_ones(struct engine *engine, uint64_t now_ns)
{
    struct sequence *sequence;

    while ((sequence = queue_take(engine->inbox, is_late, &now_ns)))
        sequence_end_queued(sequence, FINISH_TIMEOUT);
}

static uint64_t beat(struct engine *engine)
{
    uint64_t now = clock_ns();

    if (now - atomic_load(&engine->heartbeat_ns) > HEARTBEAT_NS) {
        atomic_store(&engine->heartbeat_ns, now);
        end_late_ones(engine, now);
    }
    return now;
}

static enum finish interrupted(const struct engine *engine, const struct slot *slot, uint64_t now_ns)
{
    return atomic_load(&engine->ending) ? FINISH_CANCELLED : slot_interrupted(slot, now_ns);
}

/* ---- sequences come and go ---- */

/* How long those that wait will have to: the time from one end to the next. */
static void count(struct engine *engine, const struct slot *slot, enum finish finish)
{
    double now_ms = clock_ms(), since_ms = MAX(engine->ended_ms, slot->served_ms);
    uint64_t ns = (uint64_t)((now_ms - since_ms) * 1e6), average = atomic_load(&engine->ns_per_request);

    atomic_fetch_add(finish == FINISH_CANCELLED ? &engine->n_cancelled : &engine->n_finished, 1);
    if (finish != FINISH_CANCELLED)
        atomic_store(&engine->ns_per_request, average ? (average * 7 + ns) / 8 : ns);
    engine->ended_ms = now_ms;
}

static void end(struct engine *engine, struct slot *slot, enum finish finish)
{
    count(engine, slot, finish);
    if (engine->encoding == slot)
        engine->encoding = NULL;
    slot_forget(slot, engine->pool_of_pages);
    atomic_store(&engine->busy, --engine->n_served > 0); /* before the owner hears of it */
    slot_end(slot, finish);
}

/* Those that wait have moved up. */
static void tell_waiting(void *item)
{
    struct sequence *sequence = item;

    pthread_mutex_lock(&sequence->news->mutex);
    if (!sequence->released)
        news_add(sequence->news, sequence);
    pthread_mutex_unlock(&sequence->news->mutex);
}

static void serve(struct engine *engine, struct slot *slot, struct sequence *sequence)
{
    atomic_store(&engine->heartbeat_ns, clock_ns());
    atomic_store(&engine->busy, true);
    engine->n_served++;
    queue_visit(engine->inbox, tell_waiting);
    slot_take(slot, sequence, ++engine->n_arrivals);
    slot_report(slot, slot->n_encoded < sequence->n_media ? STAGE_ENCODING : STAGE_PREFILLING);
}

static bool any(const void *item, void *context)
{
    (void)item, (void)context;
    return true;
}

/* Fills free slots; waits for a sequence when all are free. False: the engine ends. */
static bool take(struct engine *engine)
{
    for (size_t i = 0; i < engine->n_slots; i++) {
        struct slot *slot = &engine->slots[i];
        struct sequence *sequence;

        if (slot->sequence)
            continue;
        sequence = engine->n_served ? queue_take(engine->inbox, any, NULL) : queue_pop(engine->inbox);
        if (!sequence)
            break;
        serve(engine, slot, sequence);
    }
    return engine->n_served > 0;
}

static void end_unwanted(struct engine *engine)
{
    uint64_t now = beat(engine);

    for (size_t i = 0; i < engine->n_slots; i++) {
        struct slot *slot = &engine->slots[i];
        enum finish finish = slot->sequence ? interrupted(engine, slot, now) : FINISH_NONE;

        if (finish != FINISH_NONE)
            end(engine, slot, finish);
    }
}

/* ---- encode ---- */

static void begin_medium(struct engine *engine, const struct input_tensor *input)
{
    encoder_begin(engine->encoder, input);
    engine->projecting = false;
}

/* A step of the encoder or, behind it, of the projection. 1: there is more to do; 0: the embeddings are there; -ENOMEM.
 */
static int continue_medium(struct engine *engine, const struct input_tensor *input)
{
    int r;

    if (engine->projecting)
        return projection_step(engine->projection);
    r = encoder_step(engine->encoder);
    if (r != 0)
        return r < 0 ? r : 1;
    projection_begin(engine->projection, input->modality, encoder_features(engine->encoder));
    engine->projecting = true;
    return 1;
}

int engine_encode(struct engine *engine, const struct input_tensor *input)
{
    int r;

    begin_medium(engine, input);
    do
        r = continue_medium(engine, input);
    while (r > 0);
    return r;
}

/* The slot whose medium is in the encoder, or the oldest one that has a medium left. */
static struct slot *slot_to_encode(struct engine *engine)
{
    struct slot *ret = engine->encoding;

    for (size_t i = 0; i < engine->n_slots && !engine->encoding; i++) {
        struct slot *slot = &engine->slots[i];

        if (slot->sequence && slot->n_encoded < slot->sequence->n_media && (!ret || slot->arrival < ret->arrival))
            ret = slot;
    }
    return ret;
}

/* One step of the medium at hand. 1: there is more to do; 0: it is done; -ENOMEM. */
static int encode_step(struct engine *engine, struct slot *slot)
{
    const struct hparams *h = &engine->model->hparams;
    struct sequence_medium *medium = &slot->sequence->media[slot->n_encoded];
    int r;

    if (engine->encoding != slot) {
        begin_medium(engine, &medium->input);
        engine->encoding = slot;
    }
    r = continue_medium(engine, &medium->input);
    if (r != 0)
        return r;
    memcpy(medium->embeddings, projection_embeddings(engine->projection),
           h->n_modality_tokens * h->decoder.width * sizeof(float));
    medium->encoded = true;
    media_cache_put(engine->media_cache, &medium->digest, medium->embeddings);
    engine->encoding = NULL;
    slot->n_encoded++;
    return 0;
}

/* Media that have been encoded before. True: there are more media to come. */
static bool recall(struct engine *engine, struct slot *slot)
{
    const struct hparams *h = &engine->model->hparams;

    for (; slot->n_encoded < slot->sequence->n_media; slot->n_encoded++) {
        struct sequence_medium *medium = &slot->sequence->media[slot->n_encoded];
        const float *embeddings;

        if (medium->encoded)
            continue;
        embeddings = media_cache_find(engine->media_cache, &medium->digest);
        if (!embeddings)
            return true;
        memcpy(medium->embeddings, embeddings, h->n_modality_tokens * h->decoder.width * sizeof(float));
        medium->encoded = true;
        atomic_fetch_add(&engine->n_recalled, 1);
    }
    return false;
}

/* What follows when a slot has its media. */
static void finish_media(struct engine *engine, struct slot *slot)
{
    if (slot->sequence->n_positions > 0)
        slot_report(slot, STAGE_PREFILLING);
    else
        end(engine, slot, FINISH_STOP); /* nothing was asked */
}

static void encode(struct engine *engine, bool alone)
{
    double begun_ms = clock_ms(), slice_ms = alone ? SLICE_ALONE_MS : engine->pass_ms;
    struct slot *slot = slot_to_encode(engine);
    int r = 1;

    if (!slot)
        return;
    if (!engine->encoding && !recall(engine, slot)) {
        finish_media(engine, slot);
        return;
    }
    do {
        enum finish finish = interrupted(engine, slot, beat(engine));

        if (finish != FINISH_NONE) {
            end(engine, slot, finish);
            return;
        }
        r = encode_step(engine, slot);
    } while (r > 0 && clock_ms() - begun_ms < slice_ms);
    if (r < 0) {
        slot->state.error = r;
        end(engine, slot, FINISH_ERROR);
        return;
    }
    if (slot->n_encoded < slot->sequence->n_media)
        slot_report(slot, STAGE_ENCODING);
    else
        finish_media(engine, slot);
}

/* ---- decode ---- */

static struct slot *newest_with_pages(struct engine *engine)
{
    struct slot *ret = NULL;

    for (size_t i = 0; i < engine->n_slots; i++) {
        struct slot *slot = &engine->slots[i];

        if (slot->sequence && slot->pages.n && (!ret || slot->arrival > ret->arrival))
            ret = slot;
    }
    return ret;
}

/* Room for m more positions; newer sequences give theirs up. */
static bool reserve(struct engine *engine, struct slot *slot, size_t m)
{
    while (!kv_pages_reserve(engine->pool_of_pages, &slot->pages, slot->pages.length + m)) {
        struct slot *victim = newest_with_pages(engine);

        if (!victim || victim->arrival <= slot->arrival)
            return false;
        slot_forget(victim, engine->pool_of_pages);
        atomic_fetch_add(&engine->n_preempted, 1);
    }
    return true;
}

/* The oldest sequence that has positions to enter, and of those that generate or of the others, behind another one. */
static struct slot *next_slot(struct engine *engine, bool generates, const struct slot *behind)
{
    struct slot *ret = NULL;

    for (size_t i = 0; i < engine->n_slots; i++) {
        struct slot *slot = &engine->slots[i];
        size_t n_missing = slot->sequence ? slot_n_missing(slot) : 0;

        if (n_missing == 0 || slot_generates(slot) != generates || (behind && slot->arrival <= behind->arrival))
            continue;
        if (!ret || slot->arrival < ret->arrival)
            ret = slot;
    }
    return ret;
}

static void enter_part(struct engine *engine, struct slot *slot, struct sequence_choice *choice,
                       struct decoder_part part)
{
    engine->parts[engine->n_parts] = part;
    engine->part_slots[engine->n_parts] = slot;
    engine->part_choices[engine->n_parts++] = choice;
    engine->n_rows += part.m;
    engine->n_scored_rows += choice ? part.m : 0;
}

static void add_part(struct engine *engine, struct slot *slot, size_t m)
{
    struct sequence_choice *choice = slot_scores(slot) ? &slot->sequence->choices[slot->choice] : NULL;

    if (choice)
        m = MIN(m, SCORED_ROWS_MAX - engine->n_scored_rows);
    if (m == 0 || !reserve(engine, slot, m))
        return;
    slot->n_drafts = 0;
    enter_part(engine, slot, choice, (struct decoder_part){&slot->pages, m, choice ? m : m == slot_n_missing(slot)});
}

/* An accepted token saves its sequence a pass, which all that generate share; a drafted one costs a row. As many as are
 * worth that, when each has to be accepted for the next one to count. */
static size_t n_drafts_worth(const struct engine *engine, const struct slot *slot, size_t n_left)
{
    double acceptance = slot_acceptance(slot), saved_ms = engine->pass_ms / (double)engine->n_parts;
    size_t n = 0;

    while (n < n_left && (saved_ms *= acceptance) > engine->row_ms)
        n++;
    return engine->row_ms > 0 ? n : 0;
}

static void add_drafts(struct engine *engine)
{
    size_t n_left = MIN(engine->n_drafts_max, DECODER_ROWS_MAX - engine->n_rows);

    for (size_t p = 0; p < engine->n_parts; p++) {
        struct slot *slot = engine->part_slots[p];

        slot_draft(slot, n_drafts_worth(engine, slot, n_left));
        engine->parts[p].m += slot->n_drafts;
        engine->parts[p].n_logits += slot->n_drafts;
        engine->n_rows += slot->n_drafts;
        n_left -= slot->n_drafts;
    }
}

/* How many positions of a prompt take about as long as a pass without them. */
static size_t chunk_size(const struct engine *engine)
{
    size_t most = DECODER_ROWS_MAX - engine->n_rows;

    if (engine->n_rows == 0)
        return most;
    if (engine->row_ms <= 0 || engine->pass_ms <= 0)
        return MIN(most, (size_t)CHUNK_FIRST);
    return MIN(most, (size_t)MAX(engine->pass_ms / engine->row_ms, 1.0));
}

/* How many of n positions to compute when a pass has room for so many: as few passes as there can be, none of them
 * short, since one of few positions waits for all weights as a long one does. */
static size_t even_share(size_t n, size_t room)
{
    size_t n_passes = (n + room - 1) / room;

    return (n + n_passes - 1) / n_passes;
}

/* A part may lose its pages to an older sequence that is added later: it has no positions then, and is left out. */
static void drop_robbed_parts(struct engine *engine)
{
    size_t n = 0;

    engine->n_rows = 0;
    for (size_t p = 0; p < engine->n_parts; p++) {
        if (engine->parts[p].pages->n == 0)
            continue;
        engine->parts[n] = engine->parts[p];
        engine->part_choices[n] = engine->part_choices[p];
        engine->part_slots[n++] = engine->part_slots[p];
        engine->n_rows += engine->parts[p].m;
    }
    engine->n_parts = n;
}

/* Pages with the prompt of a slot and room for m positions behind it, without taking any from others. */
static bool branch(struct engine *engine, const struct slot *slot, size_t m, struct kv_pages *ret)
{
    size_t n = slot->sequence->n_positions;

    if (!kv_pages_fork(engine->pool_of_pages, &slot->pages, n, ret))
        return false;
    if (kv_pages_reserve(engine->pool_of_pages, ret, n + m))
        return true;
    kv_pages_clear(engine->pool_of_pages, ret);
    return false;
}

/* Choices beside the one at hand, as far as there is room for the whole of each; returns how many of `left` rows are
 * left. */
static size_t add_branches(struct engine *engine, struct slot *slot, size_t left)
{
    for (size_t i = slot->choice + 1; i < slot->sequence->n_choices; i++) {
        struct sequence_choice *choice = &slot->sequence->choices[i];
        struct kv_pages *pages = &engine->branches[engine->n_branches];
        size_t m = choice->n - 1;

        if (choice->n_scored == choice->n || m > MIN(left, SCORED_ROWS_MAX - engine->n_scored_rows))
            continue;
        if (!branch(engine, slot, m, pages))
            break;
        enter_part(engine, slot, choice, (struct decoder_part){pages, m, m});
        engine->n_branches++;
        left -= m;
    }
    return left;
}

static void drop_branches(struct engine *engine)
{
    while (engine->n_branches > 0)
        kv_pages_clear(engine->pool_of_pages, &engine->branches[--engine->n_branches]);
}

static void build_pass(struct engine *engine)
{
    struct slot *slot = NULL;
    size_t left, n_parts;

    engine->n_parts = engine->n_rows = engine->n_scored_rows = 0;
    while (engine->n_rows < DECODER_ROWS_MAX && (slot = next_slot(engine, true, slot)))
        add_part(engine, slot, 1);
    add_drafts(engine);
    left = chunk_size(engine);
    for (slot = next_slot(engine, false, NULL); slot && left > 0; slot = next_slot(engine, false, slot)) {
        size_t n_rows = engine->n_rows;

        if (slot->pages.n == 0)
            slot_share(slot, engine->pool_of_pages);
        add_part(engine, slot, even_share(slot_n_missing(slot), left));
        left -= engine->n_rows - n_rows;
    }
    drop_robbed_parts(engine);
    n_parts = engine->n_parts; /* nobody needs more pages in this pass */
    for (size_t p = 0; p < n_parts; p++)
        if (engine->part_choices[p])
            left = add_branches(engine, engine->part_slots[p], left);
}

static bool is_wanted(struct engine *engine)
{
    uint64_t now = beat(engine);

    for (size_t p = 0; p < engine->n_parts; p++)
        if (interrupted(engine, engine->part_slots[p], now) == FINISH_NONE)
            return true;
    return false;
}

static void fill_rows(struct engine *engine)
{
    size_t dim = engine->model->hparams.decoder.width;
    float *row = decoder_input(engine->decoder);

    for (size_t p = 0; p < engine->n_parts; p++) {
        const struct slot *slot = engine->part_slots[p];
        const struct sequence_choice *choice = engine->part_choices[p];

        for (size_t i = 0; i < engine->parts[p].m; i++, row += dim) {
            size_t position = engine->parts[p].pages->length + i;

            if (choice)
                decoder_embed(engine->decoder, choice->ids[position - slot->sequence->n_positions], row);
            else
                slot_embed(slot, engine->model, engine->decoder, position, row);
        }
    }
}

/* What a pass costs without prompts, and what every position of one adds. */
static void learn_costs(struct engine *engine, double ms)
{
    size_t n_generating = 0, n_more;

    for (size_t p = 0; p < engine->n_parts; p++) {
        if (engine->parts[p].n_logits > 1 || engine->part_choices[p])
            return; /* drafts and choices say little about either */
        n_generating += engine->parts[p].m == 1 && engine->parts[p].n_logits == 1;
    }
    n_more = engine->n_rows - n_generating;
    if (n_more == 0)
        engine->pass_ms = engine->pass_ms > 0 ? 0.8 * engine->pass_ms + 0.2 * ms : ms;
    else if (ms > engine->pass_ms)
        engine->row_ms = (ms - (n_generating ? engine->pass_ms : 0)) / (double)n_more;
}

static enum finish next_tokens(struct engine *engine, size_t p)
{
    struct slot *slot = engine->part_slots[p];
    size_t n_accepted_before = slot->n_accepted;
    enum finish finish;

    atomic_fetch_add(&engine->n_drafted, slot->n_drafts);
    finish = slot_next_tokens(slot, engine->model, decoder_logits(engine->decoder, p), engine->candidates);
    atomic_fetch_add(&engine->n_accepted, slot->n_accepted - n_accepted_before);
    return finish;
}

/* Logits of the last position of a prompt, or of all positions of a choice. */
static void score(struct engine *engine, size_t p)
{
    const struct decoder_part *part = &engine->parts[p];
    struct sequence *sequence = engine->part_slots[p]->sequence;
    size_t first = part->pages->length + 1 - part->n_logits - sequence->n_positions;
    const float *logits = decoder_logits(engine->decoder, p);

    for (size_t i = 0; i < part->n_logits; i++)
        sequence_score(sequence, engine->part_choices[p], first + i, logits + i * engine->model->hparams.n_vocab);
}

/* What follows from the logits of a part; a branch has told all that way. */
static void finish_part(struct engine *engine, size_t p)
{
    struct slot *slot = engine->part_slots[p];
    const struct decoder_part *part = &engine->parts[p];
    size_t n_before = slot->state.n_new_tokens;
    enum finish finish = FINISH_NONE;

    if (slot->sequence->n_choices && part->n_logits > 0)
        score(engine, p);
    if (part->pages != &slot->pages)
        return;
    if (part->n_logits > 0)
        finish = slot->sequence->n_choices ? slot_next_choice(slot) : next_tokens(engine, p);
    slot_name_pages(slot, engine->pool_of_pages);
    atomic_fetch_add(&engine->n_new_tokens, slot->state.n_new_tokens - n_before);
    slot_report(slot, part->n_logits > 0 ? STAGE_GENERATING : slot->state.stage);
    if (finish != FINISH_NONE)
        end(engine, slot, finish);
}

/* False: nobody wants it any more. */
static bool compute_pass(struct engine *engine)
{
    double begun_ms = clock_ms();

    fill_rows(engine);
    decoder_begin(engine->decoder, engine->parts, engine->n_parts);
    do {
        if (!is_wanted(engine))
            return false;
    } while (decoder_step(engine->decoder));
    learn_costs(engine, clock_ms() - begun_ms);
    atomic_fetch_add(&engine->n_computed, engine->n_rows);
    return true;
}

static void decode(struct engine *engine)
{
    build_pass(engine);
    if (engine->n_parts == 0)
        return;
    /* Branches stand behind the parts of their sequences, which may end with these: the last part comes first. */
    if (compute_pass(engine))
        for (size_t p = engine->n_parts; p-- > 0;)
            finish_part(engine, p);
    drop_branches(engine);
}

/* ---- the thread ---- */

static void *run(void *context)
{
    struct engine *engine = context;

    while (take(engine)) {
        end_unwanted(engine);
        encode(engine, next_slot(engine, true, NULL) == NULL);
        decode(engine);
        atomic_store(&engine->n_held_pages, kv_pool_n_held(engine->pool_of_pages));
        atomic_store(&engine->n_held_slots, engine->n_served);
    }
    return NULL;
}

/* ---- life ---- */

static int allocate_threads(struct engine *engine, const struct onellm_options *options)
{
    engine->pool = thread_pool_new(options->n_threads ? options->n_threads : cores_available());
    engine->compute = engine->pool ? compute_new(engine->pool, kernels_for(cpu_flags())) : NULL;
    if (!engine->compute)
        return -ENOMEM;
    engine->item_compute = *engine->compute;
    engine->item_compute.together = true;
    return 0;
}

static int allocate_pages(struct engine *engine, size_t context, struct kv_pages *ret)
{
    ret->n_max = kv_pages_for(context);
    ret->numbers = arena_new(&engine->arena, uint32_t, ret->n_max);
    return ret->numbers ? 0 : -ENOMEM;
}

static int allocate_slots(struct engine *engine, size_t context)
{
    engine->slots = arena_new(&engine->arena, struct slot, engine->n_slots);
    if (!engine->slots)
        return -ENOMEM;
    for (size_t i = 0; i < engine->n_slots; i++)
        if (allocate_pages(engine, context, &engine->slots[i].pages) < 0)
            return -ENOMEM;
    return 0;
}

static int allocate_parts(struct engine *engine, size_t context)
{
    engine->n_parts_max = engine->n_slots + SCORED_ROWS_MAX;
    engine->parts = arena_new(&engine->arena, struct decoder_part, engine->n_parts_max);
    engine->part_slots = arena_new(&engine->arena, struct slot *, engine->n_parts_max);
    engine->part_choices = arena_new(&engine->arena, struct sequence_choice *, engine->n_parts_max);
    engine->branches = arena_new(&engine->arena, struct kv_pages, SCORED_ROWS_MAX);
    if (!engine->parts || !engine->part_slots || !engine->part_choices || !engine->branches)
        return -ENOMEM;
    for (size_t i = 0; i < SCORED_ROWS_MAX; i++)
        if (allocate_pages(engine, context, &engine->branches[i]) < 0)
            return -ENOMEM;
    return 0;
}

static int allocate(struct engine *engine, const struct onellm_options *options, size_t context)
{
    const struct model *model = engine->model;

    engine->inbox = queue_new(options->queue_max ? options->queue_max : QUEUE_DEFAULT);
    engine->pool_of_pages = kv_pool_new(&model->hparams, engine->plan.kv_type, engine->plan.n_pages);
    if (!engine->inbox || !engine->pool_of_pages || allocate_slots(engine, context) < 0 ||
        allocate_parts(engine, context) < 0)
        return -ENOMEM;
    engine->decoder = decoder_new(model, engine->compute, engine->pool_of_pages, context, engine->n_parts_max,
                                  engine->n_slots + engine->n_drafts_max + SCORED_ROWS_MAX, &engine->arena);
    engine->candidates = arena_new(&engine->arena, struct candidate, model->hparams.n_vocab);
    if (!engine->decoder || !engine->candidates)
        return -ENOMEM;
    engine->media_cache =
        media_cache_new(model->hparams.n_modality_tokens * model->hparams.decoder.width, engine->plan.media_cache);
    if (!engine->media_cache)
        return -ENOMEM;
    if (!model->hparams.multimodal)
        return 0;
    engine->encoder = encoder_new(model, &engine->item_compute, &engine->arena);
    engine->projection = projection_new(model, &engine->item_compute, &engine->arena);
    return engine->encoder && engine->projection ? 0 : -ENOMEM;
}

int engine_init(struct engine *engine, struct model *model, const struct onellm_options *options, size_t context,
                struct error *error)
{
    int r;

    engine->model = model;
    engine->n_slots = options->n_sequences ? options->n_sequences : SEQUENCES_DEFAULT;
    engine->n_drafts_max = options->n_drafts;
    news_init(&engine->news, options->wake, options->wake_context);
    r = memory_plan_make(model, options, context, engine->n_slots, &engine->plan, error);
    if (r < 0)
        return r;
    r = allocate_threads(engine, options);
    if (r < 0)
        return error_set(error, r, "no memory for the threads of the engine");
    r = weights_pack(&model->weights, &model->hparams, engine->compute, error);
    if (r < 0)
        return r;
    r = allocate(engine, options, context);
    if (r < 0)
        return error_set(error, r,
                         "no memory for the engine: keys and values of %zu positions alone take %llu MiB; fewer "
                         "positions or a smaller context take less",
                         engine->plan.n_pages * KV_PAGE, (unsigned long long)engine->plan.kv >> 20);
    atomic_store(&engine->heartbeat_ns, clock_ns());
    r = pthread_create(&engine->thread, NULL, run, engine);
    if (r)
        return error_set(error, -r, "no thread for the engine");
    engine->started = true;
    return 0;
}

void engine_deinit(struct engine *engine)
{
    if (engine->started) {
        atomic_store(&engine->ending, true);
        queue_close(engine->inbox);
        pthread_join(engine->thread, NULL);
    }
    kv_pool_free(engine->pool_of_pages);
    media_cache_free(engine->media_cache);
    queue_free(engine->inbox);
    compute_free(engine->compute);
    thread_pool_free(engine->pool);
    arena_deinit(&engine->arena);
    if (engine->model)
        news_deinit(&engine->news);
}
