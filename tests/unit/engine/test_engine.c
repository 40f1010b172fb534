/* The engine through its face, onellm.h, on a small model with random weights. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/model/hparams.h"
#include "core/onellm.h"
#include "tests/unit/tiny_model.h"

#define QUEUE_MAX 3

static struct onellm *open_with(struct onellm_options options)
{
    struct error error = ERROR_NONE;
    struct onellm *onellm;

    if (onellm_open(&options, &onellm, &error) < 0)
        fail_msg("%s", error.message);
    return onellm;
}

/* One sequence at a time. */
static struct onellm *open_engine(int n_threads)
{
    return open_with((struct onellm_options){
        .model_path = tiny_model(), .n_threads = n_threads, .n_sequences = 1, .queue_max = QUEUE_MAX});
}

static const struct message question = {ROLE_HUMAN, "What is this?", 13};

static struct onellm_request greedy(size_t tokens_max)
{
    return (struct onellm_request){
        .messages = &question,
        .n_messages = 1,
        .sampling = {.top_p = 1, .repetition_penalty = 1},
        .tokens_max = tokens_max,
    };
}

static struct sequence *prepare(struct onellm *onellm, const struct onellm_request *request)
{
    struct error error = ERROR_NONE;
    struct sequence *sequence;

    if (onellm_prepare(onellm, request, &sequence, &error) < 0)
        fail_msg("%s", error.message);
    return sequence;
}

/* Waits for the end of one sequence; its text goes to *text. */
static struct sequence_news finish(struct onellm *onellm, struct sequence *sequence, struct buffer *text)
{
    struct sequence_news news;

    for (;;) {
        assert_int_equal(onellm_take(sequence, &news, text), 0);
        if (news.finish != FINISH_NONE)
            return news;
        assert_true(onellm_wait(onellm, 60000));
        onellm_next(onellm);
    }
}

static void answers(void **state)
{
    struct onellm *onellm = open_engine(2);
    struct onellm_request request = greedy(10);
    struct sequence *sequence = prepare(onellm, &request);
    struct sequence_news news;
    struct buffer text;
    size_t n_prompt, n_new;

    (void)state;
    buffer_init(&text, 10000);
    assert_int_equal(onellm_submit(onellm, sequence), 0);
    news = finish(onellm, sequence, &text);
    assert_true(news.finish == FINISH_LENGTH || news.finish == FINISH_STOP);
    assert_int_equal(news.stage, STAGE_FINISHED);
    sequence_prompt_ids(sequence, &n_prompt);
    sequence_new_ids(sequence, &n_new);
    assert_int_equal(news.n_prompt_tokens, n_prompt);
    assert_int_equal(news.n_media_tokens, 0);
    assert_true(n_new == news.n_new_tokens || n_new == news.n_new_tokens + 1);
    assert_true(news.prefill_ms > 0 && news.generate_ms > 0);
    onellm_release(sequence);
    buffer_deinit(&text);
    onellm_close(onellm);
}

/* One medium of every modality, filled with numbers; what it shows does not matter here. */
static float *input_data;
static void make_input(const struct hparams *h, enum modality modality, struct input_tensor *ret)
{
    const struct input_sizes *s = &h->input;
    const struct {
        int n_items, n_dims;
        size_t shape[4];
    } forms[N_MODALITIES] = {
        [MODALITY_IMAGE] = {1, 3, {3, s->image_size, s->image_size}},
        [MODALITY_VIDEO] = {(int)(s->video_clips * s->video_crops),
                            4,
                            {s->video_clips * s->video_crops, 3, s->image_size, s->image_size}},
        [MODALITY_AUDIO] = {1, 3, {1, s->audio_mel_bins, s->audio_frames}},
        [MODALITY_POINT] = {1, 2, {s->point_min + 7, 6}},
        [MODALITY_DEPTH] = {2, 4, {2, 3, s->image_size, s->image_size}},
        [MODALITY_NORMAL] = {2, 4, {2, 3, s->image_size, s->image_size}},
        [MODALITY_IMU] = {1, 2, {6, s->imu_samples}},
        [MODALITY_FMRI] = {1, 2, {1, s->fmri_voxels}},
    };
    size_t n = 1;

    *ret = (struct input_tensor){
        .modality = modality, .n_items = forms[modality].n_items, .n_dims = forms[modality].n_dims};
    memcpy(ret->shape, forms[modality].shape, sizeof(ret->shape));
    for (int i = 0; i < ret->n_dims; i++)
        n *= ret->shape[i];
    input_data = realloc(input_data, n * sizeof(*input_data));
    for (size_t i = 0; i < n; i++)
        input_data[i] = (float)(i * 2654435761u % 1000) / 500 - 1;
    ret->data = input_data;
}

