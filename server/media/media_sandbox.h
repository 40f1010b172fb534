/* Confines a process for good, before it reads the first byte of a foreign file. The only user of libseccomp. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;

struct media_sandbox {
    size_t memory_bytes; /* beyond what the process has mapped now */
    size_t result_bytes; /* largest file, in memory, that it may write */
    unsigned seconds;    /* of processor time, and on the clock */
    bool is_confined;    /* false: the limits above, but no filter */
};

/* Limits; no new privileges; no file of the system (Landlock, where the kernel has it); no system call but those that
 * memory, time and the descriptors at hand take (seccomp): anything else kills the process. -ENOSYS and the like: this
 * kernel does not know how, or somebody forbids it; the message names what is missing. */
int media_sandbox_enter(const struct media_sandbox *sandbox, struct error *error);

/* Version of Landlock; 0: none. */
int media_sandbox_landlock(void);
