/* API keys: who may ask, and how much at once. The file has a line for each: a label, the SHA-256 of the key in
   hexadecimal, and perhaps how many of its questions may be in progress. Thread: loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/digest.h"

struct error;

#define KEY_LABEL_MAX 32
#define KEYS_MAX 1024

struct key {
    char label[KEY_LABEL_MAX + 1];
    struct digest digest;
    size_t requests_max; /* 0: as many as there is room for */
    size_t n_requests;
    bool is_valid; /* in the file as it was read last */
    struct key *next;
};

/* Embedded; zero-filled: nobody needs a key. Keys live as long as this, whatever becomes of the file. */
struct keys {
    struct key *first;
    bool are_needed;
};

/* Reads the file, or its text, in place of what was read before; on failure nothing has changed. -EINVAL names the
 * line; -ENOMEM; what the system says of the file. *ret_n: keys. */
int keys_load(struct keys *keys, const char *path, size_t *ret_n, struct error *error);
int keys_read(struct keys *keys, const char *text, size_t n, size_t *ret_n, struct error *error);
void keys_deinit(struct keys *keys);

/* Whose "Bearer …" this is; NULL: nobody's, or authorization is NULL. How long it takes tells nothing about the keys.
 */
struct key *keys_find(const struct keys *keys, const char *authorization);

/* Another question of a key, which may be NULL. False: it has as many as it may. */
bool key_enter(struct key *key);
void key_leave(struct key *key);
