/* CPU quotas of control groups, in a folder that looks like their file system. */
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
#include "core/base/cores.h"

static char root[] = "/tmp/test_cores-XXXXXX";

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
    static const char *const names[] = {"a", "a/b", "cpu", "cpu/x"};
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
        int cores;
    } cases[] = {
        {"max 100000\n", 0}, {"200000 100000\n", 2}, {"150000 100000\n", 2}, {"5000 100000\n", 1}, {"", 0}, {"-1 5", 0},
        {"7 0", 0},
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
    assert_int_equal(cores_of_quota(root, "0::/a\n"), 0);
    assert_int_equal(cores_of_quota(root, "0::/not/there\n"), 0);
    assert_int_equal(cores_of_quota(root, "0::/\n"), 0);
}

static void version_1_is_known(void **state)
{
    (void)state;
    put("cpu/x/cpu.cfs_quota_us", "250000\n");
    put("cpu/x/cpu.cfs_period_us", "100000\n");
    assert_int_equal(cores_of_quota(root, "5:cpuset:/x\n4:cpuacct,cpu:/x\n"), 3);
    assert_int_equal(cores_of_quota(root, "5:cpuset:/x\n"), 0);
    put("cpu/x/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(cores_of_quota(root, "4:cpu,cpuacct:/x\n"), 0);
    assert_int_equal(cores_of_quota(root, "nonsense\n::\n"), 0);
}

static void there_is_at_least_one(void **state)
{
    (void)state;
    assert_true(cores_available() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotas_are_rounded_up),
        cmocka_unit_test(every_group_above_limits),
        cmocka_unit_test(version_1_is_known),
        cmocka_unit_test(there_is_at_least_one),
    };

    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
