/* A table that is searched from end to end: a few thousand entries at most, and each search saves an encoder's work. */
#include "server/media_store.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/error.h"

struct entry {
    struct kept_medium medium; /* its embeddings are allocated once and stay; id empty: nothing is here */
    const struct key *key;
    int64_t created;
    uint64_t used_ns;
};

struct media_store {
    pthread_mutex_t lock;
    size_t n_floats, n_entries, n_entries_max;
    uint64_t ttl_ns;
    struct entry *entries;
};

struct media_store *media_store_new(size_t n_floats, uint64_t n_bytes, uint64_t ttl_ms)
{
    struct media_store *store = calloc(1, sizeof(*store));

    if (!store)
        return NULL;
    pthread_mutex_init(&store->lock, NULL);
    store->n_floats = n_floats;
    store->ttl_ns = ttl_ms * 1000000;
    store->n_entries_max = MAX(n_bytes / (n_floats * sizeof(float) + sizeof(struct entry)), 1u);
    store->entries = calloc(store->n_entries_max, sizeof(*store->entries));
    return store->entries ? store : media_store_free(store);
}

struct media_store *media_store_free(struct media_store *store)
{
    if (!store)
        return NULL;
    for (size_t i = 0; i < store->n_entries; i++)
        free(store->entries[i].medium.embeddings);
    free(store->entries);
    pthread_mutex_destroy(&store->lock);
    free(store);
    return NULL;
}

/* ---- under the lock ---- */

static bool is_alive(const struct media_store *store, const struct entry *entry)
{
    return entry->medium.id[0] && clock_ns() - entry->used_ns <= store->ttl_ns;
}

static struct entry *find(struct media_store *store, const char *id, const struct key *key)
{
    for (size_t i = 0; i < store->n_entries; i++) {
        struct entry *entry = &store->entries[i];

        if (entry->key == key && is_alive(store, entry) && strcmp(entry->medium.id, id) == 0)
            return entry;
    }
    return NULL;
}

/* One that nobody needs any more, or a new one, or the one that was used longest ago. */
static struct entry *make_room(struct media_store *store)
{
    struct entry *oldest = store->entries;
    float *embeddings;

    for (size_t i = 0; i < store->n_entries; i++) {
        struct entry *entry = &store->entries[i];

        if (!is_alive(store, entry))
            return entry;
        if (entry->used_ns < oldest->used_ns)
            oldest = entry;
    }
    if (store->n_entries == store->n_entries_max)
        return oldest;
    embeddings = malloc(store->n_floats * sizeof(*embeddings));
    if (!embeddings)
        return store->n_entries ? oldest : NULL;
    oldest = &store->entries[store->n_entries++];
    oldest->medium.embeddings = embeddings;
    return oldest;
}

static void put(struct media_store *store, struct entry *entry, const struct kept_medium *medium, const struct key *key,
                int64_t created)
{
    float *embeddings = entry->medium.embeddings;

    memcpy(embeddings, medium->embeddings, store->n_floats * sizeof(*embeddings));
    *entry = (struct entry){.medium = *medium, .key = key, .created = created, .used_ns = clock_ns()};
    entry->medium.embeddings = embeddings;
}

/* ---- */

int media_store_put(struct media_store *store, const struct kept_medium *medium, const struct key *key, int64_t created)
{
    struct entry *entry;

    pthread_mutex_lock(&store->lock);
    entry = make_room(store);
    if (entry)
        put(store, entry, medium, key, created);
    pthread_mutex_unlock(&store->lock);
    return entry ? 0 : -ENOMEM;
}

int media_store_add_to(struct media_store *store, const char *id, const struct key *key, struct question *question,
                       struct error *error)
{
    struct entry *entry;
    int r;

    pthread_mutex_lock(&store->lock);
    entry = find(store, id, key);
    if (entry) {
        entry->used_ns = clock_ns();
        r = question_add_kept(question, &entry->medium, store->n_floats, error);
    } else {
        error_set(error, -ENOENT, "there is no medium of this id; it may have been forgotten: upload it again");
        error_at(error, "media_id");
        r = -ENOENT;
    }
    pthread_mutex_unlock(&store->lock);
    return r;
}

bool media_store_find(struct media_store *store, const char *id, const struct key *key, struct kept_info *ret)
{
    struct entry *entry;

    pthread_mutex_lock(&store->lock);
    entry = find(store, id, key);
    if (entry) {
        uint64_t left_ns = store->ttl_ns - (clock_ns() - entry->used_ns);

        *ret = (struct kept_info){entry->medium, entry->created, time(NULL) + (int64_t)(left_ns / 1000000000)};
        ret->medium.embeddings = NULL;
    }
    pthread_mutex_unlock(&store->lock);
    return entry;
}

bool media_store_forget(struct media_store *store, const char *id, const struct key *key)
{
    struct entry *entry;

    pthread_mutex_lock(&store->lock);
    entry = find(store, id, key);
    if (entry)
        entry->medium.id[0] = '\0';
    pthread_mutex_unlock(&store->lock);
    return entry;
}

size_t media_store_size(struct media_store *store)
{
    size_t n = 0;

    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < store->n_entries; i++)
        n += is_alive(store, &store->entries[i]);
    pthread_mutex_unlock(&store->lock);
    return n;
}
