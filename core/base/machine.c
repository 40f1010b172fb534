#include "core/base/machine.h"

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/cleanup.h"

#define GROUP_ROOT "/sys/fs/cgroup"
#define TEXT_MAX 4096

void *huge_alloc(size_t n_bytes)
{
    size_t n = (n_bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *memory = aligned_alloc(HUGE_PAGE, n);

    if (memory)
        madvise(memory, n, MADV_HUGEPAGE);
    return memory;
}

/* The beginning of a file as text; empty when it cannot be read. */
static void read_text(const char *path, char ret[TEXT_MAX])
{
    _cleanup_(fclosep) FILE *file = fopen(path, "re");
    size_t n = file ? fread(ret, 1, TEXT_MAX - 1, file) : 0;

    ret[n] = '\0';
}

static void read_in(const char *folder, const char *name, char ret[TEXT_MAX])
{
    char path[TEXT_MAX + 64];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    read_text(path, ret);
}

/* The number behind a word at the beginning of a line; 0: there is none. */
static uint64_t number_of(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, word, n) == 0)
            return strtoull(line + n, NULL, 10);
    }
    return 0;
}

/* ---- limits of control groups ---- */

/* What a limit of one group amounts to; MACHINE_NO_LIMIT: it has none. */
struct limit {
    const char *controller; /* the folder of version 1 */
    uint64_t (*of_folder)(const char *folder, bool is_second);
};

static uint64_t cores_of_folder(const char *folder, bool is_second)
{
    char text[TEXT_MAX];
    long long quota = 0, period = 0;

    read_in(folder, is_second ? "cpu.max" : "cpu.cfs_quota_us", text);
    if (sscanf(text, "%lld %lld", &quota, &period) < 1)
        return MACHINE_NO_LIMIT; /* "max", or no such file */
    if (!is_second) {
        read_in(folder, "cpu.cfs_period_us", text);
        sscanf(text, "%lld", &period);
    }
    return quota > 0 && period > 0 ? (uint64_t)((quota + period - 1) / period) : MACHINE_NO_LIMIT;
}

/* Pages of files count as used, but are given up when others need them. */
static uint64_t memory_of_folder(const char *folder, bool is_second)
{
    char text[TEXT_MAX];
    uint64_t limit, used, files;

    read_in(folder, is_second ? "memory.max" : "memory.limit_in_bytes", text);
    if (sscanf(text, "%" SCNu64, &limit) < 1 || limit >= INT64_MAX / 2)
        return MACHINE_NO_LIMIT;
    read_in(folder, is_second ? "memory.current" : "memory.usage_in_bytes", text);
    used = strtoull(text, NULL, 10);
    read_in(folder, "memory.stat", text);
    files = number_of(text, is_second ? "file " : "total_cache ");
    used -= MIN(files, used);
    return limit - MIN(used, limit);
}

/* From the group up to the root: every one of them limits. */
static uint64_t limit_above(const struct limit *limit, const char *root, const char *group, bool is_second)
{
    char folder[TEXT_MAX];
    size_t n_root = strlen(root);
    uint64_t ret = MACHINE_NO_LIMIT;

    if (snprintf(folder, sizeof(folder), "%s%s", root, group) >= (int)sizeof(folder))
        return ret;
    for (;;) {
        char *slash = strrchr(folder + n_root, '/');

        ret = MIN(ret, limit->of_folder(folder, is_second));
        if (!slash)
            return ret;
        *slash = '\0';
    }
}

/* Is `name` one of the words between commas? */
static bool has_controller(const char *controllers, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = controllers; (at = strstr(at, name)); at += n)
        if ((at == controllers || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
            return true;
    return false;
}

/* A line is hierarchy:controllers:group. Version 2 has hierarchy 0 and no controllers. */
static uint64_t least(const struct limit *limit, const char *root, const char *self)
{
    char lines[TEXT_MAX], version_1[TEXT_MAX];
    char *rest = NULL;
    uint64_t ret = MACHINE_NO_LIMIT;

    snprintf(lines, sizeof(lines), "%s", self);
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;

        if (!group)
            continue;
        *group++ = '\0';
        controllers++;
        if (*controllers == '\0')
            ret = MIN(ret, limit_above(limit, root, group, true));
        else if (has_controller(controllers, limit->controller) &&
                 snprintf(version_1, sizeof(version_1), "%s/%s", root, limit->controller) > 0)
            ret = MIN(ret, limit_above(limit, version_1, group, false));
    }
    return ret;
}

uint64_t cores_of_quota(const char *root, const char *self)
{
    return least(&(struct limit){"cpu", cores_of_folder}, root, self);
}

uint64_t memory_of_limit(const char *root, const char *self)
{
    return least(&(struct limit){"memory", memory_of_folder}, root, self);
}

/* ---- this machine ---- */

int cores_available(void)
{
    char self[TEXT_MAX];
    cpu_set_t set;
    uint64_t n = sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : (uint64_t)MAX(CPU_COUNT(&set), 1);

    read_text("/proc/self/cgroup", self);
    return (int)MIN(n, cores_of_quota(GROUP_ROOT, self));
}

uint64_t memory_available(void)
{
    char self[TEXT_MAX], text[TEXT_MAX];
    uint64_t kib;

    read_text("/proc/meminfo", text);
    kib = number_of(text, "MemAvailable:");
    read_text("/proc/self/cgroup", self);
    return MIN(kib ? kib * 1024 : MACHINE_NO_LIMIT, memory_of_limit(GROUP_ROOT, self));
}
