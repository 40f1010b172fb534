/* Sizes and constants of a model, read from its file and checked against each other. Immutable; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/modal/modality.h"

struct error;
struct gguf_reader;
struct gguf_writer;

/* How the weights of the experts are made of the router's output (paper, section 3.2 and table 6). */
enum router_kind {
    ROUTER_SOFT_SIGMOID, /* sigmoid, divided by the sum over the experts: released code */
    ROUTER_SOFT_SOFTMAX, /* softmax: the paper's equation 2 */
    ROUTER_SPARSE,       /* the expert with the largest output alone */
    ROUTER_CONSTANT,     /* 1 / n_experts */
};

const char *router_kind_name(enum router_kind kind);                        /* "soft-sigmoid", … */
int router_kind_by_name(const char *name, size_t n, enum router_kind *ret); /* -EINVAL */

/* One stack of transformer blocks. */
struct block_sizes {
    size_t width, n_blocks, n_heads, n_kv_heads, ffn_width;
    float norm_eps;
};

struct hparams {
    bool multimodal; /* architecture "onellm"; else "llama": text only, all below `decoder` unused */
    char name[64];   /* general.name */

    struct block_sizes decoder; /* the LLaMA; width is `dim` of the paper */
    size_t context;             /* positions that the model was trained for */
    size_t n_vocab;
    float rope_theta;

    struct block_sizes encoder; /* the universal encoder (CLIP ViT); n_kv_heads = n_heads; LayerNorm eps */
    size_t patch, image_size;   /* 14, 224 */

    struct block_sizes expert; /* one projection expert; width = the encoder's */
    size_t n_experts;          /* K */
    size_t n_modality_tokens;  /* 30 */
    size_t router_width;       /* hidden width of the router's MLP; 0 for ROUTER_CONSTANT models without one */
    enum router_kind router;

    bool has[N_MODALITIES];        /* which modalities the file holds */
    size_t n_tokens[N_MODALITIES]; /* per item, without the class token: 256, 256, 1212, 1024, 256, 256, 391, 8 */
    struct input_sizes input;

    size_t audio_kernel, audio_stride; /* 16, 10 */
    size_t imu_channels, imu_kernel;   /* 6, 10 */
    size_t point_group;                /* 32 */
    size_t point_channels;             /* 6 */
    size_t point_coordinates;          /* channel at which the coordinates for neighbours begin: 3, as released */
};

/* Metadata keys: general.architecture, general.name; onellm.context_length, .embedding_length, .block_count, … as
 * docs/FILE_FORMAT.md lists them. Errors: -EBADMSG naming the key. */
int hparams_from_gguf(const struct gguf_reader *reader, struct hparams *ret, struct error *error);
void hparams_to_gguf(const struct hparams *hparams, struct gguf_writer *writer);

/* Sets the sizes that follow from others: n_kv_heads where it is 0, widths, input sizes, tokens of windows. */
void hparams_derive(struct hparams *hparams);

/* Do the sizes fit each other (heads divide widths, tokens follow from kernels, nothing is zero or absurd)?
 * -EBADMSG naming the size. */
int hparams_check(const struct hparams *hparams, struct error *error);
