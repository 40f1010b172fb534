/* The body is JSON, or a form with the JSON as its part `request` and files as the others. The JSON is kept until the
   body is complete, since files may come before or behind it; reading it (JSON, base64) is work for the preparation
   thread. Whether the reply is a stream is known behind that, so a request that cannot be read is always an honest 400.
 */
#include "server/api_chat.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "config/config.h"
#include "core/answer/answer_json.h"
#include "core/answer/chat.h"
#include "core/answer/fields.h"
#include "core/base/cleanup.h"
#include "core/base/value.h"
#include "server/daemon.h"
#include "server/http.h"
#include "server/media_store.h"
#include "server/multipart.h"
#include "server/request.h"
#include "server/sse.h"
#include "server/stream.h"

#define JSON_PART "request"

struct completion {
    struct request request;                /* first, so that one is the other */
    bool is_form, has_json, in_json;       /* has, in: the part of the form */
    struct multipart multipart;            /* of a form */
    const char *names[QUESTION_FILES_MAX]; /* of a form's files, in the order of the request's */
    struct buffer json;
    bool include_usage;
    size_t n_told[REQUEST_ANSWERS_MAX]; /* tokens whose probabilities have been told */
};

/* What the request tells. */

static int add_kept(void *context, const char *id, struct question *question, struct error *error)
{
    const struct request *request = context;

    return media_store_add_to(request->daemon->media_store, id, request->key, question, error);
}

static int read_json(struct request *request, struct error *error)
{
    struct completion *completion = (struct completion *)request;
    struct chat chat = {
        .question = &request->question,
        .files = request->files,
        .names = completion->is_form ? completion->names : NULL,
        .n_files = request->n_files,
        .n_names = request->n_files,
        .file_bytes_max = completion->json.size_max,
        .add_kept = add_kept,
        .context = request,
        .answers_max = REQUEST_ANSWERS_MAX,
    };
    const struct buffer *json = &completion->json;
    int r = chat_read(&chat, json->bytes ? json->bytes : "", json->size, error);

    request->n_files = chat.n_files;
    completion->include_usage = chat.include_usage;
    if (r == 0)
        request->n_answers = chat.n_answers;
    buffer_deinit(&completion->json);
    return r;
}

/* Takes data over. */
static int send_data(struct request *request, struct value *data)
{
    _cleanup_(value_freep) struct value *owned = data;
    _cleanup_(buffer_deinit) struct buffer frame;

    buffer_init(&frame, SIZE_MAX);
    sse_data(&frame, data);
    return stream_send(&request->stream, &frame);
}

static void end_stream(struct request *request)
{
    _cleanup_(buffer_deinit) struct buffer frame;

    buffer_init(&frame, SIZE_MAX);
    sse_done(&frame);
    if (stream_send(&request->stream, &frame) == 0)
        exchange_end(request->exchange);
}

static int send_chunk(struct request *request, const struct sequence_news *news, struct chat_chunk chunk)
{
    struct completion *completion = (struct completion *)request;

    chunk.n_told = completion->n_told[chunk.index];
    if (chunk.kind != CHAT_CHUNK_ROLE)
        completion->n_told[chunk.index] = news->n_new_tokens;
    return send_data(request, answer_chunk_json(request->daemon->onellm, &request->question,
                                                request->answers[chunk.index].sequence, news, request->id,
                                                request->created, &chunk));
}

static int send_choice(struct request *request, struct chat_chunk chunk)
{
    return send_chunk(request, &request->answers[chunk.index].news, chunk);
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

    if (!request->question.stream)
        reply(request, total);
    else if (!completion->include_usage ||
             send_chunk(request, total, (struct chat_chunk){.kind = CHAT_CHUNK_USAGE}) == 0)
        end_stream(request);
}

static void on_failed(struct request *request, enum problem problem, const struct error *error)
{
    if (!request->stream.begun)
        exchange_fail(request->exchange, problem, error);
    else if (send_data(request, problem_json(problem, error)) == 0)
        end_stream(request);
}

static void completion_free(struct request *request)
{
    struct completion *completion = (struct completion *)request;

    buffer_deinit(&completion->json);
}

