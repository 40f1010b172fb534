/* Embeddings of media that have been encoded, by the digest of their input tensor: the least recently used ones make
   room. Thread: engine. */
#pragma once

#include <stddef.h>

struct digest;
struct media_cache;

/* n_floats of every entry; as many entries as fit into n_bytes, none included. NULL: no memory. Untouched memory is not
 * resident. */
struct media_cache *media_cache_new(size_t n_floats, size_t n_bytes);
struct media_cache *media_cache_free(struct media_cache *cache);

/* NULL: not there. Valid until the next put. */
const float *media_cache_find(struct media_cache *cache, const struct digest *digest);
void media_cache_put(struct media_cache *cache, const struct digest *digest, const float *embeddings);

/* Bytes of embeddings that are there. Any thread. */
size_t media_cache_size(const struct media_cache *cache);
