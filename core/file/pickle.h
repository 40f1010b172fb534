/* A pickle machine for state dicts: Python's serialised objects (protocols 2 to 5) become plain values, and the only
   objects that can come into being are those that torch_objects.h knows. Nothing is executed. Any thread. */
#pragma once

#include <stddef.h>

#include "core/file/pickle_value.h"

struct error;

/* Reads the pickle at the beginning of n bytes; its values live in the arena, whose ceiling bounds them.
 * -EBADMSG naming opcode and place, or the class or function that was refused. */
int pickle_read(const void *bytes, size_t n, struct arena *arena, const struct pickle_value **ret, struct error *error);
