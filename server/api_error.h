/* Every way in which a request can fail, as docs/HTTP_API.md lists them: one table. Any thread. */
#pragma once

#include <stdbool.h>

struct error;
struct value;

enum problem {
    PROBLEM_INVALID_VALUE,
    PROBLEM_INVALID_JSON,
    PROBLEM_MISSING_PROMPT,
    PROBLEM_INVALID_MEDIA,
    PROBLEM_CONTEXT_LENGTH,
    PROBLEM_INVALID_KEY,
    PROBLEM_NOT_FOUND,
    PROBLEM_CANCELLED,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_UPLOAD_TIMEOUT,
    PROBLEM_PAYLOAD_TOO_LARGE,
    PROBLEM_UNSUPPORTED_MEDIA_TYPE,
    PROBLEM_HEADER_TOO_LARGE,
    PROBLEM_QUEUE_FULL,
    PROBLEM_KEY_LIMIT,
    PROBLEM_INTERNAL,
    PROBLEM_MODEL_LOADING,
    PROBLEM_STALLED,
    PROBLEM_DRAINING,
    PROBLEM_DEADLINE,
    N_PROBLEMS,
};

/* One row of the table. */
struct problem_info {
    enum problem problem;
    int status;
    const char *type, *code;
    int error_code;      /* the negative errno that means this; 0: none does */
    bool retry_after;    /* tells the client when to come back */
    const char *message; /* when there is nothing more exact to say */
};

const struct problem_info *problem_info(enum problem problem);

/* What a failure inside is to the client; everything that is not the client's doing is PROBLEM_INTERNAL. */
enum problem problem_of(const struct error *error);

/* {"error":{"message","type","param","code"}}. error names the field and says what is wrong with it; NULL, or one
 * whose words are not for clients: the message of the table. The caller's. */
struct value *problem_json(enum problem problem, const struct error *error);
