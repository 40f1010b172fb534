#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/answer/chat.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"

struct reading {
    struct question question;
    struct buffer files[QUESTION_FILES_MAX];
    struct chat chat;
    struct error error;
};

static int read_text(struct reading *reading, const char *body)
{
    *reading = (struct reading){0};
    question_init(&reading->question, 0);
    reading->chat = (struct chat){
        .question = &reading->question, .files = reading->files, .file_bytes_max = 1000, .answers_max = 4};
    return chat_read(&reading->chat, body, strlen(body), &reading->error);
}

static void forget(struct reading *reading)
{
    for (size_t i = 0; i < reading->chat.n_files; i++)
        buffer_deinit(&reading->files[i]);
    question_deinit(&reading->question);
}

#define READ(reading, body)                                                                                            \
    _cleanup_(forget) struct reading reading;                                                                          \
    if (read_text(&reading, body) != 0)                                                                                \
    fail_msg("%s: %s: %s", body, reading.error.at, reading.error.message)

static void reads_a_conversation(void **state)
{
    READ(reading, "{\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},"
                  "{\"role\":\"user\",\"content\":\"Hello!\"},"
                  "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Hi.\"}]},"
                  "{\"role\":\"user\",\"content\":\"What is it?\"},"
                  "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"And\"},"
                  "{\"type\":\"text\",\"text\":\"where?\"}]},"
                  "{\"role\":\"developer\",\"content\":\"In English.\"}],"
                  "\"tools\":[{\"deep\":[1]}],\"model\":\"other\"}");
    const struct question *question = &reading.question;

    (void)state;
    assert_string_equal(question->system, "Be brief.\nIn English.");
    assert_int_equal(question->n_turns, 2);
    assert_int_equal(question->turns[0].role, ROLE_HUMAN);
    assert_string_equal(question->turns[0].text, "Hello!");
    assert_int_equal(question->turns[1].role, ROLE_ASSISTANT);
    assert_string_equal(question->turns[1].text, "Hi.");
    assert_string_equal(question->prompt, "What is it?\nAnd\nwhere?");
    assert_int_equal(question_finish(&reading.question, NULL), 0);
}

#define ASKED "\"messages\":[{\"role\":\"user\",\"content\":\"?\"}]"

static void reads_fields(void **state)
{
    READ(reading,
         "{" ASKED ",\"temperature\":0.5,\"top_p\":1,\"top_k\":40,\"min_p\":0.25,\"seed\":7,"
         "\"repetition_penalty\":1.5,\"frequency_penalty\":-1,\"presence_penalty\":2,\"max_tokens\":5,"
         "\"max_completion_tokens\":9.0,\"stop\":[\"a\",\"b\"],\"stream\":true,\"timeout_ms\":100,"
         "\"stream_options\":{\"include_usage\":true},\"n\":4,\"logprobs\":true,\"top_logprobs\":3,\"user\":\"x\","
         "\"choices\":[\"a\"]}");
    const struct sampling *sampling = &reading.question.sampling;

    (void)state;
    assert_true(sampling->temperature == 0.5f && sampling->top_p == 1 && sampling->top_k == 40);
    assert_true(sampling->min_p == 0.25f && sampling->seed == 7 && sampling->repetition_penalty == 1.5f);
    assert_true(sampling->frequency_penalty == -1 && sampling->presence_penalty == 2);
    assert_int_equal(reading.question.tokens_max, 9);
    assert_int_equal(reading.question.n_stops, 2);
    assert_string_equal(reading.question.stops[1], "b");
    assert_true(reading.question.stream && reading.chat.include_usage);
    assert_int_equal(reading.chat.n_answers, 4);
    assert_int_equal(reading.question.timeout_ms, 100);
    assert_true(reading.question.logprobs && reading.question.n_top_logprobs == 3);
    assert_int_equal(reading.question.n_choices, 0); /* what others call so is their own */
}

static void what_is_null_was_not_said(void **state)
{
    READ(reading,
         "{" ASKED ",\"temperature\":null,\"stop\":null,\"max_tokens\":null,\"stream_options\":null,\"n\":null}");

    (void)state;
    assert_true(reading.question.sampling.temperature == 0.1f);
    assert_int_equal(reading.question.n_stops, 0);
    assert_false(reading.question.stream || reading.chat.include_usage);
    assert_int_equal(reading.chat.n_answers, 1);
}

#define PARTS(...)                                                                                                     \
    "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"?\"}," __VA_ARGS__ "]}]}"

