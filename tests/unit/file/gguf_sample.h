/* A GGUF file with one key of every kind that the writer knows and three tensors. */
#pragma once

#include "core/file/gguf_writer.h"
#include "tests/unit/file/file_test.h"

static const float sample_matrix[2][3] = {{1, -2, 3.5f}, {0, 1e-20f, -7}};
static const uint16_t sample_halves[5] = {0x3c00, 0xbc00, 0x7bff, 0x0001, 0x8000};
static const uint8_t sample_brains[4] = {0x80, 0x3f, 0x00, 0xc0};

#define SAMPLE_DATA_BYTES (sizeof(sample_matrix) + sizeof(sample_halves) + sizeof(sample_brains))
#define SAMPLE_PADDING_BYTES (32 - sizeof(sample_brains)) /* behind the last tensor */

static inline void sample_plan(struct gguf_writer *writer)
{
    gguf_writer_set_string(writer, "general.architecture", "onellm");
    gguf_writer_add(writer, "a.weight", &(struct tensor){TENSOR_F32, 2, {3, 2, 1, 1}, NULL});
    gguf_writer_set_u32(writer, "u32", UINT32_MAX);
    gguf_writer_set_u64(writer, "u64", UINT64_MAX);
    gguf_writer_set_f32(writer, "f32", 1e-5f);
    gguf_writer_set_bool(writer, "bool", true);
    gguf_writer_add(writer, "b", &(struct tensor){TENSOR_F16, 1, {5, 1, 1, 1}, NULL});
    gguf_writer_set_strings(writer, "strings", (const char *const[]){"x", "a\0b", ""}, (const size_t[]){1, 3, 0}, 3);
    gguf_writer_set_strings(writer, "words", (const char *const[]){"one", "two"}, NULL, 2);
    gguf_writer_set_f32s(writer, "f32s", (const float[]){0.5f, -1}, 2);
    gguf_writer_set_i32s(writer, "i32s", (const int32_t[]){3, -4, INT32_MIN}, 3);
    gguf_writer_set_i32s(writer, "none", (const int32_t[]){0}, 0);
    gguf_writer_add(writer, "c", &(struct tensor){TENSOR_BF16, 4, {1, 1, 1, 2}, NULL});
}

/* The data of all tensors without what lies between them. */
static inline void sample_data(uint8_t ret[SAMPLE_DATA_BYTES])
{
    memcpy(ret, sample_matrix, sizeof(sample_matrix));
    memcpy(ret + sizeof(sample_matrix), sample_halves, sizeof(sample_halves));
    memcpy(ret + sizeof(sample_matrix) + sizeof(sample_halves), sample_brains, sizeof(sample_brains));
}

static inline struct buffer sample_bytes(void)
{
    _cleanup_(gguf_writer_freep) struct gguf_writer *writer = NULL;
    int fd = memory_file("", 0, NULL);
    struct buffer bytes = new_bytes();
    uint8_t data[SAMPLE_DATA_BYTES];
    char block[4096];
    uint64_t n;

    assert_int_equal(gguf_writer_open_fd(fd, &writer, NULL), 0);
    sample_plan(writer);
    assert_int_equal(gguf_writer_begin(writer, &n, NULL), 0);
    sample_data(data);
    /* In pieces that ignore the borders of the tensors. */
    assert_int_equal(gguf_writer_data(writer, data, 7, NULL), 0);
    assert_int_equal(gguf_writer_data(writer, data + 7, sizeof(data) - 7, NULL), 0);
    assert_int_equal(gguf_writer_finish(writer, NULL), 0);
    assert_int_equal(pread(fd, block, sizeof(block), 0), n);
    put(&bytes, block, n);
    close(fd);
    return bytes;
}
