/* The engine as the daemon and the command line see it: open a model, prepare questions, submit them, collect answers.

   Life of a sequence:
     onellm_prepare  (any thread)   messages + input tensors -> prompt, checked against the model's limits
     onellm_fork     (one thread)   perhaps: others to the same prompt
     onellm_submit   (one thread)   into the bounded inbox of the engine thread
     engine thread                  encode, prefill, decode; every new piece of text is news
     onellm_next     (one thread)   which sequence has news; onellm_take() copies them out
     onellm_release  (any thread)   the caller needs it no more; unfinished work is cancelled

   Every submitted sequence ends in exactly one news with `finished` set, whatever happens to it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/modal/modality.h"
#include "core/text/conversation.h"

struct buffer;
struct digest;
struct error;
struct onellm;
struct sequence;
struct hparams;
struct vocabulary;

/* The order is that of the option kv-type (config/options.def). */
enum kv_type {
    KV_F16,
    KV_Q8_0, /* half of the memory, rounded to eight bits in blocks of 32 */
};

#define ONELLM_DRAFTS 8 /* n_drafts, unless somebody says otherwise */

struct onellm_options {
    const char *model_path;      /* NULL: the demo model that comes with the program */
    int n_threads;               /* 0: the cores that this process may use */
    size_t context;              /* positions per sequence; 0: the model's own; more than that is -EINVAL */
    size_t n_sequences;          /* that are served at once; 0: 8 */
    size_t kv_positions;         /* that they may hold together, at least context; 0: context for each of them, or as
                                    many as there is memory for */
    enum kv_type kv_type;        /* how keys and values are stored; -EINVAL where the model's heads do not allow it */
    size_t memory_bytes_max;     /* for weights, keys and values; 0: what the machine has left */
    size_t media_cache_bytes;    /* for embeddings of media that may come again; 0: none */
    size_t n_drafts;             /* tokens that a pass may draft by prompt lookup; 0: none; answers are the same */
    size_t queue_max;            /* submitted sequences that may wait; 0: 64 */
    void (*wake)(void *context); /* called by the engine thread when there is news; NULL: use onellm_wait() */
    void *wake_context;
};

/* Maps and checks the file, allocates all of the engine's memory, starts the engine thread. -ENOMEM when it does not
 * fit says what takes how much. */
int onellm_open(const struct onellm_options *options, struct onellm **ret, struct error *error);
/* Cancels what is left, waits for the engine thread. Sequences must have been released. Accepts NULL. */
struct onellm *onellm_close(struct onellm *onellm);
DEFINE_CLEANUP(struct onellm *, onellm_close, onellm_closep)

/* What was opened. Lives as long as the engine. */
struct onellm_info {
    char id[64];          /* file name without .gguf */
    char fingerprint[24]; /* "fp_…": of the file's sizes and metadata */
    char type[16];        /* what most weights are stored as: "f16" */
    bool untrained;       /* random weights: answers mean nothing (metadata key onellm.untrained) */
    size_t n_bytes;       /* of the file */
    int64_t created;      /* seconds since 1970: the file's modification time */
    size_t context;       /* positions per sequence */
    size_t n_sequences;   /* that are served at once */
    size_t kv_positions;  /* that all sequences may hold together */
    /* Memory: copies of weights in the kernels' layout, the rest of the file, keys and values, the engine's work space,
       and the most that the cache of media takes; of what is available. */
    uint64_t packed_bytes, mapped_bytes, kv_bytes, workspace_bytes, media_cache_bytes, available_bytes;
    const struct hparams *hparams;
    const struct vocabulary *vocabulary;
};
const struct onellm_info *onellm_info(const struct onellm *onellm);
/* Routing weights of a modality: f32 [n_modality_tokens, n_experts], constants of the model. NULL: not in this model.
 */
const float *onellm_routing(const struct onellm *onellm, enum modality modality);