static void reads_files(void **state)
{
    READ(reading, PARTS("{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,Zm9v\"}},"
                        "{\"type\":\"image_url\",\"image_url\":\"DATA:;BASE64,Zm8=\"},"
                        "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"Zg==\",\"format\":\"wav\"}},"
                        "{\"type\":\"video_url\",\"video_url\":{\"url\":\"data:video/mp4;base64,Zm9vYg==\"}},"
                        "{\"type\":\"media\",\"media\":{\"modality\":\"depth\",\"data\":\"Zm9v\",\"rgb\":\"Zm8=\","
                        "\"range\":\"clip\"}},"
                        "{\"type\":\"media\",\"media\":{\"modality\":\"imu\",\"data\":\"Zm9v\",\"start\":0.5,"
                        "\"end\":2,\"timestamps\":{\"data\":\"Zg==\"}}}"));
    static const enum modality expected[] = {MODALITY_IMAGE, MODALITY_IMAGE, MODALITY_AUDIO, MODALITY_VIDEO,
                                             MODALITY_IMAGE, MODALITY_DEPTH, MODALITY_IMU};
    const struct upload *uploads = reading.question.uploads;

    (void)state;
    assert_int_equal(question_finish(&reading.question, NULL), 0);
    assert_int_equal(reading.question.n_uploads, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        assert_int_equal(uploads[i].modality, expected[i]);
    assert_memory_equal(uploads[0].bytes, "foo", 3);
    assert_int_equal(uploads[1].n_bytes, 2);
    assert_int_equal(uploads[2].n_bytes, 1);
    assert_memory_equal(uploads[3].bytes, "foob", 4);
    assert_int_equal(uploads[5].image, 4);
    assert_int_equal(uploads[5].options.depth_range, DEPTH_RANGE_CLIP);
    assert_true(uploads[6].options.start_s == 0.5 && uploads[6].options.end_s == 2);
    assert_int_equal(uploads[6].n_timestamps_bytes, 1);
}

/* A form has the files foo (1 byte), bar (2), foo.3 (3), and this request. */
static int read_form(struct reading *reading, const char *body)
{
    static const char *const names[] = {"foo", "bar", "foo.3"};
    struct chat *chat = &reading->chat;

    *reading = (struct reading){0};
    question_init(&reading->question, 0);
    *chat = (struct chat){
        .question = &reading->question, .files = reading->files, .names = names, .n_names = ARRAY_SIZE(names)};
    chat->file_bytes_max = 1000;
    chat->answers_max = 4;
    for (; chat->n_files < chat->n_names; chat->n_files++) {
        buffer_init(&reading->files[chat->n_files], 1000);
        buffer_append(&reading->files[chat->n_files], "123", chat->n_files + 1);
    }
    return chat_read(chat, body, strlen(body), &reading->error);
}

static void reads_attachments(void **state)
{
    _cleanup_(forget) struct reading reading;
    int r = read_form(&reading, PARTS("{\"type\":\"image_url\",\"image_url\":{\"url\":\"attachment://bar\"}},"
                                      "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"Attachment://foo.3\"}},"
                                      "{\"type\":\"video_url\",\"video_url\":\"attachment://bar\"},"
                                      "{\"type\":\"image_url\",\"image_url\":\"data:;base64,Zm9vYmE=\"},"
                                      "{\"type\":\"media\",\"media\":{\"modality\":\"depth\",\"attachment\":\"foo\","
                                      "\"rgb\":{\"attachment\":\"bar\"}}},"
                                      "{\"type\":\"media\",\"media\":{\"modality\":\"imu\",\"data\":"
                                      "\"attachment://bar\",\"timestamps\":\"attachment://foo\"}},"
                                      "{\"type\":\"media\",\"media\":{\"modality\":\"fmri\",\"data\":"
                                      "{\"attachment\":\"foo.3\"}}}"));
    static const size_t n_bytes[] = {2, 3, 2, 5, 2, 1, 2, 3};
    const struct upload *uploads = reading.question.uploads;

    (void)state;
    if (r < 0)
        fail_msg("%s: %s", reading.error.at, reading.error.message);
    assert_int_equal(reading.question.n_uploads, ARRAY_SIZE(n_bytes));
    for (size_t i = 0; i < ARRAY_SIZE(n_bytes); i++)
        assert_int_equal(uploads[i].n_bytes, n_bytes[i]);
    assert_ptr_equal(uploads[0].bytes, uploads[2].bytes);
    assert_memory_equal(uploads[1].bytes, "123", 3);
    assert_int_equal(uploads[6].n_timestamps_bytes, 1);
    assert_int_equal(reading.chat.n_files, 4);
}

#define AUDIO(data) "{\"type\":\"input_audio\",\"input_audio\":{" data "}}"
#define ALL AUDIO("\"attachment\":\"foo\"") "," AUDIO("\"attachment\":\"bar\"") ","

static void says_what_is_wrong_with_attachments(void **state)
{
    static const struct {
        const char *body, *at, *message;
    } wrong[] = {
        {PARTS(AUDIO("\"data\":\"attachment://Foo\"")), "messages[0].content[1]", "no part of the form"},
        {PARTS(AUDIO("\"data\":\"attachment://\"")), "messages[0].content[1]", "no part of the form"},
        {PARTS(AUDIO("\"attachment\":\"attachment://foo\"")), "messages[0].content[1]", "no part of the form"},
        {PARTS(AUDIO("\"data\":\"Zm9v\",\"attachment\":\"foo\"")), "messages[0].content[1]", "both data"},
        {PARTS(AUDIO("\"attachment\":3")), "messages[0].content[1]", "has no data"},
        {PARTS(ALL AUDIO("\"data\":\"foo://3\"")), "messages[0].content[3]", "fetches nothing"},
        {PARTS(ALL AUDIO("\"data\":\"Zm9v\"")), "foo.3", "number 3, and no message refers to it"},
        {PARTS(AUDIO("\"data\":\"Zm9v\"")), "foo", "number 1"},
        {"{" ASKED "}", "foo", "number 1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        _cleanup_(forget) struct reading reading;
        int r = read_form(&reading, wrong[i].body);

        if (r != -EINVAL || r != reading.error.code || strcmp(reading.error.at, wrong[i].at) != 0 ||
            !strstr(reading.error.message, wrong[i].message))
            fail_msg("%s: %d, at \"%s\": %s", wrong[i].body, r, reading.error.at, reading.error.message);
    }
}

#define IMAGE "{\"type\":\"image_url\",\"image_url\":\"data:;base64,Zm9v\"}"
#define USER(content) "{\"role\":\"user\",\"content\":" content "}"

static void says_what_is_wrong(void **state)
{
    static const struct {
        const char *body, *at, *message;
        int code;
    } wrong[] = {
        {"", "", "not valid JSON at line 1", -EILSEQ},
        {"{" ASKED "", "", "not valid JSON", -EILSEQ},
        {"{" ASKED "}x", "", "not valid JSON", -EILSEQ},
        {"{" ASKED "," ASKED "}", "", "duplicate", -EILSEQ},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"\\u0000\"}]}", "", "not valid JSON", -EILSEQ},
        {"3", "", "must be a JSON object", -EINVAL},
        {"{}", "messages", "must be an array", -ENODATA},
        {"{\"messages\":\"hello\"}", "messages", "must be an array", -EINVAL},
        {"{\"messages\":[]}", "messages", "must be an array", -ENODATA},
        {"{" ASKED ",\"stream_options\":true}", "stream_options", "must be an object", -EINVAL},
        {"{" ASKED ",\"stream_options\":{\"include_usage\":1}}", "stream_options.include_usage", "true or false",
         -EINVAL},
        {"{\"messages\":[1]}", "messages[0].role", "must be system", -EINVAL},
        {"{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}", "messages[0].role", "must be system", -EINVAL},
        {"{\"messages\":[{\"role\":\"user\"}]}", "messages[0].content", "string or an array", -EINVAL},
        {"{\"messages\":[" USER("{}") "]}", "messages[0].content", "string or an array", -EINVAL},
        {"{\"messages\":[" USER("[1]") "]}", "messages[0].content[0]", "a type", -EINVAL},
        {"{\"messages\":[" USER("[{\"type\":\"text\"}]") "]}", "messages[0].content[0]", "has no text", -EINVAL},
        {"{\"messages\":[" USER("[{\"type\":\"file\"}]") "]}", "messages[0].content[0]", "known are text", -EINVAL},
        {"{\"messages\":[" USER("[" IMAGE "]") "]}", "messages[0]", "text that asks", -ENODATA},
        {"{\"messages\":[{\"role\":\"assistant\",\"content\":\"x\"}]}", "messages[0]", "the user speaks first",
         -EINVAL},
        {"{\"messages\":[" USER("\"a\"") ",{\"role\":\"assistant\",\"content\":\"x\"}]}", "messages[1]",
         "must be the user's", -ENODATA},
        {"{\"messages\":[" USER("\"a\"") ",{\"role\":\"assistant\",\"content\":[" IMAGE "]}]}",
         "messages[1].content[0]", "only messages of the user", -EINVAL},
        {PARTS("{\"type\":\"image_url\",\"image_url\":\"https://example.org/x.png\"}"), "messages[0].content[1]",
         "fetches nothing", -EINVAL},
        {PARTS("{\"type\":\"image_url\",\"image_url\":\"Zm9v\"}"), "messages[0].content[1]", "must be a data: URI",
         -EINVAL},
        {PARTS("{\"type\":\"image_url\",\"image_url\":\"data:image/png,x\"}"), "messages[0].content[1]",
         "without ;base64", -EINVAL},
        {PARTS("{\"type\":\"image_url\",\"image_url\":\"data:;base64,Zm9\"}"), "messages[0].content[1]",
         "no multiple of 4", -EINVAL},
        {PARTS("{\"type\":\"image_url\",\"image_url\":\"data:;base64,\"}"), "image", "empty", -EINVAL},
        {PARTS("{\"type\":\"image_url\"}"), "messages[0].content[1]", "has no data", -EINVAL},
        {PARTS("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"attachment://x\"}}"), "messages[0].content[1]",
         "has to be multipart/form-data", -EINVAL},
        {PARTS("{\"type\":\"media\",\"media\":{\"modality\":\"image\",\"attachment\":\"x\"}}"),
         "messages[0].content[1]", "has to be multipart/form-data", -EINVAL},
        {PARTS("{\"type\":\"media\",\"media\":{\"modality\":\"smell\",\"data\":\"Zm9v\"}}"), "messages[0].content[1]",
         "modality must be", -EINVAL},
        {PARTS("{\"type\":\"media\",\"media\":{\"modality\":\"image\",\"data\":\"Zm9v\",\"start\":1}}"), "image.start",
         "is not known", -EINVAL},
        {PARTS("{\"type\":\"media\",\"media\":{\"modality\":\"image\",\"data\":\"Zm9v\",\"mask\":\"Zg==\"}}"),
         "fmri.mask", "has to come before", -EINVAL},
        {PARTS(IMAGE "," IMAGE "," IMAGE "," IMAGE "," IMAGE "," IMAGE "," IMAGE "," IMAGE "," IMAGE), "image",
         "at most 8 media", -EINVAL},
        {"{" ASKED ",\"temperature\":\"hot\"}", "temperature", "must be a number from 0 to 2", -EINVAL},
        {"{" ASKED ",\"temperature\":2.5}", "temperature", "must be a number from 0 to 2", -EINVAL},
        {"{" ASKED ",\"max_tokens\":0}", "max_tokens", "must be an integer from 1", -EINVAL},
        {"{" ASKED ",\"max_tokens\":1.5}", "max_tokens", "must be an integer from 1", -EINVAL},
        {"{" ASKED ",\"seed\":-1}", "seed", "must be an integer from 0", -EINVAL},
        {"{" ASKED ",\"stream\":\"yes\"}", "stream", "must be true", -EINVAL},
        {"{" ASKED ",\"stop\":[1]}", "stop", "must be a string or an array", -EINVAL},
        {"{" ASKED ",\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}", "stop", "at most 4", -EINVAL},
        {"{" ASKED ",\"n\":0}", "n", "from 1 to 4", -EINVAL},
        {"{" ASKED ",\"n\":5}", "n", "from 1 to 4", -EINVAL},
        {"{" ASKED ",\"n\":\"1\"}", "n", "from 1 to 4", -EINVAL},
        {"{" ASKED ",\"logprobs\":3}", "logprobs", "must be true", -EINVAL},
        {"{" ASKED ",\"logprobs\":true,\"top_logprobs\":21}", "top_logprobs", "from 0 to 20", -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        _cleanup_(forget) struct reading reading;
        int r = read_text(&reading, wrong[i].body);

        if (r != wrong[i].code || r != reading.error.code || strcmp(reading.error.at, wrong[i].at) != 0 ||
            !strstr(reading.error.message, wrong[i].message))
            fail_msg("%s: %d, at \"%s\": %s", wrong[i].body, r, reading.error.at, reading.error.message);
    }
}

static void a_file_has_a_limit(void **state)
{
    char body[3000];
    _cleanup_(forget) struct reading reading;

    (void)state;
    snprintf(body, sizeof(body), PARTS("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"%01600d\"}}"), 0);
    assert_int_equal(read_text(&reading, body), -EFBIG);
    assert_string_equal(reading.error.at, "messages[0].content[1]");
    assert_string_equal(reading.error.message, "is larger than 1000 bytes, or than there is memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_conversation),      cmocka_unit_test(reads_fields),
        cmocka_unit_test(what_is_null_was_not_said), cmocka_unit_test(reads_files),
        cmocka_unit_test(reads_attachments),         cmocka_unit_test(says_what_is_wrong_with_attachments),
        cmocka_unit_test(says_what_is_wrong),        cmocka_unit_test(a_file_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
