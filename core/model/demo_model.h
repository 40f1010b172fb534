/* The model that comes with the programs, for everybody who names none. Any thread. */
#pragma once

#include <limits.h>

struct error;

/* Looks in the folder of a program and then in each folder above it for share/onellmd/demo.gguf (as installed) and
 * config/demo/demo.gguf (in a clone); the first that is there counts.
 *   program  an absolute path; NULL: the running program
 * -ENOENT: there is none; the message says what was looked for. */
int demo_model_find(const char *program, char ret[PATH_MAX], struct error *error);
