/* Files that come with the running program, installed or in a build folder. Any thread. */
#pragma once

#include <limits.h>
#include <stddef.h>

/* Looks in the folder of a program and then in each folder above it for each of n places, which are relative paths; the
 * first that is there counts.
 *   program  an absolute path; NULL: the running program
 * -ENOENT: there is none; or why the running program is not known. */
int program_find(const char *program, const char *const *places, size_t n, char ret[PATH_MAX]);
