/* A pickle is a program for a stack machine: opcodes push values, MARK remembers a height of the stack, and others fold
   what lies above the last mark into a tuple, list or dict. The memo is a table of values by number, so that one value
   can be used twice.

   Bounds: no opcode pushes more than one value, so the stack is never higher than the pickle has bytes; memo numbers
   count from 0, so they are less than its bytes as well; a value is never copied, so the memory for all of them is
   proportional to the bytes, and the arena has a ceiling besides. Only MARK nests, to a fixed depth. */
#include "core/file/pickle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/file/torch_objects.h"

#define MARKS_MAX 1000 /* Python's own limit of nesting */
#define PROTOCOL_MIN 2
#define PROTOCOL_MAX 5

struct machine {
    struct bytes in;
    const uint8_t *begin, *opcode; /* of the pickle; the one at work */
    struct arena *arena;
    const struct pickle_value **stack;
    size_t n_stack;
    size_t marks[MARKS_MAX], n_marks;
    const struct pickle_value **memo;
    size_t n_memo, memo_max; /* filled, size */
    const struct pickle_value *result;
};

/* What one opcode does; the name is Python's. Without a function it is refused. */
struct opcode {
    const char *name;
    int (*run)(struct machine *machine, struct error *error);
};
static const struct opcode opcodes[256];

/* --- values ------------------------------------------------------------------------------------------------------ */

static const struct pickle_value none = {PICKLE_NONE};
static const struct pickle_value no = {PICKLE_BOOL, .boolean = false};
static const struct pickle_value yes = {PICKLE_BOOL, .boolean = true};
static const struct pickle_value empty_tuple = {PICKLE_TUPLE, .items = &(struct pickle_items){0}};

/* --- machine ----------------------------------------------------------------------------------------------------- */

static size_t place(const struct machine *machine)
{
    return (size_t)(machine->opcode - machine->begin);
}

static const char *opcode_name(const struct machine *machine)
{
    const char *name = opcodes[*machine->opcode].name;

    return name ? name : "no opcode";
}

static int fail(const struct machine *machine, struct error *error, const char *what)
{
    return error_set(error, -EBADMSG, "its pickle, byte %zu, opcode 0x%02x (%s): %s", place(machine), *machine->opcode,
                     opcode_name(machine), what);
}

static int no_memory(const struct machine *machine, struct error *error)
{
    return error_set(error, -ENOMEM, "its pickle needs more memory than the %zu MiB that are allowed, or than there is",
                     machine->arena->bytes_max >> 20);
}

/* Value NULL: there was no memory for it. */
static int push(struct machine *machine, const struct pickle_value *value, struct error *error)
{
    if (!value)
        return no_memory(machine, error);
    machine->stack[machine->n_stack++] = value;
    return 0;
}

/* The topmost value above the last mark, or NULL. */
static const struct pickle_value *top(const struct machine *machine)
{
    size_t floor = machine->n_marks ? machine->marks[machine->n_marks - 1] : 0;

    return machine->n_stack > floor ? machine->stack[machine->n_stack - 1] : NULL;
}

static const struct pickle_value *pop(struct machine *machine)
{
    const struct pickle_value *value = top(machine);

    if (value)
        machine->n_stack--;
    return value;
}

/* What lies above the last mark, which is taken away; valid until the next push. */
static int pop_to_mark(struct machine *machine, const struct pickle_value ***ret, size_t *ret_n, struct error *error)
{
    size_t first;

    if (machine->n_marks == 0)
        return fail(machine, error, "there is no mark");
    first = machine->marks[--machine->n_marks];
    *ret = machine->stack + first;
    *ret_n = machine->n_stack - first;
    machine->n_stack = first;
    return 0;
}

static int append(struct machine *machine, struct pickle_items *items, const struct pickle_value *const *values,
                  size_t n, struct error *error)
{
    if (n > items->n_max - items->n) {
        size_t n_max = MAX(items->n + n, items->n_max * 2);
        const struct pickle_value **more = arena_new(machine->arena, const struct pickle_value *, n_max);

        if (!more)
            return no_memory(machine, error);
        if (items->n)
            memcpy(more, items->values, items->n * sizeof(*more));
        items->values = more;
        items->n_max = n_max;
    }
    if (n)
        memcpy(items->values + items->n, values, n * sizeof(*values));
    items->n += n;
    return 0;
}

