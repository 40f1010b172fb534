/* NIfTI-1 and NIfTI-2, single files (.nii), plain or gzipped, of either byte order: a header with fixed places, then
   the voxels of all repeats, x running fastest.

   Voxels leave in the order of a row-major (X, Y, Z) array, z running fastest, because that is the order in which
   NumPy's boolean index takes them out of a volume, and so the order of every published mask. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/media_impl.h"
#include "core/media/numbers.h"

#define HEADER_SIZE 540 /* of version 2; version 1 has 348 and voxels behind it */
#define UNPACKED_BYTES_MAX ((size_t)1 << 30)

struct nifti {
    const struct media_job *job;
    bool swapped;
    enum number_type type;
    size_t x, y, z, n_repeats;
    double slope, intercept;
    size_t data_offset, n_bytes; /* of the whole file */
    struct error *error;
};

static int refuse(struct nifti *nifti, const char *what)
{
    return error_set(nifti->error, -EBADMSG, "the NIfTI file is damaged: %s", what);
}

/* Header. */

/* Where the two versions keep the same things. */
static const struct nifti_layout {
    const char *magic;
    size_t magic_at, size;
    size_t dim, dim_step;
    enum number_type dim_type;
    size_t voxel_type;
    size_t offset;
    enum number_type offset_type;
    size_t slope, intercept;
    enum number_type slope_type;
} layouts[] = {
    {"n+1", 344, 348, 40, 2, NUMBER_I16, 70, 108, NUMBER_F32, 112, 116, NUMBER_F32},
    {"n+2", 4, 540, 16, 8, NUMBER_I64, 12, 168, NUMBER_I64, 176, 184, NUMBER_F64},
};

/* A number at a fixed place; the header is known to be long enough. */
static double read_field(const struct nifti *nifti, const uint8_t *header, size_t at, enum number_type type)
{
    struct number_run run = {.type = type, .swapped = nifti->swapped, .at = header + at};
    double value;

    number_run_load(&run, 0, 1, &value);
    return value;
}

static bool find_type(int code, enum number_type *ret)
{
    static const struct {
        int code;
        enum number_type type;
    } types[] = {
        {2, NUMBER_U8},   {4, NUMBER_I16},   {8, NUMBER_I32},   {16, NUMBER_F32},   {64, NUMBER_F64},
        {256, NUMBER_I8}, {512, NUMBER_U16}, {768, NUMBER_U32}, {1024, NUMBER_I64}, {1280, NUMBER_U64},
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (types[i].code == code) {
            *ret = types[i].type;
            return true;
        }
    }
    return false;
}

/* dim[0] is the number of dimensions, then their sizes: x, y, z, repeats, and three more that are not used here. */
static int read_sizes(struct nifti *nifti, const double dim[8])
{
    size_t size[8] = {0, 1, 1, 1, 1, 1, 1, 1}, n_voxels = 1;

    for (int i = 1; i <= (int)dim[0]; i++) {
        if (!(dim[i] >= 1 && dim[i] <= INT32_MAX))
            return refuse(nifti, "a dimension is not positive");
        size[i] = (size_t)dim[i];
    }
    if (dim[0] < 3 || size[5] > 1 || size[6] > 1 || size[7] > 1)
        return error_set(nifti->error, -EBADMSG, "expected a NIfTI file of 3 or 4 dimensions; found %d", (int)dim[0]);
    if (size[4] > nifti->job->limits->fmri_repeats_max)
        return error_set(nifti->error, -EFBIG, "%zu repeats, the limit is %zu", size[4],
                         nifti->job->limits->fmri_repeats_max);
    for (int i = 1; i <= 4; i++)
        if (__builtin_mul_overflow(n_voxels, size[i], &n_voxels) || n_voxels > UNPACKED_BYTES_MAX)
            return error_set(nifti->error, -EFBIG, "the NIfTI file has more than %zu Mi voxels",
                             UNPACKED_BYTES_MAX >> 20);
    nifti->x = size[1];
    nifti->y = size[2];
    nifti->z = size[3];
    nifti->n_repeats = size[4];
    nifti->n_bytes = nifti->data_offset + n_voxels * number_size(nifti->type);
    if (nifti->n_bytes > UNPACKED_BYTES_MAX)
        return error_set(nifti->error, -EFBIG, "the NIfTI file has more than %zu MiB", UNPACKED_BYTES_MAX >> 20);
    return 0;
}

