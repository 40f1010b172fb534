/* Files that PyTorch wrote, against the values that it saved beside them; the same files cut and changed at every byte;
   and files put together by hand that are wrong in one way each. */
#include "tests/unit/file/file_test.h"

#include "core/file/checkpoint.h"

static int open_bytes(const void *bytes, size_t n, struct checkpoint **ret, struct error *error)
{
    char path[64];
    int fd = memory_file(bytes, n, path);
    int r = checkpoint_open(path, ret, error);

    close(fd);
    return r;
}

/* --- files of PyTorch -------------------------------------------------------------------------------------------- */

/* "3,5" or "-" for none. */
static size_t parse_list(const char *text, int base, uint64_t *ret, size_t n_max)
{
    size_t n = 0;

    for (char *end; *text && *text != '-'; text = *end ? end + 1 : end) {
        assert_true(n < n_max);
        ret[n++] = strtoull(text, &end, base);
    }
    return n;
}

/* Reads in pieces and compares bits: 0 and -0 differ. */
static void check_values(struct checkpoint *checkpoint, const struct checkpoint_tensor *tensor, const uint64_t *words,
                         size_t n_words, size_t n_piece)
{
    assert_int_equal(tensor->n_elements, n_words);
    for (size_t first = 0; first < n_words; first += n_piece) {
        size_t n = MIN(n_piece, n_words - first);
        float values[64];

        assert_int_equal(checkpoint_read_f32(checkpoint, tensor, first, n, values, NULL), 0);
        for (size_t i = 0; i < n; i++) {
            uint32_t word;

            memcpy(&word, &values[i], sizeof(word));
            assert_int_equal(word, words[first + i]);
        }
    }
}

static void check_line(struct checkpoint *checkpoint, char *line, size_t *n_found)
{
    char *field[6], *rest = line;
    const struct checkpoint_tensor *tensor;
    uint64_t numbers[64];

    for (int i = 0; i < 6; i++)
        field[i] = strsep(&rest, "\t");
    tensor = checkpoint_find(checkpoint, field[0]);
    if (!tensor)
        return;
    assert_ptr_equal(tensor, checkpoint_tensor(checkpoint, *n_found)); /* the order of the file */
    *n_found += 1;
    assert_string_equal(tensor->name, field[0]);
    assert_string_equal(checkpoint_type_name(tensor->type), field[1]);
    assert_int_equal(tensor->n_dims, parse_list(field[2], 10, numbers, 64));
    assert_memory_equal(tensor->shape, numbers, (size_t)tensor->n_dims * sizeof(*numbers));
    assert_int_equal(tensor->n_dims, parse_list(field[3], 10, numbers, 64));
    assert_memory_equal(tensor->stride, numbers, (size_t)tensor->n_dims * sizeof(*numbers));
    assert_int_equal(tensor->storage_offset, strtoull(field[4], NULL, 10));
    for (size_t n_piece = 1; n_piece <= 64; n_piece = n_piece * 3 + 1)
        check_values(checkpoint, tensor, numbers, parse_list(field[5], 16, numbers, 64), n_piece);
}

static void check_golden(const char *name, size_t n_tensors)
{
    _cleanup_(checkpoint_closep) struct checkpoint *checkpoint = NULL;
    _cleanup_(buffer_deinit) struct buffer values = read_file(GOLDEN_DIR "/values.tsv");
    struct error error = ERROR_NONE;
    char path[1024], *rest = values.bytes;
    size_t n_found = 0;

    snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
    if (checkpoint_open(path, &checkpoint, &error) < 0)
        fail_msg("%s: %s (%s)", name, error.message, error.detail);
    assert_int_equal(checkpoint_n_tensors(checkpoint), n_tensors);
    for (char *line; (line = strsep(&rest, "\n")) && *line;)
        check_line(checkpoint, line, &n_found);
    assert_int_equal(n_found, n_tensors);
    assert_null(checkpoint_find(checkpoint, "llma.z"));
    assert_null(checkpoint_find(checkpoint, "_metadata"));
}

static void reads_files_of_pytorch(void **state)
{
    (void)state;
    check_golden("plain_dict.pth", 4);
    check_golden("ordered_dict_with_metadata.pth", 14);
    check_golden("protocol4.pth", 14);
    check_golden("compressed.pth", 14);
}

