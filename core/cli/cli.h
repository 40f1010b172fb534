/* The subcommands of `onellm`. Each gets the words behind its name and returns the exit status of the process: 0 done,
   1 failed, 2 used wrongly; what went wrong has been said on stderr. */
#pragma once

#include <stdint.h>

struct error;
struct onellm;
struct tensor_type_info;
struct value;

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
};

int command_answer(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_encode(int argc, char **argv);
int command_inspect(int argc, char **argv);
int command_modalities(int argc, char **argv);
int command_quantize(int argc, char **argv);
int command_synthesize(int argc, char **argv);
int command_tokenize(int argc, char **argv);

/* The exit status for what arguments_parse() returned other than 0. */
int exit_status_of(int parsed);

/* "onellm convert: m.gguf: no such file"; returns EXIT_FAILED. */
int fail_with(const char *command, const struct error *error);

/* Makes sure that everything has reached stdout: EXIT_DONE, or EXIT_FAILED with a message. */
int finish_output(const char *command);

/* Prints a value as JSON on a line of stdout and frees it; as finish_output(). */
int print_json(const char *command, struct value *value);

/* Opens an engine that is waited for; model_path NULL: the demo model. Says so when the weights are random. */
int open_engine(const char *command, const char *model_path, uint64_t n_threads, struct onellm **ret,
                struct error *error);

/* The element type that --type names; NULL after a message when it is none of `names`, which the message shows. */
const struct tensor_type_info *matrix_type(const char *command, const char *name, const char *names);
#define FLOAT_TYPES "f32, f16 or bf16"

/* Options that several commands have (struct option_row of arguments.h). */
#define OPTION_MODEL(target)                                                                                           \
    {                                                                                                                  \
        .name = "model", .value = "FILE", .sentence = "a model file (GGUF); without it the demo model", .text = target \
    }
#define OPTION_THREADS(target)                                                                                         \
    {                                                                                                                  \
        .name = "threads", .value = "N", .sentence = "threads that compute; without it all cores", .integer = target,  \
        .minimum = 1, .maximum = 1024                                                                                  \
    }
#define OPTION_OUTPUT(target)                                                                                          \
    {                                                                                                                  \
        .name = "output", .value = "FILE", .sentence = "the model file to write", .required = true, .text = target     \
    }
#define OPTION_TYPE(target, names)                                                                                     \
    {                                                                                                                  \
        .name = "type", .value = "TYPE", .sentence = "of the matrices: " names, .default_text = "f16", .text = target  \
    }
