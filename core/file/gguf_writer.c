/* Keys and the list of tensors are collected in two buffers as they will stand in the file; begin writes them, and from
   then on only the place in the data is kept: which tensor is next and how many of its bytes are missing. Every tensor
   begins at a multiple of the alignment and is followed by zeros up to one, the last one too. */
#include "core/file/gguf_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/file/gguf_format.h"
#include "core/file/mapped_file.h"
#include "core/file/names.h"

#define METADATA_BYTES_MAX ((size_t)1 << 30)

struct planned_tensor {
    const char *name;
    uint64_t n_bytes;
};

struct gguf_writer {
    int fd;
    char *path, *temporary_path; /* NULL: writes into the caller's descriptor */
    struct error failure;        /* the first one of set and add */
    struct arena arena;          /* names */
    struct buffer keys, tensors; /* as in the file */
    struct name *key_names, *tensor_names;
    struct planned_tensor *plan;
    size_t n_keys, n_tensors;
    uint64_t n_data; /* bytes of the tensors, aligned */
    bool begun;
    size_t next_tensor;
    uint64_t n_missing; /* bytes of the next tensor */
};

/* --- metadata ---------------------------------------------------------------------------------------------------- */

static void put(struct buffer *buffer, const void *value, size_t n)
{
    buffer_append(buffer, value, n);
}

static void put_u32(struct buffer *buffer, uint32_t value)
{
    put(buffer, &value, sizeof(value));
}

static void put_u64(struct buffer *buffer, uint64_t value)
{
    put(buffer, &value, sizeof(value));
}

static void put_string(struct buffer *buffer, const char *text, size_t n)
{
    put_u64(buffer, n);
    put(buffer, text, n);
}

/* Remembers the name of a key or tensor; NULL, with the failure remembered, when it cannot be written. */
static const char *add_name(struct gguf_writer *writer, struct name *names, size_t *n, size_t n_max, const char *text,
                            size_t n_bytes_max)
{
    size_t n_bytes = strlen(text);
    const char *copy;

    if (writer->begun)
        error_set(&writer->failure, -EINVAL, "'%s' is set after begin", text);
    else if (n_bytes > n_bytes_max || !name_is_acceptable(text, n_bytes))
        error_set(&writer->failure, -EINVAL, "'%s' is not a name: empty, too long or with control characters", text);
    else if (*n == n_max)
        error_set(&writer->failure, -EFBIG, "'%s' is one name more than the %zu that a file can have", text, n_max);
    if (writer->failure.code)
        return NULL;
    copy = arena_copy_text(&writer->arena, text, n_bytes);
    if (!copy) {
        error_set(&writer->failure, -ENOMEM, "no memory for '%s'", text);
        return NULL;
    }
    names[*n] = (struct name){.text = copy, .position = *n};
    *n += 1;
    return copy;
}

/* False when the value must not be written. */
static bool put_name(struct gguf_writer *writer, const char *key)
{
    if (!add_name(writer, writer->key_names, &writer->n_keys, GGUF_KEYS_MAX, key, GGUF_KEY_BYTES_MAX))
        return false;
    put_string(&writer->keys, key, strlen(key));
    return true;
}

static bool put_key(struct gguf_writer *writer, const char *key, enum gguf_type type)
{
    bool is_put = put_name(writer, key);

    if (is_put)
        put_u32(&writer->keys, type);
    return is_put;
}

static void set_scalar(struct gguf_writer *writer, const char *key, enum gguf_type type, const void *value, size_t n)
{
    if (put_key(writer, key, type))
        put(&writer->keys, value, n);
}

static bool put_array_key(struct gguf_writer *writer, const char *key, enum gguf_type type, size_t n)
{
    if (!put_key(writer, key, GGUF_ARRAY))
        return false;
    put_u32(&writer->keys, type);
    put_u64(&writer->keys, n);
    return true;
}

void gguf_writer_set_u32(struct gguf_writer *writer, const char *key, uint32_t value)
{
    set_scalar(writer, key, GGUF_U32, &value, sizeof(value));
}

void gguf_writer_set_u64(struct gguf_writer *writer, const char *key, uint64_t value)
{
    set_scalar(writer, key, GGUF_U64, &value, sizeof(value));
}

void gguf_writer_set_f32(struct gguf_writer *writer, const char *key, float value)
{
    set_scalar(writer, key, GGUF_F32, &value, sizeof(value));
}

