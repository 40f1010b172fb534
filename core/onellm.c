#include "core/onellm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/queue.h"
#include "core/engine/engine.h"
#include "core/engine/media_cache.h"
#include "core/engine/sequence.h"
#include "core/file/gguf_reader.h"
#include "core/kernels/cpu.h"
#include "core/model/demo_model.h"
#include "core/model/encoder.h"
#include "core/model/kv_cache.h"
#include "core/model/model.h"
#include "core/model/projection.h"
#include "core/model/tokenizer.h"
#include "core/tensor/matmul.h"

struct onellm {
    struct model *model;
    struct engine engine;
    struct onellm_info info;
};

/* ---- what was opened ---- */

static uint64_t hash(uint64_t state, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++) /* FNV-1a */
        state = (state ^ p[i]) * 0x100000001b3u;
    return state;
}

/* Names, shapes and the first bytes of every tensor: enough to tell any two models apart, without reading the file. */
static void describe_weights(const struct gguf_reader *file, struct onellm_info *info)
{
    size_t n_bytes[64] = {0}, most = 0;
    uint64_t state = 0xcbf29ce484222325u;

    for (size_t i = 0; i < gguf_reader_n_tensors(file); i++) {
        const struct gguf_tensor *found = gguf_reader_tensor(file, i);
        size_t n = tensor_n_bytes(&found->tensor);

        state = hash(state, found->name, strlen(found->name));
        state = hash(state, found->tensor.shape, sizeof(found->tensor.shape));
        state = hash(state, found->tensor.data, MIN(n, (size_t)64));
        n_bytes[found->tensor.type % ARRAY_SIZE(n_bytes)] += n;
    }
    for (size_t type = 0; type < ARRAY_SIZE(n_bytes); type++)
        most = n_bytes[type] > n_bytes[most] ? type : most;
    snprintf(info->type, sizeof(info->type), "%s", tensor_type_info((uint32_t)most)->name);
    snprintf(info->fingerprint, sizeof(info->fingerprint), "fp_%016llx", (unsigned long long)state);
}

static void describe_file(const char *path, struct onellm_info *info)
{
    const char *name = strrchr(path, '/');
    size_t n;
    struct stat status;

    name = name ? name + 1 : path;
    n = strlen(name);
    if (n > 5 && strcmp(name + n - 5, ".gguf") == 0)
        n -= 5;
    snprintf(info->id, sizeof(info->id), "%.*s", (int)MIN(n, sizeof(info->id) - 1), name);
    info->created = stat(path, &status) == 0 ? (int64_t)status.st_mtime : 0;
}

static void describe_memory(const struct engine *engine, struct onellm_info *info)
{
    info->kv_positions = engine->plan.n_pages * KV_PAGE;
    info->packed_bytes = engine->plan.packed;
    info->mapped_bytes = engine->plan.mapped;
    info->kv_bytes = engine->plan.kv;
    info->workspace_bytes = engine->arena.bytes;
    info->media_cache_bytes = engine->plan.media_cache;
    info->available_bytes = engine->plan.available;
}

static void describe(struct onellm *onellm, const char *path, size_t context)
{
    struct onellm_info *info = &onellm->info;

    describe_file(path, info);
    describe_weights(onellm->model->file, info);
    info->untrained = onellm->model->untrained;
    info->n_bytes = gguf_reader_n_bytes(onellm->model->file);
    info->context = context;
    info->n_sequences = onellm->engine.n_slots;
    describe_memory(&onellm->engine, info);
    info->hparams = &onellm->model->hparams;
    info->vocabulary = onellm->model->vocabulary;
}

