/* Every source goes through one function, config_set(), which remembers where a value came from and never lets a weaker
   source replace a stronger one; so the command line can be read first and say which file is meant. */
#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <string.h>
#include <unistd.h>

#include "config/option.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"

#define ENVIRONMENT_PREFIX "ONELLMD_"
#define FILE_BYTES_MAX 65536
#define HELP_COLUMN 30

static const char *const source_names[] = {"default", "file", "environment", "command line"};

static int config_set(struct config *config, enum option_id id, const char *text, enum option_source source,
                      struct error *error)
{
    struct config checked; /* a weaker source must be right, too */
    int r;

    if (config->sources[id] > source)
        return option_parse(&checked, id, text, error);
    r = option_parse(config, id, text, error);
    if (r == 0)
        config->sources[id] = source;
    return r;
}

/* The command line. */

static int set_file(struct config *config, const char *path, struct error *error)
{
    if (!path[0] || strlen(path) >= sizeof(config->file))
        return error_set(error, -EINVAL, "takes the path of a file");
    strcpy(config->file, path);
    return 0;
}

static int set_argument(struct config *config, const char *name, size_t n_name, const char *value, struct error *error)
{
    enum option_id id = option_by_name(name, n_name, '-');
    bool is_file = n_name == 6 && memcmp(name, "config", 6) == 0;
    int r;

    if (id == N_OPTIONS && !is_file)
        r = error_set(error, -EINVAL, "there is no such option; --help lists them");
    else if (!value)
        r = error_set(error, -EINVAL, "needs a value");
    else
        r = is_file ? set_file(config, value, error) : config_set(config, id, value, OPTION_FROM_ARGUMENT, error);
    if (r < 0)
        error_at(error, "--%.*s", (int)MIN(n_name, (size_t)40), name);
    return r;
}

static bool is_action(const char *argument, enum config_action *ret)
{
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
        *ret = CONFIG_HELP;
    else if (strcmp(argument, "--version") == 0)
        *ret = CONFIG_VERSION;
    else if (strcmp(argument, "--check-config") == 0)
        *ret = CONFIG_CHECK;
    else
        return false;
    return true;
}

static int read_arguments(struct config *config, int argc, char *const *argv, enum config_action *ret_action,
                          struct error *error)
{
    *ret_action = CONFIG_RUN;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i] + 2, *value;
        size_t n_name;
        int r;

        if (is_action(argv[i], ret_action)) {
            if (*ret_action != CONFIG_CHECK)
                return 0;
            continue;
        }
        if (strncmp(argv[i], "--", 2) != 0)
            return error_set(error, -EINVAL, "unexpected argument \"%.80s\"; --help lists the options", argv[i]);
        n_name = strcspn(name, "=");
        value = name[n_name] ? name + n_name + 1 : NULL;
        if (!value && i + 1 < argc)
            value = argv[++i];
        r = set_argument(config, name, n_name, value, error);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The environment. */

/* Kubernetes describes a service named "onellmd" to every pod in variables such as ONELLMD_SERVICE_HOST,
 * ONELLMD_PORT=tcp://… and ONELLMD_PORT_8080_TCP_ADDR: these are not meant for us. */
static bool is_service_link(const char *name, const char *value)
{
    return strncmp(name, "SERVICE_", 8) == 0 || strncmp(name, "PORT_", 5) == 0 ||
           (strncmp(name, "PORT=", 5) == 0 && strstr(value, "://"));
}

static int read_variable(struct config *config, const char *name, size_t n_name, const char *value, struct error *error)
{
    char lower[OPTION_NAME_MAX] = "";
    enum option_id id;
    int r;

    for (size_t i = 0; i < n_name && n_name < sizeof(lower); i++)
        lower[i] = islower((unsigned char)name[i]) ? '-' : (char)tolower((unsigned char)name[i]);
    id = option_by_name(lower, strlen(lower), '_');
    if (strcmp(lower, "config") == 0)
        r = config->file[0] ? 0 : set_file(config, value, error);
    else if (id == N_OPTIONS)
        r = error_set(error, -EINVAL, "there is no such option; --help lists them");
    else
        r = config_set(config, id, value, OPTION_FROM_ENVIRONMENT, error);
    if (r < 0)
        error_at(error, "environment variable " ENVIRONMENT_PREFIX "%.*s", (int)MIN(n_name, (size_t)30), name);
    return r;
}

