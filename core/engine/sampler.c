/* Candidates stand in a binary heap, largest weight on top, so only as many are sorted as the limits let through. */
#include "core/engine/sampler.h"

#include <errno.h>
#include <math.h>

#include "core/base/arena.h"
#include "core/base/cleanup.h"

int sampler_init(struct sampler *sampler, const struct sampling *sampling, size_t n_vocab, struct arena *arena)
{
    *sampler = (struct sampler){.sampling = *sampling, .n_vocab = n_vocab};
    sampler->seen = arena_alloc(arena, (n_vocab + 7) / 8, 1);
    if (sampling->frequency_penalty != 0 || sampling->presence_penalty != 0) {
        sampler->counts = arena_new(arena, uint16_t, n_vocab);
        if (!sampler->counts)
            return -ENOMEM;
    }
    random_init(&sampler->random, sampling->seed, 0);
    return sampler->seen ? 0 : -ENOMEM;
}

void sampler_see(struct sampler *sampler, int32_t id)
{
    sampler->seen[id / 8] |= (uint8_t)(1 << id % 8);
}

void sampler_see_answer(struct sampler *sampler, int32_t id)
{
    sampler_see(sampler, id);
    if (sampler->counts && sampler->counts[id] < UINT16_MAX)
        sampler->counts[id]++;
}

static void penalize(const struct sampler *sampler, float *logits)
{
    const struct sampling *s = &sampler->sampling;
    float penalty = s->repetition_penalty;

    for (size_t id = 0; id < sampler->n_vocab && penalty != 1; id++)
        if (sampler->seen[id / 8] >> id % 8 & 1)
            logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
    for (size_t id = 0; id < sampler->n_vocab && sampler->counts; id++)
        if (sampler->counts[id])
            logits[id] -= s->presence_penalty + s->frequency_penalty * (float)sampler->counts[id];
}

static size_t most_likely(const float *logits, size_t n)
{
    size_t best = 0;

    for (size_t id = 1; id < n; id++)
        if (logits[id] > logits[best])
            best = id;
    return best;
}

/* Heavier first; of equals the lower id, so that the order is complete. */
static bool before(const struct candidate *a, const struct candidate *b)
{
    return a->weight > b->weight || (a->weight == b->weight && a->id < b->id);
}

static void sift_down(struct candidate *heap, size_t at, size_t n)
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        struct candidate moved = heap[at];

        if (child + 1 < n && before(&heap[child + 1], &heap[child]))
            child++;
        if (!before(&heap[child], &moved))
            return;
        heap[at] = heap[child];
        heap[child] = moved;
    }
}

/* Takes the heaviest candidate out of the heap of *n and puts it behind its shrunken end. */
static const struct candidate *pop(struct candidate *heap, size_t *n)
{
    struct candidate top = heap[0];

    heap[0] = heap[--*n];
    heap[*n] = top;
    sift_down(heap, 0, *n);
    return &heap[*n];
}

/* Every candidate that top_k and min_p let through, as a heap of exp(logit / temperature); returns their weights' sum.
 */
static double weigh(const struct sampler *sampler, const float *logits, struct candidate *candidates, size_t *ret_n)
{
    const struct sampling *s = &sampler->sampling;
    float largest = logits[most_likely(logits, sampler->n_vocab)];
    double sum = 0;
    size_t n = 0;

    for (size_t id = 0; id < sampler->n_vocab; id++) {
        float weight = expf((logits[id] - largest) / s->temperature);

        if (weight > 0 && weight >= s->min_p)
            candidates[n++] = (struct candidate){weight, (int32_t)id};
    }
    for (size_t i = n / 2; i-- > 0;)
        sift_down(candidates, i, n);
    if (s->top_k > 0 && (size_t)s->top_k < n) {
        size_t left = n;

        /* The k heaviest end up behind the heap, heaviest last: turned round they are a heap again. */
        for (int i = 0; i < s->top_k; i++)
            pop(candidates, &left);
        for (size_t i = 0; i < n / 2; i++) {
            struct candidate other = candidates[i];

            candidates[i] = candidates[n - 1 - i];
            candidates[n - 1 - i] = other;
        }
        n -= left;
    }
    for (size_t i = 0; i < n; i++)
        sum += (double)candidates[i].weight;
    *ret_n = n;
    return sum;
}

int32_t sampler_next(struct sampler *sampler, float *logits, struct candidate *candidates)
{
    const struct sampling *s = &sampler->sampling;
    double sum, kept = 0, drawn;
    size_t n, n_left;

    penalize(sampler, logits);
    n = most_likely(logits, sampler->n_vocab);
    if (!isfinite(logits[n]))
        return SAMPLER_NOT_FINITE;
    if (s->temperature <= 0)
        return (int32_t)n;
    sum = weigh(sampler, logits, candidates, &n);
    n_left = n;
    while (n_left > 0 && (kept == 0 || kept < (double)s->top_p * sum))
        kept += (double)pop(candidates, &n_left)->weight;
    drawn = random_unit(&sampler->random) * kept;
    for (size_t i = n; i-- > n_left + 1;) {
        drawn -= (double)candidates[i].weight;
        if (drawn < 0)
            return candidates[i].id;
    }
    return candidates[n_left].id;
}

double sampler_log_sum(const float *logits, size_t n_vocab)
{
    double largest = (double)logits[most_likely(logits, n_vocab)], sum = 0;

    for (size_t i = 0; i < n_vocab; i++)
        sum += exp((double)logits[i] - largest);
    return largest + log(sum);
}

void sampler_probabilities(const float *logits, size_t n_vocab, int32_t id, size_t n, struct token_probability *ret)
{
    struct token_probability *likeliest = ret + 1;
    double log_sum = sampler_log_sum(logits, n_vocab);
    size_t n_kept = 0;

    for (size_t i = 0; i < n_vocab && n > 0; i++) {
        size_t at;

        if (n_kept == n && logits[i] <= likeliest[n - 1].logprob)
            continue;
        n_kept += n_kept < n;
        for (at = n_kept - 1; at > 0 && logits[i] > likeliest[at - 1].logprob; at--)
            likeliest[at] = likeliest[at - 1];
        likeliest[at] = (struct token_probability){(int32_t)i, logits[i]};
    }
    for (size_t i = 0; i < n_kept; i++)
        likeliest[i].logprob = (float)((double)likeliest[i].logprob - log_sum);
    ret[0] = (struct token_probability){id, (float)((double)logits[id] - log_sum)};
}
