/* Writes a NumPy array file (NPY 1.0, f32, C order, little endian). */
#pragma once

#include <stddef.h>

struct error;

/* The file appears under its name when it is complete, and not at all when writing fails. What is there and is no
 * regular file (a pipe, a device) is written to as it is. */
int npy_write(const char *path, const float *data, const size_t *shape, int n_dims, struct error *error);
