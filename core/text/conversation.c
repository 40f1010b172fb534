/* A stop string is decided from left to right: text in front of the first place where one could begin is shown, the
   rest is held back. A whole stop string at that place ends the answer; otherwise more text decides. So what is shown
   does not depend on how the text was cut into pieces. */
#include "core/text/conversation.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"

const char conversation_system[] = "A chat between a curious human and an artificial intelligence assistant. The "
                                   "assistant gives helpful, detailed, and polite answers to the human's questions.";

static const char *const role_openings[] = {
    [ROLE_HUMAN] = CONVERSATION_STOP "Human:",
    [ROLE_ASSISTANT] = CONVERSATION_STOP "Assistant:",
};

static int check_messages(const struct message *messages, size_t n, struct error *error)
{
    for (size_t i = 0; i < n; i++) {
        if (messages[i].role != (i % 2 ? ROLE_ASSISTANT : ROLE_HUMAN))
            return error_set(error, -EINVAL, "message %zu of %zu must be the %s's: the two alternate", i + 1, n,
                             i % 2 ? "assistant" : "human");
    }
    if (n % 2 == 0)
        return error_set(error, -EINVAL, n ? "the last message must be the human's" : "there is no message");
    return 0;
}

int conversation_prompt(const char *system, const struct message *messages, size_t n, struct buffer *ret,
                        struct error *error)
{
    int r = check_messages(messages, n, error);

    if (r < 0)
        return r;
    r = buffer_printf(ret, "%s\n\n", system ? system : conversation_system);
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = buffer_printf(ret, "%s ", role_openings[messages[i].role]);
        if (r == 0)
            r = buffer_append(ret, messages[i].text, messages[i].n);
        if (r == 0)
            r = buffer_append_text(ret, "\n");
    }
    if (r == 0)
        r = buffer_append_text(ret, role_openings[ROLE_ASSISTANT]);
    if (r == -EFBIG)
        return error_set(error, r, "the conversation is longer than %zu bytes", ret->size_max);
    if (r < 0)
        return error_set(error, r, "no memory for the prompt");
    return 0;
}

int conversation_answer(const char *text, size_t n, struct buffer *ret, size_t *ret_begin)
{
    int r = buffer_append_text(ret, role_openings[ROLE_ASSISTANT]);

    *ret_begin = ret->size;
    if (r == 0)
        r = buffer_append_text(ret, " ");
    if (r == 0)
        r = buffer_append(ret, text, n);
    return r == 0 ? buffer_append_text(ret, "\n" CONVERSATION_STOP) : r;
}

int stop_watch_init(struct stop_watch *watch, const char *const *strings, size_t n_strings, struct error *error)
{
    *watch = (struct stop_watch){0};
    if (n_strings > STOP_STRINGS_MAX)
        return error_set(error, -EINVAL, "%zu stop strings are more than %d", n_strings, STOP_STRINGS_MAX);
    for (size_t i = 0; i < n_strings; i++) {
        size_t n = strlen(strings[i]);

        if (n == 0)
            return error_set(error, -EINVAL, "stop string %zu is empty", i + 1);
        if (n > STOP_STRING_BYTES_MAX)
            return error_set(error, -EINVAL, "stop string %zu has %zu bytes, more than %d", i + 1, n,
                             STOP_STRING_BYTES_MAX);
        watch->strings[watch->n_strings++] = strings[i];
    }
    watch->held = malloc(sizeof(*watch->held));
    if (!watch->held)
        return error_set(error, -ENOMEM, "no memory for stop strings");
    buffer_init(watch->held, SIZE_MAX);
    return 0;
}

void stop_watch_deinit(struct stop_watch *watch)
{
    if (watch->held)
        buffer_deinit(watch->held);
    free(watch->held);
    watch->held = NULL;
}

enum match { MATCH_NONE, MATCH_PART, MATCH_WHOLE };

/* Whether a stop string stands at the start of text, or could when the text goes on. */
static enum match match_at(const struct stop_watch *watch, const char *text, size_t n)
{
    enum match match = MATCH_NONE;

    for (size_t i = 0; i < watch->n_strings; i++) {
        size_t n_string = strlen(watch->strings[i]);

        if (memcmp(text, watch->strings[i], MIN(n, n_string)) != 0)
            continue;
        if (n_string <= n)
            return MATCH_WHOLE;
        match = MATCH_PART;
    }
    return match;
}

/* Shows what is in front of the first whole stop string; unless the text has ended, one that has only begun holds back
 * everything from there on. */
static int release(struct stop_watch *watch, bool ended, struct buffer *ret)
{
    struct buffer *held = watch->held;
    enum match match = MATCH_NONE;
    size_t n;
    int r;

    for (n = 0; n < held->size; n++) {
        match = match_at(watch, held->bytes + n, held->size - n);
        if (match == MATCH_WHOLE || (match == MATCH_PART && !ended))
            break;
    }
    r = buffer_append(ret, held->bytes, n);
    if (r < 0)
        return r;
    watch->stopped = match == MATCH_WHOLE;
    buffer_consume(held, n);
    return 0;
}

int stop_watch_push(struct stop_watch *watch, const char *text, size_t n, struct buffer *ret)
{
    int r;

    if (watch->stopped)
        return 0;
    r = buffer_append(watch->held, text, n);
    if (r < 0)
        return r;
    return release(watch, false, ret);
}

int stop_watch_finish(struct stop_watch *watch, struct buffer *ret)
{
    return watch->stopped ? 0 : release(watch, true, ret);
}
