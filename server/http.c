/* libmicrohttpd has no thread of its own here: its epoll descriptor is one watch of the loop, its timeouts one timer,
   and http_pump() runs it. Nothing happens between two runs, so whoever resumes a connection must ask for a run. That
   goes through a wake and not through a timer of no time: the loop serves due timers until there are none, and a timer
   that starts itself again would keep it from everything else.

   Phases of an exchange:
     HEAD      in `begin`
     BODY      pieces arrive; the owner's `body`
     WAITING   the body is complete; the owner's `complete`. No reply yet: the connection is suspended, and a watch
   (which begins with the body) sees the client hang up, because libmicrohttpd looks away from suspended connections
     REPLYING  libmicrohttpd sends; a stream without new bytes is suspended, too
     LINGERING see below

   libmicrohttpd cannot reply while a body is arriving. So a reply that cannot wait for the end of the body (413, 408, a
   malformed part) is written to the socket directly, the sending side is shut down, and for a moment the rest of the
   body is read and dropped: closing at once would reset the connection, and the client might lose the reply. */
#include "server/http.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/value.h"
#include "server/log.h"
#include "server/loop.h"

#define CONNECTION_MEMORY 32768 /* header, pieces of bodies and replies of one connection */
#define STREAM_BLOCK 8192
#define LINGER_MS 5000
#define FRUITLESS_RUNS_MAX 16
#define STUCK_MS 5
#define REPLY_BYTES_MAX (64 << 20)
#define REPLY_HEADERS_MAX 12
#define ACCEPT_ROUNDS_MAX 128 /* of ten connections each: more than wait to be accepted */

enum phase {
    PHASE_HEAD,
    PHASE_BODY,
    PHASE_WAITING,
    PHASE_REPLYING,
    PHASE_LINGERING,
};

struct reply_header {
    const char *name;
    char value[256];
};

struct connection {
    struct http *http;
    struct connection *previous, *next;
    struct MHD_Connection *mhd;
    int fd;
    size_t n_target;          /* bytes of the request's target as it was sent */
    struct loop_timer *timer; /* of its idleness, a header, an upload or the lingering */
    struct http_exchange *exchange;
};

struct http_exchange {
    struct exchange public; /* first, so that one is the other */
    struct connection *connection;
    enum phase phase;
    bool is_head, is_http_1_0, expects_continue;
    bool is_broken; /* nobody knows where its body ends: the reply must close the connection */
    bool suspended;
    bool lost; /* the client is gone or was cut off */
    uint64_t n_body_bytes;
    struct reply_header headers[REPLY_HEADERS_MAX];
    size_t n_headers;
    struct MHD_Response *response; /* made, but not handed to libmicrohttpd yet */
    int status;
    bool ended;           /* a stream to which nothing will be added */
    struct buffer unsent; /* of a stream */
    struct loop_watch *hangup;
};

struct http {
    struct http_options options;
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct loop_wake *again;
    struct connection *connections;
    size_t n_exchanges;
    bool pumping, pump_again;
    unsigned n_fruitless; /* runs since one in which libmicrohttpd called somebody */
    bool close_after_replies;
};

/* Running libmicrohttpd. */

static void http_pump_soon(struct http *http)
{
    if (http->pumping)
        http->pump_again = true;
    else
        loop_wake_send(http->again);
}

/* libmicrohttpd wants to run at once for as long as a connection has bytes for which there is no room, such as a chunk
 * whose first line does not end. Nothing comes of that, so after a few runs without news it has to wait. */
static void http_pump(void *context)
{
    struct http *http = context;
    MHD_UNSIGNED_LONG_LONG timeout_ms;

    http->pumping = true;
    http->pump_again = false;
    http->n_fruitless++;
    MHD_run(http->daemon);
    http->pumping = false;
    if (MHD_get_timeout(http->daemon, &timeout_ms) == MHD_NO)
        loop_timer_stop(http->timer);
    else if (timeout_ms == 0 && http->n_fruitless < FRUITLESS_RUNS_MAX)
        http->pump_again = true;
    else
        loop_timer_start(http->timer, MAX(timeout_ms, (MHD_UNSIGNED_LONG_LONG)STUCK_MS));
    if (http->pump_again)
        loop_wake_send(http->again);
}

static void exchange_suspend(struct http_exchange *exchange)
{
    MHD_suspend_connection(exchange->connection->mhd);
    exchange->suspended = true;
}

