/* Start: listen, run the loop, and open the model on another thread, so that /livez answers meanwhile.
   End: SIGTERM or SIGINT -> DRAINING for drain_delay_ms -> STOPPING until nothing is left or drain_timeout_ms is over,
   then whatever is left gets an error. A second signal ends the process at once. */
#include "server/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config/config.h"
#include "core/base/buffer.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/model/hparams.h"
#include "core/onellm.h"
#include "server/http.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/media/media_pool.h"
#include "server/media_store.h"
#include "server/request.h"
#include "server/routes.h"
#include "server/supervisor.h"

#define OTHER_DESCRIPTORS 64 /* beside connections: the model, epoll, pipes … */
#define DRAIN_POLL_MS 20
#define FLUSH_MS 1000 /* for the last replies to be read */
#define RETRY_SOON_S 5

enum { MEDIA_SANDBOX_ON }; /* the first word of the option */

/* The engine. */

/* One round: as many as there are requests. The engine may be faster than this thread, and sockets, timers and signals
 * must have their turn, too. */
static void on_news(void *context)
{
    struct daemon *daemon = context;
    struct sequence *sequence;

    for (size_t n = daemon->admission.n_requests; n > 0; n--) {
        sequence = onellm_next(daemon->onellm);
        if (!sequence)
            return;
        request_take_news(sequence_owner(sequence), sequence);
    }
    if (daemon->admission.n_requests)
        loop_wake_send(daemon->news);
}

static void wake_loop(void *context)
{
    struct daemon *daemon = context;

    loop_wake_send(daemon->news);
}

static void open_model(void *context)
{
    struct daemon *daemon = context;
    const struct config *config = daemon->config;
    const struct onellm_options options = {
        .model_path = config->model[0] ? config->model : NULL,
        .n_threads = (int)config->threads,
        .context = config->context,
        .n_sequences = config->sequences,
        .kv_positions = config->kv_positions,
        .kv_type = (enum kv_type)config->kv_type,
        .memory_bytes_max = config->memory_bytes_max,
        .media_cache_bytes = config->media_cache_bytes,
        .n_drafts = config->drafts,
        .queue_max = daemon->admission.requests_max,
        .wake = wake_loop,
        .wake_context = daemon,
    };

    daemon->opening_result = onellm_open(&options, &daemon->opened, daemon->error);
}

static void log_memory(const struct onellm_info *info)
{
    const uint64_t total =
        info->packed_bytes + info->mapped_bytes + info->kv_bytes + info->workspace_bytes + info->media_cache_bytes;

    log_event(LOG_INFO, "memory",
              "packed_bytes=%" PRIu64 " mapped_bytes=%" PRIu64 " kv_bytes=%" PRIu64 " workspace_bytes=%" PRIu64
              " media_cache_bytes=%" PRIu64 " total_bytes=%" PRIu64 " available_bytes=%" PRIu64,
              info->packed_bytes, info->mapped_bytes, info->kv_bytes, info->workspace_bytes, info->media_cache_bytes,
              total, info->available_bytes);
}

static void on_opened(void *context)
{
    struct daemon *daemon = context;
    const struct onellm_info *info;

    daemon->is_opening = false;
    daemon->onellm = daemon->opened;
    if (daemon->opening_result < 0 || daemon->state == DAEMON_STOPPING) {
        daemon->result = daemon->opening_result;
        loop_stop(daemon->loop);
        return;
    }
    info = onellm_info(daemon->onellm);
    daemon->media_store = media_store_new(info->hparams->n_modality_tokens * info->hparams->decoder.width,
                                          daemon->config->media_store_bytes, daemon->config->media_ttl_ms);
    if (!daemon->media_store) {
        daemon->result = error_set(daemon->error, -ENOMEM, "no memory for media that are kept");
        loop_stop(daemon->loop);
        return;
    }
    log_event(LOG_INFO, "model", "id=%s fingerprint=%s type=%s bytes=%zu context=%zu sequences=%zu kv_positions=%zu",
              info->id, info->fingerprint, info->type, info->n_bytes, info->context, info->n_sequences,
              info->kv_positions);
    log_memory(info);
    if (info->untrained)
        log_event(LOG_WARNING, "untrained", "message=\"this model has random weights: its answers mean nothing\"");
    log_event(LOG_INFO, "ready", "model=%s", info->id);
    supervisor_tell("READY=1\nSTATUS=Answers questions.");
}

