#include "core/file/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"

static int regular_size(int fd, size_t *ret, struct error *error)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return error_set(error, -errno, "cannot be examined: %s", strerror(errno));
    if (S_ISDIR(status.st_mode))
        return error_set(error, -EISDIR, "is a directory, expected a file");
    if (!S_ISREG(status.st_mode))
        return error_set(error, -EINVAL, "is not a regular file");
    *ret = (size_t)status.st_size;
    return 0;
}

int mapped_file_open(const char *path, int *ret_fd, struct error *error)
{
    /* Without O_NONBLOCK opening a pipe would wait for its writer; regular files do not care. */
    _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    size_t n;
    int r;

    if (fd < 0)
        return error_set(error, -errno, "cannot be opened: %s", strerror(errno));
    r = regular_size(fd, &n, error);
    if (r < 0)
        return r;
    *ret_fd = fd;
    fd = -1;
    return 0;
}

int mapped_file_map(struct mapped_file *file, int fd, struct error *error)
{
    size_t n;
    void *bytes;
    int r;

    r = regular_size(fd, &n, error);
    if (r < 0)
        return r;
    if (n == 0) { /* mmap refuses this length */
        *file = (struct mapped_file){.bytes = (const uint8_t *)""};
        return 0;
    }
    bytes = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return error_set(error, -errno, "cannot be mapped into memory: %s", strerror(errno));
    *file = (struct mapped_file){.bytes = bytes, .n = n};
    return 0;
}

void mapped_file_unmap(struct mapped_file *file)
{
    if (file->n)
        munmap((void *)(uintptr_t)file->bytes, file->n);
    *file = (struct mapped_file){0};
}

void mapped_file_forget(const void *bytes, size_t n)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = ((uintptr_t)bytes + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)bytes + n) / page * page;

    if (begin < end)
        madvise((void *)begin, end - begin, MADV_DONTNEED); /* the mapping is read-only, so nothing can be lost */
}

void mapped_file_error_at(struct error *error, const char *path)
{
    const size_t n = strlen(path), n_max = sizeof(error->at) - 1;

    if (n <= n_max)
        error_at(error, "%s", path);
    else
        error_at(error, "...%s", path + n - (n_max - 3));
}
