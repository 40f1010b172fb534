/* POST /v1/media, GET and DELETE /v1/media/{id}: upload once, ask often. Thread: loop. */
#pragma once

struct daemon;
struct exchange;

void api_media_keep(struct daemon *daemon, struct exchange *exchange);
void api_media_find(struct daemon *daemon, struct exchange *exchange);
void api_media_forget(struct daemon *daemon, struct exchange *exchange);
