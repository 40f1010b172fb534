/* POST /v1/answers: multipart in, JSON or an event stream out. Thread: loop. */
#pragma once

struct daemon;
struct exchange;

void api_answers(struct daemon *daemon, struct exchange *exchange);
