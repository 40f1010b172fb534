/* Does multipart find the same parts however a body is cut, and does it refuse what is malformed? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "server/multipart.h"

#define TYPE "multipart/form-data; boundary=XX"
#define PART(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define TEXT(literal) literal, sizeof(literal) - 1

/* Writes parts as [name|bytes]. */
static struct buffer parts;
static struct error error;
static int refuse_at; /* which call of the sink fails; 0: none */

static int count_down(void)
{
    return refuse_at && --refuse_at == 0 ? -EFBIG : 0;
}

static int sink_begin(void *context, const char *name, struct error *ret)
{
    (void)context, (void)ret;
    buffer_printf(&parts, "[%s|", name);
    return count_down();
}

static int sink_data(void *context, const void *bytes, size_t n, struct error *ret)
{
    (void)context, (void)ret;
    assert_true(n > 0);
    buffer_append(&parts, bytes, n);
    return count_down();
}

static int sink_end(void *context, struct error *ret)
{
    (void)context, (void)ret;
    buffer_append_text(&parts, "]");
    return count_down();
}

static const struct multipart_sink sink = {sink_begin, sink_data, sink_end};

/* Feeds copies of exactly the bytes of each piece, so that the sanitizer sees every read beyond them. */
static int feed_pieces(struct multipart *multipart, const char *body, size_t n, size_t piece)
{
    for (size_t i = 0; i < n; i += piece) {
        size_t n_bytes = MIN(piece, n - i);
        char *bytes = malloc(n_bytes);
        int r;

        assert_non_null(bytes);
        memcpy(bytes, body + i, n_bytes);
        r = multipart_feed(multipart, bytes, n_bytes, &error);
        free(bytes);
        if (r < 0)
            return r;
    }
    return multipart_finish(multipart, &error);
}

static int parse_type(const char *type, const char *body, size_t n, size_t piece)
{
    struct multipart multipart;
    int r;

    buffer_clear(&parts);
    error = ERROR_NONE;
    r = multipart_init(&multipart, type, 4, &sink, NULL, &error);
    if (r < 0)
        return r;
    r = feed_pieces(&multipart, body, n, piece);
    if (r < 0 && multipart.state == MULTIPART_FAILED)
        assert_int_equal(multipart_feed(&multipart, "x", 1, &error), -EINVAL);
    return r;
}

static int setup(void **state)
{
    (void)state;
    buffer_init(&parts, 1 << 20);
    refuse_at = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_deinit(&parts);
    return 0;
}

