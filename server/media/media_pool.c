/* One worker program, started anew if it should ever end. Each call makes a socket of its own, sends the order with
   descriptors over the shared one, and waits; closing its socket is how it says that it waits no more. */
#include "server/media/media_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/program.h"
#include "server/log.h"
#include "server/media/media_protocol.h"

#define HELLO_MS 30000
#define WAIT_MS 50          /* how often a waiting call looks whether it is still wanted */
#define GRACE_NS 3000000000 /* behind a deadline: the worker gives up by itself before */

struct media_pool {
    bool is_confined;
    atomic_uint_fast64_t memory_bytes_max, timeout_ms;
    char program[PATH_MAX];
    pthread_mutex_t lock; /* control, pid */
    int control;          /* -1: not running */
    pid_t pid;
    int landlock;
    atomic_uint_fast64_t n_died;
};

/* ---- the worker program ---- */

static const char *const places[] = {"onellmd-media", "libexec/onellmd-media"};

static int spawn(struct media_pool *pool, int theirs, struct error *error)
{
    char *const arguments[] = {pool->program, (char *)(pool->is_confined ? "confined" : "unconfined"), NULL};
    char *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int r;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_adddup2(&actions, theirs, MEDIA_CONTROL_FD);
    posix_spawn_file_actions_addclosefrom_np(&actions, MEDIA_CONTROL_FD + 1);
    r = posix_spawn(&pool->pid, pool->program, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return r ? error_set(error, -r, "%s: %s", pool->program, strerror(r)) : 0;
}

static int read_hello(struct media_pool *pool, struct error *error)
{
    struct pollfd polled = {pool->control, POLLIN, 0};
    int descriptors[MEDIA_FDS_MAX];
    struct media_hello hello;

    if (poll(&polled, 1, HELLO_MS) <= 0 ||
        media_receive(pool->control, &hello, sizeof(hello), descriptors) != sizeof(hello))
        return error_set(error, -EPROTO, "%s does not start", pool->program);
    hello.version[sizeof(hello.version) - 1] = hello.message[sizeof(hello.message) - 1] = '\0';
    if (strcmp(hello.version, ONELLMD_VERSION) != 0)
        return error_set(error, -EPROTO, "%s is of version %s, this program of %s", pool->program, hello.version,
                         ONELLMD_VERSION);
    if (hello.result < 0)
        return error_set(error, hello.result,
                         "files cannot be decoded in a sandbox here: %s; --media-sandbox off does without it, which a "
                         "server that takes files from strangers should not",
                         hello.message);
    pool->landlock = hello.landlock_abi;
    return 0;
}

/* Under the lock. */
static void stop_worker(struct media_pool *pool)
{
    if (pool->control >= 0)
        close(pool->control);
    if (pool->pid > 0) {
        kill(pool->pid, SIGKILL); /* its children die with it */
        waitpid(pool->pid, NULL, 0);
    }
    pool->control = -1;
    pool->pid = 0;
}

/* Under the lock. */
static int start_worker(struct media_pool *pool, struct error *error)
{
    int ends[2], r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set(error, -errno, "no socket for the media worker: %s", strerror(errno));
    pool->control = ends[0];
    r = spawn(pool, ends[1], error);
    close(ends[1]);
    if (r == 0)
        r = read_hello(pool, error);
    if (r < 0)
        stop_worker(pool);
    return r;
}

/* Once more with a new worker if the old one is gone. */
static int send_order(struct media_pool *pool, const struct media_order *order, const int *descriptors, size_t n,
                      struct error *error)
{
    int r;

    pthread_mutex_lock(&pool->lock);
    r = pool->control < 0 ? -EPIPE : media_send(pool->control, order, sizeof(*order), descriptors, n);
    if (r < 0) {
        log_event(LOG_WARNING, "media_worker", "message=\"started again\" error=%d", -r);
        stop_worker(pool);
        r = start_worker(pool, error);
        if (r == 0)
            r = media_send(pool->control, order, sizeof(*order), descriptors, n);
    }
    pthread_mutex_unlock(&pool->lock);
    return r < 0 ? error_set(error, -EIO, "the media worker cannot be reached") : 0;
}

/* ---- one file ---- */

/* A descriptor of n bytes that cannot be changed any more. */
static int seal(const void *bytes, size_t n, struct error *error)
{
    _cleanup_(closep) int fd = memfd_create("onellmd-file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int ret;

    if (fd < 0 || media_write(fd, bytes, n) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return error_set(error, -ENOMEM, "no memory to hand the file over: %s", strerror(errno));
    ret = fd;
    fd = -1;
    return ret;
}

static int take_result(int fd, const struct raw_media *media, struct raw_media *ret, struct error *error)
{
    _cleanup_(freep) char *data = malloc(media->n_bytes);

    if (!data)
        return error_set(error, -ENOMEM, "no memory for %zu decoded bytes", media->n_bytes);
    for (size_t done = 0; done < media->n_bytes;) {
        ssize_t n = pread(fd, data + done, media->n_bytes - done, (off_t)done);

        if (n <= 0)
            return error_set(error, -EBADMSG, "its decoder took its result back");
        done += (size_t)n;
    }
    *ret = *media;
    ret->data = TAKE_PTR(data);
    return 0;
}

static int report_death(struct media_pool *pool, int status, struct error *error)
{
    atomic_fetch_add(&pool->n_died, 1);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return error_set(error, -ETIME, "took too long");
    error_set(error, -EBADMSG, "its decoder could not cope with it and was stopped");
    if (WIFSIGNALED(status))
        return error_detail(error, "signal %d, %s", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return error_detail(error, "wait status %d", status);
}

static int take_report(struct media_pool *pool, const struct media_job *job, int socket, int result,
                       struct raw_media *ret, struct error *error)
{
    int descriptors[MEDIA_FDS_MAX];
    struct media_report report;
    char packet[sizeof(report) + 1];
    struct stat stat;
    int n = media_receive(socket, packet, sizeof(packet), descriptors);

    for (int i = 0; i < MEDIA_FDS_MAX; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
    if (n <= 0)
        return error_set(error, -EIO, "the media worker did not take the file");
    if (fstat(result, &stat) < 0 || media_report_read(packet, (size_t)n, job->kind, (size_t)stat.st_size, &report) < 0)
        return error_set(error, -EBADMSG, "its decoder answered nonsense");
    if (report.outcome == MEDIA_DIED)
        return report_death(pool, report.status, error);
    if (report.outcome == MEDIA_DECODED)
        return take_result(result, &report.media, ret, error);
    error_set(error, report.status, "%s", report.message);
    return error_detail(error, "%s", report.detail);
}

/* 0: something came. */
static int wait_for_report(const struct media_job *job, uint64_t deadline_ns, int socket, struct error *error)
{
    struct pollfd polled = {socket, POLLIN, 0};

    while (poll(&polled, 1, WAIT_MS) <= 0) {
        if (job->cancelled && atomic_load_explicit(job->cancelled, memory_order_relaxed))
            return error_set(error, -ECANCELED, "cancelled while the file was being decoded");
        if (clock_ns() > deadline_ns + GRACE_NS)
            return error_set(error, -ETIME, "took too long");
    }
    return 0;
}

/* -EIO: the worker ended before it took the order. */
static int decode_once(struct media_pool *pool, const struct media_job *job, const struct media_order *order, int file,
                       int mask, struct raw_media *ret, struct error *error)
{
    _cleanup_(closep) int ours = -1, theirs = -1, result = memfd_create("onellmd-result", MFD_CLOEXEC);
    int ends[2], r;

    if (result < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set(error, -errno, "no descriptors to hand the file over: %s", strerror(errno));
    ours = ends[0];
    theirs = ends[1];
    r = send_order(pool, order, (int[]){theirs, file, result, mask}, mask < 0 ? MEDIA_FD_MASK : MEDIA_FDS_MAX, error);
    if (r < 0)
        return r;
    close(theirs); /* so that it hangs up when the other end does */
    theirs = -1;
    r = wait_for_report(job, order->job.deadline_ns, ours, error);
    return r < 0 ? r : take_report(pool, job, ours, result, ret, error);
}

static int decode(void *context, const struct media_job *job, struct raw_media *ret, struct error *error)
{
    struct media_pool *pool = context;
    _cleanup_(closep) int file = -1, mask = -1;
    struct error first = ERROR_NONE;
    struct media_order order = {
        .job = *job,
        .limits = job->limits ? *job->limits : media_limits_default,
        .has_mask = job->mask,
        .memory_bytes_max = atomic_load(&pool->memory_bytes_max),
    };
    const uint64_t timeout_ms = atomic_load(&pool->timeout_ms), own_ns = clock_ns() + timeout_ms * 1000000;
    const bool is_own = !job->deadline_ns || own_ns < job->deadline_ns;
    int r = media_job_check(job, error);

    if (r < 0)
        return r;
    order.job.deadline_ns = is_own ? own_ns : job->deadline_ns;
    file = seal(job->bytes, job->n_bytes, error);
    if (file < 0)
        return file;
    if (job->mask) {
        order.mask = *job->mask;
        order.mask.data = NULL;
        mask = seal(job->mask->data, job->mask->n_bytes, error);
        if (mask < 0)
            return mask;
    }
    r = decode_once(pool, job, &order, file, mask, ret, &first);
    if (r == -EIO)
        return decode_once(pool, job, &order, file, mask, ret, error);
    if (r == -ETIME && is_own) /* not the request's deadline, but that of a file */
        return error_set(error, -EBADMSG, "takes more than %g s to decode, the limit", (double)timeout_ms * 1e-3);
    if (r < 0 && error)
        *error = first;
    return r;
}

/* ---- */

void media_pool_limit(struct media_pool *pool, uint64_t memory_bytes_max, uint64_t timeout_ms)
{
    atomic_store(&pool->memory_bytes_max, memory_bytes_max);
    atomic_store(&pool->timeout_ms, timeout_ms);
}

int media_pool_new(const struct media_pool_options *options, struct media_pool **ret, struct error *error)
{
    struct media_pool *pool = calloc(1, sizeof(*pool));
    int r;

    if (!pool)
        return error_set(error, -ENOMEM, "no memory for the media worker");
    pool->is_confined = options->is_confined;
    media_pool_limit(pool, options->memory_bytes_max, options->timeout_ms);
    pool->control = -1;
    pthread_mutex_init(&pool->lock, NULL);
    if (options->program)
        r = snprintf(pool->program, sizeof(pool->program), "%s", options->program) < PATH_MAX ? 0 : -ENAMETOOLONG;
    else
        r = program_find(NULL, places, ARRAY_SIZE(places), pool->program);
    if (r < 0)
        error_set(error, r, "there is no %s or %s in or above the folder of the program", places[0], places[1]);
    else
        r = start_worker(pool, error);
    if (r < 0)
        media_pool_free(pool);
    else
        *ret = pool;
    return r;
}

struct media_pool *media_pool_free(struct media_pool *pool)
{
    if (!pool)
        return NULL;
    stop_worker(pool);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
    return NULL;
}

struct media_source media_pool_source(struct media_pool *pool)
{
    return (struct media_source){decode, pool};
}

int media_pool_landlock(const struct media_pool *pool)
{
    return pool->landlock;
}

uint64_t media_pool_n_died(const struct media_pool *pool)
{
    return atomic_load(&pool->n_died);
}
