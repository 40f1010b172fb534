/* Between prepare_start() and request_prepared() the thread owns the question, its files, the error and the sequence;
   the loop thread may only set `cancelled`. */
#include "server/prepare.h"

#include "core/base/buffer.h"
#include "core/model/hparams.h"
#include "core/onellm.h"
#include "server/daemon.h"
#include "server/loop.h"
#include "server/media/media_pool.h"
#include "server/request.h"

static int prepare(struct request *request)
{
    struct daemon *daemon = request->daemon;
    struct question *question = &request->question;
    const struct media_source source = media_pool_source(daemon->media);
    struct error *error = &request->error;
    int r = request->face->read ? request->face->read(request, error) : 0;

    request_shorten(request);
    if (r == 0)
        r = request->face->about_media ? question_finish_media(question, error) : question_finish(question, error);
    if (r == 0)
        r = question_decode(question, &onellm_info(daemon->onellm)->hparams->input, &request->media_limits, &source,
                            &request->cancelled, error);
    for (size_t i = 0; i < request->n_files; i++)
        buffer_deinit(&request->files[i]); /* an upload is forgotten as soon as it is decoded */
    if (r == 0 && request->face->inspect)
        return request->face->inspect(request, error);
    if (r == 0)
        r = question_prepare(question, daemon->onellm, request->deadline_ns, request, &request->sequence, error);
    return r;
}

static void on_thread(void *context)
{
    struct request *request = context;

    request->result = prepare(request);
}

static void on_loop(void *context)
{
    request_prepared(context);
}

int prepare_start(struct request *request)
{
    return loop_work(request->daemon->loop, on_thread, on_loop, request);
}
