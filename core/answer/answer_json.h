/* The answer, and everything else that both the daemon and the command line say about a model, as the JSON of docs/
   HTTP_API.md. Values are the caller's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct onellm;
struct question;
struct sequence;
struct sequence_news;
struct value;

/* {"id","object":"answer","created","model","system_fingerprint","answer","finish_reason","media","usage","timings"};
 * with_ids adds "token_ids" and "prompt_ids"; "logprobs" where they were asked for. created: seconds since 1970. */
struct value *answer_json(const struct onellm *onellm, const struct question *question, struct sequence *sequence,
                          const struct sequence_news *news, const char *id, int64_t created, const char *text,
                          size_t n_text, bool with_ids);

/* The same for OpenAI's clients: {"id","object":"chat.completion","created","model","system_fingerprint","choices",
 * "usage","media","timings"}. total: what all choices took together. */
struct chat_choice {
    const struct sequence *sequence;
    const struct sequence_news *news;
    const char *text;
    size_t n_text;
};
struct value *answer_chat_json(const struct onellm *onellm, const struct question *question,
                               const struct chat_choice *choices, size_t n_choices, const struct sequence_news *total,
                               const char *id, int64_t created);

/* A piece of it, for a stream: "chat.completion.chunk". sequence and news are those of the choice, or for
 * CHAT_CHUNK_USAGE what all choices took together. */
struct chat_chunk {
    enum {
        CHAT_CHUNK_ROLE,  /* the first: who speaks */
        CHAT_CHUNK_TEXT,  /* what is new */
        CHAT_CHUNK_END,   /* finish_reason */
        CHAT_CHUNK_USAGE, /* no choices, but what it took */
    } kind;
    size_t index; /* of the choice */
    const char *text;
    size_t n_text;
    size_t n_told; /* tokens that chunks before have told the probabilities of */
};
struct value *answer_chunk_json(const struct onellm *onellm, const struct question *question,
                                const struct sequence *sequence, const struct sequence_news *news, const char *id,
                                int64_t created, const struct chat_chunk *chunk);

/* What is known of a medium: {"id" of a kept one,"modality","format",…,"tokens"}. */
struct kept_medium;
struct value *answer_medium_json(const struct onellm *onellm, const struct kept_medium *medium);

/* The `media` section alone, for the start event of a stream. */
struct value *answer_media_json(const struct onellm *onellm, const struct question *question);

/* {"object":"list","data":[…]} of GET /v1/models. */
struct value *answer_models_json(const struct onellm *onellm);

/* {"object":"list","data":[…]} of GET /v1/modalities: formats, limits, tensor, tokens, routing, sample curl. With
 * onellm NULL (no model at hand) the released sizes and no routing. */
struct media_limits;
struct value *answer_modalities_json(const struct onellm *onellm, const struct media_limits *limits);

const char *finish_name(int finish); /* "stop", "length", "timeout", "cancelled", "error" */
const char *stage_name(int stage);   /* "queued", "encoding", "prefilling", "generating", "finished" */