static const struct good {
    const char *body;
    size_t n;
    const char *parts;
    size_t n_parts;
} good_bodies[] = {
    {TEXT("--XX--"), TEXT("")},
    {TEXT("--XX--\r\n"), TEXT("")},
    {TEXT("--XX\r\n" PART("a") "\r\n--XX--\r\n"), TEXT("[a|]")},
    {TEXT("--XX\r\n" PART("a") "hello\r\n--XX--\r\n"), TEXT("[a|hello]")},
    {TEXT("--XX\r\n" PART("a") "1\r\n--XX\r\n" PART("b") "2\r\n--XX\r\n" PART("a") "3\r\n--XX--"),
     TEXT("[a|1][b|2][a|3]")},
    {TEXT("preamble\r\n--X\r\n--XY\r\n--XX\r\n" PART("a") "1\r\n--XX--epilogue\r\n--XX\r\nrubbish"), TEXT("[a|1]")},
    {TEXT("\r\n--XX\r\n" PART("a") "1\r\n--XX--"), TEXT("[a|1]")},
    {TEXT("--XX \t \r\n" PART("a") "1\r\n--XX \r\n" PART("b") "2\r\n--XX-- \r\n"), TEXT("[a|1][b|2]")},
    /* What looks like a boundary but is not. */
    {TEXT("--XX\r\n" PART("a") "\r\n--X\r\n--\r\n-\r\n\r\n--XX--"), TEXT("[a|\r\n--X\r\n--\r\n-\r\n]")},
    {TEXT("--XX\r\n" PART("a") "--XX\r\n--XX--"), TEXT("[a|--XX]")},
    {TEXT("--XX\r\n" PART("a") "\r\r\n\r\r\n--\r\r\n--X\r\n--XX--"), TEXT("[a|\r\r\n\r\r\n--\r\r\n--X]")},
    {TEXT("--XX\r\n" PART("a") "\n--XX\r--XX\r\n--XX--"), TEXT("[a|\n--XX\r--XX]")},
    {TEXT("--XX\r\n" PART("a") "\r\r\r\r\r\n--XX--"), TEXT("[a|\r\r\r\r]")},
    {TEXT("--XX\r\n" PART("a") "\0\r\n\0--XX\r\n--XX--"), TEXT("[a|\0\r\n\0--XX]")},
    /* Headers. */
    {TEXT("--XX\r\ncontent-disposition:form-data;name=a\r\n\r\n1\r\n--XX--"), TEXT("[a|1]")},
    {TEXT("--XX\r\nContent-Disposition: form-data ; filename=x.jpg ; name=a ;\r\n\r\n1\r\n--XX--"), TEXT("[a|1]")},
    {TEXT("--XX\r\nContent-Disposition: FORM-DATA; NAME=\"a\"; filename=\"C:\\x; name=\\\"y\\\".jpg\"\r\n"
          "Content-Type: image/jpeg\r\nX-Other: \xff\r\n\r\n1\r\n--XX--"),
     TEXT("[a|1]")},
    {TEXT("--XX\r\nContent-Disposition: form-data; filename*=UTF-8''n%20m; name=\"a "
          "b\\\"c\\\\d\\e\"\r\n\r\n1\r\n--XX--"),
     TEXT("[a b\"c\\d\\e|1]")},
    {TEXT("--XX\r\nContent-Transfer-Encoding: binary\r\n" PART("a") "1\r\n--XX--"), TEXT("[a|1]")},
    {TEXT("--XX\r\nContent-Transfer-Encoding: 8BIT \r\n" PART("a") "1\r\n--XX--"), TEXT("[a|1]")},
};

static void test_every_piece_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good_bodies); i++) {
        const struct good *good = &good_bodies[i];

        for (size_t piece = 1; piece <= good->n; piece++) {
            if (parse_type(TYPE, good->body, good->n, piece) != 0)
                fail_msg("body %zu in pieces of %zu: %s", i, piece, error.message);
            assert_int_equal(parts.size, good->n_parts);
            if (good->n_parts)
                assert_memory_equal(parts.bytes, good->parts, good->n_parts);
        }
    }
}

/* Cut in two at every byte: the second piece begins in every state. Cut off at every byte: never complete. */
static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good_bodies); i++) {
        const struct good *good = &good_bodies[i];
        size_t n_needed = 0; /* up to the last boundary's dashes */

        for (size_t n = 0; n <= good->n; n++)
            if (parse_type(TYPE, good->body, n, n ? n : 1) == 0) {
                n_needed = n;
                break;
            }
        assert_true(n_needed >= 6 && memcmp(good->body + n_needed - 2, "--", 2) == 0);
        for (size_t n = 0; n < n_needed; n++) {
            assert_int_equal(parse_type(TYPE, good->body, n, 3), -EINVAL);
            assert_non_null(strstr(error.message, "the body"));
        }
        for (size_t n = 1; n < good->n; n++) {
            struct multipart multipart;

            buffer_clear(&parts);
            assert_int_equal(multipart_init(&multipart, TYPE, 4, &sink, NULL, &error), 0);
            assert_int_equal(multipart_feed(&multipart, good->body, n, &error), 0);
            assert_int_equal(multipart_feed(&multipart, good->body + n, good->n - n, &error), 0);
            assert_int_equal(multipart_finish(&multipart, &error), 0);
            assert_int_equal(parts.size, good->n_parts);
        }
    }
}

