/* A chat completion as OpenAI's clients ask for it -> the same question that a form makes. Fields that nobody here
   knows are ignored, as those clients expect. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/answer/question.h"

struct buffer;
struct error;

struct chat {
    struct question *question; /* from question_init(); borrows files */
    struct buffer *files;      /* [QUESTION_FILES_MAX], the first n_files of them initialised; the caller's to free */
    const char *const *names;  /* of the attachments, which are the first n_names files; NULL: there cannot be any */
    size_t n_files, n_names, file_bytes_max;
    bool used[QUESTION_FILES_MAX]; /* which attachments messages have referred to */
    /* Adds a medium that was kept (question_add_kept()), or -ENOENT; NULL: none are. */
    int (*add_kept)(void *context, const char *id, struct question *question, struct error *error);
    void *context;
    size_t n_answers, answers_max; /* n */
    bool include_usage;            /* stream_options */
};

/* body: JSON. What it says goes to the question, which question_finish() completes. -EILSEQ: not JSON; -EINVAL: names
 * the field or the part of a message and what it takes, or the attachment that nothing refers to; -ENODATA: there is no
 * message or nothing is asked; -EFBIG: a file; -ENOMEM. */
int chat_read(struct chat *chat, const char *body, size_t n, struct error *error);
