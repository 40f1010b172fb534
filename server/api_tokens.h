/* POST /v1/tokenize, /v1/detokenize: text <-> tokens. Thread: loop. */
#pragma once

struct daemon;
struct exchange;

void api_tokenize(struct daemon *daemon, struct exchange *exchange);
void api_detokenize(struct daemon *daemon, struct exchange *exchange);