static void answers_about_every_modality(void **state)
{
    struct onellm *onellm = open_engine(2);
    const struct hparams *h = onellm_info(onellm)->hparams;

    (void)state;
    for (int m = 0; m < N_MODALITIES; m++) {
        struct onellm_request request = greedy(3);
        struct input_tensor input;
        const struct onellm_medium media[] = {{(enum modality)m, &input}, {(enum modality)m, &input}};
        struct sequence *sequence;
        struct sequence_news news;

        make_input(h, (enum modality)m, &input);
        request.media = media;
        request.n_media = 2;
        sequence = prepare(onellm, &request);
        assert_int_equal(onellm_submit(onellm, sequence), 0);
        news = finish(onellm, sequence, NULL);
        assert_true(news.finish == FINISH_LENGTH || news.finish == FINISH_STOP);
        assert_int_equal(news.n_media_tokens, 2 * (h->n_modality_tokens + 2));
        assert_true(news.encode_ms > 0);
        onellm_release(sequence);
    }
    free(input_data);
    input_data = NULL;
    onellm_close(onellm);
}

/* The weights of every modality token sum to one over the experts. */
static void routing_sums_to_one(void **state)
{
    struct onellm *onellm = open_engine(1);
    const struct hparams *h = onellm_info(onellm)->hparams;

    (void)state;
    for (int m = 0; m < N_MODALITIES; m++) {
        const float *routing = onellm_routing(onellm, (enum modality)m);

        for (size_t i = 0; i < h->n_modality_tokens; i++) {
            float sum = 0;

            for (size_t k = 0; k < h->n_experts; k++)
                sum += routing[i * h->n_experts + k];
            assert_true(sum > 0.99999f && sum < 1.00001f);
        }
    }
    onellm_close(onellm);
}

/* Two runs, another number of threads: the same tokens. */
static void same_request_same_tokens(void **state)
{
    int32_t first[40];
    size_t n_first = 0;

    (void)state;
    for (int run = 0; run < 4; run++) {
        struct onellm *onellm = open_engine(run + 1);
        struct onellm_request request = greedy(40);
        struct sequence *sequence;
        const int32_t *ids;
        size_t n;

        request.sampling.temperature = 1;
        request.sampling.seed = 99;
        sequence = prepare(onellm, &request);
        onellm_submit(onellm, sequence);
        finish(onellm, sequence, NULL);
        ids = sequence_new_ids(sequence, &n);
        if (run == 0) {
            n_first = n;
            memcpy(first, ids, n * sizeof(*ids));
        }
        assert_int_equal(n, n_first);
        assert_memory_equal(ids, first, n * sizeof(*ids));
        onellm_release(sequence);
        onellm_close(onellm);
    }
}

/* ---- many at once ---- */

#define N_TOGETHER 8
#define N_NEW 24
#define N_CHOICES 3

struct result {
    int32_t ids[N_NEW + 1];
    size_t n;
    struct choice_likelihood choices[N_CHOICES];
};

