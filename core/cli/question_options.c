#include "core/cli/question_options.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"

/* "imu.timestamps" -> "imu-timestamps"; an option gives one of the choices. */
static void spell(const char *name, char *ret, size_t size)
{
    snprintf(ret, size, "%s", strcmp(name, "choices") == 0 ? "choice" : name);
    for (char *at = strpbrk(ret, "._"); at; at = strpbrk(at, "._"))
        *at = '-';
}

static const struct file_option {
    const char *name, *sentence;
} file_options[] = {
    {"image", "a picture"},
    {"video", "a film"},
    {"audio", "a recording"},
    {"point", "a point cloud"},
    {"depth", "a depth map; belongs to the --image before it"},
    {"normal", "a map of surface normals; belongs to the --image before it"},
    {"imu", "accelerometer and gyroscope"},
    {"imu.timestamps", "times of the samples of the --imu before it, in milliseconds"},
    {"fmri", "responses of voxels"},
    {"fmri.mask", "which voxels of the --fmri before it count"},
};

/* A bad file is a failure and not wrong use, whatever is bad about it. */
static int failure(int r)
{
    return r == -EINVAL ? -EBADMSG : r;
}

static int add_file(const struct option_row *row, const char *path, struct error *error)
{
    struct question_options *options = row->context;
    struct mapped_file *file = &options->files[options->n_files];
    _cleanup_(closep) int fd = -1;
    int r;

    if (options->n_files == QUESTION_FILES_MAX)
        return error_set(error, -EFBIG, "too many files");
    r = mapped_file_open(path, &fd, error);
    if (r == 0)
        r = mapped_file_map(file, fd, error);
    if (r < 0) {
        mapped_file_error_at(error, path);
        return failure(r);
    }
    options->n_files++;
    r = question_add_file(&options->question, file_options[row->index].name, file->bytes, file->n, error);
    if (r < 0 && error)
        error->at[0] = '\0'; /* the option is named by the caller */
    return failure(r);
}

static int set_field(const struct option_row *row, const char *text, struct error *error)
{
    struct question_options *options = row->context;
    int r = question_set(&options->question, fields[row->index].name, text, strlen(text), error);

    if (r < 0 && error)
        error->at[0] = '\0';
    return r;
}

static const char *value_name(const struct field *field)
{
    switch (field->type) {
    case FIELD_TEXT:
        return "TEXT";
    case FIELD_INTEGER:
        return "N";
    case FIELD_NUMBER:
        return "X";
    case FIELD_BOOLEAN:
        return "true|false";
    }
    return "";
}

static void add_row(struct question_options *options, const char *name, struct option_row row)
{
    size_t i = options->n_rows++;

    assert(i < QUESTION_OPTIONS_MAX);
    spell(name, options->names[i], sizeof(options->names[i]));
    row.name = options->names[i];
    row.context = options;
    options->rows[i] = row;
}

void question_options_init(struct question_options *options, enum question_scope scope, const struct option_row *own,
                           size_t n_own)
{
    memset(options, 0, sizeof(*options));
    question_init(&options->question, 0);
    for (size_t i = 0; i < ARRAY_SIZE(file_options); i++)
        add_row(
            options, file_options[i].name,
            (struct option_row){.value = "FILE", .sentence = file_options[i].sentence, .call = add_file, .index = i});
    for (size_t i = 0; i < n_fields; i++) {
        bool of_medium = strchr(fields[i].name, '.');

        /* A command line streams unless it prints JSON, and keeps no media. */
        if (strcmp(fields[i].name, "stream") != 0 && strcmp(fields[i].name, "media_id") != 0 &&
            (of_medium || scope == QUESTION_ALL))
            add_row(options, fields[i].name,
                    (struct option_row){.value = value_name(&fields[i]),
                                        .sentence = fields[i].sentence,
                                        .default_text = fields[i].default_text,
                                        .call = set_field,
                                        .index = i});
    }
    assert(options->n_rows + n_own <= QUESTION_OPTIONS_MAX);
    for (size_t i = 0; i < n_own; i++)
        options->rows[options->n_rows++] = own[i];
}

int question_options_parse(const struct question_options *options, const char *command, const char *sentence, int argc,
                           char **argv)
{
    const struct arguments arguments = {
        .command = command, .sentence = sentence, .rows = options->rows, .n_rows = options->n_rows};
    int n;

    return arguments_parse(&arguments, argc, argv, &n);
}

void question_options_deinit(struct question_options *options)
{
    for (size_t i = 0; i < options->n_files; i++)
        mapped_file_unmap(&options->files[i]);
    question_deinit(&options->question);
}

void question_options_error(struct error *error)
{
    char name[sizeof(error->at)];
    size_t n = strcspn(error->at, "[");
    bool is_field = false;

    for (size_t i = 0; i < n_fields; i++)
        is_field = is_field || (strlen(fields[i].name) == n && memcmp(fields[i].name, error->at, n) == 0);
    if (!is_field && !question_is_file(error->at, n))
        return;
    spell(error->at, name, sizeof(name));
    snprintf(error->at, sizeof(error->at), "--%.*s", (int)sizeof(error->at) - 3, name);
}
