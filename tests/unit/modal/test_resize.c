/* Bicubic to the last bit, in part or as a whole; bilinear at its edges. */
#include "tests/unit/modal/modal_test.h"

#include <errno.h>

#include "core/modal/image.h"
#include "core/modal/resize.h"

/* The whole of a resize, or fails. */
static uint8_t *resized(const struct picture *source, size_t width, size_t height)
{
    struct resize_axis x = {source->width, width, 0, width}, y = {source->height, height, 0, height};
    uint8_t *pixels = malloc(width * height * source->n_channels);

    assert_non_null(pixels);
    assert_int_equal(resize_bicubic(source, &x, &y, pixels, NULL), 0);
    return pixels;
}

static void a_patch_equals_the_reference(void **state)
{
    _cleanup_(freep) uint8_t *pixels = golden("image_patch_source.u8", 60 * 60 * 3, 1);
    _cleanup_(freep) float *expected = golden("image_patch.f32", 3 * 32 * 32, sizeof(float));
    struct picture source = {pixels, 60, 60, 3, 140, 160};
    struct resize_axis x = {333, 224, 100, 32}, y = {480, 322, 49 + 64, 32};
    float found[3 * 32 * 32];

    (void)state;
    assert_int_equal(image_plane(&source, &x, &y, found, NULL), 0);
    assert_near(found, expected, 3 * 32 * 32, 1e-5, 1e-6);
}

static void the_same_size_changes_nothing(void **state)
{
    _cleanup_(freep) uint8_t *pixels = noise_u8(37 * 21 * 3, 0);
    _cleanup_(freep) uint8_t *found = resized(&(struct picture){pixels, 37, 21, 3, 0, 0}, 37, 21);

    (void)state;
    assert_memory_equal(found, pixels, 37 * 21 * 3);
}

static void one_pixel_fills_everything(void **state)
{
    const uint8_t pixel[] = {0, 200, 255};
    _cleanup_(freep) uint8_t *found = resized(&(struct picture){pixel, 1, 1, 3, 0, 0}, 19, 7);

    (void)state;
    for (size_t i = 0; i < 19 * 7; i++)
        assert_memory_equal(found + i * 3, pixel, 3);
}

/* Weights add up to one for every ratio, so a plain picture stays plain; extremes stay within 0..255. */
static void plain_pictures_stay_plain(void **state)
{
    const size_t sides[] = {1, 2, 3, 5, 16, 100, 1000};
    uint8_t *white = malloc(1000);

    (void)state;
    assert_non_null(white);
    memset(white, 255, 1000);
    for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(sides); k++) {
            _cleanup_(freep) uint8_t *found = resized(&(struct picture){white, sides[i], 1, 1, 0, 0}, sides[k], 1);

            assert_memory_equal(found, white, sides[k]);
        }
    }
    free(white);
}

static void overshoot_is_cut(void **state)
{
    const uint8_t edge[] = {0, 0, 0, 0, 255, 255, 255, 255};
    _cleanup_(freep) uint8_t *found = resized(&(struct picture){edge, 8, 1, 1, 0, 0}, 80, 1);

    (void)state;
    for (size_t i = 1; i < 80; i++)
        assert_true(found[i] >= found[i - 1]);
    assert_int_equal(found[0], 0);
    assert_int_equal(found[79], 255);
}

static void three_channels_are_three_times_one(void **state)
{
    _cleanup_(freep) uint8_t *pixels = noise_u8(40 * 30 * 3, 0);
    _cleanup_(freep) uint8_t *together = resized(&(struct picture){pixels, 40, 30, 3, 0, 0}, 23, 50);

    (void)state;
    for (size_t c = 0; c < 3; c++) {
        uint8_t plane[40 * 30];
        _cleanup_(freep) uint8_t *alone = NULL;

        for (size_t i = 0; i < 40 * 30; i++)
            plane[i] = pixels[i * 3 + c];
        alone = resized(&(struct picture){plane, 40, 30, 1, 0, 0}, 23, 50);
        for (size_t i = 0; i < 23 * 50; i++)
            assert_int_equal(together[i * 3 + c], alone[i]);
    }
}

