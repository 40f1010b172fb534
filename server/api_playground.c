/* The files are part of the program, see server/playground/build.py. Each is there as it is and, where that is smaller,
   compressed; nothing is compressed while it is asked for. The names of assets change with their content, so browsers
   may keep them for good; everything else is asked for again and mostly not sent again. */
#include "server/api_playground.h"

#include <stdbool.h>
#include <string.h>

#include "server/api_playground_files.h"
#include "server/http.h"

/* Nothing comes from elsewhere, nothing runs that is not a file of ours, nobody may frame the page. blob: is what the
 * user has chosen or recorded. */
#define POLICY                                                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "          \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const struct playground_file *find(const char *path)
{
    for (size_t i = 0; i < n_playground_files; i++)
        if (strcmp(playground_files[i].path, path) == 0)
            return &playground_files[i];
    return NULL;
}

/* "gzip" as a word of its own that is not switched off by q=0. */
static bool takes_gzip(const char *accepted)
{
    const char *word = accepted ? strstr(accepted, "gzip") : NULL;
    const char *q;

    if (!word || (word > accepted && !strchr(" ,", word[-1])) || (word[4] && !strchr(" ,;", word[4])))
        return false;
    q = word + 4 + strspn(word + 4, " ;");
    return strncmp(q, "q=0", 3) != 0 || strspn(q + 3, ".0") != strcspn(q + 3, " ,");
}

void api_playground(struct daemon *daemon, struct exchange *exchange)
{
    const struct playground_file *file = find(exchange->path);
    bool is_compressed;

    (void)daemon;
    if (!file) {
        exchange_fail(exchange, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    is_compressed = file->n_gzip && takes_gzip(exchange->accept_encoding);
    exchange_header(exchange, "ETag", "\"%s%s\"", file->tag, is_compressed ? "-gzip" : "");
    exchange_header(exchange, "Cache-Control", "%s",
                    strncmp(file->path, "/assets/", 8) == 0 ? "public, max-age=31536000, immutable" : "no-cache");
    exchange_header(exchange, "Vary", "Accept-Encoding");
    exchange_header(exchange, "Content-Security-Policy", POLICY);
    exchange_header(exchange, "X-Content-Type-Options", "nosniff");
    exchange_header(exchange, "Referrer-Policy", "no-referrer");
    if (exchange->if_none_match && strstr(exchange->if_none_match, file->tag)) {
        exchange_reply(exchange, 304, NULL);
        return;
    }
    if (is_compressed)
        exchange_header(exchange, "Content-Encoding", "gzip");
    exchange_reply_constant(exchange, 200, file->type, is_compressed ? file->gzip : file->bytes,
                            is_compressed ? file->n_gzip : file->n_bytes);
}