/* Number i: another prompt, other sampling, media of another modality or none, sometimes choices. */
static struct sequence *prepare_one_of_many(struct onellm *onellm, size_t i)
{
    static const char text[] = "What is this? And what was that, before all the others came along and asked again?";
    struct message message = {ROLE_HUMAN, text, 13 + i * 9};
    struct onellm_request request = greedy(N_NEW);
    struct input_tensor input;
    const enum modality modality = i % 3 == 1 ? MODALITY_IMU : MODALITY_FMRI;
    const struct onellm_medium media[] = {{modality, &input}, {modality, &input}};
    static const char *const choices[N_CHOICES] = {"a circle", "a lamp or two", "no"};
    struct sequence *sequence;

    request.messages = &message;
    request.choices = choices;
    request.n_choices = i % 4 == 3 ? N_CHOICES : 0;
    request.sampling.temperature = i % 2 ? 1 : 0;
    request.sampling.seed = i;
    if (i % 3) {
        make_input(onellm_info(onellm)->hparams, modality, &input);
        request.media = media;
        request.n_media = i % 3;
    }
    sequence = prepare(onellm, &request);
    free(input_data);
    input_data = NULL;
    return sequence;
}

static struct sequence *submitted(struct onellm *onellm, struct sequence *sequence)
{
    assert_int_equal(onellm_submit(onellm, sequence), 0);
    return sequence;
}

static void take_result(struct onellm *onellm, struct sequence *sequence, struct result *ret)
{
    struct sequence_news news = finish(onellm, sequence, NULL);
    const int32_t *ids = sequence_new_ids(sequence, &ret->n);

    assert_true(news.finish == FINISH_LENGTH || news.finish == FINISH_STOP);
    memcpy(ret->ids, ids, ret->n * sizeof(*ids));
    memset(ret->choices, 0, sizeof(ret->choices));
    for (size_t i = 0; i < N_CHOICES && sequence_choice(sequence, i); i++)
        ret->choices[i] = *sequence_choice(sequence, i);
    onellm_release(sequence);
}

static void assert_same(const struct result *found, const struct result *expected)
{
    assert_int_equal(found->n, expected->n);
    assert_memory_equal(found->ids, expected->ids, expected->n * sizeof(*expected->ids));
    assert_memory_equal(found->choices, expected->choices, sizeof(expected->choices));
}

/* What is generated does not depend on who shares the passes, nor on the threads, nor on having been sent to the end of
 * the line when pages were short. */
static void neighbours_change_nothing(void **state)
{
    static const struct onellm_options variants[] = {
        {.n_threads = 1, .n_sequences = 8, .media_cache_bytes = 1 << 20},
        {.n_threads = 3, .n_sequences = 3},
        {.n_threads = 2, .n_sequences = 8, .context = 320, .kv_positions = 320}, /* for two of them, or so */
        {.n_threads = 2, .n_sequences = 4, .n_drafts = 12},
        {.n_threads = 2, .n_sequences = 8, .n_drafts = 3, .context = 320, .kv_positions = 320},
    };
    struct result alone[N_TOGETHER], found;
    struct onellm *onellm = open_engine(2);

    (void)state;
    for (size_t i = 0; i < N_TOGETHER; i++) {
        struct sequence *sequence = prepare_one_of_many(onellm, i);

        assert_int_equal(onellm_submit(onellm, sequence), 0);
        take_result(onellm, sequence, &alone[i]);
    }
    onellm_close(onellm);
    for (size_t v = 0; v < ARRAY_SIZE(variants); v++) {
        struct onellm_options options = variants[v];
        struct onellm_statistics statistics;
        struct sequence *sequences[N_TOGETHER];

        options.model_path = tiny_model();
        onellm = open_with(options);
        for (size_t i = 0; i < N_TOGETHER; i++) {
            sequences[i] = prepare_one_of_many(onellm, i);
            assert_int_equal(onellm_submit(onellm, sequences[i]), 0);
        }
        for (size_t i = 0; i < N_TOGETHER; i++) {
            take_result(onellm, sequences[i], &found);
            assert_same(&found, &alone[i]);
        }
        onellm_statistics(onellm, &statistics);
        assert_int_equal(statistics.n_preempted > 0, options.kv_positions > 0);
        onellm_close(onellm);
    }
}

