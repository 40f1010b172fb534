/* Who may enter: so many requests and so many bytes of uploads at once. Thread: loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded. */
struct admission {
    size_t n_requests, requests_max; /* from their header to their end */
    uint64_t n_bytes, bytes_max;     /* of uploads that are not decoded yet */
};

/* False: no place, or so many bytes would not fit. n_bytes: of the body, as far as it is known. */
bool admission_enter(struct admission *admission, uint64_t n_bytes);
void admission_leave(struct admission *admission);

/* Bytes of an upload as they are stored. False: no room; then nothing was counted. */
bool admission_add_bytes(struct admission *admission, uint64_t n_bytes);
void admission_drop_bytes(struct admission *admission, uint64_t n_bytes);

/* When a client that was turned away should come back: when half of what is here now will have been answered. At least
 * a second, at most ten minutes. */
unsigned admission_retry_after_s(const struct admission *admission, double seconds_per_request);
