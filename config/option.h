/* The rows of options.def as a table, and values as text. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

enum option_type {
    OPTION_TEXT,
    OPTION_INTEGER,
    OPTION_NUMBER,
    OPTION_CHOICE,
};

struct option {
    const char *name; /* as in struct config: words with '_' between them */
    enum option_type type;
    double minimum, maximum;
    const char *unit; /* of a choice: its words */
    const char *default_text;
    const char *sentence;
    bool is_live;        /* may change while the daemon runs */
    size_t offset, size; /* in struct config */
};
extern const struct option options[N_OPTIONS];

/* Finds an option by its name with another character between the words; N_OPTIONS when there is none. */
enum option_id option_by_name(const char *name, size_t n, char separator);
/* Its name with that character between the words. */
#define OPTION_NAME_MAX 32
const char *option_spell(enum option_id id, char separator, char ret[OPTION_NAME_MAX]);

/* Reads a value. -EINVAL: what the option takes and what was found. */
int option_parse(struct config *config, enum option_id id, const char *text, struct error *error);
/* Appends a value as option_parse() would read it; bytes in the largest unit that leaves a whole number. */
void option_format(const struct config *config, enum option_id id, struct buffer *ret);
/* Appends what the option takes: "0 to 65535", "error, warning, info or debug". */
void option_describe_range(enum option_id id, struct buffer *ret);
