/* linreg - the straight line that comes closest to points x, y: least squares. A model of a custom fold whose result is
 * exact, so that it cannot depend on the order.
 *
 *     mr run linreg --set x=2 --set y=5 measurements.csv
 *
 * Six sums are all that has to be known of the points. Numbers are taken as integers of their last decimal, and added
 * up in 128 bits. The differences of products of sums, where a few digits are left of many, are computed in 256 bits.
 * Only what is printed is rounded.
 */
#include <stdio.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"x", MR_OPTION_INT, 0, "1", NULL, "the column that x is in, from 1"},
    {"y", MR_OPTION_INT, 0, "2", NULL, "the column that y is in"},
    {"decimals", MR_OPTION_INT, 0, "6", NULL, "how many decimals of a number count, 0 to 9"},
    {"delimiter", MR_OPTION_TEXT, 0, ",", NULL, "the byte between columns; tab or \\t: a tab"},
    {"of", MR_OPTION_CHOICE, 0, "csv", "csv|bytes", "bytes: a point is two bytes, numbers from 0 to 255"},
    {0}};

static const int64_t limit =
    (int64_t)1 << 53; /* units that no number reaches, so that sums of many fit into 128 bits */

/* Values of folds are aligned to 8 bytes only. */
__extension__ typedef __int128 wide __attribute__((aligned(8)));
__extension__ typedef unsigned __int128 unsigned_wide;

/* In units of the last decimal, and in square units. */
typedef struct sums {
    int64_t n; /* points */
    wide x, y; /* sums of the numbers */
    wide xx, xy, yy;
} sums;

static int64_t x_column, y_column, last_column; /* from 1; the last one that is looked at */
static unsigned decimals;
static char delimiter;
static double unit; /* how many units make 1 */
static int of_bytes;
static int64_t x, y; /* the point at hand, in units */
static sums piece;   /* of the piece of input at hand */
/* A sum of squares has left 128 bits. Sums of products are never further from zero than the larger of those. */
static int overflow;

static void configure(mr_ctx *ctx, mr_plugin *self) {
    of_bytes = mr_option_int(ctx, "of") == 1;
    if (!of_bytes) return;
    self->records = MR_RECORDS_FIXED;
    self->record_size = 2;
}

static void open(mr_ctx *ctx) {
    const char *text = mr_option_text(ctx, "delimiter");
    int64_t most = mr_option_int(ctx, "decimals");
    x_column = mr_option_int(ctx, "x");
    y_column = mr_option_int(ctx, "y");
    last_column = x_column > y_column ? x_column : y_column;
    if (x_column < 1 || y_column < 1) mr_fail(ctx, "columns are numbered from 1");
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0) text = "\t";
    if (strlen(text) != 1 || *text == '\n') mr_fail(ctx, "delimiter has to be one byte, or tab, and no newline");
    if (most < 0 || most > 9) mr_fail(ctx, "decimals has to be from 0 to 9, not %lld", (long long)most);
    decimals = of_bytes ? 0 : (unsigned)most;
    delimiter = *text;
    unit = 1;
    for (unsigned i = 0; i < decimals; i++)
        unit *= 10;
}

/* ---- reading points ---------------------------------------------------------------------------------------------- */

static int is_small(int64_t number) {
    return number > -limit && number < limit;
}

