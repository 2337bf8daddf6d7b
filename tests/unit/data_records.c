/* Records of every kind: names, one after the other, from the middle of a text, and while more bytes come; all of it as
 * a reference finds it that looks at one byte after the other. */
#include "engine_testing.h"

#include "../tools/naive_records.h"
#include "base/units.h"

enum { LONGEST = 300 };

static char text[LONGEST + 1];
static size_t size;
static naive_record expected[LONGEST];
static size_t count;
static mr_records records;

/* A kind, some text of bytes that matter to it, and the records in it. */
static void make_text(void) {
    static const char *const alphabets[] = {
        [MR_RECORDS_LINES] = "a\n\r",     [MR_RECORDS_NUL] = "ab\n",  [MR_RECORDS_PARAGRAPHS] = "a\n\n\r",
        [MR_RECORDS_FIXED] = "abc",       [MR_RECORDS_WHOLE] = "a\n", [MR_RECORDS_CSV] = "ab\"\"\",\n\r",
        [MR_RECORDS_JSONL] = "a\n\n \t\r"};
    records = (mr_records){.kind = (uint32_t)below(MR_RECORDS_JSONL + 1), .strip = below(2)};
    if (records.kind == MR_RECORDS_CSV) records.delimiter = ',';
    if (records.kind == MR_RECORDS_FIXED) records.size = 1 + skewed_below(20);
    const char *alphabet = alphabets[records.kind];
    size_t letters = strlen(alphabet) + (records.kind == MR_RECORDS_NUL), run = 1 + skewed_below(40);
    size = skewed_below(LONGEST);
    for (size_t i = 0; i < size; i++)
        text[i] = i && below(run) ? text[i - 1] : alphabet[below(letters)];
    count = 0;
    for (size_t at = 0; naive_next(&records, text, size, at, &expected[count]); count++)
        at = expected[count].end;
}

/* The records of a part of the text that begins at a place; how many have come so far. */
static size_t check_part(const char *bytes, size_t length, size_t place, size_t next) {
    mr_record record;
    for (const char *at = bytes; mr_record_next(&records, at, bytes + length, &record); at = record.end) {
        assert_true(next < count);
        assert_int_equal(place + (size_t)(record.bytes - bytes), expected[next].start);
        assert_int_equal(record.length, expected[next].length);
        assert_int_equal(place + (size_t)(record.end - bytes), expected[next].end);
        next++;
    }
    return next;
}

static void one_after_the_other(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(30000); round++) {
        make_text();
        assert_int_equal(check_part(text, size, 0, 0), count);
        assert_int_equal(mr_records_count(&records, text, size), count);
    }
}

/* Takes whole records from place on, while more bytes come, up to those that begin at limit; the number of the first
 * one that has not come. The bytes are in memory of their own, so that a sanitizer sees what is read beyond. */
static size_t take_whole(mr_record_scan scan, size_t place, size_t have, size_t limit, size_t next) {
    size_t step = 1 + skewed_below(100);
    while (place < limit) {
        char *bytes = allocate(have - place);
        memcpy(bytes, text + place, have - place);
        size_t whole = mr_records_whole(&records, &scan, bytes, have - place, limit - place, have == size);
        assert_true(whole <= have - place);
        next = check_part(bytes, whole, place, next);
        free(bytes);
        assert_true(whole || have < size);
        if (!whole) have = mr_smaller(size, have + 1 + below(step));
        if (whole && below(2)) scan = (mr_record_scan){0};
        mr_records_taken(&scan, whole);
        place += whole;
    }
    return next;
}

static void while_bytes_come(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(30000); round++) {
        make_text();
        size_t limit = size ? 1 + below(size) : 0, before = 0;
        while (before < count && expected[before].start < limit)
            before++;
        assert_int_equal(take_whole((mr_record_scan){0}, 0, 0, limit, 0), before);
    }
}

/* What a place of CSV may be like when only some of what is before it is known. */
static uint32_t quotes_at(size_t place) {
    return records.kind == MR_RECORDS_CSV ? naive_quotes(records.delimiter, text, place) : 0;
}

static void from_the_middle(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(30000); round++) {
        make_text();
        if (size < 2 || mr_records_sequential(&records) || records.kind == MR_RECORDS_FIXED) continue;
        size_t place = 1 + below(size - 1), end = place + 1 + below(size - place), drop, next = 0, last = 0;
        mr_record_scan scan;
        size_t begin = place - mr_records_seek(&records, &scan, place, quotes_at(place));
        size_t have = mr_smaller(size, place + skewed_below(20));
        int found = 0;
        for (bool more = true; !found && more; have = mr_smaller(size, have + 1 + skewed_below(20))) {
            char *bytes = allocate(have - begin);
            memcpy(bytes, text + begin, have - begin);
            found = mr_records_find(&records, &scan, bytes, have - begin, place > begin ? place - begin : 0,
                                    have == size, &drop);
            free(bytes);
            begin += drop;
            assert_true(begin <= have);
            if (found) break;
            more = have < size;
        }
        while (next < count && expected[next].start < place)
            next++;
        for (last = next; last < count && expected[last].start < end; last++)
            continue;
        if (found && begin < end)
            assert_int_equal(take_whole(scan, begin, have, end, next), last);
        else
            assert_int_equal(next, last);
    }
}

