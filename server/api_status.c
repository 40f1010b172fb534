/* Alive is the loop that answers; ready is an engine that makes progress or has nothing to do. */
#include "server/api_status.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/value.h"
#include "core/onellm.h"
#include "server/daemon.h"
#include "server/http.h"
#include "server/metrics.h"

static void reply_ok(struct exchange *exchange)
{
    struct value *body = value_object();

    value_set_text(body, "status", "ok");
    exchange_reply(exchange, 200, body);
}

void api_livez(struct daemon *daemon, struct exchange *exchange)
{
    (void)daemon;
    reply_ok(exchange);
}

void api_readyz(struct daemon *daemon, struct exchange *exchange)
{
    if (daemon->state != DAEMON_RUNNING) {
        exchange_fail(exchange, PROBLEM_DRAINING, NULL);
        return;
    }
    if (!daemon_is_ready(daemon, exchange))
        return;
    if (daemon_is_alive(daemon))
        reply_ok(exchange);
    else
        exchange_fail(exchange, PROBLEM_STALLED, NULL);
}

void api_version(struct daemon *daemon, struct exchange *exchange)
{
    const struct onellm_info *info = daemon->onellm ? onellm_info(daemon->onellm) : NULL;
    struct value *body = value_object();

    value_set_text(body, "name", "onellmd");
    value_set_text(body, "version", ONELLMD_VERSION);
    if (info) {
        value_set_text(body, "model", info->id);
        value_set_text(body, "system_fingerprint", info->fingerprint);
    }
    exchange_reply(exchange, 200, body);
}

void api_metrics(struct daemon *daemon, struct exchange *exchange)
{
    _cleanup_(buffer_deinit) struct buffer body;

    buffer_init(&body, 16u << 20);
    metrics_write(daemon, &body);
    if (body.failed)
        exchange_fail(exchange, PROBLEM_INTERNAL, NULL);
    else
        exchange_reply_bytes(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}

extern const char openapi_json[]; /* docs/openapi.json, see meson.build */

void api_openapi(struct daemon *daemon, struct exchange *exchange)
{
    _cleanup_(buffer_deinit) struct buffer body;

    (void)daemon;
    buffer_init(&body, SIZE_MAX);
    if (buffer_append_text(&body, openapi_json) < 0)
        exchange_fail(exchange, PROBLEM_INTERNAL, NULL);
    else
        exchange_reply_bytes(exchange, 200, "application/json", &body);
}
