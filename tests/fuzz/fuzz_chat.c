/* fuzz: answer_dep */
/* The body of a chat completion: JSON with messages, fields and base64. What is accepted must hold together. Lines
   before the first brace are the names of files that come with it in a form. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/answer/chat.h"
#include "core/base/buffer.h"
#include "core/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int holds)
{
    if (!holds)
        abort();
}

static void check(const struct question *question)
{
    expect(question->prompt && *question->prompt);
    expect(question->n_turns % 2 == 0 && question->n_turns <= QUESTION_TURNS_MAX);
    for (size_t i = 0; i < question->n_turns; i++) {
        expect(question->turns[i].role == (i % 2 ? ROLE_ASSISTANT : ROLE_HUMAN));
        expect(strlen(question->turns[i].text) == question->turns[i].n);
    }
    for (size_t i = 0; i < question->n_uploads; i++)
        expect(question->uploads[i].n_bytes > 0 && question->uploads[i].n_bytes <= 1000);
}

static void add_attachments(struct chat *chat, const char *text, size_t n, const char *names[QUESTION_FILES_MAX])
{
    const char *end = text + n, *newline;

    while (chat->n_files < QUESTION_FILES_MAX && (newline = memchr(text, '\n', (size_t)(end - text)))) {
        struct buffer *file = &chat->files[chat->n_files];

        buffer_init(file, 1000);
        buffer_append(file, "file", 4);
        names[chat->n_files++] = arena_copy_text(&chat->question->arena, text, (size_t)(newline - text));
        text = newline + 1;
    }
    if (chat->n_files)
        chat->names = names;
    chat->n_names = chat->n_files;
}

static void check_attachments(const struct chat *chat)
{
    for (size_t i = 0; i < chat->n_names; i++) {
        bool found = false;

        for (size_t k = 0; k < chat->question->n_uploads; k++) {
            const struct upload *upload = &chat->question->uploads[k];
            const char *bytes = chat->files[i].bytes;

            found |= upload->bytes == bytes || upload->timestamps == bytes || upload->mask == bytes;
        }
        expect(found);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *brace = size ? memchr(data, '{', size) : NULL;
    size_t n_names = brace ? (size_t)(brace - data) : 0;
    const char *names[QUESTION_FILES_MAX];
    struct buffer files[QUESTION_FILES_MAX];
    struct question question;
    struct chat chat = {.question = &question, .files = files, .file_bytes_max = 1000, .answers_max = 4};
    struct error error = ERROR_NONE;
    int r;

    question_init(&question, (size_t)1 << 24);
    add_attachments(&chat, (const char *)data, n_names, names);
    r = chat_read(&chat, (const char *)data + n_names, size - n_names, &error);
    expect(r == error.code && (r == 0 || error.message[0]));
    expect(chat.n_files <= QUESTION_FILES_MAX);
    if (r == 0) {
        expect(chat.n_answers >= 1 && chat.n_answers <= 4);
        check(&question);
        check_attachments(&chat);
    }
    for (size_t i = 0; i < chat.n_files; i++)
        buffer_deinit(&files[i]);
    question_deinit(&question);
    return 0;
}
