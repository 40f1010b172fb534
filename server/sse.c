/* An event is lines of "field: value" and an empty line. JSON as the value library writes it has no line breaks, so it
   is always one `data` line. */
#include "server/sse.h"

#include "core/base/buffer.h"
#include "core/base/value.h"

/* Half a frame must never be sent. */
static int write_data(struct buffer *ret, const struct value *data)
{
    int r = value_write_json(data, false, ret);

    ret->failed = ret->failed || r < 0;
    return r < 0 ? r : buffer_append_text(ret, "\n\n");
}

int sse_event(struct buffer *ret, uint64_t id, const char *name, const struct value *data)
{
    int r = buffer_printf(ret, "id: %llu\nevent: %s\ndata: ", (unsigned long long)id, name);

    return r < 0 ? r : write_data(ret, data);
}

int sse_data(struct buffer *ret, const struct value *data)
{
    int r = buffer_append_text(ret, "data: ");

    return r < 0 ? r : write_data(ret, data);
}

int sse_done(struct buffer *ret)
{
    return buffer_append_text(ret, "data: [DONE]\n\n");
}

int sse_ping(struct buffer *ret)
{
    return buffer_append_text(ret, ": ping\n\n");
}
