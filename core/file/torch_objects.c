#include "core/file/torch_objects.h"

#include <errno.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/file/names.h"

enum torch_name {
    /* Below: storage classes, as their element type. */
    NAME_ORDERED_DICT = CHECKPOINT_BOOL + 1,
    NAME_REBUILD_TENSOR,
    NAME_REBUILD_PARAMETER,
};

static const struct {
    const char *module, *name;
    struct pickle_value value;
} names[] = {
    {"collections", "OrderedDict", {PICKLE_NAME, .name = NAME_ORDERED_DICT}},
    {"torch._utils", "_rebuild_tensor_v2", {PICKLE_NAME, .name = NAME_REBUILD_TENSOR}},
    {"torch._utils", "_rebuild_parameter", {PICKLE_NAME, .name = NAME_REBUILD_PARAMETER}},
    {"torch._utils", "_rebuild_parameter_with_state", {PICKLE_NAME, .name = NAME_REBUILD_PARAMETER}},
    {"torch", "DoubleStorage", {PICKLE_NAME, .name = CHECKPOINT_F64}},
    {"torch", "FloatStorage", {PICKLE_NAME, .name = CHECKPOINT_F32}},
    {"torch", "HalfStorage", {PICKLE_NAME, .name = CHECKPOINT_F16}},
    {"torch", "BFloat16Storage", {PICKLE_NAME, .name = CHECKPOINT_BF16}},
    {"torch", "LongStorage", {PICKLE_NAME, .name = CHECKPOINT_I64}},
    {"torch", "IntStorage", {PICKLE_NAME, .name = CHECKPOINT_I32}},
    {"torch", "ShortStorage", {PICKLE_NAME, .name = CHECKPOINT_I16}},
    {"torch", "CharStorage", {PICKLE_NAME, .name = CHECKPOINT_I8}},
    {"torch", "ByteStorage", {PICKLE_NAME, .name = CHECKPOINT_U8}},
    {"torch", "BoolStorage", {PICKLE_NAME, .name = CHECKPOINT_BOOL}},
};

static bool text_is(const struct pickle_text *text, const char *wanted)
{
    return text->n == strlen(wanted) && memcmp(text->bytes, wanted, text->n) == 0;
}

const struct pickle_value *torch_name(const struct pickle_text *module, const struct pickle_text *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (text_is(module, names[i].module) && text_is(name, names[i].name))
            return &names[i].value;
    return NULL;
}

static int ordered_dict(struct arena *arena, const struct pickle_items *arguments, const struct pickle_value **ret,
                        struct error *error)
{
    if (arguments->n != 0)
        return error_set(error, -EBADMSG, "OrderedDict has %zu arguments, expected none", arguments->n);
    *ret = pickle_value_new(arena, PICKLE_DICT);
    return *ret ? 0 : error_set(error, -ENOMEM, "no memory for a dict");
}

/* A tuple (or list) of up to CHECKPOINT_DIMS_MAX numbers that are not negative. */
static int read_numbers(const struct pickle_value *value, const char *what, int *ret_n, uint64_t *ret,
                        struct error *error)
{
    if (value->kind != PICKLE_TUPLE && value->kind != PICKLE_LIST)
        return error_set(error, -EBADMSG, "the %s of a tensor is %s, expected a tuple", what,
                         pickle_kind_name(value->kind));
    if (value->items->n > CHECKPOINT_DIMS_MAX)
        return error_set(error, -EBADMSG, "a tensor has %zu dimensions, at most %d are accepted", value->items->n,
                         CHECKPOINT_DIMS_MAX);
    for (size_t i = 0; i < value->items->n; i++) {
        const struct pickle_value *item = value->items->values[i];

        if (item->kind != PICKLE_INTEGER || item->integer < 0)
            return error_set(error, -EBADMSG, "the %s of a tensor has something else than numbers from 0 on", what);
        ret[i] = (uint64_t)item->integer;
    }
    *ret_n = (int)value->items->n;
    return 0;
}

/* Arguments: storage, offset, shape, stride, then what does not matter here: whether a gradient is wanted, hooks, and
 * in newer files a dict of properties. */
