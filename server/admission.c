/* The size that a header announces only decides; what counts is what has been stored. */
#include "server/admission.h"

#include <assert.h>
#include <math.h>

#include "core/base/cleanup.h"

#define RETRY_AFTER_MAX_S 600

bool admission_enter(struct admission *admission, uint64_t n_bytes)
{
    if (admission->n_requests == admission->requests_max || n_bytes > admission->bytes_max - admission->n_bytes)
        return false;
    admission->n_requests++;
    return true;
}

void admission_leave(struct admission *admission)
{
    assert(admission->n_requests > 0);
    admission->n_requests--;
}

bool admission_add_bytes(struct admission *admission, uint64_t n_bytes)
{
    if (n_bytes > admission->bytes_max - admission->n_bytes)
        return false;
    admission->n_bytes += n_bytes;
    return true;
}

void admission_drop_bytes(struct admission *admission, uint64_t n_bytes)
{
    assert(admission->n_bytes >= n_bytes);
    admission->n_bytes -= n_bytes;
}

unsigned admission_retry_after_s(const struct admission *admission, double seconds_per_request)
{
    double seconds = ceil(seconds_per_request * (double)admission->n_requests / 2);

    return (unsigned)MIN(MAX(seconds, 1.0), (double)RETRY_AFTER_MAX_S);
}
