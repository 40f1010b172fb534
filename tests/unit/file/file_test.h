/* What the tests of core/file share: files in memory, bytes put together by hand. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "tests/unit/file/zip_bytes.h"

#define BYTES_MAX ((size_t)256 << 20)

static inline struct buffer new_bytes(void)
{
    struct buffer bytes;

    buffer_init(&bytes, BYTES_MAX);
    return bytes;
}

static inline void put(struct buffer *bytes, const void *data, size_t n)
{
    assert_int_equal(buffer_append(bytes, data, n), 0);
}

static inline void put_u8(struct buffer *bytes, uint8_t value)
{
    put(bytes, &value, sizeof(value));
}

static inline void put_u16(struct buffer *bytes, uint16_t value)
{
    put(bytes, &value, sizeof(value));
}

static inline void put_u32(struct buffer *bytes, uint32_t value)
{
    put(bytes, &value, sizeof(value));
}

static inline void put_u64(struct buffer *bytes, uint64_t value)
{
    put(bytes, &value, sizeof(value));
}

/* A file in memory; its path under /proc/self/fd when `path` is not NULL (64 bytes). */
static inline int memory_file(const void *data, size_t n, char *path)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    for (size_t written = 0; written < n;) {
        ssize_t now = write(fd, (const char *)data + written, n - written);

        assert_true(now > 0);
        written += (size_t)now;
    }
    if (path)
        snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static inline struct buffer read_file(const char *path)
{
    struct buffer bytes = new_bytes();
    FILE *file = fopen(path, "rb");
    char block[4096];
    size_t n;

    assert_non_null(file);
    while ((n = fread(block, 1, sizeof(block), file)) > 0)
        put(&bytes, block, n);
    fclose(file);
    return bytes;
}

/* The message must have been set, with this code, and say this. */
static inline void assert_error(const struct error *error, int code, const char *part)
{
    if (error->code != code || !strstr(error->message, part))
        print_error("found %d '%s', expected %d '%s'\n", error->code, error->message, code, part);
    assert_int_equal(error->code, code);
    assert_non_null(strstr(error->message, part));
}
