/* fuzz: media_dep */
/* The input as a JPEG picture, and as the EXIF block of one. */
#include "core/media/exif.h"
#include "tests/fuzz/media_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t width, height;
    int orientation = exif_orientation(data, size);

    require(orientation >= 1 && orientation <= 8);
    exif_size(data, size, &width, &height);
    fuzz_job((struct media_job){.kind = MEDIA_IMAGE}, data, size);
    fuzz_job((struct media_job){.kind = MEDIA_MAP}, data, size);
    return 0;
}
