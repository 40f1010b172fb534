/* Writes GGUF version 3: metadata first, then the list of tensors, then their data one after the other, so that a
   file of any size is written with a small, fixed amount of memory. One thread.

   Order of calls: open; set… (keys) and add (tensors) in any order; begin; data for every tensor in the order of add,
   in pieces of any size; finish. The file is written under a temporary name beside its own and renamed by finish, so a
   failed or interrupted run leaves no half file under the real name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/tensor/tensor.h"

struct error;
struct gguf_writer;

int gguf_writer_open(const char *path, struct gguf_writer **ret, struct error *error);
/* Into an open descriptor (a memfd), which stays the caller's. */
int gguf_writer_open_fd(int fd, struct gguf_writer **ret, struct error *error);
/* Gives up: removes the temporary file. Accepts NULL. */
struct gguf_writer *gguf_writer_free(struct gguf_writer *writer);
DEFINE_CLEANUP(struct gguf_writer *, gguf_writer_free, gguf_writer_freep)

/* Failures (no memory) are remembered and returned by begin. */
void gguf_writer_set_u32(struct gguf_writer *writer, const char *key, uint32_t value);
void gguf_writer_set_u64(struct gguf_writer *writer, const char *key, uint64_t value);
void gguf_writer_set_f32(struct gguf_writer *writer, const char *key, float value);
void gguf_writer_set_bool(struct gguf_writer *writer, const char *key, bool value);
void gguf_writer_set_string(struct gguf_writer *writer, const char *key, const char *text);
void gguf_writer_set_strings(struct gguf_writer *writer, const char *key, const char *const *texts,
                             const size_t *lengths, size_t n); /* lengths NULL: NUL-terminated */
void gguf_writer_set_f32s(struct gguf_writer *writer, const char *key, const float *values, size_t n);
void gguf_writer_set_i32s(struct gguf_writer *writer, const char *key, const int32_t *values, size_t n);
/* As gguf_reader_value_bytes() lends it. */
void gguf_writer_set_value_bytes(struct gguf_writer *writer, const char *key, const void *bytes, size_t n);

/* tensor->data is not read. */
void gguf_writer_add(struct gguf_writer *writer, const char *name, const struct tensor *tensor);

/* Bytes that the finished file will have; known after begin. */
int gguf_writer_begin(struct gguf_writer *writer, uint64_t *ret_n_bytes, struct error *error);
int gguf_writer_data(struct gguf_writer *writer, const void *bytes, size_t n, struct error *error);
/* -EINVAL when data is missing: our mistake, named. Writes through to the disk (fsync) and renames. */
int gguf_writer_finish(struct gguf_writer *writer, struct error *error);
