/* The commands that need no checkpoint, from words to files and streams. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/base/value.h"
#include "core/cli/cli.h"
#include "core/cli/npy_writer.h"
#include "core/cli/progress.h"
#include "core/file/gguf_reader.h"
#include "core/model/hparams.h"
#include "tests/unit/cli/run.h"

#define TOKENIZER GOLDEN_DIR "/text/tokenizer.model"
#define FMRI SAMPLES_DIR "/fmri.npy"
#define IMAGE SAMPLES_DIR "/image.jpg"
#define DEPTH SAMPLES_DIR "/depth.png"
#define IMU SAMPLES_DIR "/imu.csv"

static char folder[] = "/tmp/test_commands-XXXXXX", model[64], other[64], array[64];

static bool exists(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0;
}

static char *read_file(const char *path, size_t *ret_n)
{
    _cleanup_(fclosep) FILE *file = fopen(path, "rbe");

    assert_non_null(file);
    return run_slurp(file, ret_n);
}

static struct value *parse(const struct run *run)
{
    struct value *value;

    assert_int_equal(value_parse_json(run->out, run->n_out, &value, NULL), 0);
    return value;
}

/* ---- synthesize, inspect ---- */

static bool same_bytes(const char *a, const char *b)
{
    size_t n_a, n_b;
    _cleanup_(freep) char *bytes_a = read_file(a, &n_a);
    _cleanup_(freep) char *bytes_b = read_file(b, &n_b);

    return n_a == n_b && memcmp(bytes_a, bytes_b, n_a) == 0;
}

static void synthesize(const char *output, const char *seed, const char *set)
{
    _cleanup_(run_deinit) struct run run = RUN(command_synthesize, "", "--shape", "tiny", "--set", "fmri_voxels=64",
                                               "--set", set, "--seed", seed, "--output", output);

    assert_run(run, EXIT_DONE, "wrote ");
}

static void test_same_seed_same_bytes(void **state)
{
    (void)state;
    synthesize(model, "7", "n_experts=3");
    synthesize(other, "7", "n_experts=3");
    assert_true(same_bytes(model, other));
    synthesize(other, "8", "n_experts=3");
    assert_false(same_bytes(model, other));
}

static void test_sizes_can_be_set(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    _cleanup_(run_deinit) struct run run =
        RUN(command_synthesize, "", "--shape", "tiny", "--set", "fmri_voxels=64", "--set", "num_experts=4", "--set",
            "router=sparse", "--set", "n_kv_heads=2", "--set", "clip_patch=28", "--type", "bf16", "--output", other);
    struct hparams hparams;

    (void)state;
    assert_run(run, EXIT_DONE, "wrote ");
    assert_int_equal(gguf_reader_open(other, &reader, NULL), 0);
    assert_int_equal(hparams_from_gguf(reader, &hparams, NULL), 0);
    assert_int_equal(hparams.n_experts, 4);
    assert_int_equal(hparams.router, ROUTER_SPARSE);
    assert_int_equal(hparams.decoder.n_kv_heads, 2);
    assert_int_equal(hparams.n_tokens[MODALITY_IMAGE], 64);
    assert_int_equal(gguf_reader_find_tensor(reader, "blk.0.attn_q.weight")->tensor.type, TENSOR_BF16);
    assert_int_equal(gguf_reader_find_tensor(reader, "output_norm.weight")->tensor.type, TENSOR_F32);
}

static void test_random_weights_have_their_deviation(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    const struct tensor *tensor;
    static float values[4 * 16 * 64 * 64];
    double sum = 0, squares = 0;
    size_t n;

    (void)state;
    synthesize(other, "1", "fmri_tokens=4");
    assert_int_equal(gguf_reader_open(other, &reader, NULL), 0);
    tensor = &gguf_reader_find_tensor(reader, "blk.0.attn_v.weight")->tensor; /* deviation 1 / sqrt(64) */
    n = tensor_n_elements(tensor);
    tensor_to_f32(tensor->type, tensor->data, n, values);
    for (size_t i = 0; i < n; i++) {
        sum += (double)values[i];
        squares += (double)values[i] * (double)values[i];
    }
    assert_float_equal(sum / (double)n, 0, 0.01);
    assert_float_equal(squares / (double)n * 64, 1, 0.05);
    tensor = &gguf_reader_find_tensor(reader, "output_norm.weight")->tensor;
    sum = 0;
    for (size_t i = 0; i < 64; i++)
        sum += (double)((const float *)tensor->data)[i];
    assert_float_equal(sum / 64, 1, 0.1);
}

