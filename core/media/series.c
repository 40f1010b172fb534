/* Measurements over time: six channels, with or without a column of times, which is found by its name, or else by being
   the only one of first and last that never decreases. Files may hold a channel per row or per column. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/media_impl.h"
#include "core/media/number_file.h"

#define N_CHANNELS 6
/* No sensor of this kind is faster, so files without times get a limit, too. */
#define RATE_MAX 8000

/* Which column holds times, and what turns them into milliseconds; 0: the unit is not known. */
struct time_column {
    bool exists;
    size_t column;
    double unit_ms;
};

/* The next run of letters of a name. */
static bool next_letters(const char **at, char ret[TABLE_NAME_SIZE])
{
    size_t n = 0;

    while (**at && !isalpha((unsigned char)**at))
        (*at)++;
    while (isalpha((unsigned char)**at))
        ret[n++] = *(*at)++;
    ret[n] = '\0';
    return n > 0;
}

static bool is_among(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

/* "time", "t [s]", "timestamp_ms": a word for time, perhaps followed by a unit. */
static bool is_time_name(const char *name, double *ret_unit_ms)
{
    static const char *const times[] = {"t", "ts", "time", "times", "timestamp", "timestamps", NULL};
    static const struct {
        const char *const names[6];
        double unit_ms;
    } units[] = {
        {{"s", "sec", "secs", "second", "seconds"}, 1e3},
        {{"ms", "msec", "millis", "millisecond", "milliseconds"}, 1},
        {{"us", "usec", "micros", "microsecond", "microseconds"}, 1e-3},
        {{"ns", "nsec", "nanos", "nanosecond", "nanoseconds"}, 1e-6},
    };
    char word[TABLE_NAME_SIZE];

    *ret_unit_ms = 0;
    if (!next_letters(&name, word) || !is_among(word, times))
        return false;
    while (next_letters(&name, word))
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
            if (is_among(word, units[i].names))
                *ret_unit_ms = units[i].unit_ms;
    return true;
}

static double load(const struct number_run *run, size_t i)
{
    double value;

    number_run_load(run, i, 1, &value);
    return value;
}

/* True for what can be times: never less than before, and in the end more than at first. */
static bool looks_like_times(const struct numbers *numbers, size_t column)
{
    struct number_run run = numbers_column(numbers, column);
    size_t n = numbers->shape[0];

    for (size_t i = 1; i < n; i++)
        if (!(load(&run, i) >= load(&run, i - 1)))
            return false;
    return load(&run, n - 1) > load(&run, 0);
}

/* Turns the array so that each row is a point in time. Columns that have names are channels; otherwise 6 x T comes
 * first, which is what the reference's files are. */
static int turn(struct number_file *file, struct error *error)
{
    struct numbers *numbers = &file->numbers;
    char shape[NUMBERS_DESCRIBE_SIZE];
    size_t rows = numbers->shape[0], columns = numbers->shape[1];
    bool has_names = file->table.n_names > 0;

    if (numbers->n_dims == 2 && !has_names && (rows == N_CHANNELS || (rows == N_CHANNELS + 1 && columns != N_CHANNELS)))
        numbers_transpose(numbers);
    else if (numbers->n_dims != 2 || (columns != N_CHANNELS && columns != N_CHANNELS + 1))
        return error_set(error, -EBADMSG,
                         "expected 6 channels, as (6, T) or (T, 6), or 7 with a column of times; found %s",
                         numbers_describe(numbers, shape, sizeof(shape)));
    return 0;
}

static int find_times(const struct number_file *file, struct time_column *ret, struct error *error)
{
    const struct numbers *numbers = &file->numbers;
    bool has_seven = numbers->shape[1] == N_CHANNELS + 1;
    struct time_column found = {.exists = false};
    double unit_ms;

    for (size_t i = 0; i < file->table.n_names && !found.exists; i++)
        if (is_time_name(file->table.names[i], &unit_ms))
            found = (struct time_column){true, i, unit_ms};
    if (!found.exists && has_seven) {
        bool at_front = looks_like_times(numbers, 0);

        if (!at_front && !looks_like_times(numbers, N_CHANNELS))
            return error_set(error, -EBADMSG,
                             "of 7 columns, the first or the last should hold times, which never decrease");
        found = (struct time_column){true, at_front ? 0 : N_CHANNELS, 0};
    }
    if (found.exists != has_seven)
        return error_set(error, -EBADMSG, "expected 6 channels besides the times; found %zu", numbers->shape[1] - 1);
    *ret = found;
    return 0;
}

static int check_span(const struct media_job *job, double span_ms, struct error *error)
{
    if (span_ms / 1e3 <= job->limits->imu_seconds_max)
        return 0;
    return error_set(error, -EFBIG, "the recording spans %.1f s, the limit is %g s", span_ms / 1e3,
                     job->limits->imu_seconds_max);
}

/* Writes a column of n numbers, times `unit`, to every n_columns-th place. */
static int store_column(const struct number_run *run, size_t n, double unit, enum media_element element, void *ret,
                        size_t n_columns, struct error *error)
{
    for (size_t i = 0; i < n; i++) {
        double value = load(run, i) * unit;

        if (!isfinite(element == MEDIA_F32 ? (float)value : value))
            return error_set(error, -EBADMSG, "the number at time index %zu is NaN or infinite", i);
        if (element == MEDIA_F32)
            ((float *)ret)[i * n_columns] = (float)value;
        else
            ((double *)ret)[i * n_columns] = value;
    }
    return 0;
}

/* The times, if any, become the first column; the channels keep their order. */
static int store_series(const struct numbers *numbers, const struct time_column *times, struct raw_media *ret,
                        struct error *error)
{
    enum media_element element = numbers->type == NUMBER_F64 ? MEDIA_F64 : MEDIA_F32;
    size_t n = numbers->shape[0], n_columns = numbers->shape[1], to = times->exists ? 1 : 0, size;
    int r;

    r = raw_media_allocate(ret, element, 2, (size_t[]){n, n_columns}, error);
    if (r < 0)
        return r;
    size = media_element_size(element);
    for (size_t i = 0; i < n_columns && r == 0; i++) {
        struct number_run run = numbers_column(numbers, i);
        bool is_time = times->exists && i == times->column;

        r = store_column(&run, n, is_time ? times->unit_ms : 1, element,
                         (uint8_t *)ret->data + (is_time ? 0 : to++) * size, n_columns, error);
    }
    return r;
}

int series_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    _cleanup_(number_file_deinit) struct number_file file = {0};
    struct time_column times;
    size_t n;
    int r;

    raw_media_set_format(ret, format == FORMAT_TEXT ? "csv" : file_format_name(format));
    r = number_file_read(job, format, &file, error);
    if (r < 0)
        return r;
    r = turn(&file, error);
    if (r < 0)
        return r;
    r = find_times(&file, &times, error);
    if (r < 0)
        return r;
    n = file.numbers.shape[0];
    if ((double)n > job->limits->imu_seconds_max * RATE_MAX)
        return error_set(error, -EFBIG, "%zu samples, the limit is %.0f", n, job->limits->imu_seconds_max * RATE_MAX);
    if (times.exists) {
        struct number_run run = numbers_column(&file.numbers, times.column);
        double length = load(&run, n - 1) - load(&run, 0);

        /* Nobody measures motion less than once a second: steps of less than 1 are seconds. */
        if (times.unit_ms == 0)
            times.unit_ms = n > 1 && length / (double)(n - 1) < 1 ? 1e3 : 1;
        r = check_span(job, length * times.unit_ms, error);
        if (r < 0)
            return r;
    }
    return store_series(&file.numbers, &times, ret, error);
}

