#include "core/cli/npy_writer.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/file/mapped_file.h"

#define PREAMBLE_BYTES 10 /* magic, version, length of the header */
#define ALIGNMENT 64      /* of the data */

/* Returns the length of preamble and header. */
static size_t make_header(char *ret, size_t size, const size_t *shape, int n_dims)
{
    size_t n = PREAMBLE_BYTES, padded;

    n += (size_t)snprintf(ret + n, size - n, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (int i = 0; i < n_dims; i++)
        n += (size_t)snprintf(ret + n, size - n, "%zu%s", shape[i], i + 1 < n_dims ? ", " : n_dims == 1 ? "," : "");
    n += (size_t)snprintf(ret + n, size - n, "), }");
    padded = (n + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(ret + n, ' ', padded - n);
    ret[padded - 1] = '\n';
    memcpy(ret, "\x93NUMPY\x01", 8); /* with the NUL of the literal as minor version */
    ret[8] = (char)((padded - PREAMBLE_BYTES) & 0xff);
    ret[9] = (char)((padded - PREAMBLE_BYTES) >> 8);
    return padded;
}

static int write_all(const char *path, const float *data, const size_t *shape, int n_dims, struct error *error)
{
    _cleanup_(fclosep) FILE *file = fopen(path, "wbe");
    char header[512];
    size_t n = 1;

    for (int i = 0; i < n_dims; i++)
        n *= shape[i];
    if (!file)
        return error_set(error, -errno, "cannot be created: %s", strerror(errno));
    if (fwrite(header, 1, make_header(header, sizeof(header), shape, n_dims), file) == 0 ||
        fwrite(data, sizeof(*data), n, file) < n || fflush(file) != 0)
        return error_set(error, -errno, "cannot be written: %s", strerror(errno));
    if (fclose(TAKE_PTR(file)) != 0)
        return error_set(error, -errno, "cannot be written: %s", strerror(errno));
    return 0;
}

int npy_write(const char *path, const float *data, const size_t *shape, int n_dims, struct error *error)
{
    _cleanup_(freep) char *temporary = NULL;
    struct stat status;
    int r;

    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        r = write_all(path, data, shape, n_dims, error);
    } else {
        if (asprintf(&temporary, "%s.%ld.partial", path, (long)getpid()) < 0) {
            temporary = NULL;
            return error_set(error, -ENOMEM, "no memory for a file name");
        }
        r = write_all(temporary, data, shape, n_dims, error);
        if (r == 0 && rename(temporary, path) < 0)
            r = error_set(error, -errno, "cannot be renamed into place: %s", strerror(errno));
        if (r < 0)
            remove(temporary);
    }
    if (r < 0)
        mapped_file_error_at(error, path);
    return r;
}