static const struct nifti_layout *find_layout(const uint8_t *header)
{
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
        if (memcmp(header + layouts[i].magic_at, layouts[i].magic, 4) == 0)
            return &layouts[i];
    return NULL;
}

/* header has HEADER_SIZE bytes, zeros behind the end of the file. */
static int read_header(struct nifti *nifti, const uint8_t *header)
{
    const struct nifti_layout *layout = find_layout(header);
    double dim[8], offset;
    int code;

    if (!layout)
        return error_set(nifti->error, -EMEDIUMTYPE,
                         "expected npy, csv, nifti or nifti.gz; found a gzip-compressed "
                         "file that holds something else");
    dim[0] = read_field(nifti, header, layout->dim, layout->dim_type);
    nifti->swapped = !(dim[0] >= 1 && dim[0] <= 7);
    for (size_t i = 0; i < 8; i++)
        dim[i] = read_field(nifti, header, layout->dim + i * layout->dim_step, layout->dim_type);
    if (!(dim[0] >= 1 && dim[0] <= 7))
        return refuse(nifti, "its number of dimensions is not 1 to 7");
    code = (int)read_field(nifti, header, layout->voxel_type, NUMBER_I16);
    if (!find_type(code, &nifti->type))
        return error_set(nifti->error, -EBADMSG, "expected NIfTI voxels that are integers or floats; found type %d",
                         code);
    nifti->slope = read_field(nifti, header, layout->slope, layout->slope_type);
    nifti->intercept = read_field(nifti, header, layout->intercept, layout->slope_type);
    if (nifti->slope == 0 || !isfinite(nifti->slope) || !isfinite(nifti->intercept)) {
        nifti->slope = 1; /* the standard's way to say: as stored */
        nifti->intercept = 0;
    }
    offset = read_field(nifti, header, layout->offset, layout->offset_type);
    if (!(offset >= (double)layout->size && offset <= (double)UNPACKED_BYTES_MAX))
        return refuse(nifti, "its voxels begin at an impossible place");
    nifti->data_offset = (size_t)offset;
    return read_sizes(nifti, dim);
}

/* The file's bytes. */

/* Up to n bytes of a gzip stream, fewer when it ends before; false when it is damaged or cut off. */
static bool unzip(z_stream *stream, uint8_t *bytes, size_t n, size_t *ret_n)
{
    int r = Z_OK;

    stream->next_out = bytes;
    stream->avail_out = (uInt)n;
    while (stream->avail_out > 0 && r == Z_OK)
        r = inflate(stream, Z_NO_FLUSH);
    *ret_n = n - stream->avail_out;
    return r == Z_OK || r == Z_STREAM_END;
}

/* Nothing is unpacked beyond what the header asks for, and that only after it was found to be within the limits. The
 * one byte more makes zlib compare its checksum. */
static int unzip_file(struct nifti *nifti, z_stream *stream, uint8_t **ret)
{
    uint8_t header[HEADER_SIZE] = {0}, beyond;
    _cleanup_(freep) uint8_t *bytes = NULL;
    size_t n_header, n_rest, n_beyond;
    int r;

    if (!unzip(stream, header, HEADER_SIZE, &n_header))
        return refuse(nifti, "its gzip stream is damaged or cut off");
    r = read_header(nifti, header);
    if (r < 0)
        return r;
    bytes = malloc(MAX(nifti->n_bytes, n_header));
    if (!bytes)
        return error_set(nifti->error, -ENOMEM, "no memory for %zu decompressed bytes", nifti->n_bytes);
    memcpy(bytes, header, n_header);
    n_rest = nifti->n_bytes > n_header ? nifti->n_bytes - n_header : 0;
    if (!unzip(stream, bytes + n_header, n_rest, &n_header) || n_header < n_rest ||
        !unzip(stream, &beyond, 1, &n_beyond))
        return refuse(nifti, "its gzip stream is damaged or cut off");
    *ret = TAKE_PTR(bytes);
    return 0;
}

static int load_gzip(struct nifti *nifti, uint8_t **ret)
{
    z_stream stream = {.next_in = (Bytef *)nifti->job->bytes, .avail_in = (uInt)nifti->job->n_bytes};
    int r;

    if (nifti->job->n_bytes > UINT32_MAX)
        return error_set(nifti->error, -EFBIG, "the NIfTI file has more than 4 GiB");
    if (inflateInit2(&stream, 15 + 16) != Z_OK)
        return error_set(nifti->error, -ENOMEM, "no memory to decompress the file");
    r = unzip_file(nifti, &stream, ret);
    inflateEnd(&stream);
    return r;
}

