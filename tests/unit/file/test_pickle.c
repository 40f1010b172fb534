/* Pickles written by hand, opcode by opcode; those of PyTorch itself are read in test_checkpoint.c. */
#include "tests/unit/file/file_test.h"

#include "core/base/arena.h"
#include "core/file/pickle.h"
#include "core/file/torch_objects.h"

#define PICKLE(text) "\x80\x02" text, sizeof("\x80\x02" text) - 1

#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
#define STORAGE                                                                                                        \
    "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"                                                                 \
    "0X\3\0\0\0cpuK\12tQ"
#define HOOKS "ccollections\nOrderedDict\n)R"
/* Ten floats as [2, 5]. */
#define TENSOR REBUILD "(" STORAGE "K\0K\2K\5\x86K\5K\1\x86\x89" HOOKS "tR"

static struct arena arena;

static int init_arena(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    return 0;
}

static int deinit_arena(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static const struct pickle_value *read_good(const char *bytes, size_t n)
{
    const struct pickle_value *value = NULL;
    struct error error = ERROR_NONE;

    if (pickle_read(bytes, n, &arena, &value, &error) < 0)
        fail_msg("%s (%s)", error.message, error.detail);
    assert_non_null(value);
    return value;
}

static void assert_refused(const char *bytes, size_t n, const char *message)
{
    const struct pickle_value *value = NULL;
    struct error error = ERROR_NONE;

    assert_int_equal(pickle_read(bytes, n, &arena, &value, &error), -EBADMSG);
    assert_error(&error, -EBADMSG, message);
    assert_null(value);
}

/* --- values ------------------------------------------------------------------------------------------------------ */

static void reads_scalars(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        int64_t value;
    } integers[] = {
        {PICKLE("K\xff."), 255},
        {PICKLE("M\xff\xff."), 65535},
        {PICKLE("J\xfe\xff\xff\xff."), -2},
        {PICKLE("\x8a\0."), 0},
        {PICKLE("\x8a\1\xff."), -1},
        {PICKLE("\x8a\2\xff\0."), 255},
        {PICKLE("\x8a\3\0\0\x80."), -8388608},
        {PICKLE("\x8a\5\0\0\0\0\1."), (int64_t)1 << 32},
        {PICKLE("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."), INT64_MAX},
        {PICKLE("\x8a\x08\0\0\0\0\0\0\0\x80."), INT64_MIN},
    };
    const struct pickle_value *value;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(integers); i++) {
        value = read_good(integers[i].bytes, integers[i].n);
        assert_int_equal(value->kind, PICKLE_INTEGER);
        assert_true(value->integer == integers[i].value);
    }
    assert_int_equal(read_good(PICKLE("N."))->kind, PICKLE_NONE);
    value = read_good(PICKLE("\x88."));
    assert_true(value->kind == PICKLE_BOOL && value->boolean);
    value = read_good(PICKLE("\x89."));
    assert_true(value->kind == PICKLE_BOOL && !value->boolean);
    value = read_good(PICKLE("G\xbf\xf8\0\0\0\0\0\0."));
    assert_true(value->kind == PICKLE_REAL && value->real == -1.5);
}

static void reads_texts(void **state)
{
    const struct pickle_value *value = read_good(PICKLE("X\3\0\0\0a\0b."));

    (void)state;
    assert_int_equal(value->kind, PICKLE_TEXT);
    assert_int_equal(value->text.n, 3);
    assert_memory_equal(value->text.bytes, "a\0b", 4);
    value = read_good(PICKLE("\x8c\2hi."));
    assert_int_equal(value->text.n, 2);
    assert_string_equal(value->text.bytes, "hi");
    assert_int_equal(read_good(PICKLE("X\0\0\0\0."))->text.n, 0);
}

static void assert_integers(const struct pickle_value *value, enum pickle_kind kind, size_t n, ...)
{
    va_list wanted;

    assert_int_equal(value->kind, kind);
    assert_int_equal(value->items->n, n);
    va_start(wanted, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(value->items->values[i]->kind, PICKLE_INTEGER);
        assert_int_equal(value->items->values[i]->integer, va_arg(wanted, int));
    }
    va_end(wanted);
}

