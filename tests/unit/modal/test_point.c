/* Point clouds: normalisation, reduction, sampling and neighbours. */
#include "tests/unit/modal/modal_test.h"

#include <errno.h>

#include "core/modal/neighbours.h"

#define N_GOLDEN 2500

static const struct input_sizes tiny = {.point_min = 4, .point_max = 8};

static void a_cloud_equals_the_reference(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    _cleanup_(freep) float *points = golden("point_2500_points.f32", N_GOLDEN * 6, sizeof(float));
    _cleanup_(freep) float *expected = golden("point_2500_every_5th.f32", N_GOLDEN / 5 * 6, sizeof(float));
    struct raw_media media = media_of(MEDIA_POINTS, MEDIA_F32, points, SHAPE(N_GOLDEN, 6));
    struct modal_input input = {.modality = MODALITY_POINT, .media = &media};
    struct input_tensor found = preprocess(&input, &input_sizes_released, &arena);

    (void)state;
    assert_shape(&found, N_GOLDEN, 6);
    assert_int_equal(found.n_items, 1);
    assert_string_equal(found.notes, "");
    for (size_t i = 0; i < N_GOLDEN / 5; i++)
        assert_near(found.data + i * 30, expected + i * 6, 6, 1e-6, 1e-6);
}

static void sampling_equals_the_reference(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    _cleanup_(freep) float *points = golden("point_2500_points.f32", N_GOLDEN * 6, sizeof(float));
    _cleanup_(freep) uint16_t *expected = golden("point_2500_sample.u16", 1024, sizeof(*expected));
    uint32_t found[1024];

    (void)state;
    assert_int_equal(neighbours_sample(points + 3, N_GOLDEN, 6, 1024, &arena, found), 0);
    for (size_t i = 0; i < 1024; i++)
        assert_int_equal(found[i], expected[i]);
}

static int compare_indices(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void neighbour_sets_equal_the_reference(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    _cleanup_(freep) float *points = golden("point_2500_points.f32", N_GOLDEN * 6, sizeof(float));
    _cleanup_(freep) uint16_t *sample = golden("point_2500_sample.u16", 1024, sizeof(*sample));
    _cleanup_(freep) uint16_t *expected = golden("point_2500_groups_every_16th.u16", 64 * 32, sizeof(*expected));
    uint32_t centres[64], found[64 * 32];

    (void)state;
    for (size_t i = 0; i < 64; i++)
        centres[i] = sample[i * 16];
    assert_int_equal(neighbours_group(points + 3, N_GOLDEN, 6, centres, 64, 32, &arena, found), 0);
    for (size_t i = 0; i < 64; i++) {
        qsort(found + i * 32, 32, sizeof(*found), compare_indices);
        for (size_t k = 0; k < 32; k++)
            assert_int_equal(found[i * 32 + k], expected[i * 32 + k]);
    }
}

static void ties_are_resolved_as_the_kernel_resolves_them(void **state)
{
    const struct {
        size_t n, levels;
    } cases[] = {{1500, 5}, {300, 4}, {7, 3}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t n = cases[i].n, n_samples = MIN(n, 100);
        _cleanup_(arena_deinit) struct arena arena = {0};
        _cleanup_(freep) float *points = calloc(n * 3, sizeof(*points));
        _cleanup_(freep) uint32_t *expected = NULL;
        uint32_t found[100];
        char name[64];

        assert_non_null(points);
        for (size_t k = 0; k < n * 3; k++)
            points[k] = (float)((double)(noise((uint32_t)k) % cases[i].levels) / (double)cases[i].levels);
        snprintf(name, sizeof(name), "sample_ties_%zu.u32", n);
        expected = golden(name, n_samples, sizeof(*expected));
        assert_int_equal(neighbours_sample(points, n, 3, n_samples, &arena, found), 0);
        assert_memory_equal(found, expected, n_samples * sizeof(*found));
    }
}

/* All points but number 0 are the same: the tree prefers 512 to 1, see neighbours.c. */
static void the_tree_has_its_own_order(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    float points[1024 * 3];
    uint32_t found[3];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(points); i++)
        points[i] = i < 3 ? 0 : 1;
    assert_int_equal(neighbours_sample(points, 1024, 3, 3, &arena, found), 0);
    assert_int_equal(found[0], 0);
    assert_int_equal(found[1], 512);
    assert_int_equal(found[2], 0); /* everything is at distance 0 now */
}

