/* The sample is read, cut at every byte and changed at every byte; files put together by hand are wrong in one way
   each. */
#include "tests/unit/file/gguf_sample.h"

#include "core/base/value.h"
#include "core/file/gguf_format.h"
#include "core/file/gguf_reader.h"

static int open_bytes(const void *bytes, size_t n, struct gguf_reader **ret, struct error *error)
{
    return gguf_reader_open_fd(memory_file(bytes, n, NULL), "folder/test.gguf", ret, error);
}

/* --- the sample -------------------------------------------------------------------------------------------------- */

static void check_tensors(const struct gguf_reader *reader)
{
    const struct gguf_tensor *tensor = gguf_reader_find_tensor(reader, "a.weight");

    assert_int_equal(gguf_reader_n_tensors(reader), 3);
    assert_ptr_equal(tensor, gguf_reader_tensor(reader, 0));
    assert_string_equal(tensor->name, "a.weight");
    assert_int_equal(tensor->tensor.type, TENSOR_F32);
    assert_int_equal(tensor->tensor.n_dims, 2);
    assert_int_equal(tensor->tensor.shape[0], 3);
    assert_int_equal(tensor->tensor.shape[1], 2);
    assert_int_equal(tensor->tensor.shape[2], 1);
    assert_int_equal(tensor->tensor.shape[3], 1);
    assert_memory_equal(tensor->tensor.data, sample_matrix, sizeof(sample_matrix));
    tensor = gguf_reader_find_tensor(reader, "b");
    assert_int_equal(tensor->tensor.type, TENSOR_F16);
    assert_memory_equal(tensor->tensor.data, sample_halves, sizeof(sample_halves));
    tensor = gguf_reader_find_tensor(reader, "c");
    assert_int_equal(tensor->tensor.type, TENSOR_BF16);
    assert_int_equal(tensor->tensor.n_dims, 4);
    assert_int_equal(tensor->tensor.shape[3], 2);
    assert_memory_equal(tensor->tensor.data, sample_brains, sizeof(sample_brains));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal((uintptr_t)gguf_reader_tensor(reader, i)->tensor.data % 32, 0);
    assert_null(gguf_reader_find_tensor(reader, "d"));
}

static void check_scalars(const struct gguf_reader *reader)
{
    struct gguf_string text;
    uint64_t integer;
    float real;
    bool boolean;

    assert_int_equal(gguf_reader_string(reader, "general.architecture", &text, NULL), 0);
    assert_int_equal(text.n, 6);
    assert_memory_equal(text.text, "onellm", 6);
    assert_int_equal(gguf_reader_u64(reader, "u32", &integer, NULL), 0);
    assert_true(integer == UINT32_MAX);
    assert_int_equal(gguf_reader_u64(reader, "u64", &integer, NULL), 0);
    assert_true(integer == UINT64_MAX);
    assert_int_equal(gguf_reader_f32(reader, "f32", &real, NULL), 0);
    assert_true(real == 1e-5f);
    assert_int_equal(gguf_reader_bool(reader, "bool", &boolean, NULL), 0);
    assert_true(boolean);
    assert_true(gguf_reader_has(reader, "none"));
    assert_false(gguf_reader_has(reader, "nothing"));
}