/* Answers of random weights soon go round in circles. How far they are drafted depends on how long passes take; what
 * they are does not. */
static void drafts_change_nothing(void **state)
{
    struct message message = {ROLE_HUMAN, "again and again and again and again and again", 45};
    struct onellm_request request = greedy(150);
    int32_t expected[151];
    size_t n_expected = 0;

    (void)state;
    request.messages = &message;
    for (size_t n_drafts = 0; n_drafts <= 64; n_drafts = n_drafts ? 4 * n_drafts : 1) {
        struct onellm *onellm = open_with((struct onellm_options){
            .model_path = tiny_model(), .n_threads = 2, .n_sequences = 1, .n_drafts = n_drafts});
        struct onellm_statistics statistics;

        onellm_statistics(onellm, &statistics);
        /* At first, costs are not known; on a busy machine, passes may seem too cheap to be saved for a while. */
        for (int run = 0; run < 2 || (n_drafts && !statistics.n_accepted && run < 1000); run++) {
            struct sequence *sequence = submitted(onellm, prepare(onellm, &request));
            const int32_t *ids;
            size_t n;

            finish(onellm, sequence, NULL);
            ids = sequence_new_ids(sequence, &n);
            if (n_drafts == 0) {
                n_expected = n;
                memcpy(expected, ids, n * sizeof(*ids));
            }
            assert_int_equal(n, n_expected);
            assert_memory_equal(ids, expected, n * sizeof(*ids));
            onellm_release(sequence);
            onellm_statistics(onellm, &statistics);
            assert_true(statistics.n_accepted <= statistics.n_drafted);
        }
        assert_int_equal(statistics.n_accepted > 0, n_drafts > 0);
        onellm_close(onellm);
    }
}

/* Some are cancelled or released in the middle; the others do not notice. */
static void others_go_on(void **state)
{
    struct onellm *onellm = open_with((struct onellm_options){.model_path = tiny_model(), .n_threads = 2});
    struct sequence *sequences[N_TOGETHER];
    struct result first[N_TOGETHER], found;
    struct onellm_statistics statistics;

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < N_TOGETHER; i++) {
            sequences[i] = prepare_one_of_many(onellm, i);
            assert_int_equal(onellm_submit(onellm, sequences[i]), 0);
        }
        if (round == 1) {
            onellm_cancel(sequences[1]);
            assert_int_equal(finish(onellm, sequences[1], NULL).stage, STAGE_FINISHED);
            onellm_release(sequences[1]);
            onellm_release(sequences[4]);
        }
        for (size_t i = 0; i < N_TOGETHER; i++) {
            if (round == 1 && (i == 1 || i == 4))
                continue;
            take_result(onellm, sequences[i], round == 0 ? &first[i] : &found);
            if (round == 1)
                assert_same(&found, &first[i]);
        }
    }
    do
        onellm_statistics(onellm, &statistics);
    while (statistics.busy);
    assert_int_equal(statistics.n_waiting, 0);
    onellm_close(onellm);
}

