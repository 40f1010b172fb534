/* Measurements without an order in time or space that a file would tell: repeats x voxels. */
#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/media_impl.h"
#include "core/media/number_file.h"

/* A vector, a volume (X, Y, Z) and a text with one number per line are one repeat; a matrix has one per row. */
static int find_shape(const struct numbers *numbers, bool is_text, size_t ret[2], struct error *error)
{
    char shape[NUMBERS_DESCRIBE_SIZE];

    if (numbers->n_dims < 1 || numbers->n_dims > 3)
        return error_set(error, -EBADMSG, "expected an array of shape (V,), (R, V) or (X, Y, Z); found %s",
                         numbers_describe(numbers, shape, sizeof(shape)));
    ret[0] = numbers->n_dims == 2 && !(is_text && numbers->shape[1] == 1) ? numbers->shape[0] : 1;
    ret[1] = numbers_count(numbers) / ret[0];
    return 0;
}

static enum media_element choose_element(const struct numbers *numbers, bool is_text)
{
    if (numbers->type == NUMBER_F16)
        return MEDIA_F16;
    return numbers->type == NUMBER_F64 && !is_text ? MEDIA_F64 : MEDIA_F32;
}

int array_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    _cleanup_(number_file_deinit) struct number_file file = {0};
    bool is_text = format == FORMAT_TEXT;
    size_t shape[2];
    int r;

    raw_media_set_format(ret, is_text ? "csv" : file_format_name(format));
    if (job->mask)
        return error_set(error, -EINVAL, "a mask goes with a NIfTI volume, not with %s",
                         file_format_description(format));
    r = number_file_read(job, format, &file, error);
    if (r < 0)
        return r;
    r = find_shape(&file.numbers, is_text, shape, error);
    if (r < 0)
        return r;
    if (shape[0] > job->limits->fmri_repeats_max)
        return error_set(error, -EFBIG, "%zu repeats, the limit is %zu", shape[0], job->limits->fmri_repeats_max);
    r = raw_media_allocate(ret, choose_element(&file.numbers, is_text), 2, shape, error);
    if (r < 0)
        return r;
    return numbers_copy(&file.numbers, ret->element, ret->data, error);
}
