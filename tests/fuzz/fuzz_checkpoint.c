/* fuzz: file_dep, base_dep */
/* The input as a checkpoint, or, unless it begins like one, as the pickle of a checkpoint whose archive is sound: else
   the archive's checksums would keep every change from the pickle. Beginning and end of every tensor are read. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/file/checkpoint.h"
#include "tests/unit/file/zip_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUES_MAX 100

static void require(int condition)
{
    if (!condition)
        __builtin_trap();
}

static void touch(struct checkpoint *checkpoint, const struct checkpoint_tensor *tensor)
{
    uint64_t n = MIN(tensor->n_elements, (uint64_t)VALUES_MAX);
    struct error error = ERROR_NONE;
    float values[VALUES_MAX];

    require(checkpoint_find(checkpoint, tensor->name) == tensor);
    require(checkpoint_type_name(tensor->type) != NULL);
    checkpoint_read_f32(checkpoint, tensor, 0, n, values, NULL);
    checkpoint_read_f32(checkpoint, tensor, tensor->n_elements - n, n, values, NULL);
    require(checkpoint_read_f32(checkpoint, tensor, tensor->n_elements, 1, values, &error) == -EINVAL);
}

static void read_all(const void *bytes, size_t n)
{
    _cleanup_(checkpoint_closep) struct checkpoint *checkpoint = NULL;
    _cleanup_(closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct error error = ERROR_NONE;
    char path[64];
    int r;

    require(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    r = checkpoint_open(path, &checkpoint, &error);
    require(r == error.code && (r < 0) == !checkpoint);
    for (size_t i = 0; checkpoint && i < checkpoint_n_tensors(checkpoint); i++)
        touch(checkpoint, checkpoint_tensor(checkpoint, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t storage[256];
    struct zip_bytes zip;
    struct buffer bytes;

    if (size >= 2 && memcmp(data, "PK", 2) == 0) {
        read_all(data, size);
        return 0;
    }
    zip = new_zip();
    zip_add(&zip, "x/data.pkl", data, size);
    for (int i = 0; i < 4; i++) {
        char name[] = "x/data/0";

        name[sizeof(name) - 2] = (char)('0' + i);
        zip_add(&zip, name, storage, sizeof(storage));
    }
    bytes = zip_end(&zip);
    require(!bytes.failed);
    read_all(bytes.bytes, bytes.size);
    buffer_deinit(&bytes);
    return 0;
}
