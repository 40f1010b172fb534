#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/text/conversation.h"

#define SYSTEM                                                                                                         \
    "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, " \
    "and polite answers to the human's questions."

static struct message human(const char *text)
{
    return (struct message){ROLE_HUMAN, text, strlen(text)};
}

static struct message assistant(const char *text)
{
    return (struct message){ROLE_ASSISTANT, text, strlen(text)};
}

static void assert_prompt(const char *system, const struct message *messages, size_t n, const char *expected)
{
    _cleanup_(buffer_deinit) struct buffer prompt;

    buffer_init(&prompt, 4096);
    assert_int_equal(conversation_prompt(system, messages, n, &prompt, NULL), 0);
    assert_string_equal(prompt.bytes, expected);
    assert_int_equal(prompt.size, strlen(expected));
}

/* The bytes that the official implementation gives its tokenizer. */
static void prompts_are_the_official_ones(void **state)
{
    const struct message one[] = {human("Give three tips for staying healthy. Be precise.")};
    const struct message three[] = {human("Tell me more."), assistant("A bicycle has two wheels and a chain."),
                                    human("Thanks. Anything else?")};

    (void)state;
    assert_prompt(NULL, one, 1, SYSTEM "\n\n###Human: Give three tips for staying healthy. Be precise.\n###Assistant:");
    assert_prompt(NULL, three, 3,
                  SYSTEM "\n\n###Human: Tell me more.\n###Assistant: A bicycle has two wheels and a chain.\n"
                         "###Human: Thanks. Anything else?\n###Assistant:");
    assert_prompt("Answer briefly.", one, 1,
                  "Answer briefly.\n\n###Human: Give three tips for staying healthy. Be precise.\n###Assistant:");
    assert_string_equal(conversation_system, SYSTEM);
}

/* As if the conversation had gone on. */
static void answers_follow_the_prompt(void **state)
{
    const struct message three[] = {human("Tell me more."), assistant("A bicycle."), human("Thanks.")};
    _cleanup_(buffer_deinit) struct buffer prompt;
    _cleanup_(buffer_deinit) struct buffer answer;
    size_t begin;

    (void)state;
    buffer_init(&prompt, 4096);
    buffer_init(&answer, 4096);
    assert_int_equal(conversation_prompt("", three, 3, &prompt, NULL), 0);
    assert_int_equal(conversation_answer(three[1].text, three[1].n, &answer, &begin), 0);
    assert_string_equal(answer.bytes, "###Assistant: A bicycle.\n###");
    assert_int_equal(begin, strlen("###Assistant:"));
    assert_non_null(strstr(prompt.bytes, answer.bytes));
    answer.size_max = answer.size + 10;
    assert_int_equal(conversation_answer("x", 1, &answer, &begin), -EFBIG);
}

static void messages_need_no_end_and_may_hold_nul(void **state)
{
    _cleanup_(buffer_deinit) struct buffer prompt;
    const struct message message = {ROLE_HUMAN, "a\0bcd", 3};

    (void)state;
    buffer_init(&prompt, 4096);
    assert_int_equal(conversation_prompt("s", &message, 1, &prompt, NULL), 0);
    assert_int_equal(prompt.size, 30);
    assert_memory_equal(prompt.bytes, "s\n\n###Human: a\0b\n###Assistant:", 30);
}

static void refuse(const struct message *messages, size_t n, int code, const char *message)
{
    _cleanup_(buffer_deinit) struct buffer prompt;
    struct error error = ERROR_NONE;

    buffer_init(&prompt, 64);
    assert_int_equal(conversation_prompt("s", messages, n, &prompt, &error), code);
    assert_string_equal(error.message, message);
}

static void humans_and_assistants_alternate(void **state)
{
    const struct message messages[] = {human("a"), assistant("b"), human("c"), human("d"), assistant("e")};

    (void)state;
    refuse(messages, 0, -EINVAL, "there is no message");
    refuse(messages, 2, -EINVAL, "the last message must be the human's");
    refuse(messages + 1, 1, -EINVAL, "message 1 of 1 must be the human's: the two alternate");
    refuse(messages, 5, -EINVAL, "message 4 of 5 must be the assistant's: the two alternate");
}