/* Reads a number in units. More decimals, which are rounded away, and exponents are the slow case. */
static int read_number(mr_ctx *ctx, mr_slice field, int64_t *number) {
    double value;
    if (mr_decimal_of(ctx, field, decimals, number)) return is_small(*number);
    if (!mr_number_of(ctx, field, &value)) return 0;
    value *= unit;
    if (!(value > (double)-limit && value < (double)limit)) return 0; /* also for NaN */
    *number = (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
    return 1;
}

static void add_point(void) {
    piece.n++;
    piece.x += x;
    piece.y += y;
    piece.xy += (wide)x * y;
    overflow |= __builtin_add_overflow(piece.xx, (wide)x * x, &piece.xx);
    overflow |= __builtin_add_overflow(piece.yy, (wide)y * y, &piece.yy);
}

/* Adds the point of a line. may_be_header: it is passed over if neither is a number. */
static void add_line(mr_ctx *ctx, mr_slice line, int may_be_header) {
    mr_csv fields = mr_csv_of((char *)(uintptr_t)line.data, line.length, delimiter);
    int numbers = 0;
    mr_slice field;
    if (line.length == 0 || *line.data == '\r') return;
    for (int64_t column = 1; column <= last_column && mr_next_csv(&fields, &field); column++) {
        numbers += column == x_column && read_number(ctx, field, &x);
        numbers += column == y_column && read_number(ctx, field, &y);
    }
    if (numbers == 2)
        add_point();
    else if (numbers || !may_be_header)
        mr_skip_line(ctx, line, "columns %lld and %lld are no two numbers below 2^53 units of 10^-%u",
                     (long long)x_column, (long long)y_column, decimals);
}

static void add_lines(mr_ctx *ctx, char *text, size_t length) {
    mr_lines lines = mr_lines_of(ctx, text, length);
    int may_be_header = mr_first_of_source(ctx);
    for (mr_slice line; mr_next(&lines, &line); may_be_header = 0)
        add_line(ctx, line, may_be_header);
}

/* The same for lines that mostly consist of two numbers: x or y, the delimiter, the other one. */
static void add_pairs(mr_ctx *ctx, char *text, size_t length) {
    mr_measures lines = mr_measures_of(ctx, text, length, delimiter, decimals);
    int may_be_header = mr_first_of_source(ctx);
    int64_t *before = x_column < y_column ? &x : &y, *behind = x_column < y_column ? &y : &x, number;
    mr_slice first;
    for (int found; (found = mr_next_measure(&lines, &first, &number)) != 0; may_be_header = 0) {
        *behind = number;
        if (found > 0 && first.length && is_small(number) && read_number(ctx, first, before)) {
            add_point();
            continue;
        }
        size_t rest = length - (size_t)(first.data - text);
        const char *newline = memchr(first.data, '\n', rest);
        add_line(ctx, mr_bytes(first.data, newline ? (size_t)(newline - first.data) : rest), may_be_header);
    }
}

/* So many points at once that the sums of their products fit into 32 bits, where several are added at a time. */
static void add_bytes(const unsigned char *bytes, size_t count) {
    enum { AT_ONCE = 1 << 15 };
    while (count) {
        size_t now = count < AT_ONCE ? count : AT_ONCE;
        uint32_t sum[5] = {0};
        for (size_t i = 0; i < now; i++) {
            uint32_t a = bytes[2 * i], b = bytes[2 * i + 1];
            sum[0] += a, sum[1] += b, sum[2] += a * a, sum[3] += a * b, sum[4] += b * b;
        }
        piece.n += (int64_t)now;
        piece.x += sum[0], piece.y += sum[1], piece.xx += sum[2], piece.xy += sum[3], piece.yy += sum[4];
        bytes += 2 * now;
        count -= now;
    }
}

static void fail_if_overflow(mr_ctx *ctx) {
    if (overflow) mr_fail(ctx, "the sum of squares leaves 128 bits; set fewer decimals");
}

static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    memset(&piece, 0, sizeof piece);
    if (of_bytes) {
        add_bytes((unsigned char *)text, length / 2);
        if (length % 2) mr_skip_line(ctx, mr_bytes(text + length - 1, 1), "a last byte without another");
    } else if (last_column == 2 && x_column != y_column) {
        add_pairs(ctx, text, length);
    } else {
        add_lines(ctx, text, length);
    }
    fail_if_overflow(ctx);
    mr_emit(ctx, mr_text(""), mr_bytes(&piece, sizeof piece));
}

static void fold(mr_ctx *ctx, void *accumulator, const void *value) {
    sums *total = accumulator;
    const sums *more = value;
    overflow |= __builtin_add_overflow(total->xx, more->xx, &total->xx);
    overflow |= __builtin_add_overflow(total->yy, more->yy, &total->yy);
    fail_if_overflow(ctx);
    if (overflow) return; /* otherwise the products cannot leave 128 bits either */
    total->n += more->n;
    total->x += more->x;
    total->y += more->y;
    total->xy += more->xy;
}

