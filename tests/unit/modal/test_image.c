/* image and video: pixels -> normalised planes. */
#include "tests/unit/modal/modal_test.h"

#include <errno.h>

#include "core/modal/image.h"

#define SIDE 16

static const struct input_sizes small = {.image_size = SIDE, .video_clips = 2, .video_crops = 3};

static void images_equal_their_twins(void **state)
{
    const size_t shapes[][2] = {{61, 47}, {47, 61}, {5, 3}, {16, 40}, {1, 7}, {200, 9}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        size_t width = shapes[i][0], height = shapes[i][1];
        _cleanup_(arena_deinit) struct arena arena = {0};
        _cleanup_(freep) uint8_t *pixels = noise_u8(width * height * 3, 0);
        _cleanup_(freep) float *expected = NULL;
        struct raw_media media = media_of(MEDIA_IMAGE, MEDIA_U8, pixels, SHAPE(height, width, 3));
        struct modal_input input = {.modality = MODALITY_IMAGE, .media = &media};
        struct input_tensor found = preprocess(&input, &small, &arena);
        char name[64];

        snprintf(name, sizeof(name), "image_%zux%zu.f32", width, height);
        expected = golden(name, 3 * SIDE * SIDE, sizeof(float));
        assert_shape(&found, 3, SIDE, SIDE);
        assert_int_equal(found.n_items, 1);
        assert_string_equal(found.notes, "");
        assert_near(found.data, expected, 3 * SIDE * SIDE, 1e-5, 1e-6);
    }
}

static void the_crop_is_centred_as_python_rounds(void **state)
{
    const struct {
        size_t width, target, begin;
    } cases[] = {{16, 16, 0}, {17, 17, 0}, {18, 18, 1}, {19, 19, 2},
                 {20, 20, 2}, {21, 21, 2}, {22, 22, 3}, {23, 23, 4}};
    struct resize_axis x, y;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        image_axes(cases[i].width, 16, 16, &x, &y);
        assert_int_equal(x.target, cases[i].target);
        assert_int_equal(x.begin, cases[i].begin);
        assert_int_equal(y.target, 16);
        assert_int_equal(y.begin, 0);
    }
    image_axes(427, 640, 224, &x, &y);
    assert_int_equal(x.target, 224);
    assert_int_equal(y.target, 335);
    assert_int_equal(y.begin, 56); /* 55.5, to even */
}

static void thin_images_cost_no_more_than_their_crop(void **state)
{
    size_t n = (size_t)1 << 22;
    uint8_t *pixels = calloc(n, 3);
    const size_t shapes[][2] = {{1, n}, {n, 1}};

    (void)state;
    assert_non_null(pixels);
    for (size_t i = 0; i < 2; i++) {
        _cleanup_(arena_deinit) struct arena arena = {0};
        struct raw_media media = media_of(MEDIA_IMAGE, MEDIA_U8, pixels, SHAPE(shapes[i][0], shapes[i][1], 3));
        struct modal_input input = {.modality = MODALITY_IMAGE, .media = &media};
        struct input_tensor found = preprocess(&input, &input_sizes_released, &arena);

        assert_shape(&found, 3, 224, 224);
        assert_float_equal(found.data[0], -0.48145466 / 0.26862954, 1e-5);
    }
    free(pixels);
}

static void videos_equal_their_twins(void **state)
{
    const size_t shapes[][2] = {{36, 24}, {24, 37}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        size_t width = shapes[i][0], height = shapes[i][1], n = 6 * 3 * SIDE * SIDE;
        _cleanup_(arena_deinit) struct arena arena = {0};
        _cleanup_(freep) uint8_t *pixels = noise_u8(2 * width * height * 3, 0);
        _cleanup_(freep) float *expected = NULL;
        struct raw_media media = media_of(MEDIA_VIDEO, MEDIA_U8, pixels, SHAPE(2, height, width, 3));
        struct modal_input input = {.modality = MODALITY_VIDEO, .media = &media};
        struct input_tensor found;
        char name[64];

        media.n_frames = 50;
        media.frames[1] = 20;
        found = preprocess(&input, &small, &arena);
        snprintf(name, sizeof(name), "video_%zux%zu.f32", width, height);
        expected = golden(name, n, sizeof(float));
        assert_shape(&found, 6, 3, SIDE, SIDE);
        assert_int_equal(found.n_items, 6);
        assert_string_equal(found.notes, "");
        assert_near(found.data, expected, n, 2e-4, 1e-5);
    }
}

static void short_films_are_noted(void **state)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    _cleanup_(freep) uint8_t *pixels = noise_u8(2 * 20 * 20 * 3, 0);
    struct raw_media media = media_of(MEDIA_VIDEO, MEDIA_U8, pixels, SHAPE(2, 20, 20, 3));
    struct modal_input input = {.modality = MODALITY_VIDEO, .media = &media};
    struct input_tensor found;

    (void)state;
    media.n_frames = 9;
    found = preprocess(&input, &small, &arena);
    assert_string_equal(found.notes, "the film is so short that only its frame 0 is seen");
}

static void another_number_of_frames_is_refused(void **state)
{
    _cleanup_(freep) uint8_t *pixels = noise_u8(3 * 20 * 20 * 3, 0);
    struct raw_media media = media_of(MEDIA_VIDEO, MEDIA_U8, pixels, SHAPE(3, 20, 20, 3));
    struct modal_input input = {.modality = MODALITY_VIDEO, .media = &media};

    (void)state;
    assert_refused(&input, &small, -EINVAL, "the model expects 2 frames of a film, found 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_equal_their_twins),
        cmocka_unit_test(the_crop_is_centred_as_python_rounds),
        cmocka_unit_test(thin_images_cost_no_more_than_their_crop),
        cmocka_unit_test(videos_equal_their_twins),
        cmocka_unit_test(short_films_are_noted),
        cmocka_unit_test(another_number_of_frames_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
