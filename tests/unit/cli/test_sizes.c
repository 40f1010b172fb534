#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/value.h"
#include "core/cli/sizes.h"
#include "core/model/hparams.h"
#include "core/model/synthesize.h"

static struct value *parse(const char *text)
{
    struct value *value;

    assert_int_equal(value_parse_json(text, strlen(text), &value, NULL), 0);
    return value;
}

static int assign(struct hparams *hparams, const char *text, bool shapes, struct error *error)
{
    _cleanup_(value_freep) struct value *object = parse(text);

    *error = ERROR_NONE;
    return sizes_assign(hparams, object, shapes, "x.json", error);
}

static void compare(const struct hparams *hparams, const char *text, const char *message)
{
    _cleanup_(value_freep) struct value *object = parse(text);
    struct error error = ERROR_NONE;
    int r = sizes_compare(hparams, object, "x.json", &error);

    assert_int_equal(r, message ? -EINVAL : 0);
    assert_string_equal(error.message, message ? message : "");
}

static void test_shapes_decide_when_they_can(void **state)
{
    const char *text = "{\"dim\": 77, \"n_heads\": 2, \"rope_theta\": 500000.0, \"layer_norm_eps\": 1e-3, "
                       "\"max_seq_len\": 99, \"router\": \"sparse\", \"image_tokens\": 1, \"something\": []}";
    struct hparams hparams = *synthesize_shape("tiny");
    struct error error;

    (void)state;
    assert_int_equal(assign(&hparams, text, false, &error), 0);
    assert_int_equal(hparams.decoder.width, 64);
    assert_int_equal(hparams.decoder.n_heads, 2);
    assert_int_equal(hparams.decoder.n_kv_heads, 0);
    assert_float_equal(hparams.rope_theta, 500000, 0);
    assert_float_equal(hparams.encoder.norm_eps, 1e-3f, 0);
    assert_int_equal(hparams.context, 99);
    assert_int_equal(hparams.router, ROUTER_SPARSE);
    assert_int_equal(hparams.n_tokens[MODALITY_IMAGE], 256);
    assert_int_equal(assign(&hparams, text, true, &error), 0);
    assert_int_equal(hparams.decoder.width, 77);
    assert_int_equal(hparams.n_tokens[MODALITY_IMAGE], 256);
}

static void test_one_epsilon_serves_both_stacks(void **state)
{
    struct hparams hparams = *synthesize_shape("tiny");
    struct error error;

    (void)state;
    assert_int_equal(assign(&hparams, "{\"norm_eps\": 0.25}", false, &error), 0);
    assert_float_equal(hparams.decoder.norm_eps, 0.25, 0);
    assert_float_equal(hparams.expert.norm_eps, 0.25, 0);
    assert_int_equal(assign(&hparams, "{\"norm_eps\": 0.5, \"resampler_norm_eps\": 0.125}", false, &error), 0);
    assert_float_equal(hparams.decoder.norm_eps, 0.5, 0);
    assert_float_equal(hparams.expert.norm_eps, 0.125, 0);
}

static void test_values_of_a_wrong_type_are_named(void **state)
{
    struct hparams hparams = *synthesize_shape("tiny");
    struct error error;

    (void)state;
    assert_int_equal(assign(&hparams, "{\"n_heads\": 4.5}", false, &error), -EINVAL);
    assert_string_equal(error.message, "x.json: n_heads is not a whole number below 2^32");
    assert_int_equal(assign(&hparams, "{\"n_heads\": \"4\"}", false, &error), -EINVAL);
    assert_int_equal(assign(&hparams, "{\"n_heads\": 4294967296}", false, &error), -EINVAL);
    assert_int_equal(assign(&hparams, "{\"norm_eps\": \"small\"}", false, &error), -EINVAL);
    assert_string_equal(error.message, "x.json: norm_eps is not a number");
    assert_int_equal(assign(&hparams, "{\"router\": \"hard\"}", false, &error), -EINVAL);
    assert_int_equal(assign(&hparams, "{\"router\": 1}", false, &error), -EINVAL);
    assert_string_equal(error.message, "x.json: router is not soft-sigmoid, soft-softmax, sparse or constant");
}