/* How the next token is chosen. Defaults are those of API.md, see core/answer/fields.def. */
struct sampling {
    float temperature;        /* 0: the most likely token */
    float top_p, min_p;       /* 1 and 0: off */
    int top_k;                /* 0: off */
    float repetition_penalty; /* of tokens of prompt and answer; 1: off */
    float frequency_penalty;  /* of tokens of the answer, for each time; 0: off */
    float presence_penalty;   /* of tokens of the answer, once; 0: off */
    uint64_t seed;
};

/* A medium of a question: an input tensor, or what has been made of one before. */
struct onellm_medium {
    enum modality modality;
    const struct input_tensor *input; /* NULL: there are embeddings */
    const float *embeddings;          /* f32 [n_modality_tokens, dim] */
    const struct digest *digest;      /* of the tensor that they are of */
};

/* What to answer. Everything is read during onellm_prepare() only, which takes copies of what it keeps. */
struct onellm_request {
    const char *system;                /* NULL: the official system sentence */
    const struct message *messages;    /* human and assistant in turn, the last is human's */
    size_t n_messages;                 /* 0: nothing is asked; input tensors are encoded, and that is it: FINISH_STOP */
    const struct onellm_medium *media; /* in upload order */
    size_t n_media;
    struct sampling sampling;
    size_t tokens_max;        /* at most so many new tokens; what the context holds is the other limit */
    const char *const *stops; /* stop strings beside the template's own */
    size_t n_stops;
    const char *const *choices; /* if there are some, the answer is the likeliest of these texts, whole, and sampling,
                                   tokens_max, stops and logprobs do not count */
    size_t n_choices;
    bool logprobs;        /* keep probabilities of new tokens, */
    size_t n_likeliest;   /* and of so many of the likeliest beside each */
    uint64_t deadline_ns; /* clock_ns(); the answer ends there with FINISH_TIMEOUT; 0: never */
    void *owner;          /* the caller's; sequence_owner() */
};

/* *ret is the caller's until onellm_release(). Errors: -E2BIG (prompt, media and the longest choice do not fit the
 * context: says how many positions of how many), -EINVAL (a modality that the model does not have, bad stop strings, no
 * message, a vocabulary with pieces that begin in the prompt and end in a choice), -ENOMEM. */
int onellm_prepare(struct onellm *onellm, const struct onellm_request *request, struct sequence **ret,
                   struct error *error);

/* Another answer to the prompt of a sequence without choices that has not been submitted yet: the same in everything
 * but the random numbers, which follow from seed and number (1, 2, …). Media are shared: submitted when the original
 * generates, it encodes nothing again, and of the prompt computes no more than the last page of positions. -ENOMEM. */
int onellm_fork(struct sequence *original, uint64_t number, struct sequence **ret, struct error *error);

/* 0, or ONELLM_FULL when queue_max sequences wait already; then nothing has changed. */
#define ONELLM_FULL 1
int onellm_submit(struct onellm *onellm, struct sequence *sequence);

/* Any thread, any time, more than once: the sequence ends within one step of the engine with FINISH_CANCELLED. */
void onellm_cancel(struct sequence *sequence);

/* Gives the sequence back, finished or not (then it is cancelled first). Accepts NULL, returns NULL. */
struct sequence *onellm_release(struct sequence *sequence);

enum finish {
    FINISH_NONE,    /* not finished */
    FINISH_STOP,    /* end of text or a stop string */
    FINISH_LENGTH,  /* tokens_max, or the context is full */
    FINISH_TIMEOUT, /* the deadline; what was generated so far stands */
    FINISH_CANCELLED,
    FINISH_ERROR, /* see error */
};
enum stage {
    STAGE_QUEUED,
    STAGE_ENCODING,
    STAGE_PREFILLING,
    STAGE_GENERATING,
    STAGE_FINISHED,
};

/* Everything about a sequence that its owner may want to know. */
struct sequence_news {
    enum stage stage;
    size_t queue_position; /* 1: the next; 0: no longer in the queue */
    enum finish finish;
    int error;              /* FINISH_ERROR: a negative errno */
    size_t n_prompt_tokens; /* ids of the text and BOS, start and end tags and modality tokens */
    size_t n_media_tokens;  /* of these: start tags, modality tokens, end tags */
    size_t n_cached_tokens; /* of the prompt: positions that had been computed for others before */
    size_t n_new_tokens;    /* generated so far, an end-of-text token not counted */
    double queue_ms, encode_ms, prefill_ms, generate_ms; /* so far */
};

