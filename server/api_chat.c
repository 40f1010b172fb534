/* The body is kept until it is complete; reading it (JSON, base64) is work for the preparation thread. Whether the
   reply is a stream is known behind that, so a request that cannot be read is always an honest 400. */
#include "server/api_chat.h"

#include <errno.h>
#include <strings.h>

#include "config/config.h"
#include "core/answer/answer_json.h"
#include "core/answer/chat.h"
#include "core/base/cleanup.h"
#include "core/base/value.h"
#include "server/daemon.h"
#include "server/http.h"
#include "server/request.h"
#include "server/sse.h"
#include "server/stream.h"

struct completion {
    struct request request; /* first, so that one is the other */
    struct buffer body;
    bool include_usage;
    size_t n_told[REQUEST_ANSWERS_MAX]; /* tokens whose probabilities have been told */
};

/* What the request tells. */

static int read_body(struct request *request, struct error *error)
{
    struct completion *completion = (struct completion *)request;
    struct chat chat = {
        .question = &request->question,
        .files = request->files,
        .file_bytes_max = request->daemon->config->json_bytes_max,
        .answers_max = REQUEST_ANSWERS_MAX,
    };
    const struct buffer *body = &completion->body;
    int r = chat_read(&chat, body->bytes ? body->bytes : "", body->size, error);

    request->n_files = chat.n_files;
    completion->include_usage = chat.include_usage;
    if (r == 0)
        request->n_answers = chat.n_answers;
    buffer_deinit(&completion->body);
    return r;
}

/* Takes data over; NULL: only the mark of the end. */
static int send_data(struct completion *completion, struct value *data, bool is_last)
{
    _cleanup_(value_freep) struct value *owned = data;
    _cleanup_(buffer_deinit) struct buffer frame;

    buffer_init(&frame, SIZE_MAX);
    if (data)
        sse_data(&frame, data);
    if (is_last)
        sse_done(&frame);
    return stream_send(&completion->request.stream, &frame);
}
static int send_chunk(struct completion *completion, const struct sequence_news *news, struct chat_chunk chunk)
{
    const struct request *request = &completion->request;

    chunk.n_told = completion->n_told[chunk.index];
    if (chunk.kind != CHAT_CHUNK_ROLE)
        completion->n_told[chunk.index] = news->n_new_tokens;
    return send_data(completion,
                     answer_chunk_json(request->daemon->onellm, &request->question,
                                       request->answers[chunk.index].sequence, news, request->id, request->created,
                                       &chunk),
                     false);
}

static int send_choice(struct request *request, struct chat_chunk chunk)
{
    return send_chunk((struct completion *)request, &request->answers[chunk.index].news, chunk);
}

static int on_accepted(struct request *request)
{
    int r = request->question.stream ? stream_begin(&request->stream) : 0;

    for (size_t i = 0; request->question.stream && i < request->n_answers && r == 0; i++)
        r = send_choice(request, (struct chat_chunk){CHAT_CHUNK_ROLE, .index = i, .text = ""});
    return r;
}

static int on_news(struct request *request, size_t i, const char *text, size_t n)
{
    if (!request->question.stream || n == 0)
        return 0;
    return send_choice(request, (struct chat_chunk){CHAT_CHUNK_TEXT, .index = i, .text = text, .n_text = n});
}

static int on_ended(struct request *request, size_t i)
{
    return request->question.stream ? send_choice(request, (struct chat_chunk){CHAT_CHUNK_END, .index = i}) : 0;
}

static void reply(struct request *request, const struct sequence_news *total)
{
    struct chat_choice choices[REQUEST_ANSWERS_MAX];

    for (size_t i = 0; i < request->n_answers; i++) {
        const struct request_answer *answer = &request->answers[i];

        choices[i] = (struct chat_choice){answer->sequence, &answer->news, answer->text.bytes ? answer->text.bytes : "",
                                          answer->text.size};
    }
    request_set_timing(request, total);
    exchange_reply(request->exchange, 200,
                   answer_chat_json(request->daemon->onellm, &request->question, choices, request->n_answers, total,
                                    request->id, request->created));
}

static void on_answered(struct request *request, const struct sequence_news *total)
{
    struct completion *completion = (struct completion *)request;
    int r = 0;

    if (!request->question.stream) {
        reply(request, total);
        return;
    }
    if (completion->include_usage)
        r = send_chunk(completion, total, (struct chat_chunk){.kind = CHAT_CHUNK_USAGE});
    if (r == 0)
        r = send_data(completion, NULL, true);
    if (r == 0)
        exchange_end(request->exchange);
}

static void on_failed(struct request *request, enum problem problem, const struct error *error)
{
    struct completion *completion = (struct completion *)request;

    if (!request->stream.begun)
        exchange_fail(request->exchange, problem, error);
    else if (send_data(completion, problem_json(problem, error), true) == 0)
        exchange_end(request->exchange);
}

static void completion_free(struct request *request)
{
    struct completion *completion = (struct completion *)request;

    buffer_deinit(&completion->body);
}

/* What the exchange tells. */

/* Read, the body is in memory once more: that is counted, too. */
static void on_body(struct exchange *exchange, const void *bytes, size_t n)
{
    struct completion *completion = exchange->owner;
    struct error error = ERROR_NONE;
    int r = request_count_bytes(&completion->request, 2 * n, &error);

    if (r == 0) {
        r = buffer_append(&completion->body, bytes, n);
        if (r < 0)
            error_set(&error, r, "no memory for the body");
    }
    if (r < 0)
        request_fail(&completion->request, &error);
}

static void on_complete(struct exchange *exchange)
{
    struct completion *completion = exchange->owner;

    request_prepare(&completion->request);
}

static const struct request_face completion_face = {
    .id_prefix = "chatcmpl",
    .size = sizeof(struct completion),
    .exchange = {on_body, on_complete, request_gone},
    .read = read_body,
    .accepted = on_accepted,
    .news = on_news,
    .ended = on_ended,
    .answered = on_answered,
    .failed = on_failed,
    .free = completion_free,
};

void api_chat(struct daemon *daemon, struct exchange *exchange)
{
    const char *type = exchange->content_type;
    struct error error = ERROR_NONE;
    struct completion *completion;

    if (type && strncasecmp(type, "multipart/", 10) == 0) {
        error_set(&error, -EMEDIUMTYPE, "the body must be JSON; POST /v1/answers takes forms");
        exchange_fail(exchange, PROBLEM_UNSUPPORTED_MEDIA_TYPE, &error);
        return;
    }
    completion = (struct completion *)request_new(daemon, exchange, &completion_face, daemon->config->json_bytes_max);
    if (completion)
        buffer_init(&completion->body, SIZE_MAX);
}
