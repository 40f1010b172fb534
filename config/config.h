/* What can be configured: command line, then environment (ONELLMD_*), then file, then default. One thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buffer;
struct error;

#define OPTION_TEXT_MAX 1024 /* bytes of a text option, with its NUL */
#define CONFIG_PATH "/etc/onellmd/onellmd.conf"

/* Numbers of the options, in the order of options.def. */
enum option_id {
#define OPTION(name, ...) OPTION_ID_##name,
#include "config/options.def"
    N_OPTIONS,
};

/* Later ones win. */
enum option_source {
    OPTION_FROM_DEFAULT,
    OPTION_FROM_FILE,
    OPTION_FROM_ENVIRONMENT,
    OPTION_FROM_ARGUMENT,
};

/* Plain data: one member for each option; a choice is the number of its word. */
struct config {
#define OPTION_MEMBER_TEXT(name) char name[OPTION_TEXT_MAX];
#define OPTION_MEMBER_INTEGER(name) uint64_t name;
#define OPTION_MEMBER_NUMBER(name) double name;
#define OPTION_MEMBER_CHOICE(name) int name;
#define OPTION(name, type, ...) OPTION_MEMBER_##type(name)
#include "config/options.def"
    enum option_source sources[N_OPTIONS];
    char file[OPTION_TEXT_MAX]; /* the configuration file that was read; empty: none */
    int argc;                   /* as config_load() was given them, for config_reload() */
    char *const *argv, *const *environment;
    const char *default_path;
};

/* What the command line asks for. */
enum config_action {
    CONFIG_RUN,
    CONFIG_HELP,
    CONFIG_VERSION,
    CONFIG_CHECK,
};

/* Reads everything, in order of precedence. default_path is the file that is read if it exists and no other one was
 * asked for (--config, ONELLMD_CONFIG). -EINVAL names the option or key, what it takes and where it was given; with
 * --help or --version nothing is read. */
int config_load(int argc, char *const *argv, char *const *environment, const char *default_path, struct config *ret,
                enum config_action *ret_action, struct error *error);

/* Reads everything again. Options that may change while the daemon runs get their new values; of the others,
 * differences are only told. Appends the names, ", " between them. On failure nothing has changed; errors as
 * config_load(). */
int config_reload(struct config *config, struct buffer *ret_changed, struct buffer *ret_wait, struct error *error);

/* The steps of config_load(), for tests. Each leaves alone what a stronger source has set. */
void config_init(struct config *config);
int config_read_text(struct config *config, const char *text, size_t n, const char *origin, struct error *error);
int config_read_environment(struct config *config, char *const *environment, struct error *error);
/* Options that must fit each other. */
int config_check(const struct config *config, struct error *error);

/* Every option as `key = value ; where it came from`, which the file reader accepts again. */
void config_print(const struct config *config, struct buffer *ret);
/* The text of --help, and that of onellmd.conf. */
void config_help(struct buffer *ret);
void config_example(struct buffer *ret);
