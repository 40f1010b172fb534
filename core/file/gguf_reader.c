/* Header, metadata, list of tensors and data follow each other in the file. The first three are walked once, at
   opening, with a cursor that cannot leave the mapping; of the data only the bounds are checked. */
#include "core/file/gguf_reader_impl.h"

#include <errno.h>
#include <string.h>

#include "core/base/error.h"

#define METADATA_BYTES_MAX ((size_t)1 << 30)
#define ALIGNMENT_MAX 4096 /* that of the mapping itself */

/* The least a key (length, type, value) and a tensor (length, dimensions, shape, type, offset) take in the file. */
#define KEY_BYTES_MIN (8 + 1 + 4 + 1)
#define TENSOR_BYTES_MIN (8 + 1 + 4 + 8 + 4 + 8)

static size_t position(const struct gguf_reader *reader)
{
    return (size_t)(reader->in.at - reader->file.bytes);
}

void *gguf_reader_alloc(struct gguf_reader *reader, size_t n, size_t size, struct error *error)
{
    void *memory = arena_alloc(&reader->arena, n, size);

    if (!memory)
        error_set(error, -ENOMEM, "the metadata needs more memory than there is, or than %zu MiB",
                  METADATA_BYTES_MAX >> 20);
    return memory;
}

struct gguf_string gguf_reader_read_string(struct gguf_reader *reader)
{
    uint64_t n = bytes_u64(&reader->in);
    const char *text = bytes_take(&reader->in, n);

    return text ? (struct gguf_string){.text = text, .n = n} : (struct gguf_string){.text = ""};
}

int gguf_reader_read_name(struct gguf_reader *reader, size_t n_max, const char *what, const char **ret,
                          struct error *error)
{
    size_t at = position(reader);
    struct gguf_string text = gguf_reader_read_string(reader);

    if (reader->in.failed)
        return error_set(error, -EBADMSG, "the file ends inside the name of a %s at byte %zu", what, at);
    if (text.n > n_max)
        return error_set(error, -EBADMSG, "the name of a %s at byte %zu has %zu bytes, at most %zu are accepted", what,
                         at, text.n, n_max);
    if (!name_is_acceptable(text.text, text.n))
        return error_set(error, -EBADMSG, "the name of a %s at byte %zu is empty or has control characters", what, at);
    *ret = arena_copy_text(&reader->arena, text.text, text.n);
    if (!*ret)
        return error_set(error, -ENOMEM, "no memory for the name of a %s", what);
    return 0;
}

/* Fills the shape and finds the number of bytes. */
static int check_shape(struct gguf_tensor *ret, const uint64_t *shape, uint64_t *ret_n_bytes, struct error *error)
{
    const struct tensor_type_info *info = tensor_type_info(ret->tensor.type);
    uint64_t n_bytes = info->n_block_bytes;

    if (shape[0] % info->n_block)
        return error_set(error, -EBADMSG, "tensor '%s': rows of %llu elements, %s stores them in blocks of %zu",
                         ret->name, (unsigned long long)shape[0], info->name, info->n_block);
    for (int i = 0; i < TENSOR_DIMS_MAX; i++) {
        uint64_t n = i < ret->tensor.n_dims ? shape[i] : 1;

        if (n == 0)
            return error_set(error, -EBADMSG, "tensor '%s': dimension %d is 0", ret->name, i);
        if (__builtin_mul_overflow(n_bytes, i == 0 ? n / info->n_block : n, &n_bytes) || n_bytes > INT64_MAX)
            return error_set(error, -EBADMSG, "tensor '%s': its dimensions are larger than any file", ret->name);
        ret->tensor.shape[i] = n;
    }
    *ret_n_bytes = n_bytes;
    return 0;
}

/* One row of the list of tensors; the place of its data is checked later, when their beginning is known. */
static int read_tensor(struct gguf_reader *reader, struct gguf_tensor *ret, uint64_t *ret_offset, uint64_t *ret_n_bytes,
                       struct error *error)
{
    uint64_t shape[TENSOR_DIMS_MAX] = {0};
    uint32_t n_dims, type;
    int r;

