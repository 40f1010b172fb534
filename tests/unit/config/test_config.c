/* Does config do what its header says: precedence, ranges, names in errors, and pages that agree with the table? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "config/option.h"
#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/onellm.h"

#define LOAD(environment, path, ...)                                                                                   \
    load((const char *[]){"onellmd", __VA_ARGS__ __VA_OPT__(, ) NULL}, (const char *[])environment, path)
#define ENVIRONMENT(...)                                                                                               \
    {                                                                                                                  \
        __VA_ARGS__ __VA_OPT__(, ) NULL                                                                                \
    }

static struct config config;
static enum config_action action;
static struct error error;

static int load(const char **argv, const char **environment, const char *path)
{
    int argc = 0;

    while (argv[argc])
        argc++;
    error = ERROR_NONE;
    return config_load(argc, (char *const *)argv, (char *const *)environment, path, &config, &action, &error);
}

static int read_text(const char *text)
{
    config_init(&config);
    error = ERROR_NONE;
    return config_read_text(&config, text, strlen(text), "test.conf", &error);
}

static void assert_fails(int r, const char *at, const char *part)
{
    assert_int_equal(r, -EINVAL);
    assert_int_equal(error.code, -EINVAL);
    assert_string_equal(error.at, at);
    if (!strstr(error.message, part))
        fail_msg("\"%s\" does not say \"%s\"", error.message, part);
}

static const char *temporary_file(const char *text)
{
    static char path[64];
    FILE *file;

    strcpy(path, "/tmp/test_config.XXXXXX");
    file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static void test_defaults(void **state)
{
    (void)state;
    assert_int_equal(LOAD(ENVIRONMENT(), NULL), 0);
    assert_int_equal(action, CONFIG_RUN);
    assert_string_equal(config.host, "127.0.0.1");
    assert_int_equal(config.port, 8080);
    assert_string_equal(config.model, "");
    assert_int_equal(config.queue, 64);
    assert_int_equal(config.body_bytes_max, 256 << 20);
    assert_int_equal(config.parts_max, 64);
    assert_int_equal(config.drafts, ONELLM_DRAFTS); /* of the tool, too */
    assert_int_equal(config.upload_idle_ms, 30000);
    assert_int_equal(config.request_timeout_ms, 600000);
    assert_int_equal(config.keep_alive_ms, 75000);
    assert_int_equal(config.drain_delay_ms, 5000);
    assert_int_equal(config.drain_timeout_ms, 60000);
    assert_int_equal(config.image_pixels_max, 64 << 20);
    assert_int_equal(config.points_max, 4 << 20);
    assert_true(config.audio_seconds_max == 1800);
    assert_int_equal(config.log_level, 2);
    for (size_t i = 0; i < N_OPTIONS; i++)
        assert_int_equal(config.sources[i], OPTION_FROM_DEFAULT);
}

static void test_precedence(void **state)
{
    const char *path = temporary_file("[onellmd]\nport = 1\nqueue = 2\nthreads = 3 ; three\n");

    (void)state;
    assert_int_equal(LOAD(ENVIRONMENT("ONELLMD_PORT=11", "ONELLMD_QUEUE=12", "PATH=/"), path, "--port", "21"), 0);
    assert_int_equal(config.port, 21);
    assert_int_equal(config.sources[OPTION_ID_port], OPTION_FROM_ARGUMENT);
    assert_int_equal(config.queue, 12);
    assert_int_equal(config.sources[OPTION_ID_queue], OPTION_FROM_ENVIRONMENT);
    assert_int_equal(config.threads, 3);
    assert_int_equal(config.sources[OPTION_ID_threads], OPTION_FROM_FILE);
    assert_string_equal(config.file, path);
    unlink(path);
}

