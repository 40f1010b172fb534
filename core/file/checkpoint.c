/* A checkpoint is a zip archive with one folder: data.pkl is the pickled state dict, whose tensors are views of
   storages, and data/<key> are the bytes of a storage. Opening reads the pickle and compares every view with the size
   of its storage; the bytes are read when they are asked for. */
#include "core/file/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/file/mapped_file.h"
#include "core/file/names.h"
#include "core/file/pickle.h"
#include "core/file/strided_reader.h"
#include "core/file/torch_objects.h"
#include "core/file/zip_archive.h"

#define PICKLE_BYTES_MAX ((uint64_t)16 << 20)
#define VALUES_BYTES_MAX ((size_t)256 << 20)  /* what the pickle may become in memory */
#define STORAGE_BYTES_MAX ((uint64_t)1 << 60) /* sums and products of places in it do not overflow */
#define MEMBER_NAME_MAX 512

struct stored_tensor {
    struct checkpoint_tensor tensor; /* first: found by its address */
    size_t member;
};

struct checkpoint {
    struct zip_archive *archive;
    struct strided_reader reader;
    struct arena arena;
    char folder[MEMBER_NAME_MAX]; /* of all members */
    struct stored_tensor *tensors;
    struct name *names;
    size_t n_tensors;
};

/* --- members ----------------------------------------------------------------------------------------------------- */

static int find_folder(struct checkpoint *checkpoint, struct error *error)
{
    const char *name = zip_archive_n_members(checkpoint->archive) ? zip_archive_name(checkpoint->archive, 0) : NULL;
    const char *slash = name ? strchr(name, '/') : NULL;

    if (!slash || (size_t)(slash - name) >= sizeof(checkpoint->folder))
        return error_set(error, -EBADMSG,
                         "is a zip archive, but not a PyTorch checkpoint: its first member is in no "
                         "folder");
    memcpy(checkpoint->folder, name, (size_t)(slash - name));
    return 0;
}