static void refuses_ranges_outside(void **state)
{
    _cleanup_(checkpoint_closep) struct checkpoint *checkpoint = NULL;
    const struct checkpoint_tensor *tensor;
    struct error error = ERROR_NONE;
    float values[16];

    (void)state;
    assert_int_equal(checkpoint_open(GOLDEN_DIR "/plain_dict.pth", &checkpoint, NULL), 0);
    tensor = checkpoint_find(checkpoint, "llma.a.bf16");
    assert_int_equal(checkpoint_read_f32(checkpoint, tensor, 15, 0, values, NULL), 0);
    assert_int_equal(checkpoint_read_f32(checkpoint, tensor, 14, 2, values, &error), -EINVAL);
    assert_error(&error, -EINVAL, "tensor 'llma.a.bf16': elements 14 to 16 are wanted, it has 15");
    assert_int_equal(checkpoint_read_f32(checkpoint, tensor, 16, 0, values, NULL), -EINVAL);
    assert_int_equal(checkpoint_read_f32(checkpoint, tensor, UINT64_MAX, 1, values, NULL), -EINVAL);
}

static void refuses_other_files(void **state)
{
    struct checkpoint *checkpoint = NULL;
    struct error error = ERROR_NONE;

    (void)state;
    assert_int_equal(checkpoint_open("/nowhere/x.pth", &checkpoint, &error), -ENOENT);
    assert_string_equal(error.at, "/nowhere/x.pth");
    assert_int_equal(checkpoint_open("/", &checkpoint, NULL), -EISDIR);
    error = ERROR_NONE;
    assert_int_equal(open_bytes("\x80\2\x8a\nl\xfc\x9c", 7, &checkpoint, &error), -EMEDIUMTYPE);
    assert_error(&error, -EMEDIUMTYPE, "the format of PyTorch before 1.6. Save it anew with a later PyTorch");
    error = ERROR_NONE;
    assert_int_equal(open_bytes("GGUF....", 8, &checkpoint, &error), -EMEDIUMTYPE);
    assert_error(&error, -EMEDIUMTYPE, "is not a PyTorch checkpoint: it does not begin like a zip archive");
    assert_int_equal(open_bytes("", 0, &checkpoint, NULL), -EMEDIUMTYPE);
    assert_int_equal(open_bytes("P", 1, &checkpoint, NULL), -EMEDIUMTYPE);
    assert_null(checkpoint);
}

/* --- damage ------------------------------------------------------------------------------------------------------ */

/* Reads a little of everything; the sanitizers watch. */
static void touch(struct checkpoint *checkpoint)
{
    for (size_t i = 0; i < checkpoint_n_tensors(checkpoint); i++) {
        const struct checkpoint_tensor *tensor = checkpoint_tensor(checkpoint, i);
        uint64_t n = MIN(tensor->n_elements, (uint64_t)64);
        float values[64];

        checkpoint_read_f32(checkpoint, tensor, 0, n, values, NULL);
        checkpoint_read_f32(checkpoint, tensor, tensor->n_elements - n, n, values, NULL);
    }
}

static void refuses_every_cut(void **state)
{
    static const char *const names[] = {"plain_dict.pth", "compressed.pth"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_(buffer_deinit) struct buffer bytes = new_bytes();
        char path[1024];

        snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, names[i]);
        bytes = read_file(path);
        for (size_t n = 0; n < bytes.size; n++) {
            struct checkpoint *checkpoint = NULL;
            struct error error = ERROR_NONE;
            int r = open_bytes(bytes.bytes, n, &checkpoint, &error);

            assert_true(r == -EBADMSG || (n < 2 && r == -EMEDIUMTYPE));
            assert_int_equal(error.code, r);
            assert_true(error.message[0]);
            assert_null(checkpoint);
        }
    }
}

static void survives_every_change(void **state)
{
    _cleanup_(buffer_deinit) struct buffer bytes = read_file(GOLDEN_DIR "/plain_dict.pth");

    (void)state;
    for (size_t i = 0; i < bytes.size; i++) {
        const char was = bytes.bytes[i];
        const char changes[] = {0, (char)0xff, (char)(was ^ 1), (char)(was + 1)};

        for (size_t k = 0; k < sizeof(changes); k++) {
            _cleanup_(checkpoint_closep) struct checkpoint *checkpoint = NULL;
            struct error error = ERROR_NONE;
            int r;

            bytes.bytes[i] = changes[k];
            r = open_bytes(bytes.bytes, bytes.size, &checkpoint, &error);
            assert_int_equal(error.code, r);
            if (r == 0)
                touch(checkpoint);
        }
        bytes.bytes[i] = was;
    }
}

