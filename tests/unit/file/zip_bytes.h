/* A zip archive put together in memory. Failures are remembered by its buffers. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "core/base/buffer.h"

/* Stored members, written one after the other; zip_end() appends the directory. */
struct zip_bytes {
    struct buffer bytes, directory;
    unsigned n_members;
};

static inline struct buffer zip_buffer(void)
{
    struct buffer bytes;

    buffer_init(&bytes, (size_t)256 << 20);
    return bytes;
}

static inline void zip_put(struct buffer *bytes, size_t n, uint32_t value)
{
    buffer_append(bytes, &value, n);
}

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
    return (struct zip_bytes){.bytes = zip_buffer(), .directory = zip_buffer()};
}

static inline void zip_add(struct zip_bytes *zip, const char *name, const void *data, size_t n)
{
    uint32_t crc = crc32_of(data, n), offset = (uint32_t)zip->bytes.size;
    struct buffer common = zip_buffer(); /* the fields that both headers have */

    zip_put(&common, 2, 20); /* version */
    zip_put(&common, 2, 0);  /* flags */
    zip_put(&common, 2, 0);  /* stored */
    zip_put(&common, 4, 0);  /* time */
    zip_put(&common, 4, crc);
    zip_put(&common, 4, (uint32_t)n);
    zip_put(&common, 4, (uint32_t)n);
    zip_put(&common, 2, (uint16_t)strlen(name));
    zip_put(&common, 2, 0); /* extra */
    zip_put(&zip->bytes, 4, 0x04034b50);
    buffer_append(&zip->bytes, common.bytes, common.size);
    buffer_append(&zip->bytes, name, strlen(name));
    buffer_append(&zip->bytes, data, n);
    zip_put(&zip->directory, 4, 0x02014b50);
    zip_put(&zip->directory, 2, 20);
    buffer_append(&zip->directory, common.bytes, common.size);
    zip_put(&zip->directory, 2, 0); /* comment */
    zip_put(&zip->directory, 2, 0); /* disk */
    zip_put(&zip->directory, 2, 0); /* attributes */
    zip_put(&zip->directory, 4, 0);
    zip_put(&zip->directory, 4, offset);
    buffer_append(&zip->directory, name, strlen(name));
    buffer_deinit(&common);
    zip->n_members++;
}

/* The whole archive, for the caller to release. */
static inline struct buffer zip_end(struct zip_bytes *zip)
{
    uint32_t offset = (uint32_t)zip->bytes.size;

    buffer_append(&zip->bytes, zip->directory.bytes, zip->directory.size);
    zip_put(&zip->bytes, 4, 0x06054b50);
    zip_put(&zip->bytes, 4, 0); /* disks */
    zip_put(&zip->bytes, 2, (uint16_t)zip->n_members);
    zip_put(&zip->bytes, 2, (uint16_t)zip->n_members);
    zip_put(&zip->bytes, 4, (uint32_t)zip->directory.size);
    zip_put(&zip->bytes, 4, offset);
    zip_put(&zip->bytes, 2, 0); /* comment */
    buffer_deinit(&zip->directory);
    return zip->bytes;
}
