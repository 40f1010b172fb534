/* Every request is on daemon->requests until it is freed. Ending one is immediate for the client and for the engine;
   only memory that a preparation thread is reading outlives it for a moment. */
#include "server/request.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "config/config.h"
#include "core/answer/answer_json.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/onellm.h"
#include "server/daemon.h"
#include "server/http.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/prepare.h"

#define QUESTION_BYTES_MAX (512u << 20) /* texts and input tensors; eight videos are 72 MiB */
#define ANSWER_BYTES_MAX (16u << 20)

static void request_free(struct request *request)
{
    struct daemon *daemon = request->daemon;

    if (request->next)
        request->next->previous = request->previous;
    if (request->previous)
        request->previous->next = request->next;
    else
        daemon->requests = request->next;
    admission_drop_bytes(&daemon->admission, request->n_file_bytes);
    for (size_t i = 0; i < request->n_places; i++)
        request_leave(daemon, request->key);
    loop_timer_free(request->deadline);
    for (size_t i = 0; i < request->n_files; i++)
        buffer_deinit(&request->files[i]);
    question_deinit(&request->question);
    for (size_t i = 0; i < REQUEST_ANSWERS_MAX; i++)
        buffer_deinit(&request->answers[i].text);
    stream_deinit(&request->stream);
    request->face->free(request);
    free(request);
    daemon_request_freed(daemon);
}

/* The engine sees to the deadline of what it has; before that, it is seen to here. */
static void on_deadline(void *context)
{
    struct request *request = context;
    struct error error = ERROR_NONE;

    if (request->state == REQUEST_UPLOADING)
        error_set(&error, -ETIMEDOUT, "the request's time was over before its upload was complete");
    else
        error_set(&error, -ETIME, "the request's time was over before its media were decoded");
    request_fail(request, &error);
}

bool request_admit(struct daemon *daemon, struct exchange *exchange, uint64_t body_bytes_max)
{
    uint64_t n_announced = exchange->content_length == HTTP_LENGTH_UNKNOWN ? 0 : exchange->content_length;
    struct error error = ERROR_NONE;

    if (!daemon_is_ready(daemon, exchange))
        return false;
    if (n_announced > body_bytes_max) {
        error_set(&error, -EFBIG, "the body is larger than %llu bytes", (unsigned long long)body_bytes_max);
        exchange_fail(exchange, PROBLEM_PAYLOAD_TOO_LARGE, &error);
        return false;
    }
    if (!key_enter(exchange->key)) {
        exchange_fail(exchange, PROBLEM_KEY_LIMIT, NULL);
        return false;
    }
    if (!admission_enter(&daemon->admission, n_announced)) {
        key_leave(exchange->key);
        exchange_fail(exchange, PROBLEM_QUEUE_FULL, NULL);
        return false;
    }
    exchange->body_bytes_max = body_bytes_max;
    return true;
}

void request_leave(struct daemon *daemon, struct key *key)
{
    admission_leave(&daemon->admission);
    key_leave(key);
}

static void enlist(struct request *request)
{
    struct daemon *daemon = request->daemon;

    request->next = daemon->requests;
    if (request->next)
        request->next->previous = request;
    daemon->requests = request;
}

struct request *request_new(struct daemon *daemon, struct exchange *exchange, const struct request_face *face,
                            uint64_t body_bytes_max)
{
    struct request *request;

    if (!request_admit(daemon, exchange, body_bytes_max))
        return NULL;
    request = calloc(1, face->size);
    if (!request || !(request->deadline = loop_timer_new(daemon->loop, on_deadline, request)) ||
        stream_init(&request->stream, request, daemon->loop) < 0) {
        if (request)
            loop_timer_free(request->deadline);
        free(request);
        request_leave(daemon, exchange->key);
        exchange_fail(exchange, PROBLEM_INTERNAL, NULL);
        return NULL;
    }
    make_id(face->id_prefix, request->id);
    request->daemon = daemon;
    request->face = face;
    request->exchange = exchange;
    request->key = exchange->key;
    request->created = time(NULL);
    atomic_init(&request->cancelled, false);
    question_init(&request->question, QUESTION_BYTES_MAX);
    for (size_t i = 0; i < REQUEST_ANSWERS_MAX; i++)
        buffer_init(&request->answers[i].text, ANSWER_BYTES_MAX);
    request->n_answers = request->n_places = 1;
    enlist(request);
    loop_timer_start(request->deadline, daemon->config->request_timeout_ms);
    exchange->handler = &face->exchange;
    exchange->owner = request;
    daemon->metrics.n_accepted++;
    return request;
}

struct buffer *request_add_file(struct request *request)
{
    struct buffer *file;

    if (request->n_files == QUESTION_FILES_MAX)
        return NULL;
    file = &request->files[request->n_files++];
    buffer_init(file, request->daemon->config->body_bytes_max);
    return file;
}

int request_count_bytes(struct request *request, size_t n, struct error *error)
{
    if (!admission_add_bytes(&request->daemon->admission, n))
        return error_set(error, -EAGAIN, "the uploads of all requests fill their memory; try again later");
    request->n_file_bytes += n;
    return 0;
}

