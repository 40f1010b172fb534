#include "server/supervisor.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/answer/fields.h"
#include "core/base/cleanup.h"

#define FIRST_SOCKET 3

void supervisor_tell(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    _cleanup_(closep) int fd = -1;

    if (n < 2 || n >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, n);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* an abstract name */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0)
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

/* 0: not there, or not a number. */
static uint64_t number_in(const char *name)
{
    const char *text = getenv(name);
    uint64_t ret = 0;

    return text && parse_integer(text, strlen(text), &ret) == 0 ? ret : 0;
}

uint64_t supervisor_watchdog_ms(void)
{
    uint64_t pid = number_in("WATCHDOG_PID");

    return pid == 0 || pid == (uint64_t)getpid() ? number_in("WATCHDOG_USEC") / 1000 : 0;
}

int supervisor_take_socket(void)
{
    bool is_ours = number_in("LISTEN_PID") == (uint64_t)getpid() && number_in("LISTEN_FDS") > 0;
    int listens = 0;
    socklen_t n = sizeof(listens);

    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (!is_ours || getsockopt(FIRST_SOCKET, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) < 0 || !listens)
        return -1;
    fcntl(FIRST_SOCKET, F_SETFD, FD_CLOEXEC);
    fcntl(FIRST_SOCKET, F_SETFL, fcntl(FIRST_SOCKET, F_GETFL) | O_NONBLOCK);
    return FIRST_SOCKET;
}
