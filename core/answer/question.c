/* Fields and files of a question, one after the other, and what follows from all of them together.

   A map (depth, normal) takes the nearest image before it as its RGB plane; an image that was taken is no medium of its
   own. An option or a companion file belongs to the latest file of its modality, so order matters and nothing needs an
   index. */
#include "core/answer/question.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "core/answer/fields.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/text/utf8.h"

void question_init(struct question *question, size_t bytes_max)
{
    memset(question, 0, sizeof(*question));
    arena_init(&question->arena, bytes_max);
    for (size_t i = 0; i < n_fields; i++) {
        const char *text = fields[i].default_text;

        /* Options of media are zero-filled by default; modal_options says so. */
        if (*text && !strchr(fields[i].name, '.'))
            question_set(question, fields[i].name, text, strlen(text), NULL);
    }
    question->seen = 0;
}

void question_deinit(struct question *question)
{
    for (size_t i = 0; i < question->n_uploads; i++)
        raw_media_deinit(&question->uploads[i].media);
    arena_deinit(&question->arena);
    memset(question, 0, sizeof(*question));
}

/* ---- fields ---- */

static int unknown_name(const char *name, struct error *error)
{
    struct buffer list;

    buffer_init(&list, sizeof(error->message));
    for (size_t i = 0; i < n_fields; i++)
        buffer_printf(&list, "%s, ", fields[i].name);
    for (int m = 0; m < N_MODALITIES; m++)
        buffer_printf(&list, "%s, ", modality_info((enum modality)m)->name);
    error_set(error, -EINVAL, "is not known here; known are %simu.timestamps, fmri.mask", list.bytes ? list.bytes : "");
    error_at_name(error, name);
    buffer_deinit(&list);
    return -EINVAL;
}

static int set_text(struct question *question, enum field_id id, const char *text, size_t n, const char **ret,
                    struct error *error)
{
    char *copy;
    int r = field_text(&fields[id], text, n, error);

    if (r < 0)
        return r;
    copy = arena_copy_text(&question->arena, text, n);
    if (!copy)
        return error_set(error, -ENOMEM, "no memory for %s", fields[id].name);
    *ret = copy;
    return 0;
}

static int set_number(enum field_id id, const char *text, size_t n, float *ret, struct error *error)
{
    double value;
    int r = field_number(&fields[id], text, n, &value, error);

    if (r == 0)
        *ret = (float)value;
    return r;
}

static int set_integer(enum field_id id, const char *text, size_t n, size_t *ret, struct error *error)
{
    uint64_t value;
    int r = field_integer(&fields[id], text, n, &value, error);

    if (r == 0)
        *ret = value;
    return r;
}

static const char *const tasks[] = {"caption", "short_answer", "choice", "scene"};
enum task { TASK_CAPTION, TASK_SHORT_ANSWER, TASK_CHOICE, TASK_SCENE, N_TASKS };

static enum task task_by_name(const char *name)
{
    int task = 0;

    while (task < N_TASKS && strcmp(tasks[task], name) != 0)
        task++;
    return (enum task)task;
}

static int set_task(struct question *question, const char *text, size_t n, struct error *error)
{
    const char *name;
    int r = set_text(question, FIELD_ID_TASK, text, n, &name, error);

    if (r < 0)
        return r;
    if (task_by_name(name) == N_TASKS)
        return field_refuse(error, "task", "must be caption, short_answer, choice or scene");
    question->task = name;
    return 0;
}

static int add_stop(struct question *question, const char *text, size_t n, struct error *error)
{
    int r;

    if (question->n_stops == QUESTION_STOPS_MAX)
        return field_refuse(error, "stop", "at most %d stop strings", QUESTION_STOPS_MAX);
    r = set_text(question, FIELD_ID_STOP, text, n, &question->stops[question->n_stops], error);
    if (r == 0)
        question->n_stops++;
    return r;
}

