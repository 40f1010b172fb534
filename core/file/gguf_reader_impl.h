/* What the two sources of the GGUF reader share: gguf_reader.c opens, checks header and tensors; gguf_metadata.c reads
   and lends keys and values. For them only. */
#pragma once

#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/file/gguf_format.h"
#include "core/file/gguf_reader.h"
#include "core/file/mapped_file.h"
#include "core/file/names.h"

/* A key and its value. Scalars and arrays of numbers stay where they are in the file, unaligned, as `items` (a scalar
 * is an array of one); what is lent as an array is copied into the arena. */
struct gguf_entry {
    const char *key;
    enum gguf_type type; /* of the items */
    bool is_array;
    size_t n;             /* items */
    const uint8_t *items; /* not for strings */
    const struct gguf_string *strings;
    const float *f32s;   /* of an array of that type */
    const int32_t *i32s; /* of an array of integers that all fit */
    struct bytes bytes;  /* all of the value, its type first, as in the file */
};

struct gguf_reader {
    struct mapped_file file;
    struct bytes in; /* what is not read yet, while opening */
    struct arena arena;
    struct gguf_entry *entries;
    struct name *keys;
    size_t n_entries;
    struct gguf_tensor *tensors;
    struct name *tensor_names;
    size_t n_tensors;
};

/* A length and so many bytes; empty when the file ends before. */
struct gguf_string gguf_reader_read_string(struct gguf_reader *reader);

/* These set the error. */
void *gguf_reader_alloc(struct gguf_reader *reader, size_t n, size_t size, struct error *error);
int gguf_reader_read_name(struct gguf_reader *reader, size_t n_max, const char *what, const char **ret,
                          struct error *error);
int gguf_reader_read_metadata(struct gguf_reader *reader, struct error *error);
