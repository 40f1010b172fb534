/* The converter on checkpoints made up in memory: this file stands in for core/file/checkpoint.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <sys/stat.h>

#include "core/cli/cli.h"
#include "core/cli/sizes.h"
#include "core/file/checkpoint.h"
#include "core/file/gguf_reader.h"
#include "core/model/hparams.h"
#include "core/model/tensor_specs.h"
#include "core/model/synthesize.h"
#include "tests/unit/cli/run.h"

#define TENSORS_MAX 400
#define TOKENIZER GOLDEN_DIR "/text/tokenizer.model"
#define N_VOCAB 600

struct checkpoint {
    struct checkpoint_tensor tensors[TENSORS_MAX];
    char names[TENSORS_MAX][128];
    size_t n;
    const char *prefix;
    const char *odd_name; /* one tensor with one odd element */
    float odd_element;
};
static struct checkpoint checkpoint;
static char folder[] = "/tmp/test_convert-XXXXXX", output[64], params[64], arch[64];

int checkpoint_open(const char *path, struct checkpoint **ret, struct error *error)
{
    (void)path;
    (void)error;
    *ret = &checkpoint;
    return 0;
}

struct checkpoint *checkpoint_close(struct checkpoint *closed)
{
    (void)closed;
    return NULL;
}

size_t checkpoint_n_tensors(const struct checkpoint *of)
{
    return of->n;
}

const struct checkpoint_tensor *checkpoint_tensor(const struct checkpoint *of, size_t i)
{
    return &of->tensors[i];
}

const struct checkpoint_tensor *checkpoint_find(const struct checkpoint *of, const char *name)
{
    for (size_t i = 0; i < of->n; i++)
        if (strcmp(of->tensors[i].name, name) == 0)
            return &of->tensors[i];
    return NULL;
}

const char *checkpoint_type_name(enum checkpoint_type type)
{
    return type == CHECKPOINT_I64 ? "i64" : "?";
}

/* Numbers that f16 and bf16 hold exactly and that differ from tensor to tensor. */
static float element(const char *name, uint64_t i)
{
    uint64_t hash = i;

    for (; *name; name++)
        hash = hash * 31 + (unsigned char)*name;
    return (float)((int)(hash % 255) - 127) / 64;
}

int checkpoint_read_f32(struct checkpoint *of, const struct checkpoint_tensor *tensor, uint64_t first, size_t n,
                        float *ret, struct error *error)
{
    (void)error;
    for (size_t i = 0; i < n; i++)
        ret[i] = element(tensor->name + strlen(of->prefix), first + i);
    if (of->odd_name && strcmp(of->odd_name, tensor->name) == 0)
        ret[n - 1] = of->odd_element;
    return 0;
}

/* ---- making checkpoints ---- */

static struct checkpoint_tensor *add(const char *name, int n_dims, const uint64_t *shape)
{
    struct checkpoint_tensor *tensor = &checkpoint.tensors[checkpoint.n];

    assert_true(checkpoint.n < TENSORS_MAX);
    snprintf(checkpoint.names[checkpoint.n], sizeof(checkpoint.names[0]), "%s%s", checkpoint.prefix, name);
    *tensor = (struct checkpoint_tensor){
        .name = checkpoint.names[checkpoint.n++], .type = CHECKPOINT_F16, .n_dims = n_dims, .n_elements = 1};
    for (int i = 0; i < n_dims; i++) {
        tensor->shape[i] = shape[i];
        tensor->n_elements *= shape[i];
    }
    return tensor;
}

/* The shape of the model's table as torch has it: with all dimensions of convolutions, with an empty one in front. */
static int add_spec(void *context, const struct tensor_spec *spec)
{
    const struct hparams *h = context;
    const char *name = spec->official + strlen("llma.");
    uint64_t outer = spec->shape[spec->n_dims - 1], inner = spec->shape[0];

    if (strcmp(name, "clip.visual.conv1.weight") == 0)
        add(name, 4, (uint64_t[]){outer, 3, h->patch, h->patch});
    else if (strcmp(name, "conv1.audio.weight") == 0)
        add(name, 4, (uint64_t[]){outer, 1, h->audio_kernel, h->audio_kernel});
    else if (strcmp(name, "conv1.point.conv1.weight") == 0)
        add(name, 4, (uint64_t[]){outer, h->point_channels, 1, 1});
    else if (strcmp(name, "conv1.imu.weight") == 0)
        add(name, 3, (uint64_t[]){outer, h->imu_channels, h->imu_kernel});
    else if (strncmp(name, "resample_tokens.", 16) == 0)
        add(name, 3, (uint64_t[]){1, outer, inner});
    else if (spec->n_dims == 1 && strstr(name, "_tag."))
        add(name, 3, (uint64_t[]){1, 1, inner});
    else
        add(name, spec->n_dims, spec->n_dims == 1 ? (uint64_t[]){inner} : (uint64_t[]){outer, inner});
    return 0;
}

