/* The range is cut into runs along the innermost dimension, and runs where the window ends. Windows lie side by side
   from the beginning of the view. Their size depends on the strides:
     never going back in the file    every byte is read once, in large windows: the usual case
     going back, in a view that fits into the largest window, as in a transposed matrix    all of it is one window
     going back in a larger view     small windows, since the next element is far away */
#include "core/file/strided_reader.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "core/file/zip_archive.h"
#include "core/tensor/tensor.h"

#define FORWARD_WINDOW_BYTES ((size_t)1 << 20)
#define WHOLE_WINDOW_BYTES_MAX ((size_t)64 << 20)
#define SMALL_WINDOW_BYTES ((size_t)4096)

/* A view without needless dimensions. Strides in elements. */
struct view {
    enum checkpoint_type type;
    size_t element_bytes;
    int n_dims; /* at least 1 */
    uint64_t shape[CHECKPOINT_DIMS_MAX], stride[CHECKPOINT_DIMS_MAX];
    uint64_t begin, end; /* bytes of the member that it touches */
    size_t window_bytes;
};

size_t strided_reader_element_bytes(enum checkpoint_type type)
{
    static const size_t bytes[] = {
        [CHECKPOINT_F64] = 8, [CHECKPOINT_F32] = 4, [CHECKPOINT_F16] = 2, [CHECKPOINT_BF16] = 2, [CHECKPOINT_I64] = 8,
        [CHECKPOINT_I32] = 4, [CHECKPOINT_I16] = 2, [CHECKPOINT_I8] = 1,  [CHECKPOINT_U8] = 1,   [CHECKPOINT_BOOL] = 1,
    };

    return bytes[type];
}

/* Leaves out dimensions of 1 and joins those that continue each other; what is contiguous becomes one dimension. */
static void copy_dimensions(struct view *view, const struct checkpoint_tensor *tensor)
{
    int n = 0;

    for (int i = 0; i < tensor->n_dims; i++) {
        uint64_t shape = tensor->shape[i], stride = tensor->stride[i];

        if (shape == 1)
            continue;
        if (n > 0 && view->stride[n - 1] == shape * stride) {
            view->shape[n - 1] *= shape;
            view->stride[n - 1] = stride;
            continue;
        }
        view->shape[n] = shape;
        view->stride[n++] = stride;
    }
    if (n == 0) {
        view->shape[n] = 1;
        view->stride[n++] = 1;
    }
    view->n_dims = n;
}

static struct view view_of(const struct checkpoint_tensor *tensor)
{
    struct view view = {.type = tensor->type, .element_bytes = strided_reader_element_bytes(tensor->type)};
    uint64_t extent = 0; /* elements from the first to the last one of the inner dimensions */
    uint64_t n_bytes;
    bool goes_back = false;

    copy_dimensions(&view, tensor);
    for (int i = view.n_dims - 1; i >= 0; i--) {
        goes_back = goes_back || view.stride[i] < extent;
        extent += (view.shape[i] - 1) * view.stride[i];
    }
    n_bytes = (extent + 1) * view.element_bytes;
    view.begin = tensor->storage_offset * view.element_bytes;
    view.end = view.begin + n_bytes;
    if (!goes_back)
        view.window_bytes = FORWARD_WINDOW_BYTES;
    else
        view.window_bytes = n_bytes <= WHOLE_WINDOW_BYTES_MAX ? WHOLE_WINDOW_BYTES_MAX : SMALL_WINDOW_BYTES;
    return view;
}

static int reserve(struct strided_reader *reader, size_t n, struct error *error)
{
    if (n <= reader->n_max)
        return 0;
    strided_reader_deinit(reader);
    reader->window = malloc(n);
    if (!reader->window)
        return error_set(error, -ENOMEM, "no memory for a window of %zu bytes", n);
    reader->n_max = n;
    return 0;
}

/* Moves the window over byte `at` of the member. What is in it already is used only when it is exactly this window: one
 * of another view could begin or end inside an element. */