static void builds_collections(void **state)
{
    (void)state;
    assert_integers(read_good(PICKLE(").")), PICKLE_TUPLE, 0);
    assert_integers(read_good(PICKLE("K\1\x85.")), PICKLE_TUPLE, 1, 1);
    assert_integers(read_good(PICKLE("K\1K\2\x86.")), PICKLE_TUPLE, 2, 1, 2);
    assert_integers(read_good(PICKLE("K\1K\2K\3\x87.")), PICKLE_TUPLE, 3, 1, 2, 3);
    assert_integers(read_good(PICKLE("K\7(K\1K\2K\3K\4t.")), PICKLE_TUPLE, 4, 1, 2, 3, 4);
    assert_integers(read_good(PICKLE("(t.")), PICKLE_TUPLE, 0);
    assert_integers(read_good(PICKLE("].")), PICKLE_LIST, 0);
    assert_integers(read_good(PICKLE("]K\1aK\2a(K\3K\4e(eK\5a.")), PICKLE_LIST, 5, 1, 2, 3, 4, 5);
    assert_integers(read_good(PICKLE("}.")), PICKLE_DICT, 0);
    assert_integers(read_good(PICKLE("}K\1K\2s(K\3K\4K\1K\6u.")), PICKLE_DICT, 6, 1, 2, 3, 4, 1, 6);
    assert_integers(read_good(PICKLE(HOOKS "K\1K\2s.")), PICKLE_DICT, 2, 1, 2);
    /* Attributes of a dict are thrown away. */
    assert_integers(read_good(PICKLE(HOOKS "K\1K\2s}X\1\0\0\0aK\1sb.")), PICKLE_DICT, 2, 1, 2);
}

static void remembers_values(void **state)
{
    const struct pickle_value *value;

    (void)state;
    assert_integers(read_good(PICKLE("K\1q\0K\2r\3\0\0\0\x86h\0h\0j\3\0\0\0\x87.")), PICKLE_TUPLE, 3, 1, 1, 2);
    /* MEMOIZE takes the next number. */
    assert_integers(read_good("\x80\4K\1\x94K\2\x94h\1h\0\x86.", 14), PICKLE_TUPLE, 2, 2, 1);
    /* The same list twice, changed after it was remembered. */
    value = read_good(PICKLE("]q\0h\0K\5a\x86."));
    assert_ptr_equal(value->items->values[0], value->items->values[1]);
    assert_integers(value->items->values[0], PICKLE_LIST, 1, 5);
}

static void reads_tensors(void **state)
{
    const struct torch_tensor *tensor;
    const struct pickle_value *value = read_good(PICKLE(TENSOR "."));

    (void)state;
    assert_int_equal(value->kind, PICKLE_TENSOR);
    tensor = value->tensor;
    assert_int_equal(tensor->storage->type, CHECKPOINT_F32);
    assert_string_equal(tensor->storage->key, "0");
    assert_int_equal(tensor->storage->n_elements, 10);
    assert_int_equal(tensor->offset, 0);
    assert_int_equal(tensor->n_dims, 2);
    assert_int_equal(tensor->shape[0], 2);
    assert_int_equal(tensor->shape[1], 5);
    assert_int_equal(tensor->stride[0], 5);
    assert_int_equal(tensor->stride[1], 1);
    /* A seventh argument, as newer versions write. */
    assert_int_equal(read_good(PICKLE(REBUILD "(" STORAGE "K\0))\x89" HOOKS "}tR."))->tensor->n_dims, 0);
    value = read_good(PICKLE("ctorch._utils\n_rebuild_parameter\n" TENSOR "\x88" HOOKS "\x87R."));
    assert_int_equal(value->kind, PICKLE_TENSOR);
    value = read_good(PICKLE("ctorch._utils\n_rebuild_parameter_with_state\n(" TENSOR "\x88" HOOKS "}tR."));
    assert_int_equal(value->kind, PICKLE_TENSOR);
}

static void knows_every_storage(void **state)
{
    static const struct {
        const char *name;
        enum checkpoint_type type;
    } storages[] = {{"Double", CHECKPOINT_F64},    {"Float", CHECKPOINT_F32}, {"Half", CHECKPOINT_F16},
                    {"BFloat16", CHECKPOINT_BF16}, {"Long", CHECKPOINT_I64},  {"Int", CHECKPOINT_I32},
                    {"Short", CHECKPOINT_I16},     {"Char", CHECKPOINT_I8},   {"Byte", CHECKPOINT_U8},
                    {"Bool", CHECKPOINT_BOOL}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(storages); i++) {
        _cleanup_(buffer_deinit) struct buffer bytes = new_bytes();
        const struct pickle_value *value;

        put(&bytes, PICKLE("(X\7\0\0\0storage"));
        buffer_printf(&bytes, "ctorch\n%sStorage\n", storages[i].name);
        put(&bytes,
            "\x8c\1k\x8c\4"
            "cudaK\0tQ.",
            14);
        value = read_good(bytes.bytes, bytes.size);
        assert_int_equal(value->kind, PICKLE_STORAGE);
        assert_int_equal(value->storage->type, storages[i].type);
    }
}

