#include "tests/unit/file/file_test.h"

#include <fcntl.h>

#include "core/file/mapped_file.h"

static void maps_all_bytes(void **state)
{
    static const char text[] = "some bytes";
    _cleanup_(closep) int fd = memory_file(text, sizeof(text), NULL);
    struct mapped_file file;

    (void)state;
    assert_int_equal(mapped_file_map(&file, fd, NULL), 0);
    assert_int_equal(file.n, sizeof(text));
    assert_memory_equal(file.bytes, text, sizeof(text));
    mapped_file_unmap(&file);
    assert_null(file.bytes);
    mapped_file_unmap(&file);
}

static void maps_an_empty_file(void **state)
{
    _cleanup_(closep) int fd = memory_file("", 0, NULL);
    struct mapped_file file;

    (void)state;
    assert_int_equal(mapped_file_map(&file, fd, NULL), 0);
    assert_int_equal(file.n, 0);
    assert_non_null(file.bytes);
    mapped_file_unmap(&file);
}

static void refuses_what_is_no_regular_file(void **state)
{
    char folder[] = "/tmp/mapped_file.XXXXXX", path[64];
    struct mapped_file file;
    struct error error = ERROR_NONE;
    int fd, ends[2];

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(mapped_file_open(folder, &fd, &error), -EISDIR);
    assert_error(&error, -EISDIR, "is a directory");

    snprintf(path, sizeof(path), "%s/pipe", folder);
    error = ERROR_NONE;
    assert_int_equal(mapped_file_open(path, &fd, &error), -ENOENT);
    assert_error(&error, -ENOENT, "cannot be opened: No such file or directory");

    /* Would wait for ever if it was opened without care. */
    assert_int_equal(mkfifo(path, 0600), 0);
    error = ERROR_NONE;
    assert_int_equal(mapped_file_open(path, &fd, &error), -EINVAL);
    assert_error(&error, -EINVAL, "is not a regular file");
    unlink(path);
    rmdir(folder);

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(mapped_file_map(&file, ends[0], NULL), -EINVAL);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(mapped_file_map(&file, -1, NULL), -EBADF);
}

static void names_the_end_of_a_long_path(void **state)
{
    struct error error = ERROR_NONE;
    char path[201];

    (void)state;
    memset(path, 'x', 200);
    memcpy(path + 190, "/name.gguf", 11);
    error_set(&error, -EBADMSG, "bad");
    mapped_file_error_at(&error, path);
    assert_int_equal(strlen(error.at), sizeof(error.at) - 1);
    assert_memory_equal(error.at, "...x", 4);
    assert_string_equal(error.at + sizeof(error.at) - 11, "/name.gguf");

    error = ERROR_NONE;
    mapped_file_error_at(&error, "short");
    assert_string_equal(error.at, "short");
    mapped_file_error_at(NULL, path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_all_bytes),
        cmocka_unit_test(maps_an_empty_file),
        cmocka_unit_test(refuses_what_is_no_regular_file),
        cmocka_unit_test(names_the_end_of_a_long_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
