/* A job per exchange: its body as it comes, then work on another thread, then the reply. A client that has gone leaves
   its job behind until the thread is done with it. */
#include "server/api_tokens.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "core/onellm.h"
#include "core/text/bpe.h"
#include "core/text/vocabulary.h"
#include "server/daemon.h"
#include "server/http.h"
#include "server/loop.h"
#include "server/request.h"

#define BODY_BYTES_MAX (8u << 20)
#define JOB_BYTES_MAX ((size_t)256 << 20)

struct job {
    struct daemon *daemon;
    struct exchange *exchange; /* NULL: the client has gone */
    struct key *key;
    int (*work)(struct job *job, const struct value *body);
    bool is_working;
    uint64_t n_bytes; /* counted by admission */
    struct buffer body;
    struct arena arena;
    struct value *reply;
    struct error error;
};

static void job_free(struct job *job)
{
    admission_drop_bytes(&job->daemon->admission, job->n_bytes);
    request_leave(job->daemon, job->key);
    buffer_deinit(&job->body);
    arena_deinit(&job->arena);
    value_free(job->reply);
    job->daemon->n_jobs--;
    daemon_request_freed(job->daemon);
    free(job);
}

static void job_fail(struct job *job)
{
    exchange_fail(job->exchange, problem_of(&job->error), &job->error);
    job_free(job);
}

/* ---- text -> tokens ---- */

static const struct vocabulary *vocabulary_of(const struct job *job)
{
    return onellm_info(job->daemon->onellm)->vocabulary;
}

static int refuse(struct job *job, const char *name, const char *message)
{
    error_set(&job->error, -EINVAL, "%s", message);
    return error_at(&job->error, "%s", name);
}

static int read_switch(struct job *job, const struct value *body, const char *name, bool *ret)
{
    const struct value *value = value_get(body, name);

    return value_is_null(value) || value_boolean(value, ret) ? 0 : refuse(job, name, "must be true or false");
}

/* {"content":"text","add_special":false,"with_pieces":false} -> {"tokens":[1, …]}, or with pieces
 * [{"id":1,"piece":"…"}, …], as llama-server has it. */
static int tokenize(struct job *job, const struct value *body)
{
    const struct vocabulary *vocabulary = vocabulary_of(job);
    const char *text = value_text(value_get(body, "content"));
    bool add_special = false, with_pieces = false;
    struct value *tokens = value_array();
    int32_t *ids = NULL, bos = vocabulary_settings(vocabulary)->bos_id;
    size_t n = 0;
    int r = read_switch(job, body, "add_special", &add_special);

    job->reply = value_object();
    value_set(job->reply, "tokens", tokens);
    if (r == 0)
        r = read_switch(job, body, "with_pieces", &with_pieces);
    if (r == 0 && !text)
        r = refuse(job, "content", "must be a string");
    if (r == 0)
        r = bpe_encode(vocabulary, text, strlen(text), &job->arena, &ids, &n, &job->error);
    if (r < 0)
        return r;
    for (size_t i = add_special && bos >= 0 ? 0 : 1; i <= n; i++) {
        int32_t id = i == 0 ? bos : ids[i - 1];
        const struct piece *piece = vocabulary_piece(vocabulary, id);
        struct value *token;

        if (!with_pieces) {
            value_add_integer(tokens, id);
            continue;
        }
        token = value_object();
        value_set_integer(token, "id", id);
        value_set_text_n(token, "piece", piece->text, piece->n);
        value_add(tokens, token);
    }
    return 0;
}

/* ---- tokens -> text ---- */

/* {"tokens":[1, …]} -> {"content":"text"} */
static int detokenize(struct job *job, const struct value *body)
{
    const struct value *tokens = value_get(body, "tokens");
    size_t n = value_size(tokens), n_text;
    int32_t *ids = arena_new(&job->arena, int32_t, n + 1);
    char *text;
    int r;

    if (!value_is_array(tokens))
        return refuse(job, "tokens", "must be an array of integers");
    if (!ids)
        return error_set(&job->error, -ENOMEM, "no memory for the tokens");
    for (size_t i = 0; i < n; i++) {
        int64_t id;

        if (!value_integer(value_at(tokens, i), &id) || id < 0 || (uint64_t)id >= vocabulary_size(vocabulary_of(job))) {
            error_set(&job->error, -EINVAL, "must be an integer from 0 to %zu",
                      vocabulary_size(vocabulary_of(job)) - 1);
            return error_at(&job->error, "tokens[%zu]", i);
        }
        ids[i] = (int32_t)id;
    }
    r = bpe_decode(vocabulary_of(job), ids, n, &job->arena, &text, &n_text, &job->error);
    if (r < 0)
        return r;
    job->reply = value_object();
    value_set_text_n(job->reply, "content", text, n_text);
    return 0;
}

/* ---- the exchange ---- */

static void on_thread(void *context)
{
    struct job *job = context;
    struct value *body = NULL;

    if (value_parse_json(job->body.bytes ? job->body.bytes : "", job->body.size, &body, &job->error) == 0)
        job->work(job, body);
    value_free(body);
}

static void on_loop(void *context)
{
    struct job *job = context;

    job->is_working = false;
    if (!job->exchange) {
        job_free(job);
    } else if (job->error.code) {
        job_fail(job);
    } else {
        exchange_reply(job->exchange, 200, job->reply);
        job->reply = NULL;
        job_free(job);
    }
}

static void on_body(struct exchange *exchange, const void *bytes, size_t n)
{
    struct job *job = exchange->owner;
    int r = 0;

    if (admission_add_bytes(&job->daemon->admission, n))
        job->n_bytes += n;
    else
        r = error_set(&job->error, -EAGAIN, "the uploads of all requests fill their memory; try again later");
    if (r == 0 && buffer_append(&job->body, bytes, n) < 0)
        r = error_set(&job->error, -ENOMEM, "no memory for the body");
    if (r < 0)
        job_fail(job);
}

static void on_complete(struct exchange *exchange)
{
    struct job *job = exchange->owner;

    job->is_working = loop_work(job->daemon->loop, on_thread, on_loop, job) == 0;
    if (!job->is_working) {
        error_set(&job->error, -ENOMEM, "no memory for the work");
        job_fail(job);
    }
}

static void on_failed(struct exchange *exchange, const struct error *error)
{
    struct job *job = exchange->owner;

    job->error = *error;
    job_fail(job);
}

static void on_gone(struct exchange *exchange)
{
    struct job *job = exchange->owner;

    job->exchange = NULL;
    if (!job->is_working)
        job_free(job);
}

static const struct exchange_handler job_handler = {on_body, on_complete, on_failed, on_gone};

static void begin(struct daemon *daemon, struct exchange *exchange, int (*work)(struct job *, const struct value *))
{
    struct job *job;

    if (!request_admit(daemon, exchange, BODY_BYTES_MAX))
        return;
    job = calloc(1, sizeof(*job));
    if (!job) {
        request_leave(daemon, exchange->key);
        exchange_fail(exchange, PROBLEM_INTERNAL, NULL);
        return;
    }
    job->daemon = daemon;
    daemon->n_jobs++;
    job->exchange = exchange;
    job->key = exchange->key;
    job->work = work;
    buffer_init(&job->body, SIZE_MAX);
    arena_init(&job->arena, JOB_BYTES_MAX);
    exchange->handler = &job_handler;
    exchange->owner = job;
}

void api_tokenize(struct daemon *daemon, struct exchange *exchange)
{
    begin(daemon, exchange, tokenize);
}

void api_detokenize(struct daemon *daemon, struct exchange *exchange)
{
    begin(daemon, exchange, detokenize);
}
