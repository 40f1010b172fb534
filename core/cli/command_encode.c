/* One medium through the first stages of the network, as an NPY file in the shape of the reference. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/cli/cli.h"
#include "core/cli/npy_writer.h"
#include "core/cli/question_options.h"
#include "core/model/hparams.h"

#define COMMAND "encode"
#define STAGES "input, tokens, features, experts or embeddings"
#define STAGE_INPUT (-1)
#define STAGE_UNKNOWN (-2)

static int stage_by_name(const char *name)
{
    static const struct {
        const char *name;
        int stage;
    } stages[] = {
        {"input", STAGE_INPUT},      {"tokens", ENCODE_TOKENS},         {"features", ENCODE_FEATURES},
        {"experts", ENCODE_EXPERTS}, {"embeddings", ENCODE_EMBEDDINGS},
    };

    for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
        if (strcmp(stages[i].name, name) == 0)
            return stages[i].stage;
    return STAGE_UNKNOWN;
}

/* Pairs maps with their images; the prompt that a question has to have is never used. */
static int finish_question(struct question *question, struct error *error)
{
    size_t n = 0;
    int r = question_set(question, "prompt", COMMAND, strlen(COMMAND), error);

    if (r == 0)
        r = question_finish(question, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < question->n_uploads; i++)
        n += !question->uploads[i].is_plane;
    if (n != 1)
        return error_set(error, -EINVAL, "one medium is encoded at a time, not %zu", n);
    return 0;
}

/* finish_question() has made sure that there is one. */
static const struct input_tensor *only_input(const struct question *question)
{
    size_t i = 0;

    while (question->uploads[i].is_plane)
        i++;
    return &question->uploads[i].tensor;
}

static int encode(struct onellm *onellm, struct question *question, int stage, const char *output, struct error *error)
{
    _cleanup_(freep) float *data = NULL;
    const struct input_tensor *input = only_input(question);
    size_t shape[2];
    int r = question_decode(question, &onellm_info(onellm)->hparams->input, NULL, &media_here, NULL, error);

    if (r < 0)
        return r;
    if (input->notes[0])
        fprintf(stderr, "onellm encode: note: %s\n", input->notes);
    if (stage == STAGE_INPUT)
        return npy_write(output, input->data, input->shape, input->n_dims, error);
    r = onellm_encode(onellm, input, (enum encode_stage)stage, &data, shape, error);
    if (r < 0)
        return r;
    return npy_write(output, data, shape, 2, error);
}

int command_encode(int argc, char **argv)
{
    _cleanup_(question_options_deinit) struct question_options options;
    _cleanup_(onellm_closep) struct onellm *onellm = NULL;
    const char *model = NULL, *stage = NULL, *output = NULL;
    uint64_t n_threads = 0;
    const struct option_row own[] = {
        {.name = "stage", .value = "STAGE", .sentence = STAGES, .required = true, .text = &stage},
        {.name = "output",
         .value = "FILE",
         .sentence = "where the array goes (NPY)",
         .required = true,
         .text = &output},
        OPTION_MODEL(&model),
        OPTION_THREADS(&n_threads),
    };
    struct error error = ERROR_NONE;
    int r;

    question_options_init(&options, QUESTION_MEDIA, own, ARRAY_SIZE(own));
    r = question_options_parse(&options, COMMAND, "writes one stage of the network for one medium", argc, argv);
    if (r != 0)
        return exit_status_of(r);
    if (stage_by_name(stage) == STAGE_UNKNOWN) {
        fprintf(stderr, "onellm encode: --stage: must be %s\n", STAGES);
        return EXIT_USAGE;
    }
    if (finish_question(&options.question, &error) < 0) {
        question_options_error(&error);
        fail_with(COMMAND, &error);
        return EXIT_USAGE;
    }
    r = open_engine(COMMAND, model, n_threads, &onellm, &error);
    if (r == 0)
        r = encode(onellm, &options.question, stage_by_name(stage), output, &error);
    if (r == 0)
        return EXIT_DONE;
    question_options_error(&error);
    return fail_with(COMMAND, &error);
}
