#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/answer/base64.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/error.h"

static void decodes_the_vectors_of_rfc_4648(void **state)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"Zg==", "f"},
                                           {"Zm8=", "fo"},
                                           {"Zm9v", "foo"},
                                           {"Zm9vYg==", "foob"},
                                           {"Zm9vYmE=", "fooba"},
                                           {"Zm9vYmFy", "foobar"},
                                           {"/+8=", "\xff\xef"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct buffer found;

        buffer_init(&found, 100);
        assert_int_equal(base64_decode(pairs[i][0], strlen(pairs[i][0]), &found, NULL), 0);
        assert_int_equal(found.size, strlen(pairs[i][1]));
        assert_memory_equal(found.bytes ? found.bytes : "", pairs[i][1], found.size);
        buffer_deinit(&found);
    }
}

/* In one line, whatever the library thinks of lines. */
static void encodes_what_it_decodes(void **state)
{
    uint8_t bytes[200];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 37);
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        struct buffer text, found;

        buffer_init(&text, 1000);
        buffer_init(&found, 1000);
        assert_int_equal(base64_encode(bytes, n, &text), 0);
        assert_int_equal(text.size, (n + 2) / 3 * 4);
        assert_int_equal(base64_decode(text.bytes, text.size, &found, NULL), 0);
        assert_int_equal(found.size, n);
        assert_memory_equal(found.bytes ? found.bytes : "", bytes, n);
        buffer_deinit(&text);
        buffer_deinit(&found);
    }
}

static void refuses_everything_else(void **state)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"Zm9", "no multiple of 4"},      {"Zm9v\n", "character 5 of 5"},   {"Zm 9v", "character 3 of 5"},
        {"Zm9-", "character 4"},          {"Zm9_", "character 4"},          {"Z===", "character 2 of 4"},
        {"====", "character 1 of 4"},     {"Zg==Zg==", "character 3"},      {"Zm9v=", "no multiple of 4"},
        {"Zh==", "bits behind the last"}, {"Zm9=", "bits behind the last"}, {"Z\xc3\xa9v", "character 2"},
        {"=", "no multiple of 4"},        {"A", "no multiple of 4"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct error error = ERROR_NONE;
        struct buffer found;

        buffer_init(&found, 100);
        assert_int_equal(base64_decode(wrong[i].text, strlen(wrong[i].text), &found, &error), -EINVAL);
        if (!strstr(error.message, wrong[i].message))
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", wrong[i].text, error.message, wrong[i].message);
        assert_int_equal(found.size, 0);
        buffer_deinit(&found);
    }
}

/* More than what is decoded at once, of every length modulo 3, against a plain encoder. */
static void decodes_long_texts(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    (void)state;
    for (size_t n = 199998; n < 200001; n++) {
        uint8_t *bytes = calloc(n + 3, 1);
        char *text = malloc((n + 2) / 3 * 4);
        size_t n_text = 0;
        struct buffer found;

        assert_true(bytes && text);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)(i * 2654435761u >> 13);
        for (size_t i = 0; i < n; i += 3) {
            uint32_t bits = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];

            for (size_t k = 0; k < 4; k++)
                text[n_text++] = i + k > n ? '=' : alphabet[bits >> (18 - 6 * k) & 63];
        }
        buffer_init(&found, n);
        assert_int_equal(base64_decode(text, n_text, &found, NULL), 0);
        assert_int_equal(found.size, n);
        assert_memory_equal(found.bytes, bytes, n);
        buffer_deinit(&found);

        buffer_init(&found, n - 1);
        assert_int_equal(base64_decode(text, n_text, &found, NULL), -EFBIG);
        buffer_deinit(&found);
        free(bytes);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_the_vectors_of_rfc_4648),
        cmocka_unit_test(encodes_what_it_decodes),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(decodes_long_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
