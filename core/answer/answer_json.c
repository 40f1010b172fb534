#include "core/answer/answer_json.h"

#include <stdio.h>
#include <string.h>

#include "core/answer/question.h"
#include "core/base/cleanup.h"
#include "core/base/value.h"
#include "core/model/hparams.h"
#include "core/text/vocabulary.h"

static const char *const finish_names[] = {
    [FINISH_NONE] = "",           [FINISH_STOP] = "stop",           [FINISH_LENGTH] = "length",
    [FINISH_TIMEOUT] = "timeout", [FINISH_CANCELLED] = "cancelled", [FINISH_ERROR] = "error",
};
static const char *const stage_names[] = {
    [STAGE_QUEUED] = "queued",         [STAGE_ENCODING] = "encoding", [STAGE_PREFILLING] = "prefilling",
    [STAGE_GENERATING] = "generating", [STAGE_FINISHED] = "finished",
};

static void set_size(struct value *object, const char *key, size_t value)
{
    value_set_integer(object, key, (int64_t)value);
}

/* ---- media ---- */

static void set_picture(struct value *entry, const struct raw_media *media)
{
    /* Maps from numeric files have a shape but no picture's size. */
    value_set_integer(entry, "width", media->width ? media->width : (int64_t)media->shape[1]);
    value_set_integer(entry, "height", media->height ? media->height : (int64_t)media->shape[0]);
}

static void set_facts(struct value *entry, const struct raw_media *media)
{
    value_set_text(entry, "format", media->format);
    switch (media->kind) {
    case MEDIA_IMAGE:
    case MEDIA_MAP:
        set_picture(entry, media);
        break;
    case MEDIA_VIDEO:
        set_picture(entry, media);
        value_set_rounded(entry, "duration_s", media->duration_s);
        value_set_rounded(entry, "frame_rate", media->rate);
        set_size(entry, "frames", media->n_frames);
        break;
    case MEDIA_AUDIO:
        value_set_rounded(entry, "duration_s", media->duration_s);
        value_set_rounded(entry, "sample_rate", media->rate);
        set_size(entry, "channels", media->shape[0]);
        break;
    case MEDIA_POINTS:
        set_size(entry, "points", media->shape[0]);
        break;
    case MEDIA_SERIES:
    case MEDIA_TIMESTAMPS:
        set_size(entry, "samples", media->shape[0]);
        break;
    case MEDIA_ARRAY:
        set_size(entry, "repeats", media->shape[0]);
        set_size(entry, "voxels", media->shape[1]);
        break;
    }
}

struct value *answer_medium_json(const struct onellm *onellm, const struct kept_medium *medium)
{
    struct value *entry = value_object(), *image;

    if (medium->id[0])
        value_set_text(entry, "id", medium->id);
    value_set_text(entry, "modality", modality_info(medium->modality)->name);
    set_facts(entry, &medium->media);
    if (medium->has_plane) {
        image = value_object();
        set_facts(image, &medium->plane);
        value_set(entry, "image", image);
    }
    set_size(entry, "tokens", onellm_info(onellm)->hparams->n_modality_tokens);
    if (medium->notes[0])
        value_set_text(entry, "note", medium->notes);
    return entry;
}

struct value *answer_media_json(const struct onellm *onellm, const struct question *question)
{
    struct value *list = value_array();

    for (size_t i = 0; i < question->n_uploads; i++) {
        const struct kept_medium medium = question_describe(question, i);

        if (!question->uploads[i].is_plane)
            value_add(list, answer_medium_json(onellm, &medium));
    }
    return list;
}

/* ---- the answer ---- */

static struct value *usage_json(const struct sequence_news *news)
{
    struct value *usage = value_object();

    set_size(usage, "prompt_tokens", news->n_prompt_tokens);
    set_size(usage, "completion_tokens", news->n_new_tokens);
    set_size(usage, "total_tokens", news->n_prompt_tokens + news->n_new_tokens);
    set_size(usage, "media_tokens", news->n_media_tokens);
    set_size(usage, "cached_tokens", news->n_cached_tokens);
    return usage;
}

static struct value *timings_json(const struct question *question, const struct sequence_news *news)
{
    struct value *timings = value_object();

