#include "core/answer/inspection_json.h"

#include <math.h>

#include "core/answer/answer_json.h"
#include "core/answer/base64.h"
#include "core/answer/question.h"
#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/value.h"
#include "core/modal/neighbours.h"
#include "core/model/hparams.h"

#define STEPS 255.0f

struct range {
    float minimum, maximum;
};

static struct range range_of(const float *numbers, size_t n)
{
    struct range ret = {numbers[0], numbers[0]};

    for (size_t i = 1; i < n; i++) {
        ret.minimum = MIN(ret.minimum, numbers[i]);
        ret.maximum = MAX(ret.maximum, numbers[i]);
    }
    return ret;
}

static uint8_t *round_to_steps(const float *numbers, size_t n, struct range range, struct arena *arena)
{
    float scale = range.maximum > range.minimum ? STEPS / (range.maximum - range.minimum) : 0;
    uint8_t *bytes = arena_alloc(arena, n, 1);

    for (size_t i = 0; bytes && i < n; i++)
        bytes[i] = (uint8_t)lroundf((numbers[i] - range.minimum) * scale);
    return bytes;
}

static struct value *shape_json(const size_t *shape, int n_dims)
{
    struct value *list = value_array();

    for (int i = 0; i < n_dims; i++)
        value_add_integer(list, (int64_t)shape[i]);
    return list;
}

/* NULL: no memory. */
static struct value *tensor_json(const struct input_tensor *tensor, enum tensor_form form, struct arena *arena)
{
    _cleanup_(buffer_deinit) struct buffer text;
    struct value *ret = NULL;
    const size_t n = input_tensor_size(tensor);
    const struct range range = range_of(tensor->data, n);
    const void *bytes = tensor->data;

    if (form == TENSOR_U8)
        bytes = round_to_steps(tensor->data, n, range, arena);
    buffer_init(&text, SIZE_MAX);
    if (!bytes || base64_encode(bytes, form == TENSOR_U8 ? n : n * sizeof(float), &text) < 0)
        return NULL;
    ret = value_object();
    value_set(ret, "shape", shape_json(tensor->shape, tensor->n_dims));
    value_set_text(ret, "type", form == TENSOR_U8 ? "u8" : "f32");
    value_set_number(ret, "minimum", (double)range.minimum);
    value_set_number(ret, "maximum", (double)range.maximum);
    value_set_text_n(ret, "data", text.bytes, text.size);
    return ret;
}

/* Around which points the tokenizer will gather others. NULL: no memory, or too few points. */
static struct value *centres_json(const struct hparams *h, const struct input_tensor *tensor, struct arena *arena)
{
    size_t n = h->n_tokens[MODALITY_POINT];
    uint32_t *centres = arena_new(arena, uint32_t, n);
    struct value *ret = NULL;

    if (!centres || tensor->shape[0] < n ||
        neighbours_sample(tensor->data + h->point_coordinates, tensor->shape[0], h->point_channels, n, arena, centres) <
            0)
        return NULL;
    ret = value_array();
    for (size_t i = 0; i < n; i++)
        value_add_integer(ret, centres[i]);
    return ret;
}

static struct value *frames_json(const struct raw_media *media)
{
    struct value *ret = value_array();

    for (size_t i = 0; i < media->shape[0]; i++)
        value_add_integer(ret, (int64_t)media->frames[i]);
    return ret;
}

/* False: no memory. */
static bool add_numbers(struct value *entry, const struct hparams *h, const struct upload *upload,
                        enum tensor_form form)
{
    _cleanup_(arena_deinit) struct arena arena = {0};
    struct value *tensor = tensor_json(&upload->tensor, form, &arena), *centres = NULL;

    value_set(entry, "tensor", tensor);
    if (upload->modality == MODALITY_POINT) {
        centres = centres_json(h, &upload->tensor, &arena);
        value_set(entry, "centres", centres);
    }
    return tensor && (centres || upload->modality != MODALITY_POINT);
}

struct value *inspection_json(const struct onellm *onellm, const struct question *question, enum tensor_form form)
{
    const struct hparams *h = onellm_info(onellm)->hparams;
    struct value *ret = value_object(), *list = value_array(), *timings = value_object();
    bool is_whole = true;

    value_set_text(ret, "object", "inspection");
    value_set(ret, "media", list);
    for (size_t i = 0; i < question->n_uploads && is_whole; i++) {
        const struct upload *upload = &question->uploads[i];
        const struct kept_medium medium = question_describe(question, i);
        struct value *entry;

        if (upload->is_plane)
            continue;
        entry = answer_medium_json(onellm, &medium);
        if (upload->modality == MODALITY_VIDEO)
            value_set(entry, "frames_seen", frames_json(&upload->media));
        is_whole = form == TENSOR_NONE || add_numbers(entry, h, upload, form);
        value_add(list, entry);
    }
    value_set_rounded(timings, "decode_ms", question->decode_ms);
    value_set(ret, "timings", timings);
    return is_whole ? ret : value_free(ret);
}