/* --- opcodes: frame ---------------------------------------------------------------------------------------------- */

static int run_proto(struct machine *machine, struct error *error)
{
    uint8_t protocol = bytes_u8(&machine->in);

    if (!machine->in.failed && (protocol < PROTOCOL_MIN || protocol > PROTOCOL_MAX))
        return error_set(error, -EBADMSG, "its pickle has protocol %u, protocols %d to %d are read", protocol,
                         PROTOCOL_MIN, PROTOCOL_MAX);
    return 0;
}

static int run_frame(struct machine *machine, struct error *error)
{
    if (bytes_u64(&machine->in) > bytes_left(&machine->in))
        return fail(machine, error, "the frame is larger than the pickle");
    return 0;
}

static int run_mark(struct machine *machine, struct error *error)
{
    if (machine->n_marks == MARKS_MAX)
        return fail(machine, error, "nested too deeply");
    machine->marks[machine->n_marks++] = machine->n_stack;
    return 0;
}

static int run_stop(struct machine *machine, struct error *error)
{
    machine->result = pop(machine);
    return machine->result ? 0 : fail(machine, error, "the stack is empty");
}

/* --- opcodes: plain values --------------------------------------------------------------------------------------- */

static int run_none(struct machine *machine, struct error *error)
{
    return push(machine, &none, error);
}

static int run_false(struct machine *machine, struct error *error)
{
    return push(machine, &no, error);
}

static int run_true(struct machine *machine, struct error *error)
{
    return push(machine, &yes, error);
}

static int push_integer(struct machine *machine, int64_t integer, struct error *error)
{
    struct pickle_value *value = pickle_value_new(machine->arena, PICKLE_INTEGER);

    if (value)
        value->integer = integer;
    return push(machine, value, error);
}

static int run_binint(struct machine *machine, struct error *error)
{
    return push_integer(machine, bytes_i32(&machine->in), error);
}

static int run_binint1(struct machine *machine, struct error *error)
{
    return push_integer(machine, bytes_u8(&machine->in), error);
}

static int run_binint2(struct machine *machine, struct error *error)
{
    return push_integer(machine, bytes_u16(&machine->in), error);
}

/* Two's complement in as few bytes as it needs. */
static int run_long1(struct machine *machine, struct error *error)
{
    size_t n = bytes_u8(&machine->in);
    const uint8_t *digits = bytes_take(&machine->in, n);
    uint64_t integer = 0;

    if (n > sizeof(integer))
        return fail(machine, error, "an integer has more than 64 bits");
    if (digits && n > 0 && digits[n - 1] & 0x80)
        integer = UINT64_MAX;
    for (size_t i = n; digits && i > 0; i--)
        integer = integer << 8 | digits[i - 1];
    return push_integer(machine, (int64_t)integer, error);
}

static int run_binfloat(struct machine *machine, struct error *error)
{
    struct pickle_value *value = pickle_value_new(machine->arena, PICKLE_REAL);
    uint64_t bits = __builtin_bswap64(bytes_u64(&machine->in));

    if (value)
        memcpy(&value->real, &bits, sizeof(bits));
    return push(machine, value, error);
}

static int push_text(struct machine *machine, uint64_t n, struct error *error)
{
    const char *bytes = bytes_take(&machine->in, n);
    struct pickle_value *value;

    if (!bytes)
        return fail(machine, error, "a text is longer than the pickle");
    value = pickle_value_new(machine->arena, PICKLE_TEXT);
    if (value) {
        value->text = (struct pickle_text){.bytes = arena_copy_text(machine->arena, bytes, n), .n = n};
        value = value->text.bytes ? value : NULL;
    }
    return push(machine, value, error);
}

static int run_binunicode(struct machine *machine, struct error *error)
{
    return push_text(machine, bytes_u32(&machine->in), error);
}

static int run_short_binunicode(struct machine *machine, struct error *error)
{
    return push_text(machine, bytes_u8(&machine->in), error);
}

/* --- opcodes: collections ---------------------------------------------------------------------------------------- */

static int run_empty_tuple(struct machine *machine, struct error *error)
{
    return push(machine, &empty_tuple, error);
}

