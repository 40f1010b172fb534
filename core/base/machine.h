/* What of the machine this process may use: cores, memory. Control groups (a container's limits) are read where there
   are some, version 1 or 2. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MACHINE_NO_LIMIT UINT64_MAX
#define HUGE_PAGE ((size_t)2 << 20) /* bytes */

/* Memory on huge pages where there are some, else on any: tables that are read from end to end otherwise cost as much
 * for misses of the page tables as for memory. n_bytes is rounded up to HUGE_PAGE; free() gives it back. NULL: no
 * memory.
 */
void *huge_alloc(size_t n_bytes);

/* The cores of the affinity mask, or what the CPU quota amounts to, rounded up, if that is less. At least 1. */
int cores_available(void);

/* Bytes: what the system could give without swapping, or what is left below the memory limit, if that is less. Files in
 * the page cache count as available. MACHINE_NO_LIMIT where it cannot be known. */
uint64_t memory_available(void);

/* The limits alone: the least of the group's and those of the groups above it; MACHINE_NO_LIMIT: there is none. root:
 * where the file system of control groups is mounted; self: what /proc/self/cgroup says. */
uint64_t cores_of_quota(const char *root, const char *self);
uint64_t memory_of_limit(const char *root, const char *self);
