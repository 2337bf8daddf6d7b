/* distinct - how many different lines there are, or values of some columns of CSV files, in all or for each group:
 * exactly, or about, by HyperLogLog. A model of keys that stay together: what finish counts goes over many keys.
 *
 *     mr run distinct --set of=customer --set by=product sales.csv
 */
// mr: -lm
#define XXH_INLINE_ALL
#include <math.h>
#include <stdio.h>
#include <xxhash.h>

#include "csv_columns.h"
#include "mr.h"

static const mr_option options[] = {
    {"of", MR_OPTION_TEXT, 0, "", NULL, "columns of CSV, by name or number, with commas between; empty: whole lines"},
    {"by", MR_OPTION_TEXT, 0, "", NULL, "columns whose values make groups; empty: there is one number for all"},
    {"method", MR_OPTION_CHOICE, 0, "exact", "exact|hyperloglog",
     "hyperloglog: about right, in little memory, however many values there are"},
    {"precision", MR_OPTION_INT, 0, "14", NULL,
     "of hyperloglog, 4 to 16: 2^precision registers, and a standard error of 1.04 by the square root of that"},
    {"header", MR_OPTION_FLAG, 0, "yes", NULL, "whether the first row of each CSV file names its columns"},
    {"columns", MR_OPTION_TEXT, 0, "", NULL, "the names of the columns as a CSV row, instead of those in the files"},
    {"bad", MR_OPTION_CHOICE, 0, "fail", "fail|skip", "skip: count rows with too few fields, and go on"},
    {0}};

/* Exact: each value is a key, behind its group and a zero byte, and each key is counted once. HyperLogLog: of a group
 * there are as many keys as it has registers that are not zero. A register keeps the greatest rank of its values. */
enum { RANKS = 66 };
static csv_columns csv;    /* those of the groups, then those of the values; none: lines are counted */
static int group_count;    /* columns of the groups */
static int by_rank;        /* the method is hyperloglog */
static unsigned precision; /* bits of a hash that choose a register */
static uint64_t *bad_rows; /* counted here; NULL: they are failures */
static csv_text key, value;

static csv_text group;            /* whose values are being counted */
static int in_group;              /* there is one */
static uint64_t values;           /* exact: how many it has */
static uint64_t registers[RANKS]; /* how many have each rank; 0 is what the others leave */

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static void configure(mr_ctx *ctx, mr_plugin *self) {
    const char *of = mr_option_text(ctx, "of"), *by = mr_option_text(ctx, "by");
    int64_t bits = mr_option_int(ctx, "precision");
    if (bits < 4 || bits > 16) mr_fail(ctx, "precision has to be from 4 to 16, not %lld", (long long)bits);
    if (*by && !*of) mr_fail(ctx, "by needs of, which says what is counted");
    precision = (unsigned)bits;
    by_rank = mr_option_int(ctx, "method") == 1;
    csv.count = 0;
    csv_add_columns(ctx, &csv, by);
    group_count = csv.count;
    csv_add_columns(ctx, &csv, of);
    if (csv.count) self->records = MR_RECORDS_CSV;
    if (by_rank) self->fold_type = MR_FOLD_MAX_INT64;
    self->together = group_count ? MR_TOGETHER_GROUP : MR_TOGETHER_ALL;
    self->columns = group_count ? csv_titles(ctx, &csv, group_count, "distinct:number") : "group\tdistinct:number";
}

static void start(mr_ctx *ctx) {
    csv_options(ctx, &csv);
    if (mr_option_int(ctx, "bad")) bad_rows = mr_counter(ctx, "bad rows");
}

static void stop(mr_ctx *ctx) {
    (void)ctx;
    free(csv.titles);
    free(key.bytes);
    free(value.bytes);
    free(group.bytes);
}

/* Emits a register, named by two bytes, and a rank: how many zeros the rest of the hash begins with, and one. */
static void emit_rank(mr_ctx *ctx, mr_slice text) {
    uint64_t hash = XXH3_64bits(text.data, text.length), number = hash >> (64 - precision);
    uint64_t rest = hash << precision | (uint64_t)1 << (precision - 1);
    char name[2] = {(char)(number >> 8), (char)number};
    if (csv_append(ctx, &key, name, 2)) mr_emit_int64(ctx, mr_bytes(key.bytes, key.length), __builtin_clzll(rest) + 1);
}