int config_read_environment(struct config *config, char *const *environment, struct error *error)
{
    for (; environment && *environment; environment++) {
        const char *name = *environment + strlen(ENVIRONMENT_PREFIX), *value;
        int r;

        if (strncmp(*environment, ENVIRONMENT_PREFIX, strlen(ENVIRONMENT_PREFIX)) != 0)
            continue;
        value = strchr(name, '=');
        if (!value || is_service_link(name, value + 1))
            continue;
        r = read_variable(config, name, (size_t)(value - name), value + 1, error);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The file. */

struct file_reader {
    struct config *config;
    const char *at, *end;
    const char *origin;
    int line;
    int lines[N_OPTIONS]; /* in which line an option was given */
    struct error *error;
    int result;
};

/* What inih takes for fgets(). It counts lines, because inih tells nobody where it is, and refuses the lines that inih
 * would silently take for two. */
static char *read_line(char *line, int n_max, void *context)
{
    struct file_reader *reader = context;
    const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    size_t n = (size_t)((newline ? newline + 1 : reader->end) - reader->at);

    if (n == 0 || reader->result < 0)
        return NULL;
    reader->line++;
    if (n >= (size_t)n_max || memchr(reader->at, '\0', n)) {
        reader->result = error_set(reader->error, -EINVAL, "the line is longer than %d bytes or not text", n_max - 2);
        return NULL;
    }
    memcpy(line, reader->at, n);
    line[n] = '\0';
    reader->at += n;
    return line;
}

static int on_key(void *context, const char *section, const char *name, const char *value)
{
    struct file_reader *reader = context;
    enum option_id id = option_by_name(name, strlen(name), '-');

    if (section[0] && strcmp(section, "onellmd") != 0)
        reader->result = error_set(reader->error, -EINVAL, "there is no section [%.40s]", section);
    else if (id == N_OPTIONS)
        reader->result = error_set(reader->error, -EINVAL, "there is no option \"%.40s\"", name);
    else if (reader->lines[id])
        reader->result =
            error_set(reader->error, -EINVAL, "%.40s was given in line %d already", name, reader->lines[id]);
    else
        reader->result = config_set(reader->config, id, value, OPTION_FROM_FILE, reader->error);
    if (reader->result < 0)
        return 0;
    reader->lines[id] = reader->line;
    return 1;
}

int config_read_text(struct config *config, const char *text, size_t n, const char *origin, struct error *error)
{
    struct file_reader reader = {.config = config, .at = text, .end = text + n, .origin = origin, .error = error};
    int bad_line = ini_parse_stream(read_line, &reader, on_key, &reader);

    if (reader.result == 0 && bad_line == 0)
        return 0;
    if (reader.result == 0) {
        reader.line = bad_line;
        error_set(error, -EINVAL, bad_line > 0 ? "expected key = value" : "no memory");
    }
    error_at(error, "%s:%d", origin, reader.line);
    return -EINVAL;
}

static int read_file(struct config *config, const char *path, struct error *error)
{
    _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[FILE_BYTES_MAX];
    size_t n = 0;
    ssize_t n_read = fd < 0 ? -1 : 1;

    while (n_read > 0 && n < sizeof(text)) {
        n_read = read(fd, text + n, sizeof(text) - n);
        n += n_read > 0 ? (size_t)n_read : 0;
    }
    if (n_read < 0)
        return error_set(error, -errno, "cannot read configuration file %s: %s", path, strerror(errno));
    if (n == sizeof(text))
        return error_set(error, -EFBIG, "configuration file %s has more than %d bytes", path, FILE_BYTES_MAX - 1);
    return config_read_text(config, text, n, path, error);
}

int config_check(const struct config *config, struct error *error)
{
    if (config->uploads_bytes_max >= config->body_bytes_max)
        return 0;
    error_set(error, -EINVAL, "must not be less than body-bytes-max: not even one such body would fit");
    error_at(error, "uploads-bytes-max");
    return -EINVAL;
}

int config_load(int argc, char *const *argv, char *const *environment, const char *default_path, struct config *ret,
                enum config_action *ret_action, struct error *error)
{
    int r;

    config_init(ret);
    ret->argc = argc;
    ret->argv = argv;
    ret->environment = environment;
    ret->default_path = default_path;
    r = read_arguments(ret, argc, argv, ret_action, error);
    if (r < 0 || *ret_action == CONFIG_HELP || *ret_action == CONFIG_VERSION)
        return r;
    r = config_read_environment(ret, environment, error);
    if (r < 0)
        return r;
    if (!ret->file[0] && default_path && access(default_path, F_OK) == 0)
        strcpy(ret->file, default_path);
    if (ret->file[0])
        r = read_file(ret, ret->file, error);
    return r < 0 ? r : config_check(ret, error);
}

int config_reload(struct config *config, struct buffer *ret_changed, struct buffer *ret_wait, struct error *error)
{
    enum config_action action;
    struct config now;
    int r = config_load(config->argc, config->argv, config->environment, config->default_path, &now, &action, error);

    if (r < 0)
        return r;
    for (size_t id = 0; id < N_OPTIONS; id++) {
        struct buffer *names = options[id].is_live ? ret_changed : ret_wait;
        char *before = (char *)config + options[id].offset, name[OPTION_NAME_MAX];
        const char *after = (const char *)&now + options[id].offset;

        if (options[id].type == OPTION_TEXT ? strcmp(before, after) == 0 : memcmp(before, after, options[id].size) == 0)
            continue;
        buffer_printf(names, "%s%s", names->size ? ", " : "", option_spell((enum option_id)id, '-', name));
        if (!options[id].is_live)
            continue;
        memcpy(before, after, options[id].size);
        config->sources[id] = now.sources[id];
    }
    return 0;
}

void config_init(struct config *config)
{
    *config = (struct config){0};
    for (size_t id = 0; id < N_OPTIONS; id++)
        option_parse(config, (enum option_id)id, options[id].default_text, NULL);
}

/* Pages. */

void config_print(const struct config *config, struct buffer *ret)
{
    char name[OPTION_NAME_MAX];

    for (size_t i = 0; i < N_OPTIONS; i++) {
        enum option_id id = (enum option_id)i;
        bool from_file = config->sources[id] == OPTION_FROM_FILE;

        buffer_printf(ret, "%s = ", option_spell(id, '-', name));
        option_format(config, id, ret);
        buffer_printf(ret, " ; %s%s%s\n", source_names[config->sources[id]], from_file ? " " : "",
                      from_file ? config->file : "");
    }
}

static void describe_option(enum option_id id, struct buffer *ret)
{
    char name[OPTION_NAME_MAX], spelled[OPTION_NAME_MAX];
    size_t i;

    option_spell(id, '_', spelled);
    for (i = 0; spelled[i]; i++)
        name[i] = (char)toupper((unsigned char)spelled[i]);
    name[i] = '\0';
    if (options[id].type != OPTION_TEXT) {
        option_describe_range(id, ret);
        buffer_append_text(ret, "; ");
    }
    buffer_printf(ret, "environment %s%s%s", ENVIRONMENT_PREFIX, name,
                  options[id].is_live ? "; SIGHUP reads it again" : "");
}

void config_help(struct buffer *ret)
{
    struct config defaults;
    char name[OPTION_NAME_MAX];

    config_init(&defaults);
    buffer_append_text(ret, "usage: onellmd [--OPTION VALUE]…\n\n"
                            "Answers questions about images, video, audio and five more kinds of data over HTTP.\n"
                            "An option on the command line wins over its environment variable, that one over the\n"
                            "configuration file, and that one over the default.\n\n");
    for (size_t i = 0; i < N_OPTIONS; i++) {
        enum option_id id = (enum option_id)i;

        buffer_printf(ret, "  --%-*s%s\n%*s", HELP_COLUMN - 4, option_spell(id, '-', name), options[id].sentence,
                      HELP_COLUMN, "");
        buffer_append_text(ret, options[id].default_text[0] ? "default " : "no default");
        option_format(&defaults, id, ret);
        buffer_append_text(ret, "; ");
        describe_option(id, ret);
        buffer_append_text(ret, "\n");
    }
    buffer_printf(ret,
                  "  --%-*s%s\n%*sdefault " CONFIG_PATH " if it exists; environment " ENVIRONMENT_PREFIX "CONFIG\n",
                  HELP_COLUMN - 4, "config", "Configuration file: option = value on each line.", HELP_COLUMN, "");
    buffer_printf(ret, "\n  --%-*s%s\n", HELP_COLUMN - 4, "check-config",
                  "Print every option, its value and where it came from, and exit.");
    buffer_printf(ret, "  --%-*s%s\n", HELP_COLUMN - 4, "version", "Print the version and exit.");
    buffer_printf(ret, "  --%-*s%s\n", HELP_COLUMN - 4, "help", "Print this and exit.");
}

void config_example(struct buffer *ret)
{
    struct config defaults;
    char name[OPTION_NAME_MAX];

    config_init(&defaults);
    buffer_append_text(ret, "# Configuration of onellmd, read from " CONFIG_PATH ".\n"
                            "# Every option stands here, commented out at its default.\n"
                            "# `onellmd --check-config` prints what is in effect.\n");
    for (size_t i = 0; i < N_OPTIONS; i++) {
        enum option_id id = (enum option_id)i;

        buffer_printf(ret, "\n# %s\n# ", options[id].sentence);
        describe_option(id, ret);
        buffer_printf(ret, "\n#%s =%s", option_spell(id, '-', name), options[id].default_text[0] ? " " : "");
        option_format(&defaults, id, ret);
        buffer_append_text(ret, "\n");
    }
}
