#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/arena.h"
#include "core/engine/sampler.h"
#include "core/onellm.h"

#define N 10
#define N_DRAWS 20000

/* Probabilities 0.4, 0.2, 0.1, ... in a mixed order. */
static const float probabilities[N] = {0.02f, 0.4f, 0.05f, 0.1f, 0.01f, 0.2f, 0.08f, 0.04f, 0.07f, 0.03f};

static void draw(const struct sampling *sampling, unsigned counts[N])
{
    struct arena arena = {0};
    struct sampler sampler;
    struct candidate candidates[N];

    assert_int_equal(sampler_init(&sampler, sampling, N, &arena), 0);
    memset(counts, 0, N * sizeof(*counts));
    for (int i = 0; i < N_DRAWS; i++) {
        float logits[N];
        int32_t id;

        for (int k = 0; k < N; k++)
            logits[k] = 5 + logf(probabilities[k]);
        id = sampler_next(&sampler, logits, candidates);
        assert_in_range(id, 0, N - 1);
        counts[id]++;
    }
    arena_deinit(&arena);
}

static void assert_share(unsigned count, double share)
{
    if (fabs(count / (double)N_DRAWS - share) > 0.012)
        fail_msg("drawn %.3f of the time, expected %.3f", count / (double)N_DRAWS, share);
}

static void draws_by_probability(void **state)
{
    struct sampling sampling = {.temperature = 1, .top_p = 1, .repetition_penalty = 1, .seed = 1};
    unsigned counts[N];

    (void)state;
    draw(&sampling, counts);
    for (int k = 0; k < N; k++)
        assert_share(counts[k], (double)probabilities[k]);
}

static void temperature_sharpens(void **state)
{
    struct sampling sampling = {.temperature = 0.5f, .top_p = 1, .repetition_penalty = 1, .seed = 2};
    unsigned counts[N];
    double sum = 0;

    (void)state;
    for (int k = 0; k < N; k++)
        sum += pow((double)probabilities[k], 2);
    draw(&sampling, counts);
    for (int k = 0; k < N; k++)
        assert_share(counts[k], pow((double)probabilities[k], 2) / sum);
}

static void top_k_keeps_the_k_most_likely(void **state)
{
    unsigned counts[N];

    (void)state;
    for (int k = 1; k <= 12; k++) {
        struct sampling sampling = {.temperature = 1, .top_p = 1, .top_k = k, .repetition_penalty = 1, .seed = 3};
        double kept = 0;

        for (int i = 0; i < N; i++) {
            int before = 0;

            for (int j = 0; j < N; j++)
                before += probabilities[j] > probabilities[i];
            kept += before < k ? (double)probabilities[i] : 0;
        }
        draw(&sampling, counts);
        for (int i = 0; i < N; i++) {
            int before = 0;

            for (int j = 0; j < N; j++)
                before += probabilities[j] > probabilities[i];
            if (before < k)
                assert_share(counts[i], (double)probabilities[i] / kept);
            else
                assert_int_equal(counts[i], 0);
        }
    }
}

static void top_p_keeps_the_smallest_sufficient_set(void **state)
{
    struct sampling sampling = {.temperature = 1, .top_p = 0.65f, .repetition_penalty = 1, .seed = 4};
    unsigned counts[N];

    (void)state;
    draw(&sampling, counts); /* 0.4 + 0.2 < 0.65 <= 0.4 + 0.2 + 0.1 */
    assert_share(counts[1], 0.4 / 0.7);
    assert_share(counts[5], 0.2 / 0.7);
    assert_share(counts[3], 0.1 / 0.7);
    sampling.top_p = 0.0001f; /* the most likely one always stays */
    draw(&sampling, counts);
    assert_int_equal(counts[1], N_DRAWS);
}

static void min_p_is_relative_to_the_largest(void **state)
{
    struct sampling sampling = {.temperature = 1, .top_p = 1, .min_p = 0.4f, .repetition_penalty = 1, .seed = 5};
    unsigned counts[N];

    (void)state;
    draw(&sampling, counts);
    assert_share(counts[1], 0.4 / 0.6);
    assert_share(counts[5], 0.2 / 0.6);
}

