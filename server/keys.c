#include "server/keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/answer/fields.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/file/mapped_file.h"

#define REQUESTS_MAX 65536
#define BLANKS " \t\r"

/* ---- reading ---- */

struct line {
    const char *words[4];
    size_t n_words, lengths[4];
};

/* Up to four words; from '#' on it is a comment. */
static struct line split(const char *text, size_t n)
{
    const char *comment = memchr(text, '#', n), *end = comment ? comment : text + n;
    struct line line = {.n_words = 0};

    while (text < end && line.n_words < ARRAY_SIZE(line.words)) {
        const char *word;

        while (text < end && strchr(BLANKS, *text))
            text++;
        word = text;
        while (text < end && !(*text && strchr(BLANKS, *text)))
            text++;
        if (text == word)
            break;
        line.words[line.n_words] = word;
        line.lengths[line.n_words++] = (size_t)(text - word);
    }
    return line;
}

static int read_label(const char *text, size_t n, char ret[KEY_LABEL_MAX + 1])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    if (n > KEY_LABEL_MAX)
        return -EINVAL;
    memcpy(ret, text, n);
    ret[n] = '\0';
    return strlen(ret) == n && strspn(ret, letters) == n ? 0 : -EINVAL;
}

static int read_digest(const char *text, size_t n, struct digest *ret)
{
    if (n != 2 * sizeof(ret->bytes))
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        int digit = text[i] <= '9' ? text[i] - '0' : (text[i] | 0x20) - 'a' + 10;

        if (!isxdigit((unsigned char)text[i]))
            return -EINVAL;
        ret->bytes[i / 2] = (uint8_t)(i % 2 ? ret->bytes[i / 2] | digit : digit << 4);
    }
    return 0;
}

static int read_line(const struct line *line, size_t number, struct key *ret, struct error *error)
{
    uint64_t most = 0;

    *ret = (struct key){.is_valid = true};
    if (line->n_words < 2 || line->n_words > 3)
        return error_set(error, -EINVAL,
                         "line %zu: expected a label, the SHA-256 of a key, and perhaps how many questions at once",
                         number);
    if (read_label(line->words[0], line->lengths[0], ret->label) < 0)
        return error_set(error, -EINVAL, "line %zu: a label has 1 to %d letters, digits, '.', '_' or '-'", number,
                         KEY_LABEL_MAX);
    if (read_digest(line->words[1], line->lengths[1], &ret->digest) < 0)
        return error_set(error, -EINVAL, "line %zu: a SHA-256 has 64 hexadecimal digits", number);
    if (line->n_words == 3 &&
        (parse_integer(line->words[2], line->lengths[2], &most) < 0 || most < 1 || most > REQUESTS_MAX))
        return error_set(error, -EINVAL, "line %zu: expected 1 to %d questions at once", number, REQUESTS_MAX);
    ret->requests_max = most;
    return 0;
}

static int read_lines(const char *text, size_t n, struct key *ret, size_t *ret_n, struct error *error)
{
    size_t n_keys = 0, number = 1;

    for (size_t at = 0, length; at < n; at += length + 1, number++) {
        const char *end = memchr(text + at, '\n', n - at);
        struct line line;
        int r;

        length = end ? (size_t)(end - text) - at : n - at;
        line = split(text + at, length);
        if (line.n_words == 0)
            continue;
        if (n_keys == KEYS_MAX)
            return error_set(error, -EINVAL, "line %zu: at most %d keys", number, KEYS_MAX);
        r = read_line(&line, number, &ret[n_keys], error);
        if (r < 0)
            return r;
        for (size_t i = 0; i < n_keys; i++)
            if (strcmp(ret[i].label, ret[n_keys].label) == 0)
                return error_set(error, -EINVAL, "line %zu: the label %s was there before", number, ret[i].label);
        n_keys++;
    }
    if (n_keys == 0)
        return error_set(error, -EINVAL, "has no key");
    *ret_n = n_keys;
    return 0;
}

static struct key *find_label(const struct keys *keys, const char *label)
{
    struct key *key = keys->first;

    while (key && strcmp(key->label, label) != 0)
        key = key->next;
    return key;
}

/* Room for all of them first, so that it cannot fail halfway. */
static int replace(struct keys *keys, const struct key *read, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct key *key;

        if (find_label(keys, read[i].label))
            continue;
        key = calloc(1, sizeof(*key));
        if (!key)
            return -ENOMEM;
        memcpy(key->label, read[i].label, sizeof(key->label));
        key->next = keys->first;
        keys->first = key;
    }
    for (struct key *key = keys->first; key; key = key->next)
        key->is_valid = false;
    for (size_t i = 0; i < n; i++) {
        struct key *key = find_label(keys, read[i].label);

        key->digest = read[i].digest;
        key->requests_max = read[i].requests_max;
        key->is_valid = true;
    }
    keys->are_needed = true;
    return 0;
}

int keys_read(struct keys *keys, const char *text, size_t n, size_t *ret_n, struct error *error)
{
    _cleanup_(freep) struct key *read = calloc(KEYS_MAX, sizeof(*read));
    int r = read ? read_lines(text, n, read, ret_n, error) : -ENOMEM;

    if (r == 0)
        r = replace(keys, read, *ret_n);
    return r == -ENOMEM ? error_set(error, r, "no memory for the keys") : r;
}

int keys_load(struct keys *keys, const char *path, size_t *ret_n, struct error *error)
{
    struct mapped_file file = {0};
    int fd, r = mapped_file_open(path, &fd, error);

    if (r == 0) {
        r = mapped_file_map(&file, fd, error);
        close(fd);
    }
    if (r == 0)
        r = keys_read(keys, file.n ? (const char *)file.bytes : "", file.n, ret_n, error);
    if (r < 0)
        mapped_file_error_at(error, path);
    mapped_file_unmap(&file);
    return r;
}

void keys_deinit(struct keys *keys)
{
    for (struct key *key = keys->first, *next; key; key = next) {
        next = key->next;
        free(key);
    }
    *keys = (struct keys){0};
}

/* ---- asking ---- */

struct key *keys_find(const struct keys *keys, const char *authorization)
{
    struct digest_state state;
    struct digest digest;
    struct key *found = NULL;

    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
        return NULL;
    authorization += 7 + strspn(authorization + 7, " ");
    digest_begin(&state);
    digest_add(&state, authorization, strlen(authorization));
    digest = digest_end(&state);
    for (struct key *key = keys->first; key; key = key->next) {
        bool is_same = digest_equal_secret(&key->digest, &digest);

        if (is_same && key->is_valid)
            found = key;
    }
    return found;
}

bool key_enter(struct key *key)
{
    if (!key)
        return true;
    if (key->requests_max && key->n_requests >= key->requests_max)
        return false;
    key->n_requests++;
    return true;
}

void key_leave(struct key *key)
{
    if (key)
        key->n_requests--;
}