/* An answer has neither white space at its ends nor what ends it. */
static int check_choice(const struct question *question, const char *text, size_t n, struct error *error)
{
    if (n == 0)
        return field_refuse(error, "choices", "must have more than white space");
    if (memmem(text, n, CONVERSATION_STOP, strlen(CONVERSATION_STOP)))
        return field_refuse(error, "choices", "must not contain %s, which ends every answer", CONVERSATION_STOP);
    for (size_t i = 0, length; i < n; i += length) {
        int found = utf8_length(text + i, n - i);

        if (found <= 0)
            return field_refuse(error, "choices", "must be UTF-8");
        length = (size_t)found;
    }
    for (size_t i = 0; i < question->n_choices; i++)
        if (strlen(question->choices[i]) == n && memcmp(question->choices[i], text, n) == 0)
            return field_refuse(error, "choices", "number %zu is the same as number %zu", question->n_choices + 1,
                                i + 1);
    return 0;
}

static int add_choice(struct question *question, const char *text, size_t n, struct error *error)
{
    int r = field_text(&fields[FIELD_ID_CHOICES], text, n, error);

    if (r == 0 && question->n_choices == QUESTION_CHOICES_MAX)
        r = field_refuse(error, "choices", "at most %d choices", QUESTION_CHOICES_MAX);
    for (; n > 0 && isspace((unsigned char)*text); n--)
        text++;
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    if (r == 0)
        r = check_choice(question, text, n, error);
    if (r == 0)
        r = set_text(question, FIELD_ID_CHOICES, text, n, &question->choices[question->n_choices], error);
    if (r == 0)
        question->n_choices++;
    return r;
}

/* "auto", "clip" or "MIN,MAX". */
static int set_depth_range(struct modal_options *options, const char *text, size_t n, struct error *error)
{
    const char *comma = memchr(text, ',', n);
    double low, high;

    if (n == 4 && memcmp(text, "auto", 4) == 0) {
        options->depth_range = DEPTH_RANGE_AUTO;
    } else if (n == 4 && memcmp(text, "clip", 4) == 0) {
        options->depth_range = DEPTH_RANGE_CLIP;
    } else if (comma && parse_number(text, (size_t)(comma - text), &low) == 0 &&
               parse_number(comma + 1, n - (size_t)(comma - text) - 1, &high) == 0 && low < high) {
        options->depth_range = DEPTH_RANGE_GIVEN;
        options->depth_min = low;
        options->depth_max = high;
    } else {
        return field_refuse(error, "depth.range", "must be auto, clip or MIN,MAX with MIN below MAX");
    }
    return 0;
}

static struct upload *latest_upload(struct question *question, enum modality modality)
{
    for (size_t i = question->n_uploads; i-- > 0;)
        if (question->uploads[i].modality == modality && !question->uploads[i].kept)
            return &question->uploads[i];
    return NULL;
}

/* The file that "audio.start" or "imu.timestamps" belongs to. */
static int upload_of(struct question *question, const char *name, struct upload **ret, struct error *error)
{
    size_t n = (size_t)(strchr(name, '.') - name);
    struct upload *upload = latest_upload(question, modality_by_name(name, n));

    if (!upload)
        return field_refuse(error, name, "belongs to a file named %.*s, which has to come before it", (int)n, name);
    *ret = upload;
    return 0;
}

static int given_twice(const char *name, struct error *error)
{
    return field_refuse(error, name, "was given twice");
}

static int set_option(struct question *question, enum field_id id, const char *text, size_t n, struct error *error)
{
    struct upload *upload;
    int r = upload_of(question, fields[id].name, &upload, error);

    if (r < 0)
        return r;
    if (upload->seen & 1u << id)
        return given_twice(fields[id].name, error);
    if (id == FIELD_ID_DEPTH_RANGE)
        r = set_depth_range(&upload->options, text, n, error);
    else if (id == FIELD_ID_AUDIO_START || id == FIELD_ID_VIDEO_START || id == FIELD_ID_IMU_START)
        r = field_number(&fields[id], text, n, &upload->options.start_s, error);
    else
        r = field_number(&fields[id], text, n, &upload->options.end_s, error);
    if (r == 0)
        upload->seen |= 1u << id;
    return r;
}