/* No size is a released one but those that nobody can say in a checkpoint. */
static struct hparams odd_sizes(void)
{
    struct hparams h = *synthesize_shape("tiny");

    h.n_vocab = N_VOCAB;
    h.decoder = (struct block_sizes){48, 3, 6, 3, 100, 1e-5f};
    h.encoder = (struct block_sizes){40, 3, 5, 5, 90, 1e-5f};
    h.expert = (struct block_sizes){40, 1, 2, 2, 72, 1e-5f};
    h.patch = 16;
    h.image_size = 96;
    h.n_experts = 2;
    h.n_modality_tokens = 7;
    h.router_width = 33;
    h.audio_kernel = 12;
    h.imu_kernel = 7;
    h.input.imu_samples = 60;
    h.input.fmri_voxels = 50;
    h.n_tokens[MODALITY_FMRI] = 3;
    h.n_tokens[MODALITY_POINT] = 20;
    hparams_derive(&h);
    return h;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    fputs(text, file);
    fclose(file);
}

static void make_checkpoint(struct hparams *h, const char *prefix)
{
    checkpoint = (struct checkpoint){.prefix = prefix};
    assert_int_equal(tensor_specs_visit(h, add_spec, h), 0);
    write_text(params, "{\"dim\": 48, \"n_layers\": 3, \"n_heads\": 6, \"norm_eps\": 1e-05, \"vocab_size\": -1, "
                       "\"multiple_of\": 4}");
    write_text(arch, "{\"clip_heads\": 5, \"resampler_heads\": 2}");
    unlink(output);
}

static struct run convert(const char *type)
{
    return RUN(command_convert, "", "--checkpoint", "x.pth", "--params", params, "--tokenizer", TOKENIZER, "--arch",
               arch, "--output", output, "--type", type);
}

static bool output_exists(void)
{
    struct stat status;

    return stat(output, &status) == 0;
}

static void refuses(const char *message)
{
    _cleanup_(run_deinit) struct run run = convert("f16");

    assert_run(run, EXIT_FAILED, message);
    assert_false(output_exists());
}

/* ---- tests ---- */

static int check_tensor(void *context, const struct tensor_spec *spec)
{
    const struct gguf_tensor *tensor = gguf_reader_find_tensor(context, spec->name);
    const char *name = spec->official + strlen("llma.");
    enum tensor_type type;
    size_t n;
    float *values;

    assert_non_null(tensor);
    type = tensor->tensor.type;
    n = tensor_n_elements(&tensor->tensor);
    assert_int_equal(type, spec->vector ? TENSOR_F32 : TENSOR_BF16);
    assert_memory_equal(tensor->tensor.shape, spec->shape, sizeof(spec->shape));
    values = malloc(n * sizeof(*values));
    tensor_to_f32(type, tensor->tensor.data, n, values);
    for (size_t i = 0; i < n; i++)
        if (values[i] != element(name, i))
            fail_msg("%s[%zu] is %g", spec->name, i, (double)values[i]);
    free(values);
    return 0;
}

static void check_conversion(const char *prefix, struct hparams *expected)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    struct hparams h = {0};

    make_checkpoint(expected, prefix);
    {
        _cleanup_(run_deinit) struct run run = convert("bf16");

        assert_run(run, EXIT_DONE, "wrote ");
        assert_null(strstr(run.err, "warning"));
        assert_string_equal(run.out, "");
    }
    assert_int_equal(gguf_reader_open(output, &reader, NULL), 0);
    assert_int_equal(hparams_from_gguf(reader, &h, NULL), 0);
    assert_string_equal(h.name, "model");
    memcpy(h.name, expected->name, sizeof(h.name));
    assert_memory_equal(&h.decoder, &expected->decoder, sizeof(h.decoder));
    assert_memory_equal(&h.encoder, &expected->encoder, sizeof(h.encoder));
    assert_memory_equal(&h.expert, &expected->expert, sizeof(h.expert));
    assert_memory_equal(&h.input, &expected->input, sizeof(h.input));
    assert_memory_equal(h.has, expected->has, sizeof(h.has));
    assert_memory_equal(h.n_tokens, expected->n_tokens, sizeof(h.n_tokens));
    assert_int_equal(h.n_experts, expected->n_experts);
    assert_int_equal(h.router_width, expected->router_width);
    assert_int_equal(h.audio_kernel, expected->audio_kernel);
    assert_int_equal(h.n_vocab, N_VOCAB);
    assert_int_equal(tensor_specs_visit(&h, check_tensor, reader), 0);
    assert_int_equal(gguf_reader_n_tensors(reader), checkpoint.n);
}

