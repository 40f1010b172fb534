#include "core/file/pickle_value.h"

#include "core/base/arena.h"

const char *pickle_kind_name(enum pickle_kind kind)
{
    static const char *const kind_names[] = {
        [PICKLE_NONE] = "None",         [PICKLE_BOOL] = "a truth value", [PICKLE_INTEGER] = "an integer",
        [PICKLE_REAL] = "a float",      [PICKLE_TEXT] = "a text",        [PICKLE_TUPLE] = "a tuple",
        [PICKLE_LIST] = "a list",       [PICKLE_DICT] = "a dict",        [PICKLE_NAME] = "a class or function",
        [PICKLE_STORAGE] = "a storage", [PICKLE_TENSOR] = "a tensor",
    };

    return kind_names[kind];
}

struct pickle_value *pickle_value_new(struct arena *arena, enum pickle_kind kind)
{
    bool has_items = kind == PICKLE_TUPLE || kind == PICKLE_LIST || kind == PICKLE_DICT;
    struct {
        struct pickle_value value;
        struct pickle_items items;
    } *memory = arena_alloc(arena, 1, sizeof(*memory));

    if (!memory)
        return NULL;
    memory->value.kind = kind;
    if (has_items)
        memory->value.items = &memory->items;
    return &memory->value;
}
