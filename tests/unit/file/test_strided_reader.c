/* Views against their definition: element (i, j, …) lies at offset + i * stride[0] + j * stride[1] + … */
#include "tests/unit/file/file_test.h"

#include <math.h>

#include "core/base/random.h"
#include "core/file/strided_reader.h"
#include "core/file/zip_archive.h"

/* Opens an archive of one member. */
static struct zip_archive *archive_of(const void *data, size_t n)
{
    struct zip_bytes zip = new_zip();
    struct zip_archive *archive = NULL;
    struct buffer bytes;

    zip_add(&zip, "data", data, n);
    bytes = zip_end(&zip);
    assert_int_equal(zip_archive_open_fd(memory_file(bytes.bytes, bytes.size, NULL), &archive, NULL), 0);
    buffer_deinit(&bytes);
    return archive;
}

/* Where element i of the view lies, in elements. */
static uint64_t place_of(const struct checkpoint_tensor *view, uint64_t i)
{
    uint64_t place = view->storage_offset;

    for (int d = view->n_dims - 1; d >= 0; d--) {
        place += i % view->shape[d] * view->stride[d];
        i /= view->shape[d];
    }
    return place;
}

static void count(struct checkpoint_tensor *view)
{
    view->n_elements = 1;
    for (int d = 0; d < view->n_dims; d++)
        view->n_elements *= view->shape[d];
}

static void check_range(struct strided_reader *reader, const uint16_t *storage, const struct checkpoint_tensor *view,
                        uint64_t first, size_t n)
{
    _cleanup_(freep) float *values = malloc((n + 1) * sizeof(*values));

    values[n] = 42;
    assert_int_equal(strided_reader_read(reader, 0, view, first, n, values, NULL), 0);
    for (size_t i = 0; i < n; i++)
        if (values[i] != (float)(int16_t)storage[place_of(view, first + i)])
            fail_msg("element %zu is %f", (size_t)first + i, (double)values[i]);
    assert_true(values[n] == 42);
}

/* A view of up to four dimensions in so many elements; strides of all kinds: row-major, transposed, 0, overlapping. */
static struct checkpoint_tensor random_view(struct random *random, uint64_t n_storage)
{
    struct checkpoint_tensor view = {.type = CHECKPOINT_I16, .n_dims = (int)random_below(random, 5)};
    uint64_t left = n_storage - 1;

    for (int d = 0; d < view.n_dims; d++) {
        view.shape[d] = 1 + random_below(random, 12);
        view.stride[d] = random_below(random, (uint32_t)(left / view.shape[d] + 1));
        if (random_below(random, 3) == 0) /* continues the dimension before */
            view.stride[d] = d > 0 ? view.stride[d - 1] / view.shape[d] : 1;
        if ((view.shape[d] - 1) * view.stride[d] > left)
            view.stride[d] = 0;
        left -= (view.shape[d] - 1) * view.stride[d];
    }
    view.storage_offset = random_below(random, (uint32_t)left + 1);
    count(&view);
    return view;
}

/* 3 MB of storage: larger than a window. */
static void reads_any_view(void **state)
{
    enum { N = 1500001 };
    _cleanup_(freep) uint16_t *storage = malloc(N * sizeof(*storage));
    _cleanup_(zip_archive_closep) struct zip_archive *archive = NULL;
    struct strided_reader reader = {0};
    struct random random;

    (void)state;
    random_init(&random, 1, 0);
    for (size_t i = 0; i < N; i++)
        storage[i] = (uint16_t)random_u32(&random);
    archive = archive_of(storage, N * sizeof(*storage));
    reader.archive = archive;
    for (int round = 0; round < 300; round++) {
        struct checkpoint_tensor view = random_view(&random, round % 2 ? N : 1000);
        uint64_t first = random_below(&random, (uint32_t)view.n_elements);

        check_range(&reader, storage, &view, 0, view.n_elements);
        check_range(&reader, storage, &view, first, 1 + random_below(&random, (uint32_t)(view.n_elements - first)));
    }
    assert_true(reader.n_max <= N * sizeof(*storage));

    /* In pieces, across the borders of the windows. */
    struct checkpoint_tensor whole = {.type = CHECKPOINT_I16, .n_dims = 2, .shape = {3, N / 3}, .stride = {N / 3, 1}};

    count(&whole);
    for (uint64_t first = 0; first < whole.n_elements; first += 77777)
        check_range(&reader, storage, &whole, first, MIN(77777, whole.n_elements - first));
    strided_reader_deinit(&reader);
}