/* Every window of the target, computed from no more than its reach, equals that part of the whole. */
static void a_part_equals_the_part_of_the_whole(void **state)
{
    const size_t targets[][2] = {{9, 11}, {31, 29}, {64, 3}, {1, 200}};
    _cleanup_(freep) uint8_t *pixels = noise_u8(31 * 29, 3);

    (void)state;
    for (size_t t = 0; t < ARRAY_SIZE(targets); t++) {
        size_t width = targets[t][0], height = targets[t][1];
        _cleanup_(freep) uint8_t *whole = resized(&(struct picture){pixels, 31, 29, 1, 0, 0}, width, height);

        for (size_t step = 0; step < 20; step++) {
            struct resize_axis x = {31, width, noise((uint32_t)step) % width, 0};
            struct resize_axis y = {29, height, noise((uint32_t)step + 99) % height, 0};
            struct resize_reach columns, rows;
            struct picture part = {.n_channels = 1};
            _cleanup_(freep) uint8_t *held = NULL, *found = NULL;

            x.count = 1 + step % (width - x.begin);
            y.count = 1 + step * 7 % (height - y.begin);
            columns = resize_reach(&x);
            rows = resize_reach(&y);
            held = malloc(columns.count * rows.count);
            found = malloc(x.count * y.count);
            assert_true(held && found);
            for (size_t i = 0; i < rows.count; i++)
                memcpy(held + i * columns.count, pixels + (rows.begin + i) * 31 + columns.begin, columns.count);
            part = (struct picture){held, columns.count, rows.count, 1, columns.begin, rows.begin};
            assert_int_equal(resize_bicubic(&part, &x, &y, found, NULL), 0);
            for (size_t i = 0; i < y.count; i++)
                assert_memory_equal(found + i * x.count, whole + (y.begin + i) * width + x.begin, x.count);
        }
    }
}

static void unlike_shapes_are_refused_before_memory_is_taken(void **state)
{
    const uint8_t pixels[1] = {0};
    struct picture source = {pixels, 1, (size_t)1 << 26, 1, 0, 0};
    struct resize_axis x = {1, (size_t)1 << 26, 0, (size_t)1 << 26};
    struct resize_axis y = {(size_t)1 << 26, 1, 0, 1};
    struct error error = ERROR_NONE;

    (void)state;
    assert_int_equal(resize_bicubic(&source, &x, &y, NULL, &error), -EINVAL);
    assert_string_equal(error.message,
                        "1 x 67108864 pixels cannot be resized to 67108864 x 1: the shapes are too unlike");
    /* The rows would fit, the weights would not. */
    x = (struct resize_axis){(size_t)1 << 40, 10000, 0, 10000};
    y = (struct resize_axis){1, 1, 0, 1};
    error = ERROR_NONE;
    assert_int_equal(resize_bicubic(&source, &x, &y, NULL, &error), -EINVAL);
}

static void bilinear_keeps_pixels_and_meets_halfway(void **state)
{
    const uint8_t pixels[] = {0, 51, 255};
    struct picture source = {pixels, 3, 1, 1, 0, 0};
    struct resize_axis x = {3, 3, 0, 3}, y = {1, 1, 0, 1};
    float found[6];

    (void)state;
    resize_bilinear(&source, &x, &y, found);
    assert_near(found, (float[]){0, 0.2f, 1}, 3, 1e-7, 1e-7);
    /* Twice as wide: samples at -0.25 (the edge), 0.25, 0.75, 1.25, 1.75, 2.25 (the edge). */
    x = (struct resize_axis){3, 6, 0, 6};
    resize_bilinear(&source, &x, &y, found);
    assert_near(found, (float[]){0, 0.05f, 0.15f, 0.4f, 0.8f, 1}, 6, 1e-6, 1e-6);
    /* A third: no antialiasing, so only the middle pixel counts. */
    x = (struct resize_axis){3, 1, 0, 1};
    resize_bilinear(&source, &x, &y, found);
    assert_near(found, (float[]){0.2f}, 1, 1e-7, 1e-7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_patch_equals_the_reference),
        cmocka_unit_test(the_same_size_changes_nothing),
        cmocka_unit_test(one_pixel_fills_everything),
        cmocka_unit_test(plain_pictures_stay_plain),
        cmocka_unit_test(overshoot_is_cut),
        cmocka_unit_test(three_channels_are_three_times_one),
        cmocka_unit_test(a_part_equals_the_part_of_the_whole),
        cmocka_unit_test(unlike_shapes_are_refused_before_memory_is_taken),
        cmocka_unit_test(bilinear_keeps_pixels_and_meets_halfway),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
