/* mr_next_csv, mr_int_of and mr_number_of of mr.h: what they read, compared with references that look at one byte after
 * the other, and fields that are written as RFC 4180 says and read back. */
#include "engine_testing.h"

#include "host/context.h"

#include <math.h>

enum { LONGEST = 60, FIELDS = 80 };

typedef struct field {
    char bytes[2 * LONGEST];
    size_t length;
} field;

static field expected[FIELDS];
static size_t count;

static void begin_field(void) {
    expected[count++].length = 0;
}

static void put(char byte) {
    field *last = &expected[count - 1];
    last->bytes[last->length++] = byte;
}

/* The reference. Returns whether the row breaks the rules. */
static bool take_apart(const char *row, size_t length, char delimiter) {
    enum { START, PLAIN, QUOTED, CLOSED, TAIL } state = START;
    bool broken = false;
    count = 0;
    begin_field();
    for (size_t i = 0; i < length; i++) {
        bool last_return = row[i] == '\r' && i + 1 == length;
        if (state == QUOTED) {
            if (row[i] == '"')
                state = CLOSED;
            else
                put(row[i]);
        } else if (state == CLOSED && row[i] == '"') {
            put('"');
            state = QUOTED;
        } else if (row[i] == delimiter) {
            begin_field();
            state = START;
        } else if (state == START && row[i] == '"') {
            state = QUOTED;
        } else if (last_return && state != TAIL) {
            state = state == CLOSED ? CLOSED : PLAIN;
        } else {
            broken |= state == CLOSED;
            state = state == CLOSED || state == TAIL ? TAIL : PLAIN;
            put(row[i]);
        }
    }
    return broken || state == QUOTED;
}

/* The row lies in memory of its own, so that a sanitizer sees what is read or written beyond. */
static void check_row(const char *row, size_t length, char delimiter, bool broken) {
    char *copy = allocate(length);
    memcpy(copy, row, length);
    mr_csv csv = mr_csv_of(copy, length, delimiter);
    mr_slice got;
    for (size_t i = 0; i < count; i++) {
        assert_true(mr_next_csv(&csv, &got));
        assert_slice(got, expected[i].bytes, expected[i].length);
    }
    assert_false(mr_next_csv(&csv, &got));
    assert_false(mr_next_csv(&csv, &got));
    assert_int_equal(csv.broken != 0, broken);
    free(copy);
}

static void any_bytes_are_taken_apart(void **state) {
    (void)state;
    char row[LONGEST];
    for (unsigned round = 0; round < rounds(200000); round++) {
        const char *alphabet = below(2) ? "ab,\"\n\r" : "abcdefgh,\"";
        char delimiter = below(4) ? ',' : 'b';
        size_t length = skewed_below(LONGEST), letters = strlen(alphabet);
        for (size_t i = 0; i < length; i++)
            row[i] = alphabet[below(letters)];
        bool broken = take_apart(row, length, delimiter);
        check_row(row, length, delimiter, broken);
    }
}

/* Writes a field as RFC 4180 says; in quotes also where it need not be. */
static size_t write_field(char *to, const field *from) {
    size_t length = 0;
    bool quotes = !below(4);
    for (size_t i = 0; i < from->length; i++)
        quotes |= memchr("\",\n\r", from->bytes[i], 4) != NULL;
    if (quotes) to[length++] = '"';
    for (size_t i = 0; i < from->length; i++) {
        if (from->bytes[i] == '"') to[length++] = '"';
        to[length++] = from->bytes[i];
    }
    if (quotes) to[length++] = '"';
    return length;
}

static void what_is_written_is_read(void **state) {
    (void)state;
    static char row[FIELDS * (2 * LONGEST + 3)];
    for (unsigned round = 0; round < rounds(20000); round++) {
        size_t length = 0;
        count = 1 + skewed_below(20);
        for (size_t i = 0; i < count; i++) {
            expected[i].length = skewed_below(LONGEST);
            for (size_t j = 0; j < expected[i].length; j++)
                expected[i].bytes[j] = below(3) ? (char)below(256) : "\",\n\r"[below(4)];
            if (i) row[length++] = ',';
            length += write_field(row + length, &expected[i]);
        }
        if (below(2)) row[length++] = '\r'; /* of the end of the line */
        check_row(row, length, ',', false);
    }
    mr_csv csv = mr_csv_of(NULL, 0, ',');
    mr_slice got;
    assert_true(mr_next_csv(&csv, &got));
    assert_int_equal(got.length, 0);
    assert_false(mr_next_csv(&csv, &got));
}

