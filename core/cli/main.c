/* The tool beside the daemon: one program, one subcommand per file command_….c. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/cli/cli.h"
#include "core/cli/progress.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *sentence;
} commands[] = {
    {"answer", command_answer, "answer a question about files"},
    {"bench", command_bench, "measure how fast a model is on this machine"},
    {"convert", command_convert, "make a model file of an official checkpoint"},
    {"encode", command_encode, "write one stage of the network for one medium as NPY"},
    {"inspect", command_inspect, "show what is in a model file"},
    {"modalities", command_modalities, "show what kinds of files can be asked about"},
    {"quantize", command_quantize, "make a smaller model file"},
    {"synthesize", command_synthesize, "make a model file with random weights"},
    {"tokenize", command_tokenize, "turn text into tokens and back"},
};

static void print_help(FILE *file)
{
    fprintf(file, "onellm: ask a model about images, films, sound, point clouds, depth, normals, motion and fMRI.\n\n"
                  "Usage: onellm COMMAND [options]\n\n");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(file, "  %-12s%s\n", commands[i].name, commands[i].sentence);
    fprintf(file, "\n\"onellm COMMAND --help\" lists the options of a command.\n");
}

int main(int argc, char **argv)
{
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error to be reported, not a reason to die */
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return finish_output("--help");
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("onellm %s\n", ONELLM_VERSION);
        return finish_output("--version");
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            int status = commands[i].run(argc - 2, argv + 2);

            interrupt_finish();
            return status;
        }
    fprintf(stderr, "onellm: unknown command \"%s\"\nTry \"onellm --help\".\n", argv[1]);
    return EXIT_USAGE;
}