/* --- refusals ---------------------------------------------------------------------------------------------------- */

static void refuses_other_names(void **state)
{
    (void)state;
    assert_refused(PICKLE("cos\nsystem\nX\6\0\0\0rm -rf\x85R."), "refuses to load os.system, which its pickle names at "
                                                                 "byte 2");
    assert_refused(PICKLE("\x8c\2os\x8c\6system\x93."), "refuses to load os.system");
    assert_refused(PICKLE("cbuiltins\neval\n."), "refuses to load builtins.eval");
    assert_refused(PICKLE("ctorch\nFloatStorage2\n."), "refuses to load torch.FloatStorage2");
    assert_refused(PICKLE("ctorch\nFloat\n."), "refuses to load torch.Float,");
    assert_refused(PICKLE("c\n\n."), "refuses to load .,");
    assert_refused(PICKLE("c\x1b[31mred\nna me\n."), "refuses to load ?[31mred.na?me");
    assert_refused(PICKLE("\x8c\4os\0x\x8c\1y\x93."), "refuses to load os?x.y");
    assert_refused(PICKLE("ctorch\n"), "byte 2, opcode 0x63 (GLOBAL): a name has no end");
    assert_refused(PICKLE("K\1K\2\x93."), "(STACK_GLOBAL): expected two texts on the stack");
    assert_refused(PICKLE("\x8c\1a\x93."), "(STACK_GLOBAL): expected two texts on the stack");
}

/* Every opcode that is not known is refused by its name and place, and so are bytes that are none. */
static void refuses_other_opcodes(void **state)
{
    static const char known[] = "\x80\x95(.N\x88\x89JKM\x8aGX\x8c)]}t\x85\x86\x87"
                                "aesuqr\x94hjc\x93RbQ";

    (void)state;
    for (int opcode = 0; opcode < 256; opcode++) {
        const char bytes[] = {(char)0x80, 2, 'N', (char)opcode, 0, 0, 0, 0, 0, 0, 0, 0, '.'};
        char place[64];

        if (memchr(known, opcode, sizeof(known) - 1))
            continue;
        snprintf(place, sizeof(place), "its pickle, byte 3, opcode 0x%02x (", (unsigned)opcode);
        assert_refused(bytes, sizeof(bytes), place);
    }
    assert_refused(PICKLE("(cos\nsystem\no."), "refuses to load os.system");
    assert_refused(PICKLE("(ios\nsystem\n."), "(INST): is not used by state dicts and refused");
    assert_refused(PICKLE(")\x81."), "(NEWOBJ): is not used");
    assert_refused(PICKLE("\x82\1."), "(EXT1): is not used");
}

