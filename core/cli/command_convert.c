/* An official checkpoint, its params.json and its tokenizer -> one model file.

   Sizes come from the shapes of the tensors; what shapes cannot tell from params.json and arch.json, which must not
   contradict the shapes. Then every tensor of the model's table is looked up in the checkpoint and copied block by
   block, so that memory does not grow with the file. */
#include <errno.h>
#include <float.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "core/cli/arguments.h"
#include "core/cli/checkpoint_sizes.h"
#include "core/cli/cli.h"
#include "core/cli/progress.h"
#include "core/cli/sizes.h"
#include "core/file/checkpoint.h"
#include "core/file/gguf_writer.h"
#include "core/file/mapped_file.h"
#include "core/model/hparams.h"
#include "core/model/tensor_specs.h"
#include "core/model/synthesize.h"
#include "core/text/sentencepiece.h"
#include "core/text/vocabulary.h"

#define COMMAND "convert"
#define BLOCK_ELEMENTS ((size_t)1 << 20)
#define F16_MAX 65504.0f

/* For programs that format prompts by the file; this one has the same in core/text/conversation.c. */
static const char chat_template[] =
    "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] }}{% set messages = messages[1:] %}{% else %}"
    "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, "
    "and polite answers to the human's questions.{% endif %}{{ '\\n\\n###' }}{% for message in messages %}"
    "{{ 'Human' if message['role'] == 'user' else 'Assistant' }}: {{ message['content'] }}{{ '\\n###' }}{% endfor %}"
    "Assistant:";

struct conversion {
    struct checkpoint *checkpoint;
    char prefix[CHECKPOINT_PREFIX_MAX];
    struct vocabulary *vocabulary;
    struct hparams hparams;
    enum tensor_type type;

    const struct checkpoint_tensor **sources; /* in the order of the model's table; NULL: missing */
    size_t n_sources, n_missing;

    struct gguf_writer *writer;
    size_t next; /* source to be written */
    uint64_t n_bytes_done, n_bytes;
    float *elements; /* BLOCK_ELEMENTS, as read */
    void *block;     /* the same in the type of the file */
    struct progress progress;
    struct error *error;
};

static void conversion_deinit(struct conversion *conversion)
{
    progress_clear(&conversion->progress);
    gguf_writer_free(conversion->writer);
    checkpoint_close(conversion->checkpoint);
    vocabulary_free(conversion->vocabulary);
    free(conversion->sources);
    free(conversion->elements);
    free(conversion->block);
}

/* ---- sizes and vocabulary ---- */

static int read_vocabulary(struct conversion *conversion, const char *path)
{
    _cleanup_(mapped_file_unmap) struct mapped_file file = {0};
    _cleanup_(closep) int fd = -1;
    int r = mapped_file_open(path, &fd, conversion->error);

    if (r == 0)
        r = mapped_file_map(&file, fd, conversion->error);
    if (r == 0)
        r = sentencepiece_read(file.bytes, file.n, &conversion->vocabulary, conversion->error);
    if (r < 0) {
        mapped_file_error_at(conversion->error, path);
        return r;
    }
    if (vocabulary_size(conversion->vocabulary) != conversion->hparams.n_vocab)
        return error_set(conversion->error, -EINVAL, "%s has %zu pieces, but the checkpoint has embeddings for %zu",
                         path, vocabulary_size(conversion->vocabulary), conversion->hparams.n_vocab);
    return 0;
}

/* What every official params.json says; another file given by mistake does not. */
static int check_params(const struct value *params, const char *path, struct error *error)
{
    static const char *const keys[] = {"dim", "n_layers", "n_heads"};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (!value_get(params, keys[i]))
            return error_set(error, -EINVAL, "%s does not say %s", path, keys[i]);
    return 0;
}

