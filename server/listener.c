/* Of the addresses that a name stands for, the first that can be bound is taken. "::" also takes IPv4. */
#include "server/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "server/supervisor.h"

#define BACKLOG 1024

static int bind_one(const struct addrinfo *address, int *ret_fd)
{
    _cleanup_(closep) int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1, off = 0;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    *ret_fd = fd;
    fd = -1;
    return 0;
}

static void describe(int fd, char ret_address[LISTENER_ADDRESS_MAX])
{
    struct sockaddr_storage address;
    socklen_t n = sizeof(address);
    char host[256] = "?", port[8] = "?";

    if (getsockname(fd, (struct sockaddr *)&address, &n) == 0)
        getnameinfo((struct sockaddr *)&address, n, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(ret_address, LISTENER_ADDRESS_MAX, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

int listener_open(const char *host, uint16_t port, int *ret_fd, char ret_address[LISTENER_ADDRESS_MAX],
                  struct error *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses;
    char service[8];
    int r;

    *ret_fd = supervisor_take_socket();
    if (*ret_fd >= 0) {
        describe(*ret_fd, ret_address);
        return 0;
    }
    snprintf(service, sizeof(service), "%u", port);
    r = getaddrinfo(host, service, &hints, &addresses);
    if (r != 0)
        return error_set(error, -EINVAL, "cannot listen on %s: %s", host, gai_strerror(r));
    for (const struct addrinfo *address = addresses; address; address = address->ai_next) {
        r = bind_one(address, ret_fd);
        if (r == 0)
            break;
    }
    freeaddrinfo(addresses);
    if (r < 0)
        return error_set(error, r, "cannot listen on %s port %u: %s", host, port, strerror(-r));
    describe(*ret_fd, ret_address);
    return 0;
}
