/* Names read from files: which are accepted, and how one is found among many. Sorted and searched in halves, so that
   no choice of names makes it slow. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Where a name stands in the caller's own table. */
struct name {
    const char *text;
    size_t position;
};

/* Not empty and no control characters, which would end a C string early or reach a terminal through a message. */
bool name_is_acceptable(const char *text, size_t n);

/* Sorts for names_find(); returns a name that is there twice, or NULL. */
const char *names_sort(struct name *names, size_t n);

/* NULL when it is not there. */
const struct name *names_find(const struct name *names, size_t n, const char *text);