static void quotes_in_stretches(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(30000); round++) {
        do {
            make_text();
        } while (records.kind != MR_RECORDS_CSV);
        uint32_t quotes = MR_QUOTES_OUTSIDE;
        for (size_t place = 0, end; place < size; place = end) {
            mr_quote_map map = mr_quotes_nowhere();
            end = place + 1 + below(size - place);
            for (size_t from = place, to; from < end; from = to) {
                to = from + 1 + skewed_below(end - from);
                char bytes[LONGEST + 1] = "\n";
                memcpy(bytes + !from, text + from - (from > 0), to - from + (from > 0));
                mr_quotes_follow(&map, ',', bytes, to - from + 1);
            }
            quotes = map.behind[quotes];
            assert_int_equal(quotes, naive_quotes(',', text, end));
        }
    }
}

static void paragraphs_lose_carriage_returns(void **state) {
    (void)state;
    char bytes[] = "\r\na\r\r\nb\rc\r\n\r";
    assert_int_equal(mr_paragraph_strip(bytes, sizeof bytes - 1), 9);
    assert_memory_equal(bytes, "\na\r\nb\rc\n\r", 9);
    assert_int_equal(mr_paragraph_strip(bytes, 0), 0);
}

/* Records that somebody else divides: a digit says how many letters follow. They can be found from anywhere. */
static size_t first_of_digits(void *receiver, const char *bytes, size_t length, bool last) {
    (void)last;
    assert_ptr_equal(receiver, text);
    size_t record = 1 + (size_t)(*bytes - '0');
    return record <= length ? record : 0;
}

static size_t begin_of_digits(void *receiver, const char *bytes, size_t length, bool last) {
    (void)last;
    assert_ptr_equal(receiver, text);
    for (size_t i = 1; i < length; i++)
        if (bytes[i] < 'a') return i;
    return 0;
}

static size_t fail_first(void *receiver, const char *bytes, size_t length, bool last) {
    (void)receiver;
    (void)bytes;
    (void)length;
    (void)last;
    return SIZE_MAX;
}

static void make_digits(void) {
    size = count = 0;
    while (size < LONGEST - 10) {
        size_t length = below(10);
        expected[count++] = (naive_record){size, length + 1, size + length + 1};
        text[size] = (char)('0' + length);
        memset(text + size + 1, 'x', length);
        size += length + 1;
    }
}

static void others_divide(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(1000); round++) {
        make_digits();
        records =
            (mr_records){.kind = MR_RECORDS_OWN, .first = first_of_digits, .begin = begin_of_digits, .receiver = text};
        assert_int_equal(check_part(text, size, 0, 0), count);
        assert_int_equal(take_whole((mr_record_scan){0}, 0, 0, size, 0), count);
        size_t place = 1 + below(size - 1), next = 0, drop;
        mr_record_scan scan;
        size_t begin = place - mr_records_seek(&records, &scan, place, 0);
        while (next < count && expected[next].start < place)
            next++;
        /* It is asked only when it sees far enough. */
        assert_int_equal(mr_records_find(&records, &scan, text + begin, size - begin, 1, false, &drop), 0);
        assert_int_equal(drop, 0);
        int found = mr_records_find(&records, &scan, text + begin, size - begin, 1, true, &drop);
        assert_int_equal(found, next < count);
        if (found) assert_int_equal(begin + drop, expected[next].start);
    }
    mr_record_scan scan = {0};
    size_t drop;
    records = (mr_records){.kind = MR_RECORDS_OWN, .first = fail_first, .begin = fail_first};
    assert_int_equal(mr_records_whole(&records, &scan, text, 1, SIZE_MAX, true), SIZE_MAX);
    assert_int_equal(mr_records_find(&records, &scan, text, 1, 1, true, &drop), -1);
    assert_false(mr_records_sequential(&records));
    records.begin = NULL;
    assert_true(mr_records_sequential(&records));
}

static void names_are_read(void **state) {
    (void)state;
    static const char *const right[] = {"lines", "nul",   "paragraphs", "fixed:1", "fixed:4096", "whole",
                                        "csv",   "csv:;", "csv:tab",    "csv: ",   "csv:|",      "jsonl"};
    static const char *const wrong[] = {"",        "line",     "lines:", "fixed",    "fixed:", "fixed:0",
                                        "fixed:x", "csv:",     "csv:ab", "csv:\"",   "csv:\n", "whole:1",
                                        "JSONL",   "fixed:-1", "nul:0",  "fixed:1 ", " csv"};
    char name[MR_RECORDS_NAME];
    mr_error error = {0};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_ok(mr_records_read(&records, right[i], &error), &error);
        assert_string_equal(mr_records_name(&records, name), right[i]);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_refused(mr_records_read(&records, wrong[i], &error), &error, "--records");
        assert_true(error.usage);
    }
    assert_ok(mr_records_read(&records, "csv:,", &error), &error);
    assert_string_equal(mr_records_name(&records, name), "csv");
    assert_ok(mr_records_read(&records, "csv:\\t", &error), &error);
    assert_string_equal(mr_records_name(&records, name), "csv:tab");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(one_after_the_other),
        RANDOM_TEST(while_bytes_come),
        RANDOM_TEST(from_the_middle),
        RANDOM_TEST(quotes_in_stretches),
        RANDOM_TEST(paragraphs_lose_carriage_returns),
        RANDOM_TEST(others_divide),
        RANDOM_TEST(names_are_read),
    };
    start_seed();
    return run_all_tests(tests);
}
