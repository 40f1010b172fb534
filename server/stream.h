/* The reply to a request as server-sent events: begun when there is something to send, kept alive by a comment whenever
   it has been silent for a while, dropped when its reader is too slow. Thread: loop.

   Embedded in its request. A negative result means that nothing more can be sent; the request has to be ended behind
   it. */
#pragma once

#include <stdbool.h>

struct buffer;
struct loop;
struct loop_timer;
struct request;

struct stream {
    struct request *request;
    struct loop_timer *ping;
    bool begun;
};

/* -ENOMEM. */
int stream_init(struct stream *stream, struct request *request, struct loop *loop);
void stream_deinit(struct stream *stream);

/* From now on silence is broken; that begins the stream, too. */
void stream_watch(struct stream *stream);
/* Sends the header. Once is enough; more is allowed. */
int stream_begin(struct stream *stream);
/* A whole frame, see sse.h; failed ones count as no memory. */
int stream_send(struct stream *stream, const struct buffer *frame);
