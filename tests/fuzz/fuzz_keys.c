/* fuzz: server_dep */
/* The file of API keys. What is accepted can be looked for. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "server/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keys keys = {0};
    struct error error = ERROR_NONE;
    size_t n = 0;
    int r = keys_read(&keys, (const char *)data, size, &n, &error);

    if (r != error.code || (r == 0) != (n > 0 && keys.are_needed) || (r < 0 && keys.first))
        abort();
    keys_find(&keys, "Bearer x");
    keys_deinit(&keys);
    return 0;
}
