/* A request is known by the id of its answer, which a stream tells at its beginning, and by its X-Request-Id, which a
   client may choose before it asks. */
#include "server/api_requests.h"

#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/value.h"
#include "server/daemon.h"
#include "server/http.h"
#include "server/request.h"

/* Among those of the same key. */
static struct request *find(struct daemon *daemon, const char *id, const struct key *key)
{
    for (struct request *request = daemon->requests; request; request = request->next)
        if (request->exchange && request->key == key &&
            (strcmp(request->id, id) == 0 || strcmp(request->exchange->request_id, id) == 0))
            return request;
    return NULL;
}

void api_cancel(struct daemon *daemon, struct exchange *exchange)
{
    struct request *request = find(daemon, strrchr(exchange->path, '/') + 1, exchange->key);
    struct error error = ERROR_NONE;
    struct value *body;

    if (!request) {
        error_set(&error, -ENOENT, "there is no request of this id in progress");
        exchange_fail(exchange, PROBLEM_NOT_FOUND, &error);
        return;
    }
    body = value_object();
    value_set_text(body, "id", request->id);
    value_set_text(body, "object", "request");
    value_set_boolean(body, "cancelled", true);
    error_set(&error, -EINTR, "the request was cancelled");
    request_fail(request, &error);
    exchange_reply(exchange, 200, body);
}
