/* fuzz: text_dep, base_dep */
/* A tokenizer.model that nobody has checked; if it can be read, the end of the file is tokenised with it as a text. */
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/text/bpe.h"
#include "core/text/sentencepiece.h"
#include "core/text/vocabulary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(vocabulary_freep) struct vocabulary *vocabulary = NULL;
    _cleanup_(arena_deinit) struct arena arena = {0};
    size_t n_text = MIN(size, (size_t)256), n_ids, n_decoded;
    struct error error = ERROR_NONE;
    int32_t *ids;
    char *decoded;

    if (sentencepiece_read(data, size, &vocabulary, &error) < 0) {
        require(error.code < 0 && error.message[0]);
        return 0;
    }
    require(bpe_encode(vocabulary, (const char *)data + size - n_text, n_text, &arena, &ids, &n_ids, NULL) == 0);
    require(bpe_decode(vocabulary, ids, n_ids, &arena, &decoded, &n_decoded, NULL) == 0);
    return 0;
}
