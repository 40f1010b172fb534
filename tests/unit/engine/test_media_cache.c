/* What was put in is found, until more recent ones need its place. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/base/digest.h"
#include "core/engine/media_cache.h"

#define N_FLOATS 3

static struct digest named(uint8_t number)
{
    struct digest digest = {{0}};

    digest.bytes[0] = number;
    return digest;
}

static void put(struct media_cache *cache, uint8_t number)
{
    struct digest digest = named(number);

    media_cache_put(cache, &digest, (float[N_FLOATS]){number, number + 1, number + 2});
}

static void assert_there(struct media_cache *cache, uint8_t number, bool there)
{
    struct digest digest = named(number);
    const float *found = media_cache_find(cache, &digest);

    assert_int_equal(found != NULL, there);
    for (int i = 0; there && i < N_FLOATS; i++)
        assert_true(found[i] == (float)(number + i));
}

static void least_recently_used_goes(void **state)
{
    struct media_cache *cache = media_cache_new(N_FLOATS, 3 * N_FLOATS * sizeof(float) + 5);

    (void)state;
    assert_there(cache, 0, false); /* nothing looks like an empty entry */
    put(cache, 1);
    put(cache, 2);
    put(cache, 3);
    put(cache, 2); /* is there already */
    assert_int_equal(media_cache_size(cache), 3 * N_FLOATS * sizeof(float));
    assert_there(cache, 1, true);
    put(cache, 4); /* in the place of 3 */
    assert_int_equal(media_cache_size(cache), 3 * N_FLOATS * sizeof(float));
    assert_there(cache, 3, false);
    assert_there(cache, 1, true);
    assert_there(cache, 2, true);
    assert_there(cache, 4, true);
    media_cache_free(cache);
}

static void none_may_fit(void **state)
{
    struct media_cache *cache = media_cache_new(N_FLOATS, N_FLOATS * sizeof(float) - 1);

    (void)state;
    assert_non_null(cache);
    put(cache, 1);
    assert_there(cache, 1, false);
    assert_null(media_cache_free(cache));
    assert_null(media_cache_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_recently_used_goes),
        cmocka_unit_test(none_may_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
