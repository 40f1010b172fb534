/* Messages: system ones make up the system sentence, neighbours of one role are one turn, the last turn is the prompt.
   Files stand in front of the whole conversation, wherever they were sent, in the order in which they came. */
#include "core/answer/chat.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/answer/base64.h"
#include "core/answer/fields.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/value.h"

#define TEXT_BYTES_MAX ((size_t)1 << 20)
#define ATTACHMENT "attachment://"

/* Names the place of a failure by its path in the request. */
#define fail_at(error, ...)                                                                                            \
    ({                                                                                                                 \
        error_at((error), __VA_ARGS__);                                                                                \
        (error) ? (error)->code : -EINVAL;                                                                             \
    })

/* ---- fields ---- */

/* A number or truth value as a form would have it; what is neither becomes a text that no such field takes. */
static const char *as_text(const struct value *value, char ret[64])
{
    int64_t integer;
    double number;
    bool truth;

    if (value_integer(value, &integer))
        snprintf(ret, 64, "%lld", (long long)integer);
    else if (value_number(value, &number))
        snprintf(ret, 64, number == floor(number) && fabs(number) < 1e15 ? "%.0f" : "%.17g", number);
    else if (value_boolean(value, &truth))
        snprintf(ret, 64, "%s", truth ? "true" : "false");
    else
        snprintf(ret, 64, "?");
    return ret;
}

static int set_plain(struct question *question, const char *name, const struct value *value, struct error *error)
{
    char text[64];

    if (value_is_null(value))
        return 0;
    as_text(value, text);
    return question_set(question, name, text, strlen(text), error);
}

static int add_stops(struct question *question, const struct value *stop, struct error *error)
{
    size_t n = value_is_array(stop) ? value_size(stop) : !value_is_null(stop);
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        const char *text = value_text(value_is_array(stop) ? value_at(stop, i) : stop);

        r = text ? question_set(question, "stop", text, strlen(text), error)
                 : field_refuse(error, "stop", "must be a string or an array of strings");
    }
    return r;
}

static int set_answers(struct chat *chat, const struct value *value, struct error *error)
{
    int64_t n = 1;

    if (!value_is_null(value) && (!value_integer(value, &n) || n < 1 || n > (int64_t)chat->answers_max))
        return field_refuse(error, "n", "must be an integer from 1 to %zu", chat->answers_max);
    chat->n_answers = (size_t)n;
    return 0;
}

static int read_stream_options(struct chat *chat, const struct value *options, struct error *error)
{
    const struct value *usage = value_get(options, "include_usage");

    if (!value_is_null(options) && !value_is_object(options))
        return field_refuse(error, "stream_options", "must be an object");
    if (!value_is_null(usage) && !value_boolean(usage, &chat->include_usage))
        return field_refuse(error, "stream_options.include_usage", "must be true or false");
    return 0;
}

static int read_fields(struct chat *chat, const struct value *body, struct error *error)
{
    static const enum field_id own[] = {FIELD_ID_PROMPT, FIELD_ID_TASK,    FIELD_ID_SYSTEM,
                                        FIELD_ID_STOP,   FIELD_ID_CHOICES, FIELD_ID_MAX_TOKENS};
    const struct value *most = value_get(body, "max_completion_tokens");
    int r = set_answers(chat, value_get(body, "n"), error);

    for (enum field_id id = 0; id < N_FIELDS && r == 0; id++) {
        bool is_own = strchr(fields[id].name, '.') != NULL;

        for (size_t i = 0; i < ARRAY_SIZE(own); i++)
            is_own |= own[i] == id;
        if (!is_own)
            r = set_plain(chat->question, fields[id].name, value_get(body, fields[id].name), error);
    }
    if (r == 0)
        r = set_plain(chat->question, "max_tokens", value_is_null(most) ? value_get(body, "max_tokens") : most, error);
    if (r == 0)
        r = add_stops(chat->question, value_get(body, "stop"), error);
    if (r == 0)
        r = read_stream_options(chat, value_get(body, "stream_options"), error);
    return r;
}

/* ---- files ---- */

