/* Reads NPY files (NumPy's format, versions 1 to 3) without copying the numbers. */
#pragma once

#include <stddef.h>

#include "core/media/numbers.h"

struct error;

/* The array of a file, as a view into its bytes: booleans, integers and floats, at most four dimensions, either order.
 * -EBADMSG when the header is damaged, the type is something else (complex, text, objects, records), the file is
 * shorter than its header says, or the array is empty. */
int npy_parse(const void *bytes, size_t n_bytes, struct numbers *ret, struct error *error);
