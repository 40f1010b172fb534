/* hparams, weights, model: files with sizes that fit, and files with one thing wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/file/gguf_reader.h"
#include "core/file/gguf_writer.h"
#include "core/kernels/kernels.h"
#include "core/model/hparams.h"
#include "core/model/tensor_specs.h"
#include "core/model/model.h"
#include "core/model/synthesize.h"
#include "core/model/weights.h"
#include "core/tensor/matmul.h"
#include "core/text/vocabulary.h"

/* Small and odd: 3 experts of 1 block, two heads sharing one key/value head, three modalities. */
static struct hparams small(void)
{
    struct hparams h = *synthesize_shape("tiny");

    h.decoder = (struct block_sizes){12, 2, 2, 1, 20, 1e-6f};
    h.encoder = (struct block_sizes){8, 1, 2, 2, 12, 1e-5f};
    h.expert = (struct block_sizes){8, 1, 4, 4, 10, 1e-5f};
    h.n_vocab = 400;
    h.n_experts = 3;
    h.router_width = 6;
    memset(h.has, 0, sizeof(h.has));
    h.has[MODALITY_IMAGE] = h.has[MODALITY_IMU] = h.has[MODALITY_DEPTH] = true;
    return h;
}

/* An open descriptor of the synthesized file. */
static int write_model(const struct hparams *hparams, enum tensor_type type)
{
    struct gguf_writer *writer;
    struct error error = ERROR_NONE;
    int fd = memfd_create("test", 0);

    assert_int_equal(gguf_writer_open_fd(fd, &writer, &error), 0);
    if (synthesize_model(hparams, type, 1, writer, NULL, NULL, &error) < 0)
        fail_msg("%s", error.message);
    gguf_writer_free(writer);
    return fd;
}

static void sizes_survive_the_file(void **state)
{
    static const enum tensor_type types[] = {TENSOR_F32, TENSOR_F16, TENSOR_BF16};

    (void)state;
    for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
        struct hparams wrote = small(), read;
        struct gguf_reader *reader;
        struct weights weights;
        struct error error = ERROR_NONE;

        wrote.router = (enum router_kind)t;
        assert_int_equal(gguf_reader_open_fd(write_model(&wrote, types[t]), "test", &reader, &error), 0);
        if (hparams_from_gguf(reader, &read, &error) < 0)
            fail_msg("%s", error.message);
        assert_memory_equal(&read.decoder, &wrote.decoder, sizeof(read.decoder));
        assert_memory_equal(&read.encoder, &wrote.encoder, sizeof(read.encoder));
        assert_memory_equal(&read.expert, &wrote.expert, sizeof(read.expert));
        assert_memory_equal(read.has, wrote.has, sizeof(read.has));
        assert_int_equal(read.router, wrote.router);
        assert_int_equal(read.n_vocab, wrote.n_vocab);
        assert_int_equal(read.n_tokens[MODALITY_IMAGE], 256);
        assert_int_equal(read.n_tokens[MODALITY_AUDIO], 1212);
        assert_int_equal(read.n_tokens[MODALITY_IMU], 391);
        assert_int_equal(weights_bind(reader, &read, &weights, &error), 0);
        assert_int_equal(weights.decoder.blocks[1].query.weight.type, types[t]);
        assert_int_equal(weights.decoder.blocks[1].ffn_norm.gain.type, TENSOR_F32);
        assert_int_equal(weights.experts[2][0].down.weight.shape[1], 8);
        assert_non_null(weights.modalities[MODALITY_IMU].tokenizer.weight.data);
        assert_null(weights.modalities[MODALITY_IMAGE].tokenizer.weight.data);
        assert_null(weights.modalities[MODALITY_AUDIO].tokens.data);
        weights_deinit(&weights);
        gguf_reader_close(reader);
    }
}

