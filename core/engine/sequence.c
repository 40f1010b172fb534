/* The way of a token: id -> its text, never half a character (bpe_stream) -> held back while it may become a stop
   string (stop_watch) -> white space at both ends of the answer left out, as the official evaluation strips it ->
   `text`. */
#include "core/engine/sequence.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/engine/news.h"
#include "core/model/model.h"
#include "core/text/vocabulary.h"

#define TEXT_BYTES_MAX ((size_t)64 << 20)

/* ret: the ids of the text, to be copied behind the head. */
static int encode_prompt(struct sequence *sequence, const struct model *model, const struct onellm_request *request,
                         int32_t **ret, struct error *error)
{
    const struct vocabulary_settings *settings = vocabulary_settings(model->vocabulary);
    struct buffer prompt;
    size_t n;
    int r;

    if (request->n_messages == 0)
        return 0;
    buffer_init(&prompt, TEXT_BYTES_MAX);
    r = conversation_prompt(request->system, request->messages, request->n_messages, &prompt, error);
    if (r == 0)
        r = bpe_encode(model->vocabulary, prompt.bytes, prompt.size, &sequence->arena, ret, &n, error);
    buffer_deinit(&prompt);
    if (r < 0)
        return error_set(error, r, "no memory for the prompt");
    sequence->n_head_ids = settings->bos_id >= 0;
    sequence->n_prompt_ids = sequence->n_head_ids + n;
    return 0;
}

/* The ids that follow those of the prompt when this text is the answer. */
static int encode_choice(struct sequence *sequence, const struct model *model, const char *text,
                         struct sequence_choice *ret, struct error *error)
{
    _cleanup_(buffer_deinit) struct buffer answer;
    int32_t *opening, *ids;
    size_t begin, n_opening, n;
    int r;

    buffer_init(&answer, TEXT_BYTES_MAX);
    r = conversation_answer(text, strlen(text), &answer, &begin);
    if (r == 0)
        r = bpe_encode(model->vocabulary, answer.bytes, begin, &sequence->arena, &opening, &n_opening, error);
    if (r == 0)
        r = bpe_encode(model->vocabulary, answer.bytes, answer.size, &sequence->arena, &ids, &n, error);
    ret->text = arena_copy_text(&sequence->arena, text, strlen(text));
    if (r < 0 || !ret->text)
        return error_set(error, r < 0 ? r : -ENOMEM, "no memory for the choices");
    if (n <= n_opening || memcmp(ids, opening, n_opening * sizeof(*ids)) != 0)
        return error_set(error, -EINVAL, "the vocabulary of this model joins the end of a prompt with what follows it");
    ret->ids = ids + n_opening;
    ret->n = n - n_opening;
    return 0;
}

static int encode_choices(struct sequence *sequence, const struct model *model, const struct onellm_request *request,
                          struct error *error)
{
    int r = 0;

    if (!request->n_choices)
        return 0;
    sequence->choices = arena_new(&sequence->arena, struct sequence_choice, request->n_choices);
    if (!sequence->choices)
        return error_set(error, -ENOMEM, "no memory for the choices");
    sequence->n_choices = request->n_choices;
    sequence->tokens_max = 0; /* of the longest choice */
    for (size_t i = 0; i < request->n_choices && r == 0; i++) {
        r = encode_choice(sequence, model, request->choices[i], &sequence->choices[i], error);
        sequence->tokens_max = MAX(sequence->tokens_max, sequence->choices[i].n);
    }
    return r;
}

static int count_positions(struct sequence *sequence, const struct model *model, const struct onellm_request *request,
                           size_t context, struct error *error)
{
    size_t n_media_rows;

    if (request->n_messages == 0) {
        sequence->tokens_max = 0;
        return 0;
    }
    sequence->medium_rows = model->hparams.n_modality_tokens + 2;
    n_media_rows = request->n_media * sequence->medium_rows;
    sequence->n_positions = sequence->n_prompt_ids + n_media_rows;
    if (sequence->n_positions >= context)
        return error_set(error, -E2BIG,
                         "the question takes %zu positions (text %zu, media %zu); the context holds %zu, one of them "
                         "for the answer",
                         sequence->n_positions, sequence->n_prompt_ids, n_media_rows, context);
    if (sequence->n_choices && sequence->tokens_max > context - sequence->n_positions)
        return error_set(error, -E2BIG,
                         "the question takes %zu positions and its longest choice %zu; the context holds %zu",
                         sequence->n_positions, sequence->tokens_max, context);
    sequence->tokens_max = MIN(sequence->tokens_max, context - sequence->n_positions);
    sequence->state.n_prompt_tokens = sequence->n_positions;
    sequence->state.n_media_tokens = n_media_rows;
    return 0;
}