static int run_empty_list(struct machine *machine, struct error *error)
{
    return push(machine, pickle_value_new(machine->arena, PICKLE_LIST), error);
}

static int run_empty_dict(struct machine *machine, struct error *error)
{
    return push(machine, pickle_value_new(machine->arena, PICKLE_DICT), error);
}

static int push_tuple(struct machine *machine, const struct pickle_value **values, size_t n, struct error *error)
{
    struct pickle_value *tuple = pickle_value_new(machine->arena, PICKLE_TUPLE);
    int r;

    if (tuple) {
        r = append(machine, tuple->items, values, n, error);
        if (r < 0)
            return r;
    }
    return push(machine, tuple, error);
}

static int run_tuple(struct machine *machine, struct error *error)
{
    const struct pickle_value **values;
    size_t n;
    int r;

    r = pop_to_mark(machine, &values, &n, error);
    return r < 0 ? r : push_tuple(machine, values, n, error);
}

/* TUPLE1, TUPLE2 and TUPLE3 are neighbours. */
static int run_tuple_n(struct machine *machine, struct error *error)
{
    size_t n = *machine->opcode - 0x84u;

    for (size_t i = 0; i < n; i++)
        if (!pop(machine))
            return fail(machine, error, "the stack is empty");
    return push_tuple(machine, machine->stack + machine->n_stack, n, error);
}

/* The collection that n values are to be added to. */
static int target(struct machine *machine, enum pickle_kind kind, struct pickle_items **ret, struct error *error)
{
    const struct pickle_value *value = top(machine);

    if (!value || value->kind != kind)
        return fail(machine, error, kind == PICKLE_LIST ? "there is no list to add to" : "there is no dict to add to");
    *ret = value->items;
    return 0;
}

static int add_one(struct machine *machine, enum pickle_kind kind, size_t n, struct error *error)
{
    struct pickle_items *items;
    int r;

    for (size_t i = 0; i < n; i++)
        if (!pop(machine))
            return fail(machine, error, "the stack is empty");
    r = target(machine, kind, &items, error);
    return r < 0 ? r : append(machine, items, machine->stack + machine->n_stack, n, error);
}

static int add_many(struct machine *machine, enum pickle_kind kind, struct error *error)
{
    const struct pickle_value **values;
    struct pickle_items *items;
    size_t n;
    int r;

    r = pop_to_mark(machine, &values, &n, error);
    if (r < 0)
        return r;
    if (kind == PICKLE_DICT && n % 2)
        return fail(machine, error, "a key has no value");
    r = target(machine, kind, &items, error);
    return r < 0 ? r : append(machine, items, values, n, error);
}

static int run_append(struct machine *machine, struct error *error)
{
    return add_one(machine, PICKLE_LIST, 1, error);
}

static int run_appends(struct machine *machine, struct error *error)
{
    return add_many(machine, PICKLE_LIST, error);
}

static int run_setitem(struct machine *machine, struct error *error)
{
    return add_one(machine, PICKLE_DICT, 2, error);
}

static int run_setitems(struct machine *machine, struct error *error)
{
    return add_many(machine, PICKLE_DICT, error);
}

/* --- opcodes: memo ----------------------------------------------------------------------------------------------- */

static int put(struct machine *machine, size_t number, struct error *error)
{
    const struct pickle_value *value = top(machine);

    if (!value)
        return fail(machine, error, "the stack is empty");
    if (number >= machine->memo_max)
        return fail(machine, error, "a memo number is larger than the pickle");
    if (!machine->memo[number])
        machine->n_memo++;
    machine->memo[number] = value;
    return 0;
}

static int run_binput(struct machine *machine, struct error *error)
{
    return put(machine, bytes_u8(&machine->in), error);
}

static int run_long_binput(struct machine *machine, struct error *error)
{
    return put(machine, bytes_u32(&machine->in), error);
}

static int run_memoize(struct machine *machine, struct error *error)
{
    return put(machine, machine->n_memo, error);
}

static int get(struct machine *machine, size_t number, struct error *error)
{
    if (number >= machine->memo_max || !machine->memo[number])
        return fail(machine, error, "the memo has no such number");
    return push(machine, machine->memo[number], error);
}

