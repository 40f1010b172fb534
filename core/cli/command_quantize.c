/* A model file with smaller weights. Metadata and vectors are copied; a thread takes rows of a matrix through f32 into
   the new type and back, which says how far off they are. Memory does not grow with the file. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/machine.h"
#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/base/value.h"
#include "core/cli/arguments.h"
#include "core/cli/cli.h"
#include "core/cli/progress.h"
#include "core/file/gguf_reader.h"
#include "core/file/gguf_writer.h"
#include "core/model/hparams.h"
#include "core/model/mixture.h"
#include "core/model/tensor_specs.h"

#define COMMAND "quantize"
#define BLOCK_ELEMENTS ((size_t)1 << 20)
#define QUANTIZATION_VERSION 2 /* of the layout of blocks, as GGUF counts it */

/* How far off the elements of a matrix are, in sums that add up over threads. */
struct errors {
    double squares, values, restored, products; /* of the difference, of both, of one with the other */
    double largest;
    bool not_finite;
};

struct piece {
    const struct tensor *tensor; /* rows of this one, from `first` on */
    size_t first, n_rows;
    enum tensor_type type;
    char *ret;
    float **rows; /* of each thread: two rows */
    struct errors *errors;
};

struct quantization {
    struct gguf_reader *reader;
    struct hparams hparams;
    const struct mixture *mixture;
    enum tensor_type *types; /* of each tensor of the file, afterwards */
    struct errors *errors;
    struct thread_pool *pool;
    float **rows;
    struct errors *thread_errors;
    char *block;
    struct gguf_writer *writer;
    uint64_t n_bytes_done, n_bytes, n_file_bytes;
    struct progress progress;
    struct error *error;
};

static void quantization_deinit(struct quantization *q)
{
    progress_clear(&q->progress);
    gguf_writer_free(q->writer);
    for (int i = 0; q->rows && i < thread_pool_size(q->pool); i++)
        free(q->rows[i]);
    free(q->rows);
    free(q->thread_errors);
    free(q->block);
    free(q->types);
    free(q->errors);
    thread_pool_free(q->pool);
    gguf_reader_close(q->reader);
}

/* ---- which tensor becomes what ---- */

static int choose_type(void *context, const struct tensor_spec *spec)
{
    struct quantization *q = context;
    const struct gguf_tensor *found = gguf_reader_find_tensor(q->reader, spec->name);

    if (found)
        q->types[found - gguf_reader_tensor(q->reader, 0)] =
            mixture_type(q->mixture, &q->hparams, spec, found->tensor.type);
    return 0;
}

static int choose_types(struct quantization *q)
{
    size_t n = gguf_reader_n_tensors(q->reader);

    q->types = calloc(n + 1, sizeof(*q->types));
    q->errors = calloc(n + 1, sizeof(*q->errors));
    if (!q->types || !q->errors)
        return error_set(q->error, -ENOMEM, "no memory for a list of tensors");
    for (size_t i = 0; i < n; i++)
        q->types[i] = gguf_reader_tensor(q->reader, i)->tensor.type;
    return tensor_specs_visit(&q->hparams, choose_type, q);
}

/* ---- writing ---- */

static void add_errors(const float *values, const float *restored, size_t n, struct errors *sums)
{
    for (size_t k = 0; k < n; k++) {
        double a = (double)values[k], b = (double)restored[k], off = b - a;

        sums->squares += off * off;
        sums->values += a * a;
        sums->restored += b * b;
        sums->products += a * b;
        sums->largest = fmax(sums->largest, fabs(off));
        sums->not_finite |= !isfinite(values[k]);
    }
}

static void quantize_rows(void *context, int thread, int n_threads)
{
    const struct piece *piece = context;
    struct range rows = thread_range(piece->n_rows, 1, thread, n_threads);
    struct tensor after = *piece->tensor;
    size_t n = after.shape[0], bytes = tensor_row_bytes(piece->tensor), ret_bytes;
    float *values = piece->rows[thread], *restored = values + n;

    after.type = piece->type;
    ret_bytes = tensor_row_bytes(&after);
    for (size_t i = rows.begin; i < rows.end; i++) {
        char *ret = piece->ret + i * ret_bytes;

        tensor_to_f32(piece->tensor->type, (const char *)piece->tensor->data + (piece->first + i) * bytes, n, values);
        tensor_from_f32(piece->type, values, n, ret);
        tensor_to_f32(piece->type, ret, n, restored);
        add_errors(values, restored, n, &piece->errors[thread]);
    }
}

static void add_up(const struct quantization *q, struct errors *ret)
{
    for (int i = 0; i < thread_pool_size(q->pool); i++) {
        const struct errors *errors = &q->thread_errors[i];

        ret->squares += errors->squares;
        ret->values += errors->values;
        ret->restored += errors->restored;
        ret->products += errors->products;
        ret->largest = fmax(ret->largest, errors->largest);
        ret->not_finite |= errors->not_finite;
    }
}