static void test_which_file(void **state)
{
    char path[64], argument[80], variable[80];

    (void)state;
    strcpy(path, temporary_file("port = 9\n"));
    snprintf(argument, sizeof(argument), "--config=%s", path);
    snprintf(variable, sizeof(variable), "ONELLMD_CONFIG=%s", path);
    assert_int_equal(LOAD(ENVIRONMENT(), "/nonexistent", argument), 0);
    assert_int_equal(config.port, 9);
    assert_int_equal(LOAD(ENVIRONMENT(variable), "/nonexistent"), 0);
    assert_int_equal(config.port, 9);
    assert_int_equal(LOAD(ENVIRONMENT("ONELLMD_CONFIG=/nonexistent"), NULL, argument), 0);
    assert_int_equal(config.port, 9);
    unlink(path);
    assert_int_equal(LOAD(ENVIRONMENT(), NULL, argument), -ENOENT);
    assert_non_null(strstr(error.message, path));
    assert_int_equal(LOAD(ENVIRONMENT(), NULL, "--config", "/tmp"), -EISDIR);
    assert_int_equal(LOAD(ENVIRONMENT(), NULL, "--config", "/dev/zero"), -EFBIG);
    assert_int_equal(LOAD(ENVIRONMENT("ONELLMD_CONFIG=/dev/null"), NULL), 0);
}

static void test_command_line(void **state)
{
    (void)state;
    assert_int_equal(LOAD(ENVIRONMENT(), NULL, "--body-bytes-max=64MiB", "--host", "::", "--log-level=debug"), 0);
    assert_int_equal(config.body_bytes_max, 64 << 20);
    assert_string_equal(config.host, "::");
    assert_int_equal(config.log_level, 3);
    assert_int_equal(LOAD(ENVIRONMENT(), NULL, "--port", "1", "--port", "2"), 0);
    assert_int_equal(config.port, 2);
    assert_int_equal(LOAD(ENVIRONMENT(), NULL, "--version"), 0);
    assert_int_equal(action, CONFIG_VERSION);
    assert_int_equal(LOAD(ENVIRONMENT("ONELLMD_PORT=x"), NULL, "--help"), 0);
    assert_int_equal(action, CONFIG_HELP);
    assert_int_equal(LOAD(ENVIRONMENT(), NULL, "--check-config", "--port=3"), 0);
    assert_int_equal(action, CONFIG_CHECK);
    assert_int_equal(config.port, 3);

    assert_fails(LOAD(ENVIRONMENT(), NULL, "--prot", "1"), "--prot", "no such option");
    assert_fails(LOAD(ENVIRONMENT(), NULL, "--body_bytes_max", "1"), "--body_bytes_max", "no such option");
    assert_fails(LOAD(ENVIRONMENT(), NULL, "--port"), "--port", "needs a value");
    assert_fails(LOAD(ENVIRONMENT(), NULL, "--config="), "--config", "path");
    assert_fails(LOAD(ENVIRONMENT(), NULL, "serve"), "", "unexpected argument \"serve\"");
    assert_fails(LOAD(ENVIRONMENT(), NULL, "-p"), "", "unexpected argument \"-p\"");
    assert_fails(LOAD(ENVIRONMENT(), NULL, "--uploads-bytes-max=1MiB"), "uploads-bytes-max", "body-bytes-max");
}