/* Going back in more than the largest window. */
static void reads_large_transposed_views(void **state)
{
    enum { N_ROWS = 70, N_COLUMNS = 1 << 20 };
    const size_t n = (size_t)N_ROWS * N_COLUMNS;
    _cleanup_(freep) uint8_t *storage = malloc(n);
    _cleanup_(zip_archive_closep) struct zip_archive *archive = NULL;
    struct checkpoint_tensor view = {
        .type = CHECKPOINT_U8, .n_dims = 2, .shape = {N_COLUMNS, N_ROWS}, .stride = {1, N_COLUMNS}};
    struct strided_reader reader = {0};
    float values[3 * N_ROWS];

    (void)state;
    for (size_t i = 0; i < n; i++)
        storage[i] = (uint8_t)(i % 251);
    archive = archive_of(storage, n);
    reader.archive = archive;
    count(&view);
    assert_int_equal(strided_reader_read(&reader, 0, &view, 12345 * N_ROWS + 5, ARRAY_SIZE(values), values, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        assert_true(values[i] == storage[place_of(&view, 12345 * N_ROWS + 5 + i)]);
    assert_true(reader.n_max <= 4096);
    strided_reader_deinit(&reader);
}

/* One storage as two types: the window of one view ends inside an element of the other, or begins at an odd place. */
static void reads_views_of_other_types_in_turn(void **state)
{
    static const uint32_t words[] = {0x3f800000, 0x40000000, 0x40400000, 0x40800000}; /* 1, 2, 3, 4 */
    _cleanup_(zip_archive_closep) struct zip_archive *archive = archive_of(words, sizeof(words));
    struct checkpoint_tensor singles = {.type = CHECKPOINT_F32, .n_dims = 1, .shape = {4}, .stride = {1}};
    struct checkpoint_tensor bytes = {.type = CHECKPOINT_U8, .n_dims = 1, .stride = {1}};
    struct strided_reader reader = {.archive = archive};
    float values[16];

    (void)state;
    for (uint64_t first = 0; first < 16; first++) {
        for (uint64_t n = 1; n <= 16 - first; n++) {
            bytes.storage_offset = first;
            bytes.shape[0] = n;
            assert_int_equal(strided_reader_read(&reader, 0, &bytes, 0, n, values, NULL), 0);
            assert_true(values[0] == ((const uint8_t *)words)[first]);
            for (uint64_t i = 0; i < 4; i++) {
                assert_int_equal(strided_reader_read(&reader, 0, &singles, i, 1, values, NULL), 0);
                assert_true(values[0] == (float)(i + 1));
                assert_int_equal(strided_reader_read(&reader, 0, &bytes, 0, 1, values, NULL), 0);
            }
        }
    }
    strided_reader_deinit(&reader);
}

static void converts_every_type(void **state)
{
    const struct {
        enum checkpoint_type type;
        const void *bytes;
        size_t n_bytes;
        float values[4];
    } cases[] = {
        {CHECKPOINT_F64, (const double[]){0.1, -1e300, 1e-300, 3}, 32, {0.1f, -INFINITY, 0, 3}},
        {CHECKPOINT_F32, (const float[]){0.1f, -3e38f, 1e-40f, 3}, 16, {0.1f, -3e38f, 1e-40f, 3}},
        {CHECKPOINT_F16, (const uint16_t[]){0x3c00, 0xfbff, 0x0001, 0x7c00}, 8, {1, -65504, 0x1p-24f, INFINITY}},
        {CHECKPOINT_BF16, (const uint16_t[]){0x3f80, 0xc000, 0x0001, 0x7f80}, 8, {1, -2, 0x1p-133f, INFINITY}},
        {CHECKPOINT_I64, (const int64_t[]){INT64_MIN, -1, 1, INT64_MAX}, 32, {-0x1p63f, -1, 1, 0x1p63f}},
        {CHECKPOINT_I32, (const int32_t[]){INT32_MIN, -1, 1, 16777217}, 16, {-0x1p31f, -1, 1, 16777216}},
        {CHECKPOINT_I16, (const int16_t[]){INT16_MIN, -1, 1, INT16_MAX}, 8, {-32768, -1, 1, 32767}},
        {CHECKPOINT_I8, (const int8_t[]){-128, -1, 1, 127}, 4, {-128, -1, 1, 127}},
        {CHECKPOINT_U8, (const uint8_t[]){0, 1, 128, 255}, 4, {0, 1, 128, 255}},
        {CHECKPOINT_BOOL, (const uint8_t[]){0, 1, 2, 255}, 4, {0, 1, 1, 1}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(zip_archive_closep) struct zip_archive *archive = archive_of(cases[i].bytes, cases[i].n_bytes);
        struct strided_reader reader = {.archive = archive};
        /* Side by side, and every third. */
        struct checkpoint_tensor row = {.type = cases[i].type, .n_dims = 1, .shape = {4}, .stride = {1}};
        struct checkpoint_tensor ends = {.type = cases[i].type, .n_dims = 1, .shape = {2}, .stride = {3}};
        float values[4];

        assert_int_equal(strided_reader_element_bytes(cases[i].type) * 4, cases[i].n_bytes);
        assert_int_equal(strided_reader_read(&reader, 0, &row, 0, 4, values, NULL), 0);
        assert_memory_equal(values, cases[i].values, sizeof(values));
        assert_int_equal(strided_reader_read(&reader, 0, &ends, 0, 2, values, NULL), 0);
        assert_true(values[0] == cases[i].values[0] && values[1] == cases[i].values[3]);
        strided_reader_deinit(&reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_any_view),
        cmocka_unit_test(reads_large_transposed_views),
        cmocka_unit_test(reads_views_of_other_types_in_turn),
        cmocka_unit_test(converts_every_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
