#include "core/model/model.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/base/error.h"
#include "core/file/gguf_reader.h"
#include "core/file/gguf_writer.h"
#include "core/model/synthesize.h"
#include "core/text/vocabulary.h"

/* Takes over the reader, also on failure. */
static int bind(struct gguf_reader *reader, struct model **ret, struct error *error)
{
    _cleanup_(model_closep) struct model *model = calloc(1, sizeof(*model));
    int r;

    if (!model) {
        gguf_reader_close(reader);
        return error_set(error, -ENOMEM, "no memory to open the model");
    }
    model->file = reader;
    r = hparams_from_gguf(reader, &model->hparams, error);
    if (r == 0)
        r = vocabulary_from_gguf(reader, &model->vocabulary, error);
    if (r == 0 && vocabulary_size(model->vocabulary) > model->hparams.n_vocab)
        r = error_set(error, -EBADMSG, "the vocabulary has %zu pieces but token_embd.weight only %zu rows",
                      vocabulary_size(model->vocabulary), model->hparams.n_vocab);
    if (r == 0)
        r = weights_bind(reader, &model->hparams, &model->weights, error);
    if (r < 0)
        return r;
    gguf_reader_bool(reader, "onellm.untrained", &model->untrained, NULL);
    *ret = TAKE_PTR(model);
    return 0;
}

int model_open(const char *path, struct model **ret, struct error *error)
{
    struct gguf_reader *reader;
    int r = gguf_reader_open(path, &reader, error);

    return r < 0 ? r : bind(reader, ret, error);
}

int model_open_untrained(struct model **ret, struct error *error)
{
    _cleanup_(gguf_writer_freep) struct gguf_writer *writer = NULL;
    _cleanup_(closep) int fd = memfd_create("onellm-untrained", MFD_CLOEXEC);
    struct gguf_reader *reader;
    int r;

    if (fd < 0)
        return error_set(error, -errno, "no memory for the built-in model");
    r = gguf_writer_open_fd(fd, &writer, error);
    if (r == 0)
        r = synthesize_model(synthesize_shape("tiny"), TENSOR_F16, 1, writer, NULL, NULL, error);
    if (r < 0)
        return r;
    r = gguf_reader_open_fd(fd, "the built-in model", &reader, error);
    fd = -1;
    return r < 0 ? r : bind(reader, ret, error);
}

struct model *model_close(struct model *model)
{
    if (model) {
        weights_deinit(&model->weights);
        vocabulary_free(model->vocabulary);
        gguf_reader_close(model->file);
        free(model);
    }
    return NULL;
}
