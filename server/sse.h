/* Frames of an event stream (text/event-stream). Any thread. */
#pragma once

#include <stdint.h>

struct buffer;
struct value;

/* Appends one event; data becomes one line of JSON. Returns 0, -ENOMEM or -EFBIG; then nothing complete was appended
 * and the buffer is marked failed. */
int sse_event(struct buffer *ret, uint64_t id, const char *name, const struct value *data);

/* The same with data alone, as OpenAI's streams have them. */
int sse_data(struct buffer *ret, const struct value *data);
/* The end of such a stream: "[DONE]". */
int sse_done(struct buffer *ret);

/* Appends a comment, which clients ignore. */
int sse_ping(struct buffer *ret);
