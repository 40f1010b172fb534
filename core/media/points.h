/* The points of a cloud, however a file lays them out, -> raw media. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/media/numbers.h"

struct error;
struct media_job;
struct raw_media;

struct point_columns {
    size_t n_points;
    struct number_run position[3];
    bool has_colour;
    struct number_run colour[3];
    double colour_max;  /* what becomes 1; 0: 1 when no colour is above 1, else 255 */
    bool has_nan_holes; /* a point that is not finite is a place without one, not an error */
};

/* -EFBIG when there are more points than the limit. */
int points_check_count(const struct media_job *job, size_t n_points, struct error *error);

/* Fills in f32 [n_points, 3 or 6]. -EBADMSG for NaN and infinity, and when no point is left. */
int points_store(const struct point_columns *columns, struct raw_media *ret, struct error *error);
