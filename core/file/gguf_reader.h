/* Reads GGUF (versions 2 and 3, little endian). Everything in the file is untrusted: every offset, count, size and
   string is checked against the file before use, so what this returns may be used without further checks.
   Immutable once open; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/tensor/tensor.h"

struct error;
struct gguf_reader;

struct gguf_tensor {
    const char *name;     /* NUL-terminated, at most 64 bytes */
    struct tensor tensor; /* data points into the mapping, aligned as the file says (at least 32) */
};

/* A string of the file: not NUL-terminated, no further checks made on its bytes. */
struct gguf_string {
    const char *text;
    size_t n;
};

/* Maps the file read-only and checks all of it but the weights themselves. -EBADMSG with what is wrong and where;
 * a tensor of an unknown type is -EBADMSG too and is named. */
int gguf_reader_open(const char *path, struct gguf_reader **ret, struct error *error);
/* The same from an open file; takes over the descriptor, also on failure. `name` is for messages. */
int gguf_reader_open_fd(int fd, const char *name, struct gguf_reader **ret, struct error *error);
struct gguf_reader *gguf_reader_close(struct gguf_reader *reader);
DEFINE_CLEANUP(struct gguf_reader *, gguf_reader_close, gguf_reader_closep)

size_t gguf_reader_n_bytes(const struct gguf_reader *reader); /* of the whole file */
size_t gguf_reader_n_tensors(const struct gguf_reader *reader);
/* In the order of the file; all lie side by side, tensor 0 first. */
const struct gguf_tensor *gguf_reader_tensor(const struct gguf_reader *reader, size_t i);
const struct gguf_tensor *gguf_reader_find_tensor(const struct gguf_reader *reader, const char *name); /* NULL */

/* Metadata. Each returns 0; -ENOENT when the key is missing; -EINVAL when it has another type or does not fit; an error
 * that is set names the key. Integer getters accept every integer type of GGUF whose value fits. */
bool gguf_reader_has(const struct gguf_reader *reader, const char *key);
int gguf_reader_u64(const struct gguf_reader *reader, const char *key, uint64_t *ret, struct error *error);
int gguf_reader_f32(const struct gguf_reader *reader, const char *key, float *ret, struct error *error);
int gguf_reader_bool(const struct gguf_reader *reader, const char *key, bool *ret, struct error *error);
int gguf_reader_string(const struct gguf_reader *reader, const char *key, struct gguf_string *ret, struct error *error);
/* Arrays: *ret is borrowed from the reader. Strings come as an array of views made at opening. */
int gguf_reader_strings(const struct gguf_reader *reader, const char *key, const struct gguf_string **ret,
                        size_t *ret_n, struct error *error);
int gguf_reader_f32s(const struct gguf_reader *reader, const char *key, const float **ret, size_t *ret_n,
                     struct error *error);
int gguf_reader_i32s(const struct gguf_reader *reader, const char *key, const int32_t **ret, size_t *ret_n,
                     struct error *error);

/* All bytes of the value of entry i, for gguf_writer_set_value_bytes(). */
const void *gguf_reader_value_bytes(const struct gguf_reader *reader, size_t i, size_t *ret_n);

/* Listing, for `onellm inspect`: key of entry i and its value as text for a person (long arrays are shortened). */
size_t gguf_reader_n_keys(const struct gguf_reader *reader);
const char *gguf_reader_key(const struct gguf_reader *reader, size_t i);
struct value;
struct value *gguf_reader_value(const struct gguf_reader *reader, size_t i, size_t n_items_max); /* as JSON */
