/* Tests of escaping: what is written can be read back, and is what the manual says. */
#include "engine_testing.h"

#include "data/escape.h"

enum { LONGEST = 300, SPARE = 8, GUARD = 16 };

/* Undoes escaping in the most simple way; returns the length. */
static size_t unescape(char *to, const char *from, size_t length) {
    size_t written = 0;
    for (size_t i = 0; i < length; i++) {
        char byte = from[i];
        assert_true(byte != '\t' && byte != '\n' && byte != '\r');
        if (byte == '\\') {
            assert_true(++i < length);
            const char *letters = "\\\\t\tn\nr\r", *letter = letters;
            while (*letter && *letter != from[i])
                letter += 2;
            assert_true(*letter != 0);
            byte = letter[1];
        }
        to[written++] = byte;
    }
    return written;
}

static void check(const char *bytes, size_t length) {
    char escaped[2 * LONGEST + SPARE + GUARD], back[2 * LONGEST];
    size_t room = mr_escaped_max(length) + SPARE;
    memset(escaped, 0x5a, sizeof escaped);
    char *end = mr_escape(escaped, mr_bytes(bytes, length));
    assert_true(end >= escaped && (size_t)(end - escaped) <= mr_escaped_max(length));
    for (size_t i = room; i < sizeof escaped; i++)
        assert_int_equal(escaped[i], 0x5a);
    assert_slice(mr_bytes(back, unescape(back, escaped, (size_t)(end - escaped))), bytes, length);
}

static void examples_are_escaped(void **state) {
    (void)state;
    char escaped[64];
    char *end = mr_escape(escaped, mr_text("a\\b\tc\nd\re and eight more"));
    assert_slice(mr_bytes(escaped, (size_t)(end - escaped)), "a\\\\b\\tc\\nd\\re and eight more", 28);
    end = mr_escape(escaped, mr_bytes("", 0));
    assert_ptr_equal(end, escaped);
    end = mr_escape(escaped, mr_bytes(NULL, 0));
    assert_ptr_equal(end, escaped);
}

static void columns_keep_their_tabs(void **state) {
    (void)state;
    char escaped[64];
    char *end = mr_escape_columns(escaped, mr_text("\t12\tback\\slash\n\t"));
    assert_slice(mr_bytes(escaped, (size_t)(end - escaped)), "\t12\tback\\\\slash\\n\t", 18);
    end = mr_escape_columns(escaped, mr_bytes(NULL, 0));
    assert_ptr_equal(end, escaped);
}

static void breaks_alone_are_escaped(void **state) {
    (void)state;
    char escaped[64];
    char *end = mr_escape_breaks(escaped, mr_text("one\t\\ttwo\nand\r\\\\ more\n"));
    assert_slice(mr_bytes(escaped, (size_t)(end - escaped)), "one\t\\ttwo\\nand\\r\\\\ more\\n", 25);
    end = mr_escape_breaks(escaped, mr_bytes(NULL, 0));
    assert_ptr_equal(end, escaped);
}

static void every_byte_in_every_place(void **state) {
    (void)state;
    for (int byte = 0; byte < 256; byte++)
        for (size_t length = 1; length <= 17; length++)
            for (size_t place = 0; place < length; place++) {
                char bytes[17];
                memset(bytes, 'x', sizeof bytes);
                bytes[place] = (char)byte;
                check(bytes, length);
            }
}

static void random_bytes_come_back(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(50000); round++) {
        static const char special[] = "\\\t\n\r\x0b\x0c\x08\x5b\x5d\x80\x8a\x89\x8d\xdc";
        char bytes[LONGEST];
        size_t length = below(LONGEST + 1);
        unsigned share = 1 + (unsigned)below(20); /* of bytes that are special */
        for (size_t i = 0; i < length; i++)
            bytes[i] = (char)(below(share) ? next_random() : (uint64_t)special[below(sizeof special)]);
        check(bytes, length);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(examples_are_escaped),     RANDOM_TEST(columns_keep_their_tabs),
        RANDOM_TEST(breaks_alone_are_escaped), RANDOM_TEST(every_byte_in_every_place),
        RANDOM_TEST(random_bytes_come_back),
    };
    start_seed();
    return run_all_tests(tests);
}
