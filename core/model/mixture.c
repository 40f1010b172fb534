/* The choice of sensitive layers is that of llama.cpp's "medium" mixtures: the first eighth, the last eighth, and every
   third between. */
#include "core/model/mixture.h"

#include <string.h>
#include <strings.h>

#include "core/base/cleanup.h"
#include "core/model/hparams.h"
#include "core/model/tensor_specs.h"

static const struct mixture mixtures[] = {
    {"q8_0", TENSOR_Q8_0, TENSOR_Q8_0, TENSOR_Q8_0, TENSOR_Q8_0},
    {"q6_k", TENSOR_Q6_K, TENSOR_Q6_K, TENSOR_Q6_K, TENSOR_Q8_0},
    {"q4_k", TENSOR_Q4_K, TENSOR_Q6_K, TENSOR_Q6_K, TENSOR_Q8_0},
    {"q4_0", TENSOR_Q4_0, TENSOR_Q4_0, TENSOR_Q6_K, TENSOR_Q8_0},
};

const struct mixture *mixture_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(mixtures); i++)
        if (strcasecmp(mixtures[i].name, name) == 0)
            return &mixtures[i];
    return NULL;
}

static bool is_sensitive(const struct hparams *hparams, const struct tensor_spec *spec)
{
    size_t n = hparams->decoder.n_blocks, eighth = n / 8, b = spec->block;

    if (!strstr(spec->name, ".attn_v.") && !strstr(spec->name, ".ffn_down."))
        return false;
    return b < eighth || b >= 7 * n / 8 || (b - eighth) % 3 == 2;
}

static enum tensor_type wanted_type(const struct mixture *mixture, const struct hparams *hparams,
                                    const struct tensor_spec *spec)
{
    switch (spec->group) {
    case GROUP_DECODER:
        return strcmp(spec->name, "output.weight") == 0 ? mixture->output : mixture->most;
    case GROUP_DECODER_BLOCK:
        return is_sensitive(hparams, spec) ? mixture->sensitive : mixture->most;
    case GROUP_ENCODER:
    case GROUP_ENCODER_BLOCK:
    case GROUP_EXPERT_BLOCK:
    case GROUP_MODALITY:
        break;
    }
    return mixture->perception;
}

enum tensor_type mixture_type(const struct mixture *mixture, const struct hparams *hparams,
                              const struct tensor_spec *spec, enum tensor_type now)
{
    enum tensor_type type = wanted_type(mixture, hparams, spec);

    if (spec->vector)
        return now;
    if (spec->shape[0] % tensor_type_info(type)->n_block)
        type = TENSOR_Q8_0;
    return spec->shape[0] % tensor_type_info(type)->n_block ? now : type;
}