static void sees_damaged_weights(void **state)
{
    _cleanup_(checkpoint_closep) struct checkpoint *checkpoint = NULL;
    _cleanup_(buffer_deinit) struct buffer bytes = read_file(GOLDEN_DIR "/plain_dict.pth");
    static const uint8_t weights[] = {0xda, 0x20, 0x35, 0x3f}; /* the first of llma.b.fp32 */
    char *found = memmem(bytes.bytes, bytes.size, weights, sizeof(weights));
    struct error error = ERROR_NONE;
    float values[4];

    (void)state;
    assert_non_null(found);
    *found ^= 1;
    assert_int_equal(open_bytes(bytes.bytes, bytes.size, &checkpoint, NULL), 0);
    assert_int_equal(checkpoint_read_f32(checkpoint, checkpoint_find(checkpoint, "llma.b.fp32"), 0, 4, values, &error),
                     -EBADMSG);
    assert_error(&error, -EBADMSG, "its member plain_dict/data/1 is damaged");
}

/* --- files put together by hand ---------------------------------------------------------------------------------- */

static void begin_pickle(struct buffer *pickle)
{
    put(pickle, "\x80\2}(", 4);
}

static void end_pickle(struct buffer *pickle)
{
    put(pickle, "u.", 2);
}

static void text(struct buffer *pickle, const char *value)
{
    put_u8(pickle, 'X');
    put_u32(pickle, (uint32_t)strlen(value));
    put(pickle, value, strlen(value));
}

static void integer(struct buffer *pickle, uint64_t value)
{
    put(pickle, "\x8a\x08", 2);
    put_u64(pickle, value);
}

static void integers(struct buffer *pickle, int n, const uint64_t *values)
{
    put_u8(pickle, '(');
    for (int i = 0; i < n; i++)
        integer(pickle, values[i]);
    put_u8(pickle, 't');
}

/* A view of storage "0", which is of floats. */
struct view {
    uint64_t n_storage, offset;
    int n_dims;
    uint64_t shape[8], stride[8];
};

static void tensor_value(struct buffer *pickle, const struct view *view)
{
    buffer_append_text(pickle, "ctorch._utils\n_rebuild_tensor_v2\n((");
    text(pickle, "storage");
    buffer_append_text(pickle, "ctorch\nFloatStorage\n");
    text(pickle, "0");
    text(pickle, "cpu");
    integer(pickle, view->n_storage);
    put(pickle, "tQ", 2);
    integer(pickle, view->offset);
    integers(pickle, view->n_dims, view->shape);
    integers(pickle, view->n_dims, view->stride);
    put(pickle, "\x89NtR", 4);
}

static void tensor(struct buffer *pickle, const char *key, const struct view *view)
{
    text(pickle, key);
    tensor_value(pickle, view);
}

static const float storage[6] = {0, 1, 2, 3, 4, 5};

/* Opens an archive with this pickle and one storage of six floats. */
static int open_pickle(const struct buffer *pickle, struct checkpoint **ret, struct error *error)
{
    struct zip_bytes zip = new_zip();
    struct buffer bytes;
    int r;

    zip_add(&zip, "x/data.pkl", pickle->bytes, pickle->size);
    zip_add(&zip, "x/byteorder", "little", 6);
    zip_add(&zip, "x/data/0", storage, sizeof(storage));
    bytes = zip_end(&zip);
    r = open_bytes(bytes.bytes, bytes.size, ret, error);
    buffer_deinit(&bytes);
    return r;
}

static const struct view whole = {6, 0, 2, {2, 3}, {3, 1}};

static void reads_a_file_put_together_by_hand(void **state)
{
    _cleanup_(checkpoint_closep) struct checkpoint *checkpoint = NULL;
    _cleanup_(buffer_deinit) struct buffer pickle = new_bytes();
    float values[6];

    (void)state;
    begin_pickle(&pickle);
    text(&pickle, "step");
    integer(&pickle, 17);
    tensor(&pickle, "whole", &whole);
    tensor(&pickle, "turned", &(struct view){6, 0, 2, {3, 2}, {1, 3}});
    tensor(&pickle, "eight", &(struct view){6, 5, 8, {1, 1, 1, 1, 1, 1, 1, 1}, {9, 9, 9, 9, 9, 9, 9, 9}});
    tensor(&pickle, "empty", &(struct view){0, UINT64_MAX / 2, 2, {0, UINT64_MAX / 2}, {1, 1}});
    end_pickle(&pickle);
    assert_int_equal(open_pickle(&pickle, &checkpoint, NULL), 0);
    assert_int_equal(checkpoint_n_tensors(checkpoint), 4); /* what is no tensor does not count */
    assert_int_equal(checkpoint_read_f32(checkpoint, checkpoint_find(checkpoint, "whole"), 0, 6, values, NULL), 0);
    assert_memory_equal(values, storage, sizeof(storage));
    assert_int_equal(checkpoint_read_f32(checkpoint, checkpoint_find(checkpoint, "turned"), 0, 6, values, NULL), 0);
    assert_memory_equal(values, ((float[]){0, 3, 1, 4, 2, 5}), sizeof(values));
    assert_int_equal(checkpoint_read_f32(checkpoint, checkpoint_find(checkpoint, "eight"), 0, 1, values, NULL), 0);
    assert_true(values[0] == 5);
    assert_int_equal(checkpoint_find(checkpoint, "empty")->n_elements, 0);
}