static void test_malformed(void **state)
{
    static const struct {
        const char *body;
        size_t n;
        const char *part; /* of the message */
    } bad[] = {
        {TEXT(""), "has no part"},
        {TEXT("--XY--"), "has no part"},
        {TEXT("-XX--"), "has no part"},
        {TEXT("\n--XX--"), "has no part"},
        {TEXT("--XXX\r\n" PART("a") "1\r\n--XX--"), "before part 1 is followed by other bytes"},
        {TEXT("--XX\n" PART("a") "1\r\n--XX--"), "before part 1 is followed by other bytes"},
        {TEXT("--XX-\r\n"), "before part 1 is followed by other bytes"},
        {TEXT("--XX\r\r\n"), "before part 1 is followed by other bytes"},
        {TEXT("--XX -\r\n"), "before part 1 is followed by other bytes"},
        {TEXT("--XX\r\n" PART("a") "1\r\n--XX2\r\n"), "before part 2 is followed by other bytes"},
        {TEXT("--XX\r\n" PART("a") "1\r\n--XX"), "ends before its last boundary, in part 1"},
        {TEXT("--XX\r\n" PART("a") "1\r\n--XX-"), "ends before its last boundary"},
        {TEXT("--XX\r\n" PART("a") "1\r\n--XX\r\n"), "ends before its last boundary, in part 2"},
        {TEXT("--XX\r\n\r\n1\r\n--XX--"), "part 1 has no Content-Disposition"},
        {TEXT("--XX\r\nContent-Type: text/plain\r\n\r\n1\r\n--XX--"), "part 1 has no Content-Disposition"},
        {TEXT("--XX\r\n" PART("a") "1\r\n--XX--"
                                   "x"),
         NULL},
        {TEXT("--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data; filename=a\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data; name=\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data; name=\"a\\\"\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data; name=\"a\"b\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data; name=\"a\x01\"\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data; name =a\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data name=a\r\n\r\n"), "part 1 needs a header like"},
        {TEXT("--XX\r\nContent-Disposition: form-data; name=a\r\n" PART("b")), "two Content-Disposition"},
        {TEXT("--XX\r\nContent-Disposition : form-data; name=a\r\n\r\n"), "malformed header"},
        {TEXT("--XX\r\nContent-Disposition\r\n\r\n"), "malformed header"},
        {TEXT("--XX\r\n: x\r\n\r\n"), "malformed header"},
        {TEXT("--XX\r\nA: b\r\n c\r\n" PART("a")), "malformed header"},
        {TEXT("--XX\r\nA: b\0c\r\n" PART("a")), "malformed header"},
        {TEXT("--XX\r\nA: b\n" PART("a")), "does not end in CR LF"},
        {TEXT("--XX\r\nA: b\rc\r\n" PART("a")), "does not end in CR LF"},
        {TEXT("--XX\r\n\n"), "does not end in CR LF"},
        {TEXT("--XX\r\nContent-Transfer-Encoding: base64\r\n" PART("a")), "part 1 has a Content-Transfer-Encoding"},
        {TEXT("--XX\r\nContent-Transfer-Encoding: quoted-printable\r\n" PART("a")), "Content-Transfer-Encoding"},
        {TEXT("--XX\r\nContent-Transfer-Encoding:\r\n" PART("a")), "Content-Transfer-Encoding"},
        {TEXT("--XX\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n"
              "a:\r\n"),
         "more than 16 headers"},
        {TEXT("--XX\r\n" PART("a") "\r\n--XX\r\n" PART("a") "\r\n--XX\r\n" PART("a") "\r\n--XX\r\n" PART(
             "a") "\r\n--XX\r\n"),
         "more than 4 parts"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        for (size_t piece = 1; piece <= bad[i].n + 1; piece++) {
            int r = parse_type(TYPE, bad[i].body, bad[i].n, piece);

            if (!bad[i].part) {
                assert_int_equal(r, 0);
                continue;
            }
            assert_int_equal(r, -EINVAL);
            if (!strstr(error.message, bad[i].part))
                fail_msg("body %zu: \"%s\" does not say \"%s\"", i, error.message, bad[i].part);
        }
    }
}

static void test_long_lines(void **state)
{
    static const size_t lengths[] = {MULTIPART_LINE_MAX - 2, MULTIPART_LINE_MAX - 1, 100000};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        struct buffer body;

        buffer_init(&body, 1 << 20);
        buffer_append_text(&body, "--XX\r\nA:");
        for (size_t n = 2; n < lengths[i]; n++)
            buffer_append(&body, "x", 1);
        buffer_append_text(&body, "\r\n" PART("a") "1\r\n--XX--");
        assert_int_equal(parse_type(TYPE, body.bytes, body.size, 1000), i == 0 ? 0 : -EINVAL);
        if (i)
            assert_non_null(strstr(error.message, "longer than 1022 bytes"));
        buffer_deinit(&body);
    }
}

