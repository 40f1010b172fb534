/* Random weights at the speed of a disk: every weight is one entry of a small table, picked by 12 bits of a
   counter-based generator (splitmix64), so an element costs a shift and a load. The table of a tensor holds the same
   4096 draws of a bell curve, scaled to the deviation and mean of the tensor and already in the type of the file.

   Quantized weights are picked as whole blocks from a table of blocks that are made of such draws.

   Every tensor has a stream of its own, seeded with its name: its weights do not depend on what else is in the file.
   All arithmetic is exact or correctly rounded by IEEE 754, so the bytes do not depend on the machine. */
#include "core/model/synthesize.h"
#include "core/model/tensor_specs.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/file/gguf_writer.h"
#include "core/model/hparams.h"
#include "core/model/mixture.h"
#include "core/text/vocabulary.h"

#define N_DRAWS 4096
#define N_IN_BLOCKS 65536 /* weights of the table of blocks */
#define BLOCK_BYTES ((size_t)1 << 20)

#define RELEASED_INPUT                                                                                                 \
    {                                                                                                                  \
        .image_size = 224, .video_clips = 5, .video_crops = 3, .audio_mel_bins = 128, .audio_frames = 1024,            \
        .point_min = 1024, .point_max = 8192, .imu_samples = 400, .fmri_voxels = 15724                                 \
    }

/* What all shapes have in common: the inputs and how they are cut into tokens. */
#define RELEASED_TOKENIZERS                                                                                            \
    .multimodal = true, .context = 2048, .rope_theta = 10000, .patch = 14, .image_size = 224, .n_modality_tokens = 30, \
    .router = ROUTER_SOFT_SIGMOID, .has = {true, true, true, true, true, true, true, true},                            \
    .n_tokens = {256, 256, 1212, 1024, 256, 256, 391, 8}, .input = RELEASED_INPUT, .audio_kernel = 16,                 \
    .audio_stride = 10, .imu_channels = 6, .imu_kernel = 10, .point_group = 32, .point_channels = 6,                   \
    .point_coordinates = 3

static const struct hparams shapes[] = {
    {
        .name = "onellm-7b",
        RELEASED_TOKENIZERS,
        .decoder = {4096, 32, 32, 32, 11008, 1e-5f},
        .n_vocab = 32000,
        .encoder = {1024, 24, 16, 16, 4096, 1e-5f},
        .expert = {1024, 8, 16, 16, 2816, 1e-5f},
        .n_experts = 3,
        .router_width = 4096,
    },
    {
        .name = "llama-7b",
        .context = 2048,
        .rope_theta = 10000,
        .decoder = {4096, 32, 32, 32, 11008, 1e-5f},
        .n_vocab = 32000,
    },
    {
        .name = "tiny",
        RELEASED_TOKENIZERS,
        .decoder = {64, 2, 4, 4, 192, 1e-5f},
        .n_vocab = 512,
        .encoder = {32, 2, 4, 4, 128, 1e-5f},
        .expert = {32, 2, 4, 4, 96, 1e-5f},
        .n_experts = 3,
        .router_width = 128,
    },
};
const char *const synthesize_shape_names[] = {"onellm-7b", "llama-7b", "tiny", NULL};
_Static_assert(ARRAY_SIZE(synthesize_shape_names) == ARRAY_SIZE(shapes) + 1, "every shape has a name");

const struct hparams *synthesize_shape(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    return NULL;
}

/* ---- vocabulary: control pieces, bytes, characters, then words of made-up syllables ---- */

#define N_CONTROLS 3
#define N_BYTES 256
#define MADE_BYTES_MAX 24
#define BLANK "\xe2\x96\x81" /* U+2581, a blank in SentencePiece's spelling */

struct made_piece {
    char text[MADE_BYTES_MAX];
};

/* Number i as a word: one syllable per digit of base 100, every second word with a blank before it. Every word but the
 * shortest ends in a syllable and begins with a word, so pair merges reach all of them. */
static void make_word(size_t i, char ret[MADE_BYTES_MAX])
{
    static const char consonants[] = "bcdfghjklmnpqrstvwxz", vowels[] = "aeiou";
    char syllables[MADE_BYTES_MAX];
    size_t number = i / 2, n_words = 100, at = sizeof(syllables) - 1, n_digits = 1;

    for (; number >= n_words && n_digits < 6; n_digits++) {
        number -= n_words;
        n_words *= 100;
    }
    syllables[at] = '\0';
    for (; n_digits > 0; n_digits--, number /= 100) {
        syllables[--at] = vowels[number % 100 % 5];
        syllables[--at] = consonants[number % 100 / 5];
    }
    snprintf(ret, MADE_BYTES_MAX, "%s%s", i % 2 ? "" : BLANK, syllables + at);
}

static enum piece_type make_piece(size_t id, char ret[MADE_BYTES_MAX])
{
    static const char *const controls[N_CONTROLS] = {"<unk>", "<s>", "</s>"};
    const size_t n_characters = '~' - '!' + 1;