static struct digest digest_of(const struct input_tensor *input, size_t n)
{
    struct digest_state state;
    uint64_t form[2 + ARRAY_SIZE(input->shape)] = {(uint64_t)input->modality, (uint64_t)input->n_dims};

    for (int i = 0; i < input->n_dims; i++)
        form[2 + i] = input->shape[i];
    digest_begin(&state);
    digest_add(&state, form, sizeof(form));
    digest_add(&state, input->data, n * sizeof(float));
    return digest_end(&state);
}

static int copy_input(struct sequence *sequence, const struct input_tensor *input, struct sequence_medium *medium)
{
    const size_t n = input_tensor_size(input);

    medium->input = *input;
    medium->input.data = arena_new(&sequence->arena, float, n);
    if (!medium->input.data)
        return -ENOMEM;
    memcpy(medium->input.data, input->data, n * sizeof(float));
    medium->digest = digest_of(input, n);
    return 0;
}

static int copy_medium(struct sequence *sequence, const struct hparams *h, const struct onellm_medium *given,
                       struct error *error)
{
    struct sequence_medium *medium = &sequence->media[sequence->n_media++];
    size_t n = h->n_modality_tokens * h->decoder.width;

    if (!h->has[given->modality])
        return error_set(error, -EINVAL, "this model does not know the modality %s",
                         modality_info(given->modality)->name);
    medium->embeddings = arena_new(&sequence->arena, float, n);
    if (!medium->embeddings || (given->input && copy_input(sequence, given->input, medium) < 0))
        return error_set(error, -ENOMEM, "no memory for the input tensor");
    if (given->input)
        return 0;
    medium->input.modality = given->modality;
    medium->digest = *given->digest;
    memcpy(medium->embeddings, given->embeddings, n * sizeof(float));
    medium->encoded = true;
    return 0;
}

static int copy_stops(struct sequence *sequence, const struct onellm_request *request, struct error *error)
{
    const char *strings[STOP_STRINGS_MAX] = {CONVERSATION_STOP};

    if (request->n_stops >= STOP_STRINGS_MAX)
        return error_set(error, -EINVAL, "at most %d stop strings are possible, found %zu", STOP_STRINGS_MAX - 1,
                         request->n_stops);
    for (size_t i = 0; i < request->n_stops; i++) {
        strings[i + 1] = arena_copy_text(&sequence->arena, request->stops[i], strlen(request->stops[i]));
        if (!strings[i + 1])
            return error_set(error, -ENOMEM, "no memory for the stop strings");
    }
    return stop_watch_init(&sequence->stops, strings, request->n_stops + 1, error);
}

static int allocate_ids(struct sequence *sequence)
{
    sequence->prompt_ids = arena_new(&sequence->arena, int32_t, sequence->n_prompt_ids + sequence->tokens_max + 1);
    if (!sequence->prompt_ids)
        return -ENOMEM;
    sequence->new_ids = sequence->prompt_ids + sequence->n_prompt_ids;
    return 0;
}

static int allocate_probabilities(struct sequence *sequence, bool wanted, size_t n_likeliest, size_t n_vocab)
{
    if (!wanted)
        return 0;
    sequence->n_likeliest = MIN(n_likeliest, n_vocab);
    sequence->probabilities = arena_alloc(&sequence->arena, (sequence->tokens_max + 1) * (1 + sequence->n_likeliest),
                                          sizeof(*sequence->probabilities));
    sequence->model_logits = arena_new(&sequence->arena, float, n_vocab);
    return sequence->probabilities && sequence->model_logits ? 0 : -ENOMEM;
}

/* For the penalties. */
static void see_prompt(struct sequence *sequence)
{
    for (size_t i = 0; i < sequence->n_prompt_ids; i++)
        sampler_see(&sequence->sampler, sequence->prompt_ids[i]);
}

