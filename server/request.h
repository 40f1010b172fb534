/* One question from its upload to its answer, whichever endpoint it came by. Thread: loop, except as noted.

     UPLOADING --request_prepare--> PREPARING --prepared--> SUBMITTED --finished--> freed
   From every state request_end() leads to the end at once: the engine's work is cancelled, and memory that a
   preparation thread still uses is freed when that thread is done (ORPHANED).

   A question may want several answers: sequences with the same prompt. The others are submitted when the first has
   computed it; they end as one request, when the last of them has ended, or when one has failed.

   Embedded as the first member of what an endpoint keeps for it. The endpoint renders; it hears of: */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/answer/question.h"
#include "core/base/buffer.h"
#include "core/base/error.h"
#include "server/api_error.h"
#include "server/http.h"
#include "server/stream.h"

struct daemon;
struct loop_timer;
struct request;
struct sequence;

#define REQUEST_ANSWERS_MAX 4

/* A negative result ends the request: nobody reads its reply. i: number of the answer. NULL where an endpoint has
 * nothing to do. */
struct request_face {
    const char *id_prefix;                                     /* of the request's id */
    size_t size;                                               /* of the struct that begins with the request */
    bool about_media;                                          /* nothing is asked, media are looked at */
    struct exchange_handler exchange;                          /* `owner` of the exchange is the request */
    int (*read)(struct request *request, struct error *error); /* completes the question: preparation thread */
    /* Says all there is to say, by the input tensors: preparation thread; then the engine hears nothing of it */
    int (*inspect)(struct request *request, struct error *error);
    int (*accepted)(struct request *request); /* the engine has the first, media are known */
    int (*news)(struct request *request, size_t i, const char *text, size_t n);
    int (*ended)(struct request *request, size_t i);                              /* an answer is complete */
    void (*answered)(struct request *request, const struct sequence_news *total); /* all are; NULL: inspected */
    void (*failed)(struct request *request, enum problem problem, const struct error *error); /* NULL: a plain reply */
    void (*free)(struct request *request); /* what the endpoint added */
};

enum request_state {
    REQUEST_UPLOADING,
    REQUEST_PREPARING, /* question, files, n_answers and error belong to the preparation thread */
    REQUEST_SUBMITTED,
    REQUEST_ORPHANED, /* ended while a thread was preparing it */
};

/* One of several answers to the same prompt. */
struct request_answer {
    struct sequence *sequence;
    struct sequence_news news; /* the latest */
    struct buffer text;        /* so far */
    bool ended;
};

struct request {
    struct daemon *daemon;
    const struct request_face *face;
    struct exchange *exchange; /* NULL once ended */
    struct key *key;
    enum request_state state;
    struct request *previous, *next; /* of daemon->requests */
    char id[ID_MAX];                 /* "ans-…", "chatcmpl-…" */
    int64_t created;                 /* seconds since 1970 */
    uint64_t started_ns, deadline_ns;
    struct loop_timer *deadline;
    atomic_bool cancelled; /* any thread */

    struct question question;
    struct media_limits media_limits;        /* of its files, whatever becomes of the daemon's */
    struct buffer files[QUESTION_FILES_MAX]; /* lent to the question until it is decoded */
    size_t n_files;
    uint64_t n_file_bytes; /* counted by admission */
    size_t n_answers;      /* that are wanted; the others wait until the first has its prompt */
    int result;            /* of the preparation */
    struct error error;
    struct sequence *sequence; /* prepared, until it is that of the first answer */

    struct request_answer answers[REQUEST_ANSWERS_MAX];
    size_t n_places;             /* in admission and of the key: one for each answer */
    size_t n_submitted, n_ended; /* answers */
    const char *end;             /* how it ended, for metrics_end(); NULL: nobody read on */

    struct stream stream;
};

/* Whether there is room for another request whose body may have so many bytes; else the exchange has been replied to.
 */
bool request_admit(struct daemon *daemon, struct exchange *exchange, uint64_t body_bytes_max);
/* What was admitted has ended. */
void request_leave(struct daemon *daemon, struct key *key);
/* Admits a request, zero-filled behind `struct request`, and gives it the exchange. NULL: that has been replied to. */
struct request *request_new(struct daemon *daemon, struct exchange *exchange, const struct request_face *face,
                            uint64_t body_bytes_max);

/* Another file. NULL: too many. */
struct buffer *request_add_file(struct request *request);
/* Memory of an upload, until it is decoded. -EAGAIN: the uploads of all requests fill theirs. */
int request_count_bytes(struct request *request, size_t n, struct error *error);
/* Bytes of the latest file. -EFBIG, -ENOMEM, or -EAGAIN: the uploads of all requests fill their memory. */
int request_append_file(struct request *request, const void *bytes, size_t n, struct error *error);

/* The header that says what the answers took. */
void request_set_timing(struct request *request, const struct sequence_news *total);

/* Everything has come. */
void request_prepare(struct request *request);
/* The question has said how long it may take: preparation thread. */
void request_shorten(struct request *request);
/* What prepare.c reports: request->result and request->error are set. */
void request_prepared(struct request *request);
/* The engine has news of one of its answers. */
void request_take_news(struct request *request, const struct sequence *sequence);

/* Tells the client and ends it. */
void request_fail(struct request *request, const struct error *error);
/* What the exchange of a request, which is its owner, hears when its body is too much or too slow, and when its client
 * has gone. */
void request_refused(struct exchange *exchange, const struct error *error);
void request_gone(struct exchange *exchange);
/* Ends it; a reply has been given or nobody waits for one. The request must not be touched afterwards. */
void request_end(struct request *request);
