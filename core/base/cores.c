#include "core/base/cores.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"

#define GROUP_ROOT "/sys/fs/cgroup"
#define TEXT_MAX 4096

/* The beginning of a file as text; empty when it cannot be read. */
static void read_text(const char *path, char ret[TEXT_MAX])
{
    _cleanup_(fclosep) FILE *file = fopen(path, "re");
    size_t n = file ? fread(ret, 1, TEXT_MAX - 1, file) : 0;

    ret[n] = '\0';
}

static int cores_of(long long quota, long long period)
{
    return quota > 0 && period > 0 ? (int)MIN((quota + period - 1) / period, (long long)INT_MAX) : 0;
}

static int quota_in(const char *folder, bool is_second)
{
    char path[TEXT_MAX + 32], text[TEXT_MAX];
    long long quota = 0, period = 0;

    snprintf(path, sizeof(path), "%s/%s", folder, is_second ? "cpu.max" : "cpu.cfs_quota_us");
    read_text(path, text);
    if (sscanf(text, "%lld %lld", &quota, &period) < 1)
        return 0; /* "max", or no such file */
    if (!is_second) {
        snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", folder);
        read_text(path, text);
        sscanf(text, "%lld", &period);
    }
    return cores_of(quota, period);
}

/* From the group up to the root: every one of them limits. */
static int quota_above(const char *root, const char *group, bool is_second)
{
    char folder[TEXT_MAX];
    size_t n_root = strlen(root);
    int ret = 0;

    if (snprintf(folder, sizeof(folder), "%s%s", root, group) >= (int)sizeof(folder))
        return 0;
    for (;;) {
        int cores = quota_in(folder, is_second);
        char *slash = strrchr(folder + n_root, '/');

        if (cores && (!ret || cores < ret))
            ret = cores;
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
int cores_of_quota(const char *root, const char *self)
{
    char lines[TEXT_MAX], version_1[TEXT_MAX];
    char *rest = NULL;
    int ret = 0;

    snprintf(lines, sizeof(lines), "%s", self);
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
        int cores = 0;

        if (!group)
            continue;
        *group++ = '\0';
        controllers++;
        if (*controllers == '\0')
            cores = quota_above(root, group, true);
        else if (has_controller(controllers, "cpu") && snprintf(version_1, sizeof(version_1), "%s/cpu", root) > 0)
            cores = quota_above(version_1, group, false);
        if (cores && (!ret || cores < ret))
            ret = cores;
    }
    return ret;
}

int cores_available(void)
{
    char self[TEXT_MAX];
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : MAX(CPU_COUNT(&set), 1), quota;

    read_text("/proc/self/cgroup", self);
    quota = cores_of_quota(GROUP_ROOT, self);
    return quota && quota < n ? quota : n;
}
