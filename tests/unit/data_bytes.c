/* Tests of comparing and coding short byte strings. */
#include "engine_testing.h"

static void numbers_come_back(void **state) {
    (void)state;
    for (unsigned round = 0; round < 100000; round++) {
        char bytes[MR_VARINT_MAX + 1];
        uint64_t value = round == 0 ? UINT64_MAX : next_random() >> below(64), back;
        char *end = mr_put_varint(bytes, value);
        const char *from = bytes;
        assert_true(end - bytes <= MR_VARINT_MAX);
        assert_true(mr_get_varint(&from, end, &back));
        assert_ptr_equal(from, end);
        assert_int_equal(back, value);
        from = bytes;
        assert_false(mr_get_varint(&from, end - 1, &back)); /* it was cut off */
    }
}

static void endless_numbers_are_refused(void **state) {
    (void)state;
    char bytes[32];
    const char *from = bytes;
    uint64_t value;
    memset(bytes, 0xff, sizeof bytes);
    assert_false(mr_get_varint(&from, bytes + sizeof bytes, &value));
}

static int sign(int value) {
    return (value > 0) - (value < 0);
}

static void strings_compare_like_memcmp(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(200000); round++) {
        char a[40], b[40];
        size_t length = below(sizeof a + 1), other = below(4) ? length : below(sizeof b + 1);
        for (size_t i = 0; i < sizeof a; i++)
            a[i] = b[i] = (char)next_random();
        if (length && below(2)) b[below(length)] ^= (char)(1 << below(8));
        size_t common = length < other ? length : other;
        int expected = common ? memcmp(a, b, common) : 0;
        if (!expected) expected = (length > other) - (length < other);
        assert_int_equal(sign(mr_compare_bytes(mr_bytes(a, length), mr_bytes(b, other))), sign(expected));
        if (length == other) assert_int_equal(mr_same_bytes(a, b, length), expected == 0);
        /* Prefixes order like the strings, as far as they go. */
        uint64_t left = mr_prefix_at(a, length, 0), right = mr_prefix_at(b, other, 0);
        if (left != right) assert_int_equal(left < right ? -1 : 1, sign(expected));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(numbers_come_back),
        RANDOM_TEST(endless_numbers_are_refused),
        RANDOM_TEST(strings_compare_like_memcmp),
    };
    start_seed();
    return run_all_tests(tests);
}
