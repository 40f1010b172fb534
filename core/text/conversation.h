/* Messages -> the prompt of the official "v1" template, and the stop strings of its answers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct error;

enum role {
    ROLE_HUMAN,
    ROLE_ASSISTANT,
};

struct message {
    enum role role;
    const char *text; /* borrowed */
    size_t n;
};

extern const char conversation_system[]; /* the official system sentence */
#define CONVERSATION_STOP "###"          /* separates turns; ends every answer */

/* Appends the prompt: system, blank line, "###Human: …\n###Assistant: …\n###…", ending in "Assistant:".
 * system NULL: the official sentence. Messages alternate, the first and the last are human: else -EINVAL. */
int conversation_prompt(const char *system, const struct message *messages, size_t n, struct buffer *ret,
                        struct error *error);

/* Appends an answer as it stands behind the prompt: "Assistant:" and, from *ret_begin on, " {text}\n###". -ENOMEM,
 * -EFBIG. */
int conversation_answer(const char *text, size_t n, struct buffer *ret, size_t *ret_begin);

/* Watches a text that grows for stop strings, so that none is ever shown, not even in part: what might still become one
 * is held back. Embedded; one thread. Stop strings are borrowed. */
#define STOP_STRINGS_MAX 8
#define STOP_STRING_BYTES_MAX 128
struct stop_watch {
    const char *strings[STOP_STRINGS_MAX]; /* borrowed, NUL-terminated, not empty, at most STOP_STRING_BYTES_MAX */
    size_t n_strings;
    struct buffer *held; /* what has come in but is not decided; owned */
    bool stopped;
};

/* -EINVAL: too many, too long or empty strings (named); -ENOMEM. */
int stop_watch_init(struct stop_watch *watch, const char *const *strings, size_t n_strings, struct error *error);
void stop_watch_deinit(struct stop_watch *watch);
/* Adds text; appends what may be shown now to *ret. Once a stop string has been seen, `stopped` is set and nothing more
 * is shown; the earliest stop string in the text wins. 0 or -ENOMEM. */
int stop_watch_push(struct stop_watch *watch, const char *text, size_t n, struct buffer *ret);
/* The text has ended: appends what was held back. */
int stop_watch_finish(struct stop_watch *watch, struct buffer *ret);