/* Pops one sequence that has news since its last onellm_take(), NULL when there is none. Each is listed once however
 * much news it has, so nothing overflows when the caller is slow. */
struct sequence *onellm_next(struct onellm *onellm);
/* Waits until onellm_next() would return something, at most timeout_ms (-1: for ever). False: timeout. */
bool onellm_wait(struct onellm *onellm, int timeout_ms);
/* Copies the state to *ret and appends the text that is new since the last call to *text (may be NULL: then the text is
 * kept). 0 or -ENOMEM. */
int onellm_take(struct sequence *sequence, struct sequence_news *ret, struct buffer *text);

void *sequence_owner(const struct sequence *sequence);
/* Ids, for tests and `onellm answer --json`: of the prompt's text (with BOS, without media), and generated. The second
 * is complete once the sequence has finished, and then includes an end-of-text token. Borrowed. */
const int32_t *sequence_prompt_ids(const struct sequence *sequence, size_t *ret_n);
const int32_t *sequence_new_ids(const struct sequence *sequence, size_t *ret_n);

/* How likely the model holds a token, before sampling settings: the natural logarithm. */
struct token_probability {
    int32_t id;
    float logprob;
};
/* [new ids, 1 + n_likeliest] of a sequence that keeps them: of the token itself, then of the likeliest, likeliest
 * first. NULL: it does not. Rows of the new tokens that onellm_take() has told of may be read. Borrowed. */
const struct token_probability *sequence_probabilities(const struct sequence *sequence, size_t *ret_n_likeliest);

/* What has been made of a medium, once its sequence has finished with FINISH_STOP: f32 [n_modality_tokens, dim], and
 * the digest of its input tensor. Borrowed. */
const float *sequence_embeddings(const struct sequence *sequence, size_t i, const struct digest **ret_digest);

/* A choice of a request that has some: ln of how likely the model would have answered just so, and how likely it is if
 * the answer is one of the choices. NULL: there is none of that number, or the sequence has not finished with
 * FINISH_STOP. Borrowed. */
struct choice_likelihood {
    double logprob, probability;
};
const struct choice_likelihood *sequence_choice(const struct sequence *sequence, size_t i);

/* Progress of the engine, for readiness: clock_ns() of its last step or idle moment, and what it holds. */
struct onellm_statistics {
    uint64_t heartbeat_ns;
    bool busy;
    size_t n_waiting, n_served;                     /* sequences in the inbox, and in the engine */
    size_t kv_positions;                            /* of pages that sequences hold */
    uint64_t n_finished, n_cancelled, n_new_tokens; /* since start */
    uint64_t n_computed;                            /* positions that went through the decoder */
    uint64_t n_recalled;                            /* media that had been encoded before */
    uint64_t media_cache_bytes;                     /* of embeddings that may come again */
    uint64_t n_drafted, n_accepted;                 /* tokens of prompt lookup */
    uint64_t n_preempted;       /* how often a sequence gave its keys and values up to an older one */
    double seconds_per_request; /* from one end to the next, smoothed; 0 before the first */
};
void onellm_statistics(struct onellm *onellm, struct onellm_statistics *ret);

/* Stages of the network for one medium, for `onellm encode`; uses the engine's memory, so nothing may be submitted
 * meanwhile. Rows and columns as in the reference: tokens [T * L, D], features [1 + L, D], experts and embeddings
 * [n_modality_tokens, D or dim]. *ret is malloc'ed, the caller's. */
enum encode_stage {
    ENCODE_TOKENS,
    ENCODE_FEATURES,
    ENCODE_EXPERTS,
    ENCODE_EMBEDDINGS,
};
int onellm_encode(struct onellm *onellm, const struct input_tensor *input, enum encode_stage stage, float **ret,
                  size_t ret_shape[2], struct error *error);