    value_set_rounded(timings, "queue_ms", news->queue_ms);
    value_set_rounded(timings, "decode_ms", question->decode_ms);
    value_set_rounded(timings, "encode_ms", news->encode_ms);
    value_set_rounded(timings, "prefill_ms", news->prefill_ms);
    value_set_rounded(timings, "generate_ms", news->generate_ms);
    value_set_rounded(timings, "tokens_per_second",
                      news->generate_ms > 0 ? (double)news->n_new_tokens * 1e3 / news->generate_ms : 0);
    return timings;
}

static struct value *ids_json(const int32_t *ids, size_t n)
{
    struct value *list = value_array();

    for (size_t i = 0; i < n; i++)
        value_add_integer(list, ids[i]);
    return list;
}

/* ---- probabilities ---- */

/* The bytes that a token adds to a text: U+2581 is a blank, a byte token its byte, control tokens nothing. */
static size_t piece_bytes(const struct vocabulary *vocabulary, int32_t id, char ret[PIECE_BYTES_MAX])
{
    const struct piece *piece = vocabulary_piece(vocabulary, id);
    int byte = vocabulary_byte(vocabulary, id);
    size_t n = 0;

    if (byte >= 0) {
        ret[0] = (char)byte;
        return 1;
    }
    for (size_t i = 0; piece->type != PIECE_CONTROL && i < piece->n && n < PIECE_BYTES_MAX; n++) {
        bool is_blank = piece->n - i >= 3 && memcmp(piece->text + i, "\xe2\x96\x81", 3) == 0;

        ret[n] = is_blank ? ' ' : piece->text[i];
        i += is_blank ? 3 : 1;
    }
    return n;
}

static struct value *token_json(const struct vocabulary *vocabulary, const struct token_probability *probability)
{
    struct value *token = value_object(), *bytes = value_array();
    char text[PIECE_BYTES_MAX];
    size_t n = piece_bytes(vocabulary, probability->id, text);

    value_set_text_n(token, "token", text, n);
    value_set_number(token, "logprob", (double)probability->logprob);
    for (size_t i = 0; i < n; i++)
        value_add_integer(bytes, (unsigned char)text[i]);
    value_set(token, "bytes", bytes);
    return token;
}

/* New tokens from number `first` to the last that is known. */
static struct value *probabilities_json(const struct onellm *onellm, const struct sequence *sequence,
                                        const struct sequence_news *news, size_t first)
{
    const struct vocabulary *vocabulary = onellm_info(onellm)->vocabulary;
    struct value *list = value_array();
    size_t n_likeliest;
    const struct token_probability *rows = sequence_probabilities(sequence, &n_likeliest);

    for (size_t i = first; i < news->n_new_tokens; i++) {
        const struct token_probability *row = rows + i * (1 + n_likeliest);
        struct value *token = token_json(vocabulary, row), *likeliest = value_array();

        for (size_t k = 1; k <= n_likeliest; k++)
            value_add(likeliest, token_json(vocabulary, row + k));
        value_set(token, "top_logprobs", likeliest);
        value_add(list, token);
    }
    return list;
}

/* In the order in which they were asked about. */
static struct value *choices_json(const struct question *question, const struct sequence *sequence)
{
    struct value *list = value_array();

    for (size_t i = 0; i < question->n_choices; i++) {
        const struct choice_likelihood *likelihood = sequence_choice(sequence, i);
        struct value *choice = value_object();

        value_set_text(choice, "text", question->choices[i]);
        value_set_number(choice, "probability", likelihood->probability);
        if (question->logprobs)
            value_set_number(choice, "logprob", likelihood->logprob);
        value_add(list, choice);
    }
    return list;
}

/* What every answer begins with. */
static struct value *new_answer(const struct onellm *onellm, const char *object, const char *id, int64_t created)
{
    const struct onellm_info *info = onellm_info(onellm);
    struct value *answer = value_object();

    value_set_text(answer, "id", id);
    value_set_text(answer, "object", object);
    value_set_integer(answer, "created", created);
    value_set_text(answer, "model", info->id);
    value_set_text(answer, "system_fingerprint", info->fingerprint);
    return answer;
}

