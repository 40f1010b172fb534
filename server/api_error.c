/* The first row of an errno is what it means; 500s say nothing about their cause, which the log has under the id of the
   request. */
#include "server/api_error.h"

#include <errno.h>
#include <stdio.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/value.h"

static const struct problem_info problems[] = {
    {PROBLEM_INVALID_VALUE, 400, "invalid_request_error", "invalid_value", -EINVAL, false, "A value is not valid."},
    {PROBLEM_INVALID_JSON, 400, "invalid_request_error", "invalid_json", -EILSEQ, false, "The body is not valid JSON."},
    {PROBLEM_MISSING_PROMPT, 400, "invalid_request_error", "missing_prompt", -ENODATA, false,
     "The request has neither a prompt nor a task."},
    {PROBLEM_INVALID_MEDIA, 400, "invalid_request_error", "invalid_media", -EBADMSG, false,
     "A file is damaged or not what its format says."},
    {PROBLEM_CONTEXT_LENGTH, 400, "invalid_request_error", "context_length_exceeded", -E2BIG, false,
     "Prompt and media do not fit the context of the model."},
    {PROBLEM_INVALID_KEY, 401, "authentication_error", "invalid_api_key", 0, false,
     "This server needs an API key: Authorization: Bearer KEY."},
    {PROBLEM_NOT_FOUND, 404, "not_found_error", "not_found", -ENOENT, false, "There is nothing at this address."},
    {PROBLEM_METHOD_NOT_ALLOWED, 405, "not_found_error", "method_not_allowed", 0, false,
     "This address does not take this method; see the Allow header."},
    {PROBLEM_CANCELLED, 409, "cancelled_error", "cancelled", -EINTR, false, "The request was cancelled."},
    {PROBLEM_UPLOAD_TIMEOUT, 408, "timeout_error", "upload_timeout", -ETIMEDOUT, false, "The upload came too slowly."},
    {PROBLEM_PAYLOAD_TOO_LARGE, 413, "invalid_request_error", "payload_too_large", -EFBIG, false,
     "The request is larger than a limit of this server."},
    {PROBLEM_UNSUPPORTED_MEDIA_TYPE, 415, "invalid_request_error", "unsupported_media_type", -EMEDIUMTYPE, false,
     "Data of this type are not accepted here."},
    {PROBLEM_HEADER_TOO_LARGE, 431, "invalid_request_error", "header_too_large", 0, false,
     "The header of the request is too large."},
    {PROBLEM_QUEUE_FULL, 429, "rate_limit_error", "queue_full", -EAGAIN, true,
     "Too many requests are waiting; try again later."},
    {PROBLEM_KEY_LIMIT, 429, "rate_limit_error", "key_limit", -EDQUOT, true,
     "This API key has as many questions in progress as it may."},
    {PROBLEM_INTERNAL, 500, "server_error", "internal_error", 0, false,
     "The server failed to answer; its log says why, under the id of this request."},
    {PROBLEM_MODEL_LOADING, 503, "unavailable_error", "model_loading", 0, true, "The model is being loaded."},
    {PROBLEM_STALLED, 503, "unavailable_error", "stalled", 0, true, "The engine makes no progress."},
    {PROBLEM_DRAINING, 503, "unavailable_error", "draining", -ECANCELED, true, "The server is shutting down."},
    {PROBLEM_DEADLINE, 504, "timeout_error", "deadline_exceeded", -ETIME, false,
     "The request's time was over before there was an answer."},
};

const struct problem_info *problem_info(enum problem problem)
{
    size_t i = 0;

    while (problems[i].problem != problem)
        i++;
    return &problems[i];
}

enum problem problem_of(const struct error *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(problems); i++)
        if (problems[i].error_code && problems[i].error_code == error->code)
            return problems[i].problem;
    return PROBLEM_INTERNAL;
}

struct value *problem_json(enum problem problem, const struct error *error)
{
    const struct problem_info *info = problem_info(problem);
    struct value *root = value_object(), *body = value_object();
    bool tell = error && error->message[0] && info->status != 500;
    char message[sizeof(error->at) + sizeof(error->message) + 4];

    snprintf(message, sizeof(message), "%s%s%s", tell ? error->at : "", tell && error->at[0] ? ": " : "",
             tell ? error->message : info->message);
    value_set_text(body, "message", message);
    value_set_text(body, "type", info->type);
    if (tell && error->at[0])
        value_set_text(body, "param", error->at);
    else
        value_set_null(body, "param");
    value_set_text(body, "code", info->code);
    value_set(root, "error", body);
    return root;
}
