/* The table of eight, and what is checked before and after any preprocessing. */
#include "tests/unit/modal/modal_test.h"

#include <errno.h>

#include "core/modal/modality_impl.h"

static void names_lead_to_the_modality_and_back(void **state)
{
    (void)state;
    for (enum modality modality = 0; modality < N_MODALITIES; modality++) {
        const struct modality_info *info = modality_info(modality);

        assert_int_equal(info->modality, modality);
        assert_int_equal(modality_by_name(info->name, strlen(info->name)), modality);
        assert_int_equal(info->takes_image, modality == MODALITY_DEPTH || modality == MODALITY_NORMAL);
        assert_true(strlen(info->input) > 0);
    }
    assert_string_equal(modality_info(MODALITY_DEPTH)->official_name, "rgbd");
    assert_string_equal(modality_info(MODALITY_NORMAL)->official_name, "rgbn");
}

static void other_names_are_unknown(void **state)
{
    (void)state;
    assert_int_equal(modality_by_name("imagine", 4), N_MODALITIES);
    assert_int_equal(modality_by_name("images", 6), N_MODALITIES);
    assert_int_equal(modality_by_name("image and more", 5), MODALITY_IMAGE);
    assert_int_equal(modality_by_name("Image", 5), N_MODALITIES);
    assert_int_equal(modality_by_name("rgbd", 4), N_MODALITIES);
    assert_int_equal(modality_by_name("", 0), N_MODALITIES);
    assert_int_equal(modality_by_name("image\0", 6), N_MODALITIES);
}

/* Sizes of the input tensors add up to the token counts of the released model. */
static void released_sizes_give_the_released_token_counts(void **state)
{
    const struct input_sizes *sizes = &input_sizes_released;

    (void)state;
    assert_int_equal((sizes->image_size / 14) * (sizes->image_size / 14), 256);
    assert_int_equal(sizes->video_clips * sizes->video_crops, 15);
    assert_int_equal(((sizes->audio_mel_bins - 16) / 10 + 1) * ((sizes->audio_frames - 16) / 10 + 1), 1212);
    assert_int_equal(sizes->point_min, 1024);
    assert_int_equal(sizes->point_max, 8192);
    assert_int_equal(sizes->imu_samples - 10 + 1, 391);
    assert_int_equal(sizes->fmri_voxels, 15724);
}

static void media_of_another_shape_are_refused(void **state)
{
    uint8_t pixels[2 * 2 * 3] = {0};
    struct raw_media media = media_of(MEDIA_IMAGE, MEDIA_U8, pixels, SHAPE(2, 2, 3));
    struct modal_input input = {.modality = MODALITY_IMAGE, .media = &media};
    const char *expected = "expected a picture, u8 [height, width, 3], found ";

    (void)state;
    media.kind = MEDIA_VIDEO;
    assert_refused(&input, &input_sizes_released, -EINVAL, "found another kind of file");
    media.kind = MEDIA_IMAGE;

    media.n_bytes--;
    assert_refused(&input, &input_sizes_released, -EINVAL, expected);
    media.n_bytes++;

    media.shape[0] = 0;
    assert_refused(&input, &input_sizes_released, -EINVAL, "found u8 [0, 2, 3]");
    media.shape[0] = (size_t)1 << 62;
    assert_refused(&input, &input_sizes_released, -EINVAL, "found u8 [4611686018427387904, 2, 3]");

    media = media_of(MEDIA_IMAGE, MEDIA_U8, pixels, SHAPE(2, 3, 2));
    assert_refused(&input, &input_sizes_released, -EINVAL, "found u8 [2, 3, 2]");
    media = media_of(MEDIA_IMAGE, MEDIA_U8, pixels, SHAPE(12));
    assert_refused(&input, &input_sizes_released, -EINVAL, "found u8 [12]");
    media = media_of(MEDIA_IMAGE, MEDIA_F32, pixels, SHAPE(1, 1, 3));
    assert_refused(&input, &input_sizes_released, -EINVAL, "found f32 [1, 1, 3]");
    media.element = 99;
    assert_refused(&input, &input_sizes_released, -EINVAL, "found ? [1, 1, 3]");
    media = (struct raw_media){.kind = MEDIA_IMAGE};
    assert_refused(&input, &input_sizes_released, -EINVAL, "found u8 []");
}

static void companions_are_checked_as_well(void **state)
{
    uint8_t pixels[3] = {0};
    float series[60] = {0};
    double times[10] = {0};
    struct raw_media map = media_of(MEDIA_MAP, MEDIA_U8, pixels, SHAPE(1, 1, 1));
    struct raw_media image = media_of(MEDIA_IMAGE, MEDIA_U8, pixels, SHAPE(1, 3, 1));
    struct modal_input depth = {.modality = MODALITY_DEPTH, .media = &map, .image = &image};
    struct raw_media samples = media_of(MEDIA_SERIES, MEDIA_F32, series, SHAPE(10, 6));
    struct raw_media stamps = media_of(MEDIA_TIMESTAMPS, MEDIA_F64, times, SHAPE(10));
    struct modal_input imu = {.modality = MODALITY_IMU, .media = &samples, .timestamps = &stamps};

    (void)state;
    assert_refused(&depth, &input_sizes_released, -EINVAL, "expected a picture, u8 [height, width, 3]");
    times[9] = NAN;
    assert_refused(&imu, &input_sizes_released, -EBADMSG, "not finite");
}

