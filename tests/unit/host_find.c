/* Tests of finding strings, and of what is known about patterns. */
#include "engine_testing.h"

#include "host/find.h"
#include "host/pattern.h"

enum { TEXT = 700, STRINGS = 5 };

static char lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

/* The reference: one place after the other, one byte after the other. */
static const char *find_slowly(const mr_slice *strings, size_t count, bool ignore_case, const char *text,
                               size_t length) {
    for (size_t at = 0; at <= length; at++)
        for (size_t i = 0; i < count; i++) {
            size_t same = 0;
            while (same < strings[i].length && at + same < length &&
                   (ignore_case ? lower(text[at + same]) == lower(strings[i].data[same])
                                : text[at + same] == strings[i].data[same]))
                same++;
            if (same == strings[i].length) return text + at;
        }
    return NULL;
}

static void fill(char *bytes, size_t length, const char *alphabet) {
    for (size_t i = 0; i < length; i++)
        bytes[i] = alphabet[below(strlen(alphabet))];
}

/* Looks for random strings in a random text of few letters, in memory that is just as long: nothing else may be read.
 */
static void find_in_random_text(void) {
    static const char *const alphabets[] = {"ab", "aAbB", "abcdefgh xyz", "\x01\xff\x80@`[{"};
    const char *alphabet = alphabets[below(4)];
    mr_slice strings[STRINGS];
    char bytes[STRINGS][100];
    size_t count = 1 + below(STRINGS), length = below(TEXT), longest = below(8) ? 9 : 100;
    bool ignore_case = below(2);
    for (size_t i = 0; i < count; i++) {
        strings[i] = mr_bytes(bytes[i], 1 + below(longest));
        fill(bytes[i], strings[i].length, alphabet);
    }
    char *text = malloc(length + (length == 0));
    mr_needles *needles = mr_needles_new(strings, count, ignore_case ? MR_IGNORE_CASE : 0, NULL);
    assert_true(text && needles);
    fill(text, length, alphabet);
    /* Half of the texts hold one of the strings for certain, so that long ones are found as well. */
    if (strings[0].length <= length && below(2))
        memcpy(text + below(length - strings[0].length + 1), bytes[0], strings[0].length);
    assert_ptr_equal(mr_needles_find(needles, text, length), find_slowly(strings, count, ignore_case, text, length));
    mr_needles_close(needles);
    free(text);
}

static void finds_as_the_reference(void **state) {
    (void)state;
    for (int processor = 0; processor < MR_PROCESSORS; processor++) {
        if (!mr_processor_has(processor)) continue;
        mr_find_use(processor);
        for (unsigned i = rounds(20000); i; i--)
            find_in_random_text();
    }
}

static void empty_strings(void **state) {
    (void)state;
    mr_slice strings[] = {mr_text("dog"), mr_text("")};
    char text[] = "cat";
    mr_needles *needles = mr_needles_new(strings, 2, 0, NULL);
    assert_non_null(needles);
    assert_ptr_equal(mr_needles_find(needles, text, 3), text);
    assert_ptr_equal(mr_needles_find(needles, text, 0), text);
    mr_needles_close(needles);
}

static void closing_all(void **state) {
    (void)state;
    mr_slice string = mr_text("x");
    mr_needles *first = mr_needles_new(&string, 1, 0, NULL);
    mr_needles *second = mr_needles_new(&string, 1, 0, first);
    assert_non_null(first);
    assert_non_null(second);
    mr_needles_close(second);
    mr_needles_close(NULL);
}

/* expected: the texts with | between them; NULL: none are known. */
static void check_literals(const char *pattern, const char *expected) {
    char joined[MR_LITERALS_MAX * (MR_LITERAL_LENGTH + 1) + 1] = "";
    mr_literals literals;
    bool known = mr_pattern_literals(pattern, &literals);
    for (size_t i = 0; known && i < literals.count; i++) {
        if (i) strcat(joined, "|");
        strncat(joined, literals.list[i].bytes, literals.list[i].length);
    }
    if (known != (expected != NULL) || (known && strcmp(joined, expected)))
        fail_msg("'%s': '%s' instead of '%s'", pattern, known ? joined : "(none)", expected ? expected : "(none)");
}

