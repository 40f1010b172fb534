/* What reader and writer of GGUF share: numbers of the format and our limits. */
#pragma once

#include <stdint.h>

#define GGUF_MAGIC 0x46554747u /* "GGUF" */
#define GGUF_ALIGNMENT_DEFAULT 32

#define GGUF_KEYS_MAX 65536
#define GGUF_TENSORS_MAX 65536
#define GGUF_KEY_BYTES_MAX 65535
#define GGUF_TENSOR_NAME_BYTES_MAX 64

enum gguf_type {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_N_TYPES,
};

static inline uint64_t gguf_align(uint64_t n, uint64_t alignment)
{
    return (n + alignment - 1) & ~(alignment - 1);
}
