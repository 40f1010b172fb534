/* What the writer refuses, and what stands in the folder at every moment; that its files are right is what
   test_gguf_reader.c shows. */
#include "tests/unit/file/gguf_sample.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "core/file/gguf_reader.h"

static const struct tensor one_f32 = {TENSOR_F32, 1, {1, 1, 1, 1}, NULL};

struct folder {
    char path[32], file[64];
};

static int make_folder(void **state)
{
    static struct folder folder;

    strcpy(folder.path, "/tmp/gguf_writer.XXXXXX");
    if (!mkdtemp(folder.path))
        return -1;
    snprintf(folder.file, sizeof(folder.file), "%s/model.gguf", folder.path);
    *state = &folder;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;

    unlink(folder->file);
    return rmdir(folder->path); /* fails when something was left behind */
}

static int n_files(const struct folder *folder)
{
    DIR *dir = opendir(folder->path);
    int n = 0;

    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void write_small(const char *path, float value)
{
    _cleanup_(gguf_writer_freep) struct gguf_writer *writer = NULL;

    assert_int_equal(gguf_writer_open(path, &writer, NULL), 0);
    gguf_writer_add(writer, "t", &one_f32);
    assert_int_equal(gguf_writer_begin(writer, NULL, NULL), 0);
    assert_int_equal(gguf_writer_data(writer, &value, sizeof(value), NULL), 0);
    assert_int_equal(gguf_writer_finish(writer, NULL), 0);
}

static float read_small(const char *path)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;

    assert_int_equal(gguf_reader_open(path, &reader, NULL), 0);
    return *(const float *)gguf_reader_find_tensor(reader, "t")->tensor.data;
}

static void gives_the_name_when_finished(void **state)
{
    const struct folder *folder = *state;
    struct gguf_writer *writer = NULL;
    struct stat status;
    float value = 2;
    uint64_t n;

    umask(022);
    write_small(folder->file, 1);
    assert_int_equal(n_files(folder), 1);
    assert_int_equal(stat(folder->file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);

    assert_int_equal(gguf_writer_open(folder->file, &writer, NULL), 0);
    gguf_writer_add(writer, "t", &one_f32);
    assert_int_equal(gguf_writer_begin(writer, &n, NULL), 0);
    assert_int_equal(n, status.st_size);
    assert_int_equal(gguf_writer_data(writer, &value, sizeof(value), NULL), 0);
    assert_true(read_small(folder->file) == 1); /* the old file, until finish */
    assert_int_equal(n_files(folder), 2);
    assert_int_equal(gguf_writer_finish(writer, NULL), 0);
    assert_true(read_small(folder->file) == 2);
    assert_null(gguf_writer_free(writer));
    assert_true(read_small(folder->file) == 2);
    assert_int_equal(n_files(folder), 1);
}

static void leaves_nothing_when_given_up(void **state)
{
    const struct folder *folder = *state;
    struct gguf_writer *writer = NULL;

    assert_int_equal(gguf_writer_open(folder->file, &writer, NULL), 0);
    assert_int_equal(n_files(folder), 1);
    gguf_writer_free(writer);
    assert_int_equal(n_files(folder), 0);
    assert_int_equal(gguf_writer_open(folder->file, &writer, NULL), 0);
    gguf_writer_add(writer, "t", &one_f32);
    assert_int_equal(gguf_writer_begin(writer, NULL, NULL), 0);
    gguf_writer_free(writer);
    assert_int_equal(n_files(folder), 0);
    assert_null(gguf_writer_free(NULL));
}

static void refuses_places(void **state)
{
    const struct folder *folder = *state;
    struct error error = ERROR_NONE;
    struct gguf_writer *writer = NULL;

    assert_int_equal(gguf_writer_open("/nowhere/x.gguf", &writer, &error), -ENOENT);
    assert_error(&error, -ENOENT, "cannot be created beside its place");
    assert_string_equal(error.at, "/nowhere/x.gguf");
    error = ERROR_NONE;
    assert_int_equal(gguf_writer_open(folder->path, &writer, &error), -EINVAL);
    assert_error(&error, -EINVAL, "is there already and is not a regular file");
    assert_int_equal(gguf_writer_open("/dev/null", &writer, NULL), -EINVAL);
}

static void reports_a_failed_write(void **state)
{
    const struct folder *folder = *state;
    struct rlimit before, small;
    struct gguf_writer *writer = NULL;
    struct error error = ERROR_NONE;
    static char block[8192];
    int r;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    small = before;
    small.rlim_cur = 4096;
    assert_int_equal(gguf_writer_open(folder->file, &writer, NULL), 0);
    gguf_writer_add(writer, "t", &(struct tensor){TENSOR_F32, 1, {2048, 1, 1, 1}, NULL});
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    r = gguf_writer_begin(writer, NULL, &error);
    if (r == 0)
        r = gguf_writer_data(writer, block, sizeof(block), &error);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(r, -EFBIG);
    assert_error(&error, -EFBIG, "cannot be written: File too large");
    assert_string_equal(error.at, folder->file);
    gguf_writer_free(writer);
    assert_int_equal(n_files(folder), 0);
}

/* --- mistakes of the caller -------------------------------------------------------------------------------------- */

static struct gguf_writer *new_writer(int *ret_fd)
{
    struct gguf_writer *writer = NULL;

    *ret_fd = memory_file("", 0, NULL);
    assert_int_equal(gguf_writer_open_fd(*ret_fd, &writer, NULL), 0);
    return writer;
}

static void same_key(struct gguf_writer *writer)
{
    gguf_writer_set_u32(writer, "k", 1);
    gguf_writer_set_string(writer, "k", "x");
}

static void same_tensor(struct gguf_writer *writer)
{
    gguf_writer_add(writer, "t", &one_f32);
    gguf_writer_add(writer, "t", &one_f32);
}

static void empty_key(struct gguf_writer *writer)
{
    gguf_writer_set_bool(writer, "", true);
    gguf_writer_set_u32(writer, "fine", 1); /* the first failure is the one that is told */
}

static void key_with_tab(struct gguf_writer *writer)
{
    gguf_writer_set_f32(writer, "a\tb", 1);
}

static void long_name(struct gguf_writer *writer)
{
    char name[66] = {0};

    memset(name, 'n', 65);
    gguf_writer_add(writer, name, &one_f32);
}

static void no_dimension(struct gguf_writer *writer)
{
    gguf_writer_add(writer, "t", &(struct tensor){TENSOR_F32, 0, {1, 1, 1, 1}, NULL});
}

static void empty_dimension(struct gguf_writer *writer)
{
    gguf_writer_add(writer, "t", &(struct tensor){TENSOR_F32, 2, {3, 0, 1, 1}, NULL});
}

static void hidden_dimension(struct gguf_writer *writer)
{
    gguf_writer_add(writer, "t", &(struct tensor){TENSOR_F32, 1, {3, 2, 1, 1}, NULL});
}

static void huge_dimension(struct gguf_writer *writer)
{
    gguf_writer_add(writer, "t", &(struct tensor){TENSOR_F32, 2, {SIZE_MAX / 4, 9, 1, 1}, NULL});
}

static void unknown_type(struct gguf_writer *writer)
{
    gguf_writer_add(writer, "t", &(struct tensor){(enum tensor_type)77, 1, {32, 1, 1, 1}, NULL});
}

static const struct {
    void (*plan)(struct gguf_writer *writer);
    const char *message;
} mistakes[] = {
    {same_key, "'k' is set twice"},
    {same_tensor, "'t' is set twice"},
    {empty_key, "'' is not a name"},
    {key_with_tab, "'a\tb' is not a name"},
    {long_name, "is not a name: empty, too long"},
    {no_dimension, "tensor 't' has a shape or type that cannot be written"},
    {empty_dimension, "tensor 't' has a shape or type"},
    {hidden_dimension, "tensor 't' has a shape or type"},
    {huge_dimension, "tensor 't' has a shape or type"},
    {unknown_type, "tensor 't' has a shape or type"},
};

static void tells_mistakes_at_begin(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
        struct error error = ERROR_NONE;
        int fd;
        _cleanup_(gguf_writer_freep) struct gguf_writer *writer = new_writer(&fd);

        mistakes[i].plan(writer);
        assert_int_equal(gguf_writer_begin(writer, NULL, &error), -EINVAL);
        assert_error(&error, -EINVAL, mistakes[i].message);
        assert_int_equal(lseek(fd, 0, SEEK_END), 0);
        close(fd);
    }
}

