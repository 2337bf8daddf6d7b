/* Tests of taking text apart: against references that look at one byte or letter at a time. */
#include "engine_testing.h"

#include <utf8proc.h>

#include "host/context.h"

enum { LONGEST = 2 * MR_SCAN_FOUND + 100, GUARD = 64, WORDS = LONGEST + 2 };

/* Parts of a text, copied. */
typedef struct parts {
    char bytes[3 * LONGEST];
    size_t used;
    size_t starts[WORDS], lengths[WORDS];
    size_t count;
} parts;

static parts expected, found;
static mr_context context;

static void refuse(mr_ctx *ctx, const char *format, ...) {
    (void)ctx;
    fail_msg("the scan failed: %s", format);
}

static const mr_host host = {.size = sizeof(mr_host), .fail = refuse, .refill = mr_scan_refill};

static void add_part(parts *list, const char *bytes, size_t length) {
    assert_true(list->count < WORDS && list->used + length <= sizeof list->bytes);
    if (length) memcpy(list->bytes + list->used, bytes, length);
    list->starts[list->count] = list->used;
    list->lengths[list->count++] = length;
    list->used += length;
}

/* ---- references -------------------------------------------------------------------------------------------------- */

/* Decodes one character after the definition of UTF-8 (RFC 3629); 0 when there is no valid one. */
static size_t decode(const unsigned char *at, size_t left, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = at[0] < 0x80 ? 1 : at[0] >> 5 == 6 ? 2 : at[0] >> 4 == 14 ? 3 : at[0] >> 3 == 30 ? 4 : 0;
    if (!length || length > left) return 0;
    *code = length == 1 ? at[0] : at[0] & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if (at[i] >> 6 != 2) return 0;
        *code = *code << 6 | (at[i] & 0x3f);
    }
    bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
    return *code >= least[length] && *code <= 0x10ffff && !surrogate ? length : 0;
}

static size_t encode(char *to, uint32_t code) {
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3f));
    to[0] = (char)((0xf00u >> length) | code);
    return length;
}

static void add_word(const char *word, size_t length, bool lower) {
    char changed[3 * LONGEST];
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        uint32_t code;
        size_t size = decode((const unsigned char *)word + i, length - i, &code);
        if (size && lower) {
            used += encode(changed + used, (uint32_t)utf8proc_tolower((utf8proc_int32_t)code));
            i += size;
        } else {
            changed[used++] = word[i++];
        }
    }
    add_part(&expected, changed, used);
}

static bool is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\v' || byte == '\f' || byte == '\r';
}

static void find_space_words(const char *text, size_t length, bool lower) {
    for (size_t i = 0, start; i < length;) {
        for (start = i; i < length && !is_space(text[i]);)
            i++;
        if (i > start) add_word(text + start, i - start, lower);
        i++;
    }
}

static void find_letter_words(const char *text, size_t length, bool lower) {
    size_t start = 0, i = 0;
    while (i < length) {
        uint32_t code;
        size_t size = decode((const unsigned char *)text + i, length - i, &code);
        utf8proc_category_t category = size ? utf8proc_category((utf8proc_int32_t)code) : UTF8PROC_CATEGORY_CN;
        bool letter = category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
                      category == UTF8PROC_CATEGORY_LT || category == UTF8PROC_CATEGORY_LM ||
                      category == UTF8PROC_CATEGORY_LO;
        if (!letter && i > start) add_word(text + start, i - start, lower);
        i += size ? size : 1;
        if (!letter) start = i;
    }
    if (length > start) add_word(text + start, length - start, lower);
}

static void find_lines(const char *text, size_t length) {
    size_t start = 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\n') {
            add_part(&expected, text + start, i - start);
            start = i + 1;
        }
    if (start < length) add_part(&expected, text + start, length - start);
}