static int fill(struct sequence *sequence, const struct model *model, const struct onellm_request *request,
                size_t context, struct error *error)
{
    size_t n_vocab = model->hparams.n_vocab;
    int32_t *text = NULL;
    int r = encode_prompt(sequence, model, request, &text, error);

    sequence->tokens_max = request->tokens_max;
    if (r == 0)
        r = encode_choices(sequence, model, request, error);
    if (r == 0)
        r = count_positions(sequence, model, request, context, error);
    if (r < 0)
        return r;
    sequence->media = arena_new(&sequence->arena, struct sequence_medium, request->n_media);
    if (!sequence->media || allocate_ids(sequence) < 0 ||
        allocate_probabilities(sequence, request->logprobs && !request->n_choices, request->n_likeliest, n_vocab) < 0 ||
        sampler_init(&sequence->sampler, &request->sampling, n_vocab, &sequence->arena) < 0)
        return error_set(error, -ENOMEM, "no memory for the request");
    if (sequence->n_head_ids)
        sequence->prompt_ids[0] = vocabulary_settings(model->vocabulary)->bos_id;
    if (text)
        memcpy(sequence->prompt_ids + sequence->n_head_ids, text,
               (sequence->n_prompt_ids - sequence->n_head_ids) * sizeof(*text));
    see_prompt(sequence);
    for (size_t i = 0; i < request->n_media && r == 0; i++)
        r = copy_medium(sequence, &model->hparams, &request->media[i], error);
    if (r == 0)
        r = copy_stops(sequence, request, error);
    bpe_stream_init(&sequence->stream, model->vocabulary);
    return r;
}

static struct sequence *new_sequence(struct news *news, void *owner, uint64_t deadline_ns)
{
    struct sequence *sequence = calloc(1, sizeof(*sequence));

    if (!sequence)
        return NULL;
    sequence->news = news;
    sequence->owner = owner;
    sequence->deadline_ns = deadline_ns;
    sequence->n_holders = 1;
    buffer_init(&sequence->piece, TEXT_BYTES_MAX);
    buffer_init(&sequence->shown, TEXT_BYTES_MAX);
    buffer_init(&sequence->blanks, TEXT_BYTES_MAX);
    buffer_init(&sequence->text, TEXT_BYTES_MAX);
    return sequence;
}

int sequence_new(const struct model *model, const struct onellm_request *request, size_t context, struct news *news,
                 struct sequence **ret, struct error *error)
{
    struct sequence *sequence = new_sequence(news, request->owner, request->deadline_ns);
    int r;

    if (!sequence)
        return error_set(error, -ENOMEM, "no memory for the request");
    r = fill(sequence, model, request, context, error);
    if (r < 0) {
        sequence_drop(sequence);
        return r;
    }
    *ret = sequence;
    return 0;
}

static uint64_t seed_of(uint64_t seed, uint64_t number)
{
    struct random random;
    uint64_t high, low;

    random_init(&random, seed, number);
    high = random_u32(&random);
    low = random_u32(&random);
    return high << 32 | low;
}

static int copy(struct sequence *sequence, const struct sequence *original, uint64_t number)
{
    const struct stop_watch *stops = &original->stops;
    struct sampling sampling = original->sampler.sampling;
    size_t n_vocab = original->sampler.n_vocab;

    sampling.seed = seed_of(sampling.seed, number);
    sequence->n_prompt_ids = original->n_prompt_ids;
    sequence->n_head_ids = original->n_head_ids;
    sequence->media = original->media;
    sequence->n_media = original->n_media;
    sequence->medium_rows = original->medium_rows;
    sequence->n_positions = original->n_positions;
    sequence->tokens_max = original->tokens_max;
    sequence->stream = original->stream;
    sequence->state = original->state;
    if (allocate_ids(sequence) < 0 ||
        allocate_probabilities(sequence, original->probabilities, original->n_likeliest, n_vocab) < 0 ||
        sampler_init(&sequence->sampler, &sampling, n_vocab, &sequence->arena) < 0 ||
        stop_watch_init(&sequence->stops, stops->strings, stops->n_strings, NULL) < 0)
        return -ENOMEM;
    memcpy(sequence->prompt_ids, original->prompt_ids, original->n_prompt_ids * sizeof(*original->prompt_ids));
    see_prompt(sequence);
    return 0;
}

int sequence_fork(struct sequence *original, uint64_t number, struct sequence **ret, struct error *error)
{
    struct sequence *sequence = new_sequence(original->news, original->owner, original->deadline_ns);

    if (sequence) {
        sequence->original = original;
        sequence_hold(original);
    }
    if (!sequence || copy(sequence, original, number) < 0) {
        sequence_drop(sequence);
        return error_set(error, -ENOMEM, "no memory for another answer");
    }
    *ret = sequence;
    return 0;
}

void sequence_hold(struct sequence *sequence)
{
    atomic_fetch_add(&sequence->n_holders, 1);
}

void sequence_drop(struct sequence *sequence)
{
    if (!sequence || atomic_fetch_sub(&sequence->n_holders, 1) > 1)
        return;
    sequence_drop(sequence->original);
    stop_watch_deinit(&sequence->stops);
    buffer_deinit(&sequence->piece);
    buffer_deinit(&sequence->shown);
    buffer_deinit(&sequence->blanks);
    buffer_deinit(&sequence->text);
    arena_deinit(&sequence->arena);
    free(sequence);
}

