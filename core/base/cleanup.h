/* Release on scope exit: declare with _cleanup_(noun_freep), hand ownership on with TAKE_PTR(). */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function), unused)) /* unused: releasing may be its only use */

/* The pointer's value; the variable itself becomes NULL, so its cleanup does nothing. */
#define TAKE_PTR(pointer)                                                                                              \
    ({                                                                                                                 \
        __typeof__(pointer) taken_ = (pointer);                                                                        \
        (pointer) = NULL;                                                                                              \
        taken_;                                                                                                        \
    })

/* Defines noun_freep() for a type and its free function, which accepts NULL. */
#define DEFINE_CLEANUP(type, free_function, name)                                                                      \
    static inline void name(type *pointer)                                                                             \
    {                                                                                                                  \
        if (*pointer)                                                                                                  \
            free_function(*pointer);                                                                                   \
    }

static inline void freep(void *pointer)
{
    free(*(void **)pointer);
}

static inline void closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void fclosep(FILE **file)
{
    if (*file)
        fclose(*file);
}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
/* Evaluate their arguments twice. */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
