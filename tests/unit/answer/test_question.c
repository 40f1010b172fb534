#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/answer/fields.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"

/* Sets a field of a question that holds one file of every modality with options. */
static int set_fresh(const char *name, const char *text, size_t n, struct error *error)
{
    static const char *const media[] = {"audio", "video", "imu", "depth"};
    _cleanup_(question_deinit) struct question question;

    *error = ERROR_NONE;
    question_init(&question, 0);
    for (size_t i = 0; i < ARRAY_SIZE(media); i++)
        assert_int_equal(question_add_file(&question, media[i], "x", 1, NULL), 0);
    return question_set(&question, name, text, n, error);
}

static void accept(const char *name, const char *text)
{
    struct error error;

    if (set_fresh(name, text, strlen(text), &error) != 0)
        fail_msg("%s=%s: %s", name, text, error.message);
}

static void refuse(const char *name, const char *text, const char *message)
{
    struct error error;

    assert_int_equal(set_fresh(name, text, strlen(text), &error), -EINVAL);
    assert_int_equal(error.code, -EINVAL);
    assert_string_equal(error.at, name);
    if (!strstr(error.message, message))
        fail_msg("%s=%s: \"%s\" does not say \"%s\"", name, text, error.message, message);
}

static void test_every_integer_obeys_its_limits(void **state)
{
    static const char *const wrong[] = {"",
                                        " 1",
                                        "1 ",
                                        "-1",
                                        "+1",
                                        "1.0",
                                        "1e3",
                                        "0x10",
                                        "nan",
                                        "inf",
                                        "one",
                                        "1\n2",
                                        "18446744073709551616",
                                        "99999999999999999999999999"};
    size_t n_seen = 0;

    (void)state;
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        char text[64];

        if (field->type != FIELD_INTEGER)
            continue;
        n_seen++;
        for (size_t k = 0; k < ARRAY_SIZE(wrong); k++)
            refuse(field->name, wrong[k], "must be an integer from ");
        snprintf(text, sizeof(text), "%.0f", field->minimum);
        accept(field->name, text);
        if (field->minimum > 0) {
            snprintf(text, sizeof(text), "%.0f", field->minimum - 1);
            refuse(field->name, text, "must be an integer from ");
        }
        if (field->maximum == 0x1p64) {
            accept(field->name, "18446744073709551615");
            continue;
        }
        snprintf(text, sizeof(text), "%.0f", field->maximum);
        accept(field->name, text);
        snprintf(text, sizeof(text), "%.0f", field->maximum + 1);
        refuse(field->name, text, "must be an integer from ");
    }
    assert_true(n_seen >= 4);
}

static void test_every_number_obeys_its_limits(void **state)
{
    static const char *const wrong[] = {"",    " 0.5", "0.5 ", "nan", "NaN", "inf", "-inf",  "infinity", "1e999",
                                        "0x1", "1,5",  ".",    "e1",  "1e",  "--1", "0.5.5", "1e+",      "-1e999"};
    size_t n_seen = 0;

    (void)state;
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        char text[64];

        if (field->type != FIELD_NUMBER)
            continue;
        n_seen++;
        for (size_t k = 0; k < ARRAY_SIZE(wrong); k++)
            refuse(field->name, wrong[k], "must be a number ");
        snprintf(text, sizeof(text), "%.17g", field->minimum);
        if (field->above_minimum)
            refuse(field->name, text, "must be a number above ");
        else
            accept(field->name, text);
        snprintf(text, sizeof(text), "%.17g", nextafter(field->minimum, field->above_minimum ? INFINITY : -INFINITY));
        if (field->above_minimum)
            accept(field->name, text);
        else
            refuse(field->name, text, "must be a number from ");
        snprintf(text, sizeof(text), "%.17g", field->maximum);
        accept(field->name, text);
        snprintf(text, sizeof(text), "%.17g", nextafter(field->maximum, INFINITY));
        refuse(field->name, text, "must be a number ");
    }
    assert_true(n_seen >= 8);
}

