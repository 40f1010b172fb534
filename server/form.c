#include "server/form.h"

#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "core/answer/fields.h"
#include "core/base/cleanup.h"
#include "server/daemon.h"
#include "server/media_store.h"
#include "server/request.h"

#define FIELD_BYTES_MAX ((1u << 20) + 1) /* one more than the longest text of any field */

static bool is_own(const struct form *form, const char *name)
{
    return form->about && form->about->field && strcmp(form->about->field, name) == 0;
}

static bool is_field(const struct form *form, const char *name)
{
    enum field_id id = field_by_name(name);

    if (form->about)
        return is_own(form, name) || id == FIELD_ID_TIMEOUT_MS || (id != N_FIELDS && strchr(name, '.'));
    return id != N_FIELDS;
}

static int refuse_field(struct form *form, const char *name, struct error *error)
{
    if (field_by_name(name) == N_FIELDS)
        return question_set(&form->request.question, name, "", 0, error); /* which says what is known */
    return field_refuse(error, name, "is for questions; here are files, their options and %s",
                        form->about->field ? form->about->field : "timeout_ms");
}

/* An unknown part is refused before its bytes come. */
static int on_part_begin(void *context, const char *name, struct error *error)
{
    struct form *form = context;

    form->in_file = question_is_file(name, strlen(name));
    buffer_clear(&form->field);
    if (form->in_file)
        return request_add_file(&form->request) ? 0 : error_set(error, -EINVAL, "the request has too many files");
    return is_field(form, name) ? 0 : refuse_field(form, name, error);
}

/* A field that is too long is cut off one byte later: question_set() knows its limit. */
static int on_part_data(void *context, const void *bytes, size_t n, struct error *error)
{
    struct form *form = context;
    int r;

    if (form->in_file)
        r = request_append_file(&form->request, bytes, n, error);
    else if (buffer_append(&form->field, bytes, MIN(n, FIELD_BYTES_MAX - form->field.size)) < 0)
        r = error_set(error, -ENOMEM, "no memory for a field");
    else
        r = 0;
    if (r < 0)
        error_at(error, "%s", form->multipart.name);
    return r;
}

static int add_kept(struct request *request, const char *id, size_t n, struct error *error)
{
    int r = field_text(&fields[FIELD_ID_MEDIA_ID], id, n, error);

    return r < 0 ? r : media_store_add_to(request->daemon->media_store, id, request->key, &request->question, error);
}

static int on_part_end(void *context, struct error *error)
{
    struct form *form = context;
    struct request *request = &form->request;
    const struct buffer *value = form->in_file ? &request->files[request->n_files - 1] : &form->field;
    const char *name = form->multipart.name, *bytes = value->bytes ? value->bytes : "";
    int r;

    if (form->in_file)
        r = question_add_file(&request->question, name, bytes, value->size, error);
    else if (is_own(form, name))
        r = form->about->set(request, bytes, value->size, error);
    else if (field_by_name(name) == FIELD_ID_MEDIA_ID)
        r = add_kept(request, bytes, value->size, error);
    else
        r = question_set(&request->question, name, bytes, value->size, error);
    if (r < 0)
        error_at(error, "%s", name);
    return r;
}

static const struct multipart_sink part_sink = {on_part_begin, on_part_data, on_part_end};

void form_begin(struct form *form, const struct media_form *about)
{
    const struct request *request = &form->request;
    struct error error = ERROR_NONE;

    form->about = about;
    buffer_init(&form->field, FIELD_BYTES_MAX);
    if (multipart_init(&form->multipart, request->exchange->content_type, request->daemon->config->parts_max,
                       &part_sink, form, &error) < 0)
        request_fail(&form->request, &error);
}

void form_body(struct exchange *exchange, const void *bytes, size_t n)
{
    struct form *form = exchange->owner;
    struct error error = ERROR_NONE;

    if (multipart_feed(&form->multipart, bytes, n, &error) < 0)
        request_fail(&form->request, &error);
}

void form_complete(struct exchange *exchange)
{
    struct form *form = exchange->owner;
    struct error error = ERROR_NONE;

    if (multipart_finish(&form->multipart, &error) < 0) {
        request_fail(&form->request, &error);
        return;
    }
    if (form->request.question.stream)
        stream_watch(&form->request.stream);
    request_prepare(&form->request);
}

void form_free(struct request *request)
{
    buffer_deinit(&((struct form *)request)->field);
}
