/* POST /v1/chat/completions: a conversation as OpenAI's clients send it, with files in base64. Thread: loop. */
#pragma once

struct daemon;
struct exchange;

void api_chat(struct daemon *daemon, struct exchange *exchange);
