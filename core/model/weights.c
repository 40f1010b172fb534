/* Walks the table of tensors and puts a view of each at its place. Vectors that a file stores in another type than f32
   (files that other programs wrote) are widened into the arena; matrices stay in the mapping. */
#include "core/model/weights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/machine.h"
#include "core/file/gguf_reader.h"
#include "core/file/mapped_file.h"
#include "core/model/tensor_specs.h"
#include "core/tensor/pack.h"

struct binding {
    const struct gguf_reader *reader;
    struct weights *weights;
    const struct hparams *hparams;
    struct error *error;
};

static char *group_base(struct weights *weights, const struct tensor_spec *spec)
{
    switch (spec->group) {
    case GROUP_DECODER:
        return (char *)&weights->decoder;
    case GROUP_DECODER_BLOCK:
        return (char *)&weights->decoder.blocks[spec->block];
    case GROUP_ENCODER:
        return (char *)&weights->encoder;
    case GROUP_ENCODER_BLOCK:
        return (char *)&weights->encoder.blocks[spec->block];
    case GROUP_EXPERT_BLOCK:
        return (char *)&weights->experts[spec->expert][spec->block];
    case GROUP_MODALITY:
        return (char *)&weights->modalities[spec->modality];
    }
    return NULL;
}

/* Files of plain llama models may leave the output matrix out: it is the token table then. */
static const struct gguf_tensor *find(const struct binding *binding, const struct tensor_spec *spec)
{
    const struct gguf_tensor *found = gguf_reader_find_tensor(binding->reader, spec->name);

    if (!found && !binding->hparams->multimodal && strcmp(spec->name, "output.weight") == 0)
        found = gguf_reader_find_tensor(binding->reader, "token_embd.weight");
    return found;
}

static int widen(struct weights *weights, struct tensor *tensor, struct error *error)
{
    size_t n = tensor_n_elements(tensor);
    float *copy = arena_new(&weights->arena, float, n);

    if (!copy)
        return error_set(error, -ENOMEM, "no memory for %zu bytes of weights", n * sizeof(*copy));
    tensor_to_f32(tensor->type, tensor->data, n, copy);
    tensor->type = TENSOR_F32;
    tensor->data = copy;
    return 0;
}

static int bind(void *context, const struct tensor_spec *spec)
{
    const struct binding *binding = context;
    const struct gguf_tensor *found = find(binding, spec);
    struct tensor tensor;
    int r;

    if (!found)
        return error_set(binding->error, -EBADMSG, "the model file lacks tensor %s", spec->name);
    tensor = found->tensor;
    if (memcmp(tensor.shape, spec->shape, sizeof(tensor.shape)) != 0)
        return error_set(binding->error, -EBADMSG,
                         "tensor %s has shape [%zu, %zu, %zu, %zu]; its metadata says [%zu, %zu, %zu, %zu]", spec->name,
                         tensor.shape[0], tensor.shape[1], tensor.shape[2], tensor.shape[3], spec->shape[0],
                         spec->shape[1], spec->shape[2], spec->shape[3]);
    if (spec->vector && tensor.type != TENSOR_F32) {
        r = widen(binding->weights, &tensor, binding->error);
        if (r < 0)
            return r;
    }
    memcpy(group_base(binding->weights, spec) + spec->offset, &tensor, sizeof(tensor));
    return 0;
}

static int allocate_blocks(struct weights *weights, const struct hparams *hparams)
{
    weights->decoder.blocks = arena_new(&weights->arena, struct llama_block, hparams->decoder.n_blocks);
    if (!weights->decoder.blocks)
        return -ENOMEM;
    if (!hparams->multimodal)
        return 0;
    weights->encoder.blocks = arena_new(&weights->arena, struct encoder_block, hparams->encoder.n_blocks);
    weights->experts = arena_new(&weights->arena, struct llama_block *, hparams->n_experts);
    if (!weights->encoder.blocks || !weights->experts)
        return -ENOMEM;
    for (size_t e = 0; e < hparams->n_experts; e++) {
        weights->experts[e] = arena_new(&weights->arena, struct llama_block, hparams->expert.n_blocks);
        if (!weights->experts[e])
            return -ENOMEM;
    }
    return 0;
}

int weights_bind(const struct gguf_reader *reader, const struct hparams *hparams, struct weights *ret,
                 struct error *error)
{
    struct binding binding = {.reader = reader, .weights = ret, .hparams = hparams, .error = error};
    int r;

    memset(ret, 0, sizeof(*ret));
    r = allocate_blocks(ret, hparams);
    if (r < 0)
        return error_set(error, r, "no memory for the tables of the model's blocks");
    r = tensor_specs_visit(hparams, bind, &binding);
    if (r < 0)
        weights_deinit(ret);
    return r;
}

/* ---- packing ---- */

struct packing {
    struct weights *weights;
    const struct compute *compute;
    size_t at; /* bytes of tiles */
};

/* NULL for what is never multiplied with: vectors, and the table of tokens. */
static struct tensor *matrix_of(struct weights *weights, const struct tensor_spec *spec)
{
    struct tensor *tensor = (struct tensor *)(void *)(group_base(weights, spec) + spec->offset);

    return spec->vector || tensor == &weights->decoder.token_embedding ? NULL : tensor;
}

static size_t room_for(const struct tensor *matrix)
{
    return (pack_bytes(matrix) + 63) / 64 * 64;
}

static int add_room(void *context, const struct tensor_spec *spec)
{
    struct packing *packing = context;
    const struct tensor *matrix = matrix_of(packing->weights, spec);

    packing->at += matrix ? room_for(matrix) : 0;
    return 0;
}

static int pack(void *context, const struct tensor_spec *spec)
{
    struct packing *packing = context;
    struct tensor *matrix = matrix_of(packing->weights, spec);

    if (!matrix || room_for(matrix) == 0)
        return 0;
    pack_matrix(packing->compute, matrix, packing->weights->tiles + packing->at);
    matrix->tiles = packing->weights->tiles + packing->at;
    packing->at += room_for(matrix);
    if (matrix->data != packing->weights->decoder.token_embedding.data)
        mapped_file_forget(matrix->data, tensor_n_bytes(matrix));
    return 0;
}

size_t weights_packed_bytes(struct weights *weights, const struct hparams *hparams)
{
    struct packing packing = {weights, NULL, 0};

    tensor_specs_visit(hparams, add_room, &packing);
    return (packing.at + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

int weights_pack(struct weights *weights, const struct hparams *hparams, const struct compute *compute,
                 struct error *error)
{
    struct packing packing = {weights, compute, 0};
    size_t n_bytes = weights_packed_bytes(weights, hparams);

    if (n_bytes == 0)
        return 0;
    weights->tiles = huge_alloc(n_bytes);
    if (!weights->tiles)
        return error_set(error, -ENOMEM, "no memory for %zu MiB of packed weights", n_bytes >> 20);
    return tensor_specs_visit(hparams, pack, &packing);
}

void weights_deinit(struct weights *weights)
{
    arena_deinit(&weights->arena);
    free(weights->tiles);
}
