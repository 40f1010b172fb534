/* Depth and normal maps: pictures, kept as precise as the file is, or NPY arrays. */
#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "core/media/media_impl.h"
#include "core/media/npy.h"

static int decode_npy(const struct media_job *job, struct raw_media *ret, struct error *error)
{
    char text[NUMBERS_DESCRIBE_SIZE];
    struct numbers numbers;
    size_t shape[3] = {0, 0, 1};
    int r;

    r = npy_parse(job->bytes, job->n_bytes, &numbers, error);
    if (r < 0)
        return r;
    if (numbers.n_dims == 2 || numbers.n_dims == 3)
        memcpy(shape, numbers.shape, (size_t)numbers.n_dims * sizeof(*shape));
    if (shape[0] == 0 || (shape[2] != 1 && shape[2] != 3))
        return error_set(error, -EBADMSG, "expected a map of shape (height, width), with 1 or 3 channels; found %s",
                         numbers_describe(&numbers, text, sizeof(text)));
    r = media_check_pixels(job, shape[1], shape[0], error);
    if (r < 0)
        return r;
    r = raw_media_allocate(ret, MEDIA_F32, 3, shape, error);
    if (r < 0)
        return r;
    ret->width = (int)shape[1];
    ret->height = (int)shape[0];
    return numbers_copy(&numbers, MEDIA_F32, ret->data, error);
}

int map_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    if (format != FORMAT_NPY)
        return picture_decode(job, format, ret, error);
    raw_media_set_format(ret, file_format_name(format));
    return decode_npy(job, ret, error);
}