/* Where the base64 begins: text itself, or behind the head of a data: URI. NULL: see error. */
static const char *base64_of(const char *text, bool must_be_uri, struct error *error)
{
    const char *comma = strchr(text, ',');

    if (strncasecmp(text, "data:", 5) == 0) {
        if (comma && comma - text >= 7 && strncasecmp(comma - 7, ";base64", 7) == 0)
            return comma + 1;
        error_set(error, -EINVAL, "is a data: URI without ;base64");
        return NULL;
    }
    if (!must_be_uri && !strstr(text, "://"))
        return text;
    error_set(error, -EINVAL,
              "must be a data: URI with ;base64, or " ATTACHMENT "NAME: this server fetches nothing from elsewhere");
    return NULL;
}

static int add_base64(struct chat *chat, const char *name, const char *text, bool must_be_uri, struct error *error)
{
    struct buffer *file;
    int r;

    text = base64_of(text, must_be_uri, error);
    if (!text)
        return -EINVAL;
    if (chat->n_files == QUESTION_FILES_MAX)
        return error_set(error, -EINVAL, "at most %d files in one request", QUESTION_FILES_MAX);
    file = &chat->files[chat->n_files++];
    buffer_init(file, chat->file_bytes_max);
    r = base64_decode(text, strlen(text), file, error);
    return r < 0 ? r : question_add_file(chat->question, name, file->bytes, file->size, error);
}

/* More than one may refer to it. */
static int add_attachment(struct chat *chat, const char *name, const char *part, struct error *error)
{
    if (!chat->names)
        return error_set(error, -EINVAL,
                         "refers to an attachment; then the body has to be multipart/form-data, with this JSON as its "
                         "part request");
    for (size_t i = 0; i < chat->n_names; i++)
        if (strcmp(chat->names[i], part) == 0) {
            chat->used[i] = true;
            return question_add_file(chat->question, name, chat->files[i].bytes, chat->files[i].size, error);
        }
    return error_set(error, -EINVAL, "refers to an attachment, and no part of the form has that name");
}

static int check_attachments(const struct chat *chat, struct error *error)
{
    for (size_t i = 0; i < chat->n_names; i++)
        if (!chat->used[i]) {
            error_set(error, -EINVAL, "is attachment number %zu, and no message refers to it", i + 1);
            error_at_name(error, chat->names[i]);
            return -EINVAL;
        }
    return 0;
}

/* A file of a name that question_add_file() knows. data: a string with base64 or an address, or an object with such a
 * one as `data` or `url`, or with the name of an `attachment`. */
static int add_file(struct chat *chat, const char *name, const struct value *data, bool must_be_uri,
                    struct error *error)
{
    const char *text = value_text(data), *part = NULL;

    if (value_is_object(data)) {
        text = value_text(value_get(data, value_get(data, "url") ? "url" : "data"));
        part = value_text(value_get(data, "attachment"));
    }
    if (text && part)
        return error_set(error, -EINVAL, "has both data and an attachment");
    if (text && strncasecmp(text, ATTACHMENT, strlen(ATTACHMENT)) == 0)
        part = text + strlen(ATTACHMENT);
    if (part)
        return add_attachment(chat, name, part, error);
    if (!text)
        return error_set(error, -EINVAL,
                         "has no data: a string with base64, or an object with one as data or url, or the name of an "
                         "attachment");
    return add_base64(chat, name, text, must_be_uri, error);
}

static int add_companion(struct chat *chat, const char *name, const struct value *data, struct error *error)
{
    return value_is_null(data) ? 0 : add_file(chat, name, data, false, error);
}

/* "start" of an audio is the field "audio.start". */
static int set_option(struct chat *chat, const char *modality, const char *option, const struct value *media,
                      struct error *error)
{
    const struct value *value = value_get(media, option);
    const char *text = value_text(value);
    char name[32];

    if (value_is_null(value))
        return 0;
    snprintf(name, sizeof(name), "%s.%s", modality, option);
    return text ? question_set(chat->question, name, text, strlen(text), error)
                : set_plain(chat->question, name, value, error);
}

