/* Bounds-checked reads from untrusted memory. A failed read sets `failed`, returns zeros, and every later read fails
   too, so a parser may read a whole header and check once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *at, *end;
    bool failed;
};

static inline struct bytes bytes_of(const void *data, size_t n)
{
    return (struct bytes){.at = data, .end = (const uint8_t *)data + n};
}

static inline size_t bytes_left(const struct bytes *bytes)
{
    return (size_t)(bytes->end - bytes->at);
}

/* The next n bytes, or NULL; n may come straight from the file. */
static inline const void *bytes_take(struct bytes *bytes, uint64_t n)
{
    const void *taken = bytes->at;

    if (bytes->failed || n > bytes_left(bytes)) {
        bytes->failed = true;
        return NULL;
    }
    bytes->at += n;
    return taken;
}

static inline void bytes_copy(struct bytes *bytes, void *ret, size_t n)
{
    const void *taken = bytes_take(bytes, n);

    if (taken)
        memcpy(ret, taken, n);
    else
        memset(ret, 0, n);
}

/* Little endian, like every format read here; the machines that this runs on are little endian too. */
#define DEFINE_BYTES_READ(name, type)                                                                                  \
    static inline type bytes_##name(struct bytes *bytes)                                                               \
    {                                                                                                                  \
        type value;                                                                                                    \
        bytes_copy(bytes, &value, sizeof(value));                                                                      \
        return value;                                                                                                  \
    }
DEFINE_BYTES_READ(u8, uint8_t)
DEFINE_BYTES_READ(u16, uint16_t)
DEFINE_BYTES_READ(u32, uint32_t)
DEFINE_BYTES_READ(u64, uint64_t)
DEFINE_BYTES_READ(i16, int16_t)
DEFINE_BYTES_READ(i32, int32_t)
DEFINE_BYTES_READ(i64, int64_t)
DEFINE_BYTES_READ(f32, float)
DEFINE_BYTES_READ(f64, double)
#undef DEFINE_BYTES_READ
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "file formats are read in place");
