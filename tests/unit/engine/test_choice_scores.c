/* Choices are as likely as the decoder says, one token after the other; however they were scored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/kernels/cpu.h"
#include "core/kernels/kernels.h"
#include "core/model/decoder.h"
#include "core/model/kv_cache.h"
#include "core/model/model.h"
#include "core/onellm.h"
#include "core/tensor/matmul.h"
#include "core/text/bpe.h"
#include "tests/unit/tiny_model.h"

/* A word, several, characters that are bytes, and two that take more tokens than a pass scores. */
static const char *const choices[] = {
    "a",
    "a red circle",
    "no",
    "ein gr\xc3\xbcner Kreis",
    "another that has a lot to say before it comes to its end, as if nobody had anything else to do all day",
    "one that goes on and on for longer than a pass scores at once, whoever else is there, and then some more"};
#define N_CHOICES ARRAY_SIZE(choices)
#define N_SHORT (N_CHOICES - 2)
#define LONGEST (N_CHOICES - 1)

static struct choice_likelihood expected[N_CHOICES];
static size_t n_ids[N_CHOICES]; /* the end of the answer included */

static const struct message question = {ROLE_HUMAN, "What is this? A circle, or what else could it be?", 49};

static struct onellm_request about(size_t n_choices)
{
    return (struct onellm_request){
        .messages = &question,
        .n_messages = 1,
        .sampling = {.temperature = 1, .top_p = 1, .repetition_penalty = 1},
        .tokens_max = 1,
        .choices = choices,
        .n_choices = n_choices,
    };
}

/* ---- token by token ---- */

struct direct {
    struct model *model;
    struct thread_pool *threads;
    struct compute *compute;
    struct kv_pool *pool;
    struct kv_pages pages;
    struct decoder *decoder;
    struct arena arena;
};

static void direct_open(struct direct *direct)
{
    static uint32_t numbers[64];

    *direct = (struct direct){.pages = {numbers, 0, ARRAY_SIZE(numbers), 0}};
    assert_int_equal(model_open(tiny_model(), &direct->model, NULL), 0);
    direct->threads = thread_pool_new(1);
    direct->compute = compute_new(direct->threads, kernels_for(cpu_flags()));
    assert_int_equal(weights_pack(&direct->model->weights, &direct->model->hparams, direct->compute, NULL), 0);
    direct->pool = kv_pool_new(&direct->model->hparams, TENSOR_F16, ARRAY_SIZE(numbers));
    direct->decoder =
        decoder_new(direct->model, direct->compute, direct->pool, ARRAY_SIZE(numbers) * KV_PAGE, 1, 1, &direct->arena);
    assert_non_null(direct->decoder);
}

static void direct_close(struct direct *direct)
{
    kv_pool_free(direct->pool);
    compute_free(direct->compute);
    thread_pool_free(direct->threads);
    arena_deinit(&direct->arena);
    model_close(direct->model);
}

static const float *logits_behind(struct direct *direct, int32_t id)
{
    struct decoder_part part = {&direct->pages, 1, 1};

    assert_true(kv_pages_reserve(direct->pool, &direct->pages, direct->pages.length + 1));
    decoder_embed(direct->decoder, id, decoder_input(direct->decoder));
    decoder_begin(direct->decoder, &part, 1);
    while (decoder_step(direct->decoder))
        ;
    return decoder_logits(direct->decoder, 0);
}

static double logprob_of(const float *logits, size_t n, int32_t id)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += exp((double)logits[i] - (double)logits[id]);
    return -log(sum);
}

/* The whole sequence anew for every choice, which is laid out as the end of a text of its own. */
static void score_directly(struct direct *direct, const int32_t *prompt_ids, size_t n_prompt_ids, size_t i)
{
    char text[256];
    int32_t *ids;
    const float *logits = NULL;
    size_t n = (size_t)snprintf(text, sizeof(text), "%s\n###", choices[i]);

    assert_int_equal(bpe_encode(direct->model->vocabulary, text, n, &direct->arena, &ids, &n_ids[i], NULL), 0);
    kv_pages_clear(direct->pool, &direct->pages);
    for (size_t k = 0; k < n_prompt_ids; k++)
        logits = logits_behind(direct, prompt_ids[k]);
    expected[i].logprob = 0;
    for (size_t k = 0; k < n_ids[i]; k++) {
        expected[i].logprob += logprob_of(logits, direct->model->hparams.n_vocab, ids[k]);
        logits = logits_behind(direct, ids[k]);
    }
}

static void expect(const int32_t *prompt_ids, size_t n_prompt_ids, size_t n_choices)
{
    struct direct direct;
    double sum = 0;

    direct_open(&direct);
    for (size_t i = 0; i < n_choices; i++) {
        score_directly(&direct, prompt_ids, n_prompt_ids, i);
        sum += exp(expected[i].logprob);
    }
    for (size_t i = 0; i < n_choices; i++)
        expected[i].probability = exp(expected[i].logprob) / sum;
    direct_close(&direct);
}

/* ---- by the engine ---- */

static struct onellm *open_with(struct onellm_options options)
{
    struct error error = ERROR_NONE;
    struct onellm *onellm;

