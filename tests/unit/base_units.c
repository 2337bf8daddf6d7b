/* Tests of sizes and numbers as people write them. */
#include "engine_testing.h"

#include "base/units.h"

static void sizes_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"0", 0},
                {"1", 1},
                {"4096", 4096},
                {"1K", 1024},
                {"1k", 1024},
                {"64M", 64ull << 20},
                {"64MB", 64ull << 20},
                {"64MiB", 64ull << 20},
                {"64mib", 64ull << 20},
                {"2G", 2ull << 30},
                {"3T", 3ull << 40},
                {"1.5G", 3ull << 29},
                {"0.5K", 512},
                {"7B", 7},
                {"9223372036854775807", INT64_MAX},
                {"8388607T", 8388607ull << 40}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint64_t bytes = 77;
        assert_true(mr_parse_size(good[i].text, &bytes));
        assert_int_equal(bytes, good[i].bytes);
    }
    static const char *const bad[] = {
        "",    "K",    "-1",  "+1",           " 1",       "1 ",        "1 K",  "1X",
        "1KK", "1Kb1", "1e3", "0x10",         "1..5",     "1.5.5",     "lots", "9223372036854775808",
        "nan", "inf",  "1iB", "99999999999G", "8388608T", "9999999.9T"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t bytes;
        if (mr_parse_size(bad[i], &bytes)) fail_msg("'%s' was taken for a size", bad[i]);
    }
}

static void counts_are_read(void **state) {
    (void)state;
    uint64_t count;
    assert_true(mr_parse_count("1", 1, 10, &count) && count == 1);
    assert_true(mr_parse_count("10", 1, 10, &count) && count == 10);
    assert_true(mr_parse_count("18446744073709551615", 0, UINT64_MAX, &count) && count == UINT64_MAX);
    static const char *const bad[] = {"0", "11", "", "-1", "+1", " 5", "5 ", "5x", "two", "18446744073709551616"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(mr_parse_count(bad[i], 1, 10, &count));
}

static void durations_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t milliseconds;
    } good[] = {{"0s", 0}, {"500ms", 500}, {"30s", 30000}, {"1.5s", 1500}, {"2m", 120000}, {"1h", 3600000}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint64_t milliseconds = 77;
        assert_true(mr_parse_duration(good[i].text, &milliseconds));
        assert_int_equal(milliseconds, good[i].milliseconds);
    }
    static const char *const bad[] = {
        "", "30", "s", "-1s", "+1s", " 1s", "1 s", "1S", "1e3s", "1..5s", "9999999999999999h"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t milliseconds;
        if (mr_parse_duration(bad[i], &milliseconds)) fail_msg("'%s' was taken for a time", bad[i]);
    }
}

static void sizes_are_written(void **state) {
    (void)state;
    char text[MR_SIZE_TEXT];
    assert_string_equal(mr_format_size(0, text), "0 B");
    assert_string_equal(mr_format_size(1023, text), "1023 B");
    assert_string_equal(mr_format_size(1536, text), "1.5 KiB");
    assert_string_equal(mr_format_size(256ull << 20, text), "256.0 MiB");
    assert_string_equal(mr_format_size(UINT64_MAX, text), "16.0 EiB");
}

static void decimals_are_written(void **state) {
    (void)state;
    static const int64_t edges[] = {0, 1, -1, 9, 10, -10, INT64_MAX, INT64_MIN};
    for (unsigned i = 0; i < 20000; i++) {
        int64_t value = i < 8 ? edges[i] : (int64_t)next_random() >> below(64);
        char text[MR_DECIMAL_TEXT], expected[32];
        size_t length = mr_format_decimal(value, text);
        assert_slice(mr_bytes(text, length), expected, (size_t)snprintf(expected, 32, "%lld", (long long)value));
        length = mr_format_unsigned((uint64_t)value, text);
        assert_slice(mr_bytes(text, length), expected,
                     (size_t)snprintf(expected, 32, "%llu", (unsigned long long)value));
    }
}

static void arithmetic_is_capped(void **state) {
    (void)state;
    assert_int_equal(mr_add_capped(1, 2), 3);
    assert_int_equal(mr_add_capped(UINT64_MAX, 1), UINT64_MAX);
    assert_int_equal(mr_multiply_capped(1ull << 32, 1ull << 31), 1ull << 63);
    assert_int_equal(mr_multiply_capped(1ull << 32, 1ull << 32), UINT64_MAX);
    assert_int_equal(mr_between(2, 1, 5), 2);
    assert_int_equal(mr_between(2, 9, 5), 5);
    assert_int_equal(mr_round_up(0, 64), 0);
    assert_int_equal(mr_round_up(1, 64), 64);
    assert_int_equal(mr_round_up(64, 64), 64);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(sizes_are_read),    RANDOM_TEST(counts_are_read),      RANDOM_TEST(durations_are_read),
        RANDOM_TEST(sizes_are_written), RANDOM_TEST(decimals_are_written), RANDOM_TEST(arithmetic_is_capped),
    };
    start_seed();
    return run_all_tests(tests);
}
