/* Farthest-point sampling and nearest neighbours of point clouds, with the reference's start and tie-breaking
   (reference: model/lib/point_utils.py and the pointnet2 kernel). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arena;

/* Picks n_samples of n_points: starts at index 0, then always the point farthest from those already picked; distances
 * in f32; ties go to the lower index of the lowest "thread" as the reference's reduction resolves them.
 *   points  f32, coordinates of point i at points[i * stride .. i * stride + 2]
 *   ret     [n_samples] indices in order of picking
 * Needs n_samples <= n_points. -ENOMEM. */
int neighbours_sample(const float *points, size_t n_points, size_t stride, size_t n_samples, struct arena *arena,
                      uint32_t *ret);

/* For each centre the n_group nearest points, itself included; ties go to the lower index. Order inside a group is not
 * defined.   ret  [n_centres, n_group] indices.   Needs n_group <= n_points. -ENOMEM. */
int neighbours_group(const float *points, size_t n_points, size_t stride, const uint32_t *centres, size_t n_centres,
                     size_t n_group, struct arena *arena, uint32_t *ret);
