/* The listening socket. Thread: the first, before there are others. */
#pragma once

#include <stdint.h>

struct error;

#define LISTENER_ADDRESS_MAX 300

/* Takes the socket of a supervisor, if there is one; else binds and listens; port 0 takes a free one. *ret_fd is the
 * caller's; ret_address is what was bound, "127.0.0.1:8080" or
 * "[::1]:8080". Errors say which address and why, with the code of the kernel; -EINVAL: no such host. */
int listener_open(const char *host, uint16_t port, int *ret_fd, char ret_address[LISTENER_ADDRESS_MAX],
                  struct error *error);