static void sampling_everything_of_distinct_points_is_a_permutation(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    float points[100 * 3];
    uint32_t found[100];
    bool seen[100] = {false};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(points); i++)
        points[i] = (float)noise((uint32_t)i);
    assert_int_equal(neighbours_sample(points, 100, 3, 100, &arena, found), 0);
    for (size_t i = 0; i < 100; i++) {
        assert_true(found[i] < 100 && !seen[found[i]]);
        seen[found[i]] = true;
    }
}

static void equal_distances_prefer_the_lower_index(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    /* On a line: the centre 4, then pairs at the same distance on both sides. */
    float points[9 * 3] = {0};
    const uint32_t centres[] = {4, 0};
    const uint32_t expected[2][4] = {{2, 3, 4, 5}, {0, 1, 2, 3}};
    uint32_t found[2 * 4];

    (void)state;
    for (size_t i = 0; i < 9; i++)
        points[i * 3 + 1] = (float)i;
    assert_int_equal(neighbours_group(points, 9, 3, centres, 2, 4, &arena, found), 0);
    for (size_t i = 0; i < 2; i++) {
        qsort(found + i * 4, 4, sizeof(*found), compare_indices);
        assert_memory_equal(found + i * 4, expected[i], sizeof(expected[i]));
    }
}

static void neighbours_obey_the_ceiling_of_the_arena(void **state)
{
    float points[30] = {0};
    uint32_t found[10];

    (void)state;
    for (size_t bytes_max = 64; bytes_max < 64 * 6; bytes_max += 64) {
        _cleanup_(arena_deinit) struct arena arena = {.bytes_max = bytes_max};

        assert_int_equal(neighbours_sample(points, 10, 3, 10, &arena, found), -ENOMEM);
    }
    for (size_t bytes_max = 64; bytes_max < 64 * 5; bytes_max += 64) {
        _cleanup_(arena_deinit) struct arena arena = {.bytes_max = bytes_max};

        assert_int_equal(neighbours_group(points, 10, 3, (const uint32_t[]){0}, 1, 10, &arena, found), -ENOMEM);
    }
}

static void clouds_without_colour_are_grey(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    const float points[4 * 3] = {1, 0, 0, -1, 0, 0, 0, 2, 0, 0, -2, 0};
    struct raw_media media = media_of(MEDIA_POINTS, MEDIA_F32, points, SHAPE(4, 3));
    struct modal_input input = {.modality = MODALITY_POINT, .media = &media};
    struct input_tensor found = preprocess(&input, &tiny, &arena);

    (void)state;
    assert_string_equal(found.notes, "the points have no colours: grey (0.5) was taken");
    assert_near(found.data, (const float[]){0.5f, 0, 0, 0.5f, 0.5f, 0.5f, -0.5f, 0,  0, 0.5f, 0.5f, 0.5f,
                                            0,    1, 0, 0.5f, 0.5f, 0.5f, 0,     -1, 0, 0.5f, 0.5f, 0.5f},
                24, 0, 0);
}

static void strange_colours_are_kept_and_noted(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    float points[4 * 6] = {0, 0, 0, 0, 0, 255, 1};
    struct raw_media media = media_of(MEDIA_POINTS, MEDIA_F32, points, SHAPE(4, 6));
    struct modal_input input = {.modality = MODALITY_POINT, .media = &media};
    struct input_tensor found = preprocess(&input, &tiny, &arena);

    (void)state;
    assert_string_equal(found.notes, "some colours lie outside 0..1");
    assert_float_equal(found.data[5], 255, 0);
}

static void clouds_of_any_scale_fill_the_ball(void **state)
{
    const float scales[] = {1e-38f, 1, 3e38f};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(scales); i++) {
        _cleanup_(arena_deinit) struct arena arena = {0};
        const float points[4 * 3] = {scales[i], 0, 0, -scales[i], 0, 0, 0, scales[i], 0, 0, -scales[i], 0};
        struct raw_media media = media_of(MEDIA_POINTS, MEDIA_F32, points, SHAPE(4, 3));
        struct modal_input input = {.modality = MODALITY_POINT, .media = &media};
        struct input_tensor found = preprocess(&input, &tiny, &arena);

        assert_float_equal(found.data[0], 1, 1e-6);
        assert_float_equal(found.data[19], -1, 1e-6);
    }
}

