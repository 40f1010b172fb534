/* NIfTI volumes, and the other arrays of repeats x voxels. */
#include "tests/unit/media/media_test.h"

#include <zlib.h>

/* voxel(x, y, z, r) = 1000 r + 100 x + 10 y + z */
enum { X = 4, Y = 3, Z = 2, N_VOXELS = X * Y * Z };

struct volume {
    int version;
    bool swapped;
    int code;      /* of the voxels' type: 4 is i16, 16 is f32 */
    int n_repeats; /* 1: a file of three dimensions */
    double slope, intercept;
};

static void store(uint8_t *file, size_t at, size_t size, bool swapped, uint64_t bits)
{
    for (size_t i = 0; i < size; i++)
        file[at + i] = (uint8_t)(bits >> 8 * (swapped ? size - 1 - i : i));
}

static uint64_t bits_of_float(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static uint64_t bits_of_double(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static void store_header(uint8_t *file, const struct volume *volume)
{
    const int dim[8] = {volume->n_repeats > 1 ? 4 : 3, X, Y, Z, volume->n_repeats, 1, 1, 1};
    bool s = volume->swapped;

    store(file, 0, 4, s, volume->version == 1 ? 348 : 540);
    if (volume->version == 1) {
        for (size_t i = 0; i < 8; i++)
            store(file, 40 + 2 * i, 2, s, (uint64_t)dim[i]);
        store(file, 70, 2, s, (uint64_t)volume->code);
        store(file, 108, 4, s, bits_of_float(352));
        store(file, 112, 4, s, bits_of_float((float)volume->slope));
        store(file, 116, 4, s, bits_of_float((float)volume->intercept));
        memcpy(file + 344, "n+1", 4);
    } else {
        memcpy(file + 4, "n+2\0\r\n\x1a\n", 8);
        store(file, 12, 2, s, (uint64_t)volume->code);
        for (size_t i = 0; i < 8; i++)
            store(file, 16 + 8 * i, 8, s, (uint64_t)dim[i]);
        store(file, 168, 8, s, 544);
        store(file, 176, 8, s, bits_of_double(volume->slope));
        store(file, 184, 8, s, bits_of_double(volume->intercept));
    }
}

static struct buffer build(struct volume volume)
{
    size_t offset = volume.version == 1 ? 352 : 544, size = volume.code == 16 ? 4 : 2;
    struct buffer file = new_buffer();
    uint8_t bytes[4096] = {0};
    size_t at = offset;

    store_header(bytes, &volume);
    for (int r = 0; r < volume.n_repeats; r++)
        for (int z = 0; z < Z; z++)
            for (int y = 0; y < Y; y++)
                for (int x = 0; x < X; x++, at += size) {
                    int value = 1000 * r + 100 * x + 10 * y + z;

                    store(bytes, at, size, volume.swapped,
                          volume.code == 16 ? bits_of_float((float)value) : (uint64_t)value);
                }
    put(&file, bytes, at);
    return file;
}

static void check_volume(const struct raw_media *media, int n_repeats, double slope, double intercept)
{
    const float *at = media->data;

    assert_shape(media, MEDIA_F32, SHAPE((size_t)n_repeats, N_VOXELS));
    assert_string_equal(media->format, "nifti");
    for (int r = 0; r < n_repeats; r++)
        for (int x = 0; x < X; x++)
            for (int y = 0; y < Y; y++)
                for (int z = 0; z < Z; z++)
                    assert_true(*at++ == (float)((1000 * r + 100 * x + 10 * y + z) * slope + intercept));
}

static void every_layout_is_read(void **state)
{
    static const struct volume volumes[] = {
        {.version = 1, .code = 4, .n_repeats = 1},
        {.version = 1, .code = 16, .n_repeats = 3},
        {.version = 1, .code = 16, .n_repeats = 3, .swapped = true},
        {.version = 1, .code = 4, .n_repeats = 2, .slope = 0.5, .intercept = -3},
        {.version = 2, .code = 4, .n_repeats = 1},
        {.version = 2, .code = 16, .n_repeats = 2, .swapped = true, .slope = 2},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(volumes); i++) {
        struct buffer file = build(volumes[i]);
        struct raw_media media = decode(MEDIA_ARRAY, file.bytes, file.size);
        bool scaled = volumes[i].slope != 0;

        check_volume(&media, volumes[i].n_repeats, scaled ? volumes[i].slope : 1, scaled ? volumes[i].intercept : 0);
        raw_media_deinit(&media);
        refuse_every_cut(MEDIA_ARRAY, file.bytes, file.size, 1);
        buffer_deinit(&file);
    }
}

static struct buffer zip(const void *bytes, size_t n)
{
    struct buffer file = new_buffer();
    uint8_t *packed = malloc(n + 1000);
    z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)n, .next_out = packed, .avail_out = (uInt)n + 1000};

    assert_non_null(packed);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    put(&file, packed, stream.total_out);
    deflateEnd(&stream);
    free(packed);
    return file;
}

