/* Everything that takes long, the JSON included, is made on the preparation thread; the engine hears nothing of it. */
#include "server/api_inspect.h"

#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "core/answer/inspection_json.h"
#include "core/base/cleanup.h"
#include "core/base/value.h"
#include "server/daemon.h"
#include "server/form.h"
#include "server/http.h"
#include "server/request.h"

struct inspection {
    struct form form; /* first, so that one is the other */
    enum tensor_form tensor;
    struct buffer reply;
};

static int set_tensor(struct request *request, const char *text, size_t n, struct error *error)
{
    static const char *const names[] = {[TENSOR_NONE] = "none", [TENSOR_U8] = "u8", [TENSOR_F32] = "f32"};
    struct inspection *inspection = (struct inspection *)request;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strlen(names[i]) == n && memcmp(names[i], text, n) == 0) {
            inspection->tensor = (enum tensor_form)i;
            return 0;
        }
    return error_set(error, -EINVAL, "must be none, u8 or f32");
}

static const struct media_form about = {"tensor", set_tensor};

static int inspect(struct request *request, struct error *error)
{
    struct inspection *inspection = (struct inspection *)request;
    _cleanup_(value_freep) struct value *json =
        inspection_json(request->daemon->onellm, &request->question, inspection->tensor);

    if (!json || value_write_json(json, false, &inspection->reply) < 0)
        return error_set(error, -ENOMEM, "no memory for the reply");
    return 0;
}

static void on_answered(struct request *request, const struct sequence_news *total)
{
    struct inspection *inspection = (struct inspection *)request;

    (void)total;
    exchange_header(request->exchange, "Server-Timing", "decode;dur=%.1f", request->question.decode_ms);
    exchange_reply_bytes(request->exchange, 200, "application/json", &inspection->reply);
}

static void inspection_free(struct request *request)
{
    struct inspection *inspection = (struct inspection *)request;

    buffer_deinit(&inspection->reply);
    form_free(request);
}

static const struct request_face inspection_face = {
    .id_prefix = "insp",
    .size = sizeof(struct inspection),
    .about_media = true,
    .exchange = {form_body, form_complete, request_refused, request_gone},
    .inspect = inspect,
    .answered = on_answered,
    .free = inspection_free,
};

void api_media_inspect(struct daemon *daemon, struct exchange *exchange)
{
    struct request *request = request_new(daemon, exchange, &inspection_face, daemon->config->body_bytes_max);
    struct inspection *inspection = (struct inspection *)request;

    if (!inspection)
        return;
    buffer_init(&inspection->reply, SIZE_MAX);
    form_begin(&inspection->form, &about);
}