int request_append_file(struct request *request, const void *bytes, size_t n, struct error *error)
{
    int r = request_count_bytes(request, n, error);

    if (r < 0)
        return r;
    r = buffer_append(&request->files[request->n_files - 1], bytes, n);
    return r < 0 ? error_set(error, r, "no room for the file") : 0;
}

void request_shorten(struct request *request)
{
    struct question *question = &request->question;

    if (question->timeout_ms)
        request->deadline_ns = MIN(request->deadline_ns, request->started_ns + question->timeout_ms * 1000000);
    question->deadline_ns = request->deadline_ns;
}

void request_set_timing(struct request *request, const struct sequence_news *total)
{
    exchange_header(request->exchange, "Server-Timing",
                    "queue;dur=%.1f, decode;dur=%.1f, encode;dur=%.1f, prefill;dur=%.1f, generate;dur=%.1f",
                    total->queue_ms, request->question.decode_ms, total->encode_ms, total->prefill_ms,
                    total->generate_ms);
}

void request_prepare(struct request *request)
{
    const struct config *config = request->daemon->config;
    uint64_t now_ns = clock_ns();
    int r;

    request->started_ns = request->exchange->started_ns;
    request->deadline_ns = request->started_ns + config->request_timeout_ms * 1000000;
    request_shorten(request);
    loop_timer_start(request->deadline,
                     request->deadline_ns > now_ns ? (request->deadline_ns - now_ns) / 1000000 + 1 : 0);
    request->media_limits = request->daemon->media_limits;
    request->state = REQUEST_PREPARING;
    r = prepare_start(request);
    if (r < 0) {
        request->state = REQUEST_UPLOADING; /* no thread has it */
        error_set(&request->error, r, "no memory to prepare the question");
        request_fail(request, &request->error);
    }
}

/* Every further answer takes the place of a question. More than can ever be had is no reason to try again later. */
static int take_places(struct request *request)
{
    struct admission *admission = &request->daemon->admission;
    size_t most = admission->requests_max;

    if (request->key && request->key->requests_max)
        most = MIN(most, request->key->requests_max);
    if (request->n_answers > most) {
        error_set(&request->error, -EINVAL,
                  "must be at most %zu: each answer counts as a question, and so many may be in progress", most);
        return error_at(&request->error, "n");
    }
    for (; request->n_places < request->n_answers; request->n_places++) {
        if (!key_enter(request->key))
            return error_set(&request->error, -EDQUOT,
                             "each answer counts as a question, and this API key has as many in progress as it may");
        if (!admission_enter(admission, 0)) {
            key_leave(request->key);
            return error_set(&request->error, -EAGAIN, "too many requests are waiting; try again later");
        }
    }
    return 0;
}

static int fork_answers(struct request *request)
{
    struct request_answer *answers = request->answers;
    int r = 0;

    for (size_t i = 1; i < request->n_answers && r == 0; i++)
        r = onellm_fork(answers[0].sequence, i, &answers[i].sequence, &request->error);
    return r;
}

static int submit_answers(struct request *request, size_t n)
{
    for (; request->n_submitted < n; request->n_submitted++)
        if (onellm_submit(request->daemon->onellm, request->answers[request->n_submitted].sequence) == ONELLM_FULL)
            return error_set(&request->error, -EAGAIN, "too many requests are waiting; try again later");
    return 0;
}

void request_prepared(struct request *request)
{
    struct request_answer *first = &request->answers[0];

    if (request->state == REQUEST_ORPHANED) {
        onellm_release(request->sequence);
        request_free(request);
        return;
    }
    request->state = REQUEST_SUBMITTED;
    loop_timer_stop(request->deadline);
    admission_drop_bytes(&request->daemon->admission, request->n_file_bytes);
    request->n_file_bytes = 0;
    first->sequence = TAKE_PTR(request->sequence);
    if (request->result == 0 && request->face->inspect) {
        request->end = "inspected";
        request->face->answered(request, NULL);
        request_end(request);
        return;
    }
    if (request->result < 0 || take_places(request) < 0 || fork_answers(request) < 0 ||
        submit_answers(request, 1) < 0) {
        request_fail(request, &request->error);
        return;
    }
    if (onellm_take(first->sequence, &first->news, NULL) < 0 ||
        (request->face->accepted && request->face->accepted(request) < 0))
        request_end(request);
}

/* What all answers took: the prompt once, since all begin with what the first has computed; and then until the last of
 * them had ended. */
static struct sequence_news total_of(const struct request *request)
{
    struct sequence_news total = request->answers[0].news;

    for (size_t i = 1; i < request->n_answers; i++) {
        const struct sequence_news *news = &request->answers[i].news;
        double ms = news->queue_ms + news->encode_ms + news->prefill_ms + news->generate_ms;

        total.finish = MAX(total.finish, news->finish);
        total.n_new_tokens += news->n_new_tokens;
        total.generate_ms = MAX(total.generate_ms, ms);
    }
    return total;
}

