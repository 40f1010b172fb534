/* How far a long piece of work has come: a bar on a terminal once a second has passed, one line when it is done; where
   stderr is no terminal, that line alone. And Ctrl-C that lets the work clean up behind itself. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what; /* "converting" */
    uint64_t n_bytes;
    double started_ms, shown_ms;
    bool terminal, shown;
};

void progress_start(struct progress *progress, const char *what);
void progress_update(struct progress *progress, uint64_t n_bytes_done, uint64_t n_bytes);
/* Takes the bar away; safe to call more than once. */
void progress_clear(struct progress *progress);
/* "wrote m.gguf: 14.9 GB in 31.2 s (478 MB/s)" */
void progress_finish(struct progress *progress, const char *did, const char *path);

/* "14.9 GB", in units of 1000. */
#define SIZE_TEXT_MAX 16
const char *size_text(uint64_t n_bytes, char ret[SIZE_TEXT_MAX]);

/* From here on SIGINT and SIGTERM only set a flag, which long loops look at. */
void interrupt_watch(void);
bool interrupted(void);
/* Ends the process by the signal that came, if one came: the shell then sees what happened. */
void interrupt_finish(void);
