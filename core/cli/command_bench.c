/* What a model costs on this machine, through the engine as it serves: opening, encoding a medium of every modality, a
   prompt, answers of one and of several at once; medians, each beside the limit that the machine was measured to have.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/machine.h"
#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/base/value.h"
#include "core/cli/arguments.h"
#include "core/cli/cli.h"
#include "core/cli/machine_limits.h"
#include "core/file/gguf_reader.h"
#include "core/model/demo_model.h"
#include "core/model/hparams.h"
#include "core/onellm.h"

#define COMMAND "bench"
#define RUNS_MAX 99
#define BATCHES_MAX 16 /* answers at once, at most */
#define WORDS_BYTES 16384
#define MORE_TOKENS                                                                                                    \
    24 /* for each neighbour: the first must still be generating when the prompt of the last is through */

static const size_t batches[] = {1, 4, 8, BATCHES_MAX};
static const size_t prompts[] = {128, 512};

struct bench {
    struct onellm *onellm;
    struct machine_limits limits;
    uint64_t n_runs, n_tokens; /* tokens of an answer */
    double open_ms, peak_mib;
    double decoder_gb;                                                        /* matrices that every step reads */
    double gflop_per_position;                                                /* of those but the output matrix */
    double encode_ms[N_MODALITIES];                                           /* 0: not in this model */
    double prompt_rate[ARRAY_SIZE(prompts)], batch_rate[ARRAY_SIZE(batches)]; /* tokens per second; 0: does not fit */
    size_t prompt_positions[ARRAY_SIZE(prompts)];
    unsigned n_prompts; /* so that no prompt comes twice */
    struct error *error;
};

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, uint64_t n)
{
    qsort(values, n, sizeof(*values), compare_doubles);
    return values[n / 2];
}

/* ---- what the decoder reads ---- */

static int weigh(struct bench *bench, const char *path)
{
    _cleanup_(gguf_reader_closep) struct gguf_reader *reader = NULL;
    char demo_path[4096];
    int r = 0;

    if (!path) {
        r = demo_model_find(NULL, demo_path, bench->error);
        path = demo_path;
    }
    if (r == 0)
        r = gguf_reader_open(path, &reader, bench->error);
    for (size_t i = 0; r == 0 && i < gguf_reader_n_tensors(reader); i++) {
        const struct gguf_tensor *tensor = gguf_reader_tensor(reader, i);
        bool is_block = strncmp(tensor->name, "blk.", 4) == 0;

        if (tensor->tensor.n_dims < 2 || (!is_block && strcmp(tensor->name, "output.weight") != 0))
            continue;
        bench->decoder_gb += 1e-9 * (double)tensor_n_bytes(&tensor->tensor);
        if (is_block)
            bench->gflop_per_position += 2e-9 * (double)tensor_n_elements(&tensor->tensor);
    }
    return r;
}

/* ---- encode ---- */

static struct input_tensor form_of(const struct hparams *h, enum modality modality)
{
    const struct input_sizes *s = &h->input;
    size_t n_frames = s->video_clips * s->video_crops;
    const struct input_tensor forms[N_MODALITIES] = {
        [MODALITY_IMAGE] = {.n_items = 1, .n_dims = 3, .shape = {3, s->image_size, s->image_size}},
        [MODALITY_VIDEO] = {.n_items = (int)n_frames,
                            .n_dims = 4,
                            .shape = {n_frames, 3, s->image_size, s->image_size}},
        [MODALITY_AUDIO] = {.n_items = 1, .n_dims = 3, .shape = {1, s->audio_mel_bins, s->audio_frames}},
        [MODALITY_POINT] = {.n_items = 1, .n_dims = 2, .shape = {s->point_max, 6}},
        [MODALITY_DEPTH] = {.n_items = 2, .n_dims = 4, .shape = {2, 3, s->image_size, s->image_size}},
        [MODALITY_NORMAL] = {.n_items = 2, .n_dims = 4, .shape = {2, 3, s->image_size, s->image_size}},
        [MODALITY_IMU] = {.n_items = 1, .n_dims = 2, .shape = {6, s->imu_samples}},
        [MODALITY_FMRI] = {.n_items = 1, .n_dims = 2, .shape = {1, s->fmri_voxels}},
    };
    struct input_tensor ret = forms[modality];