static const struct {
    const char *bytes;
    size_t n;
    const char *message;
} refused[] = {
    {"", 0, "its pickle does not begin with a protocol number"},
    {"N.", 2, "its pickle does not begin with a protocol number"},
    {"\x80", 1, "(PROTO): the pickle ends inside it"},
    {"\x80\1N.", 4, "its pickle has protocol 1, protocols 2 to 5 are read"},
    {"\x80\6N.", 4, "its pickle has protocol 6"},
    {PICKLE(""), "its pickle ends without a STOP"},
    {PICKLE("N"), "its pickle ends without a STOP"},
    {PICKLE("."), "(STOP): the stack is empty"},
    {PICKLE("N(."), "(STOP): the stack is empty"},
    {PICKLE("\x95\xff\0\0\0\0\0\0\0N."), "(FRAME): the frame is larger than the pickle"},
    {PICKLE("\x8a\x09\0\0\0\0\0\0\0\0\1."), "(LONG1): an integer has more than 64 bits"},
    {PICKLE("X\xff\xff\xff\xff"
            "a."),
     "(BINUNICODE): a text is longer than the pickle"},
    {PICKLE("\x8c\5"
            "a."),
     "(SHORT_BINUNICODE): a text is longer than the pickle"},
    {PICKLE("J\1\1"), "(BININT): the pickle ends inside it"},
    {PICKLE("t."), "(TUPLE): there is no mark"},
    {PICKLE("K\1\x86."), "(TUPLE2): the stack is empty"},
    {PICKLE("K\1(K\1\x86."), "(TUPLE2): the stack is empty"},
    {PICKLE("K\1a."), "(APPEND): there is no list to add to"},
    {PICKLE("}K\1a."), "(APPEND): there is no list to add to"},
    {PICKLE("](K\1a."), "(APPEND): there is no list to add to"},
    {PICKLE("a."), "(APPEND): the stack is empty"},
    {PICKLE("}(K\1e."), "(APPENDS): there is no list to add to"},
    {PICKLE(")(K\1e."), "(APPENDS): there is no list to add to"},
    {PICKLE("]K\1K\1s."), "(SETITEM): there is no dict to add to"},
    {PICKLE("}K\1s."), "(SETITEM): there is no dict to add to"},
    {PICKLE("}(K\1u."), "(SETITEMS): a key has no value"},
    {PICKLE("e."), "(APPENDS): there is no mark"},
    {PICKLE("h\0."), "(BINGET): the memo has no such number"},
    {PICKLE("j\xff\xff\xff\xff."), "(LONG_BINGET): the memo has no such number"},
    {PICKLE("Nr\xff\xff\xff\xff."), "(LONG_BINPUT): a memo number is larger than the pickle"},
    {PICKLE("q\0."), "(BINPUT): the stack is empty"},
    {PICKLE("\x94."), "(MEMOIZE): the stack is empty"},
    {PICKLE("R."), "(REDUCE): the stack is empty"},
    {PICKLE("K\1)R."), "calls an integer with a tuple, expected a name and a tuple"},
    {PICKLE("ccollections\nOrderedDict\n]R."), "calls a class or function with a list"},
    {PICKLE("ccollections\nOrderedDict\nK\1\x85R."), "OrderedDict has 1 arguments, expected none"},
    {PICKLE("ctorch\nFloatStorage\n)R."), "calls a storage class"},
    {PICKLE("K\1}b."), "(BUILD): attributes are set on something else than a dict"},
    {PICKLE("}b."), "(BUILD): attributes are set on something else than a dict"},
    {PICKLE("Q."), "(BINPERSID): the stack is empty"},
    {PICKLE("K\1Q."), "a persistent object is not identified by a tuple of five"},
    {PICKLE("K\1\x85Q."), "a persistent object is not identified by a tuple of five"},
    {PICKLE("(NNNNNtQ."), "is not a storage with class, key, place and size"},
    {PICKLE("(\x8c\7storageccollections\nOrderedDict\n\x8c\1k\x8c\3"
            "cpuK\1tQ."),
     "is not a storage with class"},
    {PICKLE("(\x8c\7storagectorch\nIntStorage\n\x8c\1k\x8c\3"
            "cpuJ\xff\xff\xff\xfftQ."),
     "is not a storage with"},
    {PICKLE("(\x8c\7storagectorch\nIntStorage\nNNK\1tQ."), "is not a storage with class"},
    {PICKLE("(\x8c\7storagectorch\nIntStorage\n\x8c\0\x8c\3"
            "cpuK\1tQ."),
     "the key of a storage is empty"},
    {PICKLE(REBUILD ")R."), "_rebuild_tensor_v2 has 0 arguments, expected 6 or 7"},
    {PICKLE(REBUILD "(NNNNNNNNtR."), "_rebuild_tensor_v2 has 8 arguments"},
    {PICKLE(REBUILD "(NK\0))\x89" HOOKS "tR."), "_rebuild_tensor_v2 has None and an integer, expected a storage"},
    {PICKLE(REBUILD "(" STORAGE "N))\x89" HOOKS "tR."), "_rebuild_tensor_v2 has a storage and None"},
    {PICKLE(REBUILD "(" STORAGE "J\xff\xff\xff\xff))\x89" HOOKS "tR."), "_rebuild_tensor_v2 has a storage and an int"},
    {PICKLE(REBUILD "(" STORAGE "K\0K\1)\x89" HOOKS "tR."), "the shape of a tensor is an integer, expected a tuple"},
    {PICKLE(REBUILD "(" STORAGE "K\0)N\x89" HOOKS "tR."), "the stride of a tensor is None, expected a tuple"},
    {PICKLE(REBUILD "(" STORAGE "K\0K\1\x85)\x89" HOOKS "tR."), "a tensor has 1 dimensions and 0 strides"},
    {PICKLE(REBUILD "(" STORAGE "K\0J\xff\xff\xff\xff\x85)\x89" HOOKS "tR."), "the shape of a tensor has something"},
    {PICKLE(REBUILD "(" STORAGE "K\0(NNNNNNNNNt)\x89" HOOKS "tR."), "a tensor has 9 dimensions, at most 8"},
    {PICKLE("ctorch._utils\n_rebuild_parameter\nN\x88" HOOKS "\x87R."),
     "_rebuild_parameter is not called with a tensor"},
    {PICKLE("ctorch._utils\n_rebuild_parameter\n" TENSOR "\x85R."), "_rebuild_parameter is not called with a tensor"},
};

