/* fuzz: answer_dep */
/* Fields and files in any order: every record of the input is the number of a name, a length, and so many bytes of
   value. What question_finish() accepts must hold together. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/answer/question.h"
#include "core/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int holds)
{
    if (!holds)
        abort();
}

/* Fields first, then files, then a name that nobody knows. Returns false when the input has ended. */
static int take_record(struct question *question, const uint8_t **data, size_t *size)
{
    static const char *const companions[] = {"imu.timestamps", "fmri.mask", "unknown"};
    struct error error = ERROR_NONE;
    size_t number, n;
    int r;

    if (*size < 2)
        return 0;
    number = (*data)[0] % (n_fields + N_MODALITIES + 3);
    n = (*data)[1] < *size - 2 ? (*data)[1] : *size - 2;
    if (number < n_fields)
        r = question_set(question, fields[number].name, (const char *)*data + 2, n, &error);
    else if (number < n_fields + N_MODALITIES)
        r = question_add_file(question, modality_info((enum modality)(number - n_fields))->name, *data + 2, n, &error);
    else
        r = question_add_file(question, companions[number - n_fields - N_MODALITIES], *data + 2, n, &error);
    expect(r == error.code && (r == 0 || (r == -EINVAL && error.message[0])));
    *data += n + 2;
    *size -= n + 2;
    return 1;
}

static void check(const struct question *question)
{
    expect(question->prompt && *question->prompt);
    expect(question->n_uploads <= QUESTION_MEDIA_MAX && question->n_stops <= QUESTION_STOPS_MAX);
    expect(question->n_choices <= QUESTION_CHOICES_MAX && !(question->n_choices && question->n_stops));
    for (size_t i = 0; i < question->n_choices; i++) {
        expect(*question->choices[i]);
        for (size_t k = 0; k < i; k++)
            expect(strcmp(question->choices[k], question->choices[i]) != 0);
    }
    expect(question->tokens_max >= 1);
    expect(question->sampling.temperature >= 0 && question->sampling.temperature <= 2);
    expect(question->sampling.top_p >= 0 && question->sampling.top_p <= 1);
    expect(question->sampling.repetition_penalty > 0 && question->sampling.top_k >= 0);
    for (size_t i = 0; i < question->n_uploads; i++) {
        const struct upload *upload = &question->uploads[i];

        expect(upload->n_bytes > 0);
        expect(upload->options.end_s <= 0 || upload->options.end_s > upload->options.start_s);
        if (upload->image < 0)
            continue;
        expect((size_t)upload->image < i && question->uploads[upload->image].is_plane);
        expect(question->uploads[upload->image].modality == MODALITY_IMAGE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct question question;

    question_init(&question, (size_t)1 << 20);
    while (take_record(&question, &data, &size))
        ;
    if (question_finish(&question, NULL) == 0)
        check(&question);
    question_deinit(&question);
    return 0;
}
