/* What is in a model file: metadata, sizes of its parts, tensors. */
#include <stdio.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "core/cli/arguments.h"
#include "core/cli/cli.h"
#include "core/cli/progress.h"
#include "core/file/gguf_reader.h"

#define COMMAND "inspect"
#define ITEMS_MAX 6 /* of an array of metadata */
#define PART_NAME_MAX 32
#define PARTS_MAX 16

struct part {
    char name[PART_NAME_MAX];
    size_t n_tensors;
    uint64_t n_elements, n_bytes;
};

/* Tensors belong to the part that their name begins with: "enc.", "upm.", "mod.<modality>."; the rest is the decoder.
 */
static void part_name(const char *tensor, char ret[PART_NAME_MAX])
{
    if (strncmp(tensor, "enc.", 4) == 0)
        snprintf(ret, PART_NAME_MAX, "encoder");
    else if (strncmp(tensor, "upm.", 4) == 0)
        snprintf(ret, PART_NAME_MAX, "experts");
    else if (strncmp(tensor, "mod.", 4) == 0)
        snprintf(ret, PART_NAME_MAX, "%.*s", (int)MIN(strcspn(tensor + 4, "."), (size_t)PART_NAME_MAX - 1), tensor + 4);
    else
        snprintf(ret, PART_NAME_MAX, "decoder");
}

/* Returns the number of parts. Names come from the file: what goes beyond PARTS_MAX is counted with the last one. */
static size_t sum_parts(const struct gguf_reader *reader, struct part ret[PARTS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < gguf_reader_n_tensors(reader); i++) {
        const struct gguf_tensor *tensor = gguf_reader_tensor(reader, i);
        char name[PART_NAME_MAX];
        size_t at = 0;

        part_name(tensor->name, name);
        while (at < n && strcmp(ret[at].name, name) != 0)
            at++;
        if (at == n && n < PARTS_MAX) {
            ret[n] = (struct part){0};
            memcpy(ret[n++].name, name, sizeof(name));
        }
        at = MIN(at, (size_t)PARTS_MAX - 1);
        ret[at].n_tensors++;
        ret[at].n_elements += tensor_n_elements(&tensor->tensor);
        ret[at].n_bytes += tensor_n_bytes(&tensor->tensor);
    }
    return n;
}

/* ---- JSON ---- */

static struct value *metadata_json(const struct gguf_reader *reader)
{
    struct value *metadata = value_object();

    for (size_t i = 0; i < gguf_reader_n_keys(reader); i++)
        value_set(metadata, gguf_reader_key(reader, i), gguf_reader_value(reader, i, ITEMS_MAX));
    return metadata;
}

static struct value *parts_json(const struct gguf_reader *reader)
{
    struct part parts[PARTS_MAX];
    size_t n = sum_parts(reader, parts);
    struct value *list = value_array();

    for (size_t i = 0; i < n; i++) {
        struct value *part = value_object();

        value_set_text(part, "name", parts[i].name);
        value_set_integer(part, "tensors", (int64_t)parts[i].n_tensors);
        value_set_integer(part, "parameters", (int64_t)parts[i].n_elements);
        value_set_integer(part, "bytes", (int64_t)parts[i].n_bytes);
        value_add(list, part);
    }
    return list;
}

static struct value *tensors_json(const struct gguf_reader *reader)
{
    struct value *list = value_array();

    for (size_t i = 0; i < gguf_reader_n_tensors(reader); i++) {
        const struct gguf_tensor *tensor = gguf_reader_tensor(reader, i);
        struct value *row = value_object(), *shape = value_array();

        for (int d = 0; d < tensor->tensor.n_dims; d++)
            value_add_integer(shape, (int64_t)tensor->tensor.shape[d]);
        value_set_text(row, "name", tensor->name);
        value_set_text(row, "type", tensor_type_info(tensor->tensor.type)->name);
        value_set(row, "shape", shape);
        value_set_integer(row, "bytes", (int64_t)tensor_n_bytes(&tensor->tensor));
        value_add(list, row);
    }
    return list;
}

static int inspect_json(const char *path, const struct gguf_reader *reader)
{
    struct value *model = value_object();

    value_set_text(model, "file", path);
    value_set_integer(model, "bytes", (int64_t)gguf_reader_n_bytes(reader));
    value_set(model, "metadata", metadata_json(reader));
    value_set(model, "parts", parts_json(reader));
    value_set(model, "tensors", tensors_json(reader));
    return print_json(COMMAND, model);
}

/* ---- for people ---- */

/* Values come from the file: as JSON text they hold no control characters. */
static void print_metadata(const struct gguf_reader *reader)
{
    for (size_t i = 0; i < gguf_reader_n_keys(reader); i++) {
        _cleanup_(value_freep) struct value *value = gguf_reader_value(reader, i, ITEMS_MAX);
        struct buffer text;

        buffer_init(&text, (size_t)1 << 20);
        if (value_write_json(value, false, &text) == 0)
            printf("  %-52s %.*s%s\n", gguf_reader_key(reader, i), (int)MIN(text.size, (size_t)120), text.bytes,
                   text.size > 120 ? "…" : "");
        buffer_deinit(&text);
    }
}

static void print_parts(const struct gguf_reader *reader)
{
    struct part parts[PARTS_MAX];
    size_t n = sum_parts(reader, parts);
    char size[SIZE_TEXT_MAX];

    for (size_t i = 0; i < n; i++)
        printf("  %-12s %5zu tensors  %10.3f million parameters  %10s\n", parts[i].name, parts[i].n_tensors,
               (double)parts[i].n_elements / 1e6, size_text(parts[i].n_bytes, size));
}

static void print_tensors(const struct gguf_reader *reader)
{
    for (size_t i = 0; i < gguf_reader_n_tensors(reader); i++) {
        const struct gguf_tensor *tensor = gguf_reader_tensor(reader, i);
        char shape[96], size[SIZE_TEXT_MAX];
        size_t n = 0;

        for (int d = 0; d < tensor->tensor.n_dims; d++)
            n += (size_t)snprintf(shape + n, sizeof(shape) - n, "%s%zu", d ? " x " : "", tensor->tensor.shape[d]);
        printf("  %-40s %-5s %-18s %10s\n", tensor->name, tensor_type_info(tensor->tensor.type)->name, shape,
               size_text(tensor_n_bytes(&tensor->tensor), size));
    }
}

static int inspect(const char *path, const struct gguf_reader *reader)
{
    char size[SIZE_TEXT_MAX];

    printf("%s: %s\n\nMetadata\n", path, size_text(gguf_reader_n_bytes(reader), size));
    print_metadata(reader);
    printf("\nParts\n");
    print_parts(reader);
    printf("\nTensors (fastest dimension first)\n");
    print_tensors(reader);
    return finish_output(COMMAND);
}

int command_inspect(int argc, char **argv)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    bool json = false;
    const struct option_row rows[] = {{.name = "json", .sentence = "print one line of JSON", .given = &json}};
    const struct arguments arguments = {.command = COMMAND,
                                        .sentence = "shows what is in a model file",
                                        .positionals = "MODEL",
                                        .positionals_min = 1,
                                        .positionals_max = 1,
                                        .rows = rows,
                                        .n_rows = ARRAY_SIZE(rows)};
    struct error error = ERROR_NONE;
    int n, r = arguments_parse(&arguments, argc, argv, &n);

    if (r != 0)
        return exit_status_of(r);
    r = gguf_reader_open(argv[0], &reader, &error);
    if (r < 0)
        return fail_with(COMMAND, &error);
    return json ? inspect_json(argv[0], reader) : inspect(argv[0], reader);
}
