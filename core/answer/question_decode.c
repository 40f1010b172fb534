/* Uploads -> input tensors -> a sequence for the engine. An upload's decoded data is freed as soon as its tensor is
   made; an image that maps take as their plane stays until the last of them has it. */
#include "core/answer/question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/error.h"

struct decoding {
    struct question *question;
    const struct input_sizes *sizes;
    const struct media_limits *limits;
    const struct media_source *source;
    const atomic_bool *cancelled;
    struct error *error;
};

/* "audio", or "image[1]" when the question has several images. */
static void error_at_upload(struct error *error, const struct question *question, size_t index)
{
    enum modality modality = question->uploads[index].modality;
    size_t n = 0, number = 0;

    for (size_t i = 0; i < question->n_uploads; i++) {
        number += i < index && question->uploads[i].modality == modality;
        n += question->uploads[i].modality == modality;
    }
    if (n > 1)
        error_at(error, "%s[%zu]", modality_info(modality)->name, number);
    else
        error_at(error, "%s", modality_info(modality)->name);
}

static int decode(const struct decoding *decoding, struct media_job job, struct raw_media *ret)
{
    job.limits = decoding->limits;
    job.deadline_ns = decoding->question->deadline_ns;
    job.cancelled = decoding->cancelled;
    return decoding->source->decode(decoding->source->context, &job, ret, decoding->error);
}

static int decode_companion(const struct decoding *decoding, const char *name, enum media_kind kind, const void *bytes,
                            size_t n_bytes, struct raw_media *ret)
{
    int r;

    if (!bytes)
        return 0;
    r = decode(decoding, (struct media_job){.kind = kind, .bytes = bytes, .n_bytes = n_bytes}, ret);
    if (r < 0)
        error_at(decoding->error, "%s", name);
    return r;
}

static int decode_file(const struct decoding *decoding, struct upload *upload)
{
    _cleanup_(raw_media_deinit) struct raw_media mask = {0};
    struct media_job job = {
        .kind = modality_info(upload->modality)->kind, .bytes = upload->bytes, .n_bytes = upload->n_bytes};
    int r = decode_companion(decoding, "fmri.mask", MEDIA_ARRAY, upload->mask, upload->n_mask_bytes, &mask);

    if (r < 0)
        return r;
    if (upload->mask)
        job.mask = &mask;
    if (upload->modality == MODALITY_AUDIO || upload->modality == MODALITY_VIDEO) {
        job.start_s = upload->options.start_s;
        job.end_s = upload->options.end_s;
        job.video_clips = (int)decoding->sizes->video_clips;
    }
    return decode(decoding, job, &upload->media);
}

static int preprocess(const struct decoding *decoding, struct upload *upload)
{
    _cleanup_(raw_media_deinit) struct raw_media timestamps = {0};
    struct question *question = decoding->question;
    struct modal_input input = {.modality = upload->modality, .media = &upload->media, .options = upload->options};
    int r = decode_companion(decoding, "imu.timestamps", MEDIA_TIMESTAMPS, upload->timestamps,
                             upload->n_timestamps_bytes, &timestamps);

    if (r < 0)
        return r;
    if (upload->image >= 0)
        input.image = &question->uploads[upload->image].media;
    if (upload->timestamps)
        input.timestamps = &timestamps;
    if (upload->modality != MODALITY_IMU)
        input.options.start_s = input.options.end_s = 0; /* the decoder has cut audio and video already */
    return modal_preprocess(&input, decoding->sizes, &question->arena, &upload->tensor, decoding->error);
}

static void drop_data(struct raw_media *media)
{
    free(media->data);
    media->data = NULL;
    media->n_bytes = 0;
}

static bool is_needed_after(const struct question *question, int image, size_t index)
{
    for (size_t i = index + 1; i < question->n_uploads; i++)
        if (question->uploads[i].image == image)
            return true;
    return false;
}

static int decode_upload(const struct decoding *decoding, size_t index)
{
    struct question *question = decoding->question;
    struct upload *upload = &question->uploads[index];
    int r;

    if (upload->kept)
        return 0;
    r = decode_file(decoding, upload);

    if (r == 0 && !upload->is_plane) {
        r = preprocess(decoding, upload);
        drop_data(&upload->media);
        if (upload->image >= 0 && !is_needed_after(question, upload->image, index))
            drop_data(&question->uploads[upload->image].media);
    }
    if (r < 0)
        error_at_upload(decoding->error, question, index);
    return r;
}

int question_decode(struct question *question, const struct input_sizes *sizes, const struct media_limits *limits,
                    const struct media_source *source, const atomic_bool *cancelled, struct error *error)
{
    const struct decoding decoding = {question, sizes, limits, source, cancelled, error};
    double started_ms = clock_ms();
    int r = 0;

    if (question->n_uploads && !sizes->image_size)
        return error_set(error, -EINVAL, "this model takes text only");
    for (size_t i = 0; i < question->n_uploads && r == 0; i++)
        r = decode_upload(&decoding, i);
    question->decode_ms = clock_ms() - started_ms;
    return r;
}

struct kept_medium question_describe(const struct question *question, size_t i)
{
    const struct upload *upload = &question->uploads[i];
    struct kept_medium ret = {.modality = upload->modality, .media = upload->media};

    if (upload->kept)
        return *upload->kept;
    memcpy(ret.notes, upload->tensor.notes, sizeof(ret.notes));
    ret.has_plane = upload->image >= 0;
    if (ret.has_plane)
        ret.plane = question->uploads[upload->image].media;
    ret.media.data = ret.plane.data = NULL;
    return ret;
}

static struct onellm_medium medium_of(const struct upload *upload)
{
    const struct kept_medium *kept = upload->kept;

    if (kept)
        return (struct onellm_medium){upload->modality, NULL, kept->embeddings, &kept->digest};
    return (struct onellm_medium){upload->modality, &upload->tensor, NULL, NULL};
}

int question_prepare(const struct question *question, struct onellm *onellm, uint64_t deadline_ns, void *owner,
                     struct sequence **ret, struct error *error)
{
    struct message messages[QUESTION_TURNS_MAX + 1];
    struct onellm_medium media[QUESTION_MEDIA_MAX];
    struct onellm_request request = {
        .system = question->system,
        .messages = messages,
        .n_messages = question->prompt ? question->n_turns + 1 : 0,
        .media = media,
        .sampling = question->sampling,
        .tokens_max = question->tokens_max,
        .stops = question->stops,
        .n_stops = question->n_stops,
        .choices = question->choices,
        .n_choices = question->n_choices,
        .logprobs = question->logprobs,
        .n_likeliest = question->n_top_logprobs,
        .deadline_ns = deadline_ns,
        .owner = owner,
    };

    if (question->n_turns)
        memcpy(messages, question->turns, question->n_turns * sizeof(*messages));
    if (question->prompt)
        messages[question->n_turns] = (struct message){ROLE_HUMAN, question->prompt, strlen(question->prompt)};
    for (size_t i = 0; i < question->n_uploads; i++)
        if (!question->uploads[i].is_plane)
            media[request.n_media++] = medium_of(&question->uploads[i]);
    return onellm_prepare(onellm, &request, ret, error);
}