static void numbers_that_are_not_finite_are_refused(void **state)
{
    const double bad[] = {NAN, INFINITY, -INFINITY};
    const uint16_t bad_f16[] = {0x7c00, 0xfc00, 0x7e01};
    struct input_sizes sizes = {.fmri_voxels = 5};
    struct raw_media media;
    struct modal_input input = {.modality = MODALITY_FMRI, .media = &media};

    (void)state;
    for (size_t kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < 5; i++) {
            uint16_t halves[5] = {0, 0x7bff, 0x8000, 0x3c00, 1};
            float singles[5] = {0, 3e38f, -0.0f, 1, 1e-45f};
            double doubles[5] = {0, 3e38, -0.0, 1, 1e-45};

            media = media_of(MEDIA_ARRAY, MEDIA_F16, halves, SHAPE(1, 5));
            halves[i] = bad_f16[kind];
            assert_refused(&input, &sizes, -EBADMSG, "not finite");
            media = media_of(MEDIA_ARRAY, MEDIA_F32, singles, SHAPE(1, 5));
            singles[i] = (float)bad[kind];
            assert_refused(&input, &sizes, -EBADMSG, "not finite");
            media = media_of(MEDIA_ARRAY, MEDIA_F64, doubles, SHAPE(1, 5));
            doubles[i] = bad[kind];
            assert_refused(&input, &sizes, -EBADMSG, "not finite");
        }
    }
}

static void results_that_overflow_are_refused(void **state)
{
    float values[2] = {3e38f, 3e38f};
    double wide = 1e300;
    struct input_sizes sizes = {.fmri_voxels = 1};
    struct raw_media media = media_of(MEDIA_ARRAY, MEDIA_F32, values, SHAPE(2, 1));
    struct modal_input input = {.modality = MODALITY_FMRI, .media = &media};

    (void)state;
    assert_refused(&input, &sizes, -EINVAL, "too large to compute with");
    media = media_of(MEDIA_ARRAY, MEDIA_F64, &wide, SHAPE(1, 1));
    assert_refused(&input, &sizes, -EINVAL, "too large to compute with");
}

static void the_ceiling_of_the_arena_holds(void **state)
{
    uint8_t pixel[3] = {0};
    struct raw_media media = media_of(MEDIA_IMAGE, MEDIA_U8, pixel, SHAPE(1, 1, 3));
    struct modal_input input = {.modality = MODALITY_IMAGE, .media = &media};
    _cleanup_(arena_deinit) struct arena arena = {0};
    struct error error = ERROR_NONE;
    struct input_tensor tensor;

    (void)state;
    arena_init(&arena, 4 * 3 * 224 * 224 - 1);
    assert_int_equal(modal_preprocess(&input, &input_sizes_released, &arena, &tensor, &error), -ENOMEM);
    assert_string_equal(error.message, "no memory for an input tensor of 150528 numbers");
}

static void an_input_tensor_cannot_overflow(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    struct input_tensor tensor = {0};

    (void)state;
    assert_int_equal(input_tensor_alloc(&tensor, SHAPE((size_t)1 << 40, (size_t)1 << 40), &arena, NULL), -ENOMEM);
    assert_int_equal(input_tensor_alloc(&tensor, SHAPE((size_t)1 << 62), &arena, NULL), -ENOMEM);
}

static void notes_are_whole_sentences(void **state)
{
    struct input_tensor tensor = {0};
    char long_note[200];

    (void)state;
    memset(long_note, 'x', sizeof(long_note) - 1);
    long_note[sizeof(long_note) - 1] = '\0';
    input_tensor_note(&tensor, "one");
    input_tensor_note(&tensor, "%d and %d", 2, 3);
    assert_string_equal(tensor.notes, "one; 2 and 3");
    input_tensor_note(&tensor, "%s", long_note);
    assert_int_equal(strlen(tensor.notes), 12 + 2 + 199);
    input_tensor_note(&tensor, "%s", long_note);
    assert_int_equal(strlen(tensor.notes), 12 + 2 + 199);
    input_tensor_note(&tensor, "end");
    assert_string_equal(tensor.notes + 12 + 2 + 199, "; end");

    /* Exactly full, and one more. */
    tensor = (struct input_tensor){0};
    input_tensor_note(&tensor, "%255d", 1);
    assert_int_equal(strlen(tensor.notes), 255);
    input_tensor_note(&tensor, "no");
    assert_int_equal(strlen(tensor.notes), 255);
    tensor = (struct input_tensor){0};
    input_tensor_note(&tensor, "%256d", 1);
    assert_string_equal(tensor.notes, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lead_to_the_modality_and_back),
        cmocka_unit_test(other_names_are_unknown),
        cmocka_unit_test(released_sizes_give_the_released_token_counts),
        cmocka_unit_test(media_of_another_shape_are_refused),
        cmocka_unit_test(companions_are_checked_as_well),
        cmocka_unit_test(numbers_that_are_not_finite_are_refused),
        cmocka_unit_test(results_that_overflow_are_refused),
        cmocka_unit_test(the_ceiling_of_the_arena_holds),
        cmocka_unit_test(an_input_tensor_cannot_overflow),
        cmocka_unit_test(notes_are_whole_sentences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
