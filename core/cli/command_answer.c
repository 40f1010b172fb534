/* One question without a server: the text as it comes, or the JSON of the HTTP API. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/answer/answer_json.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/cli/cli.h"
#include "core/cli/question_options.h"
#include "core/model/hparams.h"

#define COMMAND "answer"

DEFINE_CLEANUP(struct sequence *, onellm_release, onellm_releasep)

/* Shows text as it comes, or collects it. */
static int follow(struct onellm *onellm, struct sequence *sequence, bool show, struct sequence_news *news,
                  struct buffer *text, struct error *error)
{
    do {
        int r;

        onellm_wait(onellm, -1);
        if (onellm_next(onellm) != sequence)
            continue;
        r = onellm_take(sequence, news, text);
        if (r < 0)
            return error_set(error, r, "no memory for the answer");
        if (!show || text->size == 0)
            continue;
        fwrite(text->bytes, 1, text->size, stdout);
        fflush(stdout);
        buffer_clear(text);
    } while (news->finish == FINISH_NONE);
    if (news->finish == FINISH_ERROR)
        return error_set(error, news->error, "the engine failed: %s", strerror(-news->error));
    return 0;
}

/* What the JSON says in its `media` section. */
static void print_notes(const struct question *question)
{
    for (size_t i = 0; i < question->n_uploads; i++) {
        const struct upload *upload = &question->uploads[i];

        if (upload->tensor.notes[0])
            fprintf(stderr, "onellm answer: note: %s: %s\n", modality_info(upload->modality)->name,
                    upload->tensor.notes);
    }
}

static int print_answer_json(const struct onellm *onellm, const struct question *question, struct sequence *sequence,
                             const struct sequence_news *news, const struct buffer *text)
{
    uint64_t random[2] = {0};
    char id[48];

    if (getrandom(random, sizeof(random), 0) < 0)
        random[0] = clock_ns();
    snprintf(id, sizeof(id), "ans-%016" PRIx64 "%08" PRIx64, random[0], random[1] >> 32);
    return print_json(COMMAND, answer_json(onellm, question, sequence, news, id, (int64_t)time(NULL),
                                           text->bytes ? text->bytes : "", text->size, true));
}

static int ask(struct onellm *onellm, struct question *question, bool json, struct error *error)
{
    _cleanup_(onellm_releasep) struct sequence *sequence = NULL;
    _cleanup_(buffer_deinit) struct buffer text = {.size_max = SIZE_MAX / 4};
    struct sequence_news news = {0};
    uint64_t deadline_ns = question->timeout_ms ? clock_ns() + question->timeout_ms * 1000000 : 0;
    int r;

    question->deadline_ns = deadline_ns;
    r = question_decode(question, &onellm_info(onellm)->hparams->input, NULL, &media_here, NULL, error);
    if (r == 0)
        r = question_prepare(question, onellm, deadline_ns, NULL, &sequence, error);
    if (r == 0 && !json)
        print_notes(question);
    if (r == 0)
        r = onellm_submit(onellm, sequence);
    if (r == 0)
        r = follow(onellm, sequence, !json, &news, &text, error);
    if (r < 0) {
        question_options_error(error);
        return fail_with(COMMAND, error);
    }
    if (json)
        return print_answer_json(onellm, question, sequence, &news, &text);
    putchar('\n');
    if (news.finish == FINISH_TIMEOUT)
        fprintf(stderr, "onellm answer: note: ended by --timeout-ms\n");
    return finish_output(COMMAND);
}

int command_answer(int argc, char **argv)
{
    _cleanup_(question_options_deinit) struct question_options options;
    _cleanup_(onellm_closep) struct onellm *onellm = NULL;
    const char *model = NULL;
    uint64_t n_threads = 0;
    bool json = false;
    const struct option_row own[] = {
        OPTION_MODEL(&model),
        OPTION_THREADS(&n_threads),
        {.name = "json", .sentence = "print the JSON of the HTTP API, with token_ids and prompt_ids", .given = &json},
    };
    struct error error = ERROR_NONE;
    int r;

    question_options_init(&options, QUESTION_ALL, own, ARRAY_SIZE(own));
    r = question_options_parse(&options, COMMAND, "answers a question about files", argc, argv);
    if (r != 0)
        return exit_status_of(r);
    if (question_finish(&options.question, &error) < 0) {
        question_options_error(&error);
        fail_with(COMMAND, &error);
        return EXIT_USAGE;
    }
    if (options.question.logprobs && !json) {
        error_set(&error, -EINVAL, "probabilities are part of the JSON: they need --json");
        error_at(&error, "--logprobs");
        fail_with(COMMAND, &error);
        return EXIT_USAGE;
    }
    if (open_engine(COMMAND, model, n_threads, &onellm, &error) < 0)
        return fail_with(COMMAND, &error);
    return ask(onellm, &options.question, json, &error);
}