/* Greedily, what an answer has said gives way to what it has not; what only the prompt has said does not. */
static void penalties_of_the_answer(void **state)
{
    static const struct {
        struct sampling sampling;
        int32_t expected[4];
    } cases[] = {
        {{.repetition_penalty = 1}, {1, 1, 1, 1}},
        {{.repetition_penalty = 1, .presence_penalty = 1}, {1, 5, 1, 1}}, /* e * 0.2 > 0.4 > 0.2 */
        {{.repetition_penalty = 1, .frequency_penalty = 1}, {1, 5, 1, 3}},
        {{.repetition_penalty = 1, .frequency_penalty = -1}, {1, 1, 1, 1}},
    };

    (void)state;
    for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
        struct arena arena = {0};
        struct sampler sampler;
        struct candidate candidates[N];

        assert_int_equal(sampler_init(&sampler, &cases[c].sampling, N, &arena), 0);
        sampler_see(&sampler, 1);
        for (size_t i = 0; i < 4; i++) {
            float logits[N];
            int32_t id;

            for (int k = 0; k < N; k++)
                logits[k] = 5 + logf(probabilities[k]);
            id = sampler_next(&sampler, logits, candidates);
            assert_int_equal(id, cases[c].expected[i]);
            sampler_see_answer(&sampler, id);
        }
        arena_deinit(&arena);
    }
}

static void probabilities_are_those_of_the_model(void **state)
{
    static const int32_t order[N] = {1, 5, 3, 6, 8, 2, 7, 9, 0, 4};
    struct token_probability found[1 + N];
    float logits[N];

    (void)state;
    for (int k = 0; k < N; k++)
        logits[k] = 100 + logf(probabilities[k]);
    for (size_t n = 0; n <= N; n++) {
        sampler_probabilities(logits, N, 4, n, found);
        assert_int_equal(found[0].id, 4);
        assert_true(fabsf(expf(found[0].logprob) - probabilities[4]) < 1e-5f);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(found[1 + i].id, order[i]);
            assert_true(fabsf(expf(found[1 + i].logprob) - probabilities[order[i]]) < 1e-5f);
        }
    }
    for (int k = 0; k < N; k++)
        logits[k] = 1;
    sampler_probabilities(logits, N, 7, 3, found); /* of equals, the lower ids */
    for (int i = 0; i < 3; i++)
        assert_int_equal(found[1 + i].id, i);
}

static void same_seed_same_tokens(void **state)
{
    struct sampling sampling = {.temperature = 1, .top_p = 1, .repetition_penalty = 1, .seed = 6};
    unsigned first[N], again[N], other[N];

    (void)state;
    draw(&sampling, first);
    draw(&sampling, again);
    sampling.seed = 7;
    draw(&sampling, other);
    assert_memory_equal(first, again, sizeof(first));
    assert_memory_not_equal(first, other, sizeof(first));
}

static void greedy_takes_the_first_of_equals(void **state)
{
    struct sampling sampling = {.temperature = 0, .top_p = 0.5f, .repetition_penalty = 1};
    struct arena arena = {0};
    struct sampler sampler;
    struct candidate candidates[4];
    float logits[4] = {1, 3, 3, -INFINITY}, damaged[4] = {NAN, 0, 0, 0}, infinite[4] = {0, INFINITY, 0, 0};

    (void)state;
    sampler_init(&sampler, &sampling, 4, &arena);
    assert_int_equal(sampler_next(&sampler, logits, candidates), 1);
    assert_int_equal(sampler_next(&sampler, damaged, candidates), SAMPLER_NOT_FINITE);
    assert_int_equal(sampler_next(&sampler, infinite, candidates), SAMPLER_NOT_FINITE);
    arena_deinit(&arena);
}

static void penalty_hits_what_was_seen(void **state)
{
    struct sampling sampling = {.temperature = 0, .top_p = 1, .repetition_penalty = 2};
    struct arena arena = {0};
    struct sampler sampler;
    struct candidate candidates[9];
    float logits[9] = {0, 3, 2, 0, 0, 0, 0, 0, 1}, negative[9] = {-4, -1, -1.5f, -4, -4, -4, -4, -4, -3};

    (void)state;
    sampler_init(&sampler, &sampling, 9, &arena);
    sampler_see(&sampler, 1);
    sampler_see(&sampler, 8);
    assert_int_equal(sampler_next(&sampler, logits, candidates), 2);
    assert_true(logits[1] == 1.5f && logits[8] == 0.5f && logits[2] == 2);
    assert_int_equal(sampler_next(&sampler, negative, candidates), 2);
    assert_true(negative[1] == -2 && negative[8] == -6);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_by_probability),
        cmocka_unit_test(temperature_sharpens),
        cmocka_unit_test(top_k_keeps_the_k_most_likely),
        cmocka_unit_test(top_p_keeps_the_smallest_sufficient_set),
        cmocka_unit_test(min_p_is_relative_to_the_largest),
        cmocka_unit_test(penalties_of_the_answer),
        cmocka_unit_test(probabilities_are_those_of_the_model),
        cmocka_unit_test(same_seed_same_tokens),
        cmocka_unit_test(greedy_takes_the_first_of_equals),
        cmocka_unit_test(penalty_hits_what_was_seen),
    };

    return cmocka_run_group_tests_name("sampler", tests, NULL, NULL);
}