static int load_plain(struct nifti *nifti)
{
    uint8_t header[HEADER_SIZE] = {0};
    int r;

    memcpy(header, nifti->job->bytes, MIN(nifti->job->n_bytes, sizeof(header)));
    r = read_header(nifti, header);
    if (r < 0)
        return r;
    return nifti->n_bytes <= nifti->job->n_bytes ? 0 : refuse(nifti, "it is cut off");
}

/* Voxels. */

static enum number_type mask_type(const struct raw_media *mask)
{
    switch (mask->element) {
    case MEDIA_F16:
        return NUMBER_F16;
    case MEDIA_F64:
        return NUMBER_F64;
    default:
        return NUMBER_F32;
    }
}

/* The voxels that count, as numbers in the order of leaving; NULL: all. */
static int read_mask(struct nifti *nifti, uint32_t **ret, size_t *ret_n)
{
    const struct raw_media *mask = nifti->job->mask;
    size_t n_voxels = nifti->x * nifti->y * nifti->z, n = 0;
    _cleanup_(freep) uint32_t *voxels = NULL;
    struct number_run run;

    if (mask->kind != MEDIA_ARRAY || mask->shape[0] != 1 || mask->shape[1] != n_voxels)
        return error_set(nifti->error, -EINVAL, "the mask has %zu x %zu voxels, the volume %zu x %zu x %zu = %zu",
                         mask->shape[0], mask->shape[1], nifti->x, nifti->y, nifti->z, n_voxels);
    run = (struct number_run){.type = mask_type(mask), .at = mask->data, .stride = media_element_size(mask->element)};
    voxels = malloc(n_voxels * sizeof(*voxels));
    if (!voxels)
        return error_set(nifti->error, -ENOMEM, "no memory for a mask of %zu voxels", n_voxels);
    for (size_t i = 0; i < n_voxels; i++) {
        double value;

        number_run_load(&run, i, 1, &value);
        if (value != 0)
            voxels[n++] = (uint32_t)i;
    }
    if (n == 0)
        return error_set(nifti->error, -EINVAL, "the mask has no voxel that is not zero");
    *ret = TAKE_PTR(voxels);
    *ret_n = n;
    return 0;
}

/* One repeat: voxels is the mask, or NULL. */
static int store_volume(const struct nifti *nifti, const uint8_t *data, const uint32_t *voxels, size_t n, float *ret)
{
    struct number_run run = {
        .type = nifti->type, .swapped = nifti->swapped, .at = data, .stride = number_size(nifti->type)};

    for (size_t i = 0; i < n; i++) {
        size_t voxel = voxels ? voxels[i] : i;
        size_t z = voxel % nifti->z, y = voxel / nifti->z % nifti->y, x = voxel / nifti->z / nifti->y;
        double value;

        number_run_load(&run, (z * nifti->y + y) * nifti->x + x, 1, &value);
        ret[i] = (float)(value * nifti->slope + nifti->intercept);
        if (!isfinite(ret[i]))
            return error_set(nifti->error, -EBADMSG, "voxel (%zu, %zu, %zu) is NaN or infinite", x, y, z);
    }
    return 0;
}

static int store_volumes(struct nifti *nifti, const uint8_t *data, struct raw_media *ret)
{
    size_t n_voxels = nifti->x * nifti->y * nifti->z, n = n_voxels;
    _cleanup_(freep) uint32_t *voxels = NULL;
    int r = 0;

    if (nifti->job->mask)
        r = read_mask(nifti, &voxels, &n);
    if (r < 0)
        return r;
    r = raw_media_allocate(ret, MEDIA_F32, 2, (size_t[]){nifti->n_repeats, n}, nifti->error);
    for (size_t i = 0; i < nifti->n_repeats && r == 0; i++)
        r = store_volume(nifti, data + i * n_voxels * number_size(nifti->type), voxels, n, (float *)ret->data + i * n);
    return r;
}

int nifti_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    struct nifti nifti = {.job = job, .error = error};
    _cleanup_(freep) uint8_t *unzipped = NULL;
    const uint8_t *file;
    int r;

    raw_media_set_format(ret, file_format_name(FORMAT_NIFTI));
    r = format == FORMAT_GZIP ? load_gzip(&nifti, &unzipped) : load_plain(&nifti);
    if (r < 0)
        return r;
    file = unzipped ? unzipped : job->bytes;
    return store_volumes(&nifti, file + nifti.data_offset, ret);
}