/* The end. */

static void fail_requests(struct daemon *daemon)
{
    struct request *request = daemon->requests, *next;

    for (; request; request = next) {
        struct error error = ERROR_NONE;

        next = request->next;
        error_set(&error, -ECANCELED, "the server is shutting down");
        if (request->exchange)
            request_fail(request, &error);
    }
}

static void on_stopping(void *context)
{
    struct daemon *daemon = context;
    uint64_t now_ns = clock_ns();

    if (http_n_exchanges(daemon->http) == 0 && !daemon->requests) {
        loop_stop(daemon->loop);
        return;
    }
    if (now_ns >= daemon->end_ns)
        fail_requests(daemon);
    if (now_ns >= daemon->end_ns + FLUSH_MS * 1000000ull)
        loop_stop(daemon->loop);
    else
        loop_timer_start(daemon->timer, DRAIN_POLL_MS);
}

static void on_drain_delay_over(void *context)
{
    struct daemon *daemon = context;

    log_event(LOG_INFO, "stopping", "exchanges=%zu timeout_ms=%llu", http_n_exchanges(daemon->http),
              (unsigned long long)daemon->config->drain_timeout_ms);
    daemon->end_ns = clock_ns() + daemon->config->drain_timeout_ms * 1000000;
    http_stop_listening(daemon->http); /* who has connected is still served */
    daemon->state = DAEMON_STOPPING;
    on_stopping(daemon);
}

static void on_timer(void *context)
{
    struct daemon *daemon = context;

    if (daemon->state == DAEMON_DRAINING)
        on_drain_delay_over(daemon);
    else
        on_stopping(daemon);
}

static void on_terminate(void *context)
{
    struct daemon *daemon = context;

    if (daemon->state != DAEMON_RUNNING) {
        log_event(LOG_WARNING, "killed", "message=\"second signal\"");
        _exit(EXIT_FAILURE);
    }
    log_event(LOG_INFO, "draining", "delay_ms=%llu", (unsigned long long)daemon->config->drain_delay_ms);
    daemon->state = DAEMON_DRAINING;
    supervisor_tell("STOPPING=1\nSTATUS=Finishes what was accepted.");
    http_close_after_replies(daemon->http);
    loop_timer_start(daemon->timer, daemon->onellm ? daemon->config->drain_delay_ms : 0);
}

/* What the supervisor asks. */

bool daemon_is_alive(const struct daemon *daemon)
{
    struct onellm_statistics statistics;

    if (!daemon->onellm)
        return daemon->is_opening;
    onellm_statistics(daemon->onellm, &statistics);
    return !statistics.busy || clock_ns() <= statistics.heartbeat_ns + daemon->config->stall_ms * 1000000;
}

/* Twice as often as it has to be. A daemon that is stalled is not defended. */
static void on_watchdog(void *context)
{
    struct daemon *daemon = context;

    if (daemon_is_alive(daemon))
        supervisor_tell("WATCHDOG=1");
    loop_timer_start(daemon->watchdog, supervisor_watchdog_ms() / 2 + 1);
}

/* What http.c asks. */

static void on_begin(void *context, struct exchange *exchange)
{
    routes_begin(context, exchange);
}

static void on_over(void *context, const struct exchange *exchange, int status)
{
    struct daemon *daemon = context;

    metrics_reply(&daemon->metrics, exchange->route, status);
}

static unsigned on_retry_after(void *context)
{
    struct daemon *daemon = context;
    struct onellm_statistics statistics;

    if (!daemon->onellm || daemon->state != DAEMON_RUNNING)
        return RETRY_SOON_S;
    onellm_statistics(daemon->onellm, &statistics);
    return admission_retry_after_s(&daemon->admission, statistics.seconds_per_request);
}