static int set_field(struct question *question, enum field_id id, const char *text, size_t n, struct error *error)
{
    struct sampling *sampling = &question->sampling;
    uint64_t value;
    int r;

    switch (id) {
    case FIELD_ID_PROMPT:
        return set_text(question, id, text, n, &question->prompt, error);
    case FIELD_ID_SYSTEM:
        return set_text(question, id, text, n, &question->system, error);
    case FIELD_ID_TASK:
        return set_task(question, text, n, error);
    case FIELD_ID_STOP:
        return add_stop(question, text, n, error);
    case FIELD_ID_CHOICES:
        return add_choice(question, text, n, error);
    case FIELD_ID_MAX_TOKENS:
        return set_integer(id, text, n, &question->tokens_max, error);
    case FIELD_ID_TEMPERATURE:
        return set_number(id, text, n, &sampling->temperature, error);
    case FIELD_ID_TOP_P:
        return set_number(id, text, n, &sampling->top_p, error);
    case FIELD_ID_MIN_P:
        return set_number(id, text, n, &sampling->min_p, error);
    case FIELD_ID_REPETITION_PENALTY:
        return set_number(id, text, n, &sampling->repetition_penalty, error);
    case FIELD_ID_FREQUENCY_PENALTY:
        return set_number(id, text, n, &sampling->frequency_penalty, error);
    case FIELD_ID_PRESENCE_PENALTY:
        return set_number(id, text, n, &sampling->presence_penalty, error);
    case FIELD_ID_TOP_K:
        r = field_integer(&fields[id], text, n, &value, error);
        if (r == 0)
            sampling->top_k = (int)value;
        return r;
    case FIELD_ID_SEED:
        return field_integer(&fields[id], text, n, &sampling->seed, error);
    case FIELD_ID_LOGPROBS:
        return field_boolean(&fields[id], text, n, &question->logprobs, error);
    case FIELD_ID_TOP_LOGPROBS:
        return set_integer(id, text, n, &question->n_top_logprobs, error);
    case FIELD_ID_STREAM:
        return field_boolean(&fields[id], text, n, &question->stream, error);
    case FIELD_ID_TIMEOUT_MS:
        return field_integer(&fields[id], text, n, &question->timeout_ms, error);
    case FIELD_ID_MEDIA_ID:
        return field_refuse(error, "media_id", "there are no media that were kept");
    default: /* options of media: set_option() */
        return -EINVAL;
    }
}

int question_set(struct question *question, const char *name, const char *text, size_t n, struct error *error)
{
    enum field_id id = field_by_name(name);
    int r;

    if (id == N_FIELDS)
        return unknown_name(name, error);
    if (strchr(name, '.'))
        return set_option(question, id, text, n, error);
    if (question->seen & 1u << id && !fields[id].repeatable)
        return given_twice(name, error);
    r = set_field(question, id, text, n, error);
    if (r == 0)
        question->seen |= 1u << id;
    return r;
}

/* ---- files ---- */