static void exchange_resume(struct http_exchange *exchange)
{
    if (!exchange->suspended)
        return;
    exchange->suspended = false;
    MHD_resume_connection(exchange->connection->mhd);
    http_pump_soon(exchange->connection->http);
}

/* The owner hears of it once; libmicrohttpd will notice when it runs. */
static void exchange_lose(struct http_exchange *exchange)
{
    const struct exchange_handler *handler = exchange->public.handler;

    exchange->lost = true;
    exchange->public.handler = NULL;
    if (handler && handler->gone)
        handler->gone(&exchange->public);
}

static void on_hangup(void *context)
{
    struct http_exchange *exchange = context;

    exchange_lose(exchange);
    if (exchange->suspended) {
        exchange_resume(exchange);
        return;
    }
    shutdown(exchange->connection->fd, SHUT_RDWR);
    http_pump_soon(exchange->connection->http);
}

/* False: no memory, and nobody would notice. */
static bool exchange_watch(struct http_exchange *exchange)
{
    struct connection *connection = exchange->connection;

    if (!exchange->hangup)
        exchange->hangup = loop_watch_new(connection->http->loop, connection->fd, LOOP_HANGUP, on_hangup, exchange);
    return exchange->hangup;
}

/* What libmicrohttpd asks for once an exchange needs time. */
static bool exchange_wait(struct http_exchange *exchange)
{
    if (!exchange_watch(exchange))
        return false;
    exchange_suspend(exchange);
    return true;
}

/* Replies. */

/* Written past libmicrohttpd, see above. The reply is small and the socket's buffer empty, so one send() takes it; if
 * not, the client is not reading anyway. */
