#include "server/media/media_sandbox.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"

/* ---- limits ---- */

/* Bytes of address space that the process has. */
static size_t mapped_bytes(void)
{
    _cleanup_(fclosep) FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    if (!file || fscanf(file, "%lu", &pages) != 1)
        return 0;
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static int set_limits(const struct media_sandbox *sandbox, size_t mapped, struct error *error)
{
    const struct {
        __rlimit_resource_t resource;
        rlim_t value;
        const char *name;
    } limits[] = {
        {RLIMIT_AS, mapped + sandbox->memory_bytes, "memory"},
        {RLIMIT_FSIZE, sandbox->result_bytes, "file size"},
        {RLIMIT_CPU, sandbox->seconds, "processor time"},
        {RLIMIT_NOFILE, 0, "descriptors"}, /* no further ones */
        {RLIMIT_NPROC, 0, "processes"},
        {RLIMIT_CORE, 0, "core dumps"},
        {RLIMIT_MEMLOCK, 0, "locked memory"},
    };
    /* SIGALRM ends the process; none of the system calls that could stop that is left to it. */
    const struct itimerval alarm = {.it_value.tv_sec = (time_t)sandbox->seconds};

    for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
        if (setrlimit(limits[i].resource, &(struct rlimit){limits[i].value, limits[i].value}) < 0)
            return error_set(error, -errno, "cannot limit %s: %s", limits[i].name, strerror(errno));
    if (setitimer(ITIMER_REAL, &alarm, NULL) < 0)
        return error_set(error, -errno, "cannot limit time: %s", strerror(errno));
    return 0;
}

/* ---- Landlock: every right that this version knows is handled, and none is granted ---- */

/* Rights to files by version 1, 2, …; headers may be older than kernels. */
static const uint64_t file_rights[] = {
    (1ull << 13) - 1, /* 1: execute … make symbolic links */
    1ull << 13,       /* 2: to link between folders */
    1ull << 14,       /* 3: truncate */
    0,                /* 4: the network, see below */
    1ull << 15,       /* 5: ioctl of devices */
};
struct landlock_rules {
    uint64_t file_rights, network_rights, scopes;
};
#define LANDLOCK_NETWORK_ABI 4
#define LANDLOCK_SCOPE_ABI 6

int media_sandbox_landlock(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);

    return version < 0 ? 0 : (int)version;
}

static int enter_landlock(struct error *error)
{
    _cleanup_(closep) int rules_fd = -1;
    const int version = media_sandbox_landlock();
    struct landlock_rules rules = {0};
    size_t n = sizeof(rules.file_rights);

    if (version == 0)
        return 0;
    for (int i = 0; i < version && i < (int)ARRAY_SIZE(file_rights); i++)
        rules.file_rights |= file_rights[i];
    if (version >= LANDLOCK_NETWORK_ABI) {
        rules.network_rights = 3; /* to bind, to connect */
        n += sizeof(rules.network_rights);
    }
    if (version >= LANDLOCK_SCOPE_ABI) {
        rules.scopes = 3; /* abstract sockets, signals */
        n += sizeof(rules.scopes);
    }
    rules_fd = (int)syscall(SYS_landlock_create_ruleset, &rules, n, 0);
    if (rules_fd < 0 || syscall(SYS_landlock_restrict_self, rules_fd, 0) < 0)
        return error_set(error, -errno, "Landlock refuses: %s", strerror(errno));
    return 0;
}

/* ---- seccomp ---- */

static const int allowed_calls[] = {
    SCMP_SYS(read),       SCMP_SYS(write),      SCMP_SYS(lseek),        SCMP_SYS(close),         SCMP_SYS(fstat),
    SCMP_SYS(brk),        SCMP_SYS(munmap),     SCMP_SYS(mremap),       SCMP_SYS(madvise),       SCMP_SYS(futex),
    SCMP_SYS(exit),       SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(clock_gettime), SCMP_SYS(getrandom),
    SCMP_SYS(newfstatat), SCMP_SYS(sysinfo), /* qsort() asks how much memory there is */
};
/* Libraries look for files of their own, and go on without. */
static const int refused_calls[] = {SCMP_SYS(open),       SCMP_SYS(openat), SCMP_SYS(readlink),
                                    SCMP_SYS(readlinkat), SCMP_SYS(access), SCMP_SYS(faccessat)};
/* Memory, but none that can be run. */
static const int mapping_calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};

static int fill_filter(scmp_filter_ctx filter)
{
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(allowed_calls) && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
    for (size_t i = 0; i < ARRAY_SIZE(refused_calls) && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused_calls[i], 0);
    for (size_t i = 0; i < ARRAY_SIZE(mapping_calls) && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, mapping_calls[i], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return r;
}

static int enter_seccomp(struct error *error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int r = filter ? fill_filter(filter) : -ENOMEM;

    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    return r < 0 ? error_set(error, r, "seccomp refuses: %s", strerror(-r)) : 0;
}

int media_sandbox_enter(const struct media_sandbox *sandbox, struct error *error)
{
    const size_t mapped = mapped_bytes(); /* asked while files can be opened */
    int r;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_set(error, -errno, "cannot give up privileges: %s", strerror(errno));
    r = sandbox->is_confined ? enter_landlock(error) : 0;
    if (r == 0)
        r = set_limits(sandbox, mapped, error);
    if (r == 0 && sandbox->is_confined)
        r = enter_seccomp(error);
    return r;
}