static void compressed_files_are_read(void **state)
{
    struct buffer plain = build((struct volume){.version = 1, .code = 4, .n_repeats = 1}); /* below 540 bytes */
    struct buffer file = zip(plain.bytes, plain.size);
    struct raw_media media = decode(MEDIA_ARRAY, file.bytes, file.size);

    (void)state;
    check_volume(&media, 1, 1, 0);
    raw_media_deinit(&media);
    refuse_every_cut(MEDIA_ARRAY, file.bytes, file.size, 1);
    survive_every_change(MEDIA_ARRAY, file.bytes, file.size, 1);
    file.bytes[file.size - 8] ^= 1;
    refuse(MEDIA_ARRAY, file.bytes, file.size, -EBADMSG, "gzip stream is damaged");
    buffer_deinit(&file);
    buffer_deinit(&plain);
    plain = build((struct volume){.version = 2, .code = 16, .n_repeats = 3});
    file = zip(plain.bytes, plain.size);
    media = decode(MEDIA_ARRAY, file.bytes, file.size);
    check_volume(&media, 3, 1, 0);
    raw_media_deinit(&media);
    buffer_deinit(&file);
    buffer_deinit(&plain);
    file = zip("hello", 5);
    refuse(MEDIA_ARRAY, file.bytes, file.size, -EMEDIUMTYPE, "found a gzip-compressed file that holds something else");
    buffer_deinit(&file);
}

/* A header that asks for gigabytes is refused before anything of that size is touched; one that asks for little gets
 * no more than that from a stream that would give gigabytes. */
static void bombs_are_refused(void **state)
{
    size_t n = (size_t)32 << 20;
    uint8_t *zeros = calloc(1, n);
    struct volume volume = {.version = 1, .code = 4, .n_repeats = 1};
    struct raw_media media;
    struct buffer file;

    (void)state;
    assert_non_null(zeros);
    store_header(zeros, &volume);
    file = zip(zeros, n);
    assert_true(file.size < n / 500);
    media = decode(MEDIA_ARRAY, file.bytes, file.size);
    assert_shape(&media, MEDIA_F32, SHAPE(1, N_VOXELS));
    raw_media_deinit(&media);
    buffer_deinit(&file);
    for (size_t i = 1; i <= 3; i++)
        store(zeros, 40 + 2 * i, 2, false, 30000);
    file = zip(zeros, n);
    refuse(MEDIA_ARRAY, file.bytes, file.size, -EFBIG, "Mi voxels");
    buffer_deinit(&file);
    free(zeros);
}

static struct raw_media decode_mask(const uint8_t *mask)
{
    struct buffer file = build_npy("|b1", "False", "(4, 3, 2)", mask, N_VOXELS);
    struct raw_media media = decode(MEDIA_ARRAY, file.bytes, file.size);

    buffer_deinit(&file);
    assert_shape(&media, MEDIA_F32, SHAPE(1, N_VOXELS));
    return media;
}

/* As NumPy takes volume[mask]: in row-major order of (x, y, z). */
static void masks_choose_voxels(void **state)
{
    struct buffer file = build((struct volume){.version = 1, .code = 16, .n_repeats = 2});
    uint8_t bits[N_VOXELS] = {0};
    struct raw_media mask, media;
    struct media_job job = {.kind = MEDIA_ARRAY, .bytes = file.bytes, .n_bytes = file.size, .mask = &mask};

    (void)state;
    bits[(3 * Y + 1) * Z + 1] = 1; /* (3, 1, 1) */
    bits[(0 * Y + 2) * Z + 0] = 1; /* (0, 2, 0) */
    mask = decode_mask(bits);
    media = decode_job(job);
    assert_shape(&media, MEDIA_F32, SHAPE(2, 2));
    assert_memory_equal(media.data, ((float[]){20, 311, 1020, 1311}), 16);
    raw_media_deinit(&media);
    mask.shape[1]--;
    refuse_job(job, -EINVAL, "the mask has 1 x 23 voxels, the volume 4 x 3 x 2 = 24");
    raw_media_deinit(&mask);
    memset(bits, 0, sizeof(bits));
    mask = decode_mask(bits);
    refuse_job(job, -EINVAL, "no voxel that is not zero");
    raw_media_deinit(&mask);
    buffer_deinit(&file);
}