static void test_contradictions_name_both_values(void **state)
{
    const struct hparams *tiny = synthesize_shape("tiny");

    (void)state;
    compare(tiny, "{}", NULL);
    compare(tiny, "{\"dim\": 64, \"vocab_size\": -1, \"norm_eps\": 1e-05, \"multiple_of\": 32}", NULL);
    compare(tiny, "{\"clip_activation\": \"quick_gelu\", \"fmri_linear_out\": 256, \"audio_tokens\": 1212}", NULL);
    compare(tiny, "{\"dim\": 128}", "x.json says dim 128, but it is 64");
    compare(tiny, "{\"vocab_size\": 511}", "x.json says vocab_size 511, but it is 512");
    compare(tiny, "{\"image_tokens\": 255}", "x.json says image_tokens 255, but it is 256");
    compare(tiny, "{\"rope_theta\": 1e6}", "x.json says rope_theta 1e+06, but it is 10000");
    compare(tiny, "{\"fmri_linear_out\": 512}", "x.json says fmri_linear_out 512, but it is 256");
    compare(tiny, "{\"router\": \"sparse\"}", "x.json says router sparse, but it is soft-sigmoid");
    compare(tiny, "{\"clip_activation\": \"gelu\"}",
            "x.json says clip_activation gelu; only quick_gelu is implemented");
}

static void test_sizes_follow_from_others(void **state)
{
    struct hparams hparams = *synthesize_shape("tiny");
    struct error error;

    (void)state;
    assert_int_equal(assign(&hparams,
                            "{\"clip_width\": 48, \"clip_patch\": 28, \"audio_stride\": 16, \"imu_samples\": 100, "
                            "\"n_heads\": 8, \"point_tokens\": 64}",
                            true, &error),
                     0);
    hparams_derive(&hparams);
    assert_int_equal(hparams.expert.width, 48);
    assert_int_equal(hparams.decoder.n_kv_heads, 8);
    assert_int_equal(hparams.n_tokens[MODALITY_NORMAL], 64);
    assert_int_equal(hparams.n_tokens[MODALITY_AUDIO], 8 * 64);
    assert_int_equal(hparams.n_tokens[MODALITY_IMU], 91);
    assert_int_equal(hparams.input.point_min, 64);
    assert_int_equal(hparams_check(&hparams, &error), 0);
}

/* The shapes known by name are complete: nothing that follows from other sizes disagrees with them. */
static void test_known_shapes_are_consistent(void **state)
{
    (void)state;
    for (const char *const *name = synthesize_shape_names; *name; name++) {
        struct hparams derived;

        memcpy(&derived, synthesize_shape(*name), sizeof(derived));
        hparams_derive(&derived);
        assert_memory_equal(&derived, synthesize_shape(*name), sizeof(derived));
        assert_int_equal(hparams_check(&derived, NULL), 0);
    }
    assert_null(synthesize_shape("unknown"));
}

static void test_what_can_be_set(void **state)
{
    (void)state;
    assert_true(sizes_can_set("n_experts"));
    assert_true(sizes_can_set("num_experts"));
    assert_true(sizes_can_set("router"));
    assert_true(sizes_can_set("n_kv_heads"));
    assert_false(sizes_can_set("image_tokens"));
    assert_false(sizes_can_set("experts"));
    assert_false(sizes_can_set(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes_decide_when_they_can),
        cmocka_unit_test(test_one_epsilon_serves_both_stacks),
        cmocka_unit_test(test_values_of_a_wrong_type_are_named),
        cmocka_unit_test(test_contradictions_name_both_values),
        cmocka_unit_test(test_sizes_follow_from_others),
        cmocka_unit_test(test_known_shapes_are_consistent),
        cmocka_unit_test(test_what_can_be_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
