/* From uploaded bytes to a prepared sequence, off the loop thread. */
#pragma once

struct request;

/* Hands the request to a preparation thread; request_prepared() is called when it is back. -ENOMEM. */
int prepare_start(struct request *request);