/* ---- the line ---------------------------------------------------------------------------------------------------- */

/* 256 bits, in two's complement. */
typedef struct wider {
    unsigned_wide low, high;
} wider;

static wider negated(wider a) {
    wider result = {-a.low, ~a.high + (a.low == 0)};
    return result;
}

/* As on paper, with digits of 64 bits. */
static wider product(wide a, wide b) {
    unsigned_wide m = a < 0 ? -(unsigned_wide)a : (unsigned_wide)a, n = b < 0 ? -(unsigned_wide)b : (unsigned_wide)b;
    uint64_t m0 = (uint64_t)m, m1 = (uint64_t)(m >> 64), n0 = (uint64_t)n, n1 = (uint64_t)(n >> 64);
    unsigned_wide lowest = (unsigned_wide)m0 * n0;
    unsigned_wide middle = (unsigned_wide)m1 * n0 + (lowest >> 64), other = (unsigned_wide)m0 * n1 + (uint64_t)middle;
    wider result = {other << 64 | (uint64_t)lowest, (unsigned_wide)m1 * n1 + (middle >> 64) + (other >> 64)};
    return (a < 0) != (b < 0) ? negated(result) : result;
}

/* a * b - c * d, rounded once. */
static long double difference(wide a, wide b, wide c, wide d) {
    wider first = product(a, b), second = product(c, d);
    wider result = {first.low - second.low, first.high - second.high - (first.low < second.low)};
    int negative = result.high >> 127 != 0;
    if (negative) result = negated(result);
    long double size = (long double)result.high * 0x1p128L + (long double)result.low;
    return negative ? -size : size;
}

/* Prints a sum whose last digits are decimals, without zeros at their end. */
static void print_sum(mr_ctx *ctx, const char *name, wide sum, unsigned behind_point) {
    char text[64], *end = text + sizeof text, *start = end;
    unsigned_wide rest = sum < 0 ? -(unsigned_wide)sum : (unsigned_wide)sum;
    for (unsigned digits = 0; rest || digits <= behind_point; rest /= 10, digits++) {
        if (digits && digits == behind_point && start < end) *--start = '.';
        char digit = (char)('0' + (int)(rest % 10));
        if (digit != '0' || start < end || digits >= behind_point) *--start = digit;
    }
    if (sum < 0) *--start = '-';
    mr_emit(ctx, mr_text(name), mr_bytes(start, (size_t)(end - start)));
}

/* Prints a / b, which says nothing when b is zero. */
static void print_ratio(mr_ctx *ctx, const char *name, long double a, long double b) {
    char text[64] = "undefined";
    if (b > 0) snprintf(text, sizeof text, "%.15Lg", a / b);
    mr_emit(ctx, mr_text(name), mr_text(text));
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    sums total;
    (void)key;
    memcpy(&total, value, sizeof total);
    print_sum(ctx, "n", total.n, 0);
    print_sum(ctx, "sum_x", total.x, decimals);
    print_sum(ctx, "sum_y", total.y, decimals);
    print_sum(ctx, "sum_xx", total.xx, 2 * decimals);
    print_sum(ctx, "sum_xy", total.xy, 2 * decimals);
    print_sum(ctx, "sum_yy", total.yy, 2 * decimals);
    long double xx = difference(total.n, total.xx, total.x, total.x);
    long double xy = difference(total.n, total.xy, total.x, total.y);
    long double yy = difference(total.n, total.yy, total.y, total.y);
    print_ratio(ctx, "slope", xy, xx);
    print_ratio(ctx, "intercept", difference(total.xx, total.y, total.x, total.xy), xx * unit);
    print_ratio(ctx, "r2", xx > 0 ? xy / xx * xy : 0, yy > 0 && xx > 0 ? yy : 0);
}

MR_PLUGIN(.name = "linreg", .summary = "the straight line that comes closest to points x, y", .options = options,
          .kind = MR_FOLD, .value_size = sizeof(sums), .configure = configure, .open = open, .map_chunk = map_chunk,
          .fold = fold, .finish = finish, .columns = "what\tnumber:number")
