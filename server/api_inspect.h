/* POST /v1/media/inspect: what a file is and what the model would be given of it. Thread: loop. */
#pragma once

struct daemon;
struct exchange;

void api_media_inspect(struct daemon *daemon, struct exchange *exchange);