/* NaN is usual outside the brain: it matters only where the mask looks. */
static void nan_counts_inside_the_mask(void **state)
{
    struct buffer file = build((struct volume){.version = 1, .code = 16, .n_repeats = 1});
    uint8_t bits[N_VOXELS] = {0};
    struct raw_media mask, media;
    struct media_job job = {.kind = MEDIA_ARRAY, .bytes = file.bytes, .n_bytes = file.size, .mask = &mask};

    (void)state;
    store((uint8_t *)file.bytes, 352 + ((1 * Y + 2) * X + 3) * 4, 4, false, 0x7fc00000); /* (3, 2, 1) */
    refuse(MEDIA_ARRAY, file.bytes, file.size, -EBADMSG, "voxel (3, 2, 1) is NaN or infinite");
    bits[0] = 1;
    mask = decode_mask(bits);
    media = decode_job(job);
    assert_shape(&media, MEDIA_F32, SHAPE(1, 1));
    raw_media_deinit(&media);
    raw_media_deinit(&mask);
    bits[(3 * Y + 2) * Z + 1] = 1;
    mask = decode_mask(bits);
    refuse_job(job, -EBADMSG, "voxel (3, 2, 1) is NaN or infinite");
    raw_media_deinit(&mask);
    buffer_deinit(&file);
}

static void refuse_field(size_t at, size_t size, uint64_t bits, int code, const char *message)
{
    struct buffer file = build((struct volume){.version = 1, .code = 4, .n_repeats = 1});

    store((uint8_t *)file.bytes, at, size, false, bits);
    refuse(MEDIA_ARRAY, file.bytes, file.size, code, message);
    buffer_deinit(&file);
}

static void wrong_headers_are_refused(void **state)
{
    (void)state;
    refuse_field(40, 2, 0, -EBADMSG, "number of dimensions is not 1 to 7");
    refuse_field(40, 2, 2, -EBADMSG, "expected a NIfTI file of 3 or 4 dimensions; found 2");
    refuse_field(42, 2, 0, -EBADMSG, "a dimension is not positive");
    refuse_field(42, 2, 0xffff, -EBADMSG, "a dimension is not positive");
    refuse_field(42, 2, 1000, -EBADMSG, "cut off");
    refuse_field(70, 2, 128, -EBADMSG, "found type 128");
    refuse_field(108, 4, bits_of_float(NAN), -EBADMSG, "impossible place");
    refuse_field(108, 4, bits_of_float(-1), -EBADMSG, "impossible place");
    refuse_field(108, 4, bits_of_float(1e8f), -EBADMSG, "cut off");
}

static void the_limit_on_repeats_holds(void **state)
{
    struct media_limits limits = media_limits_default;
    struct buffer file = build((struct volume){.version = 1, .code = 4, .n_repeats = 3});
    struct media_job job = {.kind = MEDIA_ARRAY, .bytes = file.bytes, .n_bytes = file.size, .limits = &limits};

    (void)state;
    limits.fmri_repeats_max = 2;
    refuse_job(job, -EFBIG, "3 repeats, the limit is 2");
    buffer_deinit(&file);
    file = build_npy("<f4", "False", "(3, 1)", (float[]){1, 2, 3}, 12);
    job.bytes = file.bytes;
    job.n_bytes = file.size;
    refuse_job(job, -EFBIG, "3 repeats, the limit is 2");
    buffer_deinit(&file);
}

static void check_csv(const char *text, size_t rows, size_t columns, const float *expected)
{
    struct raw_media media = decode(MEDIA_ARRAY, text, strlen(text));

    assert_shape(&media, MEDIA_F32, SHAPE(rows, columns));
    assert_string_equal(media.format, "csv");
    assert_memory_equal(media.data, expected, rows * columns * sizeof(float));
    raw_media_deinit(&media);
}

static void text_is_an_array_too(void **state)
{
    struct raw_media mask = {.kind = MEDIA_ARRAY};

    (void)state;
    check_csv("1,2,3\n4,5,6\n", 2, 3, (float[]){1, 2, 3, 4, 5, 6});
    check_csv("1\n2\n3\n", 1, 3, (float[]){1, 2, 3});
    refuse_job((struct media_job){.kind = MEDIA_ARRAY, .bytes = "1,2", .n_bytes = 3, .mask = &mask}, -EINVAL,
               "a mask goes with a NIfTI volume, not with a text file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_is_read),       cmocka_unit_test(compressed_files_are_read),
        cmocka_unit_test(bombs_are_refused),          cmocka_unit_test(masks_choose_voxels),
        cmocka_unit_test(nan_counts_inside_the_mask), cmocka_unit_test(wrong_headers_are_refused),
        cmocka_unit_test(the_limit_on_repeats_holds), cmocka_unit_test(text_is_an_array_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
