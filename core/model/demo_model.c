#include "core/model/demo_model.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/program.h"

static const char *const places[] = {"share/onellmd/demo.gguf", "config/demo/demo.gguf"};

int demo_model_find(const char *program, char ret[PATH_MAX], struct error *error)
{
    char path[PATH_MAX];
    int r = program_find(program, places, ARRAY_SIZE(places), path);

    if (r < 0) {
        error_set(error, r,
                  "there is no %s or %s in or above the folder of the program; give a model file with --model",
                  places[0], places[1]);
        error_detail(error, "the program is %s", program ? program : "the running one");
        return r;
    }
    memcpy(ret, path, sizeof(path));
    return 0;
}
