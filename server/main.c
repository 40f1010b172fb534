/* onellmd: arguments -> configuration -> daemon. Exit status 0: ended as told; 1: could not start, one line says why.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/config.h"
#include "core/base/buffer.h"
#include "core/base/error.h"
#include "server/daemon.h"
#include "server/log.h"

#define PAGE_BYTES_MAX (1 << 20)

/* Uploads that grow side by side leave as many holes in the heap as they have bytes, and it never shrinks. From here on
 * memory is mapped by itself: it grows without a copy and goes when it is freed, so limits on uploads hold. What a
 * connection takes is smaller. */
#define MAPPED_BYTES_MIN (48 << 10)

static int print_page(enum config_action action, const struct config *config)
{
    struct buffer page;
    bool written;

    buffer_init(&page, PAGE_BYTES_MAX);
    if (action == CONFIG_HELP)
        config_help(&page);
    else if (action == CONFIG_VERSION)
        buffer_append_text(&page, "onellmd " ONELLMD_VERSION "\n");
    else
        config_print(config, &page);
    written = !page.failed && fwrite(page.bytes, 1, page.size, stdout) == page.size && fflush(stdout) == 0;
    buffer_deinit(&page);
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct error error = ERROR_NONE;
    enum config_action action;
    struct config config;
    char text[640];
    int r = config_load(argc, argv, environ, CONFIG_PATH, &config, &action, &error);

    if (r == 0 && action != CONFIG_RUN)
        return print_page(action, &config);
    if (r == 0) {
        mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
        log_set((enum log_level)config.log_level, (enum log_format)config.log_format);
        r = daemon_run(&config, &error);
    }
    if (r == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "onellmd: %s\n", error_describe(&error, text, sizeof(text)));
    return EXIT_FAILURE;
}
