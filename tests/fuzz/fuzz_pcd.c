/* fuzz: media_dep */
/* The input as a PCD point cloud. */
#include "tests/fuzz/media_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_job((struct media_job){.kind = MEDIA_POINTS}, data, size);
    return 0;
}
