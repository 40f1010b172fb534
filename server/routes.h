/* Which method at which address leads where. Thread: loop. */
#pragma once

struct daemon;
struct exchange;

/* Hands an exchange whose header is complete to its endpoint, or replies 404, 405, or 204 to OPTIONS. */
void routes_begin(struct daemon *daemon, struct exchange *exchange);
