/* fuzz: media_dep */
/* The input as a file of the kind that its first byte names, read through the window that its second byte chooses. */
#include "tests/fuzz/media_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct media_job job = {0};

    if (size < 2)
        return 0;
    job.kind = data[0] % (MEDIA_ARRAY + 1);
    job.start_s = (data[1] & 3) * 0.1;
    job.end_s = data[1] & 4 ? job.start_s + 0.2 : 0;
    job.video_clips = 1 + (data[1] >> 3 & 7);
    fuzz_job(job, data + 2, size - 2);
    return 0;
}