/* Quantized matrices are packed, each into its own room; the table of tokens and matrices of other types are not. */
static void quantized_matrices_are_packed(void **state)
{
    struct hparams wrote = small(), read;
    struct gguf_reader *reader;
    struct weights weights;
    struct compute *compute = compute_new(NULL, &kernels_ref);
    struct error error = ERROR_NONE;
    const struct llama_block *block;

    (void)state;
    wrote.decoder = (struct block_sizes){256, 2, 2, 1, 96, 1e-6f};
    assert_int_equal(gguf_reader_open_fd(write_model(&wrote, TENSOR_Q4_K), "test", &reader, &error), 0);
    assert_int_equal(hparams_from_gguf(reader, &read, &error), 0);
    assert_int_equal(weights_bind(reader, &read, &weights, &error), 0);
    assert_int_equal(weights_pack(&weights, &read, compute, &error), 0);
    block = &weights.decoder.blocks[1];
    assert_int_equal(block->query.weight.type, TENSOR_Q4_K);
    assert_int_equal(block->down.weight.type, TENSOR_Q8_0); /* rows of 96 */
    assert_non_null(block->query.weight.tiles);
    assert_non_null(block->down.weight.tiles);
    assert_non_null(weights.decoder.output.weight.tiles);
    assert_int_equal((uintptr_t)block->query.weight.tiles % 64, 0);
    assert_true((const char *)block->key.weight.tiles - (const char *)block->query.weight.tiles >=
                (ptrdiff_t)tensor_n_bytes(&block->query.weight));
    assert_null(weights.decoder.token_embedding.tiles);
    assert_null(weights.encoder.blocks[0].up.weight.tiles); /* rows of 8: f16 */
    assert_null(block->ffn_norm.gain.tiles);
    weights_deinit(&weights);
    gguf_reader_close(reader);
    compute_free(compute);
}

struct change {
    size_t offset; /* of a size in struct hparams */
    size_t value;
    const char *message;
};
#define CHANGE(field, value, message)                                                                                  \
    {                                                                                                                  \
        offsetof(struct hparams, field), value, message                                                                \
    }

static void sizes_that_do_not_fit_are_named(void **state)
{
    static const struct change changes[] = {
        CHANGE(decoder.n_heads, 5, "decoder"),
        CHANGE(decoder.n_heads, 12, "odd length"),
        CHANGE(decoder.n_kv_heads, 3, "decoder"),
        CHANGE(decoder.n_blocks, 0, "decoder"),
        CHANGE(decoder.width, 1 << 20, "decoder"),
        CHANGE(encoder.n_heads, 0, "encoder"),
        CHANGE(encoder.width, 9, "encoder"),
        CHANGE(expert.ffn_width, 0, "projection"),
        CHANGE(context, 0, "context_length"),
        CHANGE(n_vocab, 0, "vocabulary"),
        CHANGE(patch, 0, "patch_size"),
        CHANGE(image_size, 5, "image_size"),
        CHANGE(n_experts, 65, "expert_count"),
        CHANGE(n_modality_tokens, 0, "token_count"),
        CHANGE(router_width, 0, "router_length"),
        CHANGE(input.video_crops, 2, "crop_count"),
        CHANGE(input.video_clips, 99, "clip_count"),
        CHANGE(audio_stride, 0, "audio.stride"),
        CHANGE(input.audio_mel_bins, 3, "mel_bin_count"),
        CHANGE(point_group, 100000, "group_size"),
        CHANGE(input.point_max, 10, "count_max"),
        CHANGE(point_coordinates, 4, "coordinate_offset"),
        CHANGE(imu_kernel, 0, "imu.kernel_size"),
        CHANGE(input.fmri_voxels, 0, "voxel_count"),
        CHANGE(n_tokens[MODALITY_IMAGE], 1 << 20, "tokens of modality image"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        struct hparams h = small();
        struct error error = ERROR_NONE;

        assert_int_equal(hparams_check(&h, &error), 0);
        memcpy((char *)&h + changes[i].offset, &changes[i].value, sizeof(size_t));
        assert_int_equal(hparams_check(&h, &error), -EBADMSG);
        if (!strstr(error.message, changes[i].message))
            fail_msg("expected \"%s\" in \"%s\"", changes[i].message, error.message);
    }
}

/* Copies a model file, leaving out or changing one tensor or key. */
struct copy {
    const struct gguf_reader *source;
    struct gguf_writer *writer;
    const char *skipped, *reshaped;
};

static int add_spec(void *context, const struct tensor_spec *spec)
{
    struct copy *copy = context;
    struct tensor tensor = {TENSOR_F32, spec->n_dims, {0}, NULL};

    memcpy(tensor.shape, spec->shape, sizeof(tensor.shape));
    if (copy->reshaped && strcmp(spec->name, copy->reshaped) == 0)
        tensor.shape[0]++;
    if (!copy->skipped || strcmp(spec->name, copy->skipped) != 0)
        gguf_writer_add(copy->writer, spec->name, &tensor);
    return 0;
}

static int write_zeros(struct gguf_writer *writer, uint64_t n_bytes)
{
    static const char zeros[4096];
    int r = 0;

    while (r == 0 && n_bytes) {
        size_t n = MIN(n_bytes, sizeof(zeros));

        r = gguf_writer_data(writer, zeros, n, NULL);
        n_bytes -= n;
    }
    return r;
}

static size_t spec_bytes(const struct tensor_spec *spec, const struct copy *copy)
{
    struct tensor tensor = {TENSOR_F32, spec->n_dims, {0}, NULL};

    memcpy(tensor.shape, spec->shape, sizeof(tensor.shape));
    if (copy->reshaped && strcmp(spec->name, copy->reshaped) == 0)
        tensor.shape[0]++;
    return copy->skipped && strcmp(spec->name, copy->skipped) == 0 ? 0 : tensor_n_bytes(&tensor);
}

static int write_spec(void *context, const struct tensor_spec *spec)
{
    struct copy *copy = context;

    return write_zeros(copy->writer, spec_bytes(spec, copy));
}

static int open_changed(const struct hparams *h, const char *skipped, const char *reshaped, struct error *error)
{
    struct copy copy = {.skipped = skipped, .reshaped = reshaped};
    int fd = memfd_create("changed", 0), r;
    uint64_t n_bytes;
    char path[64];
    struct model *model = NULL;
    struct vocabulary *vocabulary;
    struct gguf_reader *reader;

    assert_int_equal(gguf_reader_open_fd(write_model(h, TENSOR_F32), "test", &reader, NULL), 0);
    assert_int_equal(vocabulary_from_gguf(reader, &vocabulary, NULL), 0);
    assert_int_equal(gguf_writer_open_fd(fd, &copy.writer, NULL), 0);
    hparams_to_gguf(h, copy.writer);
    vocabulary_to_gguf(vocabulary, copy.writer);
    tensor_specs_visit(h, add_spec, &copy);
    assert_int_equal(gguf_writer_begin(copy.writer, &n_bytes, NULL), 0);
    assert_int_equal(tensor_specs_visit(h, write_spec, &copy), 0);
    assert_int_equal(gguf_writer_finish(copy.writer, NULL), 0);
    gguf_writer_free(copy.writer);
    vocabulary_free(vocabulary);
    gguf_reader_close(reader);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    r = model_open(path, &model, error);
    model_close(model);
    close(fd);
    return r;
}

static void missing_and_misshapen_tensors_are_named(void **state)
{
    static const char *const names[] = {"blk.1.attn_k.weight", "enc.blk.0.attn_qkv.bias", "upm.2.blk.0.ffn_down.weight",
                                        "mod.imu.conv.weight", "mod.depth.router.1.bias", "output.weight"};
    struct hparams h = small();
    struct error error = ERROR_NONE;

    (void)state;
    assert_int_equal(open_changed(&h, NULL, NULL, &error), 0);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        error = ERROR_NONE;
        assert_int_equal(open_changed(&h, names[i], NULL, &error), -EBADMSG);
        assert_non_null(strstr(error.message, names[i]));
        error = ERROR_NONE;
        assert_int_equal(open_changed(&h, NULL, names[i], &error), -EBADMSG);
        assert_non_null(strstr(error.message, names[i]));
        assert_non_null(strstr(error.message, "shape"));
    }
}