static void reply_at_once(struct http_exchange *exchange, int status, const struct buffer *body)
{
    struct connection *connection = exchange->connection;
    size_t n_body = exchange->is_head ? 0 : body->size;
    time_t now = time(NULL);
    struct buffer reply;
    struct tm parts;
    char date[40];

    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
    buffer_init(&reply, REPLY_BYTES_MAX);
    buffer_printf(&reply, "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\nContent-Length: %zu\r\n", status,
                  MHD_get_reason_phrase_for((unsigned)status), date, body->size);
    for (size_t i = 0; i < exchange->n_headers; i++)
        buffer_printf(&reply, "%s: %s\r\n", exchange->headers[i].name, exchange->headers[i].value);
    buffer_append_text(&reply, "\r\n");
    if (n_body)
        buffer_append(&reply, body->bytes, n_body);
    if (!reply.failed && send(connection->fd, reply.bytes, reply.size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_event(LOG_DEBUG, "send_failed", "request=%s error=%d", exchange->public.request_id, errno);
    buffer_deinit(&reply);
    shutdown(connection->fd, SHUT_WR);
    exchange->phase = PHASE_LINGERING;
    loop_timer_start(connection->timer, LINGER_MS);
}

/* Keeps a response until libmicrohttpd asks for it. */
static void exchange_take_response(struct http_exchange *exchange, int status, struct MHD_Response *response)
{
    for (size_t i = 0; response && i < exchange->n_headers; i++)
        MHD_add_response_header(response, exchange->headers[i].name, exchange->headers[i].value);
    if (response && exchange->connection->http->close_after_replies)
        MHD_add_response_header(response, "Connection", "close");
    if (!response)
        exchange->lost = true;
    exchange->response = response;
    exchange->status = status;
    exchange_resume(exchange);
}

static enum MHD_Result exchange_queue(struct http_exchange *exchange)
{
    struct MHD_Response *response = TAKE_PTR(exchange->response);
    enum MHD_Result result = MHD_queue_response(exchange->connection->mhd, (unsigned)exchange->status, response);

    MHD_destroy_response(response);
    exchange->phase = PHASE_REPLYING;
    return result;
}

/* libmicrohttpd wants bytes of a stream. */
static ssize_t on_stream_read(void *context, uint64_t position, char *ret, size_t n_max)
{
    struct http_exchange *exchange = context;
    size_t n = MIN(n_max, exchange->unsent.size);

    (void)position;
    exchange->connection->http->n_fruitless = 0;
    if (exchange->lost)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n) {
        memcpy(ret, exchange->unsent.bytes, n);
        buffer_consume(&exchange->unsent, n);
        return (ssize_t)n;
    }
    if (exchange->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    return exchange_wait(exchange) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* Beginning of an exchange. */

/* Name, colon, blanks and value are where they came to, in one line. (Of a folded header, libmicrohttpd glues the
 * second line to the name.) */
static enum MHD_Result on_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct http_head *head = context;

    (void)kind;
    http_head_add(head, name, value);
    head->n_understood += (size_t)(value - name) + strlen(value) + 2;
    return MHD_YES;
}

/* Of "http://host/path", which every server must take, too. */
static const char *path_of(const char *url)
{
    const char *slash;

    if (strncasecmp(url, "http://", 7) != 0)
        return url;
    slash = strchr(url + 7, '/');
    return slash ? slash : "/";
}

static struct http_exchange *exchange_new(struct connection *connection, const char *url, const char *method,
                                          const char *version, struct http_head *head)
{
    struct http_exchange *exchange = calloc(1, sizeof(*exchange));

    if (!exchange)
        return NULL;
    *head = (struct http_head){
        .is_http_1_0 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0,
        .n_bytes = MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size,
        .n_understood = strlen(method) + 1 + connection->n_target + 1 + strlen(version) + 2 + 2};
    MHD_get_connection_values(connection->mhd, MHD_HEADER_KIND, on_header, head);
    exchange->public = (struct exchange){.method = method,
                                         .path = path_of(url),
                                         .content_type = head->content_type,
                                         .authorization = head->authorization,
                                         .accept_encoding = head->accept_encoding,
                                         .if_none_match = head->if_none_match,
                                         .content_length = head->content_length,
                                         .started_ns = clock_ns()};
    if (head->request_id && request_id_is_valid(head->request_id))
        strcpy(exchange->public.request_id, head->request_id);
    else
        make_id("req", exchange->public.request_id);
    exchange->is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    exchange->expects_continue = head->expects_continue && !head->is_http_1_0;
    exchange->connection = connection;
    buffer_init(&exchange->unsent, connection->http->options.stream_bytes_max);
    connection->exchange = exchange;
    connection->http->n_exchanges++;
    return exchange;
}

static bool has_body(const struct http_exchange *exchange)
{
    return exchange->public.content_length != 0 || exchange->is_broken;
}

static enum MHD_Result exchange_begin(struct connection *connection, const char *url, const char *method,
                                      const char *version, void **slot)
{
    const struct http_options *options = &connection->http->options;
    struct error error = ERROR_NONE;
    struct http_exchange *exchange;
    struct http_head head;
    int r;

    loop_timer_stop(connection->timer);
    exchange = exchange_new(connection, url, method, version, &head);
    if (!exchange)
        return MHD_NO;
    *slot = exchange;
    r = http_head_check(&head, &error);
    if (r < 0) {
        exchange->is_broken = true;
        exchange_fail(&exchange->public, r == -EFBIG ? PROBLEM_HEADER_TOO_LARGE : PROBLEM_INVALID_VALUE, &error);
        return MHD_YES;
    }
    options->begin(options->context, &exchange->public);
    if (exchange->phase == PHASE_LINGERING)
        return MHD_YES;
    exchange->phase = PHASE_BODY;
    if (exchange->response) /* without a body it waits for the last call, so that the connection stays */
        return has_body(exchange) ? exchange_queue(exchange) : MHD_YES;
    if (has_body(exchange)) {
        loop_timer_start(connection->timer, options->upload_idle_ms);
        exchange_watch(exchange); /* libmicrohttpd does not see an end that comes together with bytes */
    }
    return MHD_YES;
}

/* Body and end of a request. */

static void exchange_take_body(struct http_exchange *exchange, const char *bytes, size_t n)
{
    const struct exchange_handler *handler = exchange->public.handler;
    struct error error = ERROR_NONE;

    if (exchange->phase != PHASE_BODY || !handler)
        return;
    loop_timer_start(exchange->connection->timer, exchange->connection->http->options.upload_idle_ms);
    exchange->n_body_bytes += n;
    if (exchange->n_body_bytes <= exchange->public.body_bytes_max) {
        if (handler->body)
            handler->body(&exchange->public, bytes, n);
        return;
    }
    error_set(&error, -EFBIG, "the body is larger than %llu bytes",
              (unsigned long long)exchange->public.body_bytes_max);
    handler->failed(&exchange->public, &error);
}

static enum MHD_Result exchange_complete(struct http_exchange *exchange)
{
    const struct exchange_handler *handler = exchange->public.handler;

    if (exchange->phase == PHASE_BODY) {
        loop_timer_stop(exchange->connection->timer);
        exchange->phase = PHASE_WAITING;
        if (!exchange->response && handler && handler->complete)
            handler->complete(&exchange->public);
    }
    if (exchange->lost || exchange->phase == PHASE_LINGERING)
        return MHD_NO;
    if (exchange->response)
        return exchange_queue(exchange);
    return exchange_wait(exchange) ? MHD_YES : MHD_NO;
}

/* What libmicrohttpd calls. */

static enum MHD_Result on_access(void *context, struct MHD_Connection *mhd, const char *url, const char *method,
                                 const char *version, const char *upload, size_t *n_upload, void **slot)
{
    struct http_exchange *exchange = *slot;
    struct connection *connection;
    struct http *http = context;

    http->n_fruitless = 0;
    if (!exchange) {
        connection = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
        return connection ? exchange_begin(connection, url, method, version, slot) : MHD_NO;
    }
    if (*n_upload == 0)
        return exchange_complete(exchange);
    exchange_take_body(exchange, upload, *n_upload);
    *n_upload = 0;
    return MHD_YES;
}

static void log_exchange(const struct http_exchange *exchange)
{
    bool notable = exchange->status >= 400 || exchange->lost || strcmp(exchange->public.method, "GET") != 0;
    char method[32], path[LOG_QUOTE_MAX];

    log_event(notable ? LOG_INFO : LOG_DEBUG, "request", "id=%s method=%s path=%s status=%d received=%llu ms=%.1f%s",
              exchange->public.request_id, log_quote(exchange->public.method, method, sizeof(method)),
              log_quote(exchange->public.path, path, sizeof(path)), exchange->status,
              (unsigned long long)exchange->n_body_bytes, (double)(clock_ns() - exchange->public.started_ns) * 1e-6,
              exchange->lost ? " lost=true" : "");
}

/* The exchange is over: its reply was sent, or its connection is. */
static void on_exchange_over(void *context, struct MHD_Connection *mhd, void **slot,
                             enum MHD_RequestTerminationCode code)
{
    struct http_exchange *exchange = *slot;
    struct connection *connection;

    (void)context, (void)mhd;
    if (!exchange)
        return;
    connection = exchange->connection;
    connection->http->n_fruitless = 0;
    if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && exchange->phase != PHASE_LINGERING)
        exchange_lose(exchange);
    log_exchange(exchange);
    connection->http->options.over(connection->http->options.context, &exchange->public, exchange->status);
    loop_watch_free(exchange->hangup);
    if (exchange->response)
        MHD_destroy_response(exchange->response);
    buffer_deinit(&exchange->unsent);
    connection->exchange = NULL;
    connection->http->n_exchanges--;
    loop_timer_start(connection->timer, connection->http->options.keep_alive_ms);
    free(exchange);
    *slot = NULL;
}

/* The one timer of a connection: its idleness, its header, its upload or its lingering took too long. */
static void on_connection_timer(void *context)
{
    struct connection *connection = context;
    struct http_exchange *exchange = connection->exchange;
    struct error error = ERROR_NONE;

    if (exchange && exchange->phase == PHASE_BODY && exchange->public.handler) {
        error_set(&error, -ETIMEDOUT, "the upload came too slowly");
        exchange->public.handler->failed(&exchange->public, &error);
        return;
    }
    shutdown(connection->fd, SHUT_RDWR);
    http_pump_soon(connection->http);
}

/* The first line of a request is here: the rest of its header should follow. */
static void *on_request_line(void *context, const char *uri, struct MHD_Connection *mhd)
{
    struct connection *connection = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;

    (void)context;
    if (!connection)
        return NULL;
    connection->n_target = uri ? strlen(uri) : 0;
    connection->http->n_fruitless = 0;
    loop_timer_start(connection->timer, connection->http->options.header_timeout_ms);
    return NULL;
}

/* A coded '/' or zero is not the same to everybody who looks at an address: with one, it stays as it is, and leads
 * nowhere. */
static size_t on_unescape(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context, (void)mhd;
    return strstr(text, "%00") || strcasestr(text, "%2f") ? strlen(text) : MHD_http_unescape(text);
}

static void connection_open(struct http *http, struct MHD_Connection *mhd, void **slot)
{
    _cleanup_(freep) struct connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return; /* its requests will be refused */
    connection->timer = loop_timer_new(http->loop, on_connection_timer, connection);
    if (!connection->timer)
        return;
    connection->http = http;
    connection->mhd = mhd;
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    connection->next = http->connections;
    if (connection->next)
        connection->next->previous = connection;
    http->connections = connection;
    loop_timer_start(connection->timer, http->options.header_timeout_ms);
    *slot = TAKE_PTR(connection);
}

/* The listening socket may have waited for this, and is only looked at again in the next run. */
static void connection_close(struct connection *connection)
{
    connection->http->pump_again = true;
    if (connection->next)
        connection->next->previous = connection->previous;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        connection->http->connections = connection->next;
    loop_timer_free(connection->timer);
    free(connection);
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **slot,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *http = context;

    http->n_fruitless = 0;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        connection_open(http, mhd, slot);
    else if (*slot)
        connection_close(TAKE_PTR(*(struct connection **)slot));
}

static __attribute__((format(printf, 2, 0))) void on_log(void *context, const char *format, va_list arguments)
{
    char text[256], quoted[LOG_QUOTE_MAX];

    (void)context;
    vsnprintf(text, sizeof(text), format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_event(LOG_DEBUG, "http", "message=%s", log_quote(text, quoted, sizeof(quoted)));
}

/* Public. */

static struct MHD_Daemon *start_daemon(struct http *http)
{
    const struct http_options *options = &http->options;
    /* For clients that do not read their replies; everything else has its own timer. */
    uint64_t idle_ms = MAX(options->keep_alive_ms, options->upload_idle_ms) + options->header_timeout_ms;
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, http}, /* first, so that it hears of the others */
        {MHD_OPTION_LISTEN_SOCKET, options->listen_fd, NULL},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, http},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_request_line, http},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)on_unescape, http},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_exchange_over, http},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)options->connections_max, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)(idle_ms / 1000 + 1), NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_access,
                            http, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}