static void test_ranges(void **state)
{
    static const struct {
        const char *argument, *part;
    } wrong[] = {
        {"--port=65536", "takes 0 to 65535, not \"65536\""},
        {"--port=-1", "takes 0 to 65535"},
        {"--port=", "takes 0 to 65535"},
        {"--port=1x", "takes 0 to 65535"},
        {"--port= 1", "takes 0 to 65535"},
        {"--port=0x10", "takes 0 to 65535"},
        {"--port=1e3", "takes 0 to 65535"},
        {"--port=1KiB", "takes 0 to 65535"},
        {"--queue=0", "takes 1 to 65536 requests"},
        {"--queue=18446744073709551617", "takes 1 to 65536 requests"},
        {"--body-bytes-max=1023", "takes 1 KiB to 1024 GiB"},
        {"--body-bytes-max=1025GiB", "takes 1 KiB to 1024 GiB"},
        {"--body-bytes-max=17179869184GiB", "takes 1 KiB to 1024 GiB"},
        {"--body-bytes-max=1MB", "takes 1 KiB to 1024 GiB"},
        {"--body-bytes-max=2048 ", "takes 1 KiB to 1024 GiB"},
        {"--video-seconds-max=nan", "takes 1 to 86400 seconds"},
        {"--video-seconds-max=inf", "takes 1 to 86400 seconds"},
        {"--video-seconds-max=0.5", "takes 1 to 86400 seconds"},
        {"--video-seconds-max=1.2.3", "takes 1 to 86400 seconds"},
        {"--log-level=loud", "takes error, warning, info or debug, not \"loud\""},
        {"--log-level=", "takes error, warning, info or debug"},
        {"--log-level=info debug", "takes error, warning, info or debug"},
        {"--host=", "takes a text of 1 to 255 bytes"},
        {"--host=a\tb", "takes a text of 1 to 255 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char at[64];

        snprintf(at, sizeof(at), "%.*s", (int)strcspn(wrong[i].argument, "="), wrong[i].argument);
        assert_fails(LOAD(ENVIRONMENT(), NULL, wrong[i].argument), at, wrong[i].part);
    }
    assert_int_equal(LOAD(ENVIRONMENT(), NULL, "--body-bytes-max=1024", "--video-seconds-max=1.5", "--port=0"), 0);
    assert_true(config.video_seconds_max == 1.5);
    assert_int_equal(config.port, 0);
}

static void test_environment(void **state)
{
    (void)state;
    assert_fails(LOAD(ENVIRONMENT("ONELLMD_PROT=1"), NULL), "environment variable ONELLMD_PROT", "no such option");
    assert_fails(LOAD(ENVIRONMENT("ONELLMD_port=1"), NULL), "environment variable ONELLMD_port", "no such option");
    assert_fails(LOAD(ENVIRONMENT("ONELLMD_PORT=x"), NULL), "environment variable ONELLMD_PORT", "takes 0 to 65535");
    assert_fails(LOAD(ENVIRONMENT("ONELLMD_PORT=x"), NULL, "--port=1"), "environment variable ONELLMD_PORT", "takes");
    assert_int_equal(LOAD(ENVIRONMENT("ONELLMD_PORT=tcp://10.0.0.1:8080", "ONELLMD_PORT_8080_TCP_ADDR=10.0.0.1",
                                      "ONELLMD_SERVICE_HOST=10.0.0.1", "ONELLMD=1"),
                          NULL),
                     0);
    assert_int_equal(config.port, 8080);
}

static void test_file(void **state)
{
    char longest[300];

    (void)state;
    assert_int_equal(read_text(""), 0);
    assert_int_equal(read_text("# comment\n; comment\n\n  port = 7  \r\nhost=::1\nbody-bytes-max = 2 KiB"), 0);
    assert_int_equal(config.port, 7);
    assert_string_equal(config.host, "::1");
    assert_int_equal(config.body_bytes_max, 2048);
    assert_fails(read_text("port = 1\nprot = 2\n"), "test.conf:2", "no option \"prot\"");
    assert_fails(read_text("port = 1\n\nport = 2\n"), "test.conf:3", "given in line 1");
    assert_fails(read_text("port = 1\n  2\n"), "test.conf:2", "given in line 1");
    assert_fails(read_text("[other]\nport = 2\n"), "test.conf:2", "no section [other]");
    assert_fails(read_text("\nport\n"), "test.conf:2", "expected key = value");
    assert_fails(read_text("[onellmd\n"), "test.conf:1", "expected key = value");
    assert_fails(read_text("port = 70000\n"), "test.conf:1", "takes 0 to 65535");
    memset(longest, 'x', sizeof(longest));
    memcpy(longest, "\nhost=", 6);
    longest[sizeof(longest) - 1] = '\0';
    assert_fails(read_text(longest), "test.conf:2", "longer than");
    error = ERROR_NONE;
    assert_fails(config_read_text(&config, "port=1\0\n", 8, "test.conf", &error), "test.conf:1", "not text");
}

/* Two pages of config_print() with the same values, wherever they came from. */
static void assert_same_values(const char *a, const char *b)
{
    while (*a && *b) {
        assert_memory_equal(a, b, strcspn(a, ";") + 1);
        a = strchr(a, '\n') + 1;
        b = strchr(b, '\n') + 1;
    }
    assert_string_equal(a, b);
}

/* What is printed can be read again and says the same. */
static void test_print(void **state)
{
    struct buffer page, again;

    (void)state;
    buffer_init(&page, 65536);
    buffer_init(&again, 65536);
    assert_int_equal(LOAD(ENVIRONMENT("ONELLMD_QUEUE=5"), NULL, "--model=/m/a b.gguf", "--body-bytes-max=1025",
                          "--imu-seconds-max=2.5", "--log-level=error"),
                     0);
    config_print(&config, &page);
    assert_non_null(strstr(page.bytes, "\nqueue = 5 ; environment\n"));
    assert_non_null(strstr(page.bytes, "\nmodel = /m/a b.gguf ; command line\n"));
    assert_non_null(strstr(page.bytes, "\nbody-bytes-max = 1025 ; command line\n"));
    assert_non_null(strstr(page.bytes, "\nuploads-bytes-max = 2 GiB ; default\n"));
    assert_int_equal(read_text(page.bytes), 0);
    for (size_t i = 0; i < N_OPTIONS; i++)
        assert_int_equal(config.sources[i], OPTION_FROM_FILE);
    config_print(&config, &again);
    assert_same_values(page.bytes, again.bytes);
    buffer_deinit(&page);
    buffer_deinit(&again);
}

static void test_help(void **state)
{
    struct buffer page;

    (void)state;
    buffer_init(&page, 65536);
    config_help(&page);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char name[OPTION_NAME_MAX];

        assert_non_null(strstr(page.bytes, option_spell((enum option_id)i, '-', name)));
        assert_non_null(strstr(page.bytes, options[i].sentence));
    }
    assert_non_null(strstr(
        page.bytes, "default 256 MiB; 1 KiB to 1024 GiB; environment ONELLMD_BODY_BYTES_MAX; SIGHUP reads it again\n"));
    buffer_deinit(&page);
}

