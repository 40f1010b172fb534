/* fuzz: server_dep */
/* What a media worker says, which a hostile file may have taken over. What is believed is well-formed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/media/media_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct media_report report;

    for (int kind = MEDIA_IMAGE; kind <= MEDIA_ARRAY; kind++) {
        if (media_report_read(data, size, (enum media_kind)kind, 12, &report) < 0)
            continue;
        if (report.media.data || strlen(report.message) >= sizeof(report.message) ||
            strlen(report.detail) >= sizeof(report.detail) ||
            strlen(report.media.format) >= sizeof(report.media.format))
            abort();
        if (report.outcome == MEDIA_REFUSED && report.status >= 0)
            abort();
        if (report.outcome == MEDIA_DECODED && (report.media.n_bytes != 12 || (int)report.media.kind != kind))
            abort();
    }
    return 0;
}