void gguf_writer_set_bool(struct gguf_writer *writer, const char *key, bool value)
{
    set_scalar(writer, key, GGUF_BOOL, &(uint8_t){value}, 1);
}

void gguf_writer_set_string(struct gguf_writer *writer, const char *key, const char *text)
{
    if (put_key(writer, key, GGUF_STRING))
        put_string(&writer->keys, text, strlen(text));
}

void gguf_writer_set_strings(struct gguf_writer *writer, const char *key, const char *const *texts,
                             const size_t *lengths, size_t n)
{
    if (!put_array_key(writer, key, GGUF_STRING, n))
        return;
    for (size_t i = 0; i < n; i++)
        put_string(&writer->keys, texts[i], lengths ? lengths[i] : strlen(texts[i]));
}

void gguf_writer_set_f32s(struct gguf_writer *writer, const char *key, const float *values, size_t n)
{
    if (put_array_key(writer, key, GGUF_F32, n))
        put(&writer->keys, values, n * sizeof(*values));
}

void gguf_writer_set_i32s(struct gguf_writer *writer, const char *key, const int32_t *values, size_t n)
{
    if (put_array_key(writer, key, GGUF_I32, n))
        put(&writer->keys, values, n * sizeof(*values));
}

void gguf_writer_set_value_bytes(struct gguf_writer *writer, const char *key, const void *bytes, size_t n)
{
    if (put_name(writer, key))
        put(&writer->keys, bytes, n);
}

/* --- tensors ----------------------------------------------------------------------------------------------------- */

static bool shape_is_writable(const struct tensor *tensor)
{
    const struct tensor_type_info *info = tensor_type_info(tensor->type);
    uint64_t n = 8; /* bytes of the largest element and more */

    if (!info || tensor->n_dims < 1 || tensor->n_dims > TENSOR_DIMS_MAX || tensor->shape[0] % info->n_block)
        return false;
    for (int i = 0; i < TENSOR_DIMS_MAX; i++) {
        if (tensor->shape[i] == 0 || (i >= tensor->n_dims && tensor->shape[i] != 1))
            return false;
        if (__builtin_mul_overflow(n, tensor->shape[i], &n) || n > INT64_MAX / GGUF_TENSORS_MAX)
            return false;
    }
    return true;
}

