/* DELETE /v1/requests/{id}: cancels a question in progress. Thread: loop. */
#pragma once

struct daemon;
struct exchange;

void api_cancel(struct daemon *daemon, struct exchange *exchange);