static void texts_in_every_match(void **state) {
    (void)state;
    check_literals("harbour", "harbour");
    check_literals("[a-z]+lock [a-z]", "lock ");
    check_literals("fog|lighthouse|tide", "fog|lighthouse|tide");
    check_literals("a (fog|lighthouse)+ x", "fog|lighthouse");
    check_literals("(fog|lighthouse)* boats", " boats");
    check_literals("(fog|lighthouse){0,3} boats", " boats");
    check_literals("boats?", "boat");
    check_literals("boats+!", "boats");
    check_literals("bo{2,}ats", "ats");
    check_literals("bo{0}ats", "ats");
    check_literals("zebra.*quay", "zebra");
    check_literals("^\\bfoghorn\\.$", "foghorn.");
    check_literals("quay(?=zebra)", "quay");
    check_literals("quay(?!zebra)", "quay");
    check_literals("(?:quay(jazz|(zigzag|puzzle)))x", "jazz|zigzag|puzzle");
    check_literals("abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz012345");
    check_literals("(zebra){2}{0}quay", "quay");
    check_literals("[^]", NULL);
    check_literals("e", NULL);
    check_literals("[a-z]{14,}", NULL);
    check_literals("fog|", NULL);
    check_literals("fog|[a-z]", NULL);
    check_literals("", NULL);
    check_literals("(?i)harbour", NULL);
    check_literals("(*UTF)harbour", NULL);
    check_literals("(harbour", NULL);
    check_literals("harbour)", NULL);
    check_literals("harbour\\1", NULL);
    check_literals("\\Qharbour\\E", NULL);
    check_literals("harbour\nx", NULL);
    check_literals("harbour\\", NULL);
    check_literals("[harbour", NULL);
}

static void check_for_lines(const char *pattern, const char *expected) {
    char translated[400];
    assert_true(mr_pattern_room(strlen(pattern)) <= sizeof translated);
    size_t length = mr_pattern_for_lines(pattern, translated);
    translated[length] = 0;
    assert_string_equal(translated, expected ? expected : "");
}

static void patterns_for_many_lines(void **state) {
    (void)state;
    check_for_lines("a[b-d]{2,}?.(?:x|y)$", "a[b-d]{2,}?.(?:x|y)$");
    check_for_lines("\\A\\s\\W\\D\\S\\z", "^[^\\S\\n][^\\w\\n][^\\d\\n]\\S$");
    check_for_lines("[^a]\\Z", "[^\\na]$");
    check_for_lines("[^-a]", "(?:(?!\\n)[^-a])");
    check_for_lines("[\\sa]+", "(?:(?!\\n)[\\sa])+");
    check_for_lines("[[:space:]]", "(?:(?!\\n)[[:space:]])");
    check_for_lines("[\t-z]", "(?:(?!\\n)[\t-z])");
    check_for_lines("(?<!a)b(?=c)", "(?<!a)b(?=c)");
    check_for_lines("[[a]", "[[a]");
    check_for_lines("[[.a.]]", NULL);
    check_for_lines("[]a]", NULL);
    check_for_lines("\\x0a", NULL);
    check_for_lines("\\n", NULL);
    check_for_lines("a\nb", NULL);
    check_for_lines("(?s).", NULL);
    check_for_lines("(a)\\1", NULL);
    check_for_lines("\\R", NULL);
    check_for_lines("a{,3}", NULL);
    check_for_lines("a\\Kb", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(finds_as_the_reference),
        cmocka_unit_test(empty_strings),
        cmocka_unit_test(closing_all),
        cmocka_unit_test(texts_in_every_match),
        cmocka_unit_test(patterns_for_many_lines),
    };
    start_seed();
    return run_all_tests(tests);
}