static void check_arrays(const struct gguf_reader *reader)
{
    const struct gguf_string *strings;
    const int32_t *i32s;
    const float *f32s;
    size_t n;

    assert_int_equal(gguf_reader_strings(reader, "strings", &strings, &n, NULL), 0);
    assert_int_equal(n, 3);
    assert_int_equal(strings[0].n, 1);
    assert_int_equal(strings[1].n, 3);
    assert_memory_equal(strings[1].text, "a\0b", 3);
    assert_int_equal(strings[2].n, 0);
    assert_int_equal(gguf_reader_strings(reader, "words", &strings, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_memory_equal(strings[1].text, "two", 3);
    assert_int_equal(gguf_reader_f32s(reader, "f32s", &f32s, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_true(f32s[0] == 0.5f && f32s[1] == -1);
    assert_int_equal(gguf_reader_i32s(reader, "i32s", &i32s, &n, NULL), 0);
    assert_int_equal(n, 3);
    assert_true(i32s[0] == 3 && i32s[1] == -4 && i32s[2] == INT32_MIN);
    assert_int_equal(gguf_reader_i32s(reader, "none", &i32s, &n, NULL), 0);
    assert_int_equal(n, 0);
}

static void reads_what_was_written(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    _cleanup_(buffer_deinit) struct buffer bytes = sample_bytes();

    (void)state;
    assert_int_equal(open_bytes(bytes.bytes, bytes.size, &reader, NULL), 0);
    assert_int_equal(gguf_reader_n_bytes(reader), bytes.size);
    check_tensors(reader);
    check_scalars(reader);
    check_arrays(reader);
}

static void opens_paths(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    _cleanup_(buffer_deinit) struct buffer bytes = sample_bytes();
    struct error error = ERROR_NONE;
    char path[64];
    int fd;

    (void)state;
    fd = memory_file(bytes.bytes, bytes.size, path);
    assert_int_equal(gguf_reader_open(path, &reader, NULL), 0);
    close(fd);
    check_tensors(reader);
    assert_int_equal(gguf_reader_open("/nowhere/x.gguf", &reader, &error), -ENOENT);
    assert_error(&error, -ENOENT, "cannot be opened: No such file");
    assert_string_equal(error.at, "/nowhere/x.gguf");
    assert_int_equal(gguf_reader_open("/", &reader, NULL), -EISDIR);
}

static void says_what_does_not_fit(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    _cleanup_(buffer_deinit) struct buffer bytes = sample_bytes();
    struct gguf_string text;
    struct error error = ERROR_NONE;
    const struct gguf_string *strings;
    const int32_t *i32s;
    const float *f32s;
    uint64_t integer;
    float real;
    bool boolean;
    size_t n;

    (void)state;
    assert_int_equal(open_bytes(bytes.bytes, bytes.size, &reader, NULL), 0);
    assert_int_equal(gguf_reader_u64(reader, "none.such", &integer, &error), -ENOENT);
    assert_error(&error, -ENOENT, "the file has no key 'none.such'");
    error = ERROR_NONE;
    assert_int_equal(gguf_reader_u64(reader, "f32", &integer, &error), -EINVAL);
    assert_error(&error, -EINVAL, "key 'f32' is f32, expected an integer");
    assert_int_equal(gguf_reader_u64(reader, "i32s", &integer, NULL), -EINVAL);
    assert_int_equal(gguf_reader_u64(reader, "words", &integer, NULL), -EINVAL);
    error = ERROR_NONE;
    assert_int_equal(gguf_reader_f32(reader, "u32", &real, &error), -EINVAL);
    assert_error(&error, -EINVAL, "key 'u32' is u32, expected f32");
    assert_int_equal(gguf_reader_f32(reader, "f32s", &real, NULL), -EINVAL);
    assert_int_equal(gguf_reader_bool(reader, "u32", &boolean, NULL), -EINVAL);
    error = ERROR_NONE;
    assert_int_equal(gguf_reader_string(reader, "words", &text, &error), -EINVAL);
    assert_error(&error, -EINVAL, "key 'words' is an array of string, expected a string");
    assert_int_equal(gguf_reader_strings(reader, "general.architecture", &strings, &n, NULL), -EINVAL);
    assert_int_equal(gguf_reader_strings(reader, "f32s", &strings, &n, NULL), -EINVAL);
    assert_int_equal(gguf_reader_f32s(reader, "i32s", &f32s, &n, NULL), -EINVAL);
    assert_int_equal(gguf_reader_i32s(reader, "f32s", &i32s, &n, NULL), -EINVAL);
    assert_int_equal(gguf_reader_f32(reader, "x", &real, NULL), -ENOENT);
    assert_int_equal(gguf_reader_bool(reader, "x", &boolean, NULL), -ENOENT);
    assert_int_equal(gguf_reader_string(reader, "x", &text, NULL), -ENOENT);
    assert_int_equal(gguf_reader_strings(reader, "x", &strings, &n, NULL), -ENOENT);
    assert_int_equal(gguf_reader_f32s(reader, "x", &f32s, &n, NULL), -ENOENT);
    assert_int_equal(gguf_reader_i32s(reader, "x", &i32s, &n, NULL), -ENOENT);
}

static void lists_values_for_people(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    _cleanup_(buffer_deinit) struct buffer bytes = sample_bytes(), json = new_bytes();

    (void)state;
    assert_int_equal(open_bytes(bytes.bytes, bytes.size, &reader, NULL), 0);
    for (size_t i = 0; i < gguf_reader_n_keys(reader); i++) {
        _cleanup_(value_freep) struct value *value = gguf_reader_value(reader, i, 2);

        buffer_printf(&json, "%s=", gguf_reader_key(reader, i));
        assert_int_equal(value_write_json(value, false, &json), 0);
        buffer_append_text(&json, "\n");
    }
    assert_string_equal(json.bytes, "general.architecture=\"onellm\"\n"
                                    "u32=4294967295\n"
                                    "u64=1.84467441e19\n"
                                    "f32=9.99999975e-6\n"
                                    "bool=true\n"
                                    "strings=[\"x\",\"a\",\"... 1 more\"]\n"
                                    "words=[\"one\",\"two\"]\n"
                                    "f32s=[0.5,-1]\n"
                                    "i32s=[3,-4,\"... 1 more\"]\n"
                                    "none=[]\n");
}

/* --- damage ------------------------------------------------------------------------------------------------------ */

/* Reads everything that can be read; the sanitizers watch. */
static void touch(const struct gguf_reader *reader)
{
    unsigned sum = 0;

    for (size_t i = 0; i < gguf_reader_n_tensors(reader); i++) {
        const struct gguf_tensor *tensor = gguf_reader_tensor(reader, i);
        const uint8_t *data = tensor->tensor.data;

        for (size_t k = 0; k < tensor_n_bytes(&tensor->tensor); k++)
            sum += data[k];
        assert_ptr_equal(gguf_reader_find_tensor(reader, tensor->name), tensor);
    }
    for (size_t i = 0; i < gguf_reader_n_keys(reader); i++) {
        value_free(gguf_reader_value(reader, i, 8));
        assert_true(gguf_reader_has(reader, gguf_reader_key(reader, i)));
    }
    assert_true(sum < UINT32_MAX);
}

static void refuses_every_cut(void **state)
{
    _cleanup_(buffer_deinit) struct buffer bytes = sample_bytes();

    (void)state;
    for (size_t n = 0; n < bytes.size; n++) {
        _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
        struct error error = ERROR_NONE;
        int r = open_bytes(bytes.bytes, n, &reader, &error);

        if (n < bytes.size - SAMPLE_PADDING_BYTES) {
            assert_int_equal(r, -EBADMSG);
            assert_int_equal(error.code, -EBADMSG);
            assert_true(error.message[0]);
            assert_string_equal(error.at, "folder/test.gguf");
            assert_null(reader);
        } else { /* only the zeros behind the last tensor are missing */
            assert_int_equal(r, 0);
            check_tensors(reader);
        }
    }
}

static void survives_every_change(void **state)
{
    _cleanup_(buffer_deinit) struct buffer bytes = sample_bytes();

    (void)state;
    for (size_t i = 0; i < bytes.size; i++) {
        const char was = bytes.bytes[i];
        const char changes[] = {0, 1, (char)0x7f, (char)0x80, (char)0xff, (char)(was ^ 1), (char)(was + 1)};

        for (size_t k = 0; k < sizeof(changes); k++) {
            _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
            struct error error = ERROR_NONE;
            int r;

            bytes.bytes[i] = changes[k];
            r = open_bytes(bytes.bytes, bytes.size, &reader, &error);
            assert_int_equal(error.code, r);
            if (r == 0)
                touch(reader);
        }
        bytes.bytes[i] = was;
    }
}

/* --- files put together by hand ---------------------------------------------------------------------------------- */

static void head(struct buffer *bytes, uint32_t version, uint64_t n_tensors, uint64_t n_keys)
{
    put(bytes, "GGUF", 4);
    put_u32(bytes, version);
    put_u64(bytes, n_tensors);
    put_u64(bytes, n_keys);
}

static void string_n(struct buffer *bytes, const char *text, size_t n)
{
    put_u64(bytes, n);
    put(bytes, text, n);
}

static void key(struct buffer *bytes, const char *name, uint32_t type)
{
    string_n(bytes, name, strlen(name));
    put_u32(bytes, type);
}

static void array(struct buffer *bytes, const char *name, uint32_t type, uint64_t n)
{
    key(bytes, name, GGUF_ARRAY);
    put_u32(bytes, type);
    put_u64(bytes, n);
}

static void tensor(struct buffer *bytes, const char *name, uint32_t n_dims, const uint64_t *shape, uint32_t type,
                   uint64_t offset)
{
    string_n(bytes, name, strlen(name));
    put_u32(bytes, n_dims);
    put(bytes, shape, n_dims * sizeof(*shape));
    put_u32(bytes, type);
    put_u64(bytes, offset);
}

static void zeros(struct buffer *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_u8(bytes, 0);
}

static void other_format(struct buffer *bytes)
{
    put(bytes, "PK\3\4 and more", 13);
}

static void version_1(struct buffer *bytes)
{
    head(bytes, 1, 0, 0);
}

static void version_4(struct buffer *bytes)
{
    head(bytes, 4, 0, 0);
}

static void big_endian(struct buffer *bytes)
{
    head(bytes, 3u << 24, 0, 0);
}

static void too_many_keys(struct buffer *bytes)
{
    head(bytes, 3, 0, 65537);
    zeros(bytes, 65537 * 16);
}

static void too_many_tensors(struct buffer *bytes)
{
    head(bytes, 3, UINT64_MAX, 0);
}

static void more_keys_than_bytes(struct buffer *bytes)
{
    head(bytes, 3, 0, 100);
    zeros(bytes, 500);
}

static void more_tensors_than_bytes(struct buffer *bytes)
{
    head(bytes, 3, 60000, 0);
    zeros(bytes, 500);
}

static void key_without_name(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    key(bytes, "", GGUF_U8);
    zeros(bytes, 64);
}

static void key_with_newline(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    key(bytes, "a\nb", GGUF_U8);
    zeros(bytes, 64);
}

static void long_key(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    put_u64(bytes, 65536);
    zeros(bytes, 70000);
}

static void endless_key(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    put_u64(bytes, UINT64_MAX);
    zeros(bytes, 64);
}

static void unknown_value_type(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    key(bytes, "k", 13);
    zeros(bytes, 64);
}

static void unknown_item_type(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    array(bytes, "k", 99, 1);
    zeros(bytes, 64);
}

static void nested_array(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    array(bytes, "k", GGUF_ARRAY, 1);
    zeros(bytes, 64);
}

static void too_many_items(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    array(bytes, "k", GGUF_U8, UINT64_MAX / 2);
    zeros(bytes, 64);
}

static void more_items_than_bytes(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    array(bytes, "k", GGUF_F64, 9);
    zeros(bytes, 64);
}

static void more_strings_than_bytes(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    array(bytes, "k", GGUF_STRING, 16u << 20);
    zeros(bytes, 64);
}

static void endless_string(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    key(bytes, "k", GGUF_STRING);
    put_u64(bytes, UINT64_MAX);
    zeros(bytes, 64);
}

static void odd_bool(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    key(bytes, "k", GGUF_BOOL);
    put_u8(bytes, 2);
}

static void odd_bool_in_array(struct buffer *bytes)
{
    head(bytes, 3, 0, 1);
    array(bytes, "k", GGUF_BOOL, 3);
    put(bytes, "\1\0\xff", 3);
}

static void key_twice(struct buffer *bytes)
{
    head(bytes, 3, 0, 3);
    key(bytes, "same", GGUF_U8);
    put_u8(bytes, 1);
    key(bytes, "other", GGUF_U8);
    put_u8(bytes, 1);
    key(bytes, "same", GGUF_I8);
    put_u8(bytes, 1);
}

static void one_tensor(struct buffer *bytes, uint32_t n_dims, const uint64_t *shape, uint32_t type, uint64_t offset)
{
    head(bytes, 3, 1, 0);
    tensor(bytes, "t", n_dims, shape, type, offset);
    zeros(bytes, 128);
}

static void no_dimension(struct buffer *bytes)
{
    one_tensor(bytes, 0, NULL, TENSOR_F32, 0);
}

static void five_dimensions(struct buffer *bytes)
{
    one_tensor(bytes, 5, (const uint64_t[]){1, 1, 1, 1, 1}, TENSOR_F32, 0);
}

static void empty_dimension(struct buffer *bytes)
{
    one_tensor(bytes, 2, (const uint64_t[]){4, 0}, TENSOR_F32, 0);
}

static void product_overflows(struct buffer *bytes)
{
    one_tensor(bytes, 4, (const uint64_t[]){1u << 20, 1u << 20, 1u << 20, 1u << 20}, TENSOR_F32, 0);
}

static void dimension_overflows(struct buffer *bytes)
{
    one_tensor(bytes, 1, (const uint64_t[]){UINT64_MAX}, TENSOR_F16, 0);
}

static void unknown_tensor_type(struct buffer *bytes)
{
    one_tensor(bytes, 1, (const uint64_t[]){32}, 39, 0);
}

static void odd_offset(struct buffer *bytes)
{
    one_tensor(bytes, 1, (const uint64_t[]){4}, TENSOR_F32, 16);
}

static void offset_behind_the_end(struct buffer *bytes)
{
    one_tensor(bytes, 1, (const uint64_t[]){4}, TENSOR_F32, 1024);
}

static void huge_offset(struct buffer *bytes)
{
    one_tensor(bytes, 1, (const uint64_t[]){4}, TENSOR_F32, UINT64_MAX - 31);
}

static void data_cut_off(struct buffer *bytes)
{
    one_tensor(bytes, 1, (const uint64_t[]){64}, TENSOR_F32, 0);
}

static void long_tensor_name(struct buffer *bytes)
{
    char name[66] = {0};

    memset(name, 'n', 65);
    head(bytes, 3, 1, 0);
    tensor(bytes, name, 1, (const uint64_t[]){4}, TENSOR_F32, 0);
    zeros(bytes, 64);
}

static void tensor_twice(struct buffer *bytes)
{
    head(bytes, 3, 2, 0);
    tensor(bytes, "t", 1, (const uint64_t[]){4}, TENSOR_F32, 0);
    tensor(bytes, "t", 1, (const uint64_t[]){4}, TENSOR_F32, 32);
    zeros(bytes, 128);
}

static void shared_data(struct buffer *bytes)
{
    head(bytes, 3, 3, 0);
    tensor(bytes, "t", 1, (const uint64_t[]){16}, TENSOR_F32, 0);
    tensor(bytes, "u", 1, (const uint64_t[]){16}, TENSOR_F32, 0);
    tensor(bytes, "v", 1, (const uint64_t[]){16}, TENSOR_F32, 0);
    zeros(bytes, 128);
}

static void alignment(struct buffer *bytes, uint32_t type, uint64_t value)
{
    head(bytes, 3, 0, 1);
    key(bytes, "general.alignment", type);
    put_u64(bytes, value);
}

static void alignment_of_0(struct buffer *bytes)
{
    alignment(bytes, GGUF_U32, 0);
}

static void alignment_of_48(struct buffer *bytes)
{
    alignment(bytes, GGUF_U32, 48);
}

static void alignment_of_8(struct buffer *bytes)
{
    alignment(bytes, GGUF_U32, 8);
}

static void huge_alignment(struct buffer *bytes)
{
    alignment(bytes, GGUF_U64, (uint64_t)1 << 63);
}

static void real_alignment(struct buffer *bytes)
{
    alignment(bytes, GGUF_F32, 32);
}

static const struct {
    void (*build)(struct buffer *bytes);
    const char *message;
} wrong_files[] = {
    {other_format, "is not a GGUF file"},
    {version_1, "is GGUF version 1, versions 2 and 3 are read"},
    {version_4, "is GGUF version 4"},
    {big_endian, "is a big-endian GGUF file"},
    {too_many_keys, "the header counts 65537 keys, at most 65536"},
    {too_many_tensors, "the header counts 18446744073709551615 tensors, at most 65536"},
    {more_keys_than_bytes, "the header counts 100 keys, more than fit into the file"},
    {more_tensors_than_bytes, "the header counts 60000 tensors, more than fit into the file"},
    {key_without_name, "the name of a key at byte 24 is empty"},
    {key_with_newline, "the name of a key at byte 24 is empty or has control characters"},
    {long_key, "the name of a key at byte 24 has 65536 bytes, at most 65535"},
    {endless_key, "the file ends inside the name of a key at byte 24"},
    {unknown_value_type, "key 'k': unknown value type 13"},
    {unknown_item_type, "key 'k': unknown value type 99"},
    {nested_array, "key 'k': arrays of arrays are not accepted"},
    {too_many_items, "key 'k': 9223372036854775807 items, at most 16777216"},
    {more_items_than_bytes, "key 'k': the file ends inside its value"},
    {more_strings_than_bytes, "key 'k': the file ends inside its value"},
    {endless_string, "key 'k': the file ends inside its value"},
    {odd_bool, "key 'k': a bool is 0 or 1, found 2"},
    {odd_bool_in_array, "key 'k': a bool is 0 or 1, found 255"},
    {key_twice, "key 'same' is there twice"},
    {no_dimension, "tensor 't': 0 dimensions, expected 1 to 4"},
    {five_dimensions, "tensor 't': 5 dimensions, expected 1 to 4"},
    {empty_dimension, "tensor 't': dimension 1 is 0"},
    {product_overflows, "tensor 't': its dimensions are larger than any file"},
    {dimension_overflows, "tensor 't': its dimensions are larger than any file"},
    {unknown_tensor_type, "tensor 't': elements of type 39 are not supported"},
    {odd_offset, "tensor 't': offset 16 is not a multiple of the alignment 32"},
    {offset_behind_the_end, "tensor 't': its 16 bytes at 1024 do not fit"},
    {huge_offset, "tensor 't': its 16 bytes at 18446744073709551584 do not fit"},
    {data_cut_off, "tensor 't': its 256 bytes at 0 do not fit"},
    {long_tensor_name, "the name of a tensor at byte 24 has 65 bytes, at most 64"},
    {tensor_twice, "tensor 't' is there twice"},
    {shared_data, "shares its bytes with other tensors"},
    {alignment_of_0, "general.alignment is 0, expected a power of two from 32"},
    {alignment_of_48, "general.alignment is 48"},
    {alignment_of_8, "general.alignment is 8"},
    {huge_alignment, "general.alignment is 9223372036854775808"},
    {real_alignment, "key 'general.alignment' is not a whole number"},
};

static void says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong_files); i++) {
        _cleanup_(buffer_deinit) struct buffer bytes = new_bytes();
        struct error error = ERROR_NONE;
        struct gguf_reader *reader = NULL;

        wrong_files[i].build(&bytes);
        assert_int_equal(open_bytes(bytes.bytes, bytes.size, &reader, &error), -EBADMSG);
        assert_error(&error, -EBADMSG, wrong_files[i].message);
        assert_null(reader);
    }
}

static void reads_a_file_without_anything(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
        _cleanup_(buffer_deinit) struct buffer bytes = new_bytes();

        head(&bytes, version, 0, 0);
        assert_int_equal(open_bytes(bytes.bytes, bytes.size, &reader, NULL), 0);
        assert_int_equal(gguf_reader_n_tensors(reader), 0);
        assert_int_equal(gguf_reader_n_keys(reader), 0);
        assert_null(gguf_reader_find_tensor(reader, "x"));
        assert_false(gguf_reader_has(reader, "x"));
    }
}

