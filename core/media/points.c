/* Clouds in NPY arrays and plain text (XYZ) have three or six columns and no names; PLY and PCD, which have, bring
   their columns here, too. Columns are read a few hundred points at a time and written side by side. */
#include "core/media/points.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/media_impl.h"
#include "core/media/number_file.h"

#define N_SCRATCH 256
#define COLOUR_1_MAX 1.01 /* colours of 0..1 that were rounded upwards */

int points_check_count(const struct media_job *job, size_t n_points, struct error *error)
{
    if (n_points == 0)
        return error_set(error, -EBADMSG, "the point cloud is empty");
    if (n_points > job->limits->points_max)
        return error_set(error, -EFBIG, "the cloud has %zu points, the limit is %zu", n_points,
                         job->limits->points_max);
    return 0;
}

static double find_colour_max(const struct point_columns *columns)
{
    double values[N_SCRATCH];

    if (columns->colour_max > 0)
        return columns->colour_max;
    for (size_t first = 0; first < columns->n_points; first += N_SCRATCH) {
        size_t n = MIN(columns->n_points - first, (size_t)N_SCRATCH);

        for (int channel = 0; channel < 3; channel++) {
            number_run_load(&columns->colour[channel], first, n, values);
            for (size_t i = 0; i < n; i++)
                if (values[i] > COLOUR_1_MAX && isfinite(values[i]))
                    return 255;
        }
    }
    return 1;
}

static bool store_point(double values[][N_SCRATCH], size_t i, size_t n_columns, double colour_max, float *ret)
{
    bool finite = true;

    for (size_t column = 0; column < n_columns; column++) {
        ret[column] = (float)(column < 3 ? values[column][i] : values[column][i] / colour_max);
        finite = finite && isfinite(ret[column]);
    }
    return finite;
}

int points_store(const struct point_columns *columns, struct raw_media *ret, struct error *error)
{
    size_t n_columns = columns->has_colour ? 6 : 3, n_stored = 0;
    double values[6][N_SCRATCH];
    double colour_max = columns->has_colour ? find_colour_max(columns) : 1;
    float *to;
    int r;

    r = raw_media_allocate(ret, MEDIA_F32, 2, (size_t[]){columns->n_points, n_columns}, error);
    if (r < 0)
        return r;
    to = ret->data;
    for (size_t first = 0; first < columns->n_points; first += N_SCRATCH) {
        size_t n = MIN(columns->n_points - first, (size_t)N_SCRATCH);

        for (size_t column = 0; column < n_columns; column++)
            number_run_load(column < 3 ? &columns->position[column] : &columns->colour[column - 3], first, n,
                            values[column]);
        for (size_t i = 0; i < n; i++) {
            if (store_point(values, i, n_columns, colour_max, to + n_stored * n_columns))
                n_stored++;
            else if (!columns->has_nan_holes)
                return error_set(error, -EBADMSG, "point %zu is NaN or infinite", first + i);
        }
    }
    if (n_stored == 0)
        return error_set(error, -EBADMSG, "the point cloud has no valid point");
    ret->shape[0] = n_stored;
    ret->n_bytes = n_stored * n_columns * sizeof(float);
    return 0;
}

static int store_matrix(const struct media_job *job, const struct numbers *numbers, struct raw_media *ret,
                        struct error *error)
{
    struct point_columns columns = {.n_points = numbers->shape[0]};
    char shape[NUMBERS_DESCRIBE_SIZE];
    int r;

    if (numbers->n_dims != 2 || (numbers->shape[1] != 3 && numbers->shape[1] != 6))
        return error_set(error, -EBADMSG, "expected points of shape (N, 3) or (N, 6); found %s",
                         numbers_describe(numbers, shape, sizeof(shape)));
    r = points_check_count(job, columns.n_points, error);
    if (r < 0)
        return r;
    columns.has_colour = numbers->shape[1] == 6;
    for (size_t i = 0; i < 3; i++) {
        columns.position[i] = numbers_column(numbers, i);
        if (columns.has_colour)
            columns.colour[i] = numbers_column(numbers, 3 + i);
    }
    return points_store(&columns, ret, error);
}

int points_decode(const struct media_job *job, enum file_format format, struct raw_media *ret, struct error *error)
{
    _cleanup_(number_file_deinit) struct number_file file = {0};
    int r;

    raw_media_set_format(ret, format == FORMAT_TEXT ? "xyz" : file_format_name(format));
    r = number_file_read(job, format, &file, error);
    if (r < 0)
        return r;
    return store_matrix(job, &file.numbers, ret, error);
}
