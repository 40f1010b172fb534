/* Media that were uploaded once to be asked about often: their embeddings and what is known of them, never the uploads.
   Each is known to the key that made it alone, and forgotten when nobody has asked about it for a while, or when newer
   ones need its memory. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/answer/question.h"

struct error;
struct key;
struct media_store;

/* n_floats of every medium; as many as fit into n_bytes, at least one. A medium lives for ttl_ms behind its last use.
 * NULL: no memory. */
struct media_store *media_store_new(size_t n_floats, uint64_t n_bytes, uint64_t ttl_ms);
struct media_store *media_store_free(struct media_store *store); /* NULL is fine */

/* Keeps a copy under medium->id. key may be NULL, here and below: nobody needs one. -ENOMEM. */
int media_store_put(struct media_store *store, const struct kept_medium *medium, const struct key *key,
                    int64_t created);

/* Adds a medium to a question, which is a use. -ENOENT names media_id: there is none of this id for this key; else as
 * question_add_kept(). */
int media_store_add_to(struct media_store *store, const char *id, const struct key *key, struct question *question,
                       struct error *error);

/* What is known of a medium; its embeddings are NULL. False: there is none. */
struct kept_info {
    struct kept_medium medium;
    int64_t created, expires_at; /* seconds since 1970 */
};
bool media_store_find(struct media_store *store, const char *id, const struct key *key, struct kept_info *ret);
bool media_store_forget(struct media_store *store, const char *id, const struct key *key);

/* How many there are. */
size_t media_store_size(struct media_store *store);
