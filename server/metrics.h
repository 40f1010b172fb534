/* What has happened since the start, for Prometheus (text format 0.0.4). Thread: loop. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/modal/modality.h"

struct buffer;
struct daemon;
struct question;
struct sequence_news;

#define HISTOGRAM_BOUNDS 14

struct histogram {
    uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* each bound alone, and what is beyond */
    double sum;
};

/* A counter by a word, or by a word and a number; words are constants. */
struct metric_count {
    const char *word;
    int number;
    uint64_t n;
};

enum metric_stage {
    METRIC_QUEUE,
    METRIC_DECODE,
    METRIC_ENCODE,
    METRIC_PREFILL,
    METRIC_GENERATE,
    METRIC_FIRST_TOKEN, /* from the end of the upload */
    N_METRIC_STAGES,
};

#define METRIC_KINDS (N_MODALITIES + 2) /* the modality that was asked about, none, or several */
#define METRIC_REPLIES_MAX 128
#define METRIC_ENDS_MAX 32

/* Embedded; zero-filled at the start. */
struct metrics {
    struct metric_count replies[METRIC_REPLIES_MAX], ends[METRIC_ENDS_MAX];
    struct histogram stages[N_METRIC_STAGES][METRIC_KINDS];
    uint64_t n_accepted; /* questions; each ends once */
    uint64_t n_media[N_MODALITIES];
    uint64_t n_prompt_tokens, n_cached_tokens, n_new_tokens;
};

/* A reply is over. route: of the table of routes; NULL: none of them. */
void metrics_reply(struct metrics *metrics, const char *route, int status);
/* A question has been answered. */
void metrics_answer(struct metrics *metrics, const struct question *question, const struct sequence_news *news);
/* A question has ended: how, is a finish_name(), the code of a problem, "abandoned" or "dropped". */
void metrics_end(struct metrics *metrics, const char *how);

/* Appends everything, with the state of the daemon and its engine. */
void metrics_write(const struct daemon *daemon, struct buffer *ret);
