/* Tests of places in an order: they compare as what they are made of, forwards and backwards, and none begins another.
 */
#include "engine_testing.h"

#include "data/place.h"

enum { LONGEST = 60 };

/* A place, to the byte in memory of its own. */
typedef struct place {
    char bytes[2 * LONGEST + 16];
    size_t length;
} place;

static place place_of(const char *text, size_t length, bool number) {
    place made;
    mr_slice slice = mr_bytes(text, length);
    char *end = number ? mr_place_of_number(made.bytes, slice) : mr_place_of_bytes(made.bytes, slice);
    made.length = (size_t)(end - made.bytes);
    assert_true(made.length <= mr_place_max(length));
    return made;
}

static int sign(int order) {
    return (order > 0) - (order < 0);
}

/* Places order as expected, and the other way round when they are reversed. */
static void check(place a, place b, int expected) {
    mr_slice first = mr_bytes(a.bytes, a.length), second = mr_bytes(b.bytes, b.length);
    assert_int_equal(sign(mr_compare_bytes(first, second)), expected);
    mr_place_reverse(a.bytes, a.bytes + a.length);
    mr_place_reverse(b.bytes, b.bytes + b.length);
    assert_int_equal(sign(mr_compare_bytes(first, second)), -expected);
    size_t common = a.length < b.length ? a.length : b.length;
    if (expected) assert_true(memcmp(a.bytes, b.bytes, common) != 0);
}

static void check_numbers(const char *a, const char *b, int expected) {
    check(place_of(a, strlen(a), true), place_of(b, strlen(b), true), expected);
    check(place_of(b, strlen(b), true), place_of(a, strlen(a), true), -expected);
}

static void numbers_are_ordered_as_numbers(void **state) {
    (void)state;
    /* Each line orders before the next; what is in one is equal. */
    static const char *const lines[][6] = {
        {"", "x", "1 ", " 1", "1e", "0x10"},
        {"nan", "NaN", "-nan"},
        {"-inf", "-Infinity"},
        {"-1e1000000000000000000000000"},
        {"-123456789012345678901234567890", "-1.2345678901234567890123456789e29"},
        {"-123456789012345678901234567889.99"},
        {"-12.5", "-1.25e1", "-0012.500", "-125e-1"},
        {"-12"},
        {"-1e-300"},
        {"0", "-0", "+0.00", "0e9", ".0", "0."},
        {"1e-400"},
        {".5", "0.5", "5e-1", "+0.50", "00.5"},
        {"1", "1.", "01", "10e-1", "0.0001e4", "+1.0"},
        {"1.00000000000000000000000000001"},
        {"9"},
        {"10", "1e1", "1E+1", "+10.0"},
        {"9007199254740992"},
        {"9007199254740993"},
        {"1e1000"},
        {"inf", "+INF", "infinity"},
    };
    enum { LINES = sizeof lines / sizeof *lines };
    for (size_t i = 0; i < LINES * 6; i++)
        for (size_t j = 0; j < LINES * 6; j++) {
            const char *a = lines[i / 6][i % 6], *b = lines[j / 6][j % 6];
            if (a && b) check_numbers(a, b, (i / 6 > j / 6) - (i / 6 < j / 6));
        }
    check_numbers("1e", "e1", 0);
    check_numbers(".", "-", 0);
    check_numbers("1.2.3", "--1", 0);
    check_numbers("1e+", "1e5.0", 0);
}

/* Numbers of few digits, so that a double holds them. */
static size_t make_number(char *text, double *value) {
    int length =
        sprintf(text, "%s%.*f", below(2) ? "-" : "", (int)below(4), (double)below(1000) / (double)(1 + below(8)));
    if (below(2)) length += sprintf(text + length, "e%d", (int)below(9) - 4);
    *value = strtod(text, NULL);
    return (size_t)length;
}

static void random_numbers_are_ordered_as_doubles(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(200000); round++) {
        char a[LONGEST], b[LONGEST];
        double x, y;
        size_t a_length = make_number(a, &x), b_length = make_number(b, &y);
        check(place_of(a, a_length, true), place_of(b, b_length, true), (x > y) - (x < y));
    }
}

static void bytes_are_ordered_as_bytes(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(200000); round++) {
        char a[LONGEST], b[LONGEST];
        size_t a_length = skewed_below(LONGEST), b_length = skewed_below(LONGEST);
        for (size_t i = 0; i < LONGEST; i++) {
            a[i] = (char)((unsigned[]){0, 0, 1, 255, 'a'}[below(5)]);
            b[i] = below(8) ? a[i] : (char)below(256);
        }
        int expected = sign(mr_compare_bytes(mr_bytes(a, a_length), mr_bytes(b, b_length)));
        check(place_of(a, a_length, false), place_of(b, b_length, false), expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(numbers_are_ordered_as_numbers),
        RANDOM_TEST(random_numbers_are_ordered_as_doubles),
        RANDOM_TEST(bytes_are_ordered_as_bytes),
    };
    start_seed();
    return run_all_tests(tests);
}
