/* point: xyz minus their centroid, divided by the largest norm; colours as they are. Clouds of more than point_max
   points are reduced before: by a seeded uniform draw to DRAW_MAX, then by farthest-point sampling on xyz. */
#include <errno.h>
#include <math.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/modal/modality_impl.h"
#include "core/modal/neighbours.h"

#define N_CHANNELS 6
#define DRAW_MAX 65536
#define DRAW_SEED 1
#define COLOUR_UNKNOWN 0.5f

/* The numbers of the points that are used. */
struct choice {
    uint32_t *indices;
    size_t n;
};

/* Each of the remaining points is taken with the probability (still needed) / (still left), so every subset is as
 * likely as any other and the order is kept. */
static void draw(struct choice *choice, size_t n_points)
{
    size_t needed = MIN(n_points, DRAW_MAX);
    struct random random;

    random_init(&random, DRAW_SEED, 0);
    for (size_t i = 0; i < n_points && choice->n < needed; i++)
        if (n_points == needed || random_below(&random, (uint32_t)(n_points - i)) < needed - choice->n)
            choice->indices[choice->n++] = (uint32_t)i;
}

static int spread(struct choice *choice, const float *points, size_t n_channels, size_t n_max, struct arena *scratch)
{
    float *xyz = arena_new(scratch, float, choice->n * 3);
    uint32_t *picked = arena_new(scratch, uint32_t, n_max);

    if (!xyz || !picked)
        return -ENOMEM;
    for (size_t i = 0; i < choice->n; i++)
        for (size_t c = 0; c < 3; c++)
            xyz[i * 3 + c] = points[choice->indices[i] * n_channels + c];
    if (neighbours_sample(xyz, choice->n, 3, n_max, scratch, picked) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < n_max; i++)
        picked[i] = choice->indices[picked[i]];
    *choice = (struct choice){picked, n_max};
    return 0;
}

static int choose(struct choice *ret, const struct raw_media *media, size_t n_max, struct arena *scratch,
                  struct error *error)
{
    size_t n_points = media->shape[0];
    int r = 0;

    ret->indices = arena_new(scratch, uint32_t, MIN(n_points, DRAW_MAX));
    if (ret->indices) {
        draw(ret, n_points);
        if (ret->n > n_max)
            r = spread(ret, media->data, media->shape[1], n_max, scratch);
    }
    if (!ret->indices || r < 0)
        return error_set(error, -ENOMEM, "no memory to choose from %zu points", n_points);
    return 0;
}

/* xyz -> the unit ball around 0, in f64 until the end. */
static void normalise(float *points, size_t n, struct input_tensor *tensor)
{
    double mean[3] = {0}, norm = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            mean[c] += points[i * N_CHANNELS + c];
    for (size_t c = 0; c < 3; c++)
        mean[c] /= (double)n;
    for (size_t i = 0; i < n; i++) {
        const float *p = points + i * N_CHANNELS;
        double x = p[0] - mean[0], y = p[1] - mean[1], z = p[2] - mean[2];

        norm = MAX(norm, sqrt(x * x + y * y + z * z));
    }
    if (norm == 0)
        input_tensor_note(tensor, "all points are the same");
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++) {
            float *value = points + i * N_CHANNELS + c;

            *value = norm > 0 ? (float)((*value - mean[c]) / norm) : 0;
        }
}

/* Chosen points as rows of six. */
static void gather(const struct raw_media *media, const struct choice *choice, struct input_tensor *tensor)
{
    const float *points = media->data;
    size_t n_channels = media->shape[1];
    bool strange = false;

    for (size_t i = 0; i < choice->n; i++) {
        for (size_t c = 0; c < N_CHANNELS; c++) {
            float value = c < n_channels ? points[choice->indices[i] * n_channels + c] : COLOUR_UNKNOWN;

            strange |= c >= 3 && (value < 0 || value > 1);
            tensor->data[i * N_CHANNELS + c] = value;
        }
    }
    if (n_channels < N_CHANNELS)
        input_tensor_note(tensor, "the points have no colours: grey (0.5) was taken");
    if (strange)
        input_tensor_note(tensor, "some colours lie outside 0..1");
}

int point_preprocess(const struct modal_input *input, const struct input_sizes *sizes, struct arena *arena,
                     struct input_tensor *ret, struct error *error)
{
    const struct raw_media *media = input->media;
    size_t n_points = media->shape[0];
    _cleanup_(arena_deinit) struct arena scratch = {0};
    struct choice choice = {0};
    int r;

    if (n_points < sizes->point_min)
        return error_set(error, -EINVAL, "at least %zu points are needed, found %zu", sizes->point_min, n_points);
    if (n_points > UINT32_MAX)
        return error_set(error, -EINVAL, "at most %u points can be read, found %zu", UINT32_MAX, n_points);
    r = choose(&choice, media, sizes->point_max, &scratch, error);
    if (r < 0)
        return r;
    r = input_tensor_alloc(ret, (size_t[4]){choice.n, N_CHANNELS}, arena, error);
    if (r < 0)
        return r;
    gather(media, &choice, ret);
    if (choice.n < n_points)
        input_tensor_note(ret, "%zu of %zu points are used", choice.n, n_points);
    normalise(ret->data, choice.n, ret);
    return 0;
}
