/* A question from its fields to the JSON of its answer, with a small model of random weights. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/answer/answer_json.h"
#include "core/answer/question.h"
#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "core/model/hparams.h"
#include "core/onellm.h"
#include "tests/unit/tiny_model.h"

DEFINE_CLEANUP(struct sequence *, onellm_release, onellm_releasep)

static struct onellm *onellm;

/* ---- files, small and made here ---- */

/* Three seconds at 200 Hz. */
static const char *imu_csv(size_t *ret_n)
{
    static char text[600 * 64];
    size_t n = 0;

    for (int i = 0; i < 600; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%d,%d,%d,0.5,0.25,%g\n", i % 7, i % 5, i % 3, i * 0.01);
    *ret_n = n;
    return text;
}

/* A second of a tone, 16-bit PCM at 16 kHz. */
static const char *tone_wav(size_t *ret_n)
{
    static char bytes[44 + 32000];
    static const unsigned char header[44] = "RIFF\x24\x7d\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0"
                                            "data\0\x7d\0";
    int16_t sample;

    memcpy(bytes, header, sizeof(header));
    for (int i = 0; i < 16000; i++) {
        sample = (int16_t)(8000 * sin(i * 0.2));
        memcpy(bytes + 44 + 2 * i, &sample, sizeof(sample));
    }
    *ret_n = sizeof(bytes);
    return bytes;
}

/* A picture of w x h pixels, 24-bit BMP. */
static const char *picture_bmp(char bytes[16384], int w, int h, size_t *ret_n)
{
    int row = (w * 3 + 3) / 4 * 4, n = 54 + row * h;
    const struct {
        int at, value;
    } header[] = {{2, n}, {10, 54}, {14, 40}, {18, w}, {22, h}, {34, row * h}};

    assert_true(n <= 16384);
    memset(bytes, 0, (size_t)n);
    memcpy(bytes, "BM", 2);
    for (size_t i = 0; i < ARRAY_SIZE(header); i++)
        memcpy(bytes + header[i].at, &header[i].value, 4);
    bytes[26] = 1;
    bytes[28] = 24;
    for (int i = 54; i < n; i++)
        bytes[i] = (char)(i * 37);
    *ret_n = (size_t)n;
    return bytes;
}

/* ---- asking ---- */

static void set(struct question *question, const char *name, const char *text)
{
    struct error error = ERROR_NONE;

    if (question_set(question, name, text, strlen(text), &error) < 0)
        fail_msg("%s: %s", name, error.message);
}

static int decode(struct question *question, struct error *error)
{
    return question_decode(question, &onellm_info(onellm)->hparams->input, NULL, &media_here, NULL, error);
}

/* The JSON of the answer to a question that is ready. */
static struct value *ask(struct question *question)
{
    _cleanup_(onellm_releasep) struct sequence *sequence = NULL;
    _cleanup_(buffer_deinit) struct buffer text = {.size_max = 1 << 20};
    struct sequence_news news = {0};
    struct error error = ERROR_NONE;

    if (question_finish(question, &error) < 0 || decode(question, &error) < 0 ||
        question_prepare(question, onellm, 0, NULL, &sequence, &error) < 0)
        fail_msg("%s: %s", error.at, error.message);
    assert_int_equal(onellm_submit(onellm, sequence), 0);
    while (news.finish == FINISH_NONE) {
        assert_true(onellm_wait(onellm, 60000));
        assert_ptr_equal(onellm_next(onellm), sequence);
        assert_int_equal(onellm_take(sequence, &news, &text), 0);
    }
    return answer_json(onellm, question, sequence, &news, "ans-1", 1700000000, text.bytes ? text.bytes : "", text.size,
                       true);
}

static int64_t integer(const struct value *object, const char *key)
{
    int64_t value;

    if (!value_integer(value_get(object, key), &value))
        fail_msg("%s is no integer", key);
    return value;
}

static double number(const struct value *object, const char *key)
{
    double value;

    if (!value_number(value_get(object, key), &value))
        fail_msg("%s is no number", key);
    return value;
}

static void test_an_answer_has_all_its_parts(void **state)
{
    _cleanup_(question_deinit) struct question question;
    _cleanup_(value_freep) struct value *answer = NULL;
    const struct value *media, *usage, *timings;
    size_t n;
    const char *bytes;

    (void)state;
    question_init(&question, 0);
    bytes = imu_csv(&n);
    assert_int_equal(question_add_file(&question, "imu", bytes, n, NULL), 0);
    set(&question, "imu.start", "0.5");
    bytes = tone_wav(&n);
    assert_int_equal(question_add_file(&question, "audio", bytes, n, NULL), 0);
    set(&question, "prompt", "What is it?");
    set(&question, "max_tokens", "5");
    set(&question, "temperature", "0");
    answer = ask(&question);

    assert_string_equal(value_text(value_get(answer, "id")), "ans-1");
    assert_string_equal(value_text(value_get(answer, "object")), "answer");
    assert_int_equal(integer(answer, "created"), 1700000000);
    assert_string_equal(value_text(value_get(answer, "model")), onellm_info(onellm)->id);
    assert_string_equal(value_text(value_get(answer, "system_fingerprint")), onellm_info(onellm)->fingerprint);
    assert_non_null(value_text(value_get(answer, "answer")));
    assert_string_equal(value_text(value_get(answer, "finish_reason")), "length");

    media = value_get(answer, "media");
    assert_int_equal(value_size(media), 2);
    assert_string_equal(value_text(value_get(value_at(media, 0), "modality")), "imu");
    assert_string_equal(value_text(value_get(value_at(media, 0), "format")), "csv");
    assert_int_equal(integer(value_at(media, 0), "samples"), 600);
    assert_int_equal(integer(value_at(media, 0), "tokens"), 30);
    assert_string_equal(value_text(value_get(value_at(media, 1), "modality")), "audio");
    assert_string_equal(value_text(value_get(value_at(media, 1), "format")), "wav");
    assert_float_equal(number(value_at(media, 1), "duration_s"), 1, 1e-9);
    assert_float_equal(number(value_at(media, 1), "sample_rate"), 16000, 0);

    usage = value_get(answer, "usage");
    assert_int_equal(integer(usage, "media_tokens"), 2 * 32);
    assert_int_equal(integer(usage, "completion_tokens"), 5);
    assert_int_equal(integer(usage, "prompt_tokens"), 64 + (int64_t)value_size(value_get(answer, "prompt_ids")));
    assert_int_equal(integer(usage, "total_tokens"), integer(usage, "prompt_tokens") + 5);
    assert_int_equal(value_size(value_get(answer, "token_ids")), 5);

    timings = value_get(answer, "timings");
    assert_true(number(timings, "queue_ms") >= 0 && number(timings, "decode_ms") > 0);
    assert_true(number(timings, "encode_ms") > 0 && number(timings, "prefill_ms") > 0);
    assert_true(number(timings, "generate_ms") > 0 && number(timings, "tokens_per_second") > 0);
}

static void test_choices_have_a_probability(void **state)
{
    _cleanup_(question_deinit) struct question question;
    _cleanup_(value_freep) struct value *answer = NULL;
    const char *texts[] = {"a circle", "no", "a lamp"};
    const struct value *choices;
    double sum = 0, most = 0;
    size_t best = 0;

    (void)state;
    question_init(&question, 0);
    set(&question, "prompt", "What is it?");
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        set(&question, "choices", texts[i]);
    set(&question, "logprobs", "true");
    answer = ask(&question);
    choices = value_get(answer, "choices");
    assert_int_equal(value_size(choices), ARRAY_SIZE(texts));
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        double probability = number(value_at(choices, i), "probability");

        assert_string_equal(value_text(value_get(value_at(choices, i), "text")), texts[i]);
        assert_true(probability > 0 && number(value_at(choices, i), "logprob") < 0);
        best = probability > most ? i : best;
        most = fmax(most, probability);
        sum += probability;
    }
    assert_float_equal(sum, 1, 1e-6);
    assert_string_equal(value_text(value_get(answer, "answer")), texts[best]);
    assert_string_equal(value_text(value_get(answer, "finish_reason")), "stop");
    assert_int_equal(integer(value_get(answer, "usage"), "completion_tokens"),
                     value_size(value_get(answer, "token_ids")));
    assert_null(value_get(answer, "logprobs"));
}

