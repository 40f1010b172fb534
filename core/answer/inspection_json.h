/* What preprocessing has made of files, before any model runs, as the JSON of docs/HTTP_API.md. Any thread. */
#pragma once

struct error;
struct onellm;
struct question;
struct value;

enum tensor_form {
    TENSOR_NONE, /* what is known of the file, and no numbers */
    TENSOR_U8,   /* the range of the tensor in 256 steps: enough to look at */
    TENSOR_F32,
};

/* {"object":"inspection","media":[…],"timings"}, the caller's; after question_decode(). NULL: no memory. */
struct value *inspection_json(const struct onellm *onellm, const struct question *question, enum tensor_form form);
