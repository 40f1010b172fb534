/* depth and normal: a map beside an image, in all the element types of maps. */
#include "tests/unit/modal/modal_test.h"

#include <errno.h>

#define SIDE 16
#define N (2 * 3 * SIDE * SIDE)

static const struct input_sizes small = {.image_size = SIDE};

/* A 50 x 40 image of noise and a 30 x 20 map of 12-bit noise, as in make.py. */
struct pair {
    uint8_t image[50 * 40 * 3];
    uint16_t deep[30 * 20];
    struct raw_media image_media, map_media;
    struct modal_input input;
};

static void pair_init(struct pair *pair)
{
    for (size_t i = 0; i < sizeof(pair->image); i++)
        pair->image[i] = (uint8_t)(noise((uint32_t)i) >> 24);
    for (size_t i = 0; i < ARRAY_SIZE(pair->deep); i++)
        pair->deep[i] = (uint16_t)(noise((uint32_t)i + 7) >> 20);
    pair->image_media = media_of(MEDIA_IMAGE, MEDIA_U8, pair->image, SHAPE(40, 50, 3));
    pair->map_media = media_of(MEDIA_MAP, MEDIA_U16, pair->deep, SHAPE(20, 30, 1));
    pair->input =
        (struct modal_input){.modality = MODALITY_DEPTH, .media = &pair->map_media, .image = &pair->image_media};
}

static void assert_pair(const struct modal_input *input, const char *name, const char *notes)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    _cleanup_(freep) float *expected = golden(name, N, sizeof(float));
    struct input_tensor found = preprocess(input, &small, &arena);

    assert_shape(&found, 2, 3, SIDE, SIDE);
    assert_int_equal(found.n_items, 2);
    assert_near(found.data, expected, N, 1e-5, 1e-6);
    assert_string_equal(found.notes, notes);
}

/* The map's plane of a map that stays what it is, channel 0, as bytes. */
static void map_bytes(const struct modal_input *input, uint8_t ret[SIDE * SIDE])
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    struct input_tensor found = preprocess(input, &small, &arena);

    for (size_t i = 0; i < SIDE * SIDE; i++)
        ret[i] = (uint8_t)lroundf((found.data[3 * SIDE * SIDE + i] * 0.26862954f + 0.48145466f) * 255);
}

static void depth_of_8_bits_stays(void **state)
{
    _cleanup_(freep) uint8_t *map = noise_u8(20 * 30, 7);
    struct pair pair;

    (void)state;
    pair_init(&pair);
    pair.map_media = media_of(MEDIA_MAP, MEDIA_U8, map, SHAPE(20, 30, 1));
    assert_pair(&pair.input, "depth_u8.f32", "");
    pair.input.options.depth_range = DEPTH_RANGE_CLIP;
    assert_pair(&pair.input, "depth_u8.f32", "");
    pair.input.options = (struct modal_options){.depth_range = DEPTH_RANGE_GIVEN, .depth_min = 0, .depth_max = 255};
    assert_pair(&pair.input, "depth_u8.f32", "");
}

static void depth_ranges_equal_their_twins(void **state)
{
    float metres[30 * 20];
    struct pair pair;

    (void)state;
    pair_init(&pair);
    for (size_t i = 0; i < ARRAY_SIZE(metres); i++)
        metres[i] = (float)pair.deep[i];
    for (size_t i = 0; i < 2; i++) {
        pair.input.options = (struct modal_options){.depth_range = DEPTH_RANGE_AUTO};
        assert_pair(&pair.input, "depth_u16_auto.f32", "depth from 6 to 4078 was scaled to 0..255");
        pair.input.options = (struct modal_options){.depth_range = DEPTH_RANGE_CLIP};
        assert_pair(&pair.input, "depth_u16_clip.f32", "");
        pair.input.options = (struct modal_options){.depth_min = 1000, .depth_max = 3000};
        pair.input.options.depth_range = DEPTH_RANGE_GIVEN;
        assert_pair(&pair.input, "depth_u16_given.f32", "");
        pair.map_media = media_of(MEDIA_MAP, MEDIA_F32, metres, SHAPE(20, 30, 1));
    }
}

static void clipping_cuts_fractions_off(void **state)
{
    float metres[SIDE * SIDE] = {-3, 0.99f, 1.5f, 254.9f, 255.1f, 1e30f};
    uint8_t found[SIDE * SIDE];
    struct pair pair;

    (void)state;
    pair_init(&pair);
    pair.map_media = media_of(MEDIA_MAP, MEDIA_F32, metres, SHAPE(SIDE, SIDE, 1));
    pair.input.image = NULL;
    pair.input.options.depth_range = DEPTH_RANGE_CLIP;
    map_bytes(&pair.input, found);
    assert_memory_equal(found, ((const uint8_t[]){0, 0, 1, 254, 255, 255, 0}), 7);
}