static void a_prompt_has_a_limit(void **state)
{
    const struct message message = human("0123456789");

    (void)state;
    for (size_t size_max = 0; size_max <= 37; size_max++) {
        _cleanup_(buffer_deinit) struct buffer prompt;
        struct error error = ERROR_NONE;
        char expected[64];

        buffer_init(&prompt, size_max);
        assert_int_equal(conversation_prompt("s", &message, 1, &prompt, &error), size_max < 37 ? -EFBIG : 0);
        snprintf(expected, sizeof(expected), "the conversation is longer than %zu bytes", size_max);
        assert_string_equal(error.message, size_max < 37 ? expected : "");
    }
}

/* What must be shown of a whole text: all before the earliest stop string. */
static size_t shown_of(const char *text, const char *const *strings, size_t n_strings, bool *ret_stopped)
{
    const char *first = NULL;

    for (size_t i = 0; i < n_strings; i++) {
        const char *found = strstr(text, strings[i]);

        if (found && (!first || found < first))
            first = found;
    }
    *ret_stopped = first;
    return first ? (size_t)(first - text) : strlen(text);
}

/* Feeds text in pieces whose ends are the set bits of cuts; checks after every piece that what was shown is part of
 * what should be. */
static void watch_in_pieces(const char *text, const char *const *strings, size_t n_strings, uint32_t cuts)
{
    _cleanup_(buffer_deinit) struct buffer shown;
    _cleanup_(stop_watch_deinit) struct stop_watch watch;
    size_t n = strlen(text), begin = 0, expected;
    bool stopped;

    expected = shown_of(text, strings, n_strings, &stopped);
    buffer_init(&shown, 1024);
    assert_int_equal(stop_watch_init(&watch, strings, n_strings, NULL), 0);
    for (size_t i = 1; i <= n; i++) {
        if (i < n && !(cuts >> i & 1))
            continue;
        assert_int_equal(stop_watch_push(&watch, text + begin, i - begin, &shown), 0);
        assert_true(shown.size <= expected);
        begin = i;
    }
    assert_int_equal(stop_watch_finish(&watch, &shown), 0);
    assert_int_equal(shown.size, expected);
    if (expected)
        assert_memory_equal(shown.bytes, text, expected);
    assert_int_equal(watch.stopped, stopped);
}

static void every_cut_shows_the_same(void **state)
{
    static const char *const strings[] = {"###", "ab#", "b", "\nHuman"};
    static const char *const texts[] = {"",      "plain text", "a ## b#",      "####",        "x#####y",   "a#ab",
                                        "aab#b", "##\n#Hu",    "y\nHumaHuman", "z\n\nHuman:", "\xc3\xa9#", "###"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        for (uint32_t cuts = 0; cuts < 1u << MAX(strlen(texts[i]), (size_t)1); cuts += 2) {
            watch_in_pieces(texts[i], strings, 1, cuts);
            watch_in_pieces(texts[i], strings, ARRAY_SIZE(strings), cuts);
        }
    }
}

/* Few letters, so that beginnings of stop strings overlap in every way. */
static void overlapping_stop_strings_are_decided_alike(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 7, 0);
    for (int round = 0; round < 5000; round++) {
        char text[20] = "", strings[3][6] = {"", "", ""};
        const char *const pointers[] = {strings[0], strings[1], strings[2]};

        for (uint32_t i = random_below(&random, 19); i > 0; i--)
            text[i - 1] = (char)('a' + random_below(&random, 2));
        for (int s = 0; s < 3; s++) {
            for (uint32_t i = 1 + random_below(&random, 5); i > 0; i--)
                strings[s][i - 1] = (char)('a' + random_below(&random, 2));
        }
        watch_in_pieces(text, pointers, 1 + random_below(&random, 3), random_u32(&random));
    }
}