static int add_kept(struct chat *chat, const struct value *id, struct error *error)
{
    const char *text = value_text(id);
    int r = text ? field_text(&fields[FIELD_ID_MEDIA_ID], text, strlen(text), error)
                 : field_refuse(error, "media_id", "must be a string");

    if (r == 0 && !chat->add_kept)
        r = field_refuse(error, "media_id", "there are no media that were kept");
    return r < 0 ? r : chat->add_kept(chat->context, text, chat->question, error);
}

/* {"modality","data" or "attachment","rgb","start","end","range","timestamps","mask"}, or {"media_id"} */
static int add_media(struct chat *chat, const struct value *media, struct error *error)
{
    static const char *const options[] = {"start", "end", "range"};
    const struct value *data = value_get(media, "data");
    const char *name = value_text(value_get(media, "modality"));
    int r;

    if (!value_is_null(value_get(media, "media_id")))
        return add_kept(chat, value_get(media, "media_id"), error);
    if (!name || modality_by_name(name, strlen(name)) == N_MODALITIES)
        return error_set(error, -EINVAL, "modality must be image, video, audio, point, depth, normal, imu or fmri");
    r = add_companion(chat, "image", value_get(media, "rgb"), error);
    if (r == 0)
        r = add_file(chat, name, value_is_object(data) ? data : media, false, error);
    for (size_t i = 0; i < ARRAY_SIZE(options) && r == 0; i++)
        r = set_option(chat, name, options[i], media, error);
    if (r == 0)
        r = add_companion(chat, "imu.timestamps", value_get(media, "timestamps"), error);
    return r == 0 ? add_companion(chat, "fmri.mask", value_get(media, "mask"), error) : r;
}

/* ---- messages ---- */

enum speaker { SPEAKER_SYSTEM, SPEAKER_USER, SPEAKER_ASSISTANT, N_SPEAKERS };

static const struct {
    const char *role;
    enum speaker speaker;
} roles[] = {{"system", SPEAKER_SYSTEM},
             {"developer", SPEAKER_SYSTEM},
             {"user", SPEAKER_USER},
             {"assistant", SPEAKER_ASSISTANT}};

static enum speaker speaker_of(const struct value *message)
{
    const char *role = value_text(value_get(message, "role"));

    for (size_t i = 0; i < ARRAY_SIZE(roles) && role; i++)
        if (strcmp(roles[i].role, role) == 0)
            return roles[i].speaker;
    return N_SPEAKERS;
}

static int add_text(struct buffer *text, const char *more, struct error *error)
{
    int r = text->size ? buffer_append_text(text, "\n") : 0;

    if (r == 0)
        r = buffer_append_text(text, more);
    return r < 0 ? error_set(error, r == -EFBIG ? -EINVAL : r, "the text is longer than %zu bytes", TEXT_BYTES_MAX) : 0;
}

/* Parts that carry a file: what file it is, and where in the part it stands. */
static const struct {
    const char *type, *member, *name;
    bool must_be_uri;
} carriers[] = {
    {"image_url", "image_url", "image", true},
    {"input_audio", "input_audio", "audio", false},
    {"video_url", "video_url", "video", true},
    {"input_video", "input_video", "video", false},
};

static int add_part(struct chat *chat, enum speaker speaker, const struct value *part, struct buffer *text,
                    struct error *error)
{
    const char *type = value_text(value_get(part, "type"));

    if (!type)
        return error_set(error, -EINVAL, "must be an object with a type");
    if (strcmp(type, "text") == 0 || strcmp(type, "refusal") == 0) {
        const char *words = value_text(value_get(part, type));

        return words ? add_text(text, words, error) : error_set(error, -EINVAL, "has no %s", type);
    }
    if (speaker != SPEAKER_USER)
        return error_set(error, -EINVAL, "only messages of the user may have other parts than text");
    if (strcmp(type, "media") == 0)
        return add_media(chat, value_get(part, "media"), error);
    for (size_t i = 0; i < ARRAY_SIZE(carriers); i++)
        if (strcmp(carriers[i].type, type) == 0)
            return add_file(chat, carriers[i].name, value_get(part, carriers[i].member), carriers[i].must_be_uri,
                            error);
    return error_set(error, -EINVAL,
                     "is of an unknown type; known are text, image_url, input_audio, video_url, input_video, media");
}

/* Appends the texts of message number i. */
static int add_content(struct chat *chat, size_t i, enum speaker speaker, const struct value *content,
                       struct buffer *text, struct error *error)
{
    int r = 0;

