/* What the tests of core/file share: files in memory, bytes put together by hand, zip archives. */
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

/* --- zip --------------------------------------------------------------------------------------------------------- */

/* Stored members, written one after the other; zip_end() appends the directory. */
struct zip_bytes {
    struct buffer bytes, directory;
    unsigned n_members;
};

static inline uint32_t crc32_of(const uint8_t *data, size_t n)
{
    static uint32_t table[256];
    uint32_t crc = UINT32_MAX;

    for (uint32_t i = 0; i < 256 && !table[255]; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
    }
    for (size_t i = 0; i < n; i++)
        crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
    return ~crc;
}

static inline struct zip_bytes new_zip(void)
{
    return (struct zip_bytes){.bytes = new_bytes(), .directory = new_bytes()};
}

static inline void zip_add(struct zip_bytes *zip, const char *name, const void *data, size_t n)
{
    uint32_t crc = crc32_of(data, n), offset = (uint32_t)zip->bytes.size;
    struct buffer common = new_bytes(); /* the fields that both headers have */

    put_u16(&common, 20); /* version */
    put_u16(&common, 0);  /* flags */
    put_u16(&common, 0);  /* stored */
    put_u32(&common, 0);  /* time */
    put_u32(&common, crc);
    put_u32(&common, (uint32_t)n);
    put_u32(&common, (uint32_t)n);
    put_u16(&common, (uint16_t)strlen(name));
    put_u16(&common, 0); /* extra */
    put_u32(&zip->bytes, 0x04034b50);
    put(&zip->bytes, common.bytes, common.size);
    put(&zip->bytes, name, strlen(name));
    put(&zip->bytes, data, n);
    put_u32(&zip->directory, 0x02014b50);
    put_u16(&zip->directory, 20);
    put(&zip->directory, common.bytes, common.size);
    put_u16(&zip->directory, 0); /* comment */
    put_u16(&zip->directory, 0); /* disk */
    put_u16(&zip->directory, 0); /* attributes */
    put_u32(&zip->directory, 0);
    put_u32(&zip->directory, offset);
    put(&zip->directory, name, strlen(name));
    buffer_deinit(&common);
    zip->n_members++;
}

/* The whole archive, for the caller to release. */
static inline struct buffer zip_end(struct zip_bytes *zip)
{
    uint32_t offset = (uint32_t)zip->bytes.size;

    put(&zip->bytes, zip->directory.bytes, zip->directory.size);
    put_u32(&zip->bytes, 0x06054b50);
    put_u32(&zip->bytes, 0); /* disks */
    put_u16(&zip->bytes, (uint16_t)zip->n_members);
    put_u16(&zip->bytes, (uint16_t)zip->n_members);
    put_u32(&zip->bytes, (uint32_t)zip->directory.size);
    put_u32(&zip->bytes, offset);
    put_u16(&zip->bytes, 0); /* comment */
    buffer_deinit(&zip->directory);
    return zip->bytes;
}
