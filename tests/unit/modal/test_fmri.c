/* Brain responses: the mean of the repeats, in the type of the file. */
#include "tests/unit/modal/modal_test.h"

#include <errno.h>

#define N_GOLDEN 983 /* every 16th of 15724 voxels */

static void means_equal_the_reference(void **state)
{
    const struct {
        const char *name, *suffix, *notes;
        enum media_element element;
        size_t n_repeats;
    } cases[] = {
        {"3rep", "f32", "the mean of 3 repeats", MEDIA_F32, 3},
        {"2rep_f16", "f16", "the mean of 2 repeats", MEDIA_F16, 2},
    };
    const struct input_sizes sizes = {.fmri_voxels = N_GOLDEN};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(arena_deinit) struct arena arena = {0};
        _cleanup_(freep) void *values = NULL;
        _cleanup_(freep) float *expected = NULL;
        struct raw_media media;
        struct modal_input input = {.modality = MODALITY_FMRI, .media = &media};
        struct input_tensor found;
        char name[64];

        snprintf(name, sizeof(name), "fmri_%s_values.%s", cases[i].name, cases[i].suffix);
        values = golden(name, cases[i].n_repeats * N_GOLDEN, media_element_size(cases[i].element));
        snprintf(name, sizeof(name), "fmri_%s.f32", cases[i].name);
        expected = golden(name, N_GOLDEN, sizeof(*expected));
        media = media_of(MEDIA_ARRAY, cases[i].element, values, SHAPE(cases[i].n_repeats, N_GOLDEN));
        found = preprocess(&input, &sizes, &arena);
        assert_shape(&found, 1, N_GOLDEN);
        assert_int_equal(found.n_items, 1);
        assert_near(found.data, expected, N_GOLDEN, 1e-6, 1e-6);
        assert_string_equal(found.notes, cases[i].notes);
    }
}

/* 1 and 1 + 2^-10 in f16: the mean lies between two halves and goes to the even one; f32 and f64 keep it. */
static void each_type_rounds_for_itself(void **state)
{
    const uint16_t halves[] = {0x3c00, 0x3c01};
    const float singles[] = {1, 1.0009765625f};
    const double doubles[] = {1, 1.0009765625};
    const struct {
        enum media_element element;
        const void *values;
        float mean;
    } cases[] = {{MEDIA_F16, halves, 1}, {MEDIA_F32, singles, 1.00048828125f}, {MEDIA_F64, doubles, 1.00048828125f}};
    const struct input_sizes sizes = {.fmri_voxels = 1};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(arena_deinit) struct arena arena = {0};
        struct raw_media media = media_of(MEDIA_ARRAY, cases[i].element, cases[i].values, SHAPE(2, 1));
        struct modal_input input = {.modality = MODALITY_FMRI, .media = &media};

        assert_float_equal(preprocess(&input, &sizes, &arena).data[0], cases[i].mean, 0);
    }
}

/* Sums of halves may leave their range; their mean does not. */
static void large_halves_do_not_overflow(void **state)
{
    const uint16_t halves[] = {0x7bff, 0x7bff, 0x7bff};
    const struct input_sizes sizes = {.fmri_voxels = 1};
    _cleanup_(arena_deinit) struct arena arena = {0};
    struct raw_media media = media_of(MEDIA_ARRAY, MEDIA_F16, halves, SHAPE(3, 1));
    struct modal_input input = {.modality = MODALITY_FMRI, .media = &media};

    (void)state;
    assert_float_equal(preprocess(&input, &sizes, &arena).data[0], 65504, 0);
}

static void one_repeat_is_itself(void **state)
{
    const float values[] = {-1.5f, 0, 3e-39f};
    const struct input_sizes sizes = {.fmri_voxels = 3};
    _cleanup_(arena_deinit) struct arena arena = {0};
    struct raw_media media = media_of(MEDIA_ARRAY, MEDIA_F32, values, SHAPE(1, 3));
    struct modal_input input = {.modality = MODALITY_FMRI, .media = &media};
    struct input_tensor found = preprocess(&input, &sizes, &arena);

    (void)state;
    assert_memory_equal(found.data, values, sizeof(values));
    assert_string_equal(found.notes, "");
}

static void another_number_of_voxels_is_refused(void **state)
{
    const float values[100] = {0};
    struct raw_media media = media_of(MEDIA_ARRAY, MEDIA_F32, values, SHAPE(1, 100));
    struct modal_input input = {.modality = MODALITY_FMRI, .media = &media};

    (void)state;
    assert_refused(&input, &input_sizes_released, -EINVAL, "the model expects 15724 voxels, found 100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_equal_the_reference),           cmocka_unit_test(each_type_rounds_for_itself),
        cmocka_unit_test(large_halves_do_not_overflow),        cmocka_unit_test(one_repeat_is_itself),
        cmocka_unit_test(another_number_of_voxels_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
