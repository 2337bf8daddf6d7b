/* Tests of reading decimal numbers (mr_decimal_of): the quick way for text at hand and the long way against a reference
 * that leaves the arithmetic to strtoll. */
#include "engine_testing.h"

#include <inttypes.h>

enum { LONGEST = 48, MOST_DECIMALS = 20 };

/* What is to come of a text: whether it is a number, and which. */
typedef struct reading {
    int ok;         /* 1 or 0 */
    int64_t number; /* when ok */
} reading;

/* Checks the form, leaves out the point, appends the missing zeros. */
static reading reference(const char *text, size_t length, unsigned decimals) {
    char plain[LONGEST + MOST_DECIMALS + 1];
    size_t used = 0, digits = 0, behind = 0;
    bool point = false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] >= '0' && text[i] <= '9') {
            plain[used++] = text[i];
            digits++;
            behind += point;
        } else if (text[i] == '.' && !point) {
            point = true;
        } else if ((text[i] == '-' || text[i] == '+') && i == 0) {
            plain[used++] = text[i];
        } else {
            return (reading){0};
        }
    }
    if (!digits || behind > decimals) return (reading){0};
    for (; behind < decimals; behind++)
        plain[used++] = '0';
    plain[used] = 0;
    errno = 0;
    int64_t number = strtoll(plain, NULL, 10);
    return (reading){errno == 0, number};
}

static void expect(reading expected, int ok, int64_t number, const char *how, mr_slice text, unsigned decimals) {
    if (ok == expected.ok && (!ok || number == expected.number)) return;
    fail_msg("%s: '%.*s' with %u decimals gives %d, %" PRId64 " instead of %d, %" PRId64, how, (int)text.length,
             text.data, decimals, ok, ok ? number : 0, expected.ok, expected.number);
}

/* Reads a copy of the text with other bytes around it, as text at hand and as text from elsewhere. */
static void check(const char *text, size_t length, unsigned decimals) {
    char memory[8 + LONGEST + MR_TEXT_SLACK];
    size_t place = below(8);
    for (size_t i = 0; i < sizeof memory; i++)
        memory[i] = "0123456789.-+ \n\xff"[below(16)];
    if (length) memcpy(memory + place, text, length);
    mr_slice copy = mr_bytes(memory + place, length);
    mr_ctx at_hand = {.text = memory, .text_length = place + length}, elsewhere = {.text = NULL};
    reading expected = reference(text, length, decimals);
    int64_t number = 0;
    int ok = mr_decimal_of(&at_hand, copy, decimals, &number);
    expect(expected, ok, number, "text at hand", copy, decimals);
    ok = mr_decimal_of(&elsewhere, copy, decimals, &number);
    expect(expected, ok, number, "text from elsewhere", copy, decimals);
    ok = mr_long_decimal_of(copy, decimals, &number);
    expect(expected, ok, number, "the long way", copy, decimals);
}

static void check_all_decimals(const char *text) {
    for (unsigned decimals = 0; decimals <= MOST_DECIMALS; decimals++)
        check(text, strlen(text), decimals);
}

static void known_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        unsigned decimals;
        int ok;
        int64_t number;
    } known[] = {
        {"0", 0, 1, 0},
        {"-12.3", 1, 1, -123},
        {"12", 1, 1, 120},
        {"5.", 2, 1, 500},
        {".5", 1, 1, 5},
        {"-.5", 2, 1, -50},
        {"+5", 0, 1, 5},
        {"-0", 0, 1, 0},
        {"00000000000000000000000012", 0, 1, 12},
        {"12345678", 0, 1, 12345678},
        {"-1234567", 9, 1, -1234567000000000},
        {"9223372036854775807", 0, 1, INT64_MAX},
        {"-9223372036854775808", 0, 1, INT64_MIN},
        {"-9.223372036854775808", 18, 1, INT64_MIN},
        {"9223372036854775808", 0, 0, 0},
        {"-9223372036854775809", 0, 0, 0},
        {"922337203685477581", 1, 0, 0},
        {"10", 18, 0, 0},
        {"0", 20, 1, 0},
        {"", 0, 0, 0},
        {"-", 0, 0, 0},
        {"+", 0, 0, 0},
        {".", 1, 0, 0},
        {"-.", 1, 0, 0},
        {"1.2.3", 2, 0, 0},
        {"--1", 0, 0, 0},
        {"1-", 0, 0, 0},
        {"1.23", 1, 0, 0},
        {"1.20", 1, 0, 0},
        {" 1", 0, 0, 0},
        {"1\n", 0, 0, 0},
        {"1e3", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        reading result = reference(known[i].text, strlen(known[i].text), known[i].decimals);
        expect((reading){known[i].ok, known[i].number}, result.ok, result.number, "the reference",
               mr_text(known[i].text), known[i].decimals);
        check_all_decimals(known[i].text);
    }
}

/* All texts of up to four bytes that matter. */
static void short_texts(void **state) {
    (void)state;
    static const char bytes[] = "0179.-+/:";
    const size_t kinds = sizeof bytes - 1;
    for (size_t length = 0, all = 1; length <= 4; length++, all *= kinds)
        for (size_t which = 0; which < all; which++) {
            char text[4];
            size_t rest = which;
            for (size_t i = 0; i < length; i++, rest /= kinds)
                text[i] = bytes[rest % kinds];
            for (unsigned decimals = 0; decimals <= 10; decimals += decimals < 3 ? 1 : 6)
                check(text, length, decimals);
        }
}

/* Mostly digits, with up to two points, signs at the front, and now and then any byte at all. */
static void random_numbers(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(2000000); round++) {
        char text[LONGEST];
        size_t length = below(4) ? below(10) : below(LONGEST - 8);
        for (size_t i = 0; i < length; i++)
            text[i] = (char)('0' + below(10));
        for (size_t i = below(3); i > 0 && length; i--)
            text[below(length)] = '.';
        if (length && !below(2)) text[0] = "-+"[!below(4)];
        if (length && !below(8)) text[below(length)] = (char)next_random();
        check(text, length, (unsigned)below(MOST_DECIMALS + 1));
    }
}

/* Numbers next to the limits of int64, with the point in every place. */
static void limits(void **state) {
    (void)state;
    for (uint64_t number = (uint64_t)INT64_MAX - 12; number <= (uint64_t)INT64_MAX + 12; number++)
        for (int negative = 0; negative < 2; negative++) {
            char plain[32], text[40];
            int length = snprintf(plain, sizeof plain, "%s%" PRIu64, negative ? "-" : "", number);
            for (int point = negative; point <= length; point++) {
                snprintf(text, sizeof text, "%.*s.%s", point, plain, plain + point);
                check_all_decimals(text);
            }
            check_all_decimals(plain);
        }
}

#define DECIMAL_TEST(function) cmocka_unit_test_setup(function, restart_random)

int main(void) {
    const struct CMUnitTest tests[] = {
        DECIMAL_TEST(known_numbers),
        DECIMAL_TEST(short_texts),
        DECIMAL_TEST(random_numbers),
        DECIMAL_TEST(limits),
    };
    start_seed();
    return run_all_tests(tests);
}