static void find_fields(const char *text, size_t length, char delimiter) {
    size_t start = 0;
    for (size_t i = 0; i <= length; i++)
        if (i == length || text[i] == delimiter) {
            add_part(&expected, text + start, i - start);
            start = i + 1;
        }
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

/* Scans a copy of the text at an alignment of its own, with other bytes around it that have to stay. */
static void scan(const char *text, size_t length, uint32_t kind, char delimiter) {
    static _Alignas(64) char memory[GUARD + 64 + LONGEST + GUARD];
    size_t place = GUARD + below(64);
    memset(memory, 'G', sizeof memory);
    memcpy(memory + place, text, length);
    char *copy = memory + place;
    mr_scan scan = kind == MR_LINES    ? mr_lines_of(&context.ctx, copy, length)
                   : kind == MR_FIELDS ? mr_fields_of(&context.ctx, copy, length, delimiter)
                                       : mr_words_of(&context.ctx, copy, length, kind);
    mr_slice slice;
    found.used = found.count = 0;
    while (mr_next(&scan, &slice))
        add_part(&found, slice.data, slice.length);
    assert_int_equal(mr_next(&scan, &slice), 0); /* the end stays the end */
    for (size_t i = 0; i < place; i++)
        assert_int_equal(memory[i], 'G');
    for (size_t i = place + length; i < sizeof memory; i++)
        assert_int_equal(memory[i], 'G');
    if (!(kind & MR_LOWER)) assert_memory_equal(copy, text, length);
}

static void compare(const char *text, size_t length, uint32_t kind, char delimiter) {
    bool lower = kind & MR_LOWER;
    expected.used = expected.count = 0;
    if (kind == MR_LINES)
        find_lines(text, length);
    else if (kind == MR_FIELDS)
        find_fields(text, length, delimiter);
    else if ((kind & ~(uint32_t)MR_LOWER) == MR_WORDS_SPACE)
        find_space_words(text, length, lower);
    else
        find_letter_words(text, length, lower);
    scan(text, length, kind, delimiter);
    assert_int_equal(found.count, expected.count);
    assert_int_equal(found.used, expected.used);
    assert_memory_equal(found.lengths, expected.lengths, expected.count * sizeof *expected.lengths);
    assert_memory_equal(found.bytes, expected.bytes, expected.used);
}

static void compare_all(const char *text, size_t length) {
    compare(text, length, MR_WORDS_SPACE, 0);
    compare(text, length, MR_WORDS_SPACE | MR_LOWER, 0);
    compare(text, length, MR_WORDS_LETTERS, 0);
    compare(text, length, MR_WORDS_LETTERS | MR_LOWER, 0);
    compare(text, length, MR_LINES, 0);
    compare(text, length, MR_FIELDS, "\t ,\n\xff"[below(6)]);
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

static size_t random_text(char *text, size_t length, unsigned kind) {
    /* Letters whose lower case is longer (2 to 3 bytes), shorter (3 to 1, 3 to 2), and bytes that are not UTF-8. */
    static const char *const pieces[] = {"\u023a", "\u023e",       "\u212a",       "\u2c6f",           "\u1e9e",
                                         "\u0130", "\u00c9",       "\u00df",       "\u4e2d",           "\U00010400",
                                         "\u01c5", "\u2160",       "\u0301",       "\u00a0",           "\u2003",
                                         "\xff",   "\xc0\x80",     "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
                                         "\x80",   "\xf0\x9f\x98", "\u02b0",       "\u0663",           "\xc3"};
    static const char letters[] = "abcXYZ \t\n\v\f\r09_,-@[`{";
    size_t used = 0;
    while (used < length) {
        const char *piece = pieces[below(sizeof pieces / sizeof *pieces)];
        size_t size = strlen(piece);
        if (kind == 0)
            text[used++] = (char)next_random();
        else if (kind < 3 || below(kind) || used + size > length)
            text[used++] = kind == 2 && below(4) ? letters[below(6)] : letters[below(sizeof letters)];
        else {
            memcpy(text + used, piece, size);
            used += size;
        }
    }
    return used;
}

static void random_texts(void **state) {
    (void)state;
    char text[LONGEST];
    for (unsigned round = 0; round < rounds(15000); round++) {
        size_t length = below(3) ? below(130) : below(LONGEST + 1);
        compare_all(text, random_text(text, length, (unsigned)below(6)));
    }
}

/* One word between spaces, in every place and of every length around the blocks of 64 bytes. */
static void every_place_of_a_word(void **state) {
    (void)state;
    char text[200];
    for (size_t length = 0; length <= 200; length++)
        for (size_t size = 0; size <= 3 || size <= 70; size += size < 3 ? 1 : 13) {
            size_t start = length > size ? below(length - size + 1) : 0;
            memset(text, ' ', length);
            for (size_t i = start; i < start + size && i < length; i++)
                text[i] = (char)("aZ"[below(2)]);
            compare_all(text, length);
        }
    for (size_t start = 0; start < 199; start++) {
        memset(text, '\n', sizeof text);
        text[start] = 'A';
        text[start + 1] = 'b';
        compare_all(text, sizeof text);
    }
}

/* As many words as a batch holds, one fewer, one more, and as dense as they can be. */
static void borders_of_batches(void **state) {
    (void)state;
    char text[LONGEST];
    for (size_t words = 1; words < MR_SCAN_FOUND + 3; words++) {
        size_t length = 0;
        for (size_t i = 0; i < words; i++) {
            text[length++] = "xX"[i % 2];
            text[length++] = " \n\t,"[below(4)];
        }
        compare_all(text, length);
        compare_all(text, length - 1);
        compare_all(text + 1, length - 1);
    }
    char spaces[LONGEST];
    memset(spaces, ' ', sizeof spaces);
    compare_all(spaces, sizeof spaces);
    memset(spaces, '\n', 200);
    compare_all(spaces, 200);
    memset(spaces, 'w', sizeof spaces);
    compare_all(spaces, sizeof spaces);
}

static void lower_case_may_be_longer_or_shorter(void **state) {
    (void)state;
    static const char text[] = "\u023a\u023aB \u212aELVIN \u1e9e \xff\u00c9 \u0130x";
    static const char *const lower[] = {"\u2c65\u2c65b", "kelvin", "\u00df", "\xff\u00e9", NULL};
    scan(text, sizeof text - 1, MR_WORDS_SPACE | MR_LOWER, 0);
    assert_int_equal(found.count, 5);
    for (size_t i = 0; lower[i]; i++)
        assert_slice(mr_bytes(found.bytes + found.starts[i], found.lengths[i]), lower[i], strlen(lower[i]));
    char grown[LONGEST]; /* only letters that grow */
    for (size_t length = 0; length + 2 <= LONGEST; length += 2) {
        memcpy(grown + length, length % 20 == 18 ? " \n" : "\u023e", 2);
        compare(grown, length + 2, MR_WORDS_SPACE | MR_LOWER, 0);
        compare(grown, length + 2, MR_WORDS_LETTERS | MR_LOWER, 0);
    }
}

static void empty_texts(void **state) {
    (void)state;
    compare_all("", 0);
    mr_slice slice;
    mr_fields fields = mr_fields_of(&context.ctx, NULL, 0, ',');
    assert_int_equal(mr_next(&fields, &slice), 1); /* no delimiter makes one field */
    assert_int_equal(slice.length, 0);
    assert_int_equal(mr_next(&fields, &slice), 0);
    mr_words words = mr_words_of(&context.ctx, NULL, 0, MR_WORDS_SPACE | MR_LOWER);
    assert_int_equal(mr_next(&words, &slice), 0);
}

static int make_context(void **state) {
    context = (mr_context){.ctx.host = &host};
    return restart_random(state);
}

static int free_context(void **state) {
    (void)state;
    mr_context_forget_words(&context);
    free(context.scratch);
    return 0;
}

#define SCAN_TEST(function) cmocka_unit_test_setup_teardown(function, make_context, free_context)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCAN_TEST(random_texts),       SCAN_TEST(every_place_of_a_word),
        SCAN_TEST(borders_of_batches), SCAN_TEST(lower_case_may_be_longer_or_shorter),
        SCAN_TEST(empty_texts),
    };
    start_seed();
    return run_all_tests(tests);
}