int onellm_open(const struct onellm_options *options, struct onellm **ret, struct error *error)
{
    _cleanup_(onellm_closep) struct onellm *onellm = calloc(1, sizeof(*onellm));
    const char *path = options->model_path;
    char demo_path[PATH_MAX];
    size_t context;
    int r = 0;

    if (!onellm)
        return error_set(error, -ENOMEM, "no memory to open the model");
    if (!path) {
        r = demo_model_find(NULL, demo_path, error);
        path = demo_path;
    }
    if (r == 0)
        r = model_open(path, &onellm->model, error);
    if (r < 0)
        return r;
    context = options->context ? options->context : onellm->model->hparams.context;
    if (context > onellm->model->hparams.context)
        return error_set(error, -EINVAL, "a context of %zu was asked for; the model was trained for %zu", context,
                         onellm->model->hparams.context);
    r = engine_init(&onellm->engine, onellm->model, options, context, error);
    if (r < 0)
        return r;
    describe(onellm, path, context);
    *ret = TAKE_PTR(onellm);
    return 0;
}

struct onellm *onellm_close(struct onellm *onellm)
{
    if (onellm) {
        engine_deinit(&onellm->engine);
        model_close(onellm->model);
        free(onellm);
    }
    return NULL;
}

const struct onellm_info *onellm_info(const struct onellm *onellm)
{
    return &onellm->info;
}

const float *onellm_routing(const struct onellm *onellm, enum modality modality)
{
    return onellm->engine.projection ? projection_routing(onellm->engine.projection, modality) : NULL;
}

/* ---- sequences ---- */

int onellm_prepare(struct onellm *onellm, const struct onellm_request *request, struct sequence **ret,
                   struct error *error)
{
    if (request->n_messages == 0 && request->n_media == 0)
        return error_set(error, -EINVAL, "there is neither a question nor a medium");
    return sequence_new(onellm->model, request, onellm->info.context, &onellm->engine.news, ret, error);
}

int onellm_fork(struct sequence *original, uint64_t number, struct sequence **ret, struct error *error)
{
    return sequence_fork(original, number, ret, error);
}

int onellm_submit(struct onellm *onellm, struct sequence *sequence)
{
    sequence_hold(sequence);
    sequence->queued_at_ms = clock_ms();
    sequence->inbox = onellm->engine.inbox;
    if (queue_push(onellm->engine.inbox, sequence))
        return 0;
    sequence_drop(sequence);
    return ONELLM_FULL;
}

void onellm_cancel(struct sequence *sequence)
{
    atomic_store(&sequence->cancelled, true);
    if (sequence->inbox && queue_remove(sequence->inbox, sequence))
        sequence_end_queued(sequence, FINISH_CANCELLED);
}

struct sequence *onellm_release(struct sequence *sequence)
{
    if (sequence) {
        onellm_cancel(sequence);
        pthread_mutex_lock(&sequence->news->mutex);
        news_remove(sequence->news, sequence);
        sequence->released = true;
        pthread_mutex_unlock(&sequence->news->mutex);
        sequence_drop(sequence);
    }
    return NULL;
}

struct sequence *onellm_next(struct onellm *onellm)
{
    return news_pop(&onellm->engine.news);
}

bool onellm_wait(struct onellm *onellm, int timeout_ms)
{
    return news_wait(&onellm->engine.news, timeout_ms);
}

int onellm_take(struct sequence *sequence, struct sequence_news *ret, struct buffer *text)
{
    size_t position = sequence->inbox ? queue_position(sequence->inbox, sequence) : SIZE_MAX;
    int r = 0;

    pthread_mutex_lock(&sequence->news->mutex);
    *ret = sequence->state;
    ret->queue_position = position == SIZE_MAX ? 0 : position + 1;
    if (text && sequence->text.size) {
        r = buffer_append(text, sequence->text.bytes, sequence->text.size);
        if (r == 0)
            buffer_clear(&sequence->text);
    }
    pthread_mutex_unlock(&sequence->news->mutex);
    return r;
}

void *sequence_owner(const struct sequence *sequence)
{
    return sequence->owner;
}

const int32_t *sequence_prompt_ids(const struct sequence *sequence, size_t *ret_n)
{
    *ret_n = sequence->n_prompt_ids;
    return sequence->prompt_ids;
}

const int32_t *sequence_new_ids(const struct sequence *sequence, size_t *ret_n)
{
    *ret_n = sequence->n_new_ids;
    return sequence->new_ids;
}

