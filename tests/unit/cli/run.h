/* Runs a subcommand inside the test, with its streams in temporary files. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"

#define WORDS_MAX 40

struct run {
    int status;
    char *out, *err; /* NUL-terminated, malloc'ed */
    size_t n_out;
};

static inline void run_deinit(struct run *run)
{
    free(run->out);
    free(run->err);
}

static inline char *run_slurp(FILE *file, size_t *ret_n)
{
    long n = (fseek(file, 0, SEEK_END), ftell(file));
    char *text = calloc((size_t)n + 1, 1);

    rewind(file);
    *ret_n = fread(text, 1, (size_t)n, file);
    return text;
}

/* The words of the command line end with NULL; input is what stands on stdin. */
static inline struct run run_command(int (*command)(int argc, char **argv), const char *input, const char *const *words)
{
    _cleanup_(fclosep) FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
    int old_out = dup(STDOUT_FILENO), old_err = dup(STDERR_FILENO), argc = 0;
    char *argv[WORDS_MAX];
    struct run run = {0};
    size_t n;

    for (; words[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    fwrite(input, 1, strlen(input), in);
    rewind(in);
    fflush(stdout);
    dup2(fileno(out), STDOUT_FILENO);
    dup2(fileno(err), STDERR_FILENO);
    dup2(fileno(in), STDIN_FILENO);
    clearerr(stdin);
    setvbuf(stdin, NULL, _IONBF, 0); /* the next run reads from another file */
    run.status = command(argc, argv);
    fflush(stdout);
    dup2(old_out, STDOUT_FILENO);
    dup2(old_err, STDERR_FILENO);
    close(old_out);
    close(old_err);
    run.out = run_slurp(out, &run.n_out);
    run.err = run_slurp(err, &n);
    return run;
}
#define RUN(command, input, ...) run_command(command, input, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* Fails the test with what the command said. */
#define assert_run(run, status_, text)                                                                                 \
    do {                                                                                                               \
        if ((run).status != (status_) || !strstr((run).err, text))                                                     \
            fail_msg("status %d, expected %d and \"%s\":\n%s", (run).status, status_, text, (run).err);                \
    } while (0)