static void whole_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t number;
    } right[] = {{"0", 0},
                 {"-0", 0},
                 {"+7", 7},
                 {"007", 7},
                 {"-12", -12},
                 {"9223372036854775807", INT64_MAX},
                 {"-9223372036854775808", INT64_MIN}};
    static const char *const wrong[] = {"",
                                        "-",
                                        "+",
                                        "1 ",
                                        " 1",
                                        "1.",
                                        "1.0",
                                        "--1",
                                        "1e3",
                                        "0x1",
                                        "1_0",
                                        "９",
                                        "1,0",
                                        "1\n",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999999999"};
    int64_t number;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_true(mr_int_of(mr_text(right[i].text), &number));
        assert_int_equal(number, right[i].number);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(mr_int_of(mr_text(wrong[i]), &number));
    assert_false(mr_int_of(mr_bytes("1\0", 2), &number));
    for (unsigned round = 0; round < rounds(20000); round++) {
        int64_t wanted = (int64_t)(next_random() >> below(64));
        char text[32];
        snprintf(text, sizeof text, "%lld", (long long)wanted);
        assert_true(mr_int_of(mr_text(text), &number));
        assert_int_equal(number, wanted);
    }
}

static mr_context context;

static void floating_point_numbers(void **state) {
    (void)state;
    static const char *const right[] = {"0",   "-0",   "12",     "-1.5e3", ".5",   "5.",
                                        "inf", "-INF", "1e-400", "1e400",  "0x1p3"};
    static const char *const wrong[] = {"", " 1", "1 ", "1,5", "e5", "1e", "--1", "1.5.", "\t1", "1\n", "+-1"};
    double number;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_true(mr_number_of(&context.ctx, mr_text(right[i]), &number));
        assert_true(number == strtod(right[i], NULL));
    }
    assert_true(mr_number_of(&context.ctx, mr_text("nan"), &number) && isnan(number));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(mr_number_of(&context.ctx, mr_text(wrong[i]), &number));
    assert_false(mr_number_of(&context.ctx, mr_bytes("1\0", 2), &number));
    char digits[402];
    memset(digits, '1', sizeof digits);
    assert_true(mr_number_of(&context.ctx, mr_bytes(digits, 400), &number) && isinf(number));
    assert_false(mr_number_of(&context.ctx, mr_bytes(digits, 401), &number));
    for (unsigned round = 0; round < rounds(20000); round++) {
        uint64_t bits = next_random();
        double wanted;
        char text[40];
        memcpy(&wanted, &bits, sizeof wanted);
        if (!isfinite(wanted)) continue;
        int length = snprintf(text, sizeof text, "%.17g", wanted);
        assert_true(mr_number_of(&context.ctx, mr_bytes(text, (size_t)length), &number));
        assert_true(number == wanted);
    }
}

/* The functions of the host, as the plugin wordcount gets them. */
static void open_context(void) {
    const char *build = getenv("BUILD");
    char path[4096];
    mr_error error = {0};
    snprintf(path, sizeof path, "%s/plugins/wordcount.so", build ? build : "build");
    mr_records records = {.kind = MR_RECORDS_UNSAID};
    mr_setup setup = {.path = path, .records = &records};
    if (mr_context_open(&context, &setup, &error)) return;
    print_error("%s\n", error.text);
    exit(1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(any_bytes_are_taken_apart),
        RANDOM_TEST(what_is_written_is_read),
        RANDOM_TEST(whole_numbers),
        RANDOM_TEST(floating_point_numbers),
    };
    start_seed();
    open_context();
    int failures = run_all_tests(tests);
    mr_context_close(&context);
    return failures;
}