static void a_constant_map_is_zero(void **state)
{
    float metres[SIDE * SIDE];
    uint8_t found[SIDE * SIDE], zero[SIDE * SIDE] = {0};
    _cleanup_(arena_deinit) struct arena arena = {0};
    struct pair pair;

    (void)state;
    pair_init(&pair);
    for (size_t i = 0; i < ARRAY_SIZE(metres); i++)
        metres[i] = 2.5f;
    pair.map_media = media_of(MEDIA_MAP, MEDIA_F32, metres, SHAPE(SIDE, SIDE, 1));
    map_bytes(&pair.input, found);
    assert_memory_equal(found, zero, sizeof(zero));
    assert_string_equal(preprocess(&pair.input, &small, &arena).notes, "depth is 2.5 everywhere and was taken as 0");
}

static void bad_ranges_are_refused(void **state)
{
    const double ranges[][2] = {{5, 5}, {6, 5}, {NAN, 5}, {0, INFINITY}, {-1e308, 1e308}};
    struct pair pair;

    (void)state;
    pair_init(&pair);
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        pair.input.options = (struct modal_options){
            .depth_range = DEPTH_RANGE_GIVEN, .depth_min = ranges[i][0], .depth_max = ranges[i][1]};
        assert_refused(&pair.input, &small, -EINVAL, "a depth range goes from a smaller to a larger number, found ");
    }
}

static void a_map_can_stand_alone(void **state)
{
    _cleanup_(freep) uint8_t *map = noise_u8(20 * 30, 7);
    struct pair pair;

    (void)state;
    pair_init(&pair);
    pair.map_media = media_of(MEDIA_MAP, MEDIA_U8, map, SHAPE(20, 30, 1));
    pair.input.image = NULL;
    assert_pair(&pair.input, "depth_alone.f32", "there is no RGB image: the map stands for it");
}

static void three_channels_of_depth_stay_three(void **state)
{
    uint8_t map[SIDE * SIDE * 3], found[SIDE * SIDE];
    struct pair pair;

    (void)state;
    pair_init(&pair);
    for (size_t i = 0; i < sizeof(map); i++)
        map[i] = (uint8_t)i;
    pair.map_media = media_of(MEDIA_MAP, MEDIA_U8, map, SHAPE(SIDE, SIDE, 3));
    pair.input.image = NULL;
    map_bytes(&pair.input, found);
    for (size_t i = 0; i < sizeof(found); i++)
        assert_int_equal(found[i], map[i * 3]);
}

static void normals_of_all_types_are_the_same(void **state)
{
    size_t n = 60 * 33 * 3;
    _cleanup_(freep) uint8_t *bytes = noise_u8(n, 9);
    _cleanup_(freep) uint16_t *words = calloc(n, sizeof(*words));
    _cleanup_(freep) float *vectors = calloc(n, sizeof(*vectors));
    struct pair pair;

    (void)state;
    assert_true(words && vectors);
    for (size_t i = 0; i < n; i++) {
        words[i] = (uint16_t)(bytes[i] * 256 + 77);
        vectors[i] = (float)bytes[i] / 255 * 2 - 1;
    }
    pair_init(&pair);
    pair.input.modality = MODALITY_NORMAL;
    pair.map_media = media_of(MEDIA_MAP, MEDIA_U8, bytes, SHAPE(60, 33, 3));
    assert_pair(&pair.input, "normal_u8.f32", "");
    pair.map_media = media_of(MEDIA_MAP, MEDIA_U16, words, SHAPE(60, 33, 3));
    assert_pair(&pair.input, "normal_u8.f32", "of 16 bits per channel the upper 8 are used");
    pair.map_media = media_of(MEDIA_MAP, MEDIA_F32, vectors, SHAPE(60, 33, 3));
    assert_pair(&pair.input, "normal_u8.f32", "normals in -1..1 were scaled to 0..255");
}

static void things_that_are_not_normals_are_refused(void **state)
{
    float values[3] = {0, 0, 255};
    struct pair pair;

    (void)state;
    pair_init(&pair);
    pair.input.modality = MODALITY_NORMAL;
    pair.map_media = media_of(MEDIA_MAP, MEDIA_F32, values, SHAPE(1, 1, 3));
    assert_refused(&pair.input, &small, -EINVAL, "normals lie in -1..1, found 0 to 255");
    values[2] = -1.02f;
    assert_refused(&pair.input, &small, -EINVAL, "normals lie in -1..1, found -1.02 to 0");
    pair.map_media = media_of(MEDIA_MAP, MEDIA_F32, values, SHAPE(1, 2, 1));
    assert_refused(&pair.input, &small, -EINVAL, "a map of normals has 3 channels, found 1");
    values[2] = NAN;
    pair.map_media = media_of(MEDIA_MAP, MEDIA_F32, values, SHAPE(1, 1, 3));
    assert_refused(&pair.input, &small, -EBADMSG, "not finite");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth_of_8_bits_stays),
        cmocka_unit_test(depth_ranges_equal_their_twins),
        cmocka_unit_test(clipping_cuts_fractions_off),
        cmocka_unit_test(a_constant_map_is_zero),
        cmocka_unit_test(bad_ranges_are_refused),
        cmocka_unit_test(a_map_can_stand_alone),
        cmocka_unit_test(three_channels_of_depth_stay_three),
        cmocka_unit_test(normals_of_all_types_are_the_same),
        cmocka_unit_test(things_that_are_not_normals_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
