#include "core/base/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int program_find(const char *program, const char *const *places, size_t n, char ret[PATH_MAX])
{
    char running[PATH_MAX] = "";

    if (!program) {
        if (readlink("/proc/self/exe", running, sizeof(running) - 1) < 0)
            return -errno;
        program = running;
    }
    for (size_t end = strlen(program); end-- > 0;)
        for (size_t i = 0; program[end] == '/' && i < n; i++)
            if (snprintf(ret, PATH_MAX, "%.*s/%s", (int)end, program, places[i]) < PATH_MAX && access(ret, F_OK) == 0)
                return 0;
    return -ENOENT;
}
