/* Both pages are what the command line prints, too. */
#include "server/api_models.h"

#include "core/answer/answer_json.h"
#include "server/daemon.h"
#include "server/http.h"

void api_models(struct daemon *daemon, struct exchange *exchange)
{
    if (daemon->onellm)
        exchange_reply(exchange, 200, answer_models_json(daemon->onellm));
    else
        exchange_fail(exchange, PROBLEM_MODEL_LOADING, NULL);
}

void api_modalities(struct daemon *daemon, struct exchange *exchange)
{
    exchange_reply(exchange, 200, answer_modalities_json(daemon->onellm, &daemon->media_limits));
}
