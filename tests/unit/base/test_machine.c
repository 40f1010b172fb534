/* Limits of control groups, in a folder that looks like their file system. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/machine.h"

static char root[] = "/tmp/test_machine-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int make_folders(void **state)
{
    static const char *const names[] = {"a", "a/b", "cpu", "cpu/x", "memory", "memory/x"};
    char path[256];

    (void)state;
    if (!mkdtemp(root))
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, names[i]);
        mkdir(path, 0700);
    }
    return 0;
}

static int remove_folders(void **state)
{
    char command[300];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", root);
    return system(command);
}

static void quotas_are_rounded_up(void **state)
{
    static const struct {
        const char *text;
        uint64_t cores;
    } cases[] = {
        {"max 100000\n", MACHINE_NO_LIMIT},
        {"200000 100000\n", 2},
        {"150000 100000\n", 2},
        {"5000 100000\n", 1},
        {"", MACHINE_NO_LIMIT},
        {"-1 5", MACHINE_NO_LIMIT},
        {"7 0", MACHINE_NO_LIMIT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        put("a/b/cpu.max", cases[i].text);
        assert_int_equal(cores_of_quota(root, "0::/a/b\n"), cases[i].cores);
    }
}

static void every_group_above_limits(void **state)
{
    (void)state;
    put("a/b/cpu.max", "800000 100000\n");
    put("a/cpu.max", "300000 100000\n");
    assert_int_equal(cores_of_quota(root, "0::/a/b\n"), 3);
    put("a/cpu.max", "max 100000\n");
    assert_int_equal(cores_of_quota(root, "0::/a/b\n"), 8);
    assert_int_equal(cores_of_quota(root, "0::/a\n"), MACHINE_NO_LIMIT);
    assert_int_equal(cores_of_quota(root, "0::/not/there\n"), MACHINE_NO_LIMIT);
    assert_int_equal(cores_of_quota(root, "0::/\n"), MACHINE_NO_LIMIT);
}

static void version_1_is_known(void **state)
{
    (void)state;
    put("cpu/x/cpu.cfs_quota_us", "250000\n");
    put("cpu/x/cpu.cfs_period_us", "100000\n");
    assert_int_equal(cores_of_quota(root, "5:cpuset:/x\n4:cpuacct,cpu:/x\n"), 3);
    assert_int_equal(cores_of_quota(root, "5:cpuset:/x\n"), MACHINE_NO_LIMIT);
    put("cpu/x/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(cores_of_quota(root, "4:cpu,cpuacct:/x\n"), MACHINE_NO_LIMIT);
    assert_int_equal(cores_of_quota(root, "nonsense\n::\n"), MACHINE_NO_LIMIT);
}

static void memory_is_what_is_left(void **state)
{
    (void)state;
    assert_int_equal(memory_of_limit(root, "0::/a/b\n"), MACHINE_NO_LIMIT);
    put("a/b/memory.max", "max\n");
    put("a/memory.max", "1000000\n");
    assert_int_equal(memory_of_limit(root, "0::/a/b\n"), 1000000);
    put("a/memory.current", "700000\n");
    assert_int_equal(memory_of_limit(root, "0::/a/b\n"), 300000);
    put("a/memory.stat", "anon 400000\nfile 300000\nfile_mapped 5\n");
    assert_int_equal(memory_of_limit(root, "0::/a/b\n"), 600000);
    put("a/b/memory.max", "100\n");
    put("a/b/memory.current", "200\n");
    assert_int_equal(memory_of_limit(root, "0::/a/b\n"), 0);
}

static void memory_of_version_1(void **state)
{
    (void)state;
    put("memory/x/memory.limit_in_bytes", "9223372036854771712\n");
    assert_int_equal(memory_of_limit(root, "8:memory:/x\n"), MACHINE_NO_LIMIT);
    put("memory/x/memory.limit_in_bytes", "5000\n");
    put("memory/x/memory.usage_in_bytes", "4000\n");
    put("memory/x/memory.stat", "cache 0\ntotal_cache 1000\n");
    assert_int_equal(memory_of_limit(root, "8:memory:/x\n4:cpu:/x\n"), 2000);
}

static void there_is_some_of_both(void **state)
{
    (void)state;
    assert_true(cores_available() >= 1);
    assert_true(memory_available() > 0 && memory_available() < MACHINE_NO_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotas_are_rounded_up), cmocka_unit_test(every_group_above_limits),
        cmocka_unit_test(version_1_is_known),    cmocka_unit_test(memory_is_what_is_left),
        cmocka_unit_test(memory_of_version_1),   cmocka_unit_test(there_is_some_of_both),
    };

    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
