#include "core/model/demo_model.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"

static const char *const places[] = {"share/onellmd/demo.gguf", "config/demo/demo.gguf"};

static bool find_below(const char *folder, size_t n_folder, char ret[PATH_MAX])
{
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        snprintf(ret, PATH_MAX, "%.*s/%s", (int)n_folder, folder, places[i]);
        if (access(ret, F_OK) == 0)
            return true;
    }
    return false;
}

int demo_model_find(const char *program, char ret[PATH_MAX], struct error *error)
{
    char running[PATH_MAX] = "", path[PATH_MAX];
    int r;

    if (!program) {
        if (readlink("/proc/self/exe", running, sizeof(running) - 1) < 0)
            return error_set(error, -errno, "/proc/self/exe: %s; give a model file with --model", strerror(errno));
        program = running;
    }
    for (size_t n = strlen(program); n-- > 0;)
        if (program[n] == '/' && find_below(program, n, path)) {
            memcpy(ret, path, sizeof(path));
            return 0;
        }
    r = error_set(error, -ENOENT,
                  "there is no %s or %s in or above the folder of the program; give a model file with --model",
                  places[0], places[1]);
    error_detail(error, "the program is %s", program);
    return r;
}
