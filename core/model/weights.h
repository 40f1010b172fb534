/* Every tensor of a model at its place: views into the mapped file, or copies where the file's type had to change.
   Immutable once bound and packed; any thread. */
#pragma once

#include "core/base/arena.h"
#include "core/model/hparams.h"
#include "core/tensor/tensor.h"

struct compute;
struct error;
struct gguf_reader;

struct linear {
    struct tensor weight; /* [n_out, n_in] */
    struct tensor bias;   /* f32 [n_out]; data NULL: none */
};

struct norm {
    struct tensor gain, bias; /* f32 [n]; bias.data NULL for RMSNorm */
};

/* Pre-norm block of the LLaMA and of the projection experts. */
struct llama_block {
    struct norm attention_norm;
    struct linear query, key, value, output;
    struct norm ffn_norm;
    struct linear gate, up, down;
};

/* Pre-norm block of the universal encoder. */
struct encoder_block {
    struct norm attention_norm;
    struct linear qkv, output; /* query, key, value one after the other: [3 * width, width] */
    struct norm ffn_norm;
    struct linear up, down;
};

struct encoder_weights {
    struct tensor class_embedding; /* f32 [width] */
    struct tensor positions;       /* f32 [1 + image tokens, width]: image, video, depth, normal */
    struct linear patch;           /* [width, 3 * patch * patch]: their tokenizer */
    struct norm pre_norm, post_norm;
    struct encoder_block *blocks;
};

struct modality_weights {
    struct linear tokenizer; /* audio, point, imu, fmri; data NULL: the encoder's patch */
    struct tensor positions; /* f32 [1 + tokens, width]; data NULL: the encoder's */
    struct tensor tokens;    /* f32 [n_modality_tokens, width]: the learned modality tokens */
    struct linear in;        /* clip_proj1 */
    struct norm in_norm;
    struct linear router_hidden, router_output;
    struct linear out; /* clip_proj2: [dim, width] */
    struct norm out_norm;
    struct tensor start_tag, end_tag; /* f32 [dim] */
};

struct decoder_weights {
    struct tensor token_embedding; /* [n_vocab, dim] */
    struct llama_block *blocks;
    struct norm norm;
    struct linear output; /* [n_vocab, dim] */
};

struct weights {
    struct decoder_weights decoder;
    struct encoder_weights encoder;
    struct llama_block **experts; /* [n_experts][n_blocks] */
    struct modality_weights modalities[N_MODALITIES];
    struct arena arena; /* tables of blocks, converted tensors */
    char *tiles;        /* packed matrices; NULL: none */
};

/* Finds every tensor of tensor_specs_visit() in the file and checks its shape. The reader must outlive the weights.
 * -EBADMSG naming the first tensor that is missing or has another shape, -ENOMEM. */
int weights_bind(const struct gguf_reader *reader, const struct hparams *hparams, struct weights *ret,
                 struct error *error);
/* Bytes that weights_pack() takes. */
size_t weights_packed_bytes(struct weights *weights, const struct hparams *hparams);
/* Packs every quantized matrix that is multiplied with (core/tensor/pack.h); what the file has of it is not resident
 * any more then. -ENOMEM. */
int weights_pack(struct weights *weights, const struct hparams *hparams, const struct compute *compute,
                 struct error *error);
void weights_deinit(struct weights *weights);