static int move_window(struct strided_reader *reader, size_t member, const struct view *view, uint64_t at,
                       struct error *error)
{
    uint64_t begin = at - (at - view->begin) % view->window_bytes;
    size_t n = MIN(view->window_bytes, view->end - begin);
    int r;

    if (reader->member == member && reader->begin == begin && reader->n == n)
        return 0;
    reader->n = 0;
    r = reserve(reader, n, error);
    if (r < 0)
        return r;
    r = zip_archive_read(reader->archive, member, begin, reader->window, n, error);
    if (r < 0)
        return r;
    reader->member = member;
    reader->begin = begin;
    reader->n = n;
    return 0;
}

#define CONVERT_EACH(type, value)                                                                                      \
    for (size_t i = 0; i < n; i++) {                                                                                   \
        type x = ((const type *)source)[i * stride];                                                                   \
        ret[i] = (float)(value);                                                                                       \
    }                                                                                                                  \
    break

static void convert(enum checkpoint_type type, const void *source, uint64_t stride, size_t n, float *ret)
{
    if (stride == 1 && (type == CHECKPOINT_F32 || type == CHECKPOINT_F16 || type == CHECKPOINT_BF16)) {
        tensor_to_f32(type == CHECKPOINT_F32   ? TENSOR_F32
                      : type == CHECKPOINT_F16 ? TENSOR_F16
                                               : TENSOR_BF16,
                      source, n, ret);
        return;
    }
    switch (type) {
    case CHECKPOINT_F64:
        CONVERT_EACH(double, x);
    case CHECKPOINT_F32:
        CONVERT_EACH(float, x);
    case CHECKPOINT_F16:
        CONVERT_EACH(uint16_t, tensor_f16_to_f32(x));
    case CHECKPOINT_BF16:
        CONVERT_EACH(uint16_t, tensor_bf16_to_f32(x));
    case CHECKPOINT_I64:
        CONVERT_EACH(int64_t, x);
    case CHECKPOINT_I32:
        CONVERT_EACH(int32_t, x);
    case CHECKPOINT_I16:
        CONVERT_EACH(int16_t, x);
    case CHECKPOINT_I8:
        CONVERT_EACH(int8_t, x);
    case CHECKPOINT_U8:
        CONVERT_EACH(uint8_t, x);
    case CHECKPOINT_BOOL:
        CONVERT_EACH(uint8_t, x != 0);
    }
}

/* n elements that lie `stride` apart, the first at byte `at`. */
static int read_run(struct strided_reader *reader, size_t member, const struct view *view, uint64_t at, uint64_t stride,
                    size_t n, float *ret, struct error *error)
{
    int r;

    while (n > 0) {
        uint64_t n_left, n_now;

        r = move_window(reader, member, view, at, error);
        if (r < 0)
            return r;
        n_left = (reader->n - (at - reader->begin)) / view->element_bytes;
        n_now = stride ? MIN(n, (n_left - 1) / stride + 1) : n;
        convert(view->type, reader->window + (at - reader->begin), stride, n_now, ret);
        at += n_now * stride * view->element_bytes;
        ret += n_now;
        n -= n_now;
    }
    return 0;
}

int strided_reader_read(struct strided_reader *reader, size_t member, const struct checkpoint_tensor *tensor,
                        uint64_t first, size_t n, float *ret, struct error *error)
{
    const struct view view = view_of(tensor);
    const int inner = view.n_dims - 1;
    int r;

    while (n > 0) {
        uint64_t rest = first, at = 0, place = first % view.shape[inner];
        size_t n_now = MIN(n, view.shape[inner] - place);

        for (int i = inner; i >= 0; i--) {
            at += rest % view.shape[i] * view.stride[i];
            rest /= view.shape[i];
        }
        r = read_run(reader, member, &view, view.begin + at * view.element_bytes, view.stride[inner], n_now, ret,
                     error);
        if (r < 0)
            return r;
        first += n_now;
        ret += n_now;
        n -= n_now;
    }
    return 0;
}

void strided_reader_deinit(struct strided_reader *reader)
{
    free(reader->window);
    reader->window = NULL;
    reader->n = reader->n_max = 0;
}
