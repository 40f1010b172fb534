/* The structure of GIF files, which are pictures and films. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/bytes.h"

/* Walks to the end of the first picture, or of all of them and the file; false when that is not there. */
bool gif_walk(struct bytes bytes, bool to_the_end, uint32_t *ret_width, uint32_t *ret_height);
