/* fuzz: file_dep, tensor_dep, base_dep */
/* The input as a GGUF file: what the reader lends must lie in the file and be found by its name. */
#include <stdint.h>
#include <sys/mman.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "core/file/gguf_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        __builtin_trap();
}

static volatile unsigned sum; /* keeps the reads */

static void touch(const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum += ((const uint8_t *)bytes)[i];
}

static void touch_tensors(const struct gguf_reader *reader)
{
    size_t n_bytes = 0;

    for (size_t i = 0; i < gguf_reader_n_tensors(reader); i++) {
        const struct gguf_tensor *tensor = gguf_reader_tensor(reader, i);

        require(gguf_reader_find_tensor(reader, tensor->name) == tensor);
        require((uintptr_t)tensor->tensor.data % 32 == 0);
        n_bytes += tensor_n_bytes(&tensor->tensor);
        touch(tensor->tensor.data, tensor_n_bytes(&tensor->tensor));
    }
    require(n_bytes <= gguf_reader_n_bytes(reader));
}

static void touch_key(const struct gguf_reader *reader, const char *key)
{
    const struct gguf_string *strings;
    struct gguf_string text;
    const int32_t *i32s;
    const float *f32s;
    uint64_t integer;
    float real;
    bool boolean;
    size_t n;

    require(gguf_reader_has(reader, key));
    gguf_reader_u64(reader, key, &integer, NULL);
    gguf_reader_f32(reader, key, &real, NULL);
    gguf_reader_bool(reader, key, &boolean, NULL);
    if (gguf_reader_string(reader, key, &text, NULL) == 0)
        touch(text.text, text.n);
    if (gguf_reader_f32s(reader, key, &f32s, &n, NULL) == 0)
        touch(f32s, n * sizeof(*f32s));
    if (gguf_reader_i32s(reader, key, &i32s, &n, NULL) == 0)
        touch(i32s, n * sizeof(*i32s));
    if (gguf_reader_strings(reader, key, &strings, &n, NULL) == 0)
        for (size_t i = 0; i < n; i++)
            touch(strings[i].text, strings[i].n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    struct error error = ERROR_NONE;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    int r;

    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    r = gguf_reader_open_fd(fd, "fuzz", &reader, &error);
    require(r == error.code && (r < 0) == !reader);
    if (r < 0)
        return 0;
    touch_tensors(reader);
    for (size_t i = 0; i < gguf_reader_n_keys(reader); i++) {
        touch_key(reader, gguf_reader_key(reader, i));
        value_free(gguf_reader_value(reader, i, 8));
    }
    return 0;
}