static int write_bytes(struct quantization *q, const void *bytes, size_t n)
{
    int r = gguf_writer_data(q->writer, bytes, n, q->error);

    if (r < 0)
        return r;
    q->n_bytes_done += n;
    progress_update(&q->progress, q->n_bytes_done, q->n_bytes);
    return interrupted() ? error_set(q->error, -EINTR, "interrupted; nothing was written") : 0;
}

static int write_rows(struct quantization *q, size_t i)
{
    const struct gguf_tensor *source = gguf_reader_tensor(q->reader, i);
    size_t n_rows = tensor_n_rows(&source->tensor), n_together = BLOCK_ELEMENTS / source->tensor.shape[0];
    struct tensor after = source->tensor;
    int r = 0;

    after.type = q->types[i];
    memset(q->thread_errors, 0, (size_t)thread_pool_size(q->pool) * sizeof(*q->thread_errors));
    for (size_t first = 0; first < n_rows && r == 0; first += n_together) {
        struct piece piece = {&source->tensor, first,           MIN(n_together, n_rows - first), after.type, q->block,
                              q->rows,         q->thread_errors};

        thread_pool_run(q->pool, quantize_rows, &piece);
        r = write_bytes(q, q->block, piece.n_rows * tensor_row_bytes(&after));
    }
    add_up(q, &q->errors[i]);
    if (r == 0 && q->errors[i].not_finite)
        return error_set(q->error, -EBADMSG, "tensor %s holds an infinity or NaN", source->name);
    return r;
}

static int write_tensor(struct quantization *q, size_t i)
{
    const struct tensor *tensor = &gguf_reader_tensor(q->reader, i)->tensor;
    size_t n = tensor_n_bytes(tensor);
    int r = 0;

    if (q->types[i] != tensor->type)
        return write_rows(q, i);
    for (size_t at = 0; at < n && r == 0; at += BLOCK_ELEMENTS)
        r = write_bytes(q, (const char *)tensor->data + at, MIN(BLOCK_ELEMENTS, n - at));
    return r;
}

static void copy_metadata(struct quantization *q)
{
    static const char *const left_out[] = {"general.alignment", "general.file_type", "general.quantization_version"};

    for (size_t i = 0; i < gguf_reader_n_keys(q->reader); i++) {
        const char *key = gguf_reader_key(q->reader, i);
        bool is_ours = false;
        size_t n;
        const void *value = gguf_reader_value_bytes(q->reader, i, &n);

        for (size_t k = 0; k < ARRAY_SIZE(left_out); k++)
            is_ours |= strcmp(key, left_out[k]) == 0;
        if (!is_ours)
            gguf_writer_set_value_bytes(q->writer, key, value, n);
    }
    gguf_writer_set_u32(q->writer, "general.quantization_version", QUANTIZATION_VERSION);
}

/* Two rows of the longest matrix that changes for each thread, and a block of the file. */
static int allocate(struct quantization *q)
{
    int n_threads = thread_pool_size(q->pool);
    size_t longest = 1;

    for (size_t i = 0; i < gguf_reader_n_tensors(q->reader); i++) {
        const struct gguf_tensor *tensor = gguf_reader_tensor(q->reader, i);

        if (q->types[i] == tensor->tensor.type)
            continue;
        if (tensor->tensor.shape[0] > BLOCK_ELEMENTS)
            return error_set(q->error, -EFBIG, "tensor %s has rows of %zu elements, at most %zu can be quantized",
                             tensor->name, tensor->tensor.shape[0], BLOCK_ELEMENTS);
        longest = MAX(longest, tensor->tensor.shape[0]);
    }
    q->rows = calloc((size_t)n_threads, sizeof(*q->rows));
    q->thread_errors = calloc((size_t)n_threads, sizeof(*q->thread_errors));
    q->block = malloc(BLOCK_ELEMENTS * sizeof(float));
    for (int i = 0; q->rows && i < n_threads; i++) {
        q->rows[i] = malloc(2 * longest * sizeof(float));
        if (!q->rows[i])
            return error_set(q->error, -ENOMEM, "no memory for rows of %zu weights", longest);
    }
    return q->rows && q->thread_errors && q->block ? 0 : error_set(q->error, -ENOMEM, "no memory for weights");
}