static void text_that_cannot_stop_is_shown_at_once(void **state)
{
    static const char *const strings[] = {CONVERSATION_STOP};
    _cleanup_(buffer_deinit) struct buffer shown;
    _cleanup_(stop_watch_deinit) struct stop_watch watch;

    (void)state;
    buffer_init(&shown, 1024);
    assert_int_equal(stop_watch_init(&watch, strings, 1, NULL), 0);
    assert_int_equal(stop_watch_push(&watch, "one #", 5, &shown), 0);
    assert_string_equal(shown.bytes, "one ");
    assert_int_equal(stop_watch_push(&watch, "#", 1, &shown), 0);
    assert_string_equal(shown.bytes, "one ");
    assert_int_equal(stop_watch_push(&watch, "2\n#", 3, &shown), 0);
    assert_string_equal(shown.bytes, "one ##2\n");
    assert_int_equal(stop_watch_push(&watch, "##Human: hidden", 15, &shown), 0);
    assert_true(watch.stopped);
    assert_int_equal(stop_watch_push(&watch, "hidden", 6, &shown), 0);
    assert_int_equal(stop_watch_finish(&watch, &shown), 0);
    assert_string_equal(shown.bytes, "one ##2\n");
}

static void no_stop_strings_hold_nothing_back(void **state)
{
    _cleanup_(buffer_deinit) struct buffer shown;
    _cleanup_(stop_watch_deinit) struct stop_watch watch;

    (void)state;
    buffer_init(&shown, 1024);
    assert_int_equal(stop_watch_init(&watch, NULL, 0, NULL), 0);
    assert_int_equal(stop_watch_push(&watch, "###\0#", 5, &shown), 0);
    assert_int_equal(shown.size, 5);
    assert_memory_equal(shown.bytes, "###\0#", 5);
    assert_int_equal(stop_watch_finish(&watch, &shown), 0);
    assert_false(watch.stopped);
}

static void refuse_strings(const char *const *strings, size_t n, const char *message)
{
    struct error error = ERROR_NONE;
    struct stop_watch watch;

    assert_int_equal(stop_watch_init(&watch, strings, n, &error), -EINVAL);
    assert_string_equal(error.message, message);
    stop_watch_deinit(&watch);
}

static void stop_strings_have_limits(void **state)
{
    char longest[STOP_STRING_BYTES_MAX + 2];
    const char *strings[STOP_STRINGS_MAX + 1];
    struct stop_watch watch;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        strings[i] = "stop";
    memset(longest, 'x', sizeof(longest));
    longest[STOP_STRING_BYTES_MAX] = '\0';
    strings[STOP_STRINGS_MAX - 1] = longest;
    assert_int_equal(stop_watch_init(&watch, strings, STOP_STRINGS_MAX, NULL), 0);
    stop_watch_deinit(&watch);

    refuse_strings(strings, STOP_STRINGS_MAX + 1, "9 stop strings are more than 8");
    longest[STOP_STRING_BYTES_MAX] = 'x';
    longest[STOP_STRING_BYTES_MAX + 1] = '\0';
    refuse_strings(strings, STOP_STRINGS_MAX, "stop string 8 has 129 bytes, more than 128");
    strings[1] = "";
    refuse_strings(strings, STOP_STRINGS_MAX, "stop string 2 is empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompts_are_the_official_ones),
        cmocka_unit_test(answers_follow_the_prompt),
        cmocka_unit_test(messages_need_no_end_and_may_hold_nul),
        cmocka_unit_test(humans_and_assistants_alternate),
        cmocka_unit_test(a_prompt_has_a_limit),
        cmocka_unit_test(every_cut_shows_the_same),
        cmocka_unit_test(overlapping_stop_strings_are_decided_alike),
        cmocka_unit_test(text_that_cannot_stop_is_shown_at_once),
        cmocka_unit_test(no_stop_strings_hold_nothing_back),
        cmocka_unit_test(stop_strings_have_limits),
    };

    return cmocka_run_group_tests_name("conversation", tests, NULL, NULL);
}