static void test_every_size_and_number_arrives(void **state)
{
    struct hparams h = odd_sizes();

    (void)state;
    check_conversion("llma.", &h);
    check_conversion("", &h);
    check_conversion("module.llma.", &h);
}

static void test_modalities_may_be_missing(void **state)
{
    struct hparams h = odd_sizes();

    (void)state;
    memset(h.has, 0, sizeof(h.has));
    h.has[MODALITY_IMAGE] = h.has[MODALITY_IMU] = true;
    h.audio_kernel = 16;
    h.n_tokens[MODALITY_POINT] = 1024;
    h.n_tokens[MODALITY_FMRI] = 8;
    h.input.fmri_voxels = 15724;
    hparams_derive(&h);
    check_conversion("llma.", &h);
}

static void test_a_plain_llama_is_text_only(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    struct hparams h = odd_sizes();

    (void)state;
    h.multimodal = false;
    make_checkpoint(&h, "");
    write_text(arch, "{}");
    {
        _cleanup_(run_deinit) struct run run = convert("f32");

        assert_run(run, EXIT_DONE, "wrote ");
    }
    assert_int_equal(gguf_reader_open(output, &reader, NULL), 0);
    assert_int_equal(hparams_from_gguf(reader, &h, NULL), 0);
    assert_false(h.multimodal);
    assert_int_equal(h.decoder.n_kv_heads, 3);
}

static void test_heads_are_as_released_when_nobody_says(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    struct hparams h = odd_sizes();

    (void)state;
    make_checkpoint(&h, "llma.");
    write_text(arch, "{}");
    refuses("an encoder of width 40 is not made of heads of 64; --arch has to give clip_heads and resampler_heads");
    h.encoder.width = 128;
    h.encoder.n_heads = h.expert.n_heads = 2;
    hparams_derive(&h);
    make_checkpoint(&h, "llma.");
    write_text(arch, "{}");
    {
        _cleanup_(run_deinit) struct run run = convert("f16");

        assert_run(run, EXIT_DONE, "wrote ");
    }
    assert_int_equal(gguf_reader_open(output, &reader, NULL), 0);
    assert_int_equal(hparams_from_gguf(reader, &h, NULL), 0);
    assert_int_equal(h.encoder.n_heads, 2);
    assert_int_equal(h.expert.n_heads, 2);
}

static void test_what_is_left_out_is_said(void **state)
{
    struct hparams h = odd_sizes();

    (void)state;
    make_checkpoint(&h, "llma.");
    add("clip.text_projection", 2, (uint64_t[]){8, 4});
    add("clip.visual.proj", 2, (uint64_t[]){8, 4});
    add("clip.logit_scale", 0, NULL);
    add("lora.a", 1, (uint64_t[]){5});
    {
        _cleanup_(run_deinit) struct run run = convert("f16");

        assert_run(run, EXIT_DONE, "left out 3 tensors that the model does not use");
        assert_non_null(strstr(run.err, "warning: unknown tensor left out: llma.lora.a\n"));
    }
}

/* Makes a tensor nameless, which takes it out of the checkpoint. */
static void lose(const char *name)
{
    for (size_t i = 0; i < checkpoint.n; i++)
        if (strcmp(checkpoint.names[i], name) == 0)
            snprintf(checkpoint.names[i], sizeof(checkpoint.names[i]), "lost.%zu", i);
}

static struct checkpoint_tensor *tensor_named(const char *name)
{
    return (struct checkpoint_tensor *)(uintptr_t)checkpoint_find(&checkpoint, name);
}

static void test_missing_tensors_are_listed(void **state)
{
    struct hparams h = odd_sizes();

    (void)state;
    make_checkpoint(&h, "llma.");
    lose("llma.layers.1.ffn_norm.weight");
    lose("llma.end_tag.rgbn");
    {
        _cleanup_(run_deinit) struct run run = convert("f16");

        assert_run(run, EXIT_FAILED, "2 of ");
        assert_non_null(strstr(run.err, "missing: llma.layers.1.ffn_norm.weight\n"));
        assert_non_null(strstr(run.err, "missing: llma.end_tag.rgbn\n"));
        assert_non_null(strstr(run.err, "tensors are missing in the checkpoint"));
    }
    assert_false(output_exists());
    make_checkpoint(&h, "llma.");
    lose("llma.tok_embeddings.weight");
    refuses("no tensor tok_embeddings.weight, so it is not one of a LLaMA");
    make_checkpoint(&h, "llma.");
    lose("llma.clip.visual.positional_embedding");
    refuses("the checkpoint has no tensor llma.clip.visual.positional_embedding");
}