static void test_synthesize_refuses(void **state)
{
    static const struct {
        const char *option, *value, *message;
        int status;
    } cases[] = {
        {"--shape", "huge", "huge: cannot be opened", EXIT_FAILED},
        {"--set", "experts=4", "there is no size \"experts\" that can be set", EXIT_USAGE},
        {"--set", "n_experts", "expected KEY=VALUE", EXIT_USAGE},
        {"--set", "n_experts=many", "--set: num_experts is not a whole number", EXIT_FAILED},
        {"--set", "n_experts=0", "projection.expert_count is 0", EXIT_FAILED},
        {"--set", "n_heads=3", "3 heads and 3 key/value heads do not divide width 64", EXIT_FAILED},
        {"--set", "n_vocab=200", "no room for the 259 control and byte pieces", EXIT_FAILED},
        {"--type", "q8", "--type: must be f32, f16, bf16, q8_0, q6_k, q4_k or q4_0", EXIT_USAGE},
        {"--seed", "-1", "--seed: must be an integer", EXIT_USAGE},
        {"--output", "/nonexistent/m.gguf", "/nonexistent/m.gguf: ", EXIT_FAILED},
    };

    (void)state;
    unlink(other);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(run_deinit) struct run run =
            RUN(command_synthesize, "", "--shape", "tiny", "--output", other, cases[i].option, cases[i].value);

        assert_run(run, cases[i].status, cases[i].message);
        assert_false(exists(other));
    }
}

/* ---- quantize ---- */

#define WIDE                                                                                                           \
    "--shape", "tiny", "--set", "dim=256", "--set", "ffn_hidden=256", "--set", "n_layers=9", "--set",                  \
        "fmri_voxels=64", "--output", other

static const char *type_in(const struct gguf_reader *reader, const char *name)
{
    return tensor_type_info(gguf_reader_find_tensor(reader, name)->tensor.type)->name;
}

/* Bytes behind the beginning of the first tensor. */
static off_t data_bytes(const struct gguf_reader *reader)
{
    off_t sum = 0;

    for (size_t i = 0; i < gguf_reader_n_tensors(reader); i++)
        sum += (off_t)(tensor_n_bytes(&gguf_reader_tensor(reader, i)->tensor) + 31) / 32 * 32;
    return sum;
}

