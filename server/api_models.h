/* GET /v1/models and /v1/modalities: what can be asked of what. Thread: loop. */
#pragma once

struct daemon;
struct exchange;

void api_models(struct daemon *daemon, struct exchange *exchange);
void api_modalities(struct daemon *daemon, struct exchange *exchange);
