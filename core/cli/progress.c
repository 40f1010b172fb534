#include "core/cli/progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"

#define FIRST_MS 1000
#define EVERY_MS 100
#define BAR_WIDTH 30

const char *size_text(uint64_t n_bytes, char ret[SIZE_TEXT_MAX])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double size = (double)n_bytes;
    size_t unit = 0;

    for (; size >= 999.5 && unit < 4; unit++)
        size /= 1000;
    snprintf(ret, SIZE_TEXT_MAX, "%.*f %s", unit && size < 99.95, size, units[unit]);
    return ret;
}

void progress_start(struct progress *progress, const char *what)
{
    *progress = (struct progress){.what = what, .started_ms = clock_ms(), .terminal = isatty(STDERR_FILENO) == 1};
}

static void draw(const struct progress *progress, uint64_t n_bytes_done, double passed_ms)
{
    static const char full[] = "##############################", empty[] = "..............................";
    double part = progress->n_bytes ? (double)n_bytes_done / (double)progress->n_bytes : 0;
    int n = (int)(part * BAR_WIDTH), left_s = part > 0 ? (int)(passed_ms * (1 - part) / part / 1e3) : 0;
    char done[SIZE_TEXT_MAX], all[SIZE_TEXT_MAX];

    fprintf(stderr, "\r%s [%.*s%.*s] %3d %%  %s of %s  %d:%02d left\x1b[K", progress->what, n, full, BAR_WIDTH - n,
            empty, (int)(part * 100), size_text(n_bytes_done, done), size_text(progress->n_bytes, all), left_s / 60,
            left_s % 60);
    fflush(stderr);
}

void progress_update(struct progress *progress, uint64_t n_bytes_done, uint64_t n_bytes)
{
    double now_ms = clock_ms();

    progress->n_bytes = n_bytes;
    if (!progress->terminal || now_ms - progress->started_ms < FIRST_MS || now_ms - progress->shown_ms < EVERY_MS)
        return;
    draw(progress, n_bytes_done, now_ms - progress->started_ms);
    progress->shown_ms = now_ms;
    progress->shown = true;
}

void progress_clear(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\x1b[K", stderr);
    progress->shown = false;
}

void progress_finish(struct progress *progress, const char *did, const char *path)
{
    double passed_s = (clock_ms() - progress->started_ms) / 1e3;
    char size[SIZE_TEXT_MAX], rate[SIZE_TEXT_MAX];

    progress_clear(progress);
    fprintf(stderr, "%s %s: %s in %.1f s (%s/s)\n", did, path, size_text(progress->n_bytes, size), passed_s,
            size_text((uint64_t)((double)progress->n_bytes / (passed_s > 1e-3 ? passed_s : 1e-3)), rate));
}

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t signal_seen;

static void see_signal(int number)
{
    signal_seen = number;
}

void interrupt_watch(void)
{
    struct sigaction action = {.sa_handler = see_signal, .sa_flags = SA_RESTART};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool interrupted(void)
{
    return signal_seen != 0;
}

void interrupt_finish(void)
{
    if (!signal_seen)
        return;
    signal(signal_seen, SIG_DFL);
    raise(signal_seen);
}
