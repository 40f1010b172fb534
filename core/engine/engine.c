/* One sequence at a time:

       encode      every medium: encoder steps, projection steps -> embeddings kept with the sequence
       prefill     the prompt's positions, at most DECODER_ROWS_MAX in a pass
       generate    sample; show; stop? else one more position

   Between two steps, that is two transformer blocks, the engine shows that it lives and asks whether the sequence is
   still wanted, so a cancelled request costs at most one more block. */
#include "core/engine/engine.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/queue.h"
#include "core/base/thread_pool.h"
#include "core/engine/sampler.h"
#include "core/engine/sequence.h"
#include "core/kernels/cpu.h"
#include "core/kernels/kernels.h"
#include "core/model/decoder.h"
#include "core/model/encoder.h"
#include "core/model/kv_cache.h"
#include "core/model/model.h"
#include "core/model/projection.h"
#include "core/tensor/matmul.h"
#include "core/text/vocabulary.h"

#define HEARTBEAT_NS 10000000 /* how often the engine says that it lives, at most */

/* The sequence that is being served. */
struct service {
    struct engine *engine;
    struct sequence *sequence;
    struct sequence_news state;
};

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

/* FINISH_NONE, or why the work should end here. */
static int interrupted(void *context)
{
    const struct service *service = context;
    uint64_t now = clock_ns();

    if (now - atomic_load(&service->engine->heartbeat_ns) > HEARTBEAT_NS) {
        atomic_store(&service->engine->heartbeat_ns, now);
        end_late_ones(service->engine, now);
    }
    if (atomic_load(&service->sequence->cancelled) || atomic_load(&service->engine->ending))
        return FINISH_CANCELLED;
    return service->sequence->deadline_ns && now >= service->sequence->deadline_ns ? FINISH_TIMEOUT : FINISH_NONE;
}

static void enter(struct service *service, enum stage stage)
{
    service->state.stage = stage;
    sequence_report(service->sequence, &service->state);
}

static int fail(struct service *service, int error)
{
    service->state.error = error;
    return FINISH_ERROR;
}

/* ---- encode ---- */

int engine_encode(struct engine *engine, const struct input_tensor *input, engine_stop *stop, void *context)
{
    int r, stopped;

    encoder_begin(engine->encoder, input);
    do {
        stopped = stop(context);
        if (stopped)
            return stopped;
        r = encoder_step(engine->encoder);
    } while (r == ENCODER_MORE);
    if (r < 0)
        return r;
    projection_begin(engine->projection, input->modality, encoder_features(engine->encoder));
    do {
        stopped = stop(context);
        if (stopped)
            return stopped;
    } while (projection_step(engine->projection));
    return 0;
}

static int encode_media(struct service *service)
{
    struct engine *engine = service->engine;
    const struct hparams *h = &engine->model->hparams;
    double begun_ms = clock_ms();

    if (service->sequence->n_media)
        enter(service, STAGE_ENCODING);
    for (size_t i = 0; i < service->sequence->n_media; i++) {
        struct sequence_medium *medium = &service->sequence->media[i];
        int r = engine_encode(engine, &medium->input, interrupted, service);

        service->state.encode_ms = clock_ms() - begun_ms;
        if (r)
            return r < 0 ? fail(service, r) : r;
        memcpy(medium->embeddings, projection_embeddings(engine->projection),
               h->n_modality_tokens * h->decoder.width * sizeof(float));
    }
    return FINISH_NONE;
}

/* ---- prefill ---- */

/* Positions: head ids (BOS) | for every medium: start tag, modality tokens, end tag | the other ids. */
static void fill_row(const struct engine *engine, const struct sequence *sequence, size_t position, float *ret)
{
    size_t dim = engine->model->hparams.decoder.width, n_media_rows = sequence->n_media * sequence->medium_rows;
    size_t medium = (position - sequence->n_head_ids) / sequence->medium_rows;
    size_t row = (position - sequence->n_head_ids) % sequence->medium_rows;
    const struct modality_weights *own;
    const float *source;

    if (position < sequence->n_head_ids || position >= sequence->n_head_ids + n_media_rows) {
        decoder_embed(engine->decoder,
                      sequence->prompt_ids[position < sequence->n_head_ids ? position : position - n_media_rows], ret);
        return;
    }
    own = &engine->model->weights.modalities[sequence->media[medium].input.modality];
    source = row == 0                           ? own->start_tag.data
             : row == sequence->medium_rows - 1 ? own->end_tag.data
                                                : sequence->media[medium].embeddings + (row - 1) * dim;
    memcpy(ret, source, dim * sizeof(*ret));
}

/* One pass over the m positions in decoder_input(). */
static int run_pass(struct service *service, size_t m)
{
    struct engine *engine = service->engine;
    int finish;

    decoder_begin(engine->decoder, engine->cache, m);
    do {
        finish = interrupted(service);
        if (finish)
            return finish;
    } while (decoder_step(engine->decoder));
    return FINISH_NONE;
}

static int prefill(struct service *service)
{
    struct engine *engine = service->engine;
    size_t dim = engine->model->hparams.decoder.width, n = service->sequence->n_positions;
    double begun_ms = clock_ms();
    int finish = FINISH_NONE;

    enter(service, STAGE_PREFILLING);
    kv_cache_clear(engine->cache);
    for (size_t first = 0; first < n && finish == FINISH_NONE; first += DECODER_ROWS_MAX) {
        size_t m = MIN((size_t)DECODER_ROWS_MAX, n - first);

        for (size_t i = 0; i < m; i++)
            fill_row(engine, service->sequence, first + i, decoder_input(engine->decoder) + i * dim);
        finish = run_pass(service, m);
        service->state.prefill_ms = clock_ms() - begun_ms;
    }
    return finish;
}

