/* libzip reads through a handle per member; the last one stays open, so that reading on costs nothing. */
#include "core/file/zip_archive.h"

#include <errno.h>
#include <stdbool.h>
#include <zip.h>

#include "core/base/error.h"

struct zip_archive {
    zip_t *zip;
    zip_file_t *file; /* the open member, or NULL */
    size_t member;
    uint64_t position, n_bytes; /* in it, and its size */
    bool is_stored;
};

int zip_archive_open_fd(int fd, struct zip_archive **ret, struct error *error)
{
    _cleanup_(closep) int owned_fd = fd;
    _cleanup_(zip_archive_closep) struct zip_archive *archive = calloc(1, sizeof(*archive));
    zip_error_t why;
    int code = 0;

    if (!archive)
        return error_set(error, -ENOMEM, "no memory for a zip archive");
    archive->zip = zip_fdopen(owned_fd, ZIP_RDONLY, &code);
    if (!archive->zip) {
        zip_error_init_with_code(&why, code);
        error_set(error, code == ZIP_ER_MEMORY ? -ENOMEM : -EBADMSG,
                  "is not a complete zip archive: damaged, or cut off before its end?");
        error_detail(error, "libzip: %s", zip_error_strerror(&why));
        zip_error_fini(&why);
        return code == ZIP_ER_MEMORY ? -ENOMEM : -EBADMSG;
    }
    owned_fd = -1;
    *ret = TAKE_PTR(archive);
    return 0;
}

static void close_member(struct zip_archive *archive)
{
    if (archive->file)
        zip_fclose(archive->file);
    archive->file = NULL;
}

struct zip_archive *zip_archive_close(struct zip_archive *archive)
{
    if (archive) {
        close_member(archive);
        if (archive->zip)
            zip_discard(archive->zip);
        free(archive);
    }
    return NULL;
}

size_t zip_archive_n_members(const struct zip_archive *archive)
{
    return (size_t)zip_get_num_entries(archive->zip, 0);
}

const char *zip_archive_name(const struct zip_archive *archive, size_t member)
{
    return zip_get_name(archive->zip, member, ZIP_FL_ENC_RAW);
}

int zip_archive_find(struct zip_archive *archive, const char *name, size_t *ret_member, uint64_t *ret_n_bytes)
{
    zip_int64_t member = zip_name_locate(archive->zip, name, ZIP_FL_ENC_RAW);
    zip_stat_t status;

    if (member < 0 || zip_stat_index(archive->zip, (zip_uint64_t)member, 0, &status) < 0 ||
        !(status.valid & ZIP_STAT_SIZE))
        return -ENOENT;
    *ret_member = (size_t)member;
    *ret_n_bytes = status.size;
    return 0;
}

static int fail(struct zip_archive *archive, size_t member, const char *what, const char *detail, struct error *error)
{
    const char *name = zip_archive_name(archive, member);

    error_set(error, -EBADMSG, "its member %s %s", name ? name : "without a name", what);
    error_detail(error, "libzip: %s", detail);
    return -EBADMSG;
}

static int open_member(struct zip_archive *archive, size_t member, struct error *error)
{
    zip_stat_t status;

    close_member(archive);
    if (zip_stat_index(archive->zip, member, 0, &status) < 0)
        return fail(archive, member, "cannot be found", zip_strerror(archive->zip), error);
    archive->file = zip_fopen_index(archive->zip, member, 0);
    if (!archive->file)
        return fail(archive, member, "cannot be opened", zip_strerror(archive->zip), error);
    archive->member = member;
    archive->position = 0;
    archive->n_bytes = status.size;
    archive->is_stored = (status.valid & ZIP_STAT_COMP_METHOD) && status.comp_method == ZIP_CM_STORE;
    return 0;
}

static int read_on(struct zip_archive *archive, void *ret, size_t n, struct error *error)
{
    char *at = ret;

    while (n > 0) {
        zip_int64_t n_read = zip_fread(archive->file, at, n);

        if (n_read <= 0)
            return fail(archive, archive->member, n_read < 0 ? "cannot be read" : "ends too early",
                        zip_file_strerror(archive->file), error);
        at += n_read;
        n -= (size_t)n_read;
        archive->position += (uint64_t)n_read;
    }
    return 0;
}

static int go_to(struct zip_archive *archive, uint64_t offset, struct error *error)
{
    char skipped[4096];
    int r;

    if (archive->position == offset)
        return 0;
    if (archive->is_stored) {
        if (zip_fseek(archive->file, (zip_int64_t)offset, SEEK_SET) < 0)
            return fail(archive, archive->member, "cannot be read", zip_file_strerror(archive->file), error);
        archive->position = offset;
        return 0;
    }
    if (archive->position > offset) {
        r = open_member(archive, archive->member, error);
        if (r < 0)
            return r;
    }
    while (archive->position < offset) {
        r = read_on(archive, skipped, MIN(sizeof(skipped), offset - archive->position), error);
        if (r < 0)
            return r;
    }
    return 0;
}

/* libzip compares the checksum when somebody asks for what is behind the end. */
static int check_end(struct zip_archive *archive, struct error *error)
{
    char behind;
    int r = 0;

    if (zip_fread(archive->file, &behind, 1) != 0)
        r = fail(archive, archive->member, "is damaged", zip_file_strerror(archive->file), error);
    close_member(archive);
    return r;
}

int zip_archive_read(struct zip_archive *archive, size_t member, uint64_t offset, void *ret, size_t n,
                     struct error *error)
{
    int r;

    if (!archive->file || archive->member != member) {
        r = open_member(archive, member, error);
        if (r < 0)
            return r;
    }
    if (offset > archive->n_bytes || n > archive->n_bytes - offset)
        return fail(archive, member, "ends too early", "read behind its end", error);
    r = go_to(archive, offset, error);
    if (r == 0)
        r = read_on(archive, ret, n, error);
    if (r == 0 && archive->position == archive->n_bytes)
        r = check_end(archive, error);
    if (r < 0)
        close_member(archive);
    return r;
}