static void wants_calls_in_order(void **state)
{
    struct error error = ERROR_NONE;
    uint8_t data[SAMPLE_DATA_BYTES];
    int fd;
    _cleanup_(gguf_writer_freep) struct gguf_writer *writer = new_writer(&fd);

    (void)state;
    sample_plan(writer);
    sample_data(data);
    assert_int_equal(gguf_writer_data(writer, data, 1, &error), -EINVAL);
    assert_error(&error, -EINVAL, "data comes before begin");
    error = ERROR_NONE;
    assert_int_equal(gguf_writer_finish(writer, &error), -EINVAL);
    assert_error(&error, -EINVAL, "finish comes before begin");
    assert_int_equal(gguf_writer_begin(writer, NULL, NULL), 0);
    error = ERROR_NONE;
    assert_int_equal(gguf_writer_begin(writer, NULL, &error), -EINVAL);
    assert_error(&error, -EINVAL, "begin was called twice");
    error = ERROR_NONE;
    assert_int_equal(gguf_writer_finish(writer, &error), -EINVAL);
    assert_error(&error, -EINVAL, "tensor 'a.weight' lacks 24 bytes of data");
    assert_int_equal(gguf_writer_data(writer, data, sizeof(sample_matrix) + 1, NULL), 0);
    error = ERROR_NONE;
    assert_int_equal(gguf_writer_finish(writer, &error), -EINVAL);
    assert_error(&error, -EINVAL, "tensor 'b' lacks 9 bytes of data");
    assert_int_equal(gguf_writer_data(writer, data, sizeof(data) - sizeof(sample_matrix) - 1, NULL), 0);
    error = ERROR_NONE;
    assert_int_equal(gguf_writer_data(writer, data, 3, &error), -EINVAL);
    assert_error(&error, -EINVAL, "3 bytes of data come after the last tensor");
    assert_int_equal(gguf_writer_finish(writer, NULL), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_the_name_when_finished, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(leaves_nothing_when_given_up, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(refuses_places, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(reports_a_failed_write, make_folder, remove_folder),
        cmocka_unit_test(tells_mistakes_at_begin),
        cmocka_unit_test(wants_calls_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