    r = gguf_reader_read_name(reader, GGUF_TENSOR_NAME_BYTES_MAX, "tensor", &ret->name, error);
    if (r < 0)
        return r;
    n_dims = bytes_u32(&reader->in);
    if (!reader->in.failed && (n_dims < 1 || n_dims > TENSOR_DIMS_MAX))
        return error_set(error, -EBADMSG, "tensor '%s': %u dimensions, expected 1 to %d", ret->name, n_dims,
                         TENSOR_DIMS_MAX);
    for (uint32_t i = 0; i < n_dims; i++)
        shape[i] = bytes_u64(&reader->in);
    type = bytes_u32(&reader->in);
    *ret_offset = bytes_u64(&reader->in);
    if (reader->in.failed)
        return error_set(error, -EBADMSG, "tensor '%s': the file ends inside its description", ret->name);
    if (!tensor_type_info(type))
        return error_set(error, -EBADMSG, "tensor '%s': elements of type %u are not supported", ret->name, type);
    ret->tensor.type = (enum tensor_type)type;
    ret->tensor.n_dims = (int)n_dims;
    return check_shape(ret, shape, ret_n_bytes, error);
}

static int read_alignment(const struct gguf_reader *reader, uint64_t *ret, struct error *error)
{
    uint64_t alignment = GGUF_ALIGNMENT_DEFAULT;
    int r;

    r = gguf_reader_u64(reader, "general.alignment", &alignment, NULL);
    if (r < 0 && r != -ENOENT)
        return error_set(error, -EBADMSG, "key 'general.alignment' is not a whole number");
    if (alignment < GGUF_ALIGNMENT_DEFAULT || alignment > ALIGNMENT_MAX || (alignment & (alignment - 1)))
        return error_set(error, -EBADMSG, "general.alignment is %llu, expected a power of two from %d to %d",
                         (unsigned long long)alignment, GGUF_ALIGNMENT_DEFAULT, ALIGNMENT_MAX);
    *ret = alignment;
    return 0;
}

struct place {
    uint64_t offset, n_bytes;
};

/* Data of the tensors: all inside the file, and not more in sum than it has, so none is counted many times. */
static int place_tensors(struct gguf_reader *reader, const struct place *places, struct error *error)
{
    uint64_t alignment, begin, n_data, n_left;
    int r;

    r = read_alignment(reader, &alignment, error);
    if (r < 0)
        return r;
    begin = gguf_align(position(reader), alignment);
    n_data = begin < reader->file.n ? reader->file.n - begin : 0;
    n_left = n_data;
    for (size_t i = 0; i < reader->n_tensors; i++) {
        struct gguf_tensor *tensor = &reader->tensors[i];

        if (places[i].offset & (alignment - 1))
            return error_set(error, -EBADMSG, "tensor '%s': offset %llu is not a multiple of the alignment %llu",
                             tensor->name, (unsigned long long)places[i].offset, (unsigned long long)alignment);
        if (places[i].offset > n_data || places[i].n_bytes > n_data - places[i].offset)
            return error_set(error, -EBADMSG,
                             "tensor '%s': its %llu bytes at %llu do not fit into the %llu bytes of data in the file: "
                             "is it cut off?",
                             tensor->name, (unsigned long long)places[i].n_bytes, (unsigned long long)places[i].offset,
                             (unsigned long long)n_data);
        if (places[i].n_bytes > n_left)
            return error_set(error, -EBADMSG, "tensor '%s': shares its bytes with other tensors", tensor->name);
        n_left -= places[i].n_bytes;
        tensor->tensor.data = reader->file.bytes + begin + places[i].offset;
    }
    return 0;
}

static int read_tensors(struct gguf_reader *reader, struct error *error)
{
    _cleanup_(freep) struct place *places = calloc(reader->n_tensors + 1, sizeof(*places));
    const char *twice;
    int r;

    reader->tensors = gguf_reader_alloc(reader, reader->n_tensors, sizeof(*reader->tensors), error);
    reader->tensor_names = gguf_reader_alloc(reader, reader->n_tensors, sizeof(*reader->tensor_names), error);
    if (!places || !reader->tensors || !reader->tensor_names)
        return error_set(error, -ENOMEM, "no memory for the list of tensors");
    for (size_t i = 0; i < reader->n_tensors; i++) {
        r = read_tensor(reader, &reader->tensors[i], &places[i].offset, &places[i].n_bytes, error);
        if (r < 0)
            return r;
        reader->tensor_names[i] = (struct name){.text = reader->tensors[i].name, .position = i};
    }
    twice = names_sort(reader->tensor_names, reader->n_tensors);
    if (twice)
        return error_set(error, -EBADMSG, "tensor '%s' is there twice", twice);
    return place_tensors(reader, places, error);
}