bool daemon_is_ready(struct daemon *daemon, struct exchange *exchange)
{
    if (daemon->state == DAEMON_STOPPING)
        exchange_fail(exchange, PROBLEM_DRAINING, NULL);
    else if (!daemon->onellm)
        exchange_fail(exchange, PROBLEM_MODEL_LOADING, NULL);
    else
        return true;
    return false;
}

/* Start. */

static struct media_limits limits_of(const struct config *config)
{
    return (struct media_limits){
        .image_pixels_max = config->image_pixels_max,
        .video_side_max = (int)config->video_side_max,
        .video_seconds_max = config->video_seconds_max,
        .audio_seconds_max = config->audio_seconds_max,
        .points_max = config->points_max,
        .imu_seconds_max = config->imu_seconds_max,
        .fmri_repeats_max = config->fmri_repeats_max,
    };
}

/* As many connections as wanted, or as the limit on descriptors leaves. */
static size_t connections_max(const struct config *config)
{
    size_t wanted = config->connections_max + OTHER_DESCRIPTORS;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return config->connections_max;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted)
        return config->connections_max;
    log_event(LOG_WARNING, "few_descriptors", "wanted=%zu limit=%llu", wanted, (unsigned long long)limit.rlim_cur);
    return limit.rlim_cur > 2 * OTHER_DESCRIPTORS ? limit.rlim_cur - OTHER_DESCRIPTORS : OTHER_DESCRIPTORS;
}

static int listen_http(struct daemon *daemon, struct error *error)
{
    const struct config *config = daemon->config;
    char address[LISTENER_ADDRESS_MAX];
    struct http_options options = {
        .connections_max = connections_max(config),
        .header_timeout_ms = config->header_timeout_ms,
        .upload_idle_ms = config->upload_idle_ms,
        .keep_alive_ms = config->keep_alive_ms,
        .stream_bytes_max = config->stream_bytes_max,
        .begin = on_begin,
        .over = on_over,
        .retry_after_s = on_retry_after,
        .context = daemon,
    };
    int r = listener_open(config->host, (uint16_t)config->port, &options.listen_fd, address, error);

    if (r == 0)
        r = http_new(daemon->loop, &options, &daemon->http, error);
    if (r == 0)
        log_event(LOG_INFO, "listening", "address=http://%s", address);
    return r;
}

/* At the start a bad file is an error; later, the keys that were read before stay. */
static int read_keys(struct daemon *daemon, struct error *error)
{
    size_t n;
    int r = daemon->config->keys[0] ? keys_load(&daemon->keys, daemon->config->keys, &n, error) : 0;

    if (r == 0 && daemon->config->keys[0])
        log_event(LOG_INFO, "keys", "n=%zu", n);
    return r;
}

static void log_failure(const char *event, const struct error *error)
{
    char text[640], quoted[LOG_QUOTE_MAX];

    log_event(LOG_ERROR, event, "message=%s",
              log_quote(error_describe(error, text, sizeof(text)), quoted, sizeof(quoted)));
}

static void apply_config(struct daemon *daemon)
{
    const struct config *config = daemon->config;

    log_set((enum log_level)config->log_level, (enum log_format)config->log_format);
    daemon->media_limits = limits_of(config);
    daemon->admission.bytes_max = config->uploads_bytes_max;
    media_pool_limit(daemon->media, config->media_memory_bytes_max, config->media_timeout_ms);
}

/* Whatever is wrong leaves as it was what it is about. */
static void on_reload(void *context)
{
    struct daemon *daemon = context;
    struct error config_error = ERROR_NONE, keys_error = ERROR_NONE;
    struct buffer changed, wait;
    char quoted[2][LOG_QUOTE_MAX];

    buffer_init(&changed, LOG_QUOTE_MAX);
    buffer_init(&wait, LOG_QUOTE_MAX);
    if (config_reload(daemon->config, &changed, &wait, &config_error) < 0) {
        log_failure("config", &config_error);
    } else {
        apply_config(daemon);
        log_event(wait.size ? LOG_WARNING : LOG_INFO, "config", "changed=%s wait_for_restart=%s",
                  log_quote(changed.size ? changed.bytes : "", quoted[0], sizeof(quoted[0])),
                  log_quote(wait.size ? wait.bytes : "", quoted[1], sizeof(quoted[1])));
    }
    buffer_deinit(&changed);
    buffer_deinit(&wait);
    if (read_keys(daemon, &keys_error) < 0)
        log_failure("keys", &keys_error);
}

