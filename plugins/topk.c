/* topk - the most frequent lines, or values of some columns of CSV files. A model of a fold that wants its results in
 * the order of their values.
 *
 *     mr run topk --set of=city --set k=3 customers.csv
 */
#include "csv_columns.h"
#include "mr.h"

static const mr_option options[] = {
    {"k", MR_OPTION_INT, 0, "10", NULL, "how many"},
    {"of", MR_OPTION_TEXT, 0, "", NULL, "columns of CSV, by name or number, with commas between; empty: whole lines"},
    {"header", MR_OPTION_FLAG, 0, "yes", NULL, "whether the first row of each CSV file names its columns"},
    {"columns", MR_OPTION_TEXT, 0, "", NULL, "the names of the columns as a CSV row, instead of those in the files"},
    {"bad", MR_OPTION_CHOICE, 0, "fail", "fail|skip", "skip: count rows with too few fields, and go on"},
    {0}};

static csv_columns csv;    /* those that are wanted; none: lines are counted */
static csv_text key;       /* of the row at hand */
static uint64_t *bad_rows; /* counted here; NULL: they are failures */

static void configure(mr_ctx *ctx, mr_plugin *self) {
    int64_t k = mr_option_int(ctx, "k");
    if (k < 1) mr_fail(ctx, "k has to be at least 1");
    self->top = (uint64_t)k;
    csv.count = 0;
    csv_add_columns(ctx, &csv, mr_option_text(ctx, "of"));
    if (!csv.count) return;
    self->records = MR_RECORDS_CSV;
    self->columns = csv_titles(ctx, &csv, csv.count, "count:number");
}

static void start(mr_ctx *ctx) {
    csv_options(ctx, &csv);
    if (mr_option_int(ctx, "bad")) bad_rows = mr_counter(ctx, "bad rows");
}

static void stop(mr_ctx *ctx) {
    (void)ctx;
    free(csv.titles);
    free(key.bytes);
}

static void count_lines(mr_ctx *ctx, char *text, size_t length) {
    mr_lines lines = mr_lines_of(ctx, text, length);
    mr_slice line;
    while (mr_next(&lines, &line))
        mr_count(ctx, line);
}

static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    char *end = text + length;
    mr_slice row;
    if (!csv.count) {
        count_lines(ctx, text, length);
        return;
    }
    if (!csv_columns_enter(ctx, &csv, &text, end)) return;
    for (int got; (got = csv_next_row(&csv, &text, end, &row)) != 0;)
        if (got > 0)
            mr_count(ctx, csv_key(ctx, &csv, csv.count, &key, row));
        else
            csv_reject(ctx, row, bad_rows, "fewer fields than needed");
}

MR_PLUGIN(.name = "topk", .summary = "the most frequent lines, or values of columns", .options = options,
          .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .configure = configure, .open = start, .close = stop,
          .map_chunk = map_chunk)