/* Times alone are in milliseconds, unless the file's header names another unit. */
int timestamps_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    _cleanup_(number_file_deinit) struct number_file file = {0};
    struct numbers *numbers = &file.numbers;
    char shape[NUMBERS_DESCRIBE_SIZE];
    struct number_run run;
    double unit_ms = 0;
    size_t n;
    int r;

    raw_media_set_format(ret, format == FORMAT_TEXT ? "csv" : file_format_name(format));
    r = number_file_read(job, format, &file, error);
    if (r < 0)
        return r;
    n = numbers_count(numbers);
    if (numbers->n_dims == 2 && numbers->shape[0] == 1)
        numbers_transpose(numbers);
    if (numbers->n_dims < 1 || numbers->n_dims > 2 || numbers->shape[0] != n)
        return error_set(error, -EBADMSG, "expected times of shape (T,); found %s",
                         numbers_describe(numbers, shape, sizeof(shape)));
    if (file.table.n_names == 1)
        is_time_name(file.table.names[0], &unit_ms);
    unit_ms = unit_ms == 0 ? 1 : unit_ms;
    run = (struct number_run){numbers->type, numbers->swapped, numbers->data, numbers->strides[0]};
    r = raw_media_allocate(ret, MEDIA_F64, 1, &n, error);
    if (r < 0)
        return r;
    r = store_column(&run, n, unit_ms, MEDIA_F64, ret->data, 1, error);
    if (r < 0)
        return r;
    return check_span(job, ((double *)ret->data)[n - 1] - ((double *)ret->data)[0], error);
}
