/* GET /livez, /readyz, /health, /version: what probes and people ask. Thread: loop. */
#pragma once

struct daemon;
struct exchange;

void api_livez(struct daemon *daemon, struct exchange *exchange);
void api_readyz(struct daemon *daemon, struct exchange *exchange); /* 503 while loading, draining or stalled */
void api_openapi(struct daemon *daemon, struct exchange *exchange);
void api_metrics(struct daemon *daemon, struct exchange *exchange);
void api_version(struct daemon *daemon, struct exchange *exchange);
