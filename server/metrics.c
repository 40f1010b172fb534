#include "server/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/answer/question.h"
#include "core/base/buffer.h"
#include "core/onellm.h"
#include "server/daemon.h"
#include "server/http.h"
#include "server/media/media_pool.h"
#include "server/media_store.h"

static const double bounds[HISTOGRAM_BOUNDS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                0.25,  0.5,    1,     2.5,  5,     15,   60};

static const char *const stage_names[N_METRIC_STAGES] = {
    [METRIC_QUEUE] = "queue",     [METRIC_DECODE] = "decode",     [METRIC_ENCODE] = "encode",
    [METRIC_PREFILL] = "prefill", [METRIC_GENERATE] = "generate", [METRIC_FIRST_TOKEN] = "first_token",
};

/* ---- counting ---- */

/* What finds no place any more is counted with the last. */
static void count(struct metric_count *counts, size_t n, const char *word, int number)
{
    size_t i = 0;

    while (i < n - 1 && counts[i].word && (strcmp(counts[i].word, word) != 0 || counts[i].number != number))
        i++;
    if (!counts[i].word)
        counts[i] = (struct metric_count){.word = word, .number = number};
    counts[i].n++;
}

void metrics_reply(struct metrics *metrics, const char *route, int status)
{
    count(metrics->replies, METRIC_REPLIES_MAX, route ? route : "other", status);
}

void metrics_end(struct metrics *metrics, const char *how)
{
    count(metrics->ends, METRIC_ENDS_MAX, how, 0);
}

static void observe(struct histogram *histogram, double ms)
{
    size_t i = 0;

    while (i < HISTOGRAM_BOUNDS && ms > bounds[i] * 1e3)
        i++;
    histogram->counts[i]++;
    histogram->sum += ms * 1e-3;
}

/* Number of the only modality; N_MODALITIES: none, one more: several. */
static size_t kind_of(const struct question *question)
{
    size_t kind = N_MODALITIES;

    for (size_t i = 0; i < question->n_uploads; i++) {
        if (question->uploads[i].is_plane)
            continue;
        if (kind != N_MODALITIES)
            return N_MODALITIES + 1;
        kind = question->uploads[i].modality;
    }
    return kind;
}

void metrics_answer(struct metrics *metrics, const struct question *question, const struct sequence_news *news)
{
    const double ms[N_METRIC_STAGES] = {
        [METRIC_QUEUE] = news->queue_ms,
        [METRIC_DECODE] = question->decode_ms,
        [METRIC_ENCODE] = news->encode_ms,
        [METRIC_PREFILL] = news->prefill_ms,
        [METRIC_GENERATE] = news->generate_ms,
        [METRIC_FIRST_TOKEN] = question->decode_ms + news->queue_ms + news->encode_ms + news->prefill_ms,
    };
    size_t kind = kind_of(question);

    for (size_t stage = 0; stage < N_METRIC_STAGES; stage++)
        observe(&metrics->stages[stage][kind], ms[stage]);
    for (size_t i = 0; i < question->n_uploads; i++)
        metrics->n_media[question->uploads[i].modality] += !question->uploads[i].is_plane;
    metrics->n_prompt_tokens += news->n_prompt_tokens;
    metrics->n_cached_tokens += news->n_cached_tokens;
    metrics->n_new_tokens += news->n_new_tokens;
}

/* ---- writing ---- */

static void head(struct buffer *ret, const char *name, const char *type, const char *help)
{
    buffer_printf(ret, "# HELP onellmd_%s %s\n# TYPE onellmd_%s %s\n", name, help, name, type);
}

static void gauge(struct buffer *ret, const char *name, double value, const char *help)
{
    head(ret, name, "gauge", help);
    buffer_printf(ret, "onellmd_%s %.17g\n", name, value);
}

static void counter(struct buffer *ret, const char *name, uint64_t value, const char *help)
{
    head(ret, name, "counter", help);
    buffer_printf(ret, "onellmd_%s %" PRIu64 "\n", name, value);
}

static void write_counts(const struct metrics *metrics, struct buffer *ret)
{
    head(ret, "replies_total", "counter", "Replies by route and status.");
    for (size_t i = 0; i < METRIC_REPLIES_MAX && metrics->replies[i].word; i++)
        buffer_printf(ret, "onellmd_replies_total{route=\"%s\",status=\"%d\"} %" PRIu64 "\n", metrics->replies[i].word,
                      metrics->replies[i].number, metrics->replies[i].n);
    counter(ret, "questions_accepted_total", metrics->n_accepted,
            "Questions that were not turned away; each ends once.");
    head(ret, "questions_total", "counter",
         "Questions by how they ended: finish reason, error code, or why nobody read on.");
    for (size_t i = 0; i < METRIC_ENDS_MAX && metrics->ends[i].word; i++)
        buffer_printf(ret, "onellmd_questions_total{end=\"%s\"} %" PRIu64 "\n", metrics->ends[i].word,
                      metrics->ends[i].n);
    head(ret, "media_total", "counter", "Media in answered questions.");
    for (size_t m = 0; m < N_MODALITIES; m++)
        buffer_printf(ret, "onellmd_media_total{modality=\"%s\"} %" PRIu64 "\n", modality_info((enum modality)m)->name,
                      metrics->n_media[m]);
    counter(ret, "prompt_tokens_total", metrics->n_prompt_tokens,
            "Positions of prompts of answered questions, media included.");
    counter(ret, "cached_tokens_total", metrics->n_cached_tokens, "Of these, positions that had been computed before.");
    counter(ret, "completion_tokens_total", metrics->n_new_tokens, "Tokens of answers.");
}