static void says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        assert_refused(refused[i].bytes, refused[i].n, refused[i].message);
}

static void refuses_every_cut(void **state)
{
    static const char bytes[] = "\x80\2}q\0(X\1\0\0\0a" TENSOR "X\1\0\0\0bG\0\0\0\0\0\0\0\0\x8c\1"
                                "c\x8a\2\0\1u.";
    const struct pickle_value *value;

    (void)state;
    assert_int_equal(read_good(bytes, sizeof(bytes) - 1)->items->n, 6);
    for (size_t n = 0; n < sizeof(bytes) - 1; n++) {
        _cleanup_(freep) char *copy = malloc(n + 1); /* whose end the sanitizer guards but for one byte */
        struct error error = ERROR_NONE;

        memcpy(copy, bytes, n);
        assert_int_equal(pickle_read(copy, n, &arena, &value, &error), -EBADMSG);
        assert_true(error.message[0]);
    }
}

/* --- bombs ------------------------------------------------------------------------------------------------------- */

static struct buffer repeated(const char *begin, size_t n_begin, const char *part, size_t n_part, size_t n,
                              const char *end)
{
    struct buffer bytes = new_bytes();

    put(&bytes, begin, n_begin);
    for (size_t i = 0; i < n; i++)
        put(&bytes, part, n_part);
    put(&bytes, end, strlen(end));
    return bytes;
}

static void bounds_marks(void **state)
{
    _cleanup_(buffer_deinit) struct buffer deepest = repeated(PICKLE(""), "(", 1, 1000, "N");
    _cleanup_(buffer_deinit) struct buffer deeper = repeated(PICKLE(""), "(", 1, 1001, "N");

    (void)state;
    for (int i = 0; i < 1000; i++)
        put_u8(&deepest, 't');
    put_u8(&deepest, '.');
    assert_int_equal(read_good(deepest.bytes, deepest.size)->kind, PICKLE_TUPLE);
    assert_refused(deeper.bytes, deeper.size, "byte 1002, opcode 0x28 (MARK): nested too deeply");
}

/* Lists in lists need no mark: as deep as the pickle is long, and nothing recurses. */
static void nests_without_recursion(void **state)
{
    _cleanup_(buffer_deinit) struct buffer bytes = repeated(PICKLE(""), "]", 1, 100000, "");
    const struct pickle_value *value;
    size_t depth = 1;

    (void)state;
    for (int i = 0; i < 99999; i++)
        put_u8(&bytes, 'a');
    put_u8(&bytes, '.');
    for (value = read_good(bytes.bytes, bytes.size); value->items->n; value = value->items->values[0])
        depth++;
    assert_int_equal(depth, 100000);
}

/* Every tuple has the one before twice: 2^200 values if somebody unfolded them. */
static void does_not_unfold_what_is_shared(void **state)
{
    _cleanup_(buffer_deinit) struct buffer bytes = repeated(PICKLE("Nq\0"), "h\0h\0\x86q\0", 7, 200, ".");
    const struct pickle_value *value = read_good(bytes.bytes, bytes.size);

    (void)state;
    for (int i = 0; i < 200; i++) {
        assert_ptr_equal(value->items->values[0], value->items->values[1]);
        value = value->items->values[0];
    }
    assert_int_equal(value->kind, PICKLE_NONE);
    assert_true(arena.bytes < 64 << 10);
}

static void accepts_a_list_in_itself(void **state)
{
    const struct pickle_value *value = read_good(PICKLE("]q\0h\0a."));

    (void)state;
    assert_int_equal(value->items->n, 1);
    assert_ptr_equal(value->items->values[0], value);
}

static void bounds_memory(void **state)
{
    _cleanup_(buffer_deinit) struct buffer bytes = repeated(PICKLE("("), "]", 1, 2 << 20, "t.");
    const struct pickle_value *value;
    struct error error = ERROR_NONE;

    (void)state;
    assert_int_equal(pickle_read(bytes.bytes, bytes.size, &arena, &value, &error), -ENOMEM);
    assert_error(&error, -ENOMEM, "its pickle needs more memory than the 64 MiB that are allowed");
    assert_true(arena.bytes <= 64 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_scalars, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(reads_texts, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(builds_collections, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(remembers_values, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(reads_tensors, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(knows_every_storage, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(refuses_other_names, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(refuses_other_opcodes, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(says_what_is_wrong, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(refuses_every_cut, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(bounds_marks, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(nests_without_recursion, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(does_not_unfold_what_is_shared, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(accepts_a_list_in_itself, init_arena, deinit_arena),
        cmocka_unit_test_setup_teardown(bounds_memory, init_arena, deinit_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
