#include "tests/unit/media/media_test.h"

#include "core/media/exif.h"
#include "core/media/orientation.h"

/* A directory with some other entry before the orientation. */
static struct buffer build(bool big_endian, uint16_t type, uint32_t count, uint16_t orientation)
{
    struct buffer file = new_buffer();
    uint16_t entries[2][6] = {{0x100, 4, 1, 0, 640, 0}, {0x112, type, (uint16_t)count, 0, orientation, 0}};

#define U16(value) PUT(&file, uint16_t, big_endian ? __builtin_bswap16(value) : (value))
    put(&file, big_endian ? "MM" : "II", 2);
    U16(42);
    U16(big_endian ? 0 : 8); /* the directory's place as two halves */
    U16(big_endian ? 8 : 0);
    U16(2);
    for (int i = 0; i < 2; i++) {
        U16(entries[i][0]);
        U16(entries[i][1]);
        U16(big_endian ? 0 : entries[i][2]);
        U16(big_endian ? entries[i][2] : 0);
        /* A 16-bit value stands at the front of its field, a 32-bit one fills it. */
        U16(big_endian && entries[i][1] == 4 ? 0 : entries[i][4]);
        U16(big_endian && entries[i][1] == 4 ? entries[i][4] : 0);
    }
#undef U16
    return file;
}

static void orientations_are_found(void **state)
{
    (void)state;
    for (uint16_t orientation = 1; orientation <= 8; orientation++) {
        for (int big_endian = 0; big_endian < 2; big_endian++) {
            struct buffer file = build(big_endian, 3, 1, orientation);
            struct buffer prefixed = new_buffer();
            uint32_t width, height;

            assert_int_equal(exif_orientation(file.bytes, file.size), orientation);
            exif_size(file.bytes, file.size, &width, &height);
            assert_int_equal(width, 640);
            assert_int_equal(height, 0);
            put(&prefixed, "Exif\0", 6);
            put(&prefixed, file.bytes, file.size);
            assert_int_equal(exif_orientation(prefixed.bytes, prefixed.size), orientation);
            buffer_deinit(&prefixed);
            buffer_deinit(&file);
        }
    }
}

/* Whatever is wrong, the picture is shown as it is. */
static void damage_means_upright(void **state)
{
    struct buffer file = build(false, 3, 1, 9);

    (void)state;
    assert_int_equal(exif_orientation(file.bytes, file.size), 1);
    buffer_deinit(&file);
    file = build(false, 2, 1, 6);
    assert_int_equal(exif_orientation(file.bytes, file.size), 1);
    buffer_deinit(&file);
    file = build(false, 3, 2, 6);
    assert_int_equal(exif_orientation(file.bytes, file.size), 1);
    buffer_deinit(&file);
    file = build(true, 3, 1, 6);
    for (size_t n = 0; n < file.size; n++) {
        uint8_t *cut = malloc(n + 1);
        int orientation;

        assert_non_null(cut);
        memcpy(cut, file.bytes, n);
        orientation = exif_orientation(cut, n);
        assert_true(orientation == 1 || (orientation == 6 && n >= file.size - 2));
        free(cut);
    }
    buffer_deinit(&file);
    assert_int_equal(exif_orientation("II*\0\xff\xff\xff\xff", 8), 1);
    assert_int_equal(exif_orientation("II*\0\x08\0\0\0\xff\xff", 10), 1);
}

/* Stored picture:   a b c    The eight ways it may have to be shown, row by row, from the definition in the standard.
 */
/*                   d e f                                                                                            */
static void pixels_are_turned(void **state)
{
    static const char *const shown[] = {"abcdef", "cbafed", "fedcba", "defabc", "adbecf", "daebfc", "fcebda", "cfbead"};

    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++) {
        struct raw_media media = {.kind = MEDIA_MAP, .element = MEDIA_U16, .n_dims = 3, .shape = {2, 3, 1}};
        char bytes[7] = {0};

        orientation_apply(orientation, 3, 2, 1, "abcdef", bytes);
        assert_string_equal(bytes, shown[orientation - 1]);
        media.n_bytes = 12;
        media.data = malloc(media.n_bytes);
        assert_non_null(media.data);
        memcpy(media.data, "aAbBcCdDeEfF", 12);
        assert_int_equal(raw_media_orient(&media, orientation, NULL), 0);
        for (int i = 0; i < 6; i++)
            assert_int_equal(((char *)media.data)[2 * i], shown[orientation - 1][i]);
        assert_int_equal(media.shape[0], orientation_exchanges_sides(orientation) ? 3 : 2);
        assert_int_equal(media.height, media.shape[0]);
        assert_int_equal(media.width, media.shape[1]);
        raw_media_deinit(&media);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orientations_are_found),
        cmocka_unit_test(damage_means_upright),
        cmocka_unit_test(pixels_are_turned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