static void one_point_many_times_is_zero(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    float points[5 * 6];
    struct raw_media media = media_of(MEDIA_POINTS, MEDIA_F32, points, SHAPE(5, 6));
    struct modal_input input = {.modality = MODALITY_POINT, .media = &media};
    struct input_tensor found;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(points); i++)
        points[i] = 0.1f;
    found = preprocess(&input, &tiny, &arena);
    assert_string_equal(found.notes, "all points are the same");
    for (size_t i = 0; i < 5; i++)
        assert_near(found.data + i * 6, (const float[]){0, 0, 0, 0.1f, 0.1f, 0.1f}, 6, 0, 0);
}

static void small_clouds_are_refused(void **state)
{
    _cleanup_(freep) float *points = calloc(1023 * 3, sizeof(*points));
    struct raw_media media = media_of(MEDIA_POINTS, MEDIA_F32, points, SHAPE(1023, 3));
    struct modal_input input = {.modality = MODALITY_POINT, .media = &media};

    (void)state;
    assert_refused(&input, &input_sizes_released, -EINVAL, "at least 1024 points are needed, found 1023");
}

/* More points than the model takes: the farthest of xyz, and rows keep their colours. */
static void large_clouds_are_spread(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    float points[40 * 6] = {0};
    struct raw_media media = media_of(MEDIA_POINTS, MEDIA_F32, points, SHAPE(40, 6));
    struct modal_input input = {.modality = MODALITY_POINT, .media = &media};
    struct input_tensor found;

    (void)state;
    /* On a line; the colour says which. */
    for (size_t i = 0; i < 40; i++) {
        points[i * 6] = (float)i;
        points[i * 6 + 3] = (float)i / 40;
    }
    found = preprocess(&input, &tiny, &arena);
    assert_shape(&found, 8, 6);
    assert_string_equal(found.notes, "8 of 40 points are used");
    assert_float_equal(found.data[3], 0, 0);
    assert_float_equal(found.data[6 + 3], 39.0f / 40, 0);
    /* 19 and 20 are equally far; in the tree of 32, 20 has come to place 0 when 19 meets it. */
    assert_float_equal(found.data[12 + 3], 20.0f / 40, 0);
}

/* Beyond 65536 points a draw comes first: the same every time, and spread over the whole file. */
static void huge_clouds_are_drawn_from(void **state)
{
    size_t n = 200000;
    struct input_sizes sizes = {.point_min = 1, .point_max = 65536};
    _cleanup_(arena_deinit) struct arena arena = {0};
    _cleanup_(freep) float *points = calloc(n * 6, sizeof(*points));
    struct raw_media media = media_of(MEDIA_POINTS, MEDIA_F32, points, SHAPE(n, 6));
    struct modal_input input = {.modality = MODALITY_POINT, .media = &media};
    struct input_tensor first, second;
    size_t n_early = 0;

    (void)state;
    assert_non_null(points);
    for (size_t i = 0; i < n; i++)
        points[i * 6 + 3] = (float)i / (float)n;
    first = preprocess(&input, &sizes, &arena);
    second = preprocess(&input, &sizes, &arena);
    assert_shape(&first, 65536, 6);
    assert_string_equal(first.notes, "65536 of 200000 points are used; all points are the same");
    assert_memory_equal(first.data, second.data, 65536 * 6 * sizeof(float));
    for (size_t i = 0; i < 65536; i++) {
        assert_true(i == 0 || first.data[i * 6 + 3] > first.data[i * 6 - 3]);
        n_early += first.data[i * 6 + 3] < 0.25f;
    }
    assert_in_range(n_early, 16384 - 500, 16384 + 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cloud_equals_the_reference),
        cmocka_unit_test(sampling_equals_the_reference),
        cmocka_unit_test(neighbour_sets_equal_the_reference),
        cmocka_unit_test(ties_are_resolved_as_the_kernel_resolves_them),
        cmocka_unit_test(the_tree_has_its_own_order),
        cmocka_unit_test(sampling_everything_of_distinct_points_is_a_permutation),
        cmocka_unit_test(equal_distances_prefer_the_lower_index),
        cmocka_unit_test(neighbours_obey_the_ceiling_of_the_arena),
        cmocka_unit_test(clouds_without_colour_are_grey),
        cmocka_unit_test(strange_colours_are_kept_and_noted),
        cmocka_unit_test(clouds_of_any_scale_fill_the_ball),
        cmocka_unit_test(one_point_many_times_is_zero),
        cmocka_unit_test(small_clouds_are_refused),
        cmocka_unit_test(large_clouds_are_spread),
        cmocka_unit_test(huge_clouds_are_drawn_from),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