const struct token_probability *sequence_probabilities(const struct sequence *sequence, size_t *ret_n_likeliest)
{
    *ret_n_likeliest = sequence->n_likeliest;
    return sequence->probabilities;
}

const float *sequence_embeddings(const struct sequence *sequence, size_t i, const struct digest **ret_digest)
{
    *ret_digest = &sequence->media[i].digest;
    return sequence->media[i].embeddings;
}

const struct choice_likelihood *sequence_choice(const struct sequence *sequence, size_t i)
{
    return i < sequence->n_choices && sequence->n_new_ids ? &sequence->choices[i].likelihood : NULL;
}

/* ---- statistics and stages ---- */

void onellm_statistics(struct onellm *onellm, struct onellm_statistics *ret)
{
    struct engine *engine = &onellm->engine;

    *ret = (struct onellm_statistics){
        .heartbeat_ns = atomic_load(&engine->heartbeat_ns),
        .busy = atomic_load(&engine->busy),
        .n_waiting = queue_size(engine->inbox),
        .n_served = atomic_load(&engine->n_held_slots),
        .kv_positions = atomic_load(&engine->n_held_pages) * KV_PAGE,
        .n_finished = atomic_load(&engine->n_finished),
        .n_cancelled = atomic_load(&engine->n_cancelled),
        .n_new_tokens = atomic_load(&engine->n_new_tokens),
        .n_computed = atomic_load(&engine->n_computed),
        .n_recalled = atomic_load(&engine->n_recalled),
        .media_cache_bytes = media_cache_size(engine->media_cache),
        .n_drafted = atomic_load(&engine->n_drafted),
        .n_accepted = atomic_load(&engine->n_accepted),
        .n_preempted = atomic_load(&engine->n_preempted),
        .seconds_per_request = (double)atomic_load(&engine->ns_per_request) * 1e-9,
    };
}

static int encode_tokens(struct onellm *onellm, const struct input_tensor *input, float *ret)
{
    const struct hparams *h = &onellm->model->hparams;
    float *scratch = calloc(tokenizer_scratch(onellm->model), sizeof(*scratch));
    int r = scratch ? 0 : -ENOMEM;

    for (size_t item = 0; item < (size_t)input->n_items && r == 0; item++)
        r = tokenizer_run(onellm->model, &onellm->engine.item_compute, input, item, scratch,
                          ret + item * h->n_tokens[input->modality] * h->encoder.width);
    free(scratch);
    return r;
}

int onellm_encode(struct onellm *onellm, const struct input_tensor *input, enum encode_stage stage, float **ret,
                  size_t ret_shape[2], struct error *error)
{
    const struct hparams *h = &onellm->model->hparams;
    struct engine *engine = &onellm->engine;
    size_t rows, columns = stage == ENCODE_EMBEDDINGS ? h->decoder.width : h->encoder.width;
    float *data;
    int r;

    if (!h->has[input->modality])
        return error_set(error, -EINVAL, "this model does not know the modality %s",
                         modality_info(input->modality)->name);
    rows = stage == ENCODE_TOKENS     ? (size_t)input->n_items * h->n_tokens[input->modality]
           : stage == ENCODE_FEATURES ? 1 + h->n_tokens[input->modality]
                                      : h->n_modality_tokens;
    data = calloc(rows * columns, sizeof(*data));
    if (!data)
        return error_set(error, -ENOMEM, "no memory for the result");
    r = stage == ENCODE_TOKENS ? encode_tokens(onellm, input, data) : engine_encode(engine, input);
    if (r < 0) {
        free(data);
        return error_set(error, r, "no memory to encode");
    }
    if (stage != ENCODE_TOKENS)
        memcpy(data,
               stage == ENCODE_FEATURES  ? encoder_features(engine->encoder)
               : stage == ENCODE_EXPERTS ? projection_experts(engine->projection)
                                         : projection_embeddings(engine->projection),
               rows * columns * sizeof(*data));
    *ret = data;
    ret_shape[0] = rows;
    ret_shape[1] = columns;
    return 0;
}