static void test_reload(void **state)
{
    char path[64];
    struct buffer changed, wait;
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s",
             temporary_file("log-level = error\nbody-bytes-max = 1MiB\nport = 1\nhost = a\n"));
    assert_int_equal(LOAD(ENVIRONMENT("ONELLMD_PARTS_MAX=3"), path, "--points-max", "5"), 0);
    file = fopen(path, "w");
    fputs("log-level = debug\npoints-max = 7\nparts-max = 8\nport = 2\nhost = a\n", file);
    fclose(file);
    buffer_init(&changed, 1000);
    buffer_init(&wait, 1000);
    assert_int_equal(config_reload(&config, &changed, &wait, &error), 0);
    assert_string_equal(changed.bytes, "body-bytes-max, log-level");
    assert_string_equal(wait.bytes, "port");
    assert_int_equal(config.log_level, 3);
    assert_int_equal(config.body_bytes_max, 256 << 20); /* the default again */
    assert_int_equal(config.sources[OPTION_ID_body_bytes_max], OPTION_FROM_DEFAULT);
    assert_int_equal(config.points_max, 5); /* the command line still wins, and the environment */
    assert_int_equal(config.parts_max, 3);
    assert_int_equal(config.port, 1);
    file = fopen(path, "w");
    fputs("log-level = error\nnothing = 1\n", file);
    fclose(file);
    assert_true(config_reload(&config, &changed, &wait, &error) < 0);
    assert_int_equal(config.log_level, 3);
    buffer_deinit(&changed);
    buffer_deinit(&wait);
    unlink(path);
}

/* onellmd.conf is the page that the table makes; uncommenting all of it changes nothing. */
static void test_example(void **state)
{
    struct buffer page, defaults;
    char file[65536];
    FILE *stream = fopen(CONFIG_EXAMPLE, "r");
    size_t n;

    (void)state;
    assert_non_null(stream);
    n = fread(file, 1, sizeof(file) - 1, stream);
    file[n] = '\0';
    fclose(stream);
    buffer_init(&page, sizeof(file));
    config_example(&page);
    assert_string_equal(page.bytes, file);
    for (char *at = page.bytes; (at = strchr(at, '#')); at++)
        if (at[1] != ' ')
            memmove(at, at + 1, strlen(at));
    assert_int_equal(read_text(page.bytes), 0);
    for (size_t i = 0; i < N_OPTIONS; i++)
        assert_int_equal(config.sources[i], OPTION_FROM_FILE);
    buffer_clear(&page);
    config_print(&config, &page);
    config_init(&config);
    buffer_init(&defaults, sizeof(file));
    config_print(&config, &defaults);
    assert_same_values(page.bytes, defaults.bytes);
    buffer_deinit(&page);
    buffer_deinit(&defaults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reload),      cmocka_unit_test(test_defaults),     cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_which_file),  cmocka_unit_test(test_command_line), cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_file),         cmocka_unit_test(test_print),
        cmocka_unit_test(test_help),        cmocka_unit_test(test_example),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