static bool is_companion(const char *name, size_t n)
{
    static const char *const names[] = {"imu.timestamps", "fmri.mask"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (n == strlen(names[i]) && memcmp(names[i], name, n) == 0)
            return true;
    return false;
}

bool question_is_file(const char *name, size_t n)
{
    return modality_by_name(name, n) != N_MODALITIES || is_companion(name, n);
}

static int add_companion(struct question *question, const char *name, const void *bytes, size_t n_bytes,
                         struct error *error)
{
    struct upload *upload;
    int r = upload_of(question, name, &upload, error);

    if (r < 0)
        return r;
    if (upload->timestamps || upload->mask)
        return given_twice(name, error);
    if (upload->modality == MODALITY_IMU) {
        upload->timestamps = bytes;
        upload->n_timestamps_bytes = n_bytes;
    } else {
        upload->mask = bytes;
        upload->n_mask_bytes = n_bytes;
    }
    return 0;
}

int question_add_file(struct question *question, const char *name, const void *bytes, size_t n_bytes,
                      struct error *error)
{
    enum modality modality = modality_by_name(name, strlen(name));

    if (!question_is_file(name, strlen(name)))
        return unknown_name(name, error);
    if (n_bytes == 0)
        return field_refuse(error, name, "the file is empty");
    if (modality == N_MODALITIES)
        return add_companion(question, name, bytes, n_bytes, error);
    if (question->n_uploads == QUESTION_MEDIA_MAX)
        return field_refuse(error, name, "at most %d media in one question", QUESTION_MEDIA_MAX);
    question->uploads[question->n_uploads++] =
        (struct upload){.modality = modality, .bytes = bytes, .n_bytes = n_bytes, .image = -1};
    return 0;
}

int question_add_kept(struct question *question, const struct kept_medium *kept, size_t n, struct error *error)
{
    struct kept_medium *copy = arena_new(&question->arena, struct kept_medium, 1);
    float *embeddings = arena_new(&question->arena, float, n);

    if (!copy || !embeddings)
        return error_set(error, -ENOMEM, "no memory for a medium");
    if (question->n_uploads == QUESTION_MEDIA_MAX)
        return field_refuse(error, "media_id", "at most %d media in one question", QUESTION_MEDIA_MAX);
    *copy = *kept;
    copy->embeddings = embeddings;
    memcpy(embeddings, kept->embeddings, n * sizeof(*embeddings));
    question->uploads[question->n_uploads++] = (struct upload){.modality = kept->modality, .kept = copy, .image = -1};
    return 0;
}

/* ---- earlier turns ---- */

int question_add_turn(struct question *question, enum role role, const char *text, size_t n, struct error *error)
{
    struct message *turn;
    int r = field_text(&fields[FIELD_ID_PROMPT], text, n, error);

    if (r < 0)
        return r;
    if (role != (question->n_turns % 2 ? ROLE_ASSISTANT : ROLE_HUMAN))
        return error_set(error, -EINVAL, "is not the turn of this role: human and assistant alternate");
    if (question->n_turns == QUESTION_TURNS_MAX)
        return error_set(error, -EINVAL, "at most %d turns before the question", QUESTION_TURNS_MAX);
    if (!question->turns)
        question->turns = arena_new(&question->arena, struct message, QUESTION_TURNS_MAX);
    turn = question->turns ? &question->turns[question->n_turns] : NULL;
    if (turn)
        turn->text = arena_copy_text(&question->arena, text, n);
    if (!turn || !turn->text)
        return error_set(error, -ENOMEM, "no memory for what was said before");
    turn->role = role;
    turn->n = n;
    question->n_turns++;
    return 0;
}

/* ---- all together ---- */

static void pair_maps(struct question *question)
{
    int image = -1;

    for (size_t i = 0; i < question->n_uploads; i++) {
        struct upload *upload = &question->uploads[i];

        if (upload->kept) /* its pixels are gone */
            continue;
        if (upload->modality == MODALITY_IMAGE) {
            image = (int)i;
        } else if (modality_info(upload->modality)->takes_image && image >= 0) {
            upload->image = image;
            question->uploads[image].is_plane = true;
        }
    }
}

static int check_windows(const struct question *question, struct error *error)
{
    for (size_t i = 0; i < question->n_uploads; i++) {
        const struct modal_options *options = &question->uploads[i].options;
        const char *name = modality_info(question->uploads[i].modality)->name;
        char end[32];

        if (options->end_s <= 0 || options->end_s > options->start_s)
            continue;
        snprintf(end, sizeof(end), "%s.end", name);
        return field_refuse(error, end, "must be after %s.start", name);
    }
    return 0;
}

/* What a caption is asked of: "image", "video and audio", "image, audio and imu". */
static void list_modalities(const bool present[N_MODALITIES], char *ret, size_t size)
{
    size_t n = 0, left = 0;

    for (int m = 0; m < N_MODALITIES; m++)
        left += present[m];
    ret[0] = '\0';
    for (int m = 0; m < N_MODALITIES; m++)
        if (present[m])
            n += (size_t)snprintf(ret + n, size - n, "%s%s", modality_info((enum modality)m)->name,
                                  --left > 1  ? ", "
                                  : left == 1 ? " and "
                                              : "");
}

static int caption_prompt(struct question *question, struct error *error)
{
    static const char *const own[N_MODALITIES] = {
        [MODALITY_POINT] = "What is this?",
        [MODALITY_IMU] = "Describe the motion.",
        [MODALITY_FMRI] = "Describe the scene based on fMRI data.",
    };
    bool present[N_MODALITIES] = {false};
    char list[128], text[256];
    size_t n_kinds = 0;
    enum modality modality = N_MODALITIES;

    for (size_t i = 0; i < question->n_uploads; i++)
        if (!question->uploads[i].is_plane) {
            modality = question->uploads[i].modality;
            n_kinds += !present[modality];
            present[modality] = true;
        }
    if (n_kinds == 0)
        return field_refuse(error, "task", "a caption needs a file to describe");
    list_modalities(present, list, sizeof(list));
    snprintf(text, sizeof(text), "Provide a one-sentence caption for the provided %s.", list);
    question->prompt =
        n_kinds == 1 && own[modality] ? own[modality] : arena_copy_text(&question->arena, text, strlen(text));
    return question->prompt ? 0 : error_set(error, -ENOMEM, "no memory for the prompt");
}

static int apply_task(struct question *question, struct error *error)
{
    static const char *const behind[N_TASKS] = {
        [TASK_SHORT_ANSWER] = "\nAnswer the question using a single word or phrase.",
        [TASK_CHOICE] = " Answer with the option's letter from the given choices directly.",
        [TASK_SCENE] = " What is the category of this scene? Choice one class from the class sets.",
    };
    const char *suffix = behind[task_by_name(question->task)];
    size_t n = strlen(question->prompt), n_suffix = strlen(suffix);
    char *text = arena_alloc(&question->arena, n + n_suffix + 1, 1);

    if (!text)
        return error_set(error, -ENOMEM, "no memory for the prompt");
    memcpy(text, question->prompt, n);
    memcpy(text + n, suffix, n_suffix);
    question->prompt = text;
    return 0;
}

static int make_prompt(struct question *question, struct error *error)
{
    bool given = question->prompt && *question->prompt;
    bool caption = question->task && task_by_name(question->task) == TASK_CAPTION;

    if (caption && given)
        return field_refuse(error, "prompt", "the task caption has a prompt of its own");
    if (caption)
        return caption_prompt(question, error);
    if (!given) {
        error_set(error, -ENODATA,
                  question->task ? "is missing: this task needs a question"
                                 : "is missing: ask a question, or choose task caption");
        error_at(error, "prompt");
        return -ENODATA;
    }
    return question->task ? apply_task(question, error) : 0;
}

int question_finish_media(struct question *question, struct error *error)
{
    int r = check_windows(question, error);

    if (r < 0)
        return r;
    if (question->n_uploads == 0)
        return error_set(error, -EINVAL, "there is no file; send one that is named after its modality");
    pair_maps(question);
    return 0;
}

static int check_together(const struct question *question, struct error *error)
{
    if (question->n_top_logprobs && !question->logprobs)
        return field_refuse(error, "top_logprobs", "needs logprobs");
    if (question->n_choices && question->n_top_logprobs)
        return field_refuse(error, "top_logprobs", "does not go with choices, which have a probability each");
    if (question->n_choices && question->n_stops)
        return field_refuse(error, "stop", "does not go with choices: the answer is the whole of one of them");
    return check_windows(question, error);
}

int question_finish(struct question *question, struct error *error)
{
    int r = check_together(question, error);

    if (r < 0)
        return r;
    pair_maps(question);
    r = make_prompt(question, error);
    if (r < 0)
        return r;
    if (!(question->seen & 1u << FIELD_ID_SEED) &&
        getrandom(&question->sampling.seed, sizeof(question->sampling.seed), 0) < 0)
        return error_set(error, -errno, "no random numbers for the seed");
    return 0;
}