static int rebuild_tensor(struct arena *arena, const struct pickle_items *arguments, const struct pickle_value **ret,
                          struct error *error)
{
    const struct pickle_value *const *argument = arguments->values;
    struct pickle_value *value = pickle_value_new(arena, PICKLE_TENSOR);
    struct torch_tensor *tensor = arena_new(arena, struct torch_tensor, 1);
    int n_strides, r;

    if (!value || !tensor)
        return error_set(error, -ENOMEM, "no memory for a tensor");
    if (arguments->n < 6 || arguments->n > 7)
        return error_set(error, -EBADMSG, "_rebuild_tensor_v2 has %zu arguments, expected 6 or 7", arguments->n);
    if (argument[0]->kind != PICKLE_STORAGE || argument[1]->kind != PICKLE_INTEGER || argument[1]->integer < 0)
        return error_set(error, -EBADMSG, "_rebuild_tensor_v2 has %s and %s, expected a storage and an offset",
                         pickle_kind_name(argument[0]->kind), pickle_kind_name(argument[1]->kind));
    tensor->storage = argument[0]->storage;
    tensor->offset = (uint64_t)argument[1]->integer;
    r = read_numbers(argument[2], "shape", &tensor->n_dims, tensor->shape, error);
    if (r < 0)
        return r;
    r = read_numbers(argument[3], "stride", &n_strides, tensor->stride, error);
    if (r < 0)
        return r;
    if (n_strides != tensor->n_dims)
        return error_set(error, -EBADMSG, "a tensor has %d dimensions and %d strides", tensor->n_dims, n_strides);
    value->tensor = tensor;
    *ret = value;
    return 0;
}

/* The tensor, then what does not matter here. */
static int rebuild_parameter(const struct pickle_items *arguments, const struct pickle_value **ret, struct error *error)
{
    if (arguments->n < 3 || arguments->n > 4 || arguments->values[0]->kind != PICKLE_TENSOR)
        return error_set(error, -EBADMSG, "_rebuild_parameter is not called with a tensor and two or three more");
    *ret = arguments->values[0];
    return 0;
}

int torch_call(struct arena *arena, const struct pickle_value *name, const struct pickle_value *arguments,
               const struct pickle_value **ret, struct error *error)
{
    if (name->kind != PICKLE_NAME || arguments->kind != PICKLE_TUPLE)
        return error_set(error, -EBADMSG, "calls %s with %s, expected a name and a tuple", pickle_kind_name(name->kind),
                         pickle_kind_name(arguments->kind));
    switch (name->name) {
    case NAME_ORDERED_DICT:
        return ordered_dict(arena, arguments->items, ret, error);
    case NAME_REBUILD_TENSOR:
        return rebuild_tensor(arena, arguments->items, ret, error);
    case NAME_REBUILD_PARAMETER:
        return rebuild_parameter(arguments->items, ret, error);
    default:
        return error_set(error, -EBADMSG, "calls a storage class");
    }
}

int torch_persistent(struct arena *arena, const struct pickle_value *identification, const struct pickle_value **ret,
                     struct error *error)
{
    const struct pickle_value *const *part;
    struct pickle_value *value = pickle_value_new(arena, PICKLE_STORAGE);
    struct torch_storage *storage = arena_new(arena, struct torch_storage, 1);

    if (!value || !storage)
        return error_set(error, -ENOMEM, "no memory for a storage");
    if (identification->kind != PICKLE_TUPLE || identification->items->n != 5)
        return error_set(error, -EBADMSG, "a persistent object is not identified by a tuple of five");
    part = identification->items->values;
    if (part[0]->kind != PICKLE_TEXT || !text_is(&part[0]->text, "storage") || part[1]->kind != PICKLE_NAME ||
        part[1]->name > CHECKPOINT_BOOL || part[2]->kind != PICKLE_TEXT || part[4]->kind != PICKLE_INTEGER ||
        part[4]->integer < 0)
        return error_set(error, -EBADMSG, "a persistent object is not a storage with class, key, place and size");
    if (!name_is_acceptable(part[2]->text.bytes, part[2]->text.n))
        return error_set(error, -EBADMSG, "the key of a storage is empty or has control characters");
    storage->type = (enum checkpoint_type)part[1]->name;
    storage->key = part[2]->text.bytes;
    storage->n_elements = (uint64_t)part[4]->integer;
    value->storage = storage;
    *ret = value;
    return 0;
}