static void test_numbers_may_be_spelled_in_every_usual_way(void **state)
{
    static const char *const right[] = {"1", "+1", "1.", ".5", "0.5", "5e-1", "50E-2", "0", "-0", "1e-400"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(right); i++)
        accept("temperature", right[i]);
    refuse("temperature", "0.00000000000000000000000000000000000000000000000000000000000000001", "must be a number");
}

static void test_texts_have_a_length(void **state)
{
    struct error error;
    static char text[(1 << 20) + 2];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        size_t n_max = (size_t)field->maximum;

        if (field->type != FIELD_TEXT || strcmp(field->name, "task") == 0 || strcmp(field->name, "depth.range") == 0 ||
            strcmp(field->name, "media_id") == 0) /* is for the daemon, which has such media */
            continue;
        assert_int_equal(set_fresh(field->name, text, n_max, &error), 0);
        assert_int_equal(set_fresh(field->name, text, n_max + 1, &error), -EINVAL);
        assert_string_equal(error.at, field->name);
        assert_int_equal(set_fresh(field->name, "a\0b", 3, &error), -EINVAL);
        assert_string_equal(error.message, "must not contain a zero byte");
        assert_int_equal(set_fresh(field->name, "a\xc3\xa4", 3, &error), 0);
        assert_int_equal(set_fresh(field->name, "a\xc3", 2, &error), -EINVAL);
        assert_string_equal(error.message, "must be UTF-8; byte 2 is not");
    }
    refuse("stop", "", "must have 1 to 128 bytes, not 0");
    refuse("task", "", "must have 1 to");
    accept("system", "");
}

static void test_booleans_are_spelled_in_four_ways(void **state)
{
    (void)state;
    accept("stream", "true");
    accept("stream", "false");
    accept("stream", "1");
    accept("stream", "0");
    refuse("stream", "True", "must be true, false, 1 or 0");
    refuse("stream", "", "must be true, false, 1 or 0");
    refuse("stream", "yes", "must be true, false, 1 or 0");
}

static void test_values_arrive(void **state)
{
    _cleanup_(question_deinit) struct question q;

    (void)state;
    question_init(&q, 0);
    assert_int_equal(q.tokens_max, 256);
    assert_float_equal(q.sampling.temperature, 0.1, 1e-7);
    assert_float_equal(q.sampling.top_p, 0.75, 0);
    assert_float_equal(q.sampling.repetition_penalty, 1, 0);
    assert_int_equal(q.sampling.top_k, 0);
    assert_null(q.prompt);
    assert_int_equal(question_set(&q, "prompt", "who?", 4, NULL), 0);
    assert_int_equal(question_set(&q, "system", "you are", 7, NULL), 0);
    assert_int_equal(question_set(&q, "max_tokens", "24", 2, NULL), 0);
    assert_int_equal(question_set(&q, "temperature", "0", 1, NULL), 0);
    assert_int_equal(question_set(&q, "top_p", "1", 1, NULL), 0);
    assert_int_equal(question_set(&q, "top_k", "40", 2, NULL), 0);
    assert_int_equal(question_set(&q, "min_p", "0.25", 4, NULL), 0);
    assert_int_equal(question_set(&q, "repetition_penalty", "1.5", 3, NULL), 0);
    assert_int_equal(question_set(&q, "seed", "18446744073709551615", 20, NULL), 0);
    assert_int_equal(question_set(&q, "timeout_ms", "1500", 4, NULL), 0);
    assert_int_equal(question_set(&q, "stream", "true", 4, NULL), 0);
    assert_int_equal(question_finish(&q, NULL), 0);
    assert_string_equal(q.prompt, "who?");
    assert_string_equal(q.system, "you are");
    assert_int_equal(q.tokens_max, 24);
    assert_float_equal(q.sampling.temperature, 0, 0);
    assert_float_equal(q.sampling.top_p, 1, 0);
    assert_int_equal(q.sampling.top_k, 40);
    assert_float_equal(q.sampling.min_p, 0.25, 0);
    assert_float_equal(q.sampling.repetition_penalty, 1.5, 0);
    assert_true(q.sampling.seed == UINT64_MAX);
    assert_int_equal(q.timeout_ms, 1500);
    assert_true(q.stream);
}

