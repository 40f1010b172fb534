/* Opens a model file and binds everything in it. Immutable afterwards; any thread. */
#pragma once

#include "core/base/cleanup.h"
#include "core/model/hparams.h"
#include "core/model/weights.h"

struct error;
struct vocabulary;

struct model {
    struct gguf_reader *file; /* the mapping that weights point into */
    struct hparams hparams;
    struct weights weights;
    struct vocabulary *vocabulary;
    bool untrained; /* random weights: metadata key onellm.untrained */
};

/* -EBADMSG and whatever opening a file may say; the message says what is wrong with the file. */
int model_open(const char *path, struct model **ret, struct error *error);
struct model *model_close(struct model *model);
DEFINE_CLEANUP(struct model *, model_close, model_closep)