/* What was encoded or computed before is not computed again, and changes nothing. */
static void what_is_known_is_not_computed_again(void **state)
{
    struct onellm *onellm = open_with((struct onellm_options){
        .model_path = tiny_model(), .n_threads = 2, .n_sequences = 2, .media_cache_bytes = 1 << 20});
    struct onellm_statistics statistics;
    struct result first, found;
    size_t n_cached = 0;

    (void)state;
    for (int run = 0; run < 3; run++) {
        struct sequence *sequence = prepare_one_of_many(onellm, 5); /* the same medium twice, a long prompt */
        struct sequence_news news;

        assert_int_equal(onellm_submit(onellm, sequence), 0);
        news = finish(onellm, sequence, NULL);
        assert_int_equal(news.n_cached_tokens > 0, run > 0);
        assert_int_equal(news.n_cached_tokens % 32, 0);
        assert_true(news.n_cached_tokens < news.n_prompt_tokens);
        n_cached = news.n_cached_tokens;
        take_result(onellm, sequence, run == 0 ? &first : &found);
        if (run > 0)
            assert_same(&found, &first);
        onellm_statistics(onellm, &statistics);
        assert_int_equal(statistics.n_recalled, 1 + 2 * run); /* of the first pair, the second one */
    }
    assert_true(n_cached >= 192);

    /* Another question about the same media shares less, another medium nothing. */
    take_result(onellm, submitted(onellm, prepare_one_of_many(onellm, 2)), &found);
    onellm_statistics(onellm, &statistics);
    assert_int_equal(statistics.n_recalled, 7);
    take_result(onellm, submitted(onellm, prepare_one_of_many(onellm, 1)), &found);
    onellm_statistics(onellm, &statistics);
    assert_int_equal(statistics.n_recalled, 7);
    onellm_close(onellm);
}

/* Waits until a sequence generates, or has done so. */
static void until_it_generates(struct onellm *onellm, struct sequence *sequence)
{
    struct sequence_news news;

    for (;;) {
        assert_int_equal(onellm_take(sequence, &news, NULL), 0);
        if (news.stage >= STAGE_GENERATING)
            return;
        assert_true(onellm_wait(onellm, 60000));
        onellm_next(onellm);
    }
}

/* Forks of number i with the numbers 1, 2, 1; then the results of all four. */
static void fork_and_take(struct onellm *onellm, size_t i, struct result ret[4])
{
    static const uint64_t numbers[] = {0, 1, 2, 1};
    struct sequence *sequences[4] = {prepare_one_of_many(onellm, i)};
    struct sequence_news news;

    for (size_t k = 1; k < 4; k++)
        assert_int_equal(onellm_fork(sequences[0], numbers[k], &sequences[k], NULL), 0);
    submitted(onellm, sequences[0]);
    until_it_generates(onellm, sequences[0]);
    for (size_t k = 1; k < 4; k++)
        submitted(onellm, sequences[k]);
    take_result(onellm, sequences[0], &ret[0]); /* released: the others hold its media */
    for (size_t k = 1; k < 4; k++) {
        news = finish(onellm, sequences[k], NULL);
        assert_true(news.n_cached_tokens + 32 >= news.n_prompt_tokens);
        assert_true(news.encode_ms == 0);
        take_result(onellm, sequences[k], &ret[k]);
    }
}

/* Without a cache of media: what forks share is their original's. */
static void forks_compute_no_prompt(void **state)
{
    struct onellm *onellm = open_with((struct onellm_options){.model_path = tiny_model(), .n_threads = 2});
    struct onellm_statistics statistics;
    struct result plain, results[4];
    size_t n_different = 0;

    (void)state;
    for (size_t i = 0; i < N_TOGETHER; i++) {
        fork_and_take(onellm, i, results);
        take_result(onellm, submitted(onellm, prepare_one_of_many(onellm, i)), &plain);
        assert_same(&results[0], &plain);
        assert_same(&results[3], &results[1]);
        for (size_t k = 1; k < 3; k++) {
            if (i % 2 == 0) /* greedy */
                assert_same(&results[k], &plain);
            else
                n_different += results[k].n != results[k - 1].n ||
                               memcmp(results[k].ids, results[k - 1].ids, results[k].n * sizeof(*plain.ids)) != 0;
        }
    }
    assert_true(n_different >= 4);
    onellm_statistics(onellm, &statistics);
    assert_int_equal(statistics.n_recalled, 0);
    onellm_close(onellm);
}