static void test_maps_show_the_image_that_they_took(void **state)
{
    static char small[16384], large[16384];
    _cleanup_(question_deinit) struct question question;
    _cleanup_(value_freep) struct value *answer = NULL;
    const struct value *media, *plane;
    size_t n;
    const char *bytes;

    (void)state;
    question_init(&question, 0);
    bytes = picture_bmp(large, 60, 50, &n);
    assert_int_equal(question_add_file(&question, "image", bytes, n, NULL), 0);
    bytes = picture_bmp(small, 20, 10, &n);
    assert_int_equal(question_add_file(&question, "depth", bytes, n, NULL), 0);
    assert_int_equal(question_add_file(&question, "normal", bytes, n, NULL), 0);
    set(&question, "task", "caption");
    set(&question, "max_tokens", "1");
    answer = ask(&question);
    media = value_get(answer, "media");
    assert_int_equal(value_size(media), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(value_text(value_get(value_at(media, i), "modality")), i ? "normal" : "depth");
        assert_int_equal(integer(value_at(media, i), "width"), 20);
        assert_int_equal(integer(value_at(media, i), "height"), 10);
        plane = value_get(value_at(media, i), "image");
        assert_string_equal(value_text(value_get(plane, "format")), "bmp");
        assert_int_equal(integer(plane, "width"), 60);
        assert_int_equal(integer(plane, "height"), 50);
    }
    for (size_t i = 0; i < question.n_uploads; i++)
        assert_null(question.uploads[i].media.data);
}

