/* The numbers of a file that holds nothing but numbers: NPY or text. */
#pragma once

#include "core/media/numbers.h"
#include "core/media/sniff.h"
#include "core/media/table.h"

struct error;
struct media_job;
struct raw_media;

/* Embedded; zero-filled is empty. */
struct number_file {
    struct table table;     /* text: also the names of the columns */
    struct numbers numbers; /* into the table, or into the job's bytes */
};

/* Reads FORMAT_NPY or FORMAT_TEXT; see npy_parse() and table_parse(). */
int number_file_read(const struct media_job *job, enum file_format format, struct number_file *ret,
                     struct error *error);
void number_file_deinit(struct number_file *file);
