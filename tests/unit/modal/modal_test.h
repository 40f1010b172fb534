/* What the tests of core/modal share: noise by formula, files of numbers, raw media on borrowed memory. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/modal/modality.h"

/* As noise() in tests/golden/modal/make.py. */
static inline uint32_t noise(uint32_t i)
{
    uint32_t x = i * 2654435761u;

    x ^= x >> 15;
    x *= 2246822519u;
    return x ^ x >> 13;
}

static inline uint8_t *noise_u8(size_t n, uint32_t start)
{
    uint8_t *values = malloc(n);

    assert_non_null(values);
    for (size_t i = 0; i < n; i++)
        values[i] = (uint8_t)(noise(start + (uint32_t)i) >> 24);
    return values;
}

/* The n elements of a file, which must hold no more and no less. */
static inline void *golden(const char *name, size_t n, size_t size)
{
    char path[512];
    _cleanup_(fclosep) FILE *file = NULL;
    void *data = malloc(n * size);

    snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
    file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is missing", path);
    assert_non_null(data);
    assert_int_equal(fread(data, size, n, file), n);
    assert_int_equal(fgetc(file), EOF);
    return data;
}

static inline void assert_near(const float *found, const float *expected, size_t n, double max, double rms)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)found[i] - expected[i]);

        if (!(difference <= max))
            fail_msg("number %zu is %g, expected %g", i, found[i], expected[i]);
        sum += difference * difference;
    }
    if (!(sqrt(sum / (double)n) <= rms))
        fail_msg("root mean square difference %g, at most %g is allowed", sqrt(sum / (double)n), rms);
}

/* The shape ends with 0 or after four dimensions. */
static inline struct raw_media media_of(enum media_kind kind, enum media_element element, const void *data,
                                        const size_t shape[4])
{
    struct raw_media media = {.kind = kind, .element = element, .n_bytes = media_element_size(element)};

    media.data = (void *)(uintptr_t)data;
    for (int i = 0; i < 4 && shape[i] > 0; i++) {
        media.shape[i] = shape[i];
        media.n_dims = i + 1;
        media.n_bytes *= shape[i];
    }
    return media;
}

/* A call that succeeds, and one that fails with this code and these words in its message. */
static inline struct input_tensor preprocess(const struct modal_input *input, const struct input_sizes *sizes,
                                             struct arena *arena)
{
    struct error error = ERROR_NONE;
    struct input_tensor tensor;

    if (modal_preprocess(input, sizes, arena, &tensor, &error) != 0)
        fail_msg("%s", error.message);
    assert_int_equal(tensor.modality, input->modality);
    return tensor;
}

static inline void assert_refused(const struct modal_input *input, const struct input_sizes *sizes, int code,
                                  const char *words)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    struct input_tensor tensor = {.notes = "untouched"};
    struct error error = ERROR_NONE;

    assert_int_equal(modal_preprocess(input, sizes, &arena, &tensor, &error), code);
    assert_int_equal(error.code, code);
    if (!strstr(error.message, words))
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    assert_string_equal(tensor.notes, "untouched");
}

#define SHAPE(...) ((const size_t[4]){__VA_ARGS__})
#define assert_shape(tensor, ...)                                                                                      \
    do {                                                                                                               \
        const size_t expected_[] = {__VA_ARGS__};                                                                      \
        assert_int_equal((tensor)->n_dims, ARRAY_SIZE(expected_));                                                     \
        assert_memory_equal((tensor)->shape, expected_, sizeof(expected_));                                            \
    } while (0)
