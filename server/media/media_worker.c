/* onellmd-media: decodes foreign files for onellmd, which starts it and talks to it (media_protocol.h).

   This process reads no foreign byte. It waits for orders and forks for each: the child confines itself, decodes one
   file, reports, and is gone. Libraries have been loaded by then, so a child costs about a millisecond.

     order -> child runs -> it ends: reported as died, in case it could not say so itself
                         -> nobody waits any more (its socket is hung up): killed
     the daemon ends -> children are killed, the end */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/media/media.h"
#include "core/media/media_impl.h"
#include "server/media/media_protocol.h"
#include "server/media/media_sandbox.h"

#define CHILDREN_MAX 64
#define GRACE_S 2 /* behind the deadline, at which decoders give up by themselves */

struct child {
    pid_t pid;  /* 0: free */
    int socket; /* where it reports */
};

struct worker {
    bool is_confined;
    int signals; /* tells that a child has ended */
    struct child children[CHILDREN_MAX];
};

/* ---- the child ---- */

/* Nobody may be there to hear it. */
static void report(int socket, const struct media_report *report)
{
    if (write(socket, report, sizeof(*report)) < 0)
        return;
}

static const void *map_file(int fd, size_t n)
{
    void *bytes = n ? mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0) : (void *)"";

    return bytes == MAP_FAILED ? NULL : bytes;
}

static int decode(const struct worker *worker, struct media_order *order, const int *descriptors, struct raw_media *ret,
                  struct error *error)
{
    struct media_job *job = &order->job;
    const uint64_t now_ns = clock_ns();
    const struct media_sandbox sandbox = {
        .memory_bytes = order->memory_bytes_max,
        .result_bytes = RAW_MEDIA_BYTES_MAX,
        .seconds = GRACE_S + (unsigned)(job->deadline_ns > now_ns ? (job->deadline_ns - now_ns) / 1000000000 : 0),
        .is_confined = worker->is_confined,
    };
    int r;

    job->bytes = map_file(descriptors[MEDIA_FD_FILE], job->n_bytes);
    job->limits = &order->limits;
    job->mask = NULL;
    job->cancelled = NULL;
    if (order->has_mask) {
        order->mask.data = (void *)map_file(descriptors[MEDIA_FD_MASK], order->mask.n_bytes);
        job->mask = &order->mask;
    }
    if (!job->bytes || (job->mask && !job->mask->data))
        return error_set(error, -ENOMEM, "no memory to map the file");
    r = media_sandbox_enter(&sandbox, error);
    if (r == 0)
        r = media_decode(job, ret, error);
    if (r == 0 && media_write(descriptors[MEDIA_FD_RESULT], ret->data, ret->n_bytes) < 0)
        r = error_set(error, -EFBIG, "no memory for %zu decoded bytes", ret->n_bytes);
    if (r == -ENOMEM)
        snprintf(error->message, sizeof(error->message), "takes more than %zu MiB of memory to decode, the limit",
                 (size_t)(order->memory_bytes_max >> 20));
    return r == -ENOMEM ? -EFBIG : r;
}

/* Does not return, and frees nothing: the process is the scope. */
static _Noreturn void child_main(const struct worker *worker, struct media_order *order, const int *descriptors,
                                 pid_t parent)
{
    struct media_report result = {.outcome = MEDIA_DECODED};
    struct error error = ERROR_NONE;
    int r;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(EXIT_FAILURE);
    close(MEDIA_CONTROL_FD);
    close(worker->signals);
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        if (worker->children[i].pid)
            close(worker->children[i].socket);
    r = decode(worker, order, descriptors, &result.media, &error);
    if (r < 0) {
        result = (struct media_report){.outcome = MEDIA_REFUSED, .status = r};
        memcpy(result.message, error.message, sizeof(result.message));
        memcpy(result.detail, error.detail, sizeof(result.detail));
    }
    report(descriptors[MEDIA_FD_SOCKET], &result);
    _exit(EXIT_SUCCESS);
}

/* ---- the program ---- */

static struct child *find_child(struct worker *worker, pid_t pid)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        if (worker->children[i].pid == pid)
            return &worker->children[i];
    return NULL;
}

