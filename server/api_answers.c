/* A form; its answer may be a stream.

   A stream begins when the engine has accepted the question, so that a damaged file is still an honest 400; or at the
   first ping if preparing takes longer than that, and then a failure is an `error` event. */
#include "server/api_answers.h"

#include "config/config.h"
#include "core/answer/answer_json.h"
#include "core/base/cleanup.h"
#include "core/base/value.h"
#include "server/daemon.h"
#include "server/form.h"
#include "server/http.h"
#include "server/request.h"
#include "server/sse.h"
#include "server/stream.h"

struct answer {
    struct form form; /* first, so that one is the other */
    uint64_t n_events;
    enum stage told_stage; /* in the latest progress event */
    size_t told_position;
};

static int send_event(struct answer *answer, const char *name, struct value *data)
{
    _cleanup_(value_freep) struct value *owned = data;
    _cleanup_(buffer_deinit) struct buffer frame;

    buffer_init(&frame, SIZE_MAX);
    sse_event(&frame, ++answer->n_events, name, data);
    return stream_send(&answer->form.request.stream, &frame);
}

/* One progress event for every new stage or place in the queue before the answer begins. */
static int send_progress(struct answer *answer, const struct sequence_news *news)
{
    struct value *data;

    if (news->stage > STAGE_PREFILLING ||
        (news->stage == answer->told_stage && news->queue_position == answer->told_position))
        return 0;
    answer->told_stage = news->stage;
    answer->told_position = news->queue_position;
    data = value_object();
    value_set_text(data, "stage", stage_name((int)news->stage));
    if (news->stage == STAGE_QUEUED)
        value_set_integer(data, "queue_position", (int64_t)news->queue_position);
    return send_event(answer, "progress", data);
}

/* What the request tells. */

static int on_accepted(struct request *request)
{
    struct answer *answer = (struct answer *)request;
    struct value *data;
    int r;

    if (!request->question.stream)
        return 0;
    r = stream_begin(&answer->form.request.stream);
    if (r < 0)
        return r;
    data = value_object();
    value_set_text(data, "id", request->id);
    value_set(data, "media", answer_media_json(request->daemon->onellm, &request->question));
    r = send_event(answer, "start", data);
    return r < 0 ? r : send_progress(answer, &request->answers[0].news);
}

static int on_news(struct request *request, size_t i, const char *text, size_t n)
{
    struct answer *answer = (struct answer *)request;
    struct value *data;

    if (!request->question.stream)
        return 0;
    if (n == 0)
        return send_progress(answer, &request->answers[i].news);
    data = value_object();
    value_set_text_n(data, "text", text, n);
    return send_event(answer, "delta", data);
}

static void on_answered(struct request *request, const struct sequence_news *news)
{
    struct answer *answer = (struct answer *)request;
    const struct buffer *text = &request->answers[0].text;
    struct value *json = answer_json(request->daemon->onellm, &request->question, request->answers[0].sequence, news,
                                     request->id, request->created, text->bytes ? text->bytes : "", text->size, false);

    if (!request->question.stream) {
        request_set_timing(request, news);
        exchange_reply(request->exchange, 200, json);
    } else if (send_event(answer, "done", json) == 0) {
        exchange_end(request->exchange);
    }
}

static void on_failed(struct request *request, enum problem problem, const struct error *error)
{
    struct answer *answer = (struct answer *)request;

    if (!request->stream.begun)
        exchange_fail(request->exchange, problem, error);
    else if (send_event(answer, "error", problem_json(problem, error)) == 0)
        exchange_end(request->exchange);
}

static const struct request_face answer_face = {
    .id_prefix = "ans",
    .size = sizeof(struct answer),
    .exchange = {form_body, form_complete, request_refused, request_gone},
    .accepted = on_accepted,
    .news = on_news,
    .answered = on_answered,
    .failed = on_failed,
    .free = form_free,
};

void api_answers(struct daemon *daemon, struct exchange *exchange)
{
    struct request *request = request_new(daemon, exchange, &answer_face, daemon->config->body_bytes_max);
    struct answer *answer = (struct answer *)request;

    if (!answer)
        return;
    answer->told_stage = STAGE_FINISHED; /* nothing yet */
    form_begin(&answer->form, NULL);
}
