/* Shared by the tests of the media decoders: files from the folder of fixtures or built byte by byte, decoded or
   refused. Every decoder gets its bytes in a block of exactly their size, so that a sanitizer sees each byte read
   beyond. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/media/media.h"

struct file {
    uint8_t *bytes;
    size_t n;
};

static inline void file_deinit(struct file *file)
{
    free(file->bytes);
}

/* A fixture. */
static inline struct file file_load(const char *name)
{
    struct file file = {0};
    char path[512];
    FILE *stream;

    snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
    stream = fopen(path, "rb");
    if (!stream)
        fail_msg("cannot open %s", path);
    fseek(stream, 0, SEEK_END);
    file.n = (size_t)ftell(stream);
    rewind(stream);
    file.bytes = malloc(file.n);
    assert_non_null(file.bytes);
    assert_int_equal(fread(file.bytes, 1, file.n, stream), file.n);
    fclose(stream);
    return file;
}

/* Runs a job on a copy of its bytes. */
static inline int run_job(struct media_job job, struct raw_media *ret, struct error *error)
{
    void *copy = malloc(job.n_bytes ? job.n_bytes : 1);
    int r;

    assert_non_null(copy);
    if (job.n_bytes)
        memcpy(copy, job.bytes, job.n_bytes);
    job.bytes = copy;
    if (job.video_clips == 0)
        job.video_clips = 5;
    r = media_decode(&job, ret, error);
    free(copy);
    return r;
}

static inline struct raw_media decode_job(struct media_job job)
{
    struct error error = {0};
    struct raw_media media = {0};
    char text[512];

    if (run_job(job, &media, &error) != 0)
        fail_msg("%s", error_describe(&error, text, sizeof(text)));
    assert_int_equal(media.kind, job.kind);
    return media;
}

static inline struct raw_media decode(enum media_kind kind, const void *bytes, size_t n)
{
    return decode_job((struct media_job){.kind = kind, .bytes = bytes, .n_bytes = n});
}

static inline struct raw_media decode_file(enum media_kind kind, const char *name)
{
    struct file file = file_load(name);
    struct raw_media media = decode(kind, file.bytes, file.n);

    file_deinit(&file);
    return media;
}

/* Must fail with this code and a message that holds this text. */
static inline void refuse_job(struct media_job job, int code, const char *text)
{
    struct error error = {0};
    struct raw_media media = {0};
    int r = run_job(job, &media, &error);

    if (r != code || !strstr(error.message, text))
        fail_msg("expected %d \"%s\", found %d \"%s\"", code, text, r, error.message);
    assert_int_equal(error.code, code);
    assert_null(media.data);
}

static inline void refuse(enum media_kind kind, const void *bytes, size_t n, int code, const char *text)
{
    refuse_job((struct media_job){.kind = kind, .bytes = bytes, .n_bytes = n}, code, text);
}

static inline void refuse_text(enum media_kind kind, const char *text, int code, const char *message)
{
    refuse(kind, text, strlen(text), code, message);
}

/* No beginning of a file is a file; what is checked is that each is refused with a message and nothing else. */
static inline void refuse_every_cut(enum media_kind kind, const void *bytes, size_t n, size_t step)
{
    for (size_t cut = 0; cut < n; cut += step) {
        struct error error = {0};
        struct raw_media media = {0};
        int r = run_job((struct media_job){.kind = kind, .bytes = bytes, .n_bytes = cut}, &media, &error);

        if (r != -EBADMSG && r != -EMEDIUMTYPE)
            fail_msg("cut at %zu of %zu: %d \"%s\"", cut, n, r, error.message);
        assert_true(error.message[0]);
    }
}

/* Files with one byte changed may mean anything, but must be decoded or refused, not crash. */
static inline void survive_every_change(enum media_kind kind, const void *bytes, size_t n, size_t step)
{
    uint8_t *copy = malloc(n);

    assert_non_null(copy);
    memcpy(copy, bytes, n);
    for (size_t i = 0; i < n; i += step) {
        uint8_t before = copy[i];

        for (int bit = 0; bit < 8; bit += 3) {
            struct error error = {0};
            struct raw_media media = {0};

            copy[i] = before ^ (uint8_t)(1 << bit);
            if (run_job((struct media_job){.kind = kind, .bytes = copy, .n_bytes = n}, &media, &error) < 0)
                assert_true(error.message[0]);
            else
                raw_media_deinit(&media);
        }
        copy[i] = before;
    }
    free(copy);
}

static inline void assert_shape(const struct raw_media *media, enum media_element element, int n_dims,
                                const size_t *shape)
{
    size_t n = media_element_size(element);

    assert_int_equal(media->element, element);
    assert_int_equal(media->n_dims, n_dims);
    for (int i = 0; i < n_dims; i++) {
        assert_int_equal(media->shape[i], shape[i]);
        n *= shape[i];
    }
    assert_int_equal(media->n_bytes, n);
}
#define SHAPE(...)                                                                                                     \
    (sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t)), (size_t[])                                                     \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/* Bytes under construction. */
static inline void put(struct buffer *buffer, const void *bytes, size_t n)
{
    assert_int_equal(buffer_append(buffer, bytes, n), 0);
}
#define PUT(buffer, type, value) put(buffer, &(type){value}, sizeof(type))

static inline struct buffer new_buffer(void)
{
    struct buffer buffer;

    buffer_init(&buffer, (size_t)64 << 20);
    return buffer;
}

/* An NPY file of version 1. */
static inline struct buffer build_npy(const char *type, const char *order, const char *shape, const void *data,
                                      size_t n_bytes)
{
    struct buffer file = new_buffer();
    char header[256];
    int n =
        snprintf(header, sizeof(header), "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", type, order, shape);

    put(&file, "\x93NUMPY\x01", 7);
    put(&file, "", 1);
    PUT(&file, uint16_t, (uint16_t)n);
    put(&file, header, (size_t)n);
    put(&file, data, n_bytes);
    return file;
}