    if (value_text(content))
        return add_text(text, value_text(content), error) < 0 ? fail_at(error, "messages[%zu].content", i) : 0;
    if (value_is_null(content) && speaker == SPEAKER_ASSISTANT)
        return 0;
    if (!value_is_array(content)) {
        error_set(error, -EINVAL, "must be a string or an array of parts");
        return fail_at(error, "messages[%zu].content", i);
    }
    for (size_t part = 0; part < value_size(content) && r == 0; part++) {
        r = add_part(chat, speaker, value_at(content, part), text, error);
        if (r < 0)
            error_at(error, "messages[%zu].content[%zu]", i, part);
    }
    return r;
}

struct reading {
    struct buffer system, turn; /* turn: of the speaker at hand */
    enum speaker speaker;       /* SPEAKER_SYSTEM: nobody yet */
};

static int end_turn(struct chat *chat, const struct reading *reading, struct error *error)
{
    if (reading->speaker == SPEAKER_SYSTEM)
        return 0;
    return question_add_turn(chat->question, reading->speaker == SPEAKER_USER ? ROLE_HUMAN : ROLE_ASSISTANT,
                             reading->turn.bytes ? reading->turn.bytes : "", reading->turn.size, error);
}

static int read_message(struct chat *chat, struct reading *reading, size_t i, const struct value *message,
                        struct error *error)
{
    enum speaker speaker = speaker_of(message);
    const struct value *content = value_get(message, "content");
    int r = 0;

    if (speaker == N_SPEAKERS) {
        error_set(error, -EINVAL, "must be system, developer, user or assistant");
        return fail_at(error, "messages[%zu].role", i);
    }
    if (speaker == SPEAKER_SYSTEM)
        return add_content(chat, i, speaker, content, &reading->system, error);
    if (speaker != reading->speaker) {
        r = end_turn(chat, reading, error);
        buffer_clear(&reading->turn);
        reading->speaker = speaker;
    }
    if (r == 0 && speaker == SPEAKER_ASSISTANT && chat->question->n_turns == 0)
        r = error_set(error, -EINVAL, "the user speaks first");
    if (r == 0)
        return add_content(chat, i, speaker, content, &reading->turn, error);
    return fail_at(error, "messages[%zu]", i);
}

static int read_messages(struct chat *chat, const struct value *messages, struct error *error)
{
    struct reading reading = {.speaker = SPEAKER_SYSTEM};
    size_t n = value_size(messages);
    int r = 0;

    if (!value_is_array(messages) || n == 0) {
        error_set(error, value_is_null(messages) || value_is_array(messages) ? -ENODATA : -EINVAL,
                  "must be an array with a message at least");
        return fail_at(error, "messages");
    }
    buffer_init(&reading.system, TEXT_BYTES_MAX);
    buffer_init(&reading.turn, TEXT_BYTES_MAX);
    for (size_t i = 0; i < n && r == 0; i++)
        r = read_message(chat, &reading, i, value_at(messages, i), error);
    if (r == 0 && reading.system.size)
        r = question_set(chat->question, "system", reading.system.bytes, reading.system.size, error);
    if (r == 0 && (reading.speaker != SPEAKER_USER || !reading.turn.size)) {
        r = error_set(error, -ENODATA, "the last message must be the user's, with a text that asks something");
        error_at(error, "messages[%zu]", n - 1);
    }
    if (r == 0)
        r = question_set(chat->question, "prompt", reading.turn.bytes, reading.turn.size, error);
    buffer_deinit(&reading.system);
    buffer_deinit(&reading.turn);
    return r;
}

int chat_read(struct chat *chat, const char *body, size_t n, struct error *error)
{
    _cleanup_(value_freep) struct value *root = NULL;
    int r = value_parse_json(body, n, &root, error);

    if (r < 0)
        return r;
    if (!value_is_object(root))
        return error_set(error, -EINVAL, "the body must be a JSON object");
    r = read_fields(chat, root, error);
    if (r == 0)
        r = read_messages(chat, value_get(root, "messages"), error);
    return r == 0 ? check_attachments(chat, error) : r;
}