/* A plain llama file holds text only, and may share its token table with the output. */
static void llama_files_open(void **state)
{
    struct hparams h = small();
    struct error error = ERROR_NONE;

    (void)state;
    h.multimodal = false;
    assert_int_equal(open_changed(&h, NULL, NULL, &error), 0);
    assert_int_equal(open_changed(&h, "output.weight", NULL, &error), 0);
    assert_int_equal(open_changed(&h, "output_norm.weight", NULL, &error), -EBADMSG);
}

static int count_spec(void *context, const struct tensor_spec *spec)
{
    size_t *counts = context;

    counts[0]++;
    counts[1] += spec->shape[0] * spec->shape[1];
    assert_true(strlen(spec->name) > 0 && strlen(spec->official) > 0);
    assert_null(strchr(spec->name, '%'));
    assert_null(strchr(spec->official, '%'));
    return 0;
}

static int stop_at_third(void *context, const struct tensor_spec *spec)
{
    (void)spec;
    return ++*(int *)context == 3 ? -42 : 0;
}

/* The released model has 7.6 billion weights: 6.74 in the LLaMA, the rest in encoder, experts and projections. */
static void released_model_has_its_size(void **state)
{
    size_t counts[2] = {0};
    int visited = 0;

    (void)state;
    tensor_specs_visit(synthesize_shape("onellm-7b"), count_spec, counts);
    assert_in_range(counts[1], 7400000000, 7800000000);
    assert_int_equal(tensor_specs_visit(synthesize_shape("onellm-7b"), stop_at_third, &visited), -42);
    assert_int_equal(visited, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_survive_the_file),
        cmocka_unit_test(quantized_matrices_are_packed),
        cmocka_unit_test(sizes_that_do_not_fit_are_named),
        cmocka_unit_test(missing_and_misshapen_tensors_are_named),
        cmocka_unit_test(llama_files_open),
        cmocka_unit_test(released_model_has_its_size),
    };

    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
