#include "tests/unit/file/file_test.h"

#include "core/file/zip_archive.h"

static int open_bytes(const struct buffer *bytes, struct zip_archive **ret, struct error *error)
{
    return zip_archive_open_fd(memory_file(bytes->bytes, bytes->size, NULL), ret, error);
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

/* a: 100,000 bytes of a pattern; b: empty; folder/c: a word. */
static struct buffer sample(void)
{
    struct zip_bytes zip = new_zip();
    static uint8_t data[100000];

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = pattern(i);
    zip_add(&zip, "a", data, sizeof(data));
    zip_add(&zip, "b", "", 0);
    zip_add(&zip, "folder/c", "word", 4);
    return zip_end(&zip);
}

static void finds_members(void **state)
{
    _cleanup_(zip_archive_closep) struct zip_archive *archive = NULL;
    _cleanup_(buffer_deinit) struct buffer bytes = sample();
    uint64_t n_bytes;
    size_t member;

    (void)state;
    assert_int_equal(open_bytes(&bytes, &archive, NULL), 0);
    assert_int_equal(zip_archive_n_members(archive), 3);
    assert_string_equal(zip_archive_name(archive, 2), "folder/c");
    assert_int_equal(zip_archive_find(archive, "folder/c", &member, &n_bytes), 0);
    assert_int_equal(member, 2);
    assert_int_equal(n_bytes, 4);
    assert_int_equal(zip_archive_find(archive, "b", &member, &n_bytes), 0);
    assert_int_equal(n_bytes, 0);
    assert_int_equal(zip_archive_find(archive, "c", &member, &n_bytes), -ENOENT);
    assert_int_equal(zip_archive_find(archive, "A", &member, &n_bytes), -ENOENT);
}

static void assert_pattern(struct zip_archive *archive, size_t member, uint64_t offset, size_t n)
{
    uint8_t data[5000];

    assert_int_equal(zip_archive_read(archive, member, offset, data, n, NULL), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(data[i], pattern(offset + i));
}

static void reads_at_any_place(void **state)
{
    _cleanup_(zip_archive_closep) struct zip_archive *archive = NULL;
    _cleanup_(buffer_deinit) struct buffer bytes = sample();
    struct error error = ERROR_NONE;
    char word[5] = "";

    (void)state;
    assert_int_equal(open_bytes(&bytes, &archive, NULL), 0);
    assert_pattern(archive, 0, 0, 100);
    assert_pattern(archive, 0, 100, 5000);
    assert_pattern(archive, 0, 99999, 1);
    assert_pattern(archive, 0, 7, 5000);
    assert_int_equal(zip_archive_read(archive, 2, 1, word, 3, NULL), 0);
    assert_string_equal(word, "ord");
    assert_pattern(archive, 0, 95000, 5000);
    assert_int_equal(zip_archive_read(archive, 1, 0, word, 0, NULL), 0);
    assert_int_equal(zip_archive_read(archive, 2, 2, word, 3, &error), -EBADMSG);
    assert_error(&error, -EBADMSG, "its member folder/c ends too early");
    assert_int_equal(zip_archive_read(archive, 2, 5, word, 0, NULL), -EBADMSG);
    assert_int_equal(zip_archive_read(archive, 2, UINT64_MAX, word, 1, NULL), -EBADMSG);
    assert_int_equal(zip_archive_read(archive, 3, 0, word, 1, NULL), -EBADMSG);
    assert_pattern(archive, 0, 50, 60); /* an error is not the end */
}

static void sees_damage_when_a_member_is_read_in_order(void **state)
{
    _cleanup_(zip_archive_closep) struct zip_archive *archive = NULL;
    _cleanup_(buffer_deinit) struct buffer bytes = sample();
    struct error error = ERROR_NONE;
    static uint8_t data[100000];

    (void)state;
    bytes.bytes[5000] ^= 1;
    assert_int_equal(open_bytes(&bytes, &archive, NULL), 0);
    assert_int_equal(zip_archive_read(archive, 0, 0, data, 60000, NULL), 0);
    assert_int_equal(zip_archive_read(archive, 0, 60000, data, 40000, &error), -EBADMSG);
    assert_error(&error, -EBADMSG, "its member a is damaged");
    assert_string_equal(error.detail, "libzip: CRC error");
}

static void reads_compressed_members(void **state)
{
    _cleanup_(zip_archive_closep) struct zip_archive *stored = NULL, *compressed = NULL;
    _cleanup_(buffer_deinit) struct buffer stored_bytes = read_file(GOLDEN_DIR "/protocol4.pth");
    _cleanup_(buffer_deinit) struct buffer compressed_bytes = read_file(GOLDEN_DIR "/compressed.pth");
    static const size_t places[][2] = {{0, 10}, {10, 1000}, {5, 20}, {1100, 9}, {0, 1109}};
    char a[1109], b[1109];
    uint64_t n_bytes;
    size_t member;

    (void)state;
    assert_int_equal(open_bytes(&stored_bytes, &stored, NULL), 0);
    assert_int_equal(open_bytes(&compressed_bytes, &compressed, NULL), 0);
    assert_int_equal(zip_archive_find(compressed, "protocol4/data.pkl", &member, &n_bytes), 0);
    assert_int_equal(n_bytes, sizeof(a));
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        assert_int_equal(zip_archive_read(compressed, member, places[i][0], a, places[i][1], NULL), 0);
        assert_int_equal(zip_archive_read(stored, member, places[i][0], b, places[i][1], NULL), 0);
        assert_memory_equal(a, b, places[i][1]);
    }
}

static void refuses_other_files(void **state)
{
    struct zip_archive *archive = NULL;
    struct error error = ERROR_NONE;

    (void)state;
    assert_int_equal(zip_archive_open_fd(memory_file("", 0, NULL), &archive, NULL), -EBADMSG);
    assert_int_equal(zip_archive_open_fd(memory_file("PK\3\4 and so on", 14, NULL), &archive, &error), -EBADMSG);
    assert_error(&error, -EBADMSG, "is not a complete zip archive: damaged, or cut off before its end?");
    assert_string_equal(error.detail, "libzip: Not a zip archive");
    assert_null(archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_members),
        cmocka_unit_test(reads_at_any_place),
        cmocka_unit_test(sees_damage_when_a_member_is_read_in_order),
        cmocka_unit_test(reads_compressed_members),
        cmocka_unit_test(refuses_other_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