    if (id < N_CONTROLS) {
        snprintf(ret, MADE_BYTES_MAX, "%s", controls[id]);
        return id == 0 ? PIECE_UNKNOWN : PIECE_CONTROL;
    }
    id -= N_CONTROLS;
    if (id < N_BYTES) {
        snprintf(ret, MADE_BYTES_MAX, "<0x%02X>", (unsigned)id);
        return PIECE_BYTE;
    }
    id -= N_BYTES;
    if (id == 0)
        snprintf(ret, MADE_BYTES_MAX, BLANK);
    else if (id <= n_characters)
        snprintf(ret, MADE_BYTES_MAX, "%c", (char)('!' + id - 1));
    else
        make_word(id - n_characters - 1, ret);
    return PIECE_NORMAL;
}

static int make_vocabulary(size_t n, struct vocabulary **ret, struct error *error)
{
    const struct vocabulary_settings settings = {
        .bos_id = 1, .eos_id = 2, .unknown_id = 0, .add_dummy_prefix = true, .byte_fallback = true};
    _cleanup_(freep) struct made_piece *made = NULL;
    _cleanup_(freep) struct piece *pieces = NULL;

    if (n < N_CONTROLS + N_BYTES)
        return error_set(error, -EINVAL, "a vocabulary of %zu pieces has no room for the %d control and byte pieces", n,
                         N_CONTROLS + N_BYTES);
    made = calloc(n, sizeof(*made));
    pieces = calloc(n, sizeof(*pieces));
    if (!made || !pieces)
        return error_set(error, -ENOMEM, "no memory for a vocabulary of %zu pieces", n);
    for (size_t i = 0; i < n; i++) {
        pieces[i].type = make_piece(i, made[i].text);
        pieces[i].text = made[i].text;
        pieces[i].n = strlen(made[i].text);
        pieces[i].score = pieces[i].type == PIECE_NORMAL ? -(float)i : 0;
    }
    return vocabulary_new(pieces, n, &settings, ret, error);
}

/* ---- weights ---- */

struct synthesis {
    struct gguf_writer *writer;
    enum tensor_type type;
    uint64_t seed;
    const struct mixture *mixture; /* NULL: all matrices have one type */
    const struct hparams *hparams;
    synthesize_progress *progress;
    void *context;
    struct error *error;

    uint64_t n_bytes_done, n_bytes;
    double draws[N_DRAWS]; /* mean 0, deviation 1 */
    float scaled[N_DRAWS];
    uint32_t table[N_DRAWS]; /* the scaled draws in the type of the tensor; only the first half for 16 bits */
    float drawn[N_IN_BLOCKS];
    uint8_t blocks[N_IN_BLOCKS * 2]; /* the same in blocks */
    uint8_t block[BLOCK_BYTES];
};

/* Sums of twelve uniform numbers are normal to the eye. They come in pairs x, -x, so their mean is exactly 0. */
static void draw_bell_curve(double ret[N_DRAWS])
{
    struct random random;
    int64_t draws[N_DRAWS / 2], squares = 0;
    double deviation;

    random_init(&random, 1, 1);
    for (size_t i = 0; i < ARRAY_SIZE(draws); i++) {
        draws[i] = -6 * UINT16_MAX;
        for (int k = 0; k < 12; k++)
            draws[i] += random_u32(&random) >> 16;
        squares += draws[i] * draws[i];
    }
    deviation = sqrt((double)squares / (double)ARRAY_SIZE(draws));
    for (size_t i = 0; i < ARRAY_SIZE(draws); i++) {
        ret[2 * i] = (double)draws[i] / deviation;
        ret[2 * i + 1] = -ret[2 * i];
    }
}

static inline uint64_t splitmix64(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

static uint64_t stream_of(const char *name, uint64_t seed)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3u;
    return hash ^ splitmix64(&seed);
}

/* At least n elements, in groups of four. */
#define DEFINE_FILL(name, type)                                                                                        \
    static void name(const void *draws, uint64_t *state, size_t n, void *block)                                        \
    {                                                                                                                  \
        const type *table = draws;                                                                                     \
        type *ret = block;                                                                                             \
                                                                                                                       \
        for (size_t i = 0; i < n; i += 4) {                                                                            \
            uint64_t bits = splitmix64(state);                                                                         \
            ret[i] = table[bits % N_DRAWS];                                                                            \
            ret[i + 1] = table[bits >> 16 & (N_DRAWS - 1)];                                                            \
            ret[i + 2] = table[bits >> 32 & (N_DRAWS - 1)];                                                            \
            ret[i + 3] = table[bits >> 48 & (N_DRAWS - 1)];                                                            \
        }                                                                                                              \
    }
DEFINE_FILL(fill_u16, uint16_t)
DEFINE_FILL(fill_u32, uint32_t)
DEFINE_FILL(fill_f32, float)
#undef DEFINE_FILL

/* n bytes of blocks. */
static void fill_blocks(const struct synthesis *synthesis, const struct tensor_type_info *info, uint64_t *state,
                        size_t n, uint8_t *ret)
{
    size_t n_blocks = N_IN_BLOCKS / info->n_block;

    for (size_t at = 0; at < n; at += info->n_block_bytes)
        memcpy(ret + at, synthesis->blocks + splitmix64(state) % n_blocks * info->n_block_bytes, info->n_block_bytes);
}

