/* Which demo model belongs to a program: installed, in a clone, none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/model/demo_model.h"

static char root[] = "/tmp/test_demo_model-XXXXXX";

/* Folders and files below the root, in the order in which they can be made. */
static const char *const folders[] = {"usr",
                                      "usr/bin",
                                      "usr/share",
                                      "usr/share/onellmd",
                                      "clone",
                                      "clone/build",
                                      "clone/build/bin",
                                      "clone/config",
                                      "clone/config/demo",
                                      "clone/build/share",
                                      "clone/build/share/onellmd"};

static const char *at(const char *name, char ret[PATH_MAX])
{
    snprintf(ret, PATH_MAX, "%s/%s", root, name);
    return ret;
}

static void put(const char *name)
{
    char path[PATH_MAX];
    FILE *file = fopen(at(name, path), "we");

    assert_non_null(file);
    fclose(file);
}

static void take_away(const char *name)
{
    char path[PATH_MAX];

    unlink(at(name, path));
}

static void finds(const char *program, const char *model)
{
    char program_path[PATH_MAX], model_path[PATH_MAX], found[PATH_MAX];
    struct error error = ERROR_NONE;

    if (demo_model_find(at(program, program_path), found, &error) < 0)
        fail_msg("%s", error.message);
    assert_string_equal(found, at(model, model_path));
}

static void test_installed_and_in_a_clone(void **state)
{
    (void)state;
    put("usr/share/onellmd/demo.gguf");
    put("clone/config/demo/demo.gguf");
    finds("usr/bin/onellmd", "usr/share/onellmd/demo.gguf");
    finds("clone/build/bin/onellmd", "clone/config/demo/demo.gguf");
    finds("clone/onellmd", "clone/config/demo/demo.gguf");
}

static void test_the_nearest_counts(void **state)
{
    (void)state;
    put("clone/config/demo/demo.gguf");
    put("clone/build/share/onellmd/demo.gguf");
    finds("clone/build/bin/onellmd", "clone/build/share/onellmd/demo.gguf");
    finds("clone/bin/onellmd", "clone/config/demo/demo.gguf");
}

static void test_none(void **state)
{
    char program[PATH_MAX], found[PATH_MAX] = "before";
    struct error error = ERROR_NONE;

    (void)state;
    assert_int_equal(demo_model_find(at("usr/bin/onellmd", program), found, &error), -ENOENT);
    assert_non_null(strstr(error.message, "share/onellmd/demo.gguf"));
    assert_non_null(strstr(error.message, "config/demo/demo.gguf"));
    assert_non_null(strstr(error.message, "--model"));
    assert_non_null(strstr(error.detail, program));
    assert_string_equal(found, "before");
    assert_int_equal(demo_model_find(program, found, NULL), -ENOENT);
}

static int make_folders(void **state)
{
    char path[PATH_MAX];

    (void)state;
    if (!mkdtemp(root))
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        if (mkdir(at(folders[i], path), 0700) < 0)
            return -1;
    return 0;
}

static int remove_models(void **state)
{
    (void)state;
    take_away("usr/share/onellmd/demo.gguf");
    take_away("clone/config/demo/demo.gguf");
    take_away("clone/build/share/onellmd/demo.gguf");
    return 0;
}

static int remove_folders(void **state)
{
    char path[PATH_MAX];

    (void)state;
    for (size_t i = ARRAY_SIZE(folders); i-- > 0;)
        rmdir(at(folders[i], path));
    return rmdir(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_installed_and_in_a_clone, remove_models),
        cmocka_unit_test_teardown(test_the_nearest_counts, remove_models),
        cmocka_unit_test(test_none),
    };

    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
