/* fuzz: config_dep */
/* A configuration file of any bytes is read or refused; what was read can be printed and read again. */
#include <stdint.h>
#include <stdlib.h>

#include "config/config.h"
#include "config/option.h"
#include "core/base/buffer.h"
#include "core/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text with " ;" in it, or one that fills its line, cannot be written with its source behind it. */
static bool has_text(const struct config *config)
{
    for (size_t id = 0; id < N_OPTIONS; id++)
        if (options[id].type == OPTION_TEXT && config->sources[id] == OPTION_FROM_FILE)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config, again;
    struct error error = ERROR_NONE;
    struct buffer page;

    config_init(&config);
    if (config_read_text(&config, (const char *)data, size, "fuzz", &error) < 0) {
        if (!error.code || !error.message[0] || !error.at[0])
            abort();
        return 0;
    }
    buffer_init(&page, 65536);
    config_print(&config, &page);
    config_init(&again);
    if (config_read_text(&again, page.bytes, page.size, "again", &error) < 0 && !has_text(&config))
        abort();
    buffer_deinit(&page);
    return 0;
}