static void aligns_as_the_file_says(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    _cleanup_(buffer_deinit) struct buffer bytes = new_bytes();

    (void)state;
    head(&bytes, 3, 2, 1);
    key(&bytes, "general.alignment", GGUF_U32);
    put_u32(&bytes, 256);
    tensor(&bytes, "t", 1, (const uint64_t[]){1}, TENSOR_F16, 0);
    tensor(&bytes, "u", 1, (const uint64_t[]){1}, TENSOR_F16, 256);
    zeros(&bytes, 256 - bytes.size);
    put_u16(&bytes, 0x1111);
    zeros(&bytes, 254);
    put_u16(&bytes, 0x2222);
    assert_int_equal(open_bytes(bytes.bytes, bytes.size, &reader, NULL), 0);
    assert_int_equal(*(const uint16_t *)gguf_reader_tensor(reader, 0)->tensor.data, 0x1111);
    assert_int_equal(*(const uint16_t *)gguf_reader_tensor(reader, 1)->tensor.data, 0x2222);
}

/* -2 (or 254 …) in every integer type, as a scalar and as an array of two. */
static void reads_every_integer_type(void **state)
{
    static const struct {
        uint32_t type;
        size_t size;
        int64_t value; /* of all bits set but the last; -1: does not fit 64 bits */
    } cases[] = {{GGUF_U8, 1, 254},         {GGUF_I8, 1, -2},  {GGUF_U16, 2, 65534}, {GGUF_I16, 2, -2},
                 {GGUF_U32, 4, 4294967294}, {GGUF_I32, 4, -2}, {GGUF_U64, 8, -1},    {GGUF_I64, 8, -2}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
        _cleanup_(buffer_deinit) struct buffer bytes = new_bytes();
        const int64_t bits = -2, three = 3;
        struct error error = ERROR_NONE;
        const int32_t *i32s;
        uint64_t integer;
        size_t n;

        head(&bytes, 2, 0, 3);
        key(&bytes, "scalar", cases[i].type);
        put(&bytes, &bits, cases[i].size);
        array(&bytes, "array", cases[i].type, 2);
        put(&bytes, &three, cases[i].size);
        put(&bytes, &bits, cases[i].size);
        key(&bytes, "three", cases[i].type);
        put(&bytes, &three, cases[i].size);
        assert_int_equal(open_bytes(bytes.bytes, bytes.size, &reader, NULL), 0);
        assert_int_equal(gguf_reader_u64(reader, "three", &integer, NULL), 0);
        assert_int_equal(integer, 3);
        if (cases[i].value == -2) {
            assert_int_equal(gguf_reader_u64(reader, "scalar", &integer, &error), -EINVAL);
            assert_error(&error, -EINVAL, "key 'scalar' is -2, expected no negative number");
        } else {
            assert_int_equal(gguf_reader_u64(reader, "scalar", &integer, NULL), 0);
            assert_true(integer == (cases[i].value == -1 ? UINT64_MAX - 1 : (uint64_t)cases[i].value));
        }
        if (cases[i].value == 4294967294 || cases[i].value == -1) {
            assert_int_equal(gguf_reader_i32s(reader, "array", &i32s, &n, &error), -EINVAL);
        } else {
            assert_int_equal(gguf_reader_i32s(reader, "array", &i32s, &n, NULL), 0);
            assert_int_equal(n, 2);
            assert_int_equal(i32s[0], 3);
            assert_int_equal(i32s[1], cases[i].value);
        }
    }
}

