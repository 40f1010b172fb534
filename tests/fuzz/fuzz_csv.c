/* fuzz: media_dep */
/* The input as a text of numbers, of every kind that may be one. */
#include "tests/fuzz/media_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum media_kind kinds[] = {MEDIA_POINTS, MEDIA_SERIES, MEDIA_TIMESTAMPS, MEDIA_ARRAY};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        fuzz_job((struct media_job){.kind = kinds[i]}, data, size);
    return 0;
}