/* What was encoded for nobody's question answers like the input itself, alone and behind another medium. */
static void media_are_encoded_alone(void **state)
{
    struct onellm *onellm = open_engine(2);
    const struct hparams *h = onellm_info(onellm)->hparams;

    (void)state;
    for (int m = 0; m < N_MODALITIES; m++) {
        struct onellm_request encoding = {.n_media = 1}, request = greedy(6);
        struct input_tensor input;
        struct onellm_medium media[] = {{(enum modality)m, &input}, {(enum modality)m, &input}};
        struct sequence *kept, *sequence;
        struct sequence_news news;
        struct buffer texts[2];

        make_input(h, (enum modality)m, &input);
        encoding.media = media;
        kept = prepare(onellm, &encoding);
        assert_int_equal(onellm_submit(onellm, kept), 0);
        news = finish(onellm, kept, NULL);
        assert_int_equal(news.finish, FINISH_STOP);
        assert_int_equal(news.n_prompt_tokens + news.n_new_tokens, 0);
        request.media = media;
        request.n_media = 2;
        for (int i = 0; i < 2; i++) {
            buffer_init(&texts[i], 1 << 20);
            sequence = prepare(onellm, &request);
            assert_int_equal(onellm_submit(onellm, sequence), 0);
            assert_in_range(finish(onellm, sequence, &texts[i]).finish, FINISH_STOP, FINISH_LENGTH);
            onellm_release(sequence);
            media[1].input = NULL;
            media[1].embeddings = sequence_embeddings(kept, 0, &media[1].digest);
        }
        assert_string_equal(texts[0].bytes ? texts[0].bytes : "", texts[1].bytes ? texts[1].bytes : "");
        buffer_deinit(&texts[0]);
        buffer_deinit(&texts[1]);
        onellm_release(kept);
    }
    free(input_data);
    input_data = NULL;
    onellm_close(onellm);
}

static void nothing_is_not_encoded(void **state)
{
    struct onellm *onellm = open_engine(1);
    struct error error = ERROR_NONE;
    struct sequence *sequence;

    (void)state;
    assert_int_equal(onellm_prepare(onellm, &(struct onellm_request){0}, &sequence, &error), -EINVAL);
    onellm_close(onellm);
}

/* A sequence that keeps the engine busy for a while: eight films. */
static struct sequence *prepare_slow(struct onellm *onellm)
{
    struct onellm_request request = greedy(1);
    struct onellm_medium media[8];
    struct input_tensor input;
    struct sequence *sequence;

    make_input(onellm_info(onellm)->hparams, MODALITY_VIDEO, &input);
    for (size_t i = 0; i < ARRAY_SIZE(media); i++)
        media[i] = (struct onellm_medium){MODALITY_VIDEO, &input};
    request.media = media;
    request.n_media = ARRAY_SIZE(media);
    sequence = prepare(onellm, &request);
    free(input_data);
    input_data = NULL;
    return sequence;
}

/* One that takes long, more of them, and one too many; then each ends in exactly one way. */
static void queue_is_bounded_and_cancellable(void **state)
{
    struct onellm *onellm = open_engine(1);
    struct sequence *sequences[QUEUE_MAX + 2];
    struct sequence_news news;
    struct onellm_statistics statistics;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sequences); i++)
        sequences[i] = prepare_slow(onellm);
    assert_int_equal(onellm_submit(onellm, sequences[0]), 0);
    do
        onellm_take(sequences[0], &news, NULL);
    while (news.stage == STAGE_QUEUED);
    for (size_t i = 1; i <= QUEUE_MAX; i++)
        assert_int_equal(onellm_submit(onellm, sequences[i]), 0);
    assert_int_equal(onellm_submit(onellm, sequences[QUEUE_MAX + 1]), ONELLM_FULL);
    onellm_take(sequences[2], &news, NULL);
    if (news.stage == STAGE_QUEUED)
        assert_in_range(news.queue_position, 1, 2);

    onellm_cancel(sequences[2]);
    news = finish(onellm, sequences[2], NULL);
    assert_int_equal(news.finish, FINISH_CANCELLED);
    onellm_release(sequences[1]); /* queued or running, its owner is gone */
    onellm_cancel(sequences[0]);
    assert_int_equal(finish(onellm, sequences[0], NULL).finish, FINISH_CANCELLED);
    onellm_cancel(sequences[3]);
    assert_int_equal(finish(onellm, sequences[3], NULL).finish, FINISH_CANCELLED);
    for (size_t i = 0; i < ARRAY_SIZE(sequences); i++)
        if (i != 1)
            onellm_release(sequences[i]);
    do
        onellm_statistics(onellm, &statistics);
    while (statistics.busy);
    assert_int_equal(statistics.n_waiting, 0);
    onellm_close(onellm);
}