static void test_shapes_are_checked(void **state)
{
    struct hparams h = odd_sizes();
    struct checkpoint_tensor *tensor;

    (void)state;
    make_checkpoint(&h, "llma.");
    tensor = tensor_named("llma.layers.2.attention.wk.weight");
    tensor->shape[0] = 48;
    tensor->shape[1] = 24;
    refuses("llma.layers.2.attention.wk.weight is 48 x 24, expected 24 x 48");
    make_checkpoint(&h, "llma.");
    tensor_named("llma.conv1.audio.weight")->n_dims = 3;
    refuses("llma.conv1.audio.weight has 3 dimensions, expected 4");
    make_checkpoint(&h, "llma.");
    tensor_named("llma.clip.visual.conv1.weight")->shape[3] = 15;
    refuses("llma.clip.visual.conv1.weight is 40 x 3 x 16 x 15, expected 40 x 768");
    make_checkpoint(&h, "llma.");
    tensor_named("llma.norm.weight")->type = CHECKPOINT_I64;
    refuses("llma.norm.weight holds i64, expected floating-point numbers");
}

static void test_contradictions_are_named(void **state)
{
    struct hparams h = odd_sizes();

    (void)state;
    make_checkpoint(&h, "llma.");
    write_text(arch, "{\"clip_heads\": 5, \"resampler_heads\": 2, \"num_experts\": 3}");
    refuses("arch.json says num_experts 3, but it is 2");
    write_text(arch, "{\"clip_heads\": 5, \"resampler_heads\": 2, \"n_heads\": 3}");
    refuses("params.json says n_heads 6, but it is 3");
    write_text(arch, "{\"clip_heads\": 7, \"resampler_heads\": 2}");
    refuses("7 heads and 7 key/value heads do not divide width 40");
    make_checkpoint(&h, "llma.");
    write_text(params, "{\"dim\": 48, \"n_layers\": 3}");
    refuses("params.json does not say n_heads");
    write_text(params, "[]");
    refuses("expected a JSON object");
    h.n_vocab = 601;
    make_checkpoint(&h, "llma.");
    refuses("has 600 pieces, but the checkpoint has embeddings for 601");
}

static void test_numbers_have_to_be_finite_and_fit(void **state)
{
    struct hparams h = odd_sizes();

    (void)state;
    make_checkpoint(&h, "llma.");
    checkpoint.odd_name = "llma.output.weight";
    checkpoint.odd_element = NAN;
    refuses("llma.output.weight holds an infinity or NaN");
    checkpoint.odd_element = -INFINITY;
    refuses("llma.output.weight holds an infinity or NaN");
    checkpoint.odd_element = -70000;
    refuses("llma.output.weight holds a number too large for f16; use --type bf16 or f32");
    {
        _cleanup_(run_deinit) struct run run = convert("bf16");

        assert_run(run, EXIT_DONE, "wrote ");
    }
    make_checkpoint(&h, "llma.");
    checkpoint.odd_name = "llma.norm.weight"; /* vectors stay f32 */
    checkpoint.odd_element = 70000;
    {
        _cleanup_(run_deinit) struct run run = convert("f16");

        assert_run(run, EXIT_DONE, "wrote ");
    }
}

static void test_types_are_known(void **state)
{
    (void)state;
    _cleanup_(run_deinit) struct run run = convert("q4_0");

    assert_run(run, EXIT_USAGE, "--type: must be f32, f16 or bf16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size_and_number_arrives),
        cmocka_unit_test(test_modalities_may_be_missing),
        cmocka_unit_test(test_a_plain_llama_is_text_only),
        cmocka_unit_test(test_heads_are_as_released_when_nobody_says),
        cmocka_unit_test(test_what_is_left_out_is_said),
        cmocka_unit_test(test_missing_tensors_are_listed),
        cmocka_unit_test(test_shapes_are_checked),
        cmocka_unit_test(test_contradictions_are_named),
        cmocka_unit_test(test_numbers_have_to_be_finite_and_fit),
        cmocka_unit_test(test_types_are_known),
    };
    int n_failed;

    if (!mkdtemp(folder))
        return 1;
    snprintf(output, sizeof(output), "%s/model.gguf", folder);
    snprintf(params, sizeof(params), "%s/params.json", folder);
    snprintf(arch, sizeof(arch), "%s/arch.json", folder);
    n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(output);
    unlink(params);
    unlink(arch);
    rmdir(folder);
    return n_failed;
}
