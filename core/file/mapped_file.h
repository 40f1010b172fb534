/* A regular file mapped read-only. Whoever shortens the file while it is mapped makes reads behind its new end fatal
   (SIGBUS), as with every mapping: files are replaced by renaming, never rewritten in place. Immutable; any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

/* Embedded; zero-filled may be unmapped. */
struct mapped_file {
    const uint8_t *bytes;
    size_t n;
};

/* Opens a file for reading and makes sure that it is a regular one: never waits for a pipe or a device. */
int mapped_file_open(const char *path, int *ret_fd, struct error *error);

/* Maps all of an open regular file; the descriptor stays the caller's and is not needed any more. */
int mapped_file_map(struct mapped_file *file, int fd, struct error *error);
void mapped_file_unmap(struct mapped_file *file);

/* n bytes of the mapping are not needed for now: whole pages of them take no memory until they are read again. */
void mapped_file_forget(const void *bytes, size_t n);

/* Names the file as the place of an error: its path, or the end of a long one. */
void mapped_file_error_at(struct error *error, const char *path);
