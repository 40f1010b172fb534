/* fuzz: file_dep, base_dep */
/* The input as a pickle: whatever it builds is walked to a fixed depth and number of values. */
#include <stdint.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/file/pickle.h"
#include "core/file/torch_objects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEPTH_MAX 50
#define VALUES_MAX 10000

static void require(int condition)
{
    if (!condition)
        __builtin_trap();
}

static void check_tensor(const struct torch_tensor *tensor)
{
    require(tensor->n_dims >= 0 && tensor->n_dims <= CHECKPOINT_DIMS_MAX);
    require(tensor->storage->type <= CHECKPOINT_BOOL && strlen(tensor->storage->key) > 0);
}

static void walk(const struct pickle_value *value, int depth, int *n_values)
{
    require(pickle_kind_name(value->kind) != NULL);
    if (++*n_values > VALUES_MAX || depth > DEPTH_MAX)
        return;
    if (value->kind == PICKLE_TEXT)
        require(value->text.bytes[value->text.n] == '\0');
    if (value->kind == PICKLE_TENSOR)
        check_tensor(value->tensor);
    if (value->kind == PICKLE_DICT)
        require(value->items->n % 2 == 0);
    if (value->kind == PICKLE_TUPLE || value->kind == PICKLE_LIST || value->kind == PICKLE_DICT)
        for (size_t i = 0; i < value->items->n; i++)
            walk(value->items->values[i], depth + 1, n_values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pickle_value *value = NULL;
    struct error error = ERROR_NONE;
    struct arena arena;
    int n_values = 0, r;

    arena_init(&arena, 64 << 20);
    r = pickle_read(data, size, &arena, &value, &error);
    require(r == error.code && (r < 0) == !value);
    if (value)
        walk(value, 0, &n_values);
    arena_deinit(&arena);
    return 0;
}