/* ---- generate ---- */

static int show_token(struct service *service, int32_t id)
{
    struct sequence *sequence = service->sequence;
    int eos_id = vocabulary_settings(service->engine->model->vocabulary)->eos_id, r;

    sequence->new_ids[sequence->n_new_ids++] = id;
    if (id == eos_id)
        return FINISH_STOP;
    service->state.n_new_tokens++;
    atomic_fetch_add(&service->engine->n_new_tokens, 1);
    r = sequence_push(sequence, id);
    if (r < 0)
        return fail(service, r);
    if (r == SEQUENCE_STOPPED)
        return FINISH_STOP;
    return service->state.n_new_tokens >= sequence->tokens_max ? FINISH_LENGTH : FINISH_NONE;
}

static int generate(struct service *service)
{
    struct engine *engine = service->engine;
    double begun_ms = clock_ms();
    int finish = FINISH_NONE;

    enter(service, STAGE_GENERATING);
    while (finish == FINISH_NONE) {
        int32_t id = sampler_next(&service->sequence->sampler, decoder_logits(engine->decoder), engine->candidates);

        finish = id == SAMPLER_NOT_FINITE ? fail(service, -EDOM) : show_token(service, id);
        service->state.generate_ms = clock_ms() - begun_ms;
        if (finish == FINISH_NONE) {
            enter(service, STAGE_GENERATING);
            decoder_embed(engine->decoder, id, decoder_input(engine->decoder));
            finish = run_pass(service, 1);
        }
    }
    service->state.generate_ms = clock_ms() - begun_ms;
    return finish;
}

/* ---- the thread ---- */

static void count(struct engine *engine, enum finish finish, double ms)
{
    uint64_t ns = (uint64_t)(ms * 1e6), average = atomic_load(&engine->ns_per_request);

    atomic_fetch_add(finish == FINISH_CANCELLED ? &engine->n_cancelled : &engine->n_finished, 1);
    if (finish != FINISH_CANCELLED)
        atomic_store(&engine->ns_per_request, average ? (average * 7 + ns) / 8 : ns);
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

static void serve(struct engine *engine, struct sequence *sequence)
{
    struct service service = {.engine = engine, .sequence = sequence, .state = sequence->state};
    double begun_ms = clock_ms();
    int finish;

    atomic_store(&engine->heartbeat_ns, clock_ns());
    atomic_store(&engine->busy, true);
    queue_visit(engine->inbox, tell_waiting);
    service.state.queue_ms = begun_ms - sequence->queued_at_ms;
    finish = interrupted(&service);
    if (finish == FINISH_NONE)
        finish = encode_media(&service);
    if (finish == FINISH_NONE)
        finish = prefill(&service);
    if (finish == FINISH_NONE)
        finish = generate(&service);
    service.state.finish = (enum finish)finish;
    count(engine, service.state.finish, clock_ms() - begun_ms);
    atomic_store(&engine->busy, false);
    enter(&service, STAGE_FINISHED);
    sequence_drop(sequence);
}

static void *run(void *context)
{
    struct engine *engine = context;

    while (!atomic_load(&engine->ending) || queue_size(engine->inbox)) {
        struct sequence *sequence = queue_pop(engine->inbox);

        if (sequence)
            serve(engine, sequence);
    }
    return NULL;
}

/* ---- life ---- */

static int allocate_threads(struct engine *engine, const struct onellm_options *options)
{
    engine->pool = thread_pool_new(options->n_threads ? options->n_threads : thread_pool_cores());
    engine->compute = engine->pool ? compute_new(engine->pool, kernels_for(cpu_flags())) : NULL;
    return engine->compute ? 0 : -ENOMEM;
}

static int allocate(struct engine *engine, const struct onellm_options *options, size_t context)
{
    const struct model *model = engine->model;

    engine->inbox = queue_new(options->queue_max ? options->queue_max : 64);
    engine->cache = kv_cache_new(&model->hparams, context);
    if (!engine->inbox || !engine->cache)
        return -ENOMEM;
    engine->decoder = decoder_new(model, engine->compute, context, &engine->arena);
    engine->candidates = arena_new(&engine->arena, struct candidate, model->hparams.n_vocab);
    if (!engine->decoder || !engine->candidates)
        return -ENOMEM;
    if (!model->hparams.multimodal)
        return 0;
    engine->encoder = encoder_new(model, engine->compute, &engine->arena);
    engine->projection = projection_new(model, engine->compute, &engine->arena);
    return engine->encoder && engine->projection ? 0 : -ENOMEM;
}

int engine_init(struct engine *engine, struct model *model, const struct onellm_options *options, size_t context,
                struct error *error)
{
    int r;

    engine->model = model;
    news_init(&engine->news, options->wake, options->wake_context);
    r = allocate_threads(engine, options);
    if (r < 0)
        return error_set(error, r, "no memory for the threads of the engine");
    r = weights_pack(&model->weights, &model->hparams, engine->compute, error);
    if (r < 0)
        return r;
    r = allocate(engine, options, context);
    if (r < 0)
        return error_set(error, r,
                         "no memory for the engine: the cache of %zu positions alone takes %zu MiB; a smaller "
                         "context takes less",
                         context, kv_cache_bytes(&model->hparams, context) >> 20);
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
    kv_cache_free(engine->cache);
    queue_free(engine->inbox);
    compute_free(engine->compute);
    thread_pool_free(engine->pool);
    arena_deinit(&engine->arena);
    if (engine->model)
        news_deinit(&engine->news);
}