static int start_media(struct daemon *daemon, struct error *error)
{
    const struct config *config = daemon->config;
    const struct media_pool_options options = {
        .is_confined = config->media_sandbox == MEDIA_SANDBOX_ON,
        .memory_bytes_max = config->media_memory_bytes_max,
        .timeout_ms = config->media_timeout_ms,
    };
    int r = media_pool_new(&options, &daemon->media, error);

    if (r < 0)
        return r;
    if (options.is_confined)
        log_event(LOG_INFO, "sandbox", "seccomp=on landlock=%d", media_pool_landlock(daemon->media));
    else
        log_event(LOG_WARNING, "sandbox", "seccomp=off message=\"uploads are decoded without a sandbox\"");
    return 0;
}

static int start(struct daemon *daemon, struct error *error)
{
    int r;

    signal(SIGPIPE, SIG_IGN);
    r = loop_new(&daemon->loop, error);
    if (r < 0)
        return r;
    daemon->timer = loop_timer_new(daemon->loop, on_timer, daemon);
    daemon->news = loop_wake_new(daemon->loop, on_news, daemon);
    daemon->watchdog = loop_timer_new(daemon->loop, on_watchdog, daemon);
    if (!daemon->timer || !daemon->news || !daemon->watchdog ||
        loop_on_signal(daemon->loop, SIGTERM, on_terminate, daemon) < 0 ||
        loop_on_signal(daemon->loop, SIGINT, on_terminate, daemon) < 0 ||
        loop_on_signal(daemon->loop, SIGHUP, on_reload, daemon) < 0)
        return error_set(error, -ENOMEM, "cannot set up the event loop");
    r = read_keys(daemon, error);
    if (r == 0)
        r = start_media(daemon, error);
    if (r == 0)
        r = listen_http(daemon, error);
    if (r < 0)
        return r;
    if (supervisor_watchdog_ms())
        on_watchdog(daemon);
    daemon->is_opening = true;
    r = loop_work(daemon->loop, open_model, on_opened, daemon);
    if (r < 0) {
        daemon->is_opening = false;
        return error_set(error, r, "no memory to open the model");
    }
    return 0;
}

/* In reverse. Preparation threads still use the engine, and the opening thread still makes it. */
static void stop(struct daemon *daemon)
{
    daemon->state = DAEMON_STOPPING;
    daemon->http = http_free(daemon->http);
    while (daemon->requests || daemon->n_jobs || daemon->is_opening)
        loop_run(daemon->loop);
    onellm_close(daemon->onellm);
    media_store_free(daemon->media_store);
    media_pool_free(daemon->media);
    loop_wake_free(daemon->news);
    loop_timer_free(daemon->timer);
    loop_timer_free(daemon->watchdog);
    loop_free(daemon->loop);
    keys_deinit(&daemon->keys);
}

void daemon_request_freed(struct daemon *daemon)
{
    if (!daemon->http && !daemon->requests && !daemon->n_jobs)
        loop_stop(daemon->loop);
}

int daemon_run(struct config *config, struct error *error)
{
    struct daemon daemon = {
        .config = config,
        .media_limits = limits_of(config),
        .admission = {.requests_max = config->queue + config->sequences, .bytes_max = config->uploads_bytes_max},
        .error = error,
    };
    int r = start(&daemon, error);

    if (r == 0)
        loop_run(daemon.loop);
    if (r == 0)
        r = daemon.result;
    stop(&daemon);
    if (r == 0)
        log_event(LOG_INFO, "stopped", "status=0");
    return r;
}