/* {'epoch': 1, <key>: {'whole': tensor}} */
static struct buffer nested(const char *key)
{
    struct buffer pickle = new_bytes();

    begin_pickle(&pickle);
    text(&pickle, "epoch");
    integer(&pickle, 1);
    text(&pickle, key);
    put(&pickle, "}(", 2);
    tensor(&pickle, "whole", &whole);
    put(&pickle, "u", 1);
    end_pickle(&pickle);
    return pickle;
}

static void finds_the_dict_of_tensors(void **state)
{
    static const char *const keys[] = {"model", "state_dict", "optimizer"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        _cleanup_(checkpoint_closep) struct checkpoint *checkpoint = NULL;
        _cleanup_(buffer_deinit) struct buffer pickle = nested(keys[i]);
        struct error error = ERROR_NONE;
        int r = open_pickle(&pickle, &checkpoint, &error);

        if (i < 2) {
            assert_int_equal(r, 0);
            assert_int_equal(checkpoint_n_tensors(checkpoint), 1);
            assert_non_null(checkpoint_find(checkpoint, "whole"));
        } else {
            assert_error(&error, -EBADMSG, "has no tensors, neither at its top nor under 'model' or 'state_dict'");
        }
    }
}

static const struct {
    struct view view;
    const char *message;
} wrong_views[] = {
    {{6, 1, 2, {2, 3}, {3, 1}}, "tensor 't': reaches beyond the 6 elements of its storage '0'"},
    {{6, 6, 0, {0}, {0}}, "reaches beyond the 6 elements"},
    {{6, 0, 1, {7}, {1}}, "reaches beyond the 6 elements"},
    {{6, 0, 1, {2}, {6}}, "reaches beyond the 6 elements"},
    {{5, 0, 1, {6}, {1}}, "reaches beyond the 5 elements"},
    {{6, 0, 1, {5}, {(uint64_t)1 << 62}}, "reaches beyond the 6 elements"},
    {{6, 0, 2, {2, 2}, {INT64_MAX, INT64_MAX}}, "reaches beyond the 6 elements"},
    {{6, INT64_MAX, 3, {2, 2, 2}, {INT64_MAX, INT64_MAX, 1}}, "reaches beyond the 6 elements"},
    {{7, 0, 1, {7}, {1}}, "its storage '0' has 24 bytes, too few for 7 elements of f32"},
    {{INT64_MAX, 0, 1, {1}, {1}}, "has 24 bytes, too few for 9223372036854775807 elements"},
    {{6, 0, 2, {(uint64_t)1 << 62, 4}, {0, 0}}, "tensor 't': its dimensions are larger than any file"},
    {{6, 0, 3, {(uint64_t)1 << 31, (uint64_t)1 << 31, 2}, {0, 0, 0}}, "its dimensions are larger than any file"},
};

static void refuses_views_outside(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong_views); i++) {
        _cleanup_(buffer_deinit) struct buffer pickle = new_bytes();
        struct checkpoint *checkpoint = NULL;
        struct error error = ERROR_NONE;

        begin_pickle(&pickle);
        tensor(&pickle, "t", &wrong_views[i].view);
        end_pickle(&pickle);
        assert_int_equal(open_pickle(&pickle, &checkpoint, &error), -EBADMSG);
        assert_error(&error, -EBADMSG, wrong_views[i].message);
    }
}

static void refuses_keys(void **state)
{
    _cleanup_(buffer_deinit) struct buffer twice = new_bytes(), tab = new_bytes(), number = new_bytes();
    struct checkpoint *checkpoint = NULL;
    struct error error = ERROR_NONE;

    (void)state;
    begin_pickle(&twice);
    tensor(&twice, "a", &whole);
    tensor(&twice, "b", &whole);
    tensor(&twice, "a", &whole);
    end_pickle(&twice);
    assert_int_equal(open_pickle(&twice, &checkpoint, &error), -EBADMSG);
    assert_error(&error, -EBADMSG, "tensor 'a' is there twice");

    error = ERROR_NONE;
    begin_pickle(&tab);
    tensor(&tab, "a\tb", &whole);
    end_pickle(&tab);
    assert_int_equal(open_pickle(&tab, &checkpoint, &error), -EBADMSG);
    assert_error(&error, -EBADMSG, "the key of tensor 0 is no text, empty or has control characters");

    error = ERROR_NONE;
    begin_pickle(&number);
    integer(&number, 7);
    tensor_value(&number, &whole);
    end_pickle(&number);
    assert_int_equal(open_pickle(&number, &checkpoint, &error), -EBADMSG);
    assert_error(&error, -EBADMSG, "the key of tensor 0 is no text");
}

