/* GGUF written, read back, cut, and bent in every field. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "core/file/gguf_reader.h"
#include "core/file/gguf_writer.h"

static const float matrix[2][3] = {{1, -2, 3.5f}, {0, 1e-20f, -7}};
static const uint16_t halves[5] = {0x3c00, 0xbc00, 0x7bff, 0x0001, 0x8000};
static const uint8_t brains[4] = {0x80, 0x3f, 0x00, 0xc0};

/* One key of every kind that the writer knows and three tensors. */
static struct gguf_writer *plan(struct gguf_writer *writer)
{
    gguf_writer_set_string(writer, "general.architecture", "onellm");
    gguf_writer_add(writer, "a.weight", &(struct tensor){TENSOR_F32, 2, {3, 2, 1, 1}, NULL});
    gguf_writer_set_u32(writer, "u32", UINT32_MAX);
    gguf_writer_set_u64(writer, "u64", UINT64_MAX);
    gguf_writer_set_f32(writer, "f32", 1e-5f);
    gguf_writer_set_bool(writer, "bool", true);
    gguf_writer_add(writer, "b", &(struct tensor){TENSOR_F16, 1, {5, 1, 1, 1}, NULL});
    gguf_writer_set_strings(writer, "strings", (const char *[]){"x", "a\0b", ""}, (size_t[]){1, 3, 0}, 3);
    gguf_writer_set_strings(writer, "words", (const char *[]){"one", "two"}, NULL, 2);
    gguf_writer_set_f32s(writer, "f32s", (float[]){0.5f, -1}, 2);
    gguf_writer_set_i32s(writer, "i32s", (int32_t[]){3, -4, INT32_MIN}, 3);
    gguf_writer_set_i32s(writer, "none", (int32_t[]){0}, 0);
    gguf_writer_add(writer, "c", &(struct tensor){TENSOR_BF16, 4, {1, 1, 1, 2}, NULL});
    return writer;
}

static void write_data(struct gguf_writer *writer)
{
    /* In pieces that ignore the borders of the tensors. */
    uint8_t all[sizeof(matrix) + sizeof(halves) + sizeof(brains)];

    memcpy(all, matrix, sizeof(matrix));
    memcpy(all + sizeof(matrix), halves, sizeof(halves));
    memcpy(all + sizeof(matrix) + sizeof(halves), brains, sizeof(brains));
    assert_int_equal(gguf_writer_data(writer, all, 7, NULL), 0);
    assert_int_equal(gguf_writer_data(writer, all + 7, sizeof(all) - 7, NULL), 0);
}

/* The sample file in memory. */
static size_t sample(uint8_t **ret)
{
    _cleanup_(gguf_writer_freep) struct gguf_writer *writer = NULL;
    _cleanup_(closep) int fd = memfd_create("sample", MFD_CLOEXEC);
    uint64_t n;

    assert_int_equal(gguf_writer_open_fd(fd, &writer, NULL), 0);
    assert_int_equal(gguf_writer_begin(plan(writer), &n, NULL), 0);
    write_data(writer);
    assert_int_equal(gguf_writer_finish(writer, NULL), 0);
    *ret = malloc(n);
    assert_int_equal(pread(fd, *ret, n, 0), n);
    assert_int_equal(lseek(fd, 0, SEEK_END), n);
    assert_int_equal(n % 32, 0);
    return n;
}

static int open_bytes(const void *bytes, size_t n, struct gguf_reader **ret, struct error *error)
{
    int fd = memfd_create("gguf", MFD_CLOEXEC);

    assert_int_equal(write(fd, bytes, n), n);
    return gguf_reader_open_fd(fd, "test.gguf", ret, error);
}

static void check_sample(const struct gguf_reader *reader)
{
    const struct gguf_tensor *tensor;
    const struct gguf_string *strings;
    struct gguf_string text;
    const int32_t *i32s;
    const float *f32s;
    uint64_t integer;
    float real;
    bool boolean;
    size_t n;

    assert_int_equal(gguf_reader_n_tensors(reader), 3);
    assert_string_equal(gguf_reader_tensor(reader, 0)->name, "a.weight");
    tensor = gguf_reader_find_tensor(reader, "a.weight");
    assert_ptr_equal(tensor, gguf_reader_tensor(reader, 0));
    assert_int_equal(tensor->tensor.type, TENSOR_F32);
    assert_int_equal(tensor->tensor.n_dims, 2);
    assert_int_equal(tensor->tensor.shape[0], 3);
    assert_int_equal(tensor->tensor.shape[1], 2);
    assert_int_equal(tensor->tensor.shape[3], 1);
    assert_memory_equal(tensor->tensor.data, matrix, sizeof(matrix));
    tensor = gguf_reader_find_tensor(reader, "b");
    assert_int_equal(tensor->tensor.type, TENSOR_F16);
    assert_memory_equal(tensor->tensor.data, halves, sizeof(halves));
    tensor = gguf_reader_find_tensor(reader, "c");
    assert_int_equal(tensor->tensor.n_dims, 4);
    assert_int_equal(tensor->tensor.shape[3], 2);
    assert_memory_equal(tensor->tensor.data, brains, sizeof(brains));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal((uintptr_t)gguf_reader_tensor(reader, i)->tensor.data % 32, 0);
    assert_null(gguf_reader_find_tensor(reader, "d"));

    assert_int_equal(gguf_reader_string(reader, "general.architecture", &text, NULL), 0);
    assert_int_equal(text.n, 6);
    assert_memory_equal(text.text, "onellm", 6);
    assert_int_equal(gguf_reader_u64(reader, "u32", &integer, NULL), 0);
    assert_int_equal(integer, UINT32_MAX);
    assert_int_equal(gguf_reader_u64(reader, "u64", &integer, NULL), 0);
    assert_true(integer == UINT64_MAX);
    assert_int_equal(gguf_reader_f32(reader, "f32", &real, NULL), 0);
    assert_true(real == 1e-5f);
    assert_int_equal(gguf_reader_bool(reader, "bool", &boolean, NULL), 0);
    assert_true(boolean);
    assert_int_equal(gguf_reader_strings(reader, "strings", &strings, &n, NULL), 0);
    assert_int_equal(n, 3);
    assert_int_equal(strings[1].n, 3);
    assert_memory_equal(strings[1].text, "a\0b", 3);
    assert_int_equal(strings[2].n, 0);
    assert_int_equal(gguf_reader_strings(reader, "words", &strings, &n, NULL), 0);
    assert_memory_equal(strings[1].text, "two", 3);
    assert_int_equal(gguf_reader_f32s(reader, "f32s", &f32s, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_true(f32s[0] == 0.5f && f32s[1] == -1);
    assert_int_equal(gguf_reader_i32s(reader, "i32s", &i32s, &n, NULL), 0);
    assert_int_equal(n, 3);
    assert_int_equal(i32s[2], INT32_MIN);
    assert_int_equal(gguf_reader_i32s(reader, "none", &i32s, &n, NULL), 0);
    assert_int_equal(n, 0);
    assert_true(gguf_reader_has(reader, "none"));
    assert_false(gguf_reader_has(reader, "nothing"));
}

static void reads_what_was_written(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    _cleanup_(freep) uint8_t *bytes = NULL;
    size_t n = sample(&bytes);

    (void)state;
    assert_int_equal(open_bytes(bytes, n, &reader, NULL), 0);
    assert_int_equal(gguf_reader_n_bytes(reader), n);
    check_sample(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