static int run_binget(struct machine *machine, struct error *error)
{
    return get(machine, bytes_u8(&machine->in), error);
}

static int run_long_binget(struct machine *machine, struct error *error)
{
    return get(machine, bytes_u32(&machine->in), error);
}

/* --- opcodes: objects -------------------------------------------------------------------------------------------- */

/* For messages: at most n_max characters, none of which a terminal would obey. */
static const char *printable(const struct pickle_text *text, char *ret, size_t n_max)
{
    size_t n = MIN(text->n, n_max - 1);

    for (size_t i = 0; i < n; i++)
        ret[i] = (char)(text->bytes[i] > 0x20 && text->bytes[i] < 0x7f ? text->bytes[i] : '?');
    ret[n] = '\0';
    return ret;
}

static int push_name(struct machine *machine, const struct pickle_text *module, const struct pickle_text *name,
                     struct error *error)
{
    const struct pickle_value *value = torch_name(module, name);
    char module_text[64], name_text[64];

    if (!value)
        return error_set(error, -EBADMSG, "refuses to load %s.%s, which its pickle names at byte %zu",
                         printable(module, module_text, sizeof(module_text)),
                         printable(name, name_text, sizeof(name_text)), place(machine));
    return push(machine, value, error);
}

static int read_line(struct machine *machine, struct pickle_text *ret, struct error *error)
{
    const uint8_t *end = memchr(machine->in.at, '\n', bytes_left(&machine->in));

    if (!end)
        return fail(machine, error, "a name has no end");
    ret->n = (size_t)(end - machine->in.at);
    ret->bytes = bytes_take(&machine->in, ret->n);
    bytes_take(&machine->in, 1);
    return 0;
}

static int run_global(struct machine *machine, struct error *error)
{
    struct pickle_text module, name;
    int r;

    r = read_line(machine, &module, error);
    if (r < 0)
        return r;
    r = read_line(machine, &name, error);
    return r < 0 ? r : push_name(machine, &module, &name, error);
}

static int run_stack_global(struct machine *machine, struct error *error)
{
    const struct pickle_value *name = pop(machine), *module = pop(machine);

    if (!name || !module || name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT)
        return fail(machine, error, "expected two texts on the stack");
    return push_name(machine, &module->text, &name->text, error);
}

static int add_place(const struct machine *machine, int r, struct error *error)
{
    error_detail(error, "byte %zu of the pickle", place(machine));
    return r;
}

static int run_reduce(struct machine *machine, struct error *error)
{
    const struct pickle_value *arguments = pop(machine), *name = pop(machine), *value = NULL;
    int r;

    if (!arguments || !name)
        return fail(machine, error, "the stack is empty");
    r = torch_call(machine->arena, name, arguments, &value, error);
    return r < 0 ? add_place(machine, r, error) : push(machine, value, error);
}

/* Sets attributes. The only ones in a state dict are those of an OrderedDict (_metadata); nobody needs them. */
static int run_build(struct machine *machine, struct error *error)
{
    const struct pickle_value *attributes = pop(machine), *object = top(machine);

    if (!attributes || !object || object->kind != PICKLE_DICT)
        return fail(machine, error, "attributes are set on something else than a dict");
    return 0;
}

static int run_binpersid(struct machine *machine, struct error *error)
{
    const struct pickle_value *identification = pop(machine), *value = NULL;
    int r;

    if (!identification)
        return fail(machine, error, "the stack is empty");
    r = torch_persistent(machine->arena, identification, &value, error);
    return r < 0 ? add_place(machine, r, error) : push(machine, value, error);
}