/* At a deadline the answer ends with what there is. */
static void deadline_keeps_what_was_generated(void **state)
{
    struct onellm *onellm = open_engine(1);
    struct onellm_request request = greedy(1800);
    struct sequence *sequence;
    struct sequence_news news;

    (void)state;
    request.deadline_ns = 1; /* long past */
    sequence = prepare(onellm, &request);
    onellm_submit(onellm, sequence);
    news = finish(onellm, sequence, NULL);
    assert_int_equal(news.finish, FINISH_TIMEOUT);
    assert_int_equal(news.n_new_tokens, 0);
    onellm_release(sequence);
    onellm_close(onellm);
}

/* Also while another sequence is being served. */
static void deadline_passes_in_the_queue(void **state)
{
    struct onellm *onellm = open_engine(1);
    struct onellm_request request = greedy(1800);
    struct sequence *first, *second;
    struct sequence_news news;

    (void)state;
    first = prepare_slow(onellm);
    request.deadline_ns = clock_ns() + 20000000;
    second = prepare(onellm, &request);
    onellm_submit(onellm, first);
    onellm_submit(onellm, second);
    assert_int_equal(finish(onellm, second, NULL).finish, FINISH_TIMEOUT);
    onellm_take(first, &news, NULL);
    assert_int_equal(news.finish, FINISH_NONE);
    onellm_release(first);
    onellm_release(second);
    onellm_close(onellm);
}

/* What comes in pieces is the whole text; a stop string of the request ends it and is not shown. */
static void stop_strings_are_not_shown(void **state)
{
    struct onellm *onellm = open_engine(2);
    struct onellm_request request = greedy(60);
    struct sequence *sequence = prepare(onellm, &request);
    struct buffer whole, part;
    char stop[4] = "";
    const char *stops[] = {stop};
    struct sequence_news news;

    (void)state;
    buffer_init(&whole, 10000);
    buffer_init(&part, 10000);
    onellm_submit(onellm, sequence);
    finish(onellm, sequence, &whole);
    onellm_release(sequence);
    assert_true(whole.size > 10);
    memcpy(stop, whole.bytes + 6, 2); /* two bytes out of the middle */

    request.stops = stops;
    request.n_stops = 1;
    sequence = prepare(onellm, &request);
    onellm_submit(onellm, sequence);
    news = finish(onellm, sequence, &part);
    assert_int_equal(news.finish, FINISH_STOP);
    assert_true(part.size <= 6);
    assert_memory_equal(part.bytes, whole.bytes, part.size);
    onellm_release(sequence);
    buffer_deinit(&whole);
    buffer_deinit(&part);
    onellm_close(onellm);
}

