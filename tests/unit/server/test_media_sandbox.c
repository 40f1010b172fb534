/* What a process may still do once it has confined itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "server/media/media_sandbox.h"

#define MIB ((size_t)1 << 20)

/* How a process ends that does this in the sandbox: wait status. */
static int try(bool (*act)(void), struct media_sandbox sandbox)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct error error = ERROR_NONE;

        if (media_sandbox_enter(&sandbox, &error) < 0) {
            dprintf(STDERR_FILENO, "# %s\n", error.message);
            _exit(99);
        }
        syscall(SYS_exit_group, act() ? 0 : 1); /* sanitizers have much to do in _exit() */
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static const struct media_sandbox confined = {64 * MIB, MIB, 10, true};

static bool opens_a_file(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES;
}
static bool writes_a_file(void)
{
    return open("/tmp/onellmd-test", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES;
}
static bool takes_memory(void)
{
    const int access = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void *bytes = mmap(NULL, 32 * MIB, access, flags, -1, 0), *more = mmap(NULL, 64 * MIB, access, flags, -1, 0);

    if (bytes == MAP_FAILED || more != MAP_FAILED)
        return false;
    memset(bytes, 1, 32 * MIB);
    return munmap(bytes, 32 * MIB) == 0;
}
static bool makes_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}
static bool forks(void)
{
    return fork() >= 0;
}
static bool executes(void)
{
    char *const none[] = {NULL};

    return execve("/bin/true", none, none) == 0;
}
static bool kills(void)
{
    return kill(getppid(), 0) == 0;
}
static bool traces(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}
static bool makes_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}
static bool makes_memory_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}
static bool stops_its_alarm(void)
{
    return setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL) == 0;
}
static bool lifts_its_limits(void)
{
    return unlink("/tmp/onellmd-test") == 0;
}
static bool asks_the_system(void)
{
    return getuid() == 0;
}

static void what_decoders_need_is_there(void **state)
{
    (void)state;
    assert_int_equal(try(takes_memory, confined), 0);
}

static void files_are_out_of_reach(void **state)
{
    int status = try(opens_a_file, confined);

    (void)state;
    assert_int_equal(status, 1 << 8);
    assert_int_equal(try(writes_a_file, confined), 1 << 8);
}

static void anything_else_kills(void **state)
{
    static const struct {
        const char *name;
        bool (*act)(void);
    } acts[] = {
        {"socket", makes_a_socket},
        {"fork", forks},
        {"execve", executes},
        {"kill", kills},
        {"ptrace", traces},
        {"mmap of code", makes_code},
        {"mprotect", makes_memory_code},
        {"setitimer", stops_its_alarm},
        {"unlink", lifts_its_limits},
        {"getuid", asks_the_system},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
        int status = try(acts[i].act, confined);

        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("%s: wait status %d", acts[i].name, status);
    }
}

static int result_fd;

static bool writes_too_much(void)
{
    static char bytes[4096];

    for (int i = 0; i < 1024; i++)
        if (write(result_fd, bytes, sizeof(bytes)) < 0)
            return false;
    return true;
}

static bool goes_on_forever(void)
{
    for (volatile unsigned i = 0;; i = i + 1)
        continue;
    return true;
}

static bool waits_forever(void)
{
    char byte;

    return read(result_fd, &byte, 1) == 0;
}

/* These hold without the filter, too. */
static void results_and_time_are_limited(void **state)
{
    int ends[2], status;

    (void)state;
    for (int is_confined = 0; is_confined < 2; is_confined++) {
        const struct media_sandbox hasty = {64 * MIB, MIB, 1, is_confined};

        result_fd = memfd_create("result", 0);
        status = try(writes_too_much, confined);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
        assert_int_equal(lseek(result_fd, 0, SEEK_END), MIB);
        close(result_fd);
        status = try(goes_on_forever, hasty);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(pipe(ends), 0);
        result_fd = ends[0];
        status = try(waits_forever, hasty);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
        close(ends[0]);
        close(ends[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_decoders_need_is_there),
        cmocka_unit_test(files_are_out_of_reach),
        cmocka_unit_test(anything_else_kills),
        cmocka_unit_test(results_and_time_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