/* Read, the JSON is in memory once more: that is counted, too. */
static int append_json(struct completion *completion, const void *bytes, size_t n, struct error *error)
{
    int r = request_count_bytes(&completion->request, 2 * n, error);

    if (r == 0) {
        r = buffer_append(&completion->json, bytes, n);
        if (r == -EFBIG)
            error_set(error, r, "is larger than %zu bytes", completion->json.size_max);
        else if (r < 0)
            error_set(error, r, "no memory for the body");
    }
    return r;
}

/* Parts of a form. */

static int refuse_part(const char *name, const char *message, struct error *error)
{
    error_set(error, -EINVAL, "%s", message);
    error_at_name(error, name);
    return -EINVAL;
}

static int begin_file(struct completion *completion, const char *name, struct error *error)
{
    struct request *request = &completion->request;

    for (size_t i = 0; i < request->n_files; i++)
        if (strcmp(completion->names[i], name) == 0)
            return refuse_part(name, "is the name of two parts", error);
    if (!request_add_file(request))
        return error_set(error, -EINVAL, "at most %d files in one request", QUESTION_FILES_MAX);
    completion->names[request->n_files - 1] = arena_copy_text(&request->question.arena, name, strlen(name));
    return completion->names[request->n_files - 1] ? 0 : error_set(error, -ENOMEM, "no memory for a name");
}

static int on_part_begin(void *context, const char *name, struct error *error)
{
    struct completion *completion = context;

    completion->in_json = strcmp(name, JSON_PART) == 0;
    if (!completion->in_json)
        return begin_file(completion, name, error);
    if (completion->has_json)
        return refuse_part(name, "is the name of two parts", error);
    completion->has_json = true;
    return 0;
}

static int on_part_data(void *context, const void *bytes, size_t n, struct error *error)
{
    struct completion *completion = context;
    int r = completion->in_json ? append_json(completion, bytes, n, error)
                                : request_append_file(&completion->request, bytes, n, error);

    if (r < 0)
        error_at_name(error, completion->multipart.name);
    return r;
}

static const struct multipart_sink part_sink = {on_part_begin, on_part_data, NULL};

static int finish_form(struct completion *completion, struct error *error)
{
    int r = multipart_finish(&completion->multipart, error);

    if (r == 0 && !completion->has_json)
        r = refuse_part(JSON_PART, "is missing: the part of the form that has the JSON", error);
    return r;
}

/* What the exchange tells. */

static void on_body(struct exchange *exchange, const void *bytes, size_t n)
{
    struct completion *completion = exchange->owner;
    struct error error = ERROR_NONE;
    int r = completion->is_form ? multipart_feed(&completion->multipart, bytes, n, &error)
                                : append_json(completion, bytes, n, &error);

    if (r < 0)
        request_fail(&completion->request, &error);
}

static void on_complete(struct exchange *exchange)
{
    struct completion *completion = exchange->owner;
    struct error error = ERROR_NONE;

    if (completion->is_form && finish_form(completion, &error) < 0)
        request_fail(&completion->request, &error);
    else
        request_prepare(&completion->request);
}

static const struct request_face completion_face = {
    .id_prefix = "chatcmpl",
    .size = sizeof(struct completion),
    .exchange = {on_body, on_complete, request_refused, request_gone},
    .read = read_json,
    .accepted = on_accepted,
    .news = on_news,
    .ended = on_ended,
    .answered = on_answered,
    .failed = on_failed,
    .free = completion_free,
};

void api_chat(struct daemon *daemon, struct exchange *exchange)
{
    const struct config *config = daemon->config;
    const char *type = exchange->content_type;
    bool is_form = type && strncasecmp(type, "multipart/", 10) == 0;
    struct request *request =
        request_new(daemon, exchange, &completion_face, is_form ? config->body_bytes_max : config->json_bytes_max);
    struct completion *completion = (struct completion *)request;
    struct error error = ERROR_NONE;

    if (!completion)
        return;
    buffer_init(&completion->json, config->json_bytes_max);
    completion->is_form = is_form;
    if (is_form && multipart_init(&completion->multipart, type, config->parts_max, &part_sink, completion, &error) < 0)
        request_fail(request, &error);
}