static void refuses_what_does_not_fit(void **state)
{
    struct onellm *onellm = open_engine(1);
    struct onellm_request request = greedy(1);
    struct error error = ERROR_NONE;
    struct sequence *sequence = NULL;
    const char *stops[STOP_STRINGS_MAX] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct message messages[2] = {question, question};
    char *text = malloc(100000);

    (void)state;
    for (size_t i = 0; i < 100000; i++)
        text[i] = (char)('a' + i % 26);
    messages[0] = (struct message){ROLE_HUMAN, text, 100000};
    request.messages = messages;
    assert_int_equal(onellm_prepare(onellm, &request, &sequence, &error), -E2BIG);
    assert_non_null(strstr(error.message, "the context holds"));

    error = ERROR_NONE;
    request = greedy(1);
    request.stops = stops;
    request.n_stops = STOP_STRINGS_MAX;
    assert_int_equal(onellm_prepare(onellm, &request, &sequence, &error), -EINVAL);
    assert_null(sequence);
    free(text);
    onellm_close(onellm);
}

static void opening_says_what_is_wrong(void **state)
{
    struct onellm_options options = {.model_path = "/nonexistent.gguf"};
    struct error error = ERROR_NONE;
    struct onellm *onellm = NULL;

    (void)state;
    assert_int_equal(onellm_open(&options, &onellm, &error), -ENOENT);
    assert_true(strlen(error.message) > 0);
    options = (struct onellm_options){.model_path = tiny_model(), .context = 1000000};
    error = ERROR_NONE;
    assert_int_equal(onellm_open(&options, &onellm, &error), -EINVAL);
    assert_non_null(strstr(error.message, "1000000"));
    assert_null(onellm);
    options = (struct onellm_options){.model_path = tiny_model(), .kv_type = KV_Q8_0}; /* its heads are smaller */
    error = ERROR_NONE;
    assert_int_equal(onellm_open(&options, &onellm, &error), -EINVAL);
    assert_non_null(strstr(error.message, "q8_0"));
    assert_null(onellm_close(NULL));
}

/* Keys and values take what is left; where that is not enough for one context, nothing is opened. */
static void memory_is_planned(void **state)
{
    struct onellm_options options = {.model_path = tiny_model(), .n_threads = 1, .n_sequences = 8};
    struct onellm *onellm = open_with(options);
    const struct onellm_info *info = onellm_info(onellm);
    uint64_t model = info->packed_bytes + info->mapped_bytes, kv = info->kv_bytes;
    struct error error = ERROR_NONE;
    size_t context = info->context;

    (void)state;
    assert_true(model >= info->n_bytes && info->kv_positions >= 8 * context);
    onellm_close(onellm);

    options.memory_bytes_max = (model + kv / 2) * 16 / 15;
    onellm = open_with(options);
    info = onellm_info(onellm);
    assert_true(info->kv_positions >= 3 * context && info->kv_positions <= 4 * context);
    assert_int_equal(info->available_bytes, options.memory_bytes_max);
    onellm_close(onellm);

    options.kv_positions = 8 * context;
    options.memory_bytes_max = kv / 2;
    assert_int_equal(onellm_open(&options, &onellm, &error), -ENOMEM);
    assert_non_null(strstr(error.message, "fewer positions"));
    options.kv_positions = 0;
    options.memory_bytes_max = 1;
    error = ERROR_NONE;
    assert_int_equal(onellm_open(&options, &onellm, &error), -ENOMEM);
    assert_non_null(strstr(error.message, "a smaller context"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(memory_is_planned),
        cmocka_unit_test(answers_about_every_modality),
        cmocka_unit_test(media_are_encoded_alone),
        cmocka_unit_test(nothing_is_not_encoded),
        cmocka_unit_test(routing_sums_to_one),
        cmocka_unit_test(same_request_same_tokens),
        cmocka_unit_test(neighbours_change_nothing),
        cmocka_unit_test(drafts_change_nothing),
        cmocka_unit_test(others_go_on),
        cmocka_unit_test(what_is_known_is_not_computed_again),
        cmocka_unit_test(forks_compute_no_prompt),
        cmocka_unit_test(queue_is_bounded_and_cancellable),
        cmocka_unit_test(deadline_keeps_what_was_generated),
        cmocka_unit_test(deadline_passes_in_the_queue),
        cmocka_unit_test(stop_strings_are_not_shown),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(opening_says_what_is_wrong),
    };

    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