static void test_damaged_files_are_named(void **state)
{
    static char picture[16384];
    _cleanup_(question_deinit) struct question question;
    struct error error = ERROR_NONE;
    size_t n;
    const char *bytes = picture_bmp(picture, 8, 8, &n);

    (void)state;
    question_init(&question, 0);
    assert_int_equal(question_add_file(&question, "image", bytes, n, NULL), 0);
    assert_int_equal(question_add_file(&question, "image", "no picture at all", 17, NULL), 0);
    set(&question, "prompt", "?");
    assert_int_equal(question_finish(&question, NULL), 0);
    assert_int_equal(decode(&question, &error), -EMEDIUMTYPE);
    assert_string_equal(error.at, "image[1]");
}

static void test_companions_are_named(void **state)
{
    _cleanup_(question_deinit) struct question question;
    struct error error = ERROR_NONE;
    size_t n;
    const char *bytes = imu_csv(&n);

    (void)state;
    question_init(&question, 0);
    assert_int_equal(question_add_file(&question, "imu", bytes, n, NULL), 0);
    assert_int_equal(question_add_file(&question, "imu.timestamps", "\x93NUMPY", 6, NULL), 0);
    set(&question, "prompt", "?");
    assert_int_equal(question_finish(&question, NULL), 0);
    assert_true(decode(&question, &error) < 0);
    assert_string_equal(error.at, "imu.timestamps");
}

static void test_decoding_can_be_given_up(void **state)
{
    _cleanup_(question_deinit) struct question question;
    struct error error = ERROR_NONE;
    const atomic_bool cancelled = true;
    size_t n;
    const char *bytes = tone_wav(&n);

    (void)state;
    question_init(&question, 0);
    assert_int_equal(question_add_file(&question, "audio", bytes, n, NULL), 0);
    set(&question, "prompt", "?");
    assert_int_equal(question_finish(&question, NULL), 0);
    assert_int_equal(question_decode(&question, &onellm_info(onellm)->hparams->input, &media_limits_default,
                                     &media_here, &cancelled, &error),
                     -ECANCELED);
    question.deadline_ns = 1;
    assert_int_equal(decode(&question, NULL), -ETIME);
}

static void test_models_of_text_take_no_files(void **state)
{
    const struct input_sizes none = {0};
    _cleanup_(question_deinit) struct question question;
    struct error error = ERROR_NONE;

    (void)state;
    question_init(&question, 0);
    set(&question, "prompt", "?");
    assert_int_equal(question_decode(&question, &none, NULL, &media_here, NULL, &error), 0);
    assert_int_equal(question_add_file(&question, "image", "x", 1, NULL), 0);
    assert_int_equal(question_decode(&question, &none, NULL, &media_here, NULL, &error), -EINVAL);
    assert_string_equal(error.message, "this model takes text only");
}

static void test_prompts_have_to_fit_the_context(void **state)
{
    _cleanup_(question_deinit) struct question question;
    _cleanup_(onellm_releasep) struct sequence *sequence = NULL;
    struct error error = ERROR_NONE;
    static char text[20000];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    question_init(&question, 0);
    set(&question, "prompt", text);
    assert_int_equal(question_finish(&question, NULL), 0);
    assert_int_equal(question_prepare(&question, onellm, 0, NULL, &sequence, &error), -E2BIG);
    assert_non_null(strstr(error.message, "2048"));
}

