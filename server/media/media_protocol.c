#include "server/media/media_protocol.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- a report ---- */

/* Ends somewhere, and has nothing that a terminal or a log would not print. */
static void make_printable(char *text, size_t n)
{
    text[n - 1] = '\0';
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

static bool is_refusal(int status)
{
    return status == -EMEDIUMTYPE || status == -EBADMSG || status == -EFBIG || status == -EINVAL || status == -ENOMEM ||
           status == -ETIME;
}

static bool is_size(double value)
{
    return isfinite(value) && value >= 0;
}

/* What media_decode() promises; what its kind demands is checked where media are used. */
static bool is_decoded(const struct raw_media *media, enum media_kind kind, size_t n_result)
{
    size_t n_bytes;

    if (media->kind != kind || media->element > MEDIA_F64 || media->n_dims < 1 || media->n_dims > 4 ||
        media->n_bytes != n_result)
        return false;
    n_bytes = media_element_size(media->element);
    for (int i = 0; i < media->n_dims; i++)
        if (media->shape[i] == 0 || __builtin_mul_overflow(n_bytes, media->shape[i], &n_bytes))
            return false;
    return n_bytes == n_result && media->width >= 0 && media->height >= 0 && is_size(media->rate) &&
           is_size(media->duration_s);
}

int media_report_read(const void *bytes, size_t n, enum media_kind kind, size_t n_result, struct media_report *ret)
{
    struct media_report report;

    if (n != sizeof(report))
        return -EPROTO;
    memcpy(&report, bytes, sizeof(report));
    make_printable(report.message, sizeof(report.message));
    make_printable(report.detail, sizeof(report.detail));
    make_printable(report.media.format, sizeof(report.media.format));
    report.media.data = NULL;
    if (report.outcome == MEDIA_DECODED
            ? !is_decoded(&report.media, kind, n_result)
            : report.outcome != MEDIA_DIED && (report.outcome != MEDIA_REFUSED || !is_refusal(report.status)))
        return -EPROTO;
    *ret = report;
    return 0;
}

/* ---- files and packets ---- */

int media_write(int fd, const void *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t written = write(fd, (const char *)bytes + done, n - done);

        if (written <= 0)
            return written < 0 ? -errno : -EIO;
        done += (size_t)written;
    }
    return 0;
}

union descriptors_space {
    struct cmsghdr head; /* for its alignment */
    char space[CMSG_SPACE(MEDIA_FDS_MAX * sizeof(int))];
};

int media_send(int socket, const void *packet, size_t n, const int *descriptors, size_t n_descriptors)
{
    union descriptors_space control = {.space = {0}};
    struct iovec part = {(void *)packet, n};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent;

    if (n_descriptors) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(n_descriptors * sizeof(int));
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(n_descriptors * sizeof(int));
        memcpy(CMSG_DATA(&control.head), descriptors, n_descriptors * sizeof(int));
    }
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int media_receive(int socket, void *packet, size_t n, int descriptors[MEDIA_FDS_MAX])
{
    union descriptors_space control;
    struct iovec part = {packet, n};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t received;

    for (int i = 0; i < MEDIA_FDS_MAX; i++)
        descriptors[i] = -1;
    do
        received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0)
        return -errno;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head))
        if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
            memcpy(descriptors, CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0));
    return (int)received;
}
