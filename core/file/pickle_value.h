/* What a pickle becomes: plain values in an arena, immutable once the pickle is read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct torch_storage;
struct torch_tensor;

enum pickle_kind {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INTEGER,
    PICKLE_REAL,
    PICKLE_TEXT,
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT, /* plain or ordered: items are key, value, key, value … as they came, repeated keys included */
    PICKLE_NAME, /* of a class or function */
    PICKLE_STORAGE,
    PICKLE_TENSOR,
};

/* A list may contain itself: do not follow values without a limit of depth. */
struct pickle_value;
struct pickle_items {
    const struct pickle_value **values;
    size_t n, n_max;
};

struct pickle_text {
    const char *bytes; /* NUL-terminated, but may have NULs inside */
    size_t n;
};

struct pickle_value {
    enum pickle_kind kind;
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct pickle_text text;
        struct pickle_items *items;
        int name; /* enum torch_name */
        const struct torch_storage *storage;
        const struct torch_tensor *tensor;
    };
};

const char *pickle_kind_name(enum pickle_kind kind); /* "a dict" */

/* A new value, its items empty; NULL: no memory. */
struct pickle_value *pickle_value_new(struct arena *arena, enum pickle_kind kind);
