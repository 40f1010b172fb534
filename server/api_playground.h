/* GET /, /assets/…, /samples/…: the playground, a page to try the model from a browser, and files to try it with.
   Thread: loop. */
#pragma once

struct daemon;
struct exchange;

void api_playground(struct daemon *daemon, struct exchange *exchange);