static void reads_doubles_and_lists_odd_numbers(void **state)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    _cleanup_(value_freep) struct value *value = NULL;
    _cleanup_(buffer_deinit) struct buffer bytes = new_bytes(), json = new_bytes();
    const double numbers[] = {0.5, 1e300, __builtin_nan(""), __builtin_inf()};
    const float *f32s;
    float real;
    size_t n;

    (void)state;
    head(&bytes, 3, 0, 2);
    key(&bytes, "half", GGUF_F64);
    put(&bytes, numbers, sizeof(*numbers));
    array(&bytes, "odd", GGUF_F64, 4);
    put(&bytes, numbers, sizeof(numbers));
    assert_int_equal(open_bytes(bytes.bytes, bytes.size, &reader, NULL), 0);
    assert_int_equal(gguf_reader_f32(reader, "half", &real, NULL), 0);
    assert_true(real == 0.5f);
    assert_int_equal(gguf_reader_f32s(reader, "odd", &f32s, &n, NULL), -EINVAL);
    value = gguf_reader_value(reader, 1, 100);
    assert_int_equal(value_write_json(value, false, &json), 0);
    assert_string_equal(json.bytes, "[0.5,1e300,null,null]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written),
        cmocka_unit_test(opens_paths),
        cmocka_unit_test(says_what_does_not_fit),
        cmocka_unit_test(lists_values_for_people),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(survives_every_change),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(reads_a_file_without_anything),
        cmocka_unit_test(aligns_as_the_file_says),
        cmocka_unit_test(reads_every_integer_type),
        cmocka_unit_test(reads_doubles_and_lists_odd_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
