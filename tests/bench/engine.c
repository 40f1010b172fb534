/* What one model costs on this machine: seconds to encode an image, seconds and tokens per second of a prompt, tokens
   per second of an answer, each beside the limit that is measured on the spot: OpenBLAS's sgemm rate for the arithmetic
   of encoding and prompts, the rate at which memory is read for answers. Medians.

     engine MODEL [RUNS [THREADS]]      default: 5 runs, the cores that this process may use */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/kernels/cpu.h"
#include "core/kernels/kernels.h"
#include "core/model/hparams.h"
#include "core/model/tensor_specs.h"
#include "core/onellm.h"
#include "core/tensor/matmul.h"

#define RUNS_MAX 100
#define NEW_TOKENS 16
#define READ_BYTES ((size_t)1 << 30)
#define HUGE_PAGE ((size_t)2 << 20)

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof(*values), compare_doubles);
    return values[n / 2];
}

/* ---- limits of the machine ---- */

struct limits {
    int n_threads;
    float *x, *w, *ret;
    const char *memory;
    const struct kernels *kernels;
};

#define SIDE 1024
#define ROWS 257

static void multiply(void *context, int thread, int n_threads)
{
    const struct limits *l = context;
    struct range columns = thread_range(4 * SIDE, 16, thread, n_threads);

    matmul_f32(l->x, SIDE, ROWS, l->w + columns.begin * SIDE, SIDE, SIDE, columns.end - columns.begin, true,
               l->ret + columns.begin, 4 * SIDE);
}

static void read_memory(void *context, int thread, int n_threads)
{
    const struct limits *l = context;
    struct range rows = thread_range(READ_BYTES / 8192, 8, thread, n_threads);
    float sums[8];

    for (size_t row = rows.begin; row < rows.end; row += 8)
        l->kernels->bf16.dots(l->memory + row * 8192, 8192, 8, l->x, 0, 1, 4096, sums, 1);
}

static double best_seconds(struct thread_pool *pool, thread_pool_function *function, struct limits *limits)
{
    double best = 1e9;

    for (int i = 0; i < 10; i++) {
        double begun = clock_ms();

        thread_pool_run(pool, function, limits);
        best = MIN(best, (clock_ms() - begun) * 1e-3);
    }
    return best;
}

static void measure_limits(struct thread_pool *pool, double *ret_gflops, double *ret_gbs)
{
    struct limits limits = {
        .x = calloc(ROWS * SIDE, sizeof(float)),
        .w = calloc(4 * SIDE * SIDE, sizeof(float)),
        .ret = calloc(ROWS * 4 * SIDE, sizeof(float)),
        .memory = aligned_alloc(HUGE_PAGE, READ_BYTES),
        .kernels = kernels_for(cpu_flags()),
    };

    if (!limits.x || !limits.w || !limits.ret || !limits.memory)
        exit(1);
    madvise((char *)limits.memory, READ_BYTES, MADV_HUGEPAGE); /* or misses of the page tables are measured, too */
    memset((char *)limits.memory, 1, READ_BYTES);
    *ret_gflops = 2e-9 * ROWS * SIDE * 4 * SIDE / best_seconds(pool, multiply, &limits);
    *ret_gbs = 1e-9 * (double)READ_BYTES / best_seconds(pool, read_memory, &limits);
    free(limits.x), free(limits.w), free(limits.ret), free((char *)limits.memory);
}

/* ---- work of the model ---- */

struct work {
    double encode, prefill_per_token; /* GFLOP in matrix products */
    double decode_gb;                 /* weights of the decoder */
};

static int add_work(void *context, const struct tensor_spec *spec)
{
    struct work *work = context;
    double n = (double)(spec->shape[0] * spec->shape[1]);

    if (!spec->vector && (spec->group == GROUP_DECODER_BLOCK || strcmp(spec->name, "output.weight") == 0))
        work->decode_gb += n * 1e-9; /* elements; the caller knows their size */
    if (!spec->vector && spec->group == GROUP_DECODER_BLOCK)
        work->prefill_per_token += 2e-9 * n;
    return 0;
}

/* Matrix products of one image: encoder over 1 + tokens rows, experts over these and the modality tokens, whose last
 * blocks only need the keys and values of all rows. */
static double encode_gflop(const struct hparams *h)
{
    double rows = 1 + (double)h->n_tokens[MODALITY_IMAGE], all = rows + (double)h->n_modality_tokens;
    double width = (double)h->encoder.width, few = (double)h->n_modality_tokens;
    double encoder = rows * (4 * width * width + 2 * width * (double)h->encoder.ffn_width) + 2 * rows * rows * width;
    double ffn = 3 * width * (double)h->expert.ffn_width;
    double expert = all * (4 * width * width + ffn) + 2 * all * all * width;
    double last = all * 2 * width * width + few * (2 * width * width + ffn) + 2 * few * all * width;

    return 2e-9 * (encoder * (double)h->encoder.n_blocks +
                   (double)h->n_experts * (expert * (double)(h->expert.n_blocks - 1) + last));
}