/* Those without a function are named for the message. */
static const struct opcode opcodes[256] = {
    [0x80] = {"PROTO", run_proto},
    [0x95] = {"FRAME", run_frame},
    ['('] = {"MARK", run_mark},
    ['.'] = {"STOP", run_stop},
    ['N'] = {"NONE", run_none},
    [0x88] = {"NEWTRUE", run_true},
    [0x89] = {"NEWFALSE", run_false},
    ['J'] = {"BININT", run_binint},
    ['K'] = {"BININT1", run_binint1},
    ['M'] = {"BININT2", run_binint2},
    [0x8a] = {"LONG1", run_long1},
    ['G'] = {"BINFLOAT", run_binfloat},
    ['X'] = {"BINUNICODE", run_binunicode},
    [0x8c] = {"SHORT_BINUNICODE", run_short_binunicode},
    [')'] = {"EMPTY_TUPLE", run_empty_tuple},
    [']'] = {"EMPTY_LIST", run_empty_list},
    ['}'] = {"EMPTY_DICT", run_empty_dict},
    ['t'] = {"TUPLE", run_tuple},
    [0x85] = {"TUPLE1", run_tuple_n},
    [0x86] = {"TUPLE2", run_tuple_n},
    [0x87] = {"TUPLE3", run_tuple_n},
    ['a'] = {"APPEND", run_append},
    ['e'] = {"APPENDS", run_appends},
    ['s'] = {"SETITEM", run_setitem},
    ['u'] = {"SETITEMS", run_setitems},
    ['q'] = {"BINPUT", run_binput},
    ['r'] = {"LONG_BINPUT", run_long_binput},
    [0x94] = {"MEMOIZE", run_memoize},
    ['h'] = {"BINGET", run_binget},
    ['j'] = {"LONG_BINGET", run_long_binget},
    ['c'] = {"GLOBAL", run_global},
    [0x93] = {"STACK_GLOBAL", run_stack_global},
    ['R'] = {"REDUCE", run_reduce},
    ['b'] = {"BUILD", run_build},
    ['Q'] = {"BINPERSID", run_binpersid},
    ['i'] = {"INST"},
    ['o'] = {"OBJ"},
    [0x81] = {"NEWOBJ"},
    [0x92] = {"NEWOBJ_EX"},
    [0x82] = {"EXT1"},
    [0x83] = {"EXT2"},
    [0x84] = {"EXT4"},
    ['P'] = {"PERSID"},
    ['0'] = {"POP"},
    ['1'] = {"POP_MARK"},
    ['2'] = {"DUP"},
    ['I'] = {"INT"},
    ['L'] = {"LONG"},
    ['F'] = {"FLOAT"},
    ['S'] = {"STRING"},
    ['V'] = {"UNICODE"},
    ['T'] = {"BINSTRING"},
    ['U'] = {"SHORT_BINSTRING"},
    ['B'] = {"BINBYTES"},
    ['C'] = {"SHORT_BINBYTES"},
    [0x8b] = {"LONG4"},
    [0x8d] = {"BINUNICODE8"},
    [0x8e] = {"BINBYTES8"},
    [0x8f] = {"EMPTY_SET"},
    [0x90] = {"ADDITEMS"},
    [0x91] = {"FROZENSET"},
    [0x96] = {"BYTEARRAY8"},
    [0x97] = {"NEXT_BUFFER"},
    [0x98] = {"READONLY_BUFFER"},
};

/* --- running ----------------------------------------------------------------------------------------------------- */

static int step(struct machine *machine, struct error *error)
{
    int r;

    machine->opcode = bytes_take(&machine->in, 1);
    if (!machine->opcode)
        return error_set(error, -EBADMSG, "its pickle ends without a STOP");
    if (!opcodes[*machine->opcode].run)
        return fail(machine, error, "is not used by state dicts and refused");
    r = opcodes[*machine->opcode].run(machine, error);
    if (r < 0)
        return r;
    return machine->in.failed ? fail(machine, error, "the pickle ends inside it") : 0;
}

int pickle_read(const void *bytes, size_t n, struct arena *arena, const struct pickle_value **ret, struct error *error)
{
    _cleanup_(freep) const struct pickle_value **stack = calloc(n + 1, sizeof(*stack));
    _cleanup_(freep) const struct pickle_value **memo = calloc(n + 1, sizeof(*memo));
    struct machine machine = {
        .in = bytes_of(bytes, n),
        .begin = bytes,
        .arena = arena,
        .stack = stack,
        .memo = memo,
        .memo_max = n,
    };
    int r;

    if (!stack || !memo)
        return error_set(error, -ENOMEM, "no memory for a pickle of %zu bytes", n);
    if (n == 0 || machine.begin[0] != 0x80)
        return error_set(error, -EBADMSG, "its pickle does not begin with a protocol number");
    while (!machine.result) {
        r = step(&machine, error);
        if (r < 0)
            return r;
    }
    *ret = machine.result;
    return 0;
}
