/* How many cores this process may use. */
#pragma once

/* The cores of its affinity mask, or what the CPU quota of its control group (a container's limit) amounts to, rounded
 * up, if that is less. At least 1. */
int cores_available(void);

/* The quota alone: the least that cpu.max (version 2) or cpu.cfs_quota_us (version 1) of the group and of those above
 * it allow; 0: there is none. root: where the file system of control groups is mounted; self: what /proc/self/cgroup
 * says. */
int cores_of_quota(const char *root, const char *self);
