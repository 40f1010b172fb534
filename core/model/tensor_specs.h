/* The one table of a model's tensors: name, shape, official name, place. Immutable; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/modal/modality.h"

struct hparams;

#define TENSOR_NAME_MAX 64

/* Which struct of weights.h a tensor belongs to. */
enum tensor_group {
    GROUP_DECODER,
    GROUP_DECODER_BLOCK,
    GROUP_ENCODER,
    GROUP_ENCODER_BLOCK,
    GROUP_EXPERT_BLOCK,
    GROUP_MODALITY,
};

struct tensor_spec {
    char name[TENSOR_NAME_MAX]; /* in our files: "blk.0.attn_q.weight" */
    char official[96];          /* key in an official checkpoint: "llma.layers.0.attention.wq.weight" */
    int n_dims;
    size_t shape[4]; /* as in struct tensor: shape[0] elements side by side. The official tensor holds the same
                        elements in the same order, perhaps under more dimensions. */
    bool vector;     /* norms, biases, positions, tags: kept in f32 whatever the file's type */
    float deviation; /* standard deviation and mean of random weights that keep activations in range */
    float mean;
    enum tensor_group group; /* where its view goes: GROUP_… [expert][block] or [modality], at offset */
    size_t expert, block;
    enum modality modality;
    size_t offset;
};
typedef int tensor_visit(void *context, const struct tensor_spec *spec);
/* Calls visit once for every tensor that a model of these sizes has, in file order. Stops at and returns the first
 * non-zero result of visit. */
int tensor_specs_visit(const struct hparams *hparams, tensor_visit *visit, void *context);