    options.model_path = tiny_model();
    if (onellm_open(&options, &onellm, &error) < 0)
        fail_msg("%s", error.message);
    return onellm;
}

static struct sequence *submit(struct onellm *onellm, const struct onellm_request *request)
{
    struct error error = ERROR_NONE;
    struct sequence *sequence;

    if (onellm_prepare(onellm, request, &sequence, &error) < 0)
        fail_msg("%s", error.message);
    assert_int_equal(onellm_submit(onellm, sequence), 0);
    return sequence;
}

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

static uint64_t n_computed(struct onellm *onellm)
{
    struct onellm_statistics statistics;

    onellm_statistics(onellm, &statistics);
    return statistics.n_computed;
}

/* The answer is the likeliest; the prompt is computed once, and of every choice but its last token. */
static void scores_are_those_of_the_decoder(void **state)
{
    struct onellm *onellm = open_with((struct onellm_options){.n_threads = 2, .n_sequences = 2});

    (void)state;
    for (size_t n_choices = 1; n_choices <= N_CHOICES; n_choices++) {
        _cleanup_(buffer_deinit) struct buffer text;
        struct onellm_request request = about(n_choices);
        uint64_t n_before = n_computed(onellm), n_rows;
        struct sequence *sequence = submit(onellm, &request);
        struct sequence_news news;
        const int32_t *ids;
        size_t n, best = 0;

        buffer_init(&text, 1000);
        news = finish(onellm, sequence, &text);
        assert_int_equal(news.finish, FINISH_STOP);
        ids = sequence_prompt_ids(sequence, &n);
        expect(ids, n, n_choices);
        n_rows = news.n_prompt_tokens - news.n_cached_tokens;
        for (size_t i = 0; i < n_choices; i++) {
            const struct choice_likelihood *found = sequence_choice(sequence, i);

            assert_float_equal(found->logprob, expected[i].logprob, 1e-9);
            assert_float_equal(found->probability, expected[i].probability, 1e-9);
            best = expected[i].logprob > expected[best].logprob ? i : best;
            n_rows += n_ids[i] - 1;
        }
        assert_int_equal(n_computed(onellm) - n_before, n_rows);
        assert_int_equal(text.size, strlen(choices[best]));
        assert_memory_equal(text.bytes, choices[best], text.size);
        sequence_new_ids(sequence, &n);
        assert_int_equal(n, n_ids[best]);
        assert_int_equal(news.n_new_tokens, n);
        onellm_release(sequence);
    }
    onellm_close(onellm);
}

/* Where there are no pages for branches, one is scored after the other; the numbers are the same. */
static void few_pages_change_nothing(void **state)
{
    struct onellm_request request = about(N_SHORT);
    struct choice_likelihood found[2][N_SHORT];
    size_t context = 0;

    (void)state;
    for (int run = 0; run < 2; run++) {
        struct onellm *onellm = open_with(
            (struct onellm_options){.n_threads = 2, .n_sequences = 1, .context = context, .kv_positions = context});
        struct sequence *sequence = submit(onellm, &request);
        struct sequence_news news = finish(onellm, sequence, NULL);

        assert_int_equal(news.finish, FINISH_STOP);
        for (size_t i = 0; i < N_SHORT; i++)
            found[run][i] = *sequence_choice(sequence, i);
        context = news.n_prompt_tokens + n_ids[N_SHORT - 1];
        onellm_release(sequence);
        onellm_close(onellm);
    }
    assert_memory_equal(found[0], found[1], sizeof(found[0]));
}

/* A pass has few rows of choices, and who generates has a token in each. */
static void choices_do_not_hold_up_others(void **state)
{
    static const char *longest[12];
    struct onellm *onellm = open_with((struct onellm_options){.n_threads = 1, .n_sequences = 2});
    struct onellm_request asked = about(ARRAY_SIZE(longest)), other = about(0);
    struct sequence_news before, after;
    struct sequence *stream, *sequence;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(longest); i++)
        longest[i] = choices[LONGEST];
    asked.choices = longest;
    other.sampling.temperature = 0;
    other.tokens_max = 1500;
    stream = submit(onellm, &other);
    do {
        assert_true(onellm_wait(onellm, 60000));
        onellm_next(onellm);
        onellm_take(stream, &before, NULL);
    } while (before.n_new_tokens < 2);
    sequence = submit(onellm, &asked);
    finish(onellm, sequence, NULL);
    onellm_take(stream, &after, NULL);
    assert_true(after.finish != FINISH_NONE ||
                after.n_new_tokens >= before.n_new_tokens + ARRAY_SIZE(longest) * n_ids[LONGEST] / 32);
    for (size_t i = 0; i < ARRAY_SIZE(longest); i++)
        assert_float_equal(sequence_choice(sequence, i)->logprob, expected[LONGEST].logprob, 1e-9);
    onellm_release(sequence);
    onellm_release(stream);
    onellm_close(onellm);
}

