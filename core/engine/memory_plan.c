#include "core/engine/memory_plan.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/machine.h"
#include "core/file/gguf_reader.h"
#include "core/model/kv_cache.h"
#include "core/model/model.h"
#include "core/onellm.h"

#define SPARE 16 /* of what is available, one part in so many */

static uint64_t less(uint64_t from, uint64_t bytes)
{
    return from - MIN(from, bytes);
}

static int refuse(const struct memory_plan *plan, size_t n_positions, bool is_asked_for, struct error *error)
{
    return error_set(
        error, -ENOMEM,
        "%llu MiB of memory are available, but weights take %llu MiB, the cache of media up to %llu MiB, and "
        "keys and values of %zu positions %llu MiB; %s",
        (unsigned long long)plan->available >> 20, (unsigned long long)plan->packed >> 20,
        (unsigned long long)plan->media_cache >> 20, n_positions, (unsigned long long)plan->kv >> 20,
        is_asked_for ? "fewer positions take less (kv_positions)"
                     : "a smaller context takes less, or a model of a smaller type (onellm quantize)");
}

int memory_plan_make(struct model *model, const struct onellm_options *options, size_t context, size_t n_slots,
                     struct memory_plan *ret, struct error *error)
{
    const struct hparams *h = &model->hparams;
    enum tensor_type kv_type = options->kv_type == KV_Q8_0 ? TENSOR_Q8_0 : TENSOR_F16;
    size_t least = kv_pages_for(context), page_bytes = kv_pool_bytes(h, kv_type, 1);
    uint64_t packed = weights_packed_bytes(&model->weights, h), room;

    *ret = (struct memory_plan){
        .available = options->memory_bytes_max ? options->memory_bytes_max : memory_available(),
        .packed = packed,
        .mapped = less(gguf_reader_n_bytes(model->file), packed),
        .media_cache = h->multimodal ? options->media_cache_bytes : 0,
        .kv_type = kv_type,
        .n_pages = least * n_slots,
    };
    if (!kv_pool_can_be(h, kv_type))
        return error_set(error, -EINVAL,
                         "keys and values cannot be %s: heads of this model have %zu elements, not whole blocks",
                         tensor_type_info(kv_type)->name, h->decoder.width / h->decoder.n_heads);
    room = less(ret->available, ret->packed + ret->media_cache);
    if (options->kv_positions)
        ret->n_pages = kv_pages_for(MAX(options->kv_positions, context));
    else
        ret->n_pages = MIN(ret->n_pages, MAX(least, less(room, ret->mapped + ret->available / SPARE) / page_bytes));
    ret->kv = ret->n_pages * page_bytes;
    return ret->kv <= room ? 0 : refuse(ret, ret->n_pages * KV_PAGE, options->kv_positions != 0, error);
}