static int read_sizes(struct conversion *conversion, const char *params_path, const char *arch_path)
{
    _cleanup_(value_freep) struct value *params = NULL, *arch = NULL;
    struct hparams *hparams = &conversion->hparams;
    struct error *error = conversion->error;
    int r;

    *hparams = *synthesize_shape("onellm-7b"); /* what nobody says is as released */
    r = checkpoint_sizes(conversion->checkpoint, conversion->prefix, hparams, error);
    if (r == 0)
        r = sizes_read_json(params_path, &params, error);
    if (r == 0)
        r = check_params(params, params_path, error);
    if (r == 0 && arch_path)
        r = sizes_read_json(arch_path, &arch, error);
    if (r == 0)
        r = sizes_assign(hparams, params, false, params_path, error);
    if (r == 0 && arch)
        r = sizes_assign(hparams, arch, false, arch_path, error);
    if (r == 0)
        r = checkpoint_head_counts(conversion->checkpoint, conversion->prefix, hparams, error);
    if (r < 0)
        return r;
    hparams_derive(hparams);
    r = sizes_compare(hparams, params, params_path, error);
    if (r == 0 && arch)
        r = sizes_compare(hparams, arch, arch_path, error);
    return r == 0 ? hparams_check(hparams, error) : r;
}

/* The name of the model: that of its file. */
static void name_model(struct hparams *hparams, const char *output)
{
    char path[256];
    const char *name;
    size_t n;

    snprintf(path, sizeof(path), "%s", output);
    name = basename(path);
    n = strlen(name);
    if (n > 5 && strcmp(name + n - 5, ".gguf") == 0)
        n -= 5;
    snprintf(hparams->name, sizeof(hparams->name), "%.*s", (int)n, name);
}

/* ---- which tensor comes from where ---- */

/* Does the shape of the checkpoint (outermost first) become that of the model (innermost first) by joining neighbours
 * and dropping ones? Then the elements lie in the same order. */
static bool shapes_agree(const struct checkpoint_tensor *source, const struct tensor_spec *spec)
{
    int axis = 0;

    for (int i = spec->n_dims; i-- > 0;) {
        uint64_t joined = 1;

        while (axis < source->n_dims && joined < spec->shape[i])
            joined *= source->shape[axis++];
        if (joined != spec->shape[i])
            return false;
    }
    for (; axis < source->n_dims; axis++)
        if (source->shape[axis] != 1)
            return false;
    return true;
}

static int disagree(const struct checkpoint_tensor *source, const struct tensor_spec *spec, struct error *error)
{
    char found[128] = "a scalar", expected[128];
    size_t n = 0, n_expected = 0;

    for (int i = 0; i < source->n_dims && n < sizeof(found); i++)
        n += (size_t)snprintf(found + n, sizeof(found) - n, "%s%llu", i ? " x " : "",
                              (unsigned long long)source->shape[i]);
    for (int i = spec->n_dims; i-- > 0;)
        n_expected += (size_t)snprintf(expected + n_expected, sizeof(expected) - n_expected, "%zu%s", spec->shape[i],
                                       i ? " x " : "");
    return error_set(error, -EBADMSG, "%s is %s, expected %s", source->name, found, expected);
}

static int count_source(void *context, const struct tensor_spec *spec)
{
    struct conversion *conversion = context;

    (void)spec;
    conversion->n_sources++;
    return 0;
}

static int find_source(void *context, const struct tensor_spec *spec)
{
    struct conversion *conversion = context;
    const struct checkpoint_tensor *source;
    char key[sizeof(spec->official) + CHECKPOINT_PREFIX_MAX];

    snprintf(key, sizeof(key), "%s%s", conversion->prefix, spec->official + strlen("llma."));
    source = checkpoint_find(conversion->checkpoint, key);
    conversion->sources[conversion->next++] = source;
    if (!source) {
        fprintf(stderr, "onellm convert: missing: %s\n", key);
        conversion->n_missing++;
        return 0;
    }
    if (source->type > CHECKPOINT_BF16)
        return error_set(conversion->error, -EBADMSG, "%s holds %s, expected floating-point numbers", key,
                         checkpoint_type_name(source->type));
    return shapes_agree(source, spec) ? 0 : disagree(source, spec, conversion->error);
}

static int compare_pointers(const void *a, const void *b)
{
    const struct checkpoint_tensor *const *left = a, *const *right = b;

    return *left < *right ? -1 : *left > *right;
}