static void test_a_field_comes_once(void **state)
{
    _cleanup_(question_deinit) struct question question;
    struct error error = ERROR_NONE;

    (void)state;
    question_init(&question, 0);
    assert_int_equal(question_set(&question, "seed", "1", 1, &error), 0);
    assert_int_equal(question_set(&question, "seed", "1", 1, &error), -EINVAL);
    assert_string_equal(error.at, "seed");
    assert_string_equal(error.message, "was given twice");
    for (int i = 0; i < QUESTION_STOPS_MAX; i++)
        assert_int_equal(question_set(&question, "stop", "x", 1, NULL), 0);
    error = ERROR_NONE;
    assert_int_equal(question_set(&question, "stop", "x", 1, &error), -EINVAL);
    assert_string_equal(error.message, "at most 4 stop strings");
    assert_int_equal(question.n_stops, QUESTION_STOPS_MAX);
}

static void test_choices_differ(void **state)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"", "must have 1 to 1024 bytes, not 0"},
        {" \n\t", "must have more than white space"},
        {"a ### b", "must not contain ###"},
        {"gr\xfcn", "must be UTF-8"},
        {"gr\xc3", "must be UTF-8"},
        {"a circle", "number 3 is the same as number 1"},
        {"\ta circle ", "number 3 is the same as number 1"},
    };
    _cleanup_(question_deinit) struct question question;
    char text[8];

    (void)state;
    question_init(&question, 0);
    assert_int_equal(question_set(&question, "choices", "a circle", 8, NULL), 0);
    assert_int_equal(question_set(&question, "choices", " gr\xc3\xbcn \n", 8, NULL), 0);
    assert_string_equal(question.choices[1], "gr\xc3\xbcn");
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct error error = ERROR_NONE;

        assert_int_equal(question_set(&question, "choices", wrong[i].text, strlen(wrong[i].text), &error), -EINVAL);
        assert_string_equal(error.at, "choices");
        if (!strstr(error.message, wrong[i].message))
            fail_msg("\"%s\" does not say \"%s\"", error.message, wrong[i].message);
    }
    for (int i = 2; i < QUESTION_CHOICES_MAX; i++) {
        snprintf(text, sizeof(text), "%d", i);
        assert_int_equal(question_set(&question, "choices", text, strlen(text), NULL), 0);
    }
    assert_int_equal(question_set(&question, "choices", "one more", 8, NULL), -EINVAL);
    assert_int_equal(question.n_choices, QUESTION_CHOICES_MAX);
}

