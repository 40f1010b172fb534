/* Reads views of tensors from an archive, as f32: any range, any strides, through one window of bounded size.
   One thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/file/checkpoint.h"

struct zip_archive;

/* Embedded; zero-filled but for `archive` is ready. */
struct strided_reader {
    struct zip_archive *archive; /* borrowed */
    char *window;                /* n bytes of a member from `begin` on; of n_max bytes */
    size_t member;
    uint64_t begin;
    size_t n, n_max;
};

size_t strided_reader_element_bytes(enum checkpoint_type type);

/* See checkpoint_read_f32(). The view was checked to lie inside the member. */
int strided_reader_read(struct strided_reader *reader, size_t member, const struct checkpoint_tensor *tensor,
                        uint64_t first, size_t n, float *ret, struct error *error);
void strided_reader_deinit(struct strided_reader *reader);