void make_id(const char *prefix, char ret[ID_MAX])
{
    uint32_t bits[3] = {0};

    if (getrandom(bits, sizeof(bits), 0) < 0)
        memcpy(bits, &(uint64_t){clock_ns()}, sizeof(uint64_t));
    snprintf(ret, ID_MAX, "%.8s-%08x%08x%08x", prefix, bits[0], bits[1], bits[2]);
}

int http_new(struct loop *loop, const struct http_options *options, struct http **ret, struct error *error)
{
    struct http *http = calloc(1, sizeof(*http));

    if (!http) {
        close(options->listen_fd);
        return error_set(error, -ENOMEM, "no memory for the HTTP server");
    }
    http->options = *options;
    http->loop = loop;
    http->daemon = start_daemon(http);
    if (!http->daemon) {
        close(options->listen_fd);
        free(http);
        return error_set(error, -EIO, "cannot start the HTTP server");
    }
    http->timer = loop_timer_new(loop, http_pump, http);
    http->again = loop_wake_new(loop, http_pump, http);
    http->watch = loop_watch_new(loop, MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
                                 LOOP_READABLE, http_pump, http);
    if (!http->timer || !http->again || !http->watch) {
        http_free(http);
        return error_set(error, -ENOMEM, "no memory for the HTTP server");
    }
    *ret = http;
    return 0;
}

