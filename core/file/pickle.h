/* A pickle machine for state dicts: Python's serialised objects (protocols 2 to 5) become plain values, and the only
   objects that can come into being are those that torch_objects.h knows. Nothing is executed. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
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

/* Reads the pickle at the beginning of n bytes; its values live in the arena, whose ceiling bounds them.
 * -EBADMSG naming opcode and place, or the class or function that was refused. */
int pickle_read(const void *bytes, size_t n, struct arena *arena, const struct pickle_value **ret, struct error *error);

const char *pickle_kind_name(enum pickle_kind kind); /* "a dict" */

/* A new value; NULL: no memory. */
struct pickle_value *pickle_value_new(struct arena *arena, enum pickle_kind kind);