static void start_child(struct worker *worker, struct media_order *order, int *descriptors)
{
    struct child *child = find_child(worker, 0);
    const pid_t parent = getpid();
    pid_t pid = child ? fork() : -1;

    if (pid == 0)
        child_main(worker, order, descriptors, parent);
    for (int i = 0; i < MEDIA_FDS_MAX; i++)
        if (descriptors[i] >= 0 && (i != MEDIA_FD_SOCKET || pid < 0))
            close(descriptors[i]); /* a socket that nobody holds tells the daemon */
    if (pid > 0)
        *child = (struct child){pid, descriptors[MEDIA_FD_SOCKET]};
}

static void reap_children(struct worker *worker)
{
    struct signalfd_siginfo info;
    pid_t pid;
    int status;

    while (read(worker->signals, &info, sizeof(info)) == sizeof(info))
        continue;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct child *child = find_child(worker, pid);

        if (!child)
            continue;
        report(child->socket, &(struct media_report){.outcome = MEDIA_DIED, .status = status});
        close(child->socket);
        child->pid = 0;
    }
}

/* False: the daemon has ended. */
static bool take_order(struct worker *worker)
{
    int descriptors[MEDIA_FDS_MAX];
    struct media_order order;

    if (media_receive(MEDIA_CONTROL_FD, &order, sizeof(order), descriptors) != sizeof(order))
        return false;
    start_child(worker, &order, descriptors);
    return true;
}

static void serve(struct worker *worker)
{
    struct pollfd polled[2 + CHILDREN_MAX];

    do {
        polled[0] = (struct pollfd){MEDIA_CONTROL_FD, POLLIN, 0};
        polled[1] = (struct pollfd){worker->signals, POLLIN, 0};
        for (size_t i = 0; i < CHILDREN_MAX; i++)
            polled[2 + i] = (struct pollfd){worker->children[i].pid ? worker->children[i].socket : -1, 0, 0};
        if (poll(polled, ARRAY_SIZE(polled), -1) < 0)
            continue;
        for (size_t i = 0; i < CHILDREN_MAX; i++)
            if (polled[2 + i].revents)
                kill(worker->children[i].pid, SIGKILL);
        if (polled[1].revents)
            reap_children(worker);
    } while (!polled[0].revents || take_order(worker));
}

/* ---- start ---- */

/* Whether the filter holds: a child that asks for a socket is killed. */
static int try_sandbox(struct error *error)
{
    static const struct media_sandbox sandbox = {
        .memory_bytes = 1 << 20, .result_bytes = 1, .seconds = 10, .is_confined = true};
    int answer[2], status = 0;
    pid_t pid;
    ssize_t n;

    if (pipe(answer) < 0)
        return error_set(error, -errno, "pipe: %s", strerror(errno));
    pid = fork();
    if (pid == 0) {
        struct error own = ERROR_NONE;

        if (media_sandbox_enter(&sandbox, &own) < 0 && write(answer[1], &own, sizeof(own)) > 0)
            _exit(EXIT_FAILURE);
        _exit(dup(answer[1]) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    close(answer[1]);
    n = read(answer[0], error, sizeof(*error));
    close(answer[0]);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return error_set(error, -errno, "fork: %s", strerror(errno));
    if (n == sizeof(*error))
        return error->code;
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
        return error_set(error, -ENOTSUP, "a forbidden system call was not stopped");
    return 0;
}

/* Signals for the group (a terminal, a supervisor) are the daemon's business; this program ends when it does. */
static int take_signals(void)
{
    sigset_t ended;

    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &ended, NULL) < 0)
        return -1;
    return signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int argc, char **argv)
{
    struct worker worker = {.is_confined = argc == 2 && strcmp(argv[1], "confined") == 0};
    struct media_hello hello = {.version = ONELLMD_VERSION, .landlock_abi = media_sandbox_landlock()};
    struct error error = ERROR_NONE;

    if (argc != 2 || (!worker.is_confined && strcmp(argv[1], "unconfined") != 0)) {
        fprintf(stderr, "onellmd-media: decodes files for onellmd, which starts it\n");
        return 2;
    }
    if (worker.is_confined)
        hello.result = try_sandbox(&error);
    worker.signals = take_signals();
    if (worker.signals < 0)
        hello.result = error_set(&error, -errno, "signals: %s", strerror(errno));
    snprintf(hello.message, sizeof(hello.message), "%s", error.message);
    if (media_send(MEDIA_CONTROL_FD, &hello, sizeof(hello), NULL, 0) < 0 || hello.result < 0)
        return EXIT_FAILURE;
    serve(&worker);
    return EXIT_SUCCESS;
}