    ret.modality = modality;
    return ret;
}

static int encode_modality(struct bench *bench, enum modality modality)
{
    struct input_tensor input = form_of(onellm_info(bench->onellm)->hparams, modality);
    double ms[RUNS_MAX];
    size_t n = input_tensor_size(&input), shape[2];
    int r = 0;

    input.data = calloc(n, sizeof(float));
    if (!input.data)
        return error_set(bench->error, -ENOMEM, "no memory for an input");
    for (size_t i = 0; i < n; i++)
        input.data[i] = (float)(i * 2654435761u % 1000) / 500 - 1;
    for (uint64_t run = 0; run < bench->n_runs && r == 0; run++) {
        double begun = clock_ms();
        float *ret = NULL;

        r = onellm_encode(bench->onellm, &input, ENCODE_EMBEDDINGS, &ret, shape, bench->error);
        ms[run] = clock_ms() - begun;
        free(ret);
    }
    free(input.data);
    if (r == 0)
        bench->encode_ms[modality] = median(ms, bench->n_runs);
    return r;
}

/* Matrix products of a medium: the encoder over 1 + tokens rows of each of its items, the experts over these and the
 * modality tokens; their last blocks only need the keys and values of all rows. */
static double encode_gflop(const struct hparams *h, enum modality modality)
{
    double rows = 1 + (double)h->n_tokens[modality], few = (double)h->n_modality_tokens, all = rows + few;
    double width = (double)h->encoder.width, ffn = 3 * width * (double)h->expert.ffn_width;
    double encoder = rows * (4 * width * width + 2 * width * (double)h->encoder.ffn_width) + 2 * rows * rows * width;
    double expert = all * (4 * width * width + ffn) + 2 * all * all * width;
    double last = all * 2 * width * width + few * (2 * width * width + ffn) + 2 * few * all * width;

    return 2e-9 * (encoder * (double)h->encoder.n_blocks * form_of(h, modality).n_items +
                   (double)h->n_experts * (expert * (double)(h->expert.n_blocks - 1) + last));
}

/* ---- prompts and answers ---- */

/* A question of about so many positions that has not been asked before. */
static int prepare(struct bench *bench, size_t n_positions, size_t tokens_max, struct sequence **ret)
{
    char text[WORDS_BYTES];
    size_t n = (size_t)snprintf(text, sizeof(text), "%u", bench->n_prompts++);
    struct message message = {ROLE_HUMAN, text, 0};
    struct onellm_request request = {
        .system = "", /* so that a prompt can be short */
        .messages = &message,
        .n_messages = 1,
        .sampling = {.top_p = 1, .repetition_penalty = 1},
        .tokens_max = tokens_max,
    };
    int r;

    for (;;) {
        size_t n_prompt;

        message.n = n;
        r = onellm_prepare(bench->onellm, &request, ret, bench->error);
        if (r < 0)
            return r;
        sequence_prompt_ids(*ret, &n_prompt);
        if (n_prompt >= n_positions || n + 8 >= sizeof(text))
            return 0;
        *ret = onellm_release(*ret);
        n += (size_t)snprintf(text + n, sizeof(text) - n, " story");
    }
}

/* Answers all, but no more than n_tokens of each while all of them generate; returns tokens per second of those. `news`
 * are the last of each. */
static double answer_all(struct bench *bench, struct sequence **sequences, size_t n, size_t n_tokens,
                         struct sequence_news *news)
{
    size_t n_generating = 0, n_before = 0, n_after = 0, n_finished = 0;
    double begun_ms = 0, ended_ms = 0;

    for (size_t i = 0; i < n; i++)
        onellm_submit(bench->onellm, sequences[i]);
    memset(news, 0, n * sizeof(*news));
    while (n_finished < n && ended_ms == 0) {
        onellm_wait(bench->onellm, -1);
        while (onellm_next(bench->onellm))
            ;
        n_generating = n_finished = n_after = 0;
        for (size_t i = 0; i < n; i++) {
            onellm_take(sequences[i], &news[i], NULL);
            n_generating += news[i].stage == STAGE_GENERATING;
            n_finished += news[i].finish != FINISH_NONE;
            n_after += news[i].n_new_tokens;
        }
        if (begun_ms == 0 && n_generating == n) {
            begun_ms = clock_ms();
            n_before = n_after;
        } else if (begun_ms > 0 && (n_finished > 0 || n_after - n_before >= n * n_tokens)) {
            ended_ms = clock_ms();
            n_before = n_after - n_before;
        }
    }
    for (size_t i = 0; i < n; i++)
        onellm_release(sequences[i]);
    return ended_ms > begun_ms && begun_ms > 0 ? (double)n_before / (ended_ms - begun_ms) * 1e3 : 0;
}

