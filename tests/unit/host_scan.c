/* Tests of taking text apart, with the instructions of every kind that the processor has: against references that look
 * at one byte or letter at a time. */
#include "engine_testing.h"

#include <sys/mman.h>
#include <utf8proc.h>

#include "host/context.h"
#include "host/scan.h"

enum { LONGEST = 2 * MR_SCAN_FOUND + 100, GUARD = 64, WORDS = 2 * (LONGEST + 2) };

/* Parts of a text, copied. */
typedef struct parts {
    char bytes[12 * LONGEST];
    size_t used;
    size_t starts[WORDS], lengths[WORDS];
    size_t count;
} parts;

static parts expected, found;
static mr_context context;
static char *memory; /* between two pages that cannot be touched */
static size_t memory_size;
static bool may_fail;     /* the scan at hand */
static unsigned failures; /* of scans that may fail */

static void refuse(mr_ctx *ctx, const char *format, ...) {
    (void)ctx;
    if (!may_fail) fail_msg("the scan failed: %s", format);
    failures++;
}

static const mr_host host = {.size = sizeof(mr_host), .fail = refuse, .refill = mr_scan_refill};

/* A length of SIZE_MAX: a part that is not there. */
static void add_part(parts *list, const char *bytes, size_t length) {
    list->lengths[list->count] = length;
    if (length == SIZE_MAX) length = 0;
    assert_true(list->count < WORDS && list->used + length <= sizeof list->bytes);
    if (length) memcpy(list->bytes + list->used, bytes, length);
    list->starts[list->count++] = list->used;
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

/* Where the row that begins at start has its first delimiter, or *end, where it ends. */
static size_t cut_row(const char *text, size_t length, size_t start, char delimiter, size_t *end) {
    size_t cut = *end = start;
    while (*end < length && text[*end] != '\n')
        ++*end;
    while (cut < *end && text[cut] != delimiter)
        cut++;
    return cut;
}

/* What mr_next_row gives: a key and the rest; a row without delimiter has a rest without data. */
static void find_rows(const char *text, size_t length, char delimiter) {
    for (size_t start = 0, end; start < length; start = end + 1) {
        size_t cut = cut_row(text, length, start, delimiter, &end);
        add_part(&expected, text + start, cut - start);
        add_part(&expected, text + cut + (cut < end), cut < end ? end - cut - 1 : SIZE_MAX);
    }
}

static unsigned decimals; /* of measures */

/* What mr_next_measure gives: a key and the bytes of a number, or a whole line and no number. */
static void find_measures(const char *text, size_t length, char delimiter) {
    for (size_t start = 0, end; start < length; start = end + 1) {
        int64_t number;
        size_t cut = cut_row(text, length, start, delimiter, &end);
        size_t digits_end = end - (end > cut + 1 && text[end - 1] == '\r');
        bool measured =
            cut < end && mr_long_decimal_of(mr_bytes(text + cut + 1, digits_end - cut - 1), decimals, &number);
        add_part(&expected, text + start, (measured ? cut : end) - start);
        add_part(&expected, (char *)&number, measured ? sizeof number : 0);
    }
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static void collect_measures(char *text, size_t length, char delimiter) {
    mr_measures measures = mr_measures_of(&context.ctx, text, length, delimiter, decimals);
    mr_slice key;
    int64_t number;
    int got;
    found.used = found.count = 0;
    while ((got = mr_next_measure(&measures, &key, &number)) != 0) {
        assert_true(got == 1 || got == -1);
        add_part(&found, key.data, key.length);
        add_part(&found, (char *)&number, got > 0 ? sizeof number : 0);
    }
    assert_int_equal(mr_next_measure(&measures, &key, &number), 0);
}

static void collect(char *text, size_t length, uint32_t kind, char delimiter) {
    if (kind == MR_MEASURES) {
        collect_measures(text, length, delimiter);
        return;
    }
    mr_scan scan = kind == MR_LINES    ? mr_lines_of(&context.ctx, text, length)
                   : kind == MR_FIELDS ? mr_fields_of(&context.ctx, text, length, delimiter)
                   : kind == MR_ROWS   ? mr_rows_of(&context.ctx, text, length, delimiter)
                                       : mr_words_of(&context.ctx, text, length, kind);
    mr_slice slice, rest;
    found.used = found.count = 0;
    if (kind == MR_ROWS) {
        while (mr_next_row(&scan, &slice, &rest)) {
            add_part(&found, slice.data, slice.length);
            assert_true(rest.data || rest.length == 0);
            add_part(&found, rest.data, rest.data ? rest.length : SIZE_MAX);
        }
        assert_int_equal(mr_next_row(&scan, &slice, &rest), 0); /* the end stays the end */
    } else {
        while (mr_next(&scan, &slice))
            add_part(&found, slice.data, slice.length);
        assert_int_equal(mr_next(&scan, &slice), 0);
    }
}

static bool is_guard(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != 'G') return false;
    return true;
}

/* Scans a copy of the text, between bytes that have to stay: at the beginning or at the end of the memory around which
 * nothing can be read, at any alignment, or as the last part of a piece of input, behind which there is just the slack.
 */
static void scan(const char *text, size_t length, uint32_t kind, char delimiter) {
    size_t last = memory_size - length, places[] = {0, last, GUARD + below(64), last - MR_TEXT_SLACK};
    size_t chosen = below(4), place = places[chosen];
    char *copy = memory + place;
    size_t before = place < GUARD ? place : GUARD, after = last - place < GUARD ? last - place : GUARD;
    memset(copy - before, 'G', before);
    memset(copy + length, 'G', after);
    if (length) memcpy(copy, text, length);
    context.ctx.text = memory;
    context.ctx.text_length = chosen < 2 ? 0 : chosen == 2 ? memory_size - MR_TEXT_SLACK : place + length;
    collect(copy, length, kind, delimiter);
    assert_true(is_guard(copy - before, before));
    assert_true(is_guard(copy + length, after));
    if (!(kind & MR_LOWER) && length) assert_memory_equal(copy, text, length);
}

static void expect(const char *text, size_t length, uint32_t kind, char delimiter) {
    bool lower = kind & MR_LOWER;
    expected.used = expected.count = 0;
    if (kind == MR_LINES)
        find_lines(text, length);
    else if (kind == MR_FIELDS)
        find_fields(text, length, delimiter);
    else if (kind == MR_ROWS)
        find_rows(text, length, delimiter);
    else if (kind == MR_MEASURES)
        find_measures(text, length, delimiter);
    else if ((kind & ~(uint32_t)MR_LOWER) == MR_WORDS_SPACE)
        find_space_words(text, length, lower);
    else
        find_letter_words(text, length, lower);
}

static void compare(const char *text, size_t length, uint32_t kind, char delimiter) {
    expect(text, length, kind, delimiter);
    for (mr_processor processor = 0; processor < MR_PROCESSORS; processor++) {
        if (!mr_processor_has(processor)) continue;
        mr_scan_use(processor);
        scan(text, length, kind, delimiter);
        if (found.count != expected.count || found.used != expected.used ||
            memcmp(found.lengths, expected.lengths, expected.count * sizeof *expected.lengths) != 0 ||
            memcmp(found.bytes, expected.bytes, expected.used) != 0)
            fail_msg("%s: kind %u of %zu bytes", mr_processor_name(processor), kind, length);
    }
}

static void compare_newlines(const char *text, size_t length) {
    uint64_t newlines = 0;
    for (size_t i = 0; i < length; i++)
        newlines += text[i] == '\n';
    for (mr_processor processor = 0; processor < MR_PROCESSORS; processor++) {
        if (!mr_processor_has(processor)) continue;
        mr_scan_use(processor);
        char *copy = memory + memory_size - length;
        if (length) memcpy(copy, text, length);
        assert_int_equal(mr_count_newlines(copy, length), newlines);
    }
}

static void compare_all(const char *text, size_t length) {
    compare(text, length, MR_WORDS_SPACE, 0);
    compare(text, length, MR_WORDS_SPACE | MR_LOWER, 0);
    compare(text, length, MR_WORDS_LETTERS, 0);
    compare(text, length, MR_WORDS_LETTERS | MR_LOWER, 0);
    compare(text, length, MR_LINES, 0);
    compare(text, length, MR_FIELDS, "\t ,\n\xff"[below(6)]);
    compare(text, length, MR_ROWS, "\t ,\n\xff"[below(6)]);
    decimals = (unsigned)below(12);
    compare(text, length, MR_MEASURES, "\t ,\n\xff"[below(6)]);
    compare_newlines(text, length);
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

/* Rows as they usually are, of every length around a block, with some that have no delimiter, several, nothing before
 * it or nothing at all. */
static void usual_and_unusual_rows(void **state) {
    (void)state;
    char text[LONGEST];
    for (unsigned round = 0; round < rounds(20000); round++) {
        size_t length = 0, unusual = below(4) ? 200 : 5, most = below(2) ? 20 : 100;
        while (length + most + 3 < LONGEST) {
            size_t key = below(unusual) ? below(most) : 0, rest = below(unusual) ? below(most - key + 1) : 0;
            memset(text + length, 'k', key);
            length += key;
            if (below(unusual)) text[length++] = ';';
            for (size_t i = 0; i < rest; i++)
                text[length++] = below(unusual) ? '1' : ';';
            text[length++] = '\n';
        }
        if (below(3)) length = below(3) ? below(length) : below(200);
        compare(text, length, MR_ROWS, ';');
        compare(text, length, MR_FIELDS, ';');
    }
}

/* Appends a number, usually one with just the decimals that are asked for; returns its length. */
static size_t random_number(char *text) {
    static const char any[] = "0123456789.-+ \r;e";
    size_t length = 0;
    if (below(10) == 0) {
        for (size_t most = below(22); length < most;)
            text[length++] = any[below(sizeof any - 1)];
        return length;
    }
    if (below(2)) text[length++] = '-';
    for (size_t digits = below(8) ? 1 + below(3) : below(20); digits; digits--)
        text[length++] = (char)('0' + below(10));
    if (decimals ? below(10) : below(10) == 0) text[length++] = '.';
    for (size_t digits = below(10) ? decimals : below(4); digits; digits--)
        text[length++] = (char)('0' + below(10));
    if (below(10) == 0) text[length++] = '\r';
    return length;
}

static void usual_and_unusual_measures(void **state) {
    (void)state;
    char text[LONGEST];
    for (unsigned round = 0; round < rounds(20000); round++) {
        size_t length = 0, most = 1 + below(40);
        decimals = (unsigned)(below(4) ? below(4) : below(20));
        while (length + most + 45 < LONGEST) {
            size_t key = below(most);
            memset(text + length, 'k', key);
            length += key;
            if (below(50)) text[length++] = ';';
            length += random_number(text + length);
            text[length++] = '\n';
        }
        if (below(3)) length = below(length);
        compare(text, length, MR_MEASURES, ';');
    }
}

/* A batch is full in the middle of a row, and at its borders: rows of one length after a first one of any length. */
static void borders_of_batches_of_rows(void **state) {
    (void)state;
    char text[LONGEST];
    for (size_t each = 1; each < 70; each++)
        for (size_t first = 0; first < 70; first += 1 + each / 3) {
            for (size_t i = 0; i < LONGEST; i++)
                text[i] = i >= first && (i - first) % each == each - 1 ? '\n' : 'r';
            for (size_t i = first; i < LONGEST && each > 1; i += each)
                text[i + (i + each < LONGEST ? each / 2 - (each / 2 == each - 1) : 0)] = ',';
            compare(text, LONGEST, MR_ROWS, ',');
            compare(text, LONGEST, MR_MEASURES, ',');
            compare(text, LONGEST, MR_LINES, 0);
        }
}

/* Offsets have 32 bits. A file of zeros is mapped that takes up no memory. */
static void parts_of_4_GiB(void **state) {
    (void)state;
    if (sizeof(size_t) < 8 || rounds(2) < 2) skip(); /* sanitizers may not have so much room */
    const size_t size = ((size_t)4 << 30) + 4096;
    char *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (text == MAP_FAILED) skip();
    mr_processor best;
    mr_error error = {0};
    assert_ok(mr_processor_choose(&best, &error), &error);
    mr_scan_use(best);
    mr_slice slice, rest;
    may_fail = true;
    mr_words words = mr_words_of(&context.ctx, text, size, MR_WORDS_SPACE);
    assert_int_equal(mr_next(&words, &slice), 0);
    assert_int_equal(failures, 1);
    mr_rows rows = mr_rows_of(&context.ctx, text, size, ';');
    assert_int_equal(mr_next_row(&rows, &slice, &rest), 0);
    assert_int_equal(failures, 2);
    mr_words letters = mr_words_of(&context.ctx, text, size, MR_WORDS_LETTERS);
    assert_int_equal(mr_next(&letters, &slice), 0); /* there are none, and that is no failure */
    assert_int_equal(failures, 2);
    may_fail = false;
    munmap(text, size);
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

static int map_memory(void **state) {
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    memory_size = (LONGEST + 3 * GUARD + page) / page * page;
    char *all = mmap(NULL, memory_size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return -1;
    memory = all + page;
    return mprotect(memory, memory_size, PROT_READ | PROT_WRITE);
}

#define SCAN_TEST(function) cmocka_unit_test_setup_teardown(function, make_context, free_context)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCAN_TEST(random_texts),
        SCAN_TEST(every_place_of_a_word),
        SCAN_TEST(borders_of_batches),
        SCAN_TEST(lower_case_may_be_longer_or_shorter),
        SCAN_TEST(empty_texts),
        SCAN_TEST(usual_and_unusual_rows),
        SCAN_TEST(usual_and_unusual_measures),
        SCAN_TEST(borders_of_batches_of_rows),
        SCAN_TEST(parts_of_4_GiB),
    };
    start_seed();
    return run_seeded(cmocka_run_group_tests(tests, map_memory, NULL));
}