static void test_choices_go_without_stops(void **state)
{
    static const char *const cases[][2] = {{"stop", "x"}, {"top_logprobs", "2"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(question_deinit) struct question question;
        struct error error = ERROR_NONE;

        question_init(&question, 0);
        question_set(&question, "prompt", "which?", 6, NULL);
        question_set(&question, "choices", "this", 4, NULL);
        question_set(&question, "logprobs", "true", 4, NULL);
        assert_int_equal(question_set(&question, cases[i][0], cases[i][1], strlen(cases[i][1]), NULL), 0);
        assert_int_equal(question_finish(&question, &error), -EINVAL);
        assert_string_equal(error.at, cases[i][0]);
        assert_non_null(strstr(error.message, "does not go with choices"));
    }
}

static void test_unknown_fields_are_listed(void **state)
{
    struct error error;

    (void)state;
    assert_int_equal(set_fresh("temprature", "1", 1, &error), -EINVAL);
    assert_string_equal(error.at, "temprature");
    assert_non_null(strstr(error.message, "temperature, top_p, top_k"));
    assert_non_null(strstr(error.message, "fmri.mask"));
    /* Names that are not plain are not repeated. */
    assert_int_equal(set_fresh("a\x1b[31mb", "1", 1, &error), -EINVAL);
    assert_string_equal(error.at, "");
    assert_int_equal(set_fresh("", "1", 1, &error), -EINVAL);
    assert_int_equal(set_fresh("audio.", "1", 1, &error), -EINVAL);
}

static int add(struct question *question, const char *name, struct error *error)
{
    return question_add_file(question, name, "x", 1, error);
}

static void test_options_belong_to_the_latest_file(void **state)
{
    _cleanup_(question_deinit) struct question question;
    struct error error = ERROR_NONE;

    (void)state;
    question_init(&question, 0);
    assert_int_equal(question_set(&question, "audio.start", "1", 1, &error), -EINVAL);
    assert_string_equal(error.at, "audio.start");
    assert_string_equal(error.message, "belongs to a file named audio, which has to come before it");
    assert_int_equal(add(&question, "audio", NULL), 0);
    assert_int_equal(question_set(&question, "audio.start", "1.5", 3, NULL), 0);
    error = ERROR_NONE;
    assert_int_equal(question_set(&question, "audio.start", "2", 1, &error), -EINVAL);
    assert_string_equal(error.message, "was given twice");
    assert_int_equal(add(&question, "imu", NULL), 0);
    assert_int_equal(add(&question, "audio", NULL), 0);
    assert_int_equal(question_set(&question, "audio.start", "3", 1, NULL), 0);
    assert_int_equal(question_set(&question, "imu.end", "4", 1, NULL), 0);
    assert_int_equal(add(&question, "imu.timestamps", NULL), 0);
    error = ERROR_NONE;
    assert_int_equal(add(&question, "imu.timestamps", &error), -EINVAL);
    assert_string_equal(error.message, "was given twice");
    error = ERROR_NONE;
    assert_int_equal(add(&question, "fmri.mask", &error), -EINVAL);
    assert_string_equal(error.at, "fmri.mask");
    assert_float_equal(question.uploads[0].options.start_s, 1.5, 0);
    assert_float_equal(question.uploads[1].options.end_s, 4, 0);
    assert_int_equal(question.uploads[1].n_timestamps_bytes, 1);
    assert_float_equal(question.uploads[2].options.start_s, 3, 0);
}

static void test_windows_end_after_they_start(void **state)
{
    _cleanup_(question_deinit) struct question question;
    struct error error = ERROR_NONE;

    (void)state;
    question_init(&question, 0);
    assert_int_equal(question_set(&question, "prompt", "?", 1, NULL), 0);
    assert_int_equal(add(&question, "video", NULL), 0);
    assert_int_equal(question_set(&question, "video.end", "2", 1, NULL), 0);
    assert_int_equal(question_set(&question, "video.start", "2", 1, NULL), 0);
    assert_int_equal(question_finish(&question, &error), -EINVAL);
    assert_string_equal(error.at, "video.end");
    assert_string_equal(error.message, "must be after video.start");
}

static void test_depth_ranges(void **state)
{
    static const char *const wrong[] = {"", "Auto", "1", "1,", ",1", "2,1", "1,1", "nan,1", "0,inf", "0, 1", "0,1,2"};
    _cleanup_(question_deinit) struct question question;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        refuse("depth.range", wrong[i], "must ");
    question_init(&question, 0);
    for (int i = 0; i < 3; i++) {
        static const char *const texts[] = {"auto", "clip", "-0.5,65535"};

        assert_int_equal(add(&question, "depth", NULL), 0);
        assert_int_equal(question_set(&question, "depth.range", texts[i], strlen(texts[i]), NULL), 0);
    }
    assert_int_equal(question.uploads[0].options.depth_range, DEPTH_RANGE_AUTO);
    assert_int_equal(question.uploads[1].options.depth_range, DEPTH_RANGE_CLIP);
    assert_int_equal(question.uploads[2].options.depth_range, DEPTH_RANGE_GIVEN);
    assert_float_equal(question.uploads[2].options.depth_min, -0.5, 0);
    assert_float_equal(question.uploads[2].options.depth_max, 65535, 0);
}

static void test_files_are_checked(void **state)
{
    _cleanup_(question_deinit) struct question question;
    struct error error = ERROR_NONE;

    (void)state;
    question_init(&question, 0);
    assert_true(question_is_file("normal", 6));
    assert_true(question_is_file("imu.timestamps", 14));
    assert_false(question_is_file("normals", 7));
    assert_false(question_is_file("imu.time", 8));
    assert_false(question_is_file("prompt", 6));
    assert_int_equal(question_add_file(&question, "image", "", 0, &error), -EINVAL);
    assert_string_equal(error.at, "image");
    assert_string_equal(error.message, "the file is empty");
    error = ERROR_NONE;
    assert_int_equal(add(&question, "picture", &error), -EINVAL);
    assert_string_equal(error.at, "picture");
    for (int i = 0; i < QUESTION_MEDIA_MAX; i++)
        assert_int_equal(add(&question, "image", NULL), 0);
    error = ERROR_NONE;
    assert_int_equal(add(&question, "image", &error), -EINVAL);
    assert_string_equal(error.message, "at most 8 media in one question");
    assert_int_equal(question.n_uploads, QUESTION_MEDIA_MAX);
}

static void test_maps_take_the_nearest_image_before_them(void **state)
{
    static const char *const names[] = {"depth", "image", "image", "audio", "depth", "normal", "image", "normal"};
    static const int images[] = {-1, -1, -1, -1, 2, 2, -1, 6};
    static const bool planes[] = {false, false, true, false, false, false, true, false};
    _cleanup_(question_deinit) struct question question;

    (void)state;
    question_init(&question, 0);
    assert_int_equal(question_set(&question, "prompt", "?", 1, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(add(&question, names[i], NULL), 0);
    assert_int_equal(question_finish(&question, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_int_equal(question.uploads[i].image, images[i]);
        assert_int_equal(question.uploads[i].is_plane, planes[i]);
    }
}

/* Files between blanks, then task and prompt (NULL: not given). */
static int finish(const char *const *files, const char *task, const char *prompt, char *ret, size_t size,
                  struct error *error)
{
    _cleanup_(question_deinit) struct question question;
    int r;

    *error = ERROR_NONE;
    question_init(&question, 0);
    for (; *files; files++)
        assert_int_equal(add(&question, *files, NULL), 0);
    if (task)
        assert_int_equal(question_set(&question, "task", task, strlen(task), NULL), 0);
    if (prompt)
        assert_int_equal(question_set(&question, "prompt", prompt, strlen(prompt), NULL), 0);
    r = question_finish(&question, error);
    if (r == 0)
        snprintf(ret, size, "%s", question.prompt);
    return r;
}
#define FILES(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void test_tasks_make_prompts(void **state)
{
    const struct {
        const char *const *files;
        const char *task, *prompt, *expected;
    } cases[] = {
        {FILES("image"), "caption", NULL, "Provide a one-sentence caption for the provided image."},
        {FILES("image", "depth"), "caption", NULL, "Provide a one-sentence caption for the provided depth."},
        {FILES("image", "image"), "caption", "", "Provide a one-sentence caption for the provided image."},
        {FILES("audio", "video"), "caption", NULL, "Provide a one-sentence caption for the provided video and audio."},
        {FILES("imu", "image", "audio"), "caption", NULL,
         "Provide a one-sentence caption for the provided image, audio and imu."},
        {FILES("imu"), "caption", NULL, "Describe the motion."},
        {FILES("fmri"), "caption", NULL, "Describe the scene based on fMRI data."},
        {FILES("point", "point"), "caption", NULL, "What is this?"},
        {FILES("image"), "short_answer", "How many?", "How many?\nAnswer the question using a single word or phrase."},
        {FILES("image"), "choice", "Which? A. one B. two",
         "Which? A. one B. two Answer with the option's letter from the given choices directly."},
        {FILES("depth"), "scene", "bedroom, kitchen.",
         "bedroom, kitchen. What is the category of this scene? Choice one class from the class sets."},
        {FILES(), NULL, "only text", "only text"},
    };
    struct error error;
    char prompt[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(finish(cases[i].files, cases[i].task, cases[i].prompt, prompt, sizeof(prompt), &error), 0);
        assert_string_equal(prompt, cases[i].expected);
    }
}

static void test_prompts_have_to_be_there(void **state)
{
    struct error error;
    char prompt[8];

    (void)state;
    assert_int_equal(finish(FILES("image"), NULL, NULL, prompt, sizeof(prompt), &error), -ENODATA);
    assert_int_equal(error.code, -ENODATA);
    assert_string_equal(error.at, "prompt");
    assert_int_equal(finish(FILES("image"), NULL, "", prompt, sizeof(prompt), &error), -ENODATA);
    assert_int_equal(finish(FILES(), NULL, NULL, prompt, sizeof(prompt), &error), -ENODATA);
    assert_int_equal(finish(FILES("image"), "choice", NULL, prompt, sizeof(prompt), &error), -ENODATA);
    assert_string_equal(error.message, "is missing: this task needs a question");
    assert_int_equal(finish(FILES("image"), "caption", "What?", prompt, sizeof(prompt), &error), -EINVAL);
    assert_string_equal(error.at, "prompt");
    assert_int_equal(finish(FILES(), "caption", NULL, prompt, sizeof(prompt), &error), -EINVAL);
    assert_string_equal(error.at, "task");
    refuse("task", "captions", "must be caption, short_answer, choice or scene");
}

static void test_seeds_differ_unless_given(void **state)
{
    _cleanup_(question_deinit) struct question a, b;

    (void)state;
    question_init(&a, 0);
    assert_int_equal(question_set(&a, "prompt", "?", 1, NULL), 0);
    assert_int_equal(question_finish(&a, NULL), 0);
    question_init(&b, 0);
    assert_int_equal(question_set(&b, "prompt", "?", 1, NULL), 0);
    assert_int_equal(question_finish(&b, NULL), 0);
    assert_true(a.sampling.seed != b.sampling.seed);
}

static void test_memory_has_a_ceiling(void **state)
{
    _cleanup_(question_deinit) struct question question;
    static char text[100000];
    struct error error = ERROR_NONE;

    (void)state;
    memset(text, 'a', sizeof(text));
    question_init(&question, 64 << 10);
    assert_int_equal(question_set(&question, "prompt", text, sizeof(text), &error), -ENOMEM);
    assert_int_equal(question_set(&question, "prompt", text, 1000, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_integer_obeys_its_limits),
        cmocka_unit_test(test_every_number_obeys_its_limits),
        cmocka_unit_test(test_numbers_may_be_spelled_in_every_usual_way),
        cmocka_unit_test(test_texts_have_a_length),
        cmocka_unit_test(test_booleans_are_spelled_in_four_ways),
        cmocka_unit_test(test_values_arrive),
        cmocka_unit_test(test_a_field_comes_once),
        cmocka_unit_test(test_choices_differ),
        cmocka_unit_test(test_choices_go_without_stops),
        cmocka_unit_test(test_unknown_fields_are_listed),
        cmocka_unit_test(test_options_belong_to_the_latest_file),
        cmocka_unit_test(test_windows_end_after_they_start),
        cmocka_unit_test(test_depth_ranges),
        cmocka_unit_test(test_files_are_checked),
        cmocka_unit_test(test_maps_take_the_nearest_image_before_them),
        cmocka_unit_test(test_tasks_make_prompts),
        cmocka_unit_test(test_prompts_have_to_be_there),
        cmocka_unit_test(test_seeds_differ_unless_given),
        cmocka_unit_test(test_memory_has_a_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