static void test_names(void **state)
{
    char name[MULTIPART_NAME_MAX + 2], body[400];

    (void)state;
    for (size_t n = MULTIPART_NAME_MAX; n <= MULTIPART_NAME_MAX + 1; n++) {
        memset(name, 'n', n);
        name[n] = '\0';
        snprintf(body, sizeof(body), "--XX\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n\r\n--XX--", name);
        assert_int_equal(parse_type(TYPE, body, strlen(body), 7), n == MULTIPART_NAME_MAX ? 0 : -EINVAL);
    }
}

static void test_content_type(void **state)
{
    static const struct {
        const char *type;
        int result;
    } types[] = {
        {"multipart/form-data; boundary=XX", 0},
        {"Multipart/Form-Data;charset=utf-8;Boundary=\"XX\"", 0},
        {"multipart/form-data ; boundary=XX ;", 0},
        {"multipart/form-data; boundary=\"a b'()+_,-./:=?z\"", 0},
        {"multipart/form-data; boundary=1234567890123456789012345678901234567890123456789012345678901234567890", 0},
        {"multipart/form-data; boundary=12345678901234567890123456789012345678901234567890123456789012345678901",
         -EINVAL},
        {"multipart/form-data", -EINVAL},
        {"multipart/form-data;", -EINVAL},
        {"multipart/form-data; boundary=", -EINVAL},
        {"multipart/form-data; boundary=\"\"", -EINVAL},
        {"multipart/form-data; boundary=\"XX", -EINVAL},
        {"multipart/form-data; boundary=\"XX \"", -EINVAL},
        {"multipart/form-data; boundary=X;boundary=Y", -EINVAL},
        {"multipart/form-data; boundary=X*Y", -EINVAL},
        {"multipart/form-data; boundary=\"X\tY\"", -EINVAL},
        {"multipart/form-data, boundary=X", -EMEDIUMTYPE},
        {"multipart/form-datax; boundary=X", -EMEDIUMTYPE},
        {"multipart/mixed; boundary=X", -EMEDIUMTYPE},
        {"application/json", -EMEDIUMTYPE},
        {"", -EMEDIUMTYPE},
        {NULL, -EMEDIUMTYPE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        struct multipart multipart;

        error = ERROR_NONE;
        if (multipart_init(&multipart, types[i].type, 4, &sink, NULL, &error) != types[i].result)
            fail_msg("%s: %s", types[i].type, error.message);
        assert_int_equal(error.code, types[i].result);
    }
}

/* Whatever the sink returns ends the parsing. */
static void test_refusing_sink(void **state)
{
    static const char body[] = "--XX\r\n" PART("a") "1\r\n--XX\r\n" PART("b") "2\r\n--XX--";

    (void)state;
    for (int i = 1; i <= 6; i++) {
        refuse_at = i;
        assert_int_equal(parse_type(TYPE, body, sizeof(body) - 1, 1), -EFBIG);
    }
}

/* A boundary that begins like what stands before it. */
static void test_repetitive_boundary(void **state)
{
    static const char body[] = "----aa\r\n" PART("a") "\r\n----a\r\n----a\r\n---\r\n----aa--";

    (void)state;
    for (size_t piece = 1; piece < sizeof(body); piece++) {
        assert_int_equal(parse_type("multipart/form-data; boundary=--aa", body, sizeof(body) - 1, piece), 0);
        assert_string_equal(parts.bytes, "[a|\r\n----a\r\n----a\r\n---]");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_piece_size),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_content_type),
        cmocka_unit_test(test_refusing_sink),
        cmocka_unit_test(test_repetitive_boundary),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