/* libmicrohttpd aborts when it is stopped with suspended connections. */
struct http *http_free(struct http *http)
{
    if (!http)
        return NULL;
    for (struct connection *connection = http->connections; connection; connection = connection->next)
        if (connection->exchange) {
            exchange_lose(connection->exchange);
            if (connection->exchange->suspended)
                MHD_resume_connection(connection->mhd);
            connection->exchange->suspended = false;
        }
    MHD_run(http->daemon);
    loop_watch_free(http->watch);
    MHD_stop_daemon(http->daemon);
    loop_timer_free(http->timer);
    loop_wake_free(http->again);
    free(http);
    return NULL;
}

void http_close_after_replies(struct http *http)
{
    http->close_after_replies = true;
}

/* Who has connected by now would be reset, and who has asked would be cut off: they are heard first. What was accepted
 * in one run is read in the next. */
static void hear_who_waits(struct http *http)
{
    struct pollfd listener = {.fd = http->options.listen_fd, .events = POLLIN};

    for (int round = 0; round < ACCEPT_ROUNDS_MAX && poll(&listener, 1, 0) > 0; round++)
        http_pump(http);
    http_pump(http);
}

void http_stop_listening(struct http *http)
{
    MHD_socket fd;

    hear_who_waits(http);
    fd = MHD_quiesce_daemon(http->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    http->close_after_replies = true;
    for (struct connection *connection = http->connections; connection; connection = connection->next)
        if (!connection->exchange)
            shutdown(connection->fd, SHUT_RDWR);
    http_pump_soon(http);
}

size_t http_n_exchanges(const struct http *http)
{
    return http->n_exchanges;
}

void exchange_header(struct exchange *public, const char *name, const char *format, ...)
{
    struct http_exchange *exchange = (struct http_exchange *)public;
    struct reply_header *header = &exchange->headers[exchange->n_headers];
    va_list arguments;

    assert(exchange->n_headers < REPLY_HEADERS_MAX);
    header->name = name;
    va_start(arguments, format);
    vsnprintf(header->value, sizeof(header->value), format, arguments);
    va_end(arguments);
    exchange->n_headers++;
}

static void reply(struct exchange *public, int status, const char *type, const struct buffer *body,
                  enum MHD_ResponseMemoryMode memory)
{
    struct http_exchange *exchange = (struct http_exchange *)public;
    bool in_body = exchange->phase == PHASE_BODY || (exchange->phase == PHASE_HEAD && !exchange->expects_continue);

    public->handler = NULL;
    exchange->status = status;
    if (type)
        exchange_header(public, "Content-Type", "%s", type);
    exchange_header(public, "X-Request-Id", "%s", public->request_id);
    if (exchange->is_broken || (in_body && has_body(exchange)))
        reply_at_once(exchange, status, body);
    else
        exchange_take_response(exchange, status, MHD_create_response_from_buffer(body->size, body->bytes, memory));
}

void exchange_reply(struct exchange *exchange, int status, struct value *value)
{
    _cleanup_(value_freep) struct value *owned = value;
    _cleanup_(buffer_deinit) struct buffer body;

    buffer_init(&body, REPLY_BYTES_MAX);
    if (value && (value_write_json(value, false, &body) < 0 || buffer_append_text(&body, "\n") < 0)) {
        buffer_clear(&body);
        status = 500;
    }
    reply(exchange, status, value ? "application/json" : NULL, &body, MHD_RESPMEM_MUST_COPY);
}

void exchange_reply_bytes(struct exchange *exchange, int status, const char *type, const struct buffer *body)
{
    reply(exchange, status, type, body, MHD_RESPMEM_MUST_COPY);
}

void exchange_reply_constant(struct exchange *exchange, int status, const char *type, const void *bytes, size_t n)
{
    const struct buffer body = {.bytes = (void *)bytes, .size = n};

    reply(exchange, status, type, &body, MHD_RESPMEM_PERSISTENT);
}

void exchange_fail(struct exchange *public, enum problem problem, const struct error *error)
{
    struct http *http = ((struct http_exchange *)public)->connection->http;
    const struct problem_info *info = problem_info(problem);

    if (info->retry_after)
        exchange_header(public, "Retry-After", "%u", http->options.retry_after_s(http->options.context));
    exchange_reply(public, info->status, problem_json(problem, error));
}

int exchange_stream(struct exchange *public)
{
    struct http_exchange *exchange = (struct http_exchange *)public;

    assert(exchange->phase == PHASE_WAITING);
    exchange_header(public, "Content-Type", "text/event-stream; charset=utf-8");
    exchange_header(public, "Cache-Control", "no-store");
    exchange_header(public, "X-Accel-Buffering", "no");
    exchange_header(public, "X-Request-Id", "%s", public->request_id);
    exchange_take_response(
        exchange, 200,
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_stream_read, exchange, NULL));
    return exchange->lost ? -ENOMEM : 0;
}

int exchange_write(struct exchange *public, const void *bytes, size_t n)
{
    struct http_exchange *exchange = (struct http_exchange *)public;
    int r = buffer_append(&exchange->unsent, bytes, n);

    exchange_resume(exchange);
    return r;
}

void exchange_end(struct exchange *public)
{
    struct http_exchange *exchange = (struct http_exchange *)public;

    public->handler = NULL;
    exchange->ended = true;
    exchange_resume(exchange);
}

void exchange_abort(struct exchange *public)
{
    struct http_exchange *exchange = (struct http_exchange *)public;

    public->handler = NULL;
    exchange->lost = true;
    shutdown(exchange->connection->fd, SHUT_RDWR);
    exchange_resume(exchange);
    http_pump_soon(exchange->connection->http);
}
