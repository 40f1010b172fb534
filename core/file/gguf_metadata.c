/* Keys and values of a GGUF file. */
#include "core/file/gguf_reader_impl.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/base/value.h"

#define ITEMS_MAX ((uint64_t)1 << 24)      /* of one array */
#define VALUE_BYTES_MAX ((size_t)64 << 20) /* of a value as JSON */

static const struct {
    const char *name;
    size_t size; /* 0: no fixed size */
} types[GGUF_N_TYPES] = {
    [GGUF_U8] = {"u8", 1},       [GGUF_I8] = {"i8", 1},   [GGUF_U16] = {"u16", 2}, [GGUF_I16] = {"i16", 2},
    [GGUF_U32] = {"u32", 4},     [GGUF_I32] = {"i32", 4}, [GGUF_F32] = {"f32", 4}, [GGUF_BOOL] = {"bool", 1},
    [GGUF_U64] = {"u64", 8},     [GGUF_I64] = {"i64", 8}, [GGUF_F64] = {"f64", 8}, [GGUF_STRING] = {"string", 0},
    [GGUF_ARRAY] = {"array", 0},
};

/* --- items ------------------------------------------------------------------------------------------------------- */

static struct bytes item_bytes(const struct gguf_entry *entry, size_t i)
{
    size_t size = types[entry->type].size;

    return bytes_of(entry->items + i * size, size);
}

/* Wide enough for every integer type; false for other types. */
static bool item_integer(const struct gguf_entry *entry, size_t i, __int128 *ret)
{
    struct bytes item;

    if (entry->type == GGUF_STRING)
        return false;
    item = item_bytes(entry, i);
    switch (entry->type) {
    case GGUF_U8:
        *ret = bytes_u8(&item);
        return true;
    case GGUF_I8:
        *ret = (int8_t)bytes_u8(&item);
        return true;
    case GGUF_U16:
        *ret = bytes_u16(&item);
        return true;
    case GGUF_I16:
        *ret = bytes_i16(&item);
        return true;
    case GGUF_U32:
        *ret = bytes_u32(&item);
        return true;
    case GGUF_I32:
        *ret = bytes_i32(&item);
        return true;
    case GGUF_U64:
        *ret = bytes_u64(&item);
        return true;
    case GGUF_I64:
        *ret = bytes_i64(&item);
        return true;
    default:
        return false;
    }
}