static void refuses_wrong_archives(void **state)
{
    static const struct {
        const char *members[3], *contents[3];
        const char *message;
    } cases[] = {
        {{NULL}, {NULL}, "is a zip archive, but not a PyTorch checkpoint: its first member is in no folder"},
        {{"word/document.xml"}, {"x"}, "is a zip archive, but not a PyTorch checkpoint: it has no data.pkl"},
        {{"data.pkl"}, {"\x80\2}."}, "its first member is in no folder"},
        {{"x/data.pkl"}, {""}, "its pickle does not begin with a protocol number"},
        {{"x/data.pkl"}, {"\x80\2N."}, "holds None, expected a dict of tensors"},
        {{"x/data.pkl"}, {"\x80\2}."}, "has no tensors"},
        {{"x/data.pkl"}, {"\x80\2cos\nsystem\n."}, "refuses to load os.system"},
        {{"x/data.pkl", "x/byteorder"}, {"\x80\2}.", "big"}, "was written on a big-endian machine"},
        {{"x/data.pkl", "x/byteorder"}, {"\x80\2}.", "BIGEND"}, "was written on a big-endian machine"},
        {{"x/data.pkl", "x/byteorder"}, {"\x80\2}.", ""}, "was written on a big-endian machine"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct zip_bytes zip = new_zip();
        struct checkpoint *checkpoint = NULL;
        struct error error = ERROR_NONE;
        struct buffer bytes;

        for (int k = 0; cases[i].members[k]; k++)
            zip_add(&zip, cases[i].members[k], cases[i].contents[k], strlen(cases[i].contents[k]));
        bytes = zip_end(&zip);
        assert_int_equal(open_bytes(bytes.bytes, bytes.size, &checkpoint, &error), -EBADMSG);
        assert_error(&error, -EBADMSG, cases[i].message);
        buffer_deinit(&bytes);
    }
}

static void refuses_a_missing_storage(void **state)
{
    _cleanup_(buffer_deinit) struct buffer pickle = new_bytes();
    struct zip_bytes zip = new_zip();
    struct checkpoint *checkpoint = NULL;
    struct error error = ERROR_NONE;
    struct buffer bytes;

    (void)state;
    begin_pickle(&pickle);
    tensor(&pickle, "t", &whole);
    end_pickle(&pickle);
    zip_add(&zip, "x/data.pkl", pickle.bytes, pickle.size);
    zip_add(&zip, "x/data/1", storage, sizeof(storage));
    bytes = zip_end(&zip);
    assert_int_equal(open_bytes(bytes.bytes, bytes.size, &checkpoint, &error), -EBADMSG);
    assert_error(&error, -EBADMSG, "tensor 't': the archive has no storage '0'");
    buffer_deinit(&bytes);
}

static void refuses_a_huge_pickle(void **state)
{
    const size_t n = (16 << 20) + 1;
    _cleanup_(freep) char *pickle = calloc(n, 1);
    struct zip_bytes zip = new_zip();
    struct checkpoint *checkpoint = NULL;
    struct error error = ERROR_NONE;
    struct buffer bytes;

    (void)state;
    zip_add(&zip, "x/data.pkl", pickle, n);
    bytes = zip_end(&zip);
    assert_int_equal(open_bytes(bytes.bytes, bytes.size, &checkpoint, &error), -EFBIG);
    assert_error(&error, -EFBIG, "its pickle has 16777217 bytes, at most 16777216 are accepted");
    buffer_deinit(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_files_of_pytorch),
        cmocka_unit_test(refuses_ranges_outside),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(survives_every_change),
        cmocka_unit_test(sees_damaged_weights),
        cmocka_unit_test(reads_a_file_put_together_by_hand),
        cmocka_unit_test(finds_the_dict_of_tensors),
        cmocka_unit_test(refuses_views_outside),
        cmocka_unit_test(refuses_keys),
        cmocka_unit_test(refuses_wrong_archives),
        cmocka_unit_test(refuses_a_missing_storage),
        cmocka_unit_test(refuses_a_huge_pickle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