static double encode_once(struct onellm *onellm)
{
    const struct hparams *h = onellm_info(onellm)->hparams;
    size_t n = 3 * h->image_size * h->image_size, shape[2];
    struct input_tensor input = {
        .modality = MODALITY_IMAGE,
        .n_items = 1,
        .n_dims = 3,
        .shape = {3, h->image_size, h->image_size},
        .data = calloc(n, sizeof(float)),
    };
    double begun = clock_ms();
    float *ret = NULL;

    if (!input.data || onellm_encode(onellm, &input, ENCODE_EMBEDDINGS, &ret, shape, NULL) < 0)
        exit(1);
    free(ret);
    free(input.data);
    return (clock_ms() - begun) * 1e-3;
}

static struct sequence_news answer_once(struct onellm *onellm)
{
    static const char text[] = "Tell a story about a ship that sails over mountains.";
    struct message message = {ROLE_HUMAN, text, sizeof(text) - 1};
    struct onellm_request request = {
        .messages = &message,
        .n_messages = 1,
        .sampling = {.top_p = 1, .repetition_penalty = 1},
        .tokens_max = NEW_TOKENS,
    };
    struct sequence *sequence;
    struct sequence_news news;

    if (onellm_prepare(onellm, &request, &sequence, NULL) < 0 || onellm_submit(onellm, sequence))
        exit(1);
    do {
        onellm_wait(onellm, -1);
        onellm_next(onellm);
        onellm_take(sequence, &news, NULL);
    } while (news.finish == FINISH_NONE);
    onellm_release(sequence);
    return news;
}

int main(int argc, char **argv)
{
    int runs = argc > 2 ? MIN(MAX(atoi(argv[2]), 1), RUNS_MAX) : 5, n_threads = argc > 3 ? atoi(argv[3]) : 0;
    struct onellm_options options = {.model_path = argc > 1 ? argv[1] : NULL, .n_threads = n_threads};
    struct thread_pool *pool = thread_pool_new(n_threads ? n_threads : thread_pool_cores());
    double encode[RUNS_MAX], prefill[RUNS_MAX], generate[RUNS_MAX], opened = clock_ms(), gflops, gbs;
    struct error error = ERROR_NONE;
    struct onellm *onellm;
    struct work work = {0};

    if (!pool || onellm_open(&options, &onellm, &error) < 0) {
        fprintf(stderr, "engine: %s\n", error.message);
        return 1;
    }
    printf("open             %8.3f s   %s, %s, %zu MiB\n", (clock_ms() - opened) * 1e-3, onellm_info(onellm)->id,
           onellm_info(onellm)->type, onellm_info(onellm)->n_bytes >> 20);
    measure_limits(pool, &gflops, &gbs);
    tensor_specs_visit(onellm_info(onellm)->hparams, add_work, &work);
    work.decode_gb *= strcmp(onellm_info(onellm)->type, "f32") == 0 ? 4 : 2;
    for (int run = 0; run < runs; run++) {
        struct sequence_news news = answer_once(onellm);

        encode[run] = onellm_info(onellm)->hparams->multimodal ? encode_once(onellm) : 0;
        prefill[run] = news.prefill_ms * 1e-3 / (double)news.n_prompt_tokens;
        generate[run] =
            news.generate_ms * 1e-3 / (double)(MAX(news.n_new_tokens, 2) - 1); /* the first came with the prompt */
    }
    printf("machine          %8.1f GFLOP/s sgemm, %.1f GB/s read\n", gflops, gbs);
    if (onellm_info(onellm)->hparams->multimodal)
        printf("encode image     %8.3f s   %.1f GFLOP, %.2f x the time at the sgemm rate\n", median(encode, runs),
               encode_gflop(onellm_info(onellm)->hparams),
               median(encode, runs) * gflops / encode_gflop(onellm_info(onellm)->hparams));
    printf("prompt           %8.2f tokens/s   %.2f x the time at the sgemm rate\n", 1 / median(prefill, runs),
           median(prefill, runs) * gflops / work.prefill_per_token);
    printf("answer           %8.2f tokens/s   %.0f %% of the read rate\n", 1 / median(generate, runs),
           100 * work.decode_gb / median(generate, runs) / gbs);
    onellm_close(onellm);
    thread_pool_free(pool);
    return 0;
}
