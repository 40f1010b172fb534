/* A negative errno code and one sentence for a person.

   Set once, where the failure is born: what was expected, what was found, where. Everybody above passes the code on
   unchanged; somebody above who knows which field or part was being read names it with error_at().

   The codes that a person can cause, and what they mean everywhere:
     -EINVAL       a value is out of range or does not fit the others
     -EBADMSG      the bytes of a file are damaged or not what its format says
     -EMEDIUMTYPE  the file is of a format that is not accepted here
     -EFBIG        larger than a limit
     -EILSEQ       a text is not the JSON that it should be
     -E2BIG        does not fit the model's context
     -ENOMEM       no memory
     -EDQUOT       somebody has as much in progress as they may
     -ETIME        a deadline has passed
     -EINTR        somebody has cancelled the request
     -ECANCELED    nobody waits for the result any more
   plus what the kernel says when a file cannot be opened or read. */
#pragma once

#include <stddef.h>

#define ERROR_MESSAGE_MAX 448
#define ERROR_DETAIL_MAX 192

struct error {
    int code;                        /* 0: not set */
    char at[64];                     /* the field, part or option at fault; empty: not known */
    char message[ERROR_MESSAGE_MAX]; /* for the person who sent the input; no addresses, no paths of the server */
    char detail[ERROR_DETAIL_MAX];   /* for the log of the person who runs the program: a library's own words; may be
                                        empty */
};

#define ERROR_NONE ((struct error){0})

/* Fills *error (which may be NULL) and returns code, so that a failure is one line: return error_set(error, -EINVAL,
 * …); The first message stays: a second call on a set error changes nothing but returns its own code. A macro, so that
 * the compiler sees which code comes back. */
#define error_set(error, code, ...)                                                                                    \
    ({                                                                                                                 \
        int error_code_ = (code);                                                                                      \
        error_fill((error), error_code_, __VA_ARGS__);                                                                 \
        error_code_;                                                                                                   \
    })
void error_fill(struct error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Names the place of a failure that has no place yet; returns error->code. */
int error_at(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds what only the log should see; returns error->code. */
int error_detail(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "at: message (detail)" for a terminal or a log, truncated to n bytes; returns text. */
const char *error_describe(const struct error *error, char *text, size_t n);