static void test_models_are_listed(void **state)
{
    _cleanup_(value_freep) struct value *list = answer_models_json(onellm);
    const struct value *model = value_at(value_get(list, "data"), 0);
    bool untrained = false;

    (void)state;
    assert_string_equal(value_text(value_get(list, "object")), "list");
    assert_int_equal(value_size(value_get(list, "data")), 1);
    assert_string_equal(value_text(value_get(model, "object")), "model");
    assert_int_equal(value_size(value_get(model, "input_modalities")), 1 + N_MODALITIES);
    assert_string_equal(value_text(value_at(value_get(model, "input_modalities"), 0)), "text");
    assert_int_equal(integer(model, "context"), (int64_t)onellm_info(onellm)->context);
    assert_int_equal(integer(model, "size"), (int64_t)onellm_info(onellm)->n_bytes);
    assert_true(value_boolean(value_get(model, "untrained"), &untrained) && untrained);
}

static void test_modalities_are_described(void **state)
{
    _cleanup_(value_freep) struct value *list = answer_modalities_json(onellm, NULL);
    _cleanup_(value_freep) struct value *released = answer_modalities_json(NULL, NULL);
    double sum = 0;

    (void)state;
    assert_int_equal(value_size(value_get(list, "data")), N_MODALITIES);
    for (size_t m = 0; m < N_MODALITIES; m++) {
        const struct value *modality = value_at(value_get(list, "data"), m);
        const struct value *row = value_at(value_get(value_get(modality, "routing"), "tokens"), 29);

        assert_string_equal(value_text(value_get(modality, "id")), modality_info((enum modality)m)->name);
        assert_true(value_size(value_get(modality, "formats")) > 0);
        assert_true(value_size(value_get(modality, "limits")) > 0);
        assert_true(value_size(value_get(value_get(modality, "tensor"), "shape")) >= 2);
        assert_int_equal(integer(modality, "tokens"), 30);
        assert_non_null(strstr(value_text(value_get(modality, "example")), "/v1/answers"));
        sum = 0;
        for (size_t k = 0; k < 3; k++) {
            double weight = 0;

            assert_true(value_number(value_at(row, k), &weight));
            sum += weight;
        }
        assert_float_equal(sum, 1, 1e-6);
    }
    assert_null(value_get(value_at(value_get(released, "data"), 0), "routing"));
    assert_int_equal(integer(value_at(value_get(released, "data"), MODALITY_AUDIO), "encoder_tokens"), 1212);
}

static void test_names_of_outcomes(void **state)
{
    (void)state;
    assert_string_equal(finish_name(FINISH_STOP), "stop");
    assert_string_equal(finish_name(FINISH_LENGTH), "length");
    assert_string_equal(finish_name(FINISH_TIMEOUT), "timeout");
    assert_string_equal(finish_name(FINISH_CANCELLED), "cancelled");
    assert_string_equal(finish_name(FINISH_ERROR), "error");
    assert_string_equal(stage_name(STAGE_QUEUED), "queued");
    assert_string_equal(stage_name(STAGE_ENCODING), "encoding");
    assert_string_equal(stage_name(STAGE_PREFILLING), "prefilling");
    assert_string_equal(stage_name(STAGE_GENERATING), "generating");
    assert_string_equal(stage_name(STAGE_FINISHED), "finished");
}

static int open_model(void **state)
{
    const struct onellm_options options = {.model_path = tiny_model(), .n_threads = 1};

    (void)state;
    return onellm_open(&options, &onellm, NULL);
}

static int close_model(void **state)
{
    (void)state;
    onellm = onellm_close(onellm);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_has_all_its_parts),
        cmocka_unit_test(test_choices_have_a_probability),
        cmocka_unit_test(test_maps_show_the_image_that_they_took),
        cmocka_unit_test(test_damaged_files_are_named),
        cmocka_unit_test(test_companions_are_named),
        cmocka_unit_test(test_decoding_can_be_given_up),
        cmocka_unit_test(test_models_of_text_take_no_files),
        cmocka_unit_test(test_prompts_have_to_fit_the_context),
        cmocka_unit_test(test_models_are_listed),
        cmocka_unit_test(test_modalities_are_described),
        cmocka_unit_test(test_names_of_outcomes),
    };

    return cmocka_run_group_tests(tests, open_model, close_model);
}
