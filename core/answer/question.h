/* One question as a person asks it: files and fields in the order in which they came, by HTTP or on a command line.
   Both faces fill the same struct with the same words, so they cannot differ. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/digest.h"
#include "core/media/media.h"
#include "core/modal/modality.h"
#include "core/onellm.h"

struct error;

/* Every text field of a request: fields.def has one row (name, type, minimum, maximum, default, sentence). */
struct field {
    const char *name;
    enum field_type { FIELD_TEXT, FIELD_INTEGER, FIELD_NUMBER, FIELD_BOOLEAN } type;
    double minimum, maximum;  /* of numbers; of texts: the length in bytes */
    bool above_minimum;       /* the minimum itself is too small */
    const char *default_text; /* "" when there is none */
    bool repeatable;
    const char *sentence;
};
extern const struct field fields[];
extern const size_t n_fields;

#define QUESTION_MEDIA_MAX 8
#define QUESTION_FILES_MAX (2 * QUESTION_MEDIA_MAX) /* each medium may have one companion */
#define QUESTION_STOPS_MAX 4
#define QUESTION_CHOICES_MAX 32
#define QUESTION_TURNS_MAX 512

/* A medium that was uploaded and encoded before: what is left of it. */
struct kept_medium {
    char id[64];
    enum modality modality;
    struct raw_media media, plane; /* what the files said of themselves, without data */
    bool has_plane;                /* a map with its image */
    char notes[256];
    struct digest digest;
    float *embeddings; /* f32 [n_modality_tokens, dim] */
};

struct upload {
    enum modality modality;
    const struct kept_medium *kept; /* then nothing follows but `image` = -1; in the question's arena */
    const void *bytes;              /* borrowed until question_decode() has returned */
    size_t n_bytes;
    const void *timestamps, *mask; /* imu, fmri: companion files; borrowed */
    size_t n_timestamps_bytes, n_mask_bytes;
    bool is_plane; /* an image that the depth or normal map behind it has taken as its RGB plane */
    int image;     /* depth, normal: index of that image; -1: the map stands alone */
    struct modal_options options;
    uint32_t seen; /* which options have been given */

    /* After question_decode(). */
    struct raw_media media; /* what the file says of itself; its data has been freed */
    struct input_tensor tensor;
};

struct question {
    struct arena arena; /* copies of texts, input tensors */
    struct upload uploads[QUESTION_MEDIA_MAX];
    size_t n_uploads;
    const char *prompt, *task, *system; /* NULL: not given; after question_finish() the prompt includes the task */
    struct message *turns;              /* [n_turns]: what was said before the prompt, human and assistant in turn */
    size_t n_turns;
    struct sampling sampling; /* after question_finish() with a random seed when none was given */
    size_t tokens_max;
    const char *stops[QUESTION_STOPS_MAX];
    size_t n_stops;
    const char *choices[QUESTION_CHOICES_MAX]; /* without white space at their ends */
    size_t n_choices;
    bool stream;
    bool logprobs;
    size_t n_top_logprobs; /* with logprobs only */
    uint64_t timeout_ms;   /* 0: none */
    uint64_t deadline_ns;  /* clock_ns() at which question_decode() gives up; set by the caller; 0: never */
    double decode_ms;      /* spent in question_decode() */
    uint32_t seen;         /* which fields have been given */
};

/* Defaults of fields.def. bytes_max bounds the memory of texts and input tensors; 0: no bound. */
void question_init(struct question *question, size_t bytes_max);
void question_deinit(struct question *question);

/* One field. -EINVAL, naming the field and the limit: unknown field, not a number, NaN, out of range, given twice, an
 * option before its medium. Text is copied. */
int question_set(struct question *question, const char *name, const char *text, size_t n, struct error *error);

/* One file: name is a modality, "imu.timestamps" or "fmri.mask". Bytes are borrowed. -EINVAL: unknown name, too many
 * media, a companion without its medium, an empty file. */
bool question_is_file(const char *name, size_t n);
int question_add_file(struct question *question, const char *name, const void *bytes, size_t n_bytes,
                      struct error *error);

/* A medium of which n numbers of embeddings are left, in its place among the files; all of it is copied. -EINVAL: too
 * many media; -ENOMEM. */
int question_add_kept(struct question *question, const struct kept_medium *kept, size_t n, struct error *error);

/* An earlier turn, behind those before; text is copied. -EINVAL: not the turn of this role, too many, a zero byte. */
int question_add_turn(struct question *question, enum role role, const char *text, size_t n, struct error *error);

/* All has come: pairs depth and normal maps with their images, applies the task, asks for a prompt. -EINVAL; -ENODATA
 * when the prompt is missing. */
int question_finish(struct question *question, struct error *error);

/* The same where nothing is asked: pairs maps with their images. -EINVAL: there is no file, or a field for questions.
 */
int question_finish_media(struct question *question, struct error *error);

/* Decodes and preprocesses every upload (the slow part: off the loop thread). Errors are those of media_decode() and
 * modal_preprocess() and name the part: "audio", or "image[1]" when there are several images. cancelled may be NULL. */
int question_decode(struct question *question, const struct input_sizes *sizes, const struct media_limits *limits,
                    const struct media_source *source, const atomic_bool *cancelled, struct error *error);

/* What is known of a medium after question_decode(); without id, digest and embeddings unless it was kept. */
struct kept_medium question_describe(const struct question *question, size_t i);

/* Prompt (if there is one) and media -> a prepared sequence. deadline_ns: clock_ns(), 0 for none. */
int question_prepare(const struct question *question, struct onellm *onellm, uint64_t deadline_ns, void *owner,
                     struct sequence **ret, struct error *error);