/* Of nine layers the sensitive ones are 0 (first eighth: 1), 3, 6 and 7, 8 (last eighth). */
static void test_quantize_mixes_types(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL, *before = NULL;
    _cleanup_(run_deinit) struct run made = RUN(command_synthesize, "", WIDE);
    _cleanup_(run_deinit) struct run run = RUN(command_quantize, "", other, array, "--type", "q4_k");
    struct hparams hparams, hparams_before;
    static const struct {
        const char *tensor, *type;
    } expected[] = {
        {"token_embd.weight", "q4_k"},         {"output.weight", "q6_k"},
        {"output_norm.weight", "f32"},         {"blk.0.attn_v.weight", "q6_k"},
        {"blk.1.attn_v.weight", "q4_k"},       {"blk.3.ffn_down.weight", "q6_k"},
        {"blk.3.attn_q.weight", "q4_k"},       {"blk.8.ffn_down.weight", "q6_k"},
        {"enc.blk.0.attn_qkv.weight", "q8_0"}, {"enc.pos_embd.weight", "f32"},
        {"upm.0.blk.0.ffn_up.weight", "q8_0"}, {"enc.patch_embd.weight", "f16"},
    };

    (void)state;
    assert_run(made, EXIT_DONE, "wrote ");
    assert_run(run, EXIT_DONE, "wrote ");
    assert_non_null(strstr(run.out, "blk.1.attn_v.weight                f16   q4_k "));
    assert_null(strstr(run.out, "output_norm"));
    assert_int_equal(gguf_reader_open(array, &reader, NULL), 0);
    assert_int_equal(gguf_reader_open(other, &before, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        assert_string_equal(type_in(reader, expected[i].tensor), expected[i].type);
    assert_int_equal(gguf_reader_n_keys(reader), gguf_reader_n_keys(before) + 1);
    assert_int_equal(hparams_from_gguf(reader, &hparams, NULL), 0);
    assert_int_equal(hparams_from_gguf(before, &hparams_before, NULL), 0);
    assert_memory_equal(&hparams, &hparams_before, sizeof(hparams));
}

/* Any number of threads writes the same file; the report is there as JSON, too. */
static void test_quantize_reports(void **state)
{
    _cleanup_(run_deinit) struct run made = RUN(command_synthesize, "", WIDE);
    _cleanup_(run_deinit) struct run one = RUN(command_quantize, "", other, array, "--type", "q6_k", "--threads", "1");
    _cleanup_(run_deinit) struct run more =
        RUN(command_quantize, "", other, model, "--type", "Q6_K", "--threads", "3", "--json");
    _cleanup_(value_freep) struct value *value = parse(&more);
    const struct value *tensors = value_get(value, "tensors");
    double cosine = 0, rmse = 0;
    int64_t n_bytes = 0;
    struct stat status;

    (void)state;
    assert_run(made, EXIT_DONE, "");
    assert_run(one, EXIT_DONE, "");
    assert_run(more, EXIT_DONE, "");
    assert_true(same_bytes(array, model));
    assert_int_equal(stat(model, &status), 0);
    assert_true(value_integer(value_get(value, "bytes"), &n_bytes));
    assert_int_equal(n_bytes, status.st_size);
    assert_string_equal(value_text(value_get(value_at(tensors, 0), "name")), "token_embd.weight");
    assert_string_equal(value_text(value_get(value_at(tensors, 0), "from")), "f16");
    assert_string_equal(value_text(value_get(value_at(tensors, 0), "to")), "q6_k");
    assert_true(value_number(value_get(value_at(tensors, 0), "cosine"), &cosine));
    assert_true(value_number(value_get(value_at(tensors, 0), "rmse"), &rmse));
    assert_true(cosine > 0.9995 && cosine < 1);
    assert_true(rmse > 0);
    synthesize(model, "7", "n_experts=3"); /* as the tests behind this one expect it */
}

static void test_quantize_refuses(void **state)
{
    static const struct {
        const char *in, *out, *type, *message;
        int status;
    } cases[] = {
        {model, array, "q5_k", "--type: must be q8_0, q6_k, q4_k or q4_0", EXIT_USAGE},
        {"/nonexistent.gguf", array, "q8_0", "/nonexistent.gguf: ", EXIT_FAILED},
        {IMAGE, array, "q8_0", "not a GGUF file", EXIT_FAILED},
        {model, "/nonexistent/m.gguf", "q8_0", "/nonexistent/m.gguf: ", EXIT_FAILED},
    };

    (void)state;
    unlink(array);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(run_deinit) struct run run =
            RUN(command_quantize, "", cases[i].in, cases[i].out, "--type", cases[i].type);

        assert_run(run, cases[i].status, cases[i].message);
        assert_false(exists(array));
    }
}

static void test_quantize_refuses_infinities(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    _cleanup_(run_deinit) struct run made = RUN(command_synthesize, "", WIDE);
    _cleanup_(closep) int fd = open(other, O_WRONLY | O_CLOEXEC);
    const struct gguf_tensor *tensor;
    off_t at;

    (void)state;
    assert_run(made, EXIT_DONE, "");
    assert_int_equal(gguf_reader_open(other, &reader, NULL), 0);
    tensor = gguf_reader_find_tensor(reader, "blk.0.attn_k.weight");
    at = (const char *)tensor->tensor.data - (const char *)gguf_reader_tensor(reader, 0)->tensor.data;
    at += (off_t)gguf_reader_n_bytes(reader) - data_bytes(reader);
    assert_int_equal(pwrite(fd, &(uint16_t){0x7c00}, 2, at), 2);
    unlink(array);
    {
        _cleanup_(run_deinit) struct run run = RUN(command_quantize, "", other, array, "--type", "q8_0");

        assert_run(run, EXIT_FAILED, "tensor blk.0.attn_k.weight holds an infinity or NaN");
        assert_false(exists(array));
    }
    unlink(other);
}

/* ---- bench ---- */

static void test_bench_measures_everything(void **state)
{
    _cleanup_(run_deinit) struct run run =
        RUN(command_bench, "", "--model", model, "--runs", "1", "--tokens", "4", "--threads", "2", "--json");
    _cleanup_(run_deinit) struct run refused = RUN(command_bench, "", "--model", "/nonexistent.gguf");
    _cleanup_(value_freep) struct value *value = parse(&run);
    const struct value *answers = value_get(value, "answers"), *prompts = value_get(value, "prompts");
    double number;

    (void)state;
    assert_run(run, EXIT_DONE, "");
    assert_run(refused, EXIT_FAILED, "/nonexistent.gguf");
    assert_int_equal(value_size(value_get(value, "encode_ms")), N_MODALITIES);
    assert_int_equal(value_size(answers), 4);
    assert_int_equal(value_size(prompts), 2);
    assert_true(value_number(value_get(value_at(prompts, 1), "tokens_per_s"), &number) && number > 0);
    assert_true(value_number(value_get(value_at(prompts, 1), "positions"), &number) && number >= 512);
    assert_true(value_number(value_get(value_get(value, "machine"), "read_gbs"), &number) && number > 0);
}

static void test_inspect_lists_everything(void **state)
{
    _cleanup_(run_deinit) struct run table = RUN(command_inspect, "", model);
    _cleanup_(run_deinit) struct run json = RUN(command_inspect, "", "--json", model);
    _cleanup_(value_freep) struct value *value = parse(&json);
    const struct value *metadata = value_get(value, "metadata"), *first = value_at(value_get(value, "tensors"), 0);
    int64_t bytes = 0, sum = 0;

    (void)state;
    assert_run(table, EXIT_DONE, "");
    assert_non_null(
        strstr(table.out, "token_embd.weight                        f16   64 x 512              65.5 kB\n"));
    assert_non_null(strstr(table.out, "  decoder         21 tensors"));
    assert_non_null(strstr(table.out, "onellm.projection.router"));
    assert_string_equal(value_text(value_get(metadata, "general.architecture")), "onellm");
    assert_string_equal(value_text(value_get(first, "name")), "token_embd.weight");
    assert_string_equal(value_text(value_get(first, "type")), "f16");
    assert_int_equal(value_size(value_get(first, "shape")), 2);
    assert_int_equal(value_size(value_get(value, "parts")), 3 + N_MODALITIES);
    for (size_t i = 0; i < value_size(value_get(value, "parts")); i++) {
        assert_true(value_integer(value_get(value_at(value_get(value, "parts"), i), "bytes"), &bytes));
        sum += bytes;
    }
    assert_true(value_integer(value_get(value, "bytes"), &bytes));
    assert_true(sum < bytes && sum > bytes - 100000);
}

/* ---- tokenize ---- */

static void test_tokenize_there_and_back(void **state)
{
    static const char hex[] = "48656c6c6f\n-\n\nff00\n";
    _cleanup_(run_deinit) struct run ids = RUN(command_tokenize, hex, "--tokenizer", TOKENIZER, "--hex");
    _cleanup_(run_deinit) struct run texts =
        RUN(command_tokenize, ids.out, "--tokenizer", TOKENIZER, "--hex", "--decode");
    _cleanup_(run_deinit) struct run one = RUN(command_tokenize, "", "--tokenizer", TOKENIZER, "--ids", "Hello", "you");
    _cleanup_(run_deinit) struct run stdin_too = RUN(command_tokenize, "Hello you", "--tokenizer", TOKENIZER, "--ids");
    _cleanup_(run_deinit) struct run json = RUN(command_tokenize, "", "--tokenizer", TOKENIZER, "--json", "Hello");
    _cleanup_(value_freep) struct value *value = NULL;

    (void)state;
    assert_run(ids, EXIT_DONE, "");
    assert_run(texts, EXIT_DONE, "");
    assert_string_equal(texts.out, "48656c6c6f\n\n\nefbfbd00\n");
    assert_string_equal(one.out, stdin_too.out);
    value = parse(&json);
    assert_true(value_size(value_get(value, "ids")) > 0);
    assert_int_equal(value_size(value_get(value, "ids")), value_size(value_get(value, "pieces")));
    assert_memory_equal(value_text(value_at(value_get(value, "pieces"), 0)), "\xe2\x96\x81", 3);
}

static void test_tokenize_refuses(void **state)
{
    static const struct {
        const char *input, *option, *message;
    } cases[] = {
        {"4", "--hex", "line 1: expected two hexadecimal digits per byte, found 1 digits"},
        {"40\n4g\n", "--hex", "line 2: expected hexadecimal digits, found something else at position 0"},
        {"1 2 x\n", "--decode", "expected ids between blanks, found \"x\""},
        {"1 -2\n", "--decode", "expected ids between blanks, found \"-2\""},
        {"4294967295\n", "--decode", "expected ids between blanks"},
        {"1000000\n", "--decode", "1000000"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(run_deinit) struct run run =
            RUN(command_tokenize, cases[i].input, "--tokenizer", TOKENIZER, cases[i].option);

        assert_run(run, EXIT_FAILED, cases[i].message);
    }
    _cleanup_(run_deinit) struct run neither = RUN(command_tokenize, "", "text");
    _cleanup_(run_deinit) struct run both = RUN(command_tokenize, "", "--tokenizer", TOKENIZER, "--lines", "text");
    assert_run(neither, EXIT_USAGE, "either --model or --tokenizer");
    assert_run(both, EXIT_USAGE, "--lines and --hex read stdin");
}

/* ---- encode ---- */

/* The shape in the header of a NPY file, "(30, 64)". */
static void check_npy(const char *path, const char *shape, size_t n_elements)
{
    size_t n;
    _cleanup_(freep) char *bytes = read_file(path, &n);
    char expected[128];

    snprintf(expected, sizeof(expected), "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }", shape);
    assert_memory_equal(bytes, "\x93NUMPY\x01\x00", 8);
    assert_non_null(strstr(bytes + 10, expected));
    assert_int_equal(bytes[8], 118);
    assert_int_equal(bytes[127], '\n');
    assert_int_equal(n, 128 + 4 * n_elements);
}

static void encode(const char *stage, const char *shape, size_t n_elements)
{
    _cleanup_(run_deinit) struct run run = RUN(command_encode, "", "--model", model, "--image", IMAGE, "--depth", DEPTH,
                                               "--stage", stage, "--output", array, "--threads", "1");

    assert_run(run, EXIT_DONE, "random weights");
    check_npy(array, shape, n_elements);
}

static void test_every_stage_has_its_shape(void **state)
{
    (void)state;
    encode("input", "(2, 3, 224, 224)", (size_t)2 * 3 * 224 * 224);
    encode("tokens", "(512, 32)", 512 * 32);
    encode("features", "(257, 32)", 257 * 32);
    encode("experts", "(30, 32)", 30 * 32);
    encode("embeddings", "(30, 64)", 30 * 64);
}

static void test_encode_refuses(void **state)
{
    _cleanup_(run_deinit) struct run none = RUN(command_encode, "", "--stage", "input", "--output", other);
    _cleanup_(run_deinit) struct run two =
        RUN(command_encode, "", "--image", IMAGE, "--imu", IMU, "--stage", "input", "--output", other);
    _cleanup_(run_deinit) struct run stage =
        RUN(command_encode, "", "--image", IMAGE, "--stage", "logits", "--output", other);
    _cleanup_(run_deinit) struct run prompt =
        RUN(command_encode, "", "--image", IMAGE, "--prompt", "x", "--stage", "input", "--output", other);
    _cleanup_(run_deinit) struct run voxels =
        RUN(command_encode, "", "--model", model, "--fmri", FMRI, "--stage", "input", "--output", other);
    _cleanup_(run_deinit) struct run full =
        RUN(command_encode, "", "--model", model, "--imu", IMU, "--stage", "input", "--output", "/dev/full");

    (void)state;
    assert_run(none, EXIT_USAGE, "one medium is encoded at a time, not 0");
    assert_run(two, EXIT_USAGE, "one medium is encoded at a time, not 2");
    assert_run(stage, EXIT_USAGE, "--stage: must be input, tokens, features, experts or embeddings");
    assert_run(prompt, EXIT_USAGE, "unknown option \"--prompt\"");
    assert_run(voxels, EXIT_FAILED, "--fmri: the model expects 64 voxels, found 15724");
    assert_run(full, EXIT_FAILED, "/dev/full: cannot be written: No space left on device");
    assert_false(exists(other));
}

/* A file that cannot be written to its end leaves nothing behind, and what was there before stays. */
static void test_no_half_files(void **state)
{
    struct rlimit old, small;
    const float data[4096] = {1};
    const size_t shape[] = {4096};
    int r;

    (void)state;
    assert_int_equal(npy_write(other, data, (const size_t[]){3}, 1, NULL), 0);
    check_npy(other, "(3,)", 3);
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){4096, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    r = npy_write(other, data, shape, 1, NULL);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(r, -EFBIG);
    check_npy(other, "(3,)", 3);
    unlink(other);
}

/* ---- answer ---- */

static void test_answer_says_the_same_in_both_ways(void **state)
{
    _cleanup_(run_deinit) struct run text = RUN(command_answer, "", "--model", model, "--image", IMAGE, "--imu", IMU,
                                                "--prompt", "What?", "--max-tokens", "8", "--seed", "5");
    _cleanup_(run_deinit) struct run json = RUN(command_answer, "", "--model", model, "--image", IMAGE, "--imu", IMU,
                                                "--prompt", "What?", "--max-tokens", "8", "--seed", "5", "--json");
    _cleanup_(value_freep) struct value *value = NULL;
    const char *answer;

    (void)state;
    assert_run(text, EXIT_DONE, "random weights");
    assert_run(json, EXIT_DONE, "random weights");
    value = parse(&json);
    answer = value_text(value_get(value, "answer"));
    assert_memory_equal(text.out, answer, strlen(answer));
    assert_string_equal(text.out + strlen(answer), "\n");
}

static void test_answer_is_one_of_the_choices(void **state)
{
    _cleanup_(run_deinit) struct run text = RUN(command_answer, "", "--model", model, "--image", IMAGE, "--prompt",
                                                "What?", "--choice", "a circle", "--choice", "no");
    _cleanup_(run_deinit) struct run json = RUN(command_answer, "", "--model", model, "--image", IMAGE, "--prompt",
                                                "What?", "--choice", "a circle", "--choice", "no", "--json");
    _cleanup_(value_freep) struct value *value = NULL;
    double first = 0, second = 0;

    (void)state;
    assert_run(text, EXIT_DONE, "random weights");
    assert_run(json, EXIT_DONE, "random weights");
    value = parse(&json);
    value_number(value_get(value_at(value_get(value, "choices"), 0), "probability"), &first);
    value_number(value_get(value_at(value_get(value, "choices"), 1), "probability"), &second);
    assert_float_equal(first + second, 1, 1e-6);
    assert_string_equal(text.out, first > second ? "a circle\n" : "no\n");
}

static void test_answer_refuses(void **state)
{
    static const struct {
        const char *words[9];
        const char *message;
        int status;
    } cases[] = {
        {{"--prompt", ""}, "--prompt: is missing", EXIT_USAGE},
        {{"--prompt", "x", "--temperature", "nan"}, "--temperature: must be a number from 0 to 2", EXIT_USAGE},
        {{"--prompt", "x", "--imu-start", "1"}, "--imu-start: belongs to a file named imu", EXIT_USAGE},
        {{"--audio", IMU, "--audio-start", "2", "--audio-end", "1"},
         "--audio-end: must be after audio.start",
         EXIT_USAGE},
        {{"--prompt", "x", "--image", "/nonexistent"}, "--image: /nonexistent: cannot be opened", EXIT_FAILED},
        {{"--prompt", "x", "--image", IMU, "--model", model}, "--image: expected jpeg", EXIT_FAILED},
        {{"--prompt", "x", "--choice", "a", "--choice", "a"}, "--choice: number 2 is the same as number 1", EXIT_USAGE},
        {{"--prompt", "x", "--choices", "a"}, "unknown option \"--choices\"", EXIT_USAGE},
        {{"--prompt", "x", "--choice", "a", "--stop", "b"}, "--stop: does not go with choices", EXIT_USAGE},
        {{"--prompt", "x", "--stream", "true"}, "unknown option \"--stream\"", EXIT_USAGE},
        {{"--prompt", "x", "--model", "/nonexistent"}, "/nonexistent: cannot be opened", EXIT_FAILED},
        {{"--prompt", "x", "--model", TOKENIZER}, "tokenizer.model: ", EXIT_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(run_deinit) struct run run = run_command(command_answer, "", cases[i].words);

        assert_run(run, cases[i].status, cases[i].message);
        assert_string_equal(run.out, "");
    }
}

static void test_several_files_of_a_kind_are_numbered(void **state)
{
    _cleanup_(run_deinit) struct run run =
        RUN(command_answer, "", "--prompt", "x", "--image", IMAGE, "--image", IMU, "--model", model);

    (void)state;
    assert_run(run, EXIT_FAILED, "--image[1]: expected jpeg");
}

/* ---- modalities, sizes for people ---- */

static void test_modalities_are_listed(void **state)
{
    _cleanup_(run_deinit) struct run table = RUN(command_modalities, "");
    _cleanup_(run_deinit) struct run json = RUN(command_modalities, "", "--json", "--model", model);
    _cleanup_(value_freep) struct value *value = parse(&json);
    const struct value *imu = value_at(value_get(value, "data"), MODALITY_IMU);

    (void)state;
    assert_non_null(strstr(table.out, "\nimu: "));
    assert_non_null(strstr(table.out, "  tensor     6 x 400\n"));
    assert_non_null(strstr(table.out, "391 after the tokenizer, 30 in the prompt"));
    assert_int_equal(value_size(value_get(value, "data")), N_MODALITIES);
    assert_string_equal(value_text(value_get(imu, "id")), "imu");
    assert_string_equal(value_text(value_at(value_get(imu, "options"), 0)), "imu.start");
    assert_int_equal(value_size(value_get(value_get(imu, "routing"), "mean")), 3);
    assert_int_equal(value_size(value_get(value_get(imu, "routing"), "tokens")), 30);
}

static void test_sizes_are_readable(void **state)
{
    static const struct {
        uint64_t n;
        const char *text;
    } cases[] = {{0, "0 B"},         {999, "999 B"},           {1000, "1.0 kB"},
                 {99949, "99.9 kB"}, {100000, "100 kB"},       {999499, "999 kB"},
                 {999500, "1.0 MB"}, {15124618624, "15.1 GB"}, {UINT64_MAX, "18446744 TB"}};
    char text[SIZE_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(size_text(cases[i].n, text), cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bytes),
        cmocka_unit_test(test_sizes_can_be_set),
        cmocka_unit_test(test_random_weights_have_their_deviation),
        cmocka_unit_test(test_synthesize_refuses),
        cmocka_unit_test(test_quantize_mixes_types),
        cmocka_unit_test(test_quantize_reports),
        cmocka_unit_test(test_quantize_refuses),
        cmocka_unit_test(test_quantize_refuses_infinities),
        cmocka_unit_test(test_bench_measures_everything),
        cmocka_unit_test(test_inspect_lists_everything),
        cmocka_unit_test(test_tokenize_there_and_back),
        cmocka_unit_test(test_tokenize_refuses),
        cmocka_unit_test(test_every_stage_has_its_shape),
        cmocka_unit_test(test_encode_refuses),
        cmocka_unit_test(test_no_half_files),
        cmocka_unit_test(test_answer_says_the_same_in_both_ways),
        cmocka_unit_test(test_answer_is_one_of_the_choices),
        cmocka_unit_test(test_answer_refuses),
        cmocka_unit_test(test_several_files_of_a_kind_are_numbered),
        cmocka_unit_test(test_modalities_are_listed),
        cmocka_unit_test(test_sizes_are_readable),
    };
    int n_failed;

    if (!mkdtemp(folder))
        return 1;
    snprintf(model, sizeof(model), "%s/model.gguf", folder);
    snprintf(other, sizeof(other), "%s/other", folder);
    snprintf(array, sizeof(array), "%s/array.npy", folder);
    n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(model);
    unlink(other);
    unlink(array);
    rmdir(folder);
    return n_failed;
}
