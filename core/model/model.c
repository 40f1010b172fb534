#include "core/model/model.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "core/file/gguf_reader.h"
#include "core/text/vocabulary.h"

int model_open(const char *path, struct model **ret, struct error *error)
{
    _cleanup_(model_closep) struct model *model = calloc(1, sizeof(*model));
    int r;

    if (!model)
        return error_set(error, -ENOMEM, "no memory to open the model");
    r = gguf_reader_open(path, &model->file, error);
    if (r == 0)
        r = hparams_from_gguf(model->file, &model->hparams, error);
    if (r == 0)
        r = vocabulary_from_gguf(model->file, &model->vocabulary, error);
    if (r == 0 && vocabulary_size(model->vocabulary) > model->hparams.n_vocab)
        r = error_set(error, -EBADMSG, "the vocabulary has %zu pieces but token_embd.weight only %zu rows",
                      vocabulary_size(model->vocabulary), model->hparams.n_vocab);
    if (r == 0)
        r = weights_bind(model->file, &model->hparams, &model->weights, error);
    if (r < 0)
        return r;
    gguf_reader_bool(model->file, "onellm.untrained", &model->untrained, NULL);
    *ret = TAKE_PTR(model);
    return 0;
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
