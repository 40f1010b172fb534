/* SHA-256 of the examples of FIPS 180-2, whole and in pieces. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/digest.h"

static void examples(void **state)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t split = 0; split <= strlen(cases[i].text); split++) {
            struct digest_state sums;
            struct digest digest;
            char hex[65];

            digest_begin(&sums);
            digest_add(&sums, cases[i].text, split);
            digest_add(&sums, cases[i].text + split, strlen(cases[i].text) - split);
            digest = digest_end(&sums);
            for (size_t k = 0; k < sizeof(digest.bytes); k++)
                snprintf(hex + 2 * k, 3, "%02x", digest.bytes[k]);
            assert_string_equal(hex, cases[i].hex);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