static void request_finish(struct request *request)
{
    struct sequence_news total = total_of(request);

    log_event(LOG_INFO, "answer",
              "id=%s request=%s answers=%zu finish=%s prompt_tokens=%zu media_tokens=%zu new_tokens=%zu queue_ms=%.1f "
              "decode_ms=%.1f encode_ms=%.1f prefill_ms=%.1f generate_ms=%.1f",
              request->id, request->exchange->request_id, request->n_answers, finish_name((int)total.finish),
              total.n_prompt_tokens, total.n_media_tokens, total.n_new_tokens, total.queue_ms,
              request->question.decode_ms, total.encode_ms, total.prefill_ms, total.generate_ms);
    request->end = request->face->about_media ? "kept" : finish_name((int)total.finish);
    if (!request->face->about_media)
        metrics_answer(&request->daemon->metrics, &request->question, &total);
    request->face->answered(request, &total);
    request_end(request);
}

/* An end that is none of an answer fails the request. A further answer that had no time is an empty one. */
static int check_end(const struct request *request, size_t i, struct error *error)
{
    const struct sequence_news *news = &request->answers[i].news;

    if (news->finish == FINISH_ERROR)
        return error_set(error, news->error, "the engine failed");
    if (news->finish == FINISH_CANCELLED)
        return error_set(error, -ECANCELED, "the request was cancelled");
    if (news->finish == FINISH_TIMEOUT && i == 0 && news->n_new_tokens == 0)
        return error_set(error, -ETIME, "the request's time was over before there was an answer");
    return 0;
}

static int end_answer(struct request *request, size_t i)
{
    const struct sequence_news *news = &request->answers[i].news;
    int r = check_end(request, i, &request->error);

    log_event(LOG_DEBUG, "ended",
              "id=%s index=%zu finish=%s cached_tokens=%zu new_tokens=%zu queue_ms=%.1f encode_ms=%.1f prefill_ms=%.1f "
              "generate_ms=%.1f",
              request->id, i, finish_name((int)news->finish), news->n_cached_tokens, news->n_new_tokens, news->queue_ms,
              news->encode_ms, news->prefill_ms, news->generate_ms);
    request->answers[i].ended = true;
    request->n_ended++;
    return r == 0 && request->face->ended ? request->face->ended(request, i) : r;
}

static size_t index_of(const struct request *request, const struct sequence *sequence)
{
    size_t i = 0;

    while (request->answers[i].sequence != sequence)
        i++;
    return i;
}

void request_take_news(struct request *request, const struct sequence *sequence)
{
    size_t i = index_of(request, sequence), n_before;
    struct request_answer *answer = &request->answers[i];
    int r;

    if (answer->ended)
        return; /* its end came between the last news and their being taken */
    n_before = answer->text.size;
    r = onellm_take(answer->sequence, &answer->news, &answer->text);
    if (r < 0)
        error_set(&request->error, r, "no memory for the answer");
    else if (request->face->news && (answer->text.size > n_before || answer->news.finish == FINISH_NONE))
        r = request->face->news(request, i, answer->text.bytes ? answer->text.bytes + n_before : "",
                                answer->text.size - n_before);
    if (r == 0 && answer->news.finish != FINISH_NONE)
        r = end_answer(request, i);
    if (r == 0 && request->answers[0].news.stage >= STAGE_GENERATING)
        r = submit_answers(request, request->n_answers);
    if (request->error.code)
        request_fail(request, &request->error);
    else if (r < 0)
        request_end(request);
    else if (request->n_ended == request->n_answers)
        request_finish(request);
}

void request_fail(struct request *request, const struct error *error)
{
    enum problem problem = problem_of(error);
    char text[640], quoted[LOG_QUOTE_MAX];

    log_event(problem == PROBLEM_INTERNAL ? LOG_ERROR : LOG_INFO, "failed", "id=%s request=%s code=%s message=%s",
              request->id, request->exchange->request_id, problem_info(problem)->code,
              log_quote(error_describe(error, text, sizeof(text)), quoted, sizeof(quoted)));
    request->end = problem_info(problem)->code;
    if (request->face->failed)
        request->face->failed(request, problem, error);
    else
        exchange_fail(request->exchange, problem, error);
    request_end(request);
}

void request_refused(struct exchange *exchange, const struct error *error)
{
    request_fail(exchange->owner, error);
}

void request_gone(struct exchange *exchange)
{
    struct request *request = exchange->owner;

    log_event(LOG_INFO, "abandoned", "id=%s request=%s", request->id, exchange->request_id);
    request->end = "abandoned";
    request_end(request);
}

void request_end(struct request *request)
{
    metrics_end(&request->daemon->metrics, request->end ? request->end : "dropped");
    atomic_store(&request->cancelled, true);
    request->exchange = NULL;
    loop_timer_stop(request->deadline);
    if (request->state == REQUEST_PREPARING) {
        request->state = REQUEST_ORPHANED;
        return;
    }
    for (size_t i = 0; i < request->n_answers; i++)
        onellm_release(request->answers[i].sequence);
    request_free(request);
}
