/* What the daemon and its media worker say to each other: packets of one struct over SOCK_SEQPACKET sockets, files in
   memory beside them. Both programs come from one build, so structs travel as they are.

   The worker program (media_worker.c) is started once. For each file it gets an order over the control socket and forks
   a process that decodes it; that one, and nobody else, answers over a socket of its own. What it says is checked,
   since the file may have taken it over. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/media/media.h"

#define MEDIA_CONTROL_FD 3 /* of the worker program */

/* Control socket, worker -> daemon, once. */
struct media_hello {
    char version[32];                /* of the program */
    int result;                      /* 0, or why files cannot be decoded as demanded */
    char message[ERROR_MESSAGE_MAX]; /* in words */
    int landlock_abi;                /* 0: this kernel has none */
};

/* Control socket, daemon -> worker, with descriptors in this order. */
enum media_descriptor {
    MEDIA_FD_SOCKET, /* for the report */
    MEDIA_FD_FILE,   /* sealed: job.n_bytes */
    MEDIA_FD_RESULT, /* empty: what was decoded */
    MEDIA_FD_MASK,   /* only with has_mask, sealed: mask.n_bytes */
    MEDIA_FDS_MAX,
};
struct media_order {
    struct media_job job; /* without pointers; its deadline is never 0 */
    struct media_limits limits;
    struct raw_media mask; /* without data */
    bool has_mask;
    uint64_t memory_bytes_max; /* beyond what the program itself takes */
};

/* Socket of an order, worker -> daemon. */
enum media_outcome {
    MEDIA_DECODED,
    MEDIA_REFUSED, /* by media_decode() */
    MEDIA_DIED,    /* the process ended without a word; from the worker program */
};
struct media_report {
    uint32_t outcome;
    int32_t status; /* refused: a negative errno; died: as waitpid() says */
    char message[ERROR_MESSAGE_MAX], detail[ERROR_DETAIL_MAX];
    struct raw_media media; /* without data */
};

/* bytes: what came for a file of this kind; n_result: size of the result. Fills *ret with a report that can be believed
 * to be well-formed: known codes, printable text, a shape that is as large as the result. -EPROTO: it is not one. */
int media_report_read(const void *bytes, size_t n, enum media_kind kind, size_t n_result, struct media_report *ret);

/* All of n bytes; negative: errno. */
int media_write(int fd, const void *bytes, size_t n);

/* One packet with descriptors; negative: errno. */
int media_send(int socket, const void *packet, size_t n, const int *descriptors, size_t n_descriptors);
/* Bytes received, 0 at the end; negative: errno. Descriptors that did not come are -1. */
int media_receive(int socket, void *packet, size_t n, int descriptors[MEDIA_FDS_MAX]);
