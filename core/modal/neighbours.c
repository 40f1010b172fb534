/* Coordinates are copied into three arrays, so that the inner loops run over neighbours in memory and vectorise.

   Sampling gives the points to n_threads "threads" in turn, like the reference's kernel: thread t has the points t,
   t + n_threads, t + 2 * n_threads, … and keeps the first of its farthest ones. A knock-out tree then finds the winner:
   in each round t meets t + half and keeps its place unless the other is farther. Ties therefore do not simply go to
   the lowest thread: of 1 and 512 out of 1024, 512 wins, because it meets 0 first. */
#include "core/modal/neighbours.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/cleanup.h"

#define THREADS_MAX 1024

struct cloud {
    float *x, *y, *z;
    size_t n;
};

static int cloud_init(struct cloud *cloud, const float *points, size_t n_points, size_t stride, struct arena *arena)
{
    cloud->n = n_points;
    cloud->x = arena_new(arena, float, n_points);
    cloud->y = arena_new(arena, float, n_points);
    cloud->z = arena_new(arena, float, n_points);
    if (!cloud->x || !cloud->y || !cloud->z)
        return -ENOMEM;
    for (size_t i = 0; i < n_points; i++) {
        cloud->x[i] = points[i * stride];
        cloud->y[i] = points[i * stride + 1];
        cloud->z[i] = points[i * stride + 2];
    }
    return 0;
}

/* One sampling. */
struct contest {
    struct cloud cloud;
    size_t n_threads;  /* the largest power of two that is at most n and THREADS_MAX */
    float *nearest;    /* [n] squared distance of each point to the nearest picked one */
    float *farthest;   /* [n_threads] the largest of them that a thread has found */
    uint32_t *threads; /* [n_threads] who is still in the contest */
};

static int contest_init(struct contest *contest, const float *points, size_t n_points, size_t stride,
                        struct arena *arena)
{
    contest->n_threads = 1;
    while (contest->n_threads < THREADS_MAX && contest->n_threads * 2 <= n_points)
        contest->n_threads *= 2;
    contest->nearest = arena_new(arena, float, n_points);
    contest->farthest = arena_new(arena, float, contest->n_threads);
    contest->threads = arena_new(arena, uint32_t, contest->n_threads);
    if (!contest->nearest || !contest->farthest || !contest->threads)
        return -ENOMEM;
    for (size_t i = 0; i < n_points; i++)
        contest->nearest[i] = INFINITY;
    return cloud_init(&contest->cloud, points, n_points, stride, arena);
}

/* Points begin .. begin + n - 1 come closer to the picked ones by one more; each has a thread of its own. */
static void approach(const struct cloud *cloud, size_t picked, size_t begin, size_t n, float *restrict nearest,
                     float *restrict farthest)
{
    const float *restrict x = cloud->x + begin, *restrict y = cloud->y + begin, *restrict z = cloud->z + begin;
    float x0 = cloud->x[picked], y0 = cloud->y[picked], z0 = cloud->z[picked];

    for (size_t i = 0; i < n; i++) {
        float dx = x[i] - x0, dy = y[i] - y0, dz = z[i] - z0;
        float distance = dx * dx + dy * dy + dz * dz;
        float nearer = distance < nearest[i] ? distance : nearest[i];

        nearest[i] = nearer;
        farthest[i] = nearer > farthest[i] ? nearer : farthest[i];
    }
}

/* The thread whose point is farthest; its distance is in farthest[0] then. */
static uint32_t knock_out(struct contest *contest)
{
    float *farthest = contest->farthest;
    uint32_t *threads = contest->threads;

    for (size_t t = 0; t < contest->n_threads; t++)
        threads[t] = (uint32_t)t;
    for (size_t half = contest->n_threads / 2; half > 0; half /= 2) {
        for (size_t t = 0; t < half; t++) {
            bool wins = farthest[t + half] > farthest[t];

            threads[t] = wins ? threads[t + half] : threads[t];
            farthest[t] = wins ? farthest[t + half] : farthest[t];
        }
    }
    return threads[0];
}

/* The point farthest from all picked ones, of which `picked` is the latest. */
static uint32_t pick(struct contest *contest, uint32_t picked)
{
    const struct cloud *cloud = &contest->cloud;
    size_t n_threads = contest->n_threads, i;

    for (size_t t = 0; t < n_threads; t++)
        contest->farthest[t] = -1;
    for (size_t begin = 0; begin < cloud->n; begin += n_threads)
        approach(cloud, picked, begin, MIN(n_threads, cloud->n - begin), contest->nearest + begin, contest->farthest);
    i = knock_out(contest);
    while (contest->nearest[i] != contest->farthest[0])
        i += n_threads;
    return (uint32_t)i;
}

/* A neighbour in a heap whose root is the worst: the farthest, and of equally far ones the one of highest index. */
struct neighbour {
    float distance;
    uint32_t index;
};

static bool is_worse(struct neighbour a, struct neighbour b)
{
    return a.distance > b.distance || (a.distance == b.distance && a.index > b.index);
}

/* Puts a neighbour into the hole at i and restores the order below it. */
static void sift_down(struct neighbour *heap, size_t n, size_t i, struct neighbour neighbour)
{
    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < n && is_worse(heap[child + 1], heap[child]))
            child++;
        if (child >= n || !is_worse(heap[child], neighbour))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = neighbour;
}

static void distances_from(const struct cloud *cloud, uint32_t centre, float *restrict ret)
{
    const float *restrict x = cloud->x, *restrict y = cloud->y, *restrict z = cloud->z;
    float x0 = x[centre], y0 = y[centre], z0 = z[centre];

    for (size_t i = 0; i < cloud->n; i++) {
        float dx = x[i] - x0, dy = y[i] - y0, dz = z[i] - z0;

        ret[i] = dx * dx + dy * dy + dz * dz;
    }
}

/* Indices rise, so a later point of the same distance never replaces an earlier one. */
static void nearest_of(const float *distances, size_t n_points, struct neighbour *heap, size_t n_group)
{
    for (size_t i = 0; i < n_group; i++)
        heap[i] = (struct neighbour){distances[i], (uint32_t)i};
    for (size_t i = n_group / 2; i-- > 0;)
        sift_down(heap, n_group, i, heap[i]);
    for (size_t i = n_group; i < n_points; i++)
        if (distances[i] < heap[0].distance)
            sift_down(heap, n_group, 0, (struct neighbour){distances[i], (uint32_t)i});
}

int neighbours_sample(const float *points, size_t n_points, size_t stride, size_t n_samples, struct arena *arena,
                      uint32_t *ret)
{
    struct contest contest;
    int r;

    r = contest_init(&contest, points, n_points, stride, arena);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n_samples; i++)
        ret[i] = i == 0 ? 0 : pick(&contest, ret[i - 1]);
    return 0;
}

int neighbours_group(const float *points, size_t n_points, size_t stride, const uint32_t *centres, size_t n_centres,
                     size_t n_group, struct arena *arena, uint32_t *ret)
{
    float *distances = arena_new(arena, float, n_points);
    struct neighbour *heap = arena_new(arena, struct neighbour, n_group);
    struct cloud cloud;

    if (!distances || !heap || cloud_init(&cloud, points, n_points, stride, arena) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < n_centres; i++) {
        distances_from(&cloud, centres[i], distances);
        nearest_of(distances, n_points, heap, n_group);
        for (size_t k = 0; k < n_group; k++)
            ret[i * n_group + k] = heap[k].index;
    }
    return 0;
}