size_t sequence_n_encoded(const struct sequence *sequence)
{
    size_t n = 0;

    while (n < sequence->n_media && sequence->media[n].encoded)
        n++;
    return n;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Moves `shown` to `text`: without leading white space, and with trailing white space kept back in `blanks`. */
static int deliver(struct sequence *sequence)
{
    const char *bytes = sequence->shown.bytes;
    size_t begin = 0, end = sequence->shown.size;
    int r = 0;

    while (!sequence->begun && begin < end && is_blank(bytes[begin]))
        begin++;
    while (end > begin && is_blank(bytes[end - 1]))
        end--;
    if (end > begin) {
        sequence->begun = true;
        pthread_mutex_lock(&sequence->news->mutex);
        r = buffer_append(&sequence->text, sequence->blanks.bytes, sequence->blanks.size);
        if (r == 0)
            r = buffer_append(&sequence->text, bytes + begin, end - begin);
        pthread_mutex_unlock(&sequence->news->mutex);
        buffer_clear(&sequence->blanks);
    }
    if (r == 0 && sequence->begun)
        r = buffer_append(&sequence->blanks, bytes + end, sequence->shown.size - end);
    buffer_clear(&sequence->shown);
    return r;
}

int sequence_push(struct sequence *sequence, int32_t id)
{
    int r = bpe_stream_push(&sequence->stream, id, &sequence->piece);

    sampler_see_answer(&sequence->sampler, id);
    if (r == 0)
        r = stop_watch_push(&sequence->stops, sequence->piece.bytes, sequence->piece.size, &sequence->shown);
    buffer_clear(&sequence->piece);
    if (r == 0)
        r = deliver(sequence);
    return r == 0 && sequence->stops.stopped ? SEQUENCE_STOPPED : r;
}

void sequence_score(struct sequence *sequence, const struct sequence_choice *choice, size_t i, const float *logits)
{
    double log_sum = sampler_log_sum(logits, sequence->sampler.n_vocab);

    for (size_t c = 0; c < sequence->n_choices; c++) {
        struct sequence_choice *scored = &sequence->choices[c];

        if ((choice && choice != scored) || i != scored->n_scored)
            continue;
        scored->likelihood.logprob += (double)logits[scored->ids[i]] - log_sum;
        scored->n_scored++;
    }
}

int sequence_choose(struct sequence *sequence)
{
    const struct sequence_choice *best = sequence->choices;
    double sum = 0;
    int r;

    for (size_t c = 0; c < sequence->n_choices; c++) {
        const struct sequence_choice *choice = &sequence->choices[c];

        if (!isfinite(choice->likelihood.logprob))
            return -EDOM;
        best = choice->likelihood.logprob > best->likelihood.logprob ? choice : best;
    }
    for (size_t c = 0; c < sequence->n_choices; c++)
        sum += exp(sequence->choices[c].likelihood.logprob - best->likelihood.logprob);
    for (size_t c = 0; c < sequence->n_choices; c++) {
        struct choice_likelihood *likelihood = &sequence->choices[c].likelihood;

        likelihood->probability = exp(likelihood->logprob - best->likelihood.logprob) / sum;
    }
    pthread_mutex_lock(&sequence->news->mutex);
    r = buffer_append_text(&sequence->text, best->text);
    pthread_mutex_unlock(&sequence->news->mutex);
    if (r < 0)
        return r;
    memcpy(sequence->new_ids, best->ids, best->n * sizeof(*best->ids));
    sequence->n_new_ids = best->n;
    return 0;
}

/* A failure here has nowhere to go but the end that is being reported anyway. */
static void deliver_rest(struct sequence *sequence)
{
    bpe_stream_finish(&sequence->stream, &sequence->piece);
    stop_watch_push(&sequence->stops, sequence->piece.bytes, sequence->piece.size, &sequence->shown);
    stop_watch_finish(&sequence->stops, &sequence->shown);
    deliver(sequence);
}

void sequence_report(struct sequence *sequence, const struct sequence_news *state)
{
    if (state->finish != FINISH_NONE)
        deliver_rest(sequence);
    pthread_mutex_lock(&sequence->news->mutex);
    sequence->state = *state;
    if (!sequence->released)
        news_add(sequence->news, sequence);
    pthread_mutex_unlock(&sequence->news->mutex);
}

void sequence_end_queued(struct sequence *sequence, enum finish finish)
{
    struct sequence_news state = sequence->state;

    state.stage = STAGE_FINISHED;
    state.finish = finish;
    state.queue_ms = clock_ms() - sequence->queued_at_ms;
    sequence_report(sequence, &state);
    sequence_drop(sequence);
}