static bool item_real(const struct gguf_entry *entry, size_t i, double *ret)
{
    struct bytes item;

    if (entry->type != GGUF_F32 && entry->type != GGUF_F64)
        return false;
    item = item_bytes(entry, i);
    *ret = entry->type == GGUF_F32 ? (double)bytes_f32(&item) : bytes_f64(&item);
    return true;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static int read_strings(struct gguf_reader *reader, struct gguf_entry *entry, struct error *error)
{
    struct gguf_string *strings = gguf_reader_alloc(reader, entry->n, sizeof(*strings), error);

    if (!strings)
        return -ENOMEM;
    for (size_t i = 0; i < entry->n && !reader->in.failed; i++)
        strings[i] = gguf_reader_read_string(reader);
    entry->strings = strings;
    return 0;
}

static int check_bools(const struct gguf_entry *entry, struct error *error)
{
    for (size_t i = 0; i < entry->n; i++)
        if (entry->items[i] > 1)
            return error_set(error, -EBADMSG, "key '%s': a bool is 0 or 1, found %u", entry->key, entry->items[i]);
    return 0;
}

static int copy_f32s(struct gguf_reader *reader, struct gguf_entry *entry, struct error *error)
{
    float *f32s = gguf_reader_alloc(reader, entry->n, sizeof(*f32s), error);

    if (!f32s)
        return -ENOMEM;
    memcpy(f32s, entry->items, entry->n * sizeof(*f32s));
    entry->f32s = f32s;
    return 0;
}

static int copy_i32s(struct gguf_reader *reader, struct gguf_entry *entry, struct error *error)
{
    int32_t *i32s = gguf_reader_alloc(reader, entry->n, sizeof(*i32s), error);
    __int128 integer;

    if (!i32s)
        return -ENOMEM;
    for (size_t i = 0; i < entry->n; i++) {
        if (!item_integer(entry, i, &integer) || integer < INT32_MIN || integer > INT32_MAX)
            return 0;
        i32s[i] = (int32_t)integer;
    }
    entry->i32s = i32s;
    return 0;
}

static int read_items(struct gguf_reader *reader, struct gguf_entry *entry, struct error *error)
{
    if (entry->type == GGUF_STRING)
        return read_strings(reader, entry, error);
    entry->items = bytes_take(&reader->in, (uint64_t)entry->n * types[entry->type].size);
    if (reader->in.failed)
        return 0;
    if (entry->type == GGUF_BOOL)
        return check_bools(entry, error);
    if (!entry->is_array || entry->type == GGUF_F64)
        return 0;
    return entry->type == GGUF_F32 ? copy_f32s(reader, entry, error) : copy_i32s(reader, entry, error);
}

/* The least that an item takes in the file: its size, or the length of a string. */
static size_t item_bytes_min(enum gguf_type type)
{
    return types[type].size ? types[type].size : 8;
}

static int read_value(struct gguf_reader *reader, struct gguf_entry *entry, struct error *error)
{
    uint32_t type = bytes_u32(&reader->in);
    uint64_t n = 1;
    int r = 0;

    if (type == GGUF_ARRAY) {
        entry->is_array = true;
        type = bytes_u32(&reader->in);
        n = bytes_u64(&reader->in);
        if (type == GGUF_ARRAY)
            return error_set(error, -EBADMSG, "key '%s': arrays of arrays are not accepted", entry->key);
    }
    if (type >= GGUF_N_TYPES)
        return error_set(error, -EBADMSG, "key '%s': unknown value type %u", entry->key, type);
    if (n > ITEMS_MAX)
        return error_set(error, -EBADMSG, "key '%s': %llu items, at most %llu are accepted", entry->key,
                         (unsigned long long)n, (unsigned long long)ITEMS_MAX);
    entry->type = type;
    entry->n = n;
    if (n > bytes_left(&reader->in) / item_bytes_min(type))
        reader->in.failed = true;
    else
        r = read_items(reader, entry, error);
    if (reader->in.failed)
        return error_set(error, -EBADMSG, "key '%s': the file ends inside its value", entry->key);
    return r;
}

int gguf_reader_read_metadata(struct gguf_reader *reader, struct error *error)
{
    const char *twice;
    int r;

    reader->entries = gguf_reader_alloc(reader, reader->n_entries, sizeof(*reader->entries), error);
    reader->keys = gguf_reader_alloc(reader, reader->n_entries, sizeof(*reader->keys), error);
    if (!reader->entries || !reader->keys)
        return -ENOMEM;
    for (size_t i = 0; i < reader->n_entries; i++) {
        r = gguf_reader_read_name(reader, GGUF_KEY_BYTES_MAX, "key", &reader->entries[i].key, error);
        if (r < 0)
            return r;
        reader->entries[i].bytes.at = reader->in.at;
        r = read_value(reader, &reader->entries[i], error);
        if (r < 0)
            return r;
        reader->entries[i].bytes.end = reader->in.at;
        reader->keys[i] = (struct name){.text = reader->entries[i].key, .position = i};
    }
    twice = names_sort(reader->keys, reader->n_entries);
    if (twice)
        return error_set(error, -EBADMSG, "key '%s' is there twice", twice);
    return 0;
}

/* --- lending ----------------------------------------------------------------------------------------------------- */

static const struct gguf_entry *find(const struct gguf_reader *reader, const char *key)
{
    const struct name *found = names_find(reader->keys, reader->n_entries, key);

    return found ? &reader->entries[found->position] : NULL;
}

static int missing(const char *key, struct error *error)
{
    return error_set(error, -ENOENT, "the file has no key '%s'", key);
}

static int mismatch(const struct gguf_entry *entry, const char *expected, struct error *error)
{
    return error_set(error, -EINVAL, "key '%s' is %s%s, expected %s", entry->key, entry->is_array ? "an array of " : "",
                     types[entry->type].name, expected);
}

/* The entry of a key that has one certain type. */
static int find_typed(const struct gguf_reader *reader, const char *key, bool is_array, enum gguf_type type,
                      const char *expected, const struct gguf_entry **ret, struct error *error)
{
    const struct gguf_entry *entry = find(reader, key);

    if (!entry)
        return missing(key, error);
    if (entry->is_array != is_array || entry->type != type)
        return mismatch(entry, expected, error);
    *ret = entry;
    return 0;
}

bool gguf_reader_has(const struct gguf_reader *reader, const char *key)
{
    return find(reader, key) != NULL;
}

int gguf_reader_u64(const struct gguf_reader *reader, const char *key, uint64_t *ret, struct error *error)
{
    const struct gguf_entry *entry = find(reader, key);
    __int128 integer;

    if (!entry)
        return missing(key, error);
    if (entry->is_array || !item_integer(entry, 0, &integer))
        return mismatch(entry, "an integer", error);
    if (integer < 0)
        return error_set(error, -EINVAL, "key '%s' is %lld, expected no negative number", key, (long long)integer);
    *ret = (uint64_t)integer;
    return 0;
}

int gguf_reader_f32(const struct gguf_reader *reader, const char *key, float *ret, struct error *error)
{
    const struct gguf_entry *entry = find(reader, key);
    double real;

    if (!entry)
        return missing(key, error);
    if (entry->is_array || !item_real(entry, 0, &real))
        return mismatch(entry, "f32", error);
    *ret = (float)real;
    return 0;
}

int gguf_reader_bool(const struct gguf_reader *reader, const char *key, bool *ret, struct error *error)
{
    const struct gguf_entry *entry;
    int r;

    r = find_typed(reader, key, false, GGUF_BOOL, "bool", &entry, error);
    if (r == 0)
        *ret = entry->items[0] != 0;
    return r;
}

int gguf_reader_string(const struct gguf_reader *reader, const char *key, struct gguf_string *ret, struct error *error)
{
    const struct gguf_entry *entry;
    int r;

    r = find_typed(reader, key, false, GGUF_STRING, "a string", &entry, error);
    if (r == 0)
        *ret = entry->strings[0];
    return r;
}

int gguf_reader_strings(const struct gguf_reader *reader, const char *key, const struct gguf_string **ret,
                        size_t *ret_n, struct error *error)
{
    const struct gguf_entry *entry;
    int r;

    r = find_typed(reader, key, true, GGUF_STRING, "an array of strings", &entry, error);
    if (r < 0)
        return r;
    *ret = entry->strings;
    *ret_n = entry->n;
    return 0;
}

int gguf_reader_f32s(const struct gguf_reader *reader, const char *key, const float **ret, size_t *ret_n,
                     struct error *error)
{
    const struct gguf_entry *entry;
    int r;

    r = find_typed(reader, key, true, GGUF_F32, "an array of f32", &entry, error);
    if (r < 0)
        return r;
    *ret = entry->f32s;
    *ret_n = entry->n;
    return 0;
}

int gguf_reader_i32s(const struct gguf_reader *reader, const char *key, const int32_t **ret, size_t *ret_n,
                     struct error *error)
{
    const struct gguf_entry *entry = find(reader, key);

    if (!entry)
        return missing(key, error);
    if (!entry->i32s)
        return mismatch(entry, "an array of integers of 32 bits", error);
    *ret = entry->i32s;
    *ret_n = entry->n;
    return 0;
}

/* --- listing ----------------------------------------------------------------------------------------------------- */

static void print_text(const char *text, size_t n, struct buffer *json)
{
    _cleanup_(value_freep) struct value *object = value_object();
    struct buffer member; /* {"":"text"} */

    buffer_init(&member, VALUE_BYTES_MAX);
    value_set_text_n(object, "", text, strnlen(text, n));
    if (value_write_json(object, false, &member) < 0 || member.size < strlen("{\"\":\"\"}"))
        json->failed = true;
    else
        buffer_append(json, member.bytes + strlen("{\"\":"), member.size - strlen("{\"\":}"));
    buffer_deinit(&member);
}

static void print_item(const struct gguf_entry *entry, size_t i, struct buffer *json)
{
    __int128 integer;
    double real;

    if (entry->type == GGUF_STRING)
        print_text(entry->strings[i].text, entry->strings[i].n, json);
    else if (entry->type == GGUF_BOOL)
        buffer_append_text(json, entry->items[i] ? "true" : "false");
    else if (item_real(entry, i, &real))
        buffer_printf(json, isfinite(real) ? "%.9g" : "null", real);
    else if (item_integer(entry, i, &integer) && integer <= INT64_MAX)
        buffer_printf(json, "%lld", (long long)integer);
    else
        buffer_printf(json, "%.17g", (double)integer);
}

static void print_array(const struct gguf_entry *entry, size_t n_items_max, struct buffer *json)
{
    buffer_append_text(json, "[");
    for (size_t i = 0; i < MIN(entry->n, n_items_max); i++) {
        buffer_append_text(json, i ? "," : "");
        print_item(entry, i, json);
    }
    if (entry->n > n_items_max)
        buffer_printf(json, "%s\"... %zu more\"", n_items_max ? "," : "", entry->n - n_items_max);
    buffer_append_text(json, "]");
}

size_t gguf_reader_n_keys(const struct gguf_reader *reader)
{
    return reader->n_entries;
}

const char *gguf_reader_key(const struct gguf_reader *reader, size_t i)
{
    return reader->entries[i].key;
}

const void *gguf_reader_value_bytes(const struct gguf_reader *reader, size_t i, size_t *ret_n)
{
    *ret_n = bytes_left(&reader->entries[i].bytes);
    return reader->entries[i].bytes.at;
}

/* Printed and parsed again: values that stand alone cannot be built otherwise. */
struct value *gguf_reader_value(const struct gguf_reader *reader, size_t i, size_t n_items_max)
{
    const struct gguf_entry *entry = &reader->entries[i];
    struct value *value = NULL;
    struct buffer json;

    buffer_init(&json, VALUE_BYTES_MAX);
    if (entry->is_array)
        print_array(entry, n_items_max, &json);
    else
        print_item(entry, 0, &json);
    if (!json.failed)
        value_parse_json(json.bytes, json.size, &value, NULL);
    buffer_deinit(&json);
    return value;
}
