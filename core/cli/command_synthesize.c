/* Model files with random weights: a shape by name or from a JSON file, any size of it overridden. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "core/cli/arguments.h"
#include "core/cli/cli.h"
#include "core/cli/progress.h"
#include "core/cli/sizes.h"
#include "core/file/gguf_writer.h"
#include "core/model/hparams.h"
#include "core/model/mixture.h"
#include "core/model/synthesize.h"

#define COMMAND "synthesize"
#define TYPES "f32, f16, bf16, " MIXTURES

/* "key=value": a number, or a word for the router. */
static int set_size(const struct option_row *row, const char *text, struct error *error)
{
    struct value *settings = row->context, *value;
    const char *equals = strchr(text, '=');
    char key[64];

    if (!equals || (size_t)(equals - text) >= sizeof(key))
        return error_set(error, -EINVAL, "expected KEY=VALUE");
    snprintf(key, sizeof(key), "%.*s", (int)(equals - text), text);
    if (!sizes_can_set(key))
        return error_set(error, -EINVAL, "there is no size \"%s\" that can be set", key);
    if (value_parse_json(equals + 1, strlen(equals + 1), &value, NULL) == 0)
        value_set(settings, key, value);
    else
        value_set_text(settings, key, equals + 1);
    return 0;
}

/* A name of the table, or a file whose "shape" (default: tiny) is the base for the sizes that it names. */
static int read_shape(const char *name, struct hparams *ret, struct error *error)
{
    _cleanup_(value_freep) struct value *object = NULL;
    const struct hparams *base = synthesize_shape(name);
    const char *base_name;
    int r;

    if (base) {
        *ret = *base;
        return 0;
    }
    r = sizes_read_json(name, &object, error);
    if (r < 0)
        return r;
    base_name = value_text(value_get(object, "shape"));
    base = synthesize_shape(base_name ? base_name : "tiny");
    if (!base)
        return error_set(error, -EINVAL, "%s: there is no shape \"%.40s\"", name, base_name);
    *ret = *base;
    r = sizes_assign(ret, object, true, name, error);
    if (r < 0)
        return r;
    hparams_derive(ret);
    return sizes_compare(ret, object, name, error);
}

static int show_progress(void *context, uint64_t n_bytes_done, uint64_t n_bytes)
{
    progress_update(context, n_bytes_done, n_bytes);
    return interrupted() ? -EINTR : 0;
}

static int synthesize(const struct hparams *hparams, enum tensor_type type, uint64_t seed, const char *output,
                      struct error *error)
{
    _cleanup_(gguf_writer_freep) struct gguf_writer *writer = NULL;
    _cleanup_(progress_clear) struct progress progress;
    int r;

    progress_start(&progress, "writing");
    interrupt_watch();
    r = gguf_writer_open(output, &writer, error);
    if (r == 0)
        r = synthesize_model(hparams, type, seed, writer, show_progress, &progress, error);
    if (r == -EINTR)
        return error_set(error, r, "interrupted; %s was not written", output);
    if (r == 0)
        progress_finish(&progress, "wrote", output);
    return r;
}

int command_synthesize(int argc, char **argv)
{
    _cleanup_(value_freep) struct value *settings = value_object();
    const char *shape = NULL, *type_name = "f16", *output = NULL;
    uint64_t seed = 1;
    const struct option_row rows[] = {
        {.name = "shape",
         .value = "NAME|FILE",
         .sentence = "onellm-7b (as released), llama-7b (its decoder alone), tiny, or a JSON file of sizes",
         .required = true,
         .text = &shape},
        OPTION_OUTPUT(&output),
        OPTION_TYPE(&type_name, TYPES),
        {.name = "seed",
         .value = "N",
         .sentence = "same seed, same bytes",
         .default_text = "1",
         .integer = &seed,
         .maximum = UINT64_MAX},
        {.name = "set",
         .value = "KEY=VALUE",
         .sentence = "another size, such as n_experts=4; may be repeated",
         .call = set_size,
         .context = settings},
    };
    const struct arguments arguments = {.command = COMMAND,
                                        .sentence = "makes a model file with random weights",
                                        .rows = rows,
                                        .n_rows = ARRAY_SIZE(rows)};
    const struct tensor_type_info *type;
    struct hparams hparams;
    struct error error = ERROR_NONE;
    int n, r = arguments_parse(&arguments, argc, argv, &n);

    if (r != 0)
        return exit_status_of(r);
    type = matrix_type(COMMAND, type_name, TYPES);
    if (!type)
        return EXIT_USAGE;
    r = read_shape(shape, &hparams, &error);
    if (r == 0)
        r = sizes_assign(&hparams, settings, true, "--set", &error);
    if (r < 0)
        return fail_with(COMMAND, &error);
    hparams_derive(&hparams);
    r = synthesize(&hparams, type->type, seed, output, &error);
    return r < 0 ? fail_with(COMMAND, &error) : EXIT_DONE;
}