void gguf_writer_add(struct gguf_writer *writer, const char *name, const struct tensor *tensor)
{
    size_t i = writer->n_tensors;
    const char *copy =
        add_name(writer, writer->tensor_names, &writer->n_tensors, GGUF_TENSORS_MAX, name, GGUF_TENSOR_NAME_BYTES_MAX);

    if (!copy)
        return;
    if (!shape_is_writable(tensor)) {
        error_set(&writer->failure, -EINVAL, "tensor '%s' has a shape or type that cannot be written", name);
        return;
    }
    put_string(&writer->tensors, name, strlen(name));
    put_u32(&writer->tensors, (uint32_t)tensor->n_dims);
    for (int d = 0; d < tensor->n_dims; d++)
        put_u64(&writer->tensors, tensor->shape[d]);
    put_u32(&writer->tensors, tensor->type);
    put_u64(&writer->tensors, writer->n_data);
    writer->plan[i] = (struct planned_tensor){.name = copy, .n_bytes = tensor_n_bytes(tensor)};
    writer->n_data += gguf_align(writer->plan[i].n_bytes, GGUF_ALIGNMENT_DEFAULT);
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static int write_all(struct gguf_writer *writer, const void *bytes, size_t n, struct error *error)
{
    const char *at = bytes;

    while (n > 0) {
        ssize_t written = write(writer->fd, at, n);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return error_set(error, written < 0 ? -errno : -EIO, "cannot be written: %s",
                             strerror(written < 0 ? errno : EIO));
        at += written;
        n -= (size_t)written;
    }
    return 0;
}

static int write_padding(struct gguf_writer *writer, uint64_t n_bytes, struct error *error)
{
    static const char zeros[GGUF_ALIGNMENT_DEFAULT];

    return write_all(writer, zeros, gguf_align(n_bytes, GGUF_ALIGNMENT_DEFAULT) - n_bytes, error);
}

/* A reader would refuse names that are there twice; better to hear it before gigabytes are written. */
static int check_plan(struct gguf_writer *writer, struct error *error)
{
    const char *twice;

    if (writer->begun)
        return error_set(error, -EINVAL, "begin was called twice");
    if (!writer->failure.code && (writer->keys.failed || writer->tensors.failed))
        error_set(&writer->failure, -ENOMEM, "no memory for the metadata, or more than %zu MiB of it",
                  METADATA_BYTES_MAX >> 20);
    if (writer->failure.code)
        return error_set(error, writer->failure.code, "%s", writer->failure.message);
    twice = names_sort(writer->key_names, writer->n_keys);
    if (!twice)
        twice = names_sort(writer->tensor_names, writer->n_tensors);
    if (twice)
        return error_set(error, -EINVAL, "'%s' is set twice", twice);
    return 0;
}

static int write_head(struct gguf_writer *writer, struct buffer *head, struct error *error)
{
    int r;

    put_u32(head, GGUF_MAGIC);
    put_u32(head, 3);
    put_u64(head, writer->n_tensors);
    put_u64(head, writer->n_keys);
    if (head->failed)
        return error_set(error, -ENOMEM, "no memory for the header");
    r = write_all(writer, head->bytes, head->size, error);
    if (r < 0)
        return r;
    r = write_all(writer, writer->keys.bytes, writer->keys.size, error);
    if (r < 0)
        return r;
    r = write_all(writer, writer->tensors.bytes, writer->tensors.size, error);
    if (r < 0)
        return r;
    return write_padding(writer, head->size + writer->keys.size + writer->tensors.size, error);
}

static int begin(struct gguf_writer *writer, uint64_t *ret_n_bytes, struct error *error)
{
    struct buffer head;
    uint64_t n_bytes;
    int r;

    r = check_plan(writer, error);
    if (r < 0)
        return r;
    buffer_init(&head, 4096);
    r = write_head(writer, &head, error);
    n_bytes = gguf_align(head.size + writer->keys.size + writer->tensors.size, GGUF_ALIGNMENT_DEFAULT) + writer->n_data;
    buffer_deinit(&head);
    if (r < 0)
        return r;
    /* A full disk shows now, not after hours; where this is not supported it shows later. */
    if (writer->path && fallocate(writer->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)n_bytes) < 0 && errno == ENOSPC)
        return error_set(error, -ENOSPC, "no room for the %llu bytes of the file", (unsigned long long)n_bytes);
    writer->begun = true;
    writer->n_missing = writer->n_tensors ? writer->plan[0].n_bytes : 0;
    if (ret_n_bytes)
        *ret_n_bytes = n_bytes;
    return 0;
}

static int write_data(struct gguf_writer *writer, const void *bytes, size_t n, struct error *error)
{
    const char *at = bytes;
    int r;

    if (!writer->begun)
        return error_set(error, -EINVAL, "data comes before begin");
    while (n > 0) {
        size_t n_now = MIN(n, writer->n_missing);

        if (writer->next_tensor == writer->n_tensors)
            return error_set(error, -EINVAL, "%zu bytes of data come after the last tensor", n);
        r = write_all(writer, at, n_now, error);
        if (r < 0)
            return r;
        at += n_now;
        n -= n_now;
        writer->n_missing -= n_now;
        if (writer->n_missing > 0)
            continue;
        r = write_padding(writer, writer->plan[writer->next_tensor].n_bytes, error);
        if (r < 0)
            return r;
        writer->next_tensor++;
        writer->n_missing = writer->next_tensor < writer->n_tensors ? writer->plan[writer->next_tensor].n_bytes : 0;
    }
    return 0;
}

/* Makes the new name itself survive a power failure. */
static int sync_folder(const char *path, struct error *error)
{
    _cleanup_(freep) char *copy = strdup(path);
    _cleanup_(closep) int fd = -1;

    if (!copy)
        return error_set(error, -ENOMEM, "no memory for a path");
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems cannot do this to a folder; the file is complete all the same. */
    if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
        return error_set(error, -errno, "its folder cannot be written through: %s", strerror(errno));
    return 0;
}

