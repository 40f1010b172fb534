/* What can be asked about: the list of /v1/modalities, as a table for people or as it is. */
#include <stdio.h>

#include "core/answer/answer_json.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "core/cli/arguments.h"
#include "core/cli/cli.h"
#include "core/onellm.h"

#define COMMAND "modalities"

/* "jpeg, png, webp" */
static void join(const struct value *list, const char *separator, struct buffer *ret)
{
    buffer_clear(ret);
    buffer_append_text(ret, "");
    for (size_t i = 0; i < value_size(list); i++) {
        const struct value *item = value_at(list, i);
        int64_t integer;

        if (i)
            buffer_append_text(ret, separator);
        if (value_integer(item, &integer))
            buffer_printf(ret, "%lld", (long long)integer);
        else
            buffer_append_text(ret, value_text(item));
    }
}

static void print_row(const char *name, const struct value *list, const char *separator, struct buffer *text)
{
    join(list, separator, text);
    if (text->size)
        printf("  %-10s %s\n", name, text->bytes);
}

static void print_modality(const struct value *modality, struct buffer *text)
{
    const struct value *tensor = value_get(modality, "tensor"), *routing = value_get(modality, "routing");
    int64_t encoder_tokens = 0, tokens = 0;
    bool available = true;

    value_boolean(value_get(modality, "available"), &available);
    value_integer(value_get(modality, "encoder_tokens"), &encoder_tokens);
    value_integer(value_get(modality, "tokens"), &tokens);
    printf("%s: %s%s\n", value_text(value_get(modality, "id")), value_text(value_get(modality, "description")),
           available ? "" : " (not in this model)");
    print_row("files", value_get(modality, "formats"), ", ", text);
    print_row("options", value_get(modality, "options"), ", ", text);
    print_row("tensor", value_get(tensor, "shape"), " x ", text);
    if (tokens)
        printf("  %-10s %lld after the tokenizer, %lld in the prompt\n", "tokens", (long long)encoder_tokens,
               (long long)tokens);
    for (size_t i = 0; i < value_size(value_get(routing, "mean")); i++) {
        double weight = 0;

        value_number(value_at(value_get(routing, "mean"), i), &weight);
        printf("%s%.3f", i ? ", " : "  experts    ", weight);
    }
    printf("%s  %-10s %s\n\n", routing ? "\n" : "", "example", value_text(value_get(modality, "example")));
}

int command_modalities(int argc, char **argv)
{
    _cleanup_(onellm_closep) struct onellm *onellm = NULL;
    _cleanup_(value_freep) struct value *list = NULL;
    _cleanup_(buffer_deinit) struct buffer text = {.size_max = (size_t)1 << 20};
    const char *model = NULL;
    bool json = false;
    const struct option_row rows[] = {
        {.name = "model", .value = "FILE", .sentence = "a model file (GGUF); without it as released", .text = &model},
        {.name = "json", .sentence = "print one line of JSON", .given = &json},
    };
    const struct arguments arguments = {.command = COMMAND,
                                        .sentence = "shows what kinds of files can be asked about",
                                        .rows = rows,
                                        .n_rows = ARRAY_SIZE(rows)};
    struct error error = ERROR_NONE;
    int n, r = arguments_parse(&arguments, argc, argv, &n);

    if (r != 0)
        return exit_status_of(r);
    if (model && open_engine(COMMAND, model, 0, &onellm, &error) < 0)
        return fail_with(COMMAND, &error);
    list = answer_modalities_json(onellm, NULL);
    if (json)
        return print_json(COMMAND, TAKE_PTR(list));
    for (size_t i = 0; i < value_size(value_get(list, "data")); i++)
        print_modality(value_at(value_get(list, "data"), i), &text);
    return finish_output(COMMAND);
}
