/* A medium goes the way of one in a question, up to the encoder; its embeddings and what is known of the file are kept,
   the file is not. */
#include "server/api_media.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "core/answer/answer_json.h"
#include "core/base/value.h"
#include "server/daemon.h"
#include "server/form.h"
#include "server/http.h"
#include "server/media_store.h"
#include "server/request.h"

static struct value *kept_json(const struct daemon *daemon, struct kept_info *info)
{
    struct value *ret = value_object();

    value_set_text(ret, "id", info->medium.id);
    value_set_text(ret, "object", "media");
    value_set_integer(ret, "created", info->created);
    value_set_integer(ret, "expires_at", info->expires_at);
    info->medium.id[0] = '\0'; /* has been told */
    value_set(ret, "media", answer_medium_json(daemon->onellm, &info->medium));
    return ret;
}

/* ---- POST /v1/media ---- */

static const struct media_form about = {NULL, NULL};

static size_t find_medium(const struct question *question)
{
    size_t i = 0;

    while (question->uploads[i].is_plane)
        i++;
    return i;
}

/* Preparation thread, before anything is decoded. */
static int check(struct request *request, struct error *error)
{
    const struct question *question = &request->question;
    size_t n = question->n_uploads;

    if (n == 1 || (n == 2 && question->uploads[0].modality == MODALITY_IMAGE &&
                   modality_info(question->uploads[1].modality)->takes_image))
        return 0;
    if (n == 0)
        return 0; /* question_finish_media() has the words */
    return error_set(error, -EINVAL, "one medium at a time, a map perhaps with its image before it; found %zu files",
                     n);
}

static int keep(struct request *request)
{
    struct daemon *daemon = request->daemon;
    struct kept_medium medium = question_describe(&request->question, find_medium(&request->question));
    const struct digest *digest;

    snprintf(medium.id, sizeof(medium.id), "%s", request->id);
    medium.embeddings = (float *)sequence_embeddings(request->answers[0].sequence, 0, &digest); /* is only read */
    medium.digest = *digest;
    return media_store_put(daemon->media_store, &medium, request->key, request->created);
}

static void on_answered(struct request *request, const struct sequence_news *total)
{
    struct daemon *daemon = request->daemon;
    struct value *reply, *timings;
    struct kept_info info;

    if (keep(request) < 0 || !media_store_find(daemon->media_store, request->id, request->key, &info)) {
        exchange_fail(request->exchange, PROBLEM_INTERNAL, NULL);
        return;
    }
    reply = kept_json(daemon, &info);
    timings = value_object();
    value_set_rounded(timings, "queue_ms", total->queue_ms);
    value_set_rounded(timings, "decode_ms", request->question.decode_ms);
    value_set_rounded(timings, "encode_ms", total->encode_ms);
    value_set(reply, "timings", timings);
    request_set_timing(request, total);
    exchange_reply(request->exchange, 200, reply);
}

static const struct request_face keeping_face = {
    .id_prefix = "media",
    .size = sizeof(struct form),
    .about_media = true,
    .exchange = {form_body, form_complete, request_refused, request_gone},
    .read = check,
    .answered = on_answered,
    .free = form_free,
};

void api_media_keep(struct daemon *daemon, struct exchange *exchange)
{
    struct request *request = request_new(daemon, exchange, &keeping_face, daemon->config->body_bytes_max);

    if (request)
        form_begin((struct form *)request, &about);
}

/* ---- /v1/media/{id} ---- */

static const char *id_of(const struct exchange *exchange)
{
    return strrchr(exchange->path, '/') + 1;
}

static void fail_unknown(struct exchange *exchange)
{
    struct error error = ERROR_NONE;

    error_set(&error, -ENOENT, "there is no medium of this id; it may have been forgotten: upload it again");
    exchange_fail(exchange, PROBLEM_NOT_FOUND, &error);
}

void api_media_find(struct daemon *daemon, struct exchange *exchange)
{
    struct kept_info info;

    if (!daemon_is_ready(daemon, exchange))
        return;
    if (media_store_find(daemon->media_store, id_of(exchange), exchange->key, &info))
        exchange_reply(exchange, 200, kept_json(daemon, &info));
    else
        fail_unknown(exchange);
}

void api_media_forget(struct daemon *daemon, struct exchange *exchange)
{
    struct value *reply;

    if (!daemon_is_ready(daemon, exchange))
        return;
    if (!media_store_forget(daemon->media_store, id_of(exchange), exchange->key)) {
        fail_unknown(exchange);
        return;
    }
    reply = value_object();
    value_set_text(reply, "id", id_of(exchange));
    value_set_text(reply, "object", "media");
    value_set_boolean(reply, "deleted", true);
    exchange_reply(exchange, 200, reply);
}