static int measure_prompt(struct bench *bench, size_t which)
{
    double rates[RUNS_MAX];

    if (prompts[which] + 1 >= onellm_info(bench->onellm)->context)
        return 0;
    for (uint64_t run = 0; run < bench->n_runs; run++) {
        struct sequence *sequence;
        struct sequence_news news;
        int r = prepare(bench, prompts[which], 1, &sequence);

        if (r < 0)
            return r;
        answer_all(bench, &sequence, 1, 1, &news);
        bench->prompt_positions[which] = news.n_prompt_tokens;
        rates[run] = (double)(news.n_prompt_tokens - news.n_cached_tokens) / news.prefill_ms * 1e3;
    }
    bench->prompt_rate[which] = median(rates, bench->n_runs);
    return 0;
}

static int measure_batch(struct bench *bench, size_t which)
{
    double rates[RUNS_MAX];

    for (uint64_t run = 0; run < bench->n_runs; run++) {
        struct sequence *sequences[BATCHES_MAX];
        struct sequence_news news[BATCHES_MAX];

        for (size_t i = 0; i < batches[which]; i++) {
            int r = prepare(bench, 1, bench->n_tokens + MORE_TOKENS * (batches[which] - 1), &sequences[i]);

            if (r < 0)
                return r;
        }
        rates[run] = answer_all(bench, sequences, batches[which], bench->n_tokens, news);
    }
    bench->batch_rate[which] = median(rates, bench->n_runs);
    return 0;
}

static int measure(struct bench *bench)
{
    const struct hparams *h = onellm_info(bench->onellm)->hparams;
    int r = 0;

    for (int m = 0; m < N_MODALITIES && r == 0; m++)
        if (h->multimodal && h->has[m])
            r = encode_modality(bench, (enum modality)m);
    for (size_t i = 0; i < ARRAY_SIZE(prompts) && r == 0; i++)
        r = measure_prompt(bench, i);
    for (size_t i = 0; i < ARRAY_SIZE(batches) && r == 0; i++)
        r = measure_batch(bench, i);
    return r;
}

/* ---- report ---- */

static int print_table(const struct bench *bench)
{
    const struct onellm_info *info = onellm_info(bench->onellm);
    const struct machine_limits *limits = &bench->limits;

    printf("%s, %s, %.2f GB: opened in %.0f ms\n", info->id, info->type, 1e-9 * (double)info->n_bytes, bench->open_ms);
    printf("machine: %.1f GFLOP/s sgemm, %.1f Gop/s on bytes, %.1f GB/s read\n\n", limits->sgemm_gflops,
           limits->bytes_gops, limits->read_gbs);
    for (int m = 0; m < N_MODALITIES; m++)
        if (bench->encode_ms[m] > 0)
            printf("encode %-10s %9.1f ms        %7.1f GFLOP/s\n", modality_info((enum modality)m)->name,
                   bench->encode_ms[m], encode_gflop(info->hparams, (enum modality)m) / bench->encode_ms[m] * 1e3);
    for (size_t i = 0; i < ARRAY_SIZE(prompts); i++)
        if (bench->prompt_rate[i] > 0)
            printf("prompt of %-6zu  %9.2f tokens/s  %7.1f GFLOP/s\n", bench->prompt_positions[i],
                   bench->prompt_rate[i], bench->prompt_rate[i] * bench->gflop_per_position);
    for (size_t i = 0; i < ARRAY_SIZE(batches); i++)
        if (bench->batch_rate[i] > 0)
            printf("%2zu answer%-9s %9.2f tokens/s  %7.1f GB/s, %.0f %% of the read rate\n", batches[i],
                   batches[i] > 1 ? "s" : "", bench->batch_rate[i],
                   bench->batch_rate[i] / (double)batches[i] * bench->decoder_gb,
                   100 * bench->batch_rate[i] / (double)batches[i] * bench->decoder_gb / limits->read_gbs);
    printf("\npeak memory %.0f MiB\n", bench->peak_mib);
    return finish_output(COMMAND);
}

