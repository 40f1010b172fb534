/* fuzz: server_dep */
/* However a body is cut into pieces, the same parts or the same error come out. The first byte is the size of the
   pieces, the first line behind it the Content-Type. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "server/multipart.h"

#define OUTPUT_MAX (1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_begin(void *context, const char *name, struct error *error)
{
    (void)error;
    return buffer_printf(context, "[%s|", name);
}

static int on_data(void *context, const void *bytes, size_t n, struct error *error)
{
    (void)error;
    if (n == 0)
        abort();
    return buffer_append(context, bytes, n);
}

static int on_end(void *context, struct error *error)
{
    (void)error;
    return buffer_append_text(context, "]");
}

static const struct multipart_sink sink = {on_begin, on_data, on_end};

static int parse(const char *type, const uint8_t *body, size_t n, size_t piece, struct buffer *parts,
                 struct error *error)
{
    struct multipart multipart;
    int r = multipart_init(&multipart, type, 32, &sink, parts, error);

    for (size_t i = 0; i < n && r == 0; i += piece)
        r = multipart_feed(&multipart, body + i, piece < n - i ? piece : n - i, error);
    return r < 0 ? r : multipart_finish(&multipart, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error errors[2] = {0};
    struct buffer parts[2];
    const uint8_t *newline = size > 1 ? memchr(data + 1, '\n', size - 1) : NULL;
    char type[256] = "";
    int results[2];

    if (!newline || (size_t)(newline - data) >= sizeof(type))
        return 0;
    memcpy(type, data + 1, (size_t)(newline - data) - 1);
    for (int i = 0; i < 2; i++) {
        buffer_init(&parts[i], OUTPUT_MAX);
        results[i] = parse(type, newline + 1, (size_t)(data + size - newline) - 1,
                           i ? (size_t)data[0] + 1 : SIZE_MAX / 2, &parts[i], &errors[i]);
    }
    if (results[0] != results[1] || strcmp(errors[0].message, errors[1].message) != 0)
        abort();
    if (results[0] == 0 && (parts[0].size != parts[1].size ||
                            (parts[0].size && memcmp(parts[0].bytes, parts[1].bytes, parts[0].size) != 0)))
        abort();
    buffer_deinit(&parts[0]);
    buffer_deinit(&parts[1]);
    return 0;
}