/* What official checkpoints hold and nothing uses: the text side of CLIP, its last projection, tables of sines. */
static bool is_unused(const char *key)
{
    static const char *const beginnings[] = {
        "clip.positional_embedding", "clip.text_projection", "clip.logit_scale",
        "clip.token_embedding.",     "clip.ln_final.",       "clip.transformer.",
        "clip.visual.proj",          "rope.freqs",
    };

    for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
        if (strncmp(key, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

/* Says what the model has no place for. */
static int report_rest(const struct conversion *conversion)
{
    size_t n = conversion->n_sources, n_unused = 0, n_prefix = strlen(conversion->prefix);
    _cleanup_(freep) const struct checkpoint_tensor **used = calloc(n + 1, sizeof(*used));

    if (!used)
        return error_set(conversion->error, -ENOMEM, "no memory for a list of tensors");
    memcpy(used, conversion->sources, n * sizeof(*used));
    qsort(used, n, sizeof(*used), compare_pointers);
    for (size_t i = 0; i < checkpoint_n_tensors(conversion->checkpoint); i++) {
        const struct checkpoint_tensor *tensor = checkpoint_tensor(conversion->checkpoint, i);

        if (bsearch(&tensor, used, n, sizeof(*used), compare_pointers))
            continue;
        if (strncmp(tensor->name, conversion->prefix, n_prefix) == 0 && is_unused(tensor->name + n_prefix))
            n_unused++;
        else
            fprintf(stderr, "onellm convert: warning: unknown tensor left out: %s\n", tensor->name);
    }
    if (n_unused)
        fprintf(stderr, "onellm convert: left out %zu tensors that the model does not use (text side of CLIP)\n",
                n_unused);
    return 0;
}

static int find_sources(struct conversion *conversion)
{
    int r;

    tensor_specs_visit(&conversion->hparams, count_source, conversion);
    conversion->sources = calloc(conversion->n_sources, sizeof(*conversion->sources));
    if (!conversion->sources)
        return error_set(conversion->error, -ENOMEM, "no memory for a list of tensors");
    r = tensor_specs_visit(&conversion->hparams, find_source, conversion);
    if (r < 0)
        return r;
    if (conversion->n_missing)
        return error_set(conversion->error, -EBADMSG, "%zu of %zu tensors are missing in the checkpoint",
                         conversion->n_missing, conversion->n_sources);
    conversion->next = 0;
    return report_rest(conversion);
}

/* ---- writing ---- */

static enum tensor_type type_of(const struct conversion *conversion, const struct tensor_spec *spec)
{
    return spec->vector ? TENSOR_F32 : conversion->type;
}

static int add_tensor(void *context, const struct tensor_spec *spec)
{
    struct conversion *conversion = context;
    struct tensor tensor = {.type = type_of(conversion, spec), .n_dims = spec->n_dims};

    memcpy(tensor.shape, spec->shape, sizeof(tensor.shape));
    gguf_writer_add(conversion->writer, spec->name, &tensor);
    conversion->n_bytes += tensor_n_bytes(&tensor);
    return 0;
}

/* True also for NaN. */
static bool exceeds(const float *elements, size_t n, float limit)
{
    bool found = false;

    for (size_t i = 0; i < n; i++)
        found |= !(fabsf(elements[i]) <= limit);
    return found;
}

static int check_elements(const struct conversion *conversion, const struct checkpoint_tensor *source,
                          enum tensor_type type, size_t n)
{
    if (exceeds(conversion->elements, n, FLT_MAX))
        return error_set(conversion->error, -EBADMSG, "%s holds an infinity or NaN", source->name);
    if (type == TENSOR_F16 && exceeds(conversion->elements, n, F16_MAX))
        return error_set(conversion->error, -ERANGE, "%s holds a number too large for f16; use --type bf16 or f32",
                         source->name);
    return 0;
}

static int write_block(struct conversion *conversion, const struct checkpoint_tensor *source, enum tensor_type type,
                       uint64_t first, size_t n)
{
    size_t n_bytes = n * tensor_type_info(type)->n_block_bytes;
    int r = checkpoint_read_f32(conversion->checkpoint, source, first, n, conversion->elements, conversion->error);

    if (r == 0)
        r = check_elements(conversion, source, type, n);
    if (r < 0)
        return r;
    tensor_from_f32(type, conversion->elements, n, conversion->block);
    r = gguf_writer_data(conversion->writer, conversion->block, n_bytes, conversion->error);
    if (r < 0)
        return r;
    conversion->n_bytes_done += n_bytes;
    progress_update(&conversion->progress, conversion->n_bytes_done, conversion->n_bytes);
    return interrupted() ? error_set(conversion->error, -EINTR, "interrupted; nothing was written") : 0;
}

static int write_tensor(void *context, const struct tensor_spec *spec)
{
    struct conversion *conversion = context;
    const struct checkpoint_tensor *source = conversion->sources[conversion->next++];
    int r = 0;

    for (uint64_t first = 0; first < source->n_elements && r == 0; first += BLOCK_ELEMENTS)
        r = write_block(conversion, source, type_of(conversion, spec), first,
                        (size_t)MIN((uint64_t)BLOCK_ELEMENTS, source->n_elements - first));
    return r;
}

static int write_model(struct conversion *conversion, const char *output)
{
    int r;

    conversion->elements = malloc(BLOCK_ELEMENTS * sizeof(float));
    conversion->block = malloc(BLOCK_ELEMENTS * sizeof(float));
    if (!conversion->elements || !conversion->block)
        return error_set(conversion->error, -ENOMEM, "no memory for a block of weights");
    progress_start(&conversion->progress, "converting");
    interrupt_watch();
    r = gguf_writer_open(output, &conversion->writer, conversion->error);
    if (r < 0)
        return r;
    hparams_to_gguf(&conversion->hparams, conversion->writer);
    if (vocabulary_to_gguf(conversion->vocabulary, conversion->writer) < 0)
        return error_set(conversion->error, -ENOMEM, "no memory for the vocabulary");
    gguf_writer_set_string(conversion->writer, "tokenizer.chat_template", chat_template);
    tensor_specs_visit(&conversion->hparams, add_tensor, conversion);
    r = gguf_writer_begin(conversion->writer, &(uint64_t){0}, conversion->error);
    if (r == 0)
        r = tensor_specs_visit(&conversion->hparams, write_tensor, conversion);
    if (r == 0)
        r = gguf_writer_finish(conversion->writer, conversion->error);
    if (r == 0)
        progress_finish(&conversion->progress, "wrote", output);
    return r;
}

/* ---- the command ---- */

int command_convert(int argc, char **argv)
{
    const char *checkpoint = NULL, *params = NULL, *tokenizer = NULL, *output = NULL, *arch = NULL, *type_name = "f16";
    const struct option_row rows[] = {
        {.name = "checkpoint",
         .value = "FILE",
         .sentence = "consolidated.00-of-01.pth",
         .required = true,
         .text = &checkpoint},
        {.name = "params",
         .value = "FILE",
         .sentence = "params.json of the language model",
         .required = true,
         .text = &params},
        {.name = "tokenizer", .value = "FILE", .sentence = "tokenizer.model", .required = true, .text = &tokenizer},
        OPTION_OUTPUT(&output),
        OPTION_TYPE(&type_name, FLOAT_TYPES),
        {.name = "arch",
         .value = "FILE",
         .sentence = "JSON of sizes that shapes cannot tell; without it as released",
         .text = &arch},
    };
    const struct arguments arguments = {.command = COMMAND,
                                        .sentence = "makes a model file of an official checkpoint",
                                        .rows = rows,
                                        .n_rows = ARRAY_SIZE(rows)};
    struct error error = ERROR_NONE;
    _cleanup_(conversion_deinit) struct conversion conversion = {.error = &error};
    const struct tensor_type_info *type;
    int n, r = arguments_parse(&arguments, argc, argv, &n);

    if (r != 0)
        return exit_status_of(r);
    type = matrix_type(COMMAND, type_name, FLOAT_TYPES);
    if (!type)
        return EXIT_USAGE;
    conversion.type = type->type;
    r = checkpoint_open(checkpoint, &conversion.checkpoint, &error);
    if (r == 0)
        r = read_sizes(&conversion, params, arch);
    if (r == 0)
        r = read_vocabulary(&conversion, tokenizer);
    if (r == 0)
        r = find_sources(&conversion);
    name_model(&conversion.hparams, output);
    if (r == 0)
        r = write_model(&conversion, output);
    progress_clear(&conversion.progress);
    return r < 0 ? fail_with(COMMAND, &error) : EXIT_DONE;
}