static int write_model(struct quantization *q, const char *output)
{
    size_t n = gguf_reader_n_tensors(q->reader);
    int r = allocate(q);

    if (r < 0)
        return r;
    progress_start(&q->progress, "quantizing");
    interrupt_watch();
    r = gguf_writer_open(output, &q->writer, q->error);
    if (r < 0)
        return r;
    copy_metadata(q);
    for (size_t i = 0; i < n; i++) {
        struct tensor tensor = gguf_reader_tensor(q->reader, i)->tensor;

        tensor.type = q->types[i];
        gguf_writer_add(q->writer, gguf_reader_tensor(q->reader, i)->name, &tensor);
        q->n_bytes += tensor_n_bytes(&tensor);
    }
    r = gguf_writer_begin(q->writer, &q->n_file_bytes, q->error);
    for (size_t i = 0; i < n && r == 0; i++)
        r = write_tensor(q, i);
    if (r == 0)
        r = gguf_writer_finish(q->writer, q->error);
    if (r == 0)
        progress_finish(&q->progress, "wrote", output);
    return r;
}

/* ---- report ---- */

static double rmse(const struct errors *errors, const struct tensor *tensor)
{
    return sqrt(errors->squares / (double)tensor_n_elements(tensor));
}

static double cosine(const struct errors *errors)
{
    double lengths = sqrt(errors->values * errors->restored);

    return lengths > 0 ? errors->products / lengths : 1;
}

static int print_table(const struct quantization *q)
{
    printf("%-34s %-5s %-5s %10s %10s %9s\n", "tensor", "from", "to", "rmse", "largest", "cosine");
    for (size_t i = 0; i < gguf_reader_n_tensors(q->reader); i++) {
        const struct gguf_tensor *tensor = gguf_reader_tensor(q->reader, i);

        if (q->types[i] != tensor->tensor.type)
            printf("%-34s %-5s %-5s %10.3g %10.3g %9.6f\n", tensor->name, tensor_type_info(tensor->tensor.type)->name,
                   tensor_type_info(q->types[i])->name, rmse(&q->errors[i], &tensor->tensor), q->errors[i].largest,
                   cosine(&q->errors[i]));
    }
    return finish_output(COMMAND);
}

static int print_report(const struct quantization *q, bool json)
{
    struct value *report, *tensors;

    if (!json)
        return print_table(q);
    report = value_object();
    tensors = value_array();
    for (size_t i = 0; i < gguf_reader_n_tensors(q->reader); i++) {
        const struct gguf_tensor *tensor = gguf_reader_tensor(q->reader, i);
        struct value *row = value_object();

        value_set_text(row, "name", tensor->name);
        value_set_text(row, "from", tensor_type_info(tensor->tensor.type)->name);
        value_set_text(row, "to", tensor_type_info(q->types[i])->name);
        if (q->types[i] != tensor->tensor.type) {
            value_set_number(row, "rmse", rmse(&q->errors[i], &tensor->tensor));
            value_set_number(row, "largest", q->errors[i].largest);
            value_set_number(row, "cosine", cosine(&q->errors[i]));
        }
        value_add(tensors, row);
    }
    value_set_integer(report, "bytes", (int64_t)q->n_file_bytes);
    value_set(report, "tensors", tensors);
    return print_json(COMMAND, report);
}

/* ---- the command ---- */

static int quantize(struct quantization *q, const char *input, const char *output, uint64_t n_threads)
{
    int r = gguf_reader_open(input, &q->reader, q->error);

    if (r == 0)
        r = hparams_from_gguf(q->reader, &q->hparams, q->error);
    if (r == 0)
        r = choose_types(q);
    if (r < 0)
        return r;
    q->pool = thread_pool_new(n_threads ? (int)n_threads : cores_available());
    if (!q->pool)
        return error_set(q->error, -ENOMEM, "no memory for threads");
    return write_model(q, output);
}

int command_quantize(int argc, char **argv)
{
    const char *type = NULL;
    uint64_t n_threads = 0;
    bool json = false;
    const struct option_row rows[] = {
        {.name = "type",
         .value = "TYPE",
         .sentence = "of most matrices of the decoder: " MIXTURES,
         .required = true,
         .text = &type},
        OPTION_THREADS(&n_threads),
        {.name = "json", .sentence = "print the report as JSON", .given = &json},
    };
    const struct arguments arguments = {.command = COMMAND,
                                        .sentence = "makes a smaller model file, and says how far off its weights are",
                                        .positionals = "IN OUT",
                                        .positionals_min = 2,
                                        .positionals_max = 2,
                                        .rows = rows,
                                        .n_rows = ARRAY_SIZE(rows)};
    struct error error = ERROR_NONE;
    _cleanup_(quantization_deinit) struct quantization q = {.error = &error};
    int n, r = arguments_parse(&arguments, argc, argv, &n);

    if (r != 0)
        return exit_status_of(r);
    q.mixture = mixture_by_name(type);
    if (!q.mixture) {
        fprintf(stderr, "onellm " COMMAND ": --type: must be " MIXTURES "\n");
        return EXIT_USAGE;
    }
    r = quantize(&q, argv[0], argv[1], n_threads);
    return r < 0 ? fail_with(COMMAND, &error) : print_report(&q, json);
}