static int check_count(uint64_t n, uint64_t n_max, uint64_t n_left_max, const char *what, struct error *error)
{
    if (n > n_max)
        return error_set(error, -EBADMSG, "the header counts %llu %s, at most %llu are accepted", (unsigned long long)n,
                         what, (unsigned long long)n_max);
    if (n > n_left_max)
        return error_set(error, -EBADMSG, "the header counts %llu %s, more than fit into the file",
                         (unsigned long long)n, what);
    return 0;
}

static int read_header(struct gguf_reader *reader, struct error *error)
{
    uint32_t magic = bytes_u32(&reader->in), version = bytes_u32(&reader->in);
    uint64_t n_tensors, n_entries;
    int r;

    if (reader->in.failed || magic != GGUF_MAGIC)
        return error_set(error, -EBADMSG, "is not a GGUF file: it does not begin with the letters GGUF");
    if (version && (version & 0xffff) == 0)
        return error_set(error, -EBADMSG, "is a big-endian GGUF file, only little-endian ones are read");
    if (version != 2 && version != 3)
        return error_set(error, -EBADMSG, "is GGUF version %u, versions 2 and 3 are read", version);
    n_tensors = bytes_u64(&reader->in);
    n_entries = bytes_u64(&reader->in);
    if (reader->in.failed)
        return error_set(error, -EBADMSG, "the file ends inside its header");
    r = check_count(n_tensors, GGUF_TENSORS_MAX, bytes_left(&reader->in) / TENSOR_BYTES_MIN, "tensors", error);
    if (r < 0)
        return r;
    r = check_count(n_entries, GGUF_KEYS_MAX, bytes_left(&reader->in) / KEY_BYTES_MIN, "keys", error);
    if (r < 0)
        return r;
    reader->n_tensors = n_tensors;
    reader->n_entries = n_entries;
    return 0;
}

static int read_all(struct gguf_reader *reader, int fd, struct error *error)
{
    int r;

    r = mapped_file_map(&reader->file, fd, error);
    if (r < 0)
        return r;
    reader->in = bytes_of(reader->file.bytes, reader->file.n);
    r = read_header(reader, error);
    if (r < 0)
        return r;
    r = gguf_reader_read_metadata(reader, error);
    if (r < 0)
        return r;
    return read_tensors(reader, error);
}

int gguf_reader_open(const char *path, struct gguf_reader **ret, struct error *error)
{
    int fd, r;

    r = mapped_file_open(path, &fd, error);
    if (r < 0) {
        mapped_file_error_at(error, path);
        return r;
    }
    return gguf_reader_open_fd(fd, path, ret, error);
}

int gguf_reader_open_fd(int fd, const char *name, struct gguf_reader **ret, struct error *error)
{
    _cleanup_(closep) int owned_fd = fd;
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = calloc(1, sizeof(*reader));
    int r;

    if (!reader)
        return error_set(error, -ENOMEM, "no memory to open %s", name);
    arena_init(&reader->arena, METADATA_BYTES_MAX);
    r = read_all(reader, owned_fd, error);
    if (r < 0) {
        mapped_file_error_at(error, name);
        return r;
    }
    *ret = TAKE_PTR(reader);
    return 0;
}

struct gguf_reader *gguf_reader_close(struct gguf_reader *reader)
{
    if (reader) {
        arena_deinit(&reader->arena);
        mapped_file_unmap(&reader->file);
        free(reader);
    }
    return NULL;
}

size_t gguf_reader_n_bytes(const struct gguf_reader *reader)
{
    return reader->file.n;
}

/* --- tensors ----------------------------------------------------------------------------------------------------- */

size_t gguf_reader_n_tensors(const struct gguf_reader *reader)
{
    return reader->n_tensors;
}

const struct gguf_tensor *gguf_reader_tensor(const struct gguf_reader *reader, size_t i)
{
    return &reader->tensors[i];
}

const struct gguf_tensor *gguf_reader_find_tensor(const struct gguf_reader *reader, const char *name)
{
    const struct name *found = names_find(reader->tensor_names, reader->n_tensors, name);

    return found ? &reader->tensors[found->position] : NULL;
}
