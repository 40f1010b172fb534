/* fuzz: media_dep */
/* The input as a NIfTI volume, whole and through a mask of the first sixty voxels. */
#include "tests/fuzz/media_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    float voxels[60] = {[7] = 1, [59] = 1};
    const struct raw_media mask = {.kind = MEDIA_ARRAY,
                                   .element = MEDIA_F32,
                                   .n_dims = 2,
                                   .shape = {1, 60},
                                   .n_bytes = sizeof(voxels),
                                   .data = voxels};

    fuzz_job((struct media_job){.kind = MEDIA_ARRAY}, data, size);
    fuzz_job((struct media_job){.kind = MEDIA_ARRAY, .mask = &mask}, data, size);
    return 0;
}