struct value *answer_json(const struct onellm *onellm, const struct question *question, struct sequence *sequence,
                          const struct sequence_news *news, const char *id, int64_t created, const char *text,
                          size_t n_text, bool with_ids)
{
    struct value *answer = new_answer(onellm, "answer", id, created);
    const int32_t *ids;
    size_t n;

    value_set_text_n(answer, "answer", text, n_text);
    value_set_text(answer, "finish_reason", finish_name((int)news->finish));
    value_set(answer, "media", answer_media_json(onellm, question));
    if (question->n_choices && news->finish == FINISH_STOP)
        value_set(answer, "choices", choices_json(question, sequence));
    value_set(answer, "usage", usage_json(news));
    value_set(answer, "timings", timings_json(question, news));
    if (question->logprobs && !question->n_choices)
        value_set(answer, "logprobs", probabilities_json(onellm, sequence, news, 0));
    if (with_ids) {
        ids = sequence_new_ids(sequence, &n);
        value_set(answer, "token_ids", ids_json(ids, n));
        ids = sequence_prompt_ids(sequence, &n);
        value_set(answer, "prompt_ids", ids_json(ids, n));
    }
    return answer;
}

/* ---- the same for OpenAI's clients ---- */

/* holder: "message" or "delta", with what it holds; probabilities: NULL, or of its tokens; finish: NULL when nothing is
 * to be said about the end. */
static void add_choice(struct value *choices, size_t index, const char *holder, struct value *held,
                       struct value *probabilities, const char *finish)
{
    struct value *choice = value_object(), *logprobs;

    set_size(choice, "index", index);
    value_set(choice, holder, held);
    if (probabilities) {
        logprobs = value_object();
        value_set(logprobs, "content", probabilities);
        value_set_null(logprobs, "refusal");
        value_set(choice, "logprobs", logprobs);
    } else {
        value_set_null(choice, "logprobs");
    }
    if (finish)
        value_set_text(choice, "finish_reason", finish);
    else
        value_set_null(choice, "finish_reason");
    value_add(choices, choice);
}

/* Their clients know no "timeout": an answer that was cut off. */
static const char *chat_finish_name(enum finish finish)
{
    return finish_name(finish == FINISH_TIMEOUT ? FINISH_LENGTH : (int)finish);
}

static void set_costs(struct value *answer, const struct onellm *onellm, const struct question *question,
                      const struct sequence_news *news)
{
    struct value *usage = usage_json(news), *details = value_object();

    set_size(details, "cached_tokens", news->n_cached_tokens);
    value_set(usage, "prompt_tokens_details", details);
    value_set(answer, "usage", usage);
    value_set(answer, "media", answer_media_json(onellm, question));
    value_set(answer, "timings", timings_json(question, news));
}

struct value *answer_chat_json(const struct onellm *onellm, const struct question *question,
                               const struct chat_choice *choices, size_t n_choices, const struct sequence_news *total,
                               const char *id, int64_t created)
{
    struct value *answer = new_answer(onellm, "chat.completion", id, created), *list = value_array();

    for (size_t i = 0; i < n_choices; i++) {
        const struct chat_choice *choice = &choices[i];
        struct value *message = value_object();

        value_set_text(message, "role", "assistant");
        value_set_text_n(message, "content", choice->text, choice->n_text);
        value_set_null(message, "refusal");
        add_choice(list, i, "message", message,
                   question->logprobs ? probabilities_json(onellm, choice->sequence, choice->news, 0) : NULL,
                   chat_finish_name(choice->news->finish));
    }
    value_set(answer, "choices", list);
    set_costs(answer, onellm, question, total);
    return answer;
}

struct value *answer_chunk_json(const struct onellm *onellm, const struct question *question,
                                const struct sequence *sequence, const struct sequence_news *news, const char *id,
                                int64_t created, const struct chat_chunk *chunk)
{
    struct value *answer = new_answer(onellm, "chat.completion.chunk", id, created), *choices = value_array(), *delta;
    bool has_tokens = question->logprobs && chunk->kind != CHAT_CHUNK_ROLE && news->n_new_tokens > chunk->n_told;

    value_set(answer, "choices", choices);
    if (chunk->kind == CHAT_CHUNK_USAGE) {
        set_costs(answer, onellm, question, news);
        return answer;
    }
    delta = value_object();
    if (chunk->kind == CHAT_CHUNK_ROLE)
        value_set_text(delta, "role", "assistant");
    if (chunk->kind != CHAT_CHUNK_END)
        value_set_text_n(delta, "content", chunk->text, chunk->n_text);
    add_choice(choices, chunk->index, "delta", delta,
               has_tokens ? probabilities_json(onellm, sequence, news, chunk->n_told) : NULL,
               chunk->kind == CHAT_CHUNK_END ? chat_finish_name(news->finish) : NULL);
    return answer;
}

const char *finish_name(int finish)
{
    return finish_names[finish];
}

const char *stage_name(int stage)
{
    return stage_names[stage];
}