static int finish(struct gguf_writer *writer, struct error *error)
{
    if (!writer->begun)
        return error_set(error, -EINVAL, "finish comes before begin");
    if (writer->next_tensor < writer->n_tensors)
        return error_set(error, -EINVAL, "tensor '%s' lacks %llu bytes of data", writer->plan[writer->next_tensor].name,
                         (unsigned long long)writer->n_missing);
    if (!writer->path)
        return 0;
    if (fsync(writer->fd) < 0)
        return error_set(error, -errno, "cannot be written through to the disk: %s", strerror(errno));
    if (rename(writer->temporary_path, writer->path) < 0)
        return error_set(error, -errno, "cannot be given its name: %s", strerror(errno));
    free(writer->temporary_path);
    writer->temporary_path = NULL;
    return sync_folder(writer->path, error);
}

static int at_file(const struct gguf_writer *writer, int r, struct error *error)
{
    if (r < 0 && writer->path)
        mapped_file_error_at(error, writer->path);
    return r;
}

int gguf_writer_begin(struct gguf_writer *writer, uint64_t *ret_n_bytes, struct error *error)
{
    return at_file(writer, begin(writer, ret_n_bytes, error), error);
}

int gguf_writer_data(struct gguf_writer *writer, const void *bytes, size_t n, struct error *error)
{
    return at_file(writer, write_data(writer, bytes, n, error), error);
}

int gguf_writer_finish(struct gguf_writer *writer, struct error *error)
{
    return at_file(writer, finish(writer, error), error);
}

/* --- life -------------------------------------------------------------------------------------------------------- */

static struct gguf_writer *writer_new(void)
{
    _cleanup_(gguf_writer_freep) struct gguf_writer *writer = calloc(1, sizeof(*writer));

    if (!writer)
        return NULL;
    writer->fd = -1;
    buffer_init(&writer->keys, METADATA_BYTES_MAX);
    buffer_init(&writer->tensors, METADATA_BYTES_MAX);
    writer->key_names = calloc(GGUF_KEYS_MAX, sizeof(*writer->key_names));
    writer->tensor_names = calloc(GGUF_TENSORS_MAX, sizeof(*writer->tensor_names));
    writer->plan = calloc(GGUF_TENSORS_MAX, sizeof(*writer->plan));
    if (!writer->key_names || !writer->tensor_names || !writer->plan)
        return NULL;
    return TAKE_PTR(writer);
}

static int open_temporary(struct gguf_writer *writer, const char *path, struct error *error)
{
    struct stat status;

    /* Renaming onto /dev/null would replace it. */
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return error_set(error, -EINVAL, "is there already and is not a regular file");
    writer->path = strdup(path);
    if (!writer->path || asprintf(&writer->temporary_path, "%s.%ld.partial", path, (long)getpid()) < 0) {
        writer->temporary_path = NULL;
        return error_set(error, -ENOMEM, "no memory for a path");
    }
    writer->fd = open(writer->temporary_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (writer->fd < 0) {
        int r = error_set(error, -errno, "cannot be created beside its place: %s", strerror(errno));

        free(writer->temporary_path); /* not ours to remove */
        writer->temporary_path = NULL;
        return r;
    }
    return 0;
}

int gguf_writer_open(const char *path, struct gguf_writer **ret, struct error *error)
{
    _cleanup_(gguf_writer_freep) struct gguf_writer *writer = writer_new();
    int r;

    if (!writer)
        return error_set(error, -ENOMEM, "no memory to write %s", path);
    r = open_temporary(writer, path, error);
    if (r < 0) {
        mapped_file_error_at(error, path);
        return r;
    }
    *ret = TAKE_PTR(writer);
    return 0;
}

int gguf_writer_open_fd(int fd, struct gguf_writer **ret, struct error *error)
{
    struct gguf_writer *writer = writer_new();

    if (!writer)
        return error_set(error, -ENOMEM, "no memory to write a model file");
    writer->fd = fd;
    *ret = writer;
    return 0;
}

struct gguf_writer *gguf_writer_free(struct gguf_writer *writer)
{
    if (!writer)
        return NULL;
    if (writer->temporary_path)
        unlink(writer->temporary_path);
    if (writer->path && writer->fd >= 0)
        close(writer->fd);
    free(writer->temporary_path);
    free(writer->path);
    arena_deinit(&writer->arena);
    buffer_deinit(&writer->keys);
    buffer_deinit(&writer->tensors);
    free(writer->key_names);
    free(writer->tensor_names);
    free(writer->plan);
    free(writer);
    return NULL;
}