static enum tensor_type type_of(const struct synthesis *synthesis, const struct tensor_spec *spec)
{
    if (spec->vector)
        return TENSOR_F32;
    return synthesis->mixture ? mixture_type(synthesis->mixture, synthesis->hparams, spec, TENSOR_F16)
                              : synthesis->type;
}

static struct tensor tensor_of(const struct synthesis *synthesis, const struct tensor_spec *spec)
{
    struct tensor tensor = {.type = type_of(synthesis, spec), .n_dims = spec->n_dims, .shape = {1, 1, 1, 1}};

    memcpy(tensor.shape, spec->shape, (size_t)spec->n_dims * sizeof(tensor.shape[0]));
    return tensor;
}

static int add_tensor(void *context, const struct tensor_spec *spec)
{
    struct synthesis *synthesis = context;
    struct tensor tensor = tensor_of(synthesis, spec);

    gguf_writer_add(synthesis->writer, spec->name, &tensor);
    synthesis->n_bytes += tensor_n_bytes(&tensor);
    return 0;
}

/* The product of two floats is exact in double, so a fused multiply-add changes nothing. */
static void make_table(struct synthesis *synthesis, const struct tensor_spec *spec, enum tensor_type type,
                       uint64_t *state)
{
    for (size_t i = 0; i < N_DRAWS; i++)
        synthesis->scaled[i] = (float)((double)spec->mean + (double)spec->deviation * (float)synthesis->draws[i]);
    if (tensor_type_info(type)->n_block == 1) {
        tensor_from_f32(type, synthesis->scaled, N_DRAWS, synthesis->table);
        return;
    }
    fill_f32(synthesis->scaled, state, N_IN_BLOCKS, synthesis->drawn);
    tensor_from_f32(type, synthesis->drawn, N_IN_BLOCKS, synthesis->blocks);
}

static int write_tensor(void *context, const struct tensor_spec *spec)
{
    struct synthesis *synthesis = context;
    struct tensor tensor = tensor_of(synthesis, spec);
    const struct tensor_type_info *info = tensor_type_info(tensor.type);
    size_t left = tensor_n_bytes(&tensor);
    uint64_t state = stream_of(spec->name, synthesis->seed);
    int r;

    make_table(synthesis, spec, tensor.type, &state);
    for (size_t n; left > 0; left -= n) {
        n = MIN(left, BLOCK_BYTES / info->n_block_bytes * info->n_block_bytes);
        if (info->n_block > 1)
            fill_blocks(synthesis, info, &state, n, synthesis->block);
        else if (info->n_block_bytes == sizeof(uint16_t))
            fill_u16(synthesis->table, &state, n / sizeof(uint16_t), synthesis->block);
        else
            fill_u32(synthesis->table, &state, n / sizeof(uint32_t), synthesis->block);
        r = gguf_writer_data(synthesis->writer, synthesis->block, n, synthesis->error);
        if (r < 0)
            return r;
        synthesis->n_bytes_done += n;
        if (synthesis->progress)
            r = synthesis->progress(synthesis->context, synthesis->n_bytes_done, synthesis->n_bytes);
        if (r)
            return r;
    }
    return 0;
}

static int write_metadata(const struct hparams *hparams, struct gguf_writer *writer, struct error *error)
{
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;
    int r = make_vocabulary(hparams->n_vocab, &vocabulary, error);

    if (r < 0)
        return r;
    hparams_to_gguf(hparams, writer);
    gguf_writer_set_bool(writer, "onellm.untrained", true);
    if (vocabulary_to_gguf(vocabulary, writer) < 0)
        return error_set(error, -ENOMEM, "no memory for the vocabulary");
    return 0;
}

int synthesize_model(const struct hparams *hparams, enum tensor_type type, uint64_t seed, struct gguf_writer *writer,
                     synthesize_progress *progress, void *context, struct error *error)
{
    _cleanup_(freep) struct synthesis *synthesis = calloc(1, sizeof(*synthesis));
    int r;

    if (!synthesis)
        return error_set(error, -ENOMEM, "no memory for a block of weights");
    synthesis->writer = writer;
    synthesis->type = type;
    synthesis->mixture = mixture_by_name(tensor_type_info(type)->name);
    synthesis->hparams = hparams;
    synthesis->seed = seed;
    synthesis->progress = progress;
    synthesis->context = context;
    synthesis->error = error;
    draw_bell_curve(synthesis->draws);
    r = hparams_check(hparams, error);
    if (r < 0)
        return r;
    r = write_metadata(hparams, writer, error);
    if (r < 0)
        return r;
    r = tensor_specs_visit(hparams, add_tensor, synthesis);
    if (r < 0)
        return r;
    r = gguf_writer_begin(writer, &(uint64_t){0}, error);
    if (r < 0)
        return r;
    r = tensor_specs_visit(hparams, write_tensor, synthesis);
    if (r)
        return r;
    return gguf_writer_finish(writer, error);
}