static int find_member(const struct checkpoint *checkpoint, const char *folder, const char *name, size_t *ret_member,
                       uint64_t *ret_n_bytes)
{
    char path[MEMBER_NAME_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s%s", checkpoint->folder, folder, name);

    if (n < 0 || (size_t)n >= sizeof(path))
        return -ENOENT;
    return zip_archive_find(checkpoint->archive, path, ret_member, ret_n_bytes);
}

/* Written since PyTorch 2.1; before, everything was little endian in practice. */
static int check_byte_order(struct checkpoint *checkpoint, struct error *error)
{
    static const char little[] = "little";
    char order[sizeof(little)] = {0};
    uint64_t n_bytes;
    size_t member;
    int r;

    if (find_member(checkpoint, "", "byteorder", &member, &n_bytes) < 0)
        return 0;
    if (n_bytes == strlen(little)) {
        r = zip_archive_read(checkpoint->archive, member, 0, order, n_bytes, error);
        if (r < 0)
            return r;
    }
    if (strcmp(order, little) != 0)
        return error_set(error, -EBADMSG, "was written on a big-endian machine: its byte order is not 'little'");
    return 0;
}

static int read_pickle(struct checkpoint *checkpoint, struct arena *values, const struct pickle_value **ret,
                       struct error *error)
{
    _cleanup_(freep) char *bytes = NULL;
    uint64_t n_bytes;
    size_t member;
    int r;

    if (find_member(checkpoint, "", "data.pkl", &member, &n_bytes) < 0)
        return error_set(error, -EBADMSG, "is a zip archive, but not a PyTorch checkpoint: it has no data.pkl");
    if (n_bytes > PICKLE_BYTES_MAX)
        return error_set(error, -EFBIG, "its pickle has %llu bytes, at most %llu are accepted",
                         (unsigned long long)n_bytes, (unsigned long long)PICKLE_BYTES_MAX);
    bytes = malloc(n_bytes + 1);
    if (!bytes)
        return error_set(error, -ENOMEM, "no memory for its pickle");
    r = zip_archive_read(checkpoint->archive, member, 0, bytes, n_bytes, error);
    if (r < 0)
        return r;
    return pickle_read(bytes, n_bytes, values, ret, error);
}

/* --- tensors ----------------------------------------------------------------------------------------------------- */

static bool has_tensors(const struct pickle_value *value)
{
    if (value->kind == PICKLE_DICT)
        for (size_t i = 1; i < value->items->n; i += 2)
            if (value->items->values[i]->kind == PICKLE_TENSOR)
                return true;
    return false;
}

static bool is_text(const struct pickle_value *value, const char *wanted)
{
    return value->kind == PICKLE_TEXT && value->text.n == strlen(wanted) && strcmp(value->text.bytes, wanted) == 0;
}

/* The dict of tensors: the whole file, or what training programs put under one of two names beside other things. */
static int find_state_dict(const struct pickle_value *root, const struct pickle_items **ret, struct error *error)
{
    const struct pickle_value *found = has_tensors(root) ? root : NULL;

    if (root->kind != PICKLE_DICT)
        return error_set(error, -EBADMSG, "holds %s, expected a dict of tensors", pickle_kind_name(root->kind));
    for (size_t i = 0; !found && i < root->items->n; i += 2)
        if ((is_text(root->items->values[i], "model") || is_text(root->items->values[i], "state_dict")) &&
            has_tensors(root->items->values[i + 1]))
            found = root->items->values[i + 1];
    if (!found)
        return error_set(error, -EBADMSG, "has no tensors, neither at its top nor under 'model' or 'state_dict'");
    *ret = found->items;
    return 0;
}

static int count_elements(struct checkpoint_tensor *tensor, struct error *error)
{
    tensor->n_elements = 1;
    for (int i = 0; i < tensor->n_dims; i++)
        if (tensor->shape[i] == 0) {
            tensor->n_elements = 0;
            return 0;
        }
    for (int i = 0; i < tensor->n_dims; i++)
        if (__builtin_mul_overflow(tensor->n_elements, tensor->shape[i], &tensor->n_elements) ||
            tensor->n_elements > INT64_MAX)
            return error_set(error, -EBADMSG, "tensor '%s': its dimensions are larger than any file", tensor->name);
    return 0;
}

/* The place of the view's last element must be inside the storage, and the storage inside its member. */
static int check_view(const struct checkpoint_tensor *tensor, const struct torch_storage *storage, uint64_t n_bytes,
                      struct error *error)
{
    uint64_t last = tensor->storage_offset;
    bool overflow = false;

    if (n_bytes > STORAGE_BYTES_MAX || storage->n_elements > n_bytes / strided_reader_element_bytes(tensor->type))
        return error_set(error, -EBADMSG,
                         "tensor '%s': its storage '%s' has %llu bytes, too few for %llu elements of %s", tensor->name,
                         storage->key, (unsigned long long)n_bytes, (unsigned long long)storage->n_elements,
                         checkpoint_type_name(tensor->type));
    for (int i = 0; i < tensor->n_dims; i++) {
        uint64_t step;

        overflow = overflow || __builtin_mul_overflow(tensor->shape[i] - 1, tensor->stride[i], &step) ||
                   __builtin_add_overflow(last, step, &last);
    }
    if (overflow || last >= storage->n_elements)
        return error_set(error, -EBADMSG, "tensor '%s': reaches beyond the %llu elements of its storage '%s'",
                         tensor->name, (unsigned long long)storage->n_elements, storage->key);
    return 0;
}

static int add_tensor(struct checkpoint *checkpoint, const struct pickle_value *key, const struct torch_tensor *source,
                      struct error *error)
{
    struct stored_tensor *stored = &checkpoint->tensors[checkpoint->n_tensors];
    struct checkpoint_tensor *tensor = &stored->tensor;
    uint64_t n_bytes;
    int r;

    if (key->kind != PICKLE_TEXT || !name_is_acceptable(key->text.bytes, key->text.n))
        return error_set(error, -EBADMSG, "the key of tensor %zu is no text, empty or has control characters",
                         checkpoint->n_tensors);
    tensor->name = arena_copy_text(&checkpoint->arena, key->text.bytes, key->text.n);
    if (!tensor->name)
        return error_set(error, -ENOMEM, "no memory for the names of tensors");
    tensor->type = source->storage->type;
    tensor->n_dims = source->n_dims;
    memcpy(tensor->shape, source->shape, sizeof(tensor->shape));
    memcpy(tensor->stride, source->stride, sizeof(tensor->stride));
    tensor->storage_offset = source->offset;
    checkpoint->names[checkpoint->n_tensors] = (struct name){.text = tensor->name, .position = checkpoint->n_tensors};
    checkpoint->n_tensors++;
    r = count_elements(tensor, error);
    if (r < 0 || tensor->n_elements == 0)
        return r;
    if (find_member(checkpoint, "data/", source->storage->key, &stored->member, &n_bytes) < 0)
        return error_set(error, -EBADMSG, "tensor '%s': the archive has no storage '%s'", tensor->name,
                         source->storage->key);
    return check_view(tensor, source->storage, n_bytes, error);
}

static int add_tensors(struct checkpoint *checkpoint, const struct pickle_items *items, struct error *error)
{
    const char *twice;
    int r;

    checkpoint->tensors = arena_new(&checkpoint->arena, struct stored_tensor, items->n / 2);
    checkpoint->names = arena_new(&checkpoint->arena, struct name, items->n / 2);
    if (!checkpoint->tensors || !checkpoint->names)
        return error_set(error, -ENOMEM, "no memory for the list of tensors");
    for (size_t i = 0; i < items->n; i += 2) {
        if (items->values[i + 1]->kind != PICKLE_TENSOR)
            continue;
        r = add_tensor(checkpoint, items->values[i], items->values[i + 1]->tensor, error);
        if (r < 0)
            return r;
    }
    twice = names_sort(checkpoint->names, checkpoint->n_tensors);
    if (twice)
        return error_set(error, -EBADMSG, "tensor '%s' is there twice", twice);
    return 0;
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static int check_format(int fd, struct error *error)
{
    unsigned char begin[2] = {0};
    ssize_t n = pread(fd, begin, sizeof(begin), 0);

    if (n < 0)
        return error_set(error, -errno, "cannot be read: %s", strerror(errno));
    if (n == 2 && begin[0] == 0x80 && begin[1] >= 2 && begin[1] <= 5)
        return error_set(error, -EMEDIUMTYPE,
                         "is a bare pickle, the format of PyTorch before 1.6. Save it anew with a later PyTorch: "
                         "torch.save(torch.load('old.pth', map_location='cpu'), 'new.pth')");
    if (n < 2 || begin[0] != 'P' || begin[1] != 'K')
        return error_set(error, -EMEDIUMTYPE, "is not a PyTorch checkpoint: it does not begin like a zip archive");
    return 0;
}

static int open_archive(struct checkpoint *checkpoint, const char *path, struct error *error)
{
    _cleanup_(closep) int fd = -1;
    int owned_fd, r;

    r = mapped_file_open(path, &fd, error);
    if (r < 0)
        return r;
    r = check_format(fd, error);
    if (r < 0)
        return r;
    owned_fd = fd;
    fd = -1;
    r = zip_archive_open_fd(owned_fd, &checkpoint->archive, error);
    if (r < 0)
        return r;
    checkpoint->reader.archive = checkpoint->archive;
    return 0;
}

static int read_archive(struct checkpoint *checkpoint, struct arena *values, struct error *error)
{
    const struct pickle_value *root;
    const struct pickle_items *items;
    int r;

    r = find_folder(checkpoint, error);
    if (r < 0)
        return r;
    r = check_byte_order(checkpoint, error);
    if (r < 0)
        return r;
    r = read_pickle(checkpoint, values, &root, error);
    if (r < 0)
        return r;
    r = find_state_dict(root, &items, error);
    if (r < 0)
        return r;
    return add_tensors(checkpoint, items, error);
}

int checkpoint_open(const char *path, struct checkpoint **ret, struct error *error)
{
    _cleanup_(checkpoint_closep) struct checkpoint *checkpoint = calloc(1, sizeof(*checkpoint));
    _cleanup_(arena_deinit) struct arena values;
    int r;

    arena_init(&values, VALUES_BYTES_MAX);
    if (!checkpoint)
        return error_set(error, -ENOMEM, "no memory to open %s", path);
    r = open_archive(checkpoint, path, error);
    if (r == 0)
        r = read_archive(checkpoint, &values, error);
    if (r < 0) {
        mapped_file_error_at(error, path);
        return r;
    }
    *ret = TAKE_PTR(checkpoint);
    return 0;
}

struct checkpoint *checkpoint_close(struct checkpoint *checkpoint)
{
    if (checkpoint) {
        strided_reader_deinit(&checkpoint->reader);
        zip_archive_close(checkpoint->archive);
        arena_deinit(&checkpoint->arena);
        free(checkpoint);
    }
    return NULL;
}

size_t checkpoint_n_tensors(const struct checkpoint *checkpoint)
{
    return checkpoint->n_tensors;
}

const struct checkpoint_tensor *checkpoint_tensor(const struct checkpoint *checkpoint, size_t i)
{
    return &checkpoint->tensors[i].tensor;
}

const struct checkpoint_tensor *checkpoint_find(const struct checkpoint *checkpoint, const char *name)
{
    const struct name *found = names_find(checkpoint->names, checkpoint->n_tensors, name);

    return found ? &checkpoint->tensors[found->position].tensor : NULL;
}

const char *checkpoint_type_name(enum checkpoint_type type)
{
    static const char *const type_names[] = {
        [CHECKPOINT_F64] = "f64", [CHECKPOINT_F32] = "f32",   [CHECKPOINT_F16] = "f16", [CHECKPOINT_BF16] = "bf16",
        [CHECKPOINT_I64] = "i64", [CHECKPOINT_I32] = "i32",   [CHECKPOINT_I16] = "i16", [CHECKPOINT_I8] = "i8",
        [CHECKPOINT_U8] = "u8",   [CHECKPOINT_BOOL] = "bool",
    };

    return type_names[type];
}

int checkpoint_read_f32(struct checkpoint *checkpoint, const struct checkpoint_tensor *tensor, uint64_t first, size_t n,
                        float *ret, struct error *error)
{
    const struct stored_tensor *stored = (const struct stored_tensor *)tensor;

    if (first > tensor->n_elements || n > tensor->n_elements - first)
        return error_set(error, -EINVAL, "tensor '%s': elements %llu to %llu are wanted, it has %llu", tensor->name,
                         (unsigned long long)first, (unsigned long long)(first + n),
                         (unsigned long long)tensor->n_elements);
    return strided_reader_read(&checkpoint->reader, stored->member, tensor, first, n, ret, error);
}
