/* A question on the command line: every field of core/answer/fields.def and every file part as an option, with dashes
   for dots and underscores ("imu.timestamps" is --imu-timestamps), in the order in which they are given. One thread. */
#pragma once

#include "core/answer/question.h"
#include "core/cli/arguments.h"
#include "core/file/mapped_file.h"

#define QUESTION_OPTIONS_MAX 48

struct question_options {
    struct question question;
    struct mapped_file files[QUESTION_FILES_MAX];
    size_t n_files;

    struct option_row rows[QUESTION_OPTIONS_MAX]; /* files first, then fields, then the command's own */
    char names[QUESTION_OPTIONS_MAX][32];
    size_t n_rows;
};

/* What to offer: the files and their options, or all fields. */
enum question_scope {
    QUESTION_MEDIA,
    QUESTION_ALL,
};

/* Makes the rows and sets the defaults; the command's `own` rows are copied behind them. */
void question_options_init(struct question_options *options, enum question_scope scope, const struct option_row *own,
                           size_t n_own);
/* As arguments_parse(), without positionals. */
int question_options_parse(const struct question_options *options, const char *command, const char *sentence, int argc,
                           char **argv);
void question_options_deinit(struct question_options *options);

/* Names the option instead of the field as the place of an error. */
void question_options_error(struct error *error);
