/* Members of a zip archive, read at any place: PyTorch stores them as they are, but compressed ones are read too.
   Nobody else includes the zip library. One thread at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"

struct error;
struct zip_archive;

/* From an open file; takes over the descriptor, also on failure. -EBADMSG when it is not a zip archive or has no end.
 */
int zip_archive_open_fd(int fd, struct zip_archive **ret, struct error *error);
struct zip_archive *zip_archive_close(struct zip_archive *archive);
DEFINE_CLEANUP(struct zip_archive *, zip_archive_close, zip_archive_closep)

size_t zip_archive_n_members(const struct zip_archive *archive);
const char *zip_archive_name(const struct zip_archive *archive, size_t member); /* NULL: damaged */

/* 0 with the member and its size, uncompressed; -ENOENT without an error set. */
int zip_archive_find(struct zip_archive *archive, const char *name, size_t *ret_member, uint64_t *ret_n_bytes);

/* n bytes of a member from `offset` on. Reading in order is fast, jumping within compressed members is slow. Whoever
 * reads a member in order up to its end also learns whether its checksum is right. */
int zip_archive_read(struct zip_archive *archive, size_t member, uint64_t offset, void *ret, size_t n,
                     struct error *error);
