/* GET is also HEAD: libmicrohttpd leaves the body out. */
#include "server/routes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "server/api_answers.h"
#include "server/api_chat.h"
#include "server/api_inspect.h"
#include "server/api_media.h"
#include "server/api_models.h"
#include "server/api_playground.h"
#include "server/api_requests.h"
#include "server/api_status.h"
#include "server/api_tokens.h"
#include "server/daemon.h"
#include "server/http.h"
#include "server/keys.h"

static const struct route {
    const char *method, *path; /* a path that ends in / takes a name behind it, but for / itself */
    void (*begin)(struct daemon *daemon, struct exchange *exchange);
    bool is_open; /* to those without a key */
} routes[] = {
    {"POST", "/v1/answers", api_answers},       {"POST", "/v1/chat/completions", api_chat},
    {"POST", "/v1/tokenize", api_tokenize},     {"POST", "/v1/detokenize", api_detokenize},
    {"POST", "/v1/media", api_media_keep},      {"GET", "/v1/media/", api_media_find},
    {"DELETE", "/v1/media/", api_media_forget}, {"POST", "/v1/media/inspect", api_media_inspect},
    {"DELETE", "/v1/requests/", api_cancel},    {"GET", "/v1/models", api_models},
    {"GET", "/v1/modalities", api_modalities},  {"GET", "/livez", api_livez, true},
    {"GET", "/readyz", api_readyz, true},       {"GET", "/health", api_readyz, true},
    {"GET", "/version", api_version},           {"GET", "/metrics", api_metrics},
    {"GET", "/openapi.json", api_openapi},      {"GET", "/", api_playground, true},
    {"GET", "/assets/", api_playground, true},  {"GET", "/samples/", api_playground, true},
};

static bool leads_to(const struct route *route, const char *path)
{
    size_t n = strlen(route->path);

    if (n > 1 && route->path[n - 1] == '/')
        return strncmp(route->path, path, n) == 0 && path[n] && !strchr(path + n, '/');
    return strcmp(route->path, path) == 0;
}

/* Whatever is not open is closed, also what does not exist. */
static bool may_enter(const struct daemon *daemon, struct exchange *exchange)
{
    if (!daemon->keys.are_needed)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
        if (routes[i].is_open && leads_to(&routes[i], exchange->path))
            return true;
    exchange->key = keys_find(&daemon->keys, exchange->authorization);
    return exchange->key;
}

void routes_begin(struct daemon *daemon, struct exchange *exchange)
{
    const char *method = strcmp(exchange->method, "HEAD") == 0 ? "GET" : exchange->method;
    char allowed[64] = ""; /* "GET, HEAD, " */
    size_t n;

    if (!may_enter(daemon, exchange)) {
        exchange_header(exchange, "WWW-Authenticate", "Bearer");
        exchange_fail(exchange, PROBLEM_INVALID_KEY, NULL);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        if (!leads_to(&routes[i], exchange->path))
            continue;
        exchange->route = routes[i].path;
        if (strcmp(routes[i].method, method) == 0) {
            routes[i].begin(daemon, exchange);
            return;
        }
        n = strlen(allowed);
        snprintf(allowed + n, sizeof(allowed) - n, "%s%s, ", routes[i].method,
                 strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "");
    }
    if (!*allowed && strcmp(exchange->path, "*") == 0 && strcmp(method, "OPTIONS") == 0)
        snprintf(allowed, sizeof(allowed), "GET, HEAD, POST, DELETE, ");
    if (!*allowed) {
        exchange_fail(exchange, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    exchange_header(exchange, "Allow", "%sOPTIONS", allowed);
    if (strcmp(method, "OPTIONS") == 0)
        exchange_reply(exchange, 204, NULL);
    else
        exchange_fail(exchange, PROBLEM_METHOD_NOT_ALLOWED, NULL);
}
