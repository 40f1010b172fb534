#include "core/cli/cli.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "core/cli/arguments.h"
#include "core/onellm.h"
#include "core/tensor/tensor.h"

int exit_status_of(int parsed)
{
    return parsed == ARGUMENTS_HELP ? finish_output("--help") : parsed == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

int fail_with(const char *command, const struct error *error)
{
    char text[sizeof(*error)];

    fprintf(stderr, "onellm %s: %s\n", command, error_describe(error, text, sizeof(text)));
    return EXIT_FAILED;
}

int finish_output(const char *command)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    fprintf(stderr, "onellm %s: cannot write to stdout: %s\n", command, strerror(errno));
    return EXIT_FAILED;
}

int print_json(const char *command, struct value *value)
{
    struct buffer text;
    int r;

    buffer_init(&text, SIZE_MAX);
    r = value_write_json(value, false, &text);
    value_free(value);
    if (r == 0) {
        fwrite(text.bytes, 1, text.size, stdout);
        putchar('\n');
    } else {
        fprintf(stderr, "onellm %s: no memory for the output\n", command);
    }
    buffer_deinit(&text);
    return r == 0 ? finish_output(command) : EXIT_FAILED;
}

int open_engine(const char *command, const char *model_path, uint64_t n_threads, struct onellm **ret,
                struct error *error)
{
    const struct onellm_options options = {
        .model_path = model_path, .n_threads = (int)n_threads, .n_sequences = 1, .n_drafts = ONELLM_DRAFTS};
    int r = onellm_open(&options, ret, error);

    if (r == 0 && onellm_info(*ret)->untrained)
        fprintf(stderr, "onellm %s: note: %s has random weights, so its answers mean nothing\n", command,
                onellm_info(*ret)->id);
    return r;
}

const struct tensor_type_info *matrix_type(const char *command, const char *name, const char *names)
{
    const struct tensor_type_info *type = tensor_type_by_name(name);
    bool is_named = type && strstr(names, type->name);

    if (!is_named)
        fprintf(stderr, "onellm %s: --type: must be %s\n", command, names);
    return is_named ? type : NULL;
}
