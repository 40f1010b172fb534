/* A small model of the real structure with random weights, for tests of what stands on a model: same seed, same model.
 */
#pragma once

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/file/gguf_writer.h"
#include "core/model/synthesize.h"
#include "core/tensor/tensor.h"

/* Path of the file, which exists as long as this program; NULL when there is no memory for it. */
static const char *tiny_model(void)
{
    static char path[64];
    struct gguf_writer *writer = NULL;
    int fd, r;

    if (path[0])
        return path;
    fd = memfd_create("tiny.gguf", MFD_CLOEXEC);
    if (fd < 0)
        return NULL;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    r = gguf_writer_open_fd(fd, &writer, NULL);
    if (r == 0)
        r = synthesize_model(synthesize_shape("tiny"), TENSOR_F16, 1, writer, NULL, NULL, NULL);
    gguf_writer_free(writer);
    return r < 0 ? NULL : path;
}
