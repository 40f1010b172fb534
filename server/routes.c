/* GET is also HEAD: libmicrohttpd leaves the body out. */
#include "server/routes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "server/api_answers.h"
#include "server/api_chat.h"
#include "server/api_models.h"
#include "server/api_status.h"
#include "server/http.h"

static const struct route {
    const char *method, *path;
    void (*begin)(struct daemon *daemon, struct exchange *exchange);
} routes[] = {
    {"POST", "/v1/answers", api_answers}, {"POST", "/v1/chat/completions", api_chat},
    {"GET", "/v1/models", api_models},    {"GET", "/v1/modalities", api_modalities},
    {"GET", "/livez", api_livez},         {"GET", "/readyz", api_readyz},
    {"GET", "/health", api_readyz},       {"GET", "/version", api_version},
};

void routes_begin(struct daemon *daemon, struct exchange *exchange)
{
    const char *method = strcmp(exchange->method, "HEAD") == 0 ? "GET" : exchange->method;
    const char *allowed = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        if (strcmp(routes[i].path, exchange->path) != 0)
            continue;
        if (strcmp(routes[i].method, method) == 0) {
            routes[i].begin(daemon, exchange);
            return;
        }
        allowed = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD, OPTIONS" : "POST, OPTIONS";
    }
    if (!allowed && strcmp(exchange->path, "*") == 0 && strcmp(method, "OPTIONS") == 0)
        allowed = "GET, HEAD, POST, OPTIONS";
    if (!allowed) {
        exchange_fail(exchange, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    exchange_header(exchange, "Allow", "%s", allowed);
    if (strcmp(method, "OPTIONS") == 0)
        exchange_reply(exchange, 204, NULL);
    else
        exchange_fail(exchange, PROBLEM_METHOD_NOT_ALLOWED, NULL);
}
