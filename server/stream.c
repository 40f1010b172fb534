#include "server/stream.h"

#include <errno.h>

#include "config/config.h"
#include "core/base/buffer.h"
#include "server/daemon.h"
#include "server/http.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/request.h"
#include "server/sse.h"

/* Nothing more can be sent: too much is unread, or there is no memory. */
static int drop_reader(struct stream *stream, int error)
{
    struct exchange *exchange = stream->request->exchange;

    log_event(LOG_WARNING, "dropped", "id=%s request=%s message=\"%s\"", stream->request->id, exchange->request_id,
              error == -ENOMEM ? "no memory" : "the stream is read too slowly");
    exchange_abort(exchange);
    return error;
}

void stream_watch(struct stream *stream)
{
    loop_timer_start(stream->ping, stream->request->daemon->config->ping_ms);
}

int stream_begin(struct stream *stream)
{
    int r;

    if (stream->begun)
        return 0;
    r = exchange_stream(stream->request->exchange);
    stream->begun = r == 0;
    return r < 0 ? drop_reader(stream, r) : 0;
}

int stream_send(struct stream *stream, const struct buffer *frame)
{
    int r = frame->failed ? -ENOMEM : exchange_write(stream->request->exchange, frame->bytes, frame->size);

    if (r < 0)
        return drop_reader(stream, r);
    stream_watch(stream);
    return 0;
}

static void on_ping(void *context)
{
    struct stream *stream = context;
    struct buffer frame;
    int r;

    if (!stream->request->exchange)
        return; /* ended, but a thread is still preparing it */
    buffer_init(&frame, 64);
    sse_ping(&frame);
    r = stream_begin(stream);
    if (r == 0)
        r = stream_send(stream, &frame);
    buffer_deinit(&frame);
    if (r < 0)
        request_end(stream->request);
}

int stream_init(struct stream *stream, struct request *request, struct loop *loop)
{
    *stream = (struct stream){.request = request, .ping = loop_timer_new(loop, on_ping, stream)};
    return stream->ping ? 0 : -ENOMEM;
}

void stream_deinit(struct stream *stream)
{
    loop_timer_free(stream->ping);
}
