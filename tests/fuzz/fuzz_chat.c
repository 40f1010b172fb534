/* fuzz: answer_dep */
/* The body of a chat completion: JSON with messages, fields and base64. What is accepted must hold together. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer files[QUESTION_FILES_MAX];
    struct question question;
    struct chat chat = {.question = &question, .files = files, .file_bytes_max = 1000, .answers_max = 4};
    struct error error = ERROR_NONE;
    int r;

    question_init(&question, (size_t)1 << 24);
    r = chat_read(&chat, (const char *)data, size, &error);
    expect(r == error.code && (r == 0 || error.message[0]));
    expect(chat.n_files <= QUESTION_FILES_MAX);
    if (r == 0) {
        expect(chat.n_answers >= 1 && chat.n_answers <= 4);
        check(&question);
    }
    for (size_t i = 0; i < chat.n_files; i++)
        buffer_deinit(&files[i]);
    question_deinit(&question);
    return 0;
}