/* An older sequence takes the pages in the middle of a choice: prompt and choice are computed again, and count once. */
static void pages_given_up_change_nothing(void **state)
{
    static const char *both[24];
    struct onellm *onellm =
        open_with((struct onellm_options){.n_threads = 1, .n_sequences = 2, .context = 352, .kv_positions = 352});
    struct onellm_request asked = about(ARRAY_SIZE(both)), other = about(0);
    struct onellm_statistics statistics;
    struct sequence *stream, *sequence;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(both); i++)
        both[i] = choices[LONGEST - i % 2];
    asked.choices = both;
    other.sampling.temperature = 0;
    other.tokens_max = 352;
    stream = submit(onellm, &other);
    sequence = submit(onellm, &asked);
    assert_int_equal(finish(onellm, stream, NULL).finish, FINISH_LENGTH);
    assert_int_equal(finish(onellm, sequence, NULL).finish, FINISH_STOP);
    onellm_statistics(onellm, &statistics);
    assert_true(statistics.n_preempted > 0);
    for (size_t i = 0; i < ARRAY_SIZE(both); i++)
        assert_float_equal(sequence_choice(sequence, i)->logprob, expected[LONGEST - i % 2].logprob, 1e-9);
    onellm_release(sequence);
    onellm_release(stream);
    onellm_close(onellm);
}

/* A conversation that goes on behind a choice shares the prompt, but not what took the place of that choice. */
static void conversations_go_on_behind_choices(void **state)
{
    const struct message turns[] = {
        question, {ROLE_ASSISTANT, choices[LONGEST - 1], strlen(choices[LONGEST - 1])}, {ROLE_HUMAN, "And then?", 9}};
    struct onellm_request asked = about(N_CHOICES), next = about(0);
    int32_t ids[2][21];

    (void)state;
    next.messages = turns;
    next.n_messages = ARRAY_SIZE(turns);
    next.tokens_max = 20;
    for (int run = 0; run < 2; run++) {
        struct onellm *onellm = open_with((struct onellm_options){.n_threads = 2, .n_sequences = 1});
        struct sequence *sequence;
        struct sequence_news news;
        const int32_t *found;
        size_t n;

        if (run == 1) {
            sequence = submit(onellm, &asked);
            finish(onellm, sequence, NULL);
            onellm_release(sequence);
        }
        sequence = submit(onellm, &next);
        news = finish(onellm, sequence, NULL);
        assert_int_equal(news.n_cached_tokens > 0, run == 1);
        found = sequence_new_ids(sequence, &n);
        memset(ids[run], 0, sizeof(ids[run]));
        memcpy(ids[run], found, n * sizeof(*found));
        onellm_release(sequence);
        onellm_close(onellm);
    }
    assert_memory_equal(ids[0], ids[1], sizeof(ids[0]));
}

/* Without an answer nothing is known about the choices. */
static void deadlines_and_cancelling_leave_no_answer(void **state)
{
    struct onellm *onellm = open_with((struct onellm_options){.n_threads = 1, .n_sequences = 1});
    struct onellm_request request = about(N_CHOICES);
    struct sequence *sequence;
    struct sequence_news news;

    (void)state;
    request.deadline_ns = 1; /* long past */
    sequence = submit(onellm, &request);
    news = finish(onellm, sequence, NULL);
    assert_int_equal(news.finish, FINISH_TIMEOUT);
    assert_int_equal(news.n_new_tokens, 0);
    assert_null(sequence_choice(sequence, 0));
    onellm_release(sequence);

    request.deadline_ns = 0;
    sequence = submit(onellm, &request);
    onellm_cancel(sequence);
    news = finish(onellm, sequence, NULL);
    assert_int_equal(sequence_choice(sequence, 0) == NULL, news.finish == FINISH_CANCELLED);
    onellm_release(sequence);
    onellm_close(onellm);
}

static void the_longest_choice_has_to_fit(void **state)
{
    struct onellm *onellm = open_with((struct onellm_options){.n_threads = 1, .n_sequences = 1});
    struct onellm_request request = about(N_CHOICES);
    struct sequence *sequence = submit(onellm, &request);
    struct sequence_news news = finish(onellm, sequence, NULL);
    struct error error = ERROR_NONE;

    (void)state;
    onellm_release(sequence);
    onellm_close(onellm);
    onellm = open_with((struct onellm_options){
        .n_threads = 1, .n_sequences = 1, .context = news.n_prompt_tokens + n_ids[LONGEST] - 1});
    assert_int_equal(onellm_prepare(onellm, &request, &sequence, &error), -E2BIG);
    assert_non_null(strstr(error.message, "longest choice"));
    request.n_choices--;
    assert_int_equal(onellm_prepare(onellm, &request, &sequence, NULL), 0);
    onellm_release(sequence);
    onellm_close(onellm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_those_of_the_decoder),
        cmocka_unit_test(few_pages_change_nothing),
        cmocka_unit_test(choices_do_not_hold_up_others),
        cmocka_unit_test(pages_given_up_change_nothing),
        cmocka_unit_test(conversations_go_on_behind_choices),
        cmocka_unit_test(deadlines_and_cancelling_leave_no_answer),
        cmocka_unit_test(the_longest_choice_has_to_fit),
    };

    return cmocka_run_group_tests_name("choice_scores", tests, NULL, NULL);
}