/* The group comes first; where there is none, what is counted is the key as it is. */
static void count_value(mr_ctx *ctx, mr_slice text) {
    key.length = 0;
    if (group_count && !csv_append_columns(ctx, &csv, 0, group_count, &key)) return;
    if (group_count && !csv_append(ctx, &key, "", 1)) return;
    if (by_rank)
        emit_rank(ctx, text);
    else if (!group_count)
        mr_count(ctx, text);
    else if (csv_append(ctx, &key, text.data, text.length))
        mr_count(ctx, mr_bytes(key.bytes, key.length));
}

static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    char *end = text + length;
    mr_slice row;
    if (!csv.count) {
        mr_lines lines = mr_lines_of(ctx, text, length);
        while (mr_next(&lines, &row))
            count_value(ctx, row);
        return;
    }
    if (!csv_columns_enter(ctx, &csv, &text, end)) return;
    for (int got; (got = csv_next_row(&csv, &text, end, &row)) != 0;) {
        value.length = 0;
        if (got < 0)
            csv_reject(ctx, row, bad_rows, "fewer fields than needed");
        else if (csv.count - group_count == 1)
            count_value(ctx, csv.columns[group_count].field);
        else if (csv_append_columns(ctx, &csv, group_count, csv.count, &value))
            count_value(ctx, mr_bytes(value.bytes, value.length));
    }
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

/* What the registers that hold zero, and those that hold the greatest rank, add to the estimate: the series of Otmar
 * Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017, which need no correction of small or
 * large numbers. */
static double sigma(double x) {
    double y = 1, z = x, before;
    if (x == 1) return INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x) {
    double y = 1, z = 1 - x, before;
    if (x == 0 || x == 1) return 0;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

static uint64_t estimate(void) {
    const double one_by_twice_the_logarithm_of_2 = 0.72134752044448170368;
    double count = (double)((uint64_t)1 << precision);
    unsigned greatest = 64 - precision;
    double sum = count * tau(1 - (double)registers[greatest + 1] / count);
    for (unsigned rank = greatest; rank; rank--)
        sum = 0.5 * (sum + (double)registers[rank]);
    sum += count * sigma((double)registers[0] / count);
    return (uint64_t)(one_by_twice_the_logarithm_of_2 * count * count / sum + 0.5);
}

static void begin(mr_ctx *ctx) {
    (void)ctx;
    in_group = 0;
    values = 0;
    memset(registers, 0, sizeof registers);
    registers[0] = (uint64_t)1 << precision;
}

/* Prints the group at hand; without groups there is one number, whatever there is. */
static void end(mr_ctx *ctx) {
    char text[24];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)(by_rank ? estimate() : values));
    if (in_group)
        mr_emit(ctx, mr_bytes(group.bytes, group.length), mr_bytes(text, (size_t)length));
    else if (!group_count)
        mr_emit(ctx, mr_text("all"), mr_bytes(text, (size_t)length));
    begin(ctx);
}

static void finish(mr_ctx *ctx, mr_slice of_value, const void *rank) {
    const char *zero = group_count && of_value.length ? memchr(of_value.data, 0, of_value.length) : NULL;
    size_t length = zero ? (size_t)(zero - of_value.data) : 0;
    int same = in_group && length == group.length && (!length || memcmp(of_value.data, group.bytes, length) == 0);
    if (group_count && !same) {
        if (in_group) end(ctx);
        group.length = 0;
        in_group = csv_append(ctx, &group, of_value.data, length);
    }
    if (by_rank) {
        registers[*(const int64_t *)rank]++;
        registers[0]--;
    } else {
        values++;
    }
}

MR_PLUGIN(.name = "distinct", .summary = "how many different lines there are, or values of columns", .options = options,
          .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .configure = configure, .open = start, .close = stop,
          .map_chunk = map_chunk, .begin = begin, .finish = finish, .end = end)
