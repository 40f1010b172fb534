/* Options of subcommands: one table per subcommand is parser and usage text in one. One thread.

   --name value, --name=value, --switch; what is no option is positional; "--" ends the options. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct option_row;

/* Takes the value of one occurrence; index and context are those of the row. A negative errno with error set. */
typedef int option_call(const struct option_row *row, const char *value, struct error *error);

/* Exactly one of text, integer, given and call says where the value goes. */
struct option_row {
    const char *name;         /* "max-tokens" */
    const char *value;        /* stands for the value in the usage text: "N"; NULL: a switch */
    const char *sentence;     /* for the usage text */
    const char *default_text; /* the same; NULL or "": there is none */
    bool required;
    const char **text;
    uint64_t *integer;
    uint64_t minimum, maximum; /* of *integer */
    bool *given;               /* of a switch */
    option_call *call;
    void *context;
    size_t index;
};

struct arguments {
    const char *command;     /* "convert" */
    const char *sentence;    /* what it does */
    const char *positionals; /* how they look in the usage text: "MODEL"; NULL: there are none */
    size_t positionals_min, positionals_max;
    const struct option_row *rows;
    size_t n_rows;
};

/* Reads argv[0 .. argc - 1], which does not include the name of the program or the subcommand. Positionals are moved to
 * the front of argv and counted in *ret_n.
 * ARGUMENTS_HELP: the usage text was printed to stdout, nothing else is to be done. -EINVAL: wrong use; another
 * negative errno: what a call returned. Both have been explained on stderr. */
#define ARGUMENTS_HELP 1
int arguments_parse(const struct arguments *arguments, int argc, char **argv, int *ret_n);