static struct value *rates_json(const char *key, const size_t *sizes, const double *rates, size_t n)
{
    struct value *rows = value_array();

    for (size_t i = 0; i < n; i++) {
        struct value *row = value_object();

        value_set_integer(row, key, (int64_t)sizes[i]);
        value_set_number(row, "tokens_per_s", rates[i]);
        value_add(rows, row);
    }
    return rows;
}

static int print_report_json(const struct bench *bench)
{
    const struct onellm_info *info = onellm_info(bench->onellm);
    struct value *report = value_object(), *machine = value_object(), *encode = value_object();

    value_set_text(report, "model", info->id);
    value_set_text(report, "type", info->type);
    value_set_integer(report, "bytes", (int64_t)info->n_bytes);
    value_set_number(report, "open_ms", bench->open_ms);
    value_set_number(report, "decoder_gb", bench->decoder_gb);
    value_set_number(machine, "sgemm_gflops", bench->limits.sgemm_gflops);
    value_set_number(machine, "bytes_gops", bench->limits.bytes_gops);
    value_set_number(machine, "read_gbs", bench->limits.read_gbs);
    value_set(report, "machine", machine);
    for (int m = 0; m < N_MODALITIES; m++)
        if (bench->encode_ms[m] > 0)
            value_set_number(encode, modality_info((enum modality)m)->name, bench->encode_ms[m]);
    value_set(report, "encode_ms", encode);
    value_set(report, "prompts",
              rates_json("positions", bench->prompt_positions, bench->prompt_rate, ARRAY_SIZE(prompts)));
    value_set(report, "answers", rates_json("at_once", batches, bench->batch_rate, ARRAY_SIZE(batches)));
    value_set_number(report, "peak_mib", bench->peak_mib);
    return print_json(COMMAND, report);
}

/* ---- the command ---- */

static double peak_mib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static int run(struct bench *bench, const char *model, uint64_t n_threads)
{
    const struct onellm_options options = {
        .model_path = model, .n_threads = (int)n_threads, .n_sequences = BATCHES_MAX};
    struct thread_pool *pool = thread_pool_new(n_threads ? (int)n_threads : cores_available());
    double begun = clock_ms();
    int r = pool ? onellm_open(&options, &bench->onellm, bench->error) : -ENOMEM;

    bench->open_ms = clock_ms() - begun;
    if (r == 0)
        r = weigh(bench, model);
    if (r == 0)
        r = measure(bench);
    bench->peak_mib = peak_mib(); /* before the machine is measured, which takes memory of its own */
    if (r == 0)
        r = machine_limits_measure(pool, &bench->limits);
    thread_pool_free(pool);
    return r < 0 ? error_set(bench->error, r, "no memory to measure the machine") : 0;
}

int command_bench(int argc, char **argv)
{
    const char *model = NULL;
    uint64_t n_threads = 0;
    bool json = false;
    struct error error = ERROR_NONE;
    struct bench bench = {.n_runs = 5, .n_tokens = 32, .error = &error};
    const struct option_row rows[] = {
        OPTION_MODEL(&model),
        OPTION_THREADS(&n_threads),
        {.name = "runs",
         .value = "N",
         .sentence = "of each measurement; the median is shown",
         .default_text = "5",
         .integer = &bench.n_runs,
         .minimum = 1,
         .maximum = RUNS_MAX},
        {.name = "tokens",
         .value = "N",
         .sentence = "of each answer",
         .default_text = "32",
         .integer = &bench.n_tokens,
         .minimum = 2,
         .maximum = 1024},
        {.name = "json", .sentence = "print JSON", .given = &json},
    };
    const struct arguments arguments = {.command = COMMAND,
                                        .sentence =
                                            "measures how fast a model is on this machine, beside what it allows",
                                        .rows = rows,
                                        .n_rows = ARRAY_SIZE(rows)};
    int n, r = arguments_parse(&arguments, argc, argv, &n);

    if (r != 0)
        return exit_status_of(r);
    r = run(&bench, model, n_threads);
    r = r < 0 ? fail_with(COMMAND, &error) : json ? print_report_json(&bench) : print_table(&bench);
    onellm_close(bench.onellm);
    return r;
}
