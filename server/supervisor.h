/* What systemd, or another supervisor that speaks its protocols, is told and gives: sd_notify(3), sd_listen_fds(3),
   sd_watchdog_enabled(3). Without one, nothing happens. Thread: loop. */
#pragma once

#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…"; several are lines. */
void supervisor_tell(const char *state);

/* How often it wants to hear WATCHDOG=1; 0: never. */
uint64_t supervisor_watchdog_ms(void);

/* The socket that it listens on for this process; -1: none. Later calls, and children, get none. */
int supervisor_take_socket(void);