static void write_histogram(const struct histogram *histogram, const char *stage, const char *modality,
                            struct buffer *ret)
{
    uint64_t n = 0;

    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        char bound[32] = "+Inf";

        n += histogram->counts[i];
        if (i < HISTOGRAM_BOUNDS)
            snprintf(bound, sizeof(bound), "%g", bounds[i]);
        buffer_printf(ret, "onellmd_stage_seconds_bucket{stage=\"%s\",modality=\"%s\",le=\"%s\"} %" PRIu64 "\n", stage,
                      modality, bound, n);
    }
    buffer_printf(ret,
                  "onellmd_stage_seconds_sum{stage=\"%s\",modality=\"%s\"} %.17g\n"
                  "onellmd_stage_seconds_count{stage=\"%s\",modality=\"%s\"} %" PRIu64 "\n",
                  stage, modality, histogram->sum, stage, modality, n);
}

static bool is_empty(const struct histogram *histogram)
{
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
        if (histogram->counts[i])
            return false;
    return true;
}

static void write_stages(const struct metrics *metrics, struct buffer *ret)
{
    head(ret, "stage_seconds", "histogram",
         "Time of answered questions in each stage; first_token: from the end of the upload.");
    for (size_t stage = 0; stage < N_METRIC_STAGES; stage++)
        for (size_t kind = 0; kind < METRIC_KINDS; kind++) {
            const char *modality = kind < N_MODALITIES    ? modality_info((enum modality)kind)->name
                                   : kind == N_MODALITIES ? "none"
                                                          : "several";

            if (!is_empty(&metrics->stages[stage][kind]))
                write_histogram(&metrics->stages[stage][kind], stage_names[stage], modality, ret);
        }
}

static void write_engine(const struct daemon *daemon, struct buffer *ret)
{
    const struct onellm_info *info = onellm_info(daemon->onellm);
    struct onellm_statistics s;

    onellm_statistics(daemon->onellm, &s);
    gauge(ret, "queue_depth", (double)s.n_waiting, "Questions that wait for the engine.");
    gauge(ret, "predicted_wait_seconds",
          s.n_served < info->n_sequences ? 0 : (double)(s.n_waiting + 1) * s.seconds_per_request,
          "How long another question would wait for the engine.");
    gauge(ret, "media_kept", (double)media_store_size(daemon->media_store), "Media that POST /v1/media keeps.");
    gauge(ret, "sequences", (double)s.n_served, "Answers that are being made.");
    gauge(ret, "sequences_max", (double)info->n_sequences, "Answers that can be made at once.");
    gauge(ret, "kv_positions", (double)s.kv_positions, "Positions whose keys and values answers in progress hold.");
    gauge(ret, "kv_positions_max", (double)info->kv_positions, "Positions that there is room for.");
    gauge(ret, "media_cache_bytes", (double)s.media_cache_bytes, "Embeddings of media that may come again.");
    counter(ret, "media_recalled_total", s.n_recalled, "Media that were not encoded because they had been before.");
    counter(ret, "preemptions_total", s.n_preempted,
            "How often an answer gave its keys and values up to an older one.");
    counter(ret, "generated_tokens_total", s.n_new_tokens, "Tokens generated, of whatever became of them.");
    counter(ret, "drafted_tokens_total", s.n_drafted, "Tokens drafted by prompt lookup.");
    counter(ret, "accepted_tokens_total", s.n_accepted, "Drafted tokens that were right.");
    head(ret, "info", "gauge", "Program and model.");
    buffer_printf(ret, "onellmd_info{version=\"%s\",fingerprint=\"%s\",type=\"%s\"} 1\n", ONELLMD_VERSION,
                  info->fingerprint, info->type);
    gauge(ret, "model_bytes", (double)info->n_bytes, "Size of the model file.");
}

static void write_process(struct buffer *ret)
{
    struct rusage usage;
    unsigned long n_pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file && fscanf(file, "%*u %lu", &n_pages) != 1)
        n_pages = 0;
    if (file)
        fclose(file);
    buffer_printf(ret,
                  "# HELP process_resident_memory_bytes Resident memory.\n# TYPE process_resident_memory_bytes gauge\n"
                  "process_resident_memory_bytes %llu\n",
                  (unsigned long long)n_pages * (unsigned long long)sysconf(_SC_PAGESIZE));
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        buffer_printf(ret,
                      "# HELP process_cpu_seconds_total Processor time.\n# TYPE process_cpu_seconds_total counter\n"
                      "process_cpu_seconds_total %.17g\n",
                      (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                          1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
}

void metrics_write(const struct daemon *daemon, struct buffer *ret)
{
    gauge(ret, "ready", daemon->onellm && daemon->state == DAEMON_RUNNING && daemon_is_alive(daemon),
          "1 when questions are taken: the model is open, makes progress, and nothing ends.");
    gauge(ret, "requests", (double)daemon->admission.n_requests, "Answers asked for and not complete.");
    gauge(ret, "requests_max", (double)daemon->admission.requests_max, "Beyond this, requests are turned away.");
    gauge(ret, "upload_bytes", (double)daemon->admission.n_bytes, "Uploads that are not decoded yet.");
    counter(ret, "media_workers_died_total", media_pool_n_died(daemon->media),
            "Processes that were killed or crashed while they decoded an upload.");
    gauge(ret, "exchanges", (double)http_n_exchanges(daemon->http), "Replies that have not been sent in full.");
    if (daemon->onellm)
        write_engine(daemon, ret);
    write_counts(&daemon->metrics, ret);
    write_stages(&daemon->metrics, ret);
    write_process(ret);
}
