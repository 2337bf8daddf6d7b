/* stats - the least, mean and greatest number of each name, and how many there are, from rows such as "Oslo;-3.5". A
 * model of a fold job with a built-in fold and a finish that prints in its own way.
 *
 *     mr run stats --set delimiter=, --set decimals=2 prices.csv
 */
#include <stdio.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"delimiter", MR_OPTION_TEXT, 0, ";", NULL,
     "the byte between name and number; tab or \\t: a tab; with --records csv that of the records"},
    {"decimals", MR_OPTION_INT, 0, "1", NULL,
     "the most decimals of a number, 0 to 9; results are printed with as many"},
    {"name", MR_OPTION_INT, 0, "0", NULL, "the column of the name, from 1; 0: a row is a name and a number"},
    {"number", MR_OPTION_INT, 0, "0", NULL, "the column of the number, from 1, if name is given"},
    {"header", MR_OPTION_FLAG, 0, "no", NULL, "yes: the first line of each file is none of the rows"},
    {"output", MR_OPTION_CHOICE, 0, "lines", "lines|1brc", "1brc: {name=minimum/mean/maximum, ...} on one line"},
    {"bad", MR_OPTION_CHOICE, 0, "fail", "fail|skip", "skip: count rows that are no name and number, and go on"},
    {0}};

static char delimiter;
static unsigned decimals;
static int64_t name_column;   /* from 1; 0: rows are a name and a number */
static int64_t number_column; /* from 1 */
static int header;            /* the first line of each file is to be passed over */
static int brace;             /* output=1brc: nothing has been written since the opening brace */
static uint64_t *bad_rows;    /* counted here; NULL: they are failures */

static void open(mr_ctx *ctx) {
    const char *text = mr_option_text(ctx, "delimiter");
    int64_t most = mr_option_int(ctx, "decimals");
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0) text = "\t";
    if (strlen(text) != 1 || *text == '\n') mr_fail(ctx, "delimiter has to be one byte, or tab, and no newline");
    if (most < 0 || most > 9) mr_fail(ctx, "decimals has to be from 0 to 9, not %lld", (long long)most);
    name_column = mr_option_int(ctx, "name");
    number_column = mr_option_int(ctx, "number");
    if (name_column < 0 || number_column < 0 || !name_column != !number_column ||
        (name_column && name_column == number_column))
        mr_fail(ctx, "name and number have to be two columns, counted from 1");
    header = mr_option_flag(ctx, "header");
    delimiter = *text;
    decimals = (unsigned)most;
    if (mr_option_int(ctx, "bad")) bad_rows = mr_counter(ctx, "bad rows");
}

/* Fails because of a row, of which the beginning is shown. at: its first byte, counted from that of the piece. */
static void fail_at(mr_ctx *ctx, mr_slice row, size_t at) {
    char shown[68];
    size_t used = 0;
    for (size_t i = 0; i < row.length && used < 60; i++) {
        unsigned char byte = (unsigned char)row.data[i];
        used += (size_t)sprintf(shown + used, byte < ' ' || byte == '\\' || byte == 127 ? "\\x%02x" : "%c", byte);
    }
    mr_fail(ctx,
            "'%.*s'%s, %zu bytes further on, is no name, delimiter and number of up to %u decimals; set delimiter or "
            "decimals, or bad=skip to leave out such rows",
            (int)used, shown, used < 60 ? "" : "...", at, decimals);
}

/* Whether to go on after a row that is no name and number. Lines without any text are nothing to worry about. */
static int forgive(mr_ctx *ctx, mr_slice row) {
    if (row.length == 0 || (row.length == 1 && *row.data == '\r')) return 1;
    if (bad_rows)
        *bad_rows += 1;
    else
        fail_at(ctx, row, ctx->records == MR_RECORDS_LINES ? (size_t)(row.data - ctx->text) : 0);
    return bad_rows != NULL;
}

static void map_pairs(mr_ctx *ctx, char *text, size_t length) {
    mr_measures rows = mr_measures_of(ctx, text, length, delimiter, decimals);
    mr_slice name;
    int64_t number;
    for (int found; (found = mr_next_measure(&rows, &name, &number)) != 0;)
        if (found > 0)
            mr_emit_int64(ctx, name, number);
        else if (!forgive(ctx, name))
            return;
}

/* Finds the two columns of a row; 0 when it has fewer. */
static int find_columns(mr_slice row, mr_slice *name, mr_slice *number) {
    const char *field = row.data, *end = row.data + row.length;
    int64_t last = name_column > number_column ? name_column : number_column;
    if (field && row.length && end[-1] == '\r') end--;
    for (int64_t column = 1; field; column++) {
        const char *cut = memchr(field, delimiter, (size_t)(end - field));
        mr_slice found = mr_bytes(field, (size_t)((cut ? cut : end) - field));
        if (column == name_column) *name = found;
        if (column == number_column) *number = found;
        if (column == last) return 1;
        field = cut ? cut + 1 : NULL;
    }
    return 0;
}

static void map_columns(mr_ctx *ctx, char *text, size_t length) {
    mr_lines rows = mr_lines_of(ctx, text, length);
    mr_slice row, name = {0}, field = {0};
    int64_t number;
    while (mr_next(&rows, &row))
        if (row.length && find_columns(row, &name, &field) && mr_decimal_of(ctx, field, decimals, &number))
            mr_emit_int64(ctx, name, number);
        else if (!forgive(ctx, row))
            return;
}

static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    if (header && length && mr_first_of_source(ctx)) {
        char *newline = memchr(text, '\n', length);
        size_t skipped = newline ? (size_t)(newline - text) + 1 : length;
        text += skipped;
        length -= skipped;
    }
    if (name_column)
        map_columns(ctx, text, length);
    else
        map_pairs(ctx, text, length);
}

/* Writes a number whose last digits are decimals so that it ends before end; returns its start. */
static char *put_before(char *end, int negative, uint64_t number, unsigned behind_point) {
    for (unsigned digits = 0; number || digits <= behind_point; number /= 10, digits++) {
        if (digits && digits == behind_point) *--end = '.';
        *--end = (char)('0' + number % 10);
    }
    if (negative) *--end = '-';
    return end;
}

static char *put_value_before(char *end, int64_t value) {
    return put_before(end, value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, decimals);
}

/* The mean is rounded to the nearest number, halves away from zero. */
static void finish(mr_ctx *ctx, mr_slice name, const void *value) {
    const mr_stats *stats = value;
    uint64_t sum = stats->sum < 0 ? 0 - (uint64_t)stats->sum : (uint64_t)stats->sum;
    uint64_t mean = sum / stats->count, rest = sum % stats->count;
    char text[112], *end = text + sizeof text, *start = put_before(end, 0, stats->count, 0);
    mean += rest >= stats->count - rest;
    *--start = '\t';
    start = put_value_before(start, stats->maximum);
    *--start = '\t';
    start = put_before(start, stats->sum < 0 && mean, mean, decimals);
    *--start = '\t';
    start = put_value_before(start, stats->minimum);
    mr_append_column(ctx, 1, name);
    mr_emit(ctx, mr_appended(ctx), mr_bytes(start, (size_t)(end - start)));
}

/* A record that is no line. Of CSV the byte between fields is that of the records. */
static void map_record(mr_ctx *ctx, char *record, size_t length) {
    mr_slice fields[2] = {{0}, {0}}, field, row = mr_bytes(record, length);
    mr_csv csv = mr_csv_of(record, length, (char)ctx->delimiter);
    int64_t number, name = name_column ? name_column : 1, column = 1, found = 0;
    if (ctx->records != MR_RECORDS_CSV) {
        map_chunk(ctx, record, length);
        return;
    }
    if ((header && mr_first_of_source(ctx)) || !length) return;
    for (; mr_next_csv(&csv, &field); column++) {
        if (column != name && column != (name_column ? number_column : 2)) continue;
        fields[column != name] = field;
        found++;
    }
    if (found == 2 && !csv.broken && (name_column || column == 3) && mr_decimal_of(ctx, fields[1], decimals, &number))
        mr_emit_int64(ctx, fields[0], number);
    else
        forgive(ctx, row);
}

/* ---- the format of the one billion row challenge ----------------------------------------------------------------- */

/* All names stand on one line, so all are finished by one worker, which knows which is the first. */
static void begin_line(mr_ctx *ctx) {
    (void)ctx;
    brace = 1;
}

/* The mean is rounded to the nearest number, halves up, as the challenge defines it. */
static void finish_on_line(mr_ctx *ctx, mr_slice name, const void *value) {
    const mr_stats *stats = value;
    int64_t count = (int64_t)stats->count, mean = stats->sum / count, rest = stats->sum % count;
    char text[112], *end = text + sizeof text;
    if (rest < 0) {
        rest += count;
        mean--;
    }
    mean += rest >= count - rest;
    char *start = put_value_before(end, stats->maximum);
    *--start = '/';
    start = put_value_before(start, mean);
    *--start = '/';
    start = put_value_before(start, stats->minimum);
    *--start = '=';
    mr_write(ctx, brace ? "{" : ", ", brace ? 1 : 2);
    mr_write(ctx, name.data, name.length);
    mr_write(ctx, start, (size_t)(end - start));
    brace = 0;
}

static void end_line(mr_ctx *ctx) {
    if (brace) mr_write(ctx, "{", 1);
    mr_write(ctx, "}\n", 2);
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    if (ctx->records != MR_RECORDS_LINES) {
        self->map = map_record;
        self->map_chunk = NULL;
    }
    if (!mr_option_int(ctx, "output")) return;
    self->together = MR_TOGETHER_ALL;
    self->begin = begin_line;
    self->finish = finish_on_line;
    self->columns = NULL;
    self->end = end_line;
}

MR_PLUGIN(.name = "stats", .summary = "minimum, mean, maximum and count of the numbers of each name",
          .options = options, .kind = MR_FOLD, .fold_type = MR_FOLD_STATS_INT64, .configure = configure, .open = open,
          .map_chunk = map_chunk, .finish = finish,
          .columns = "name\tminimum:number\tmean:number\tmaximum:number\tcount:number")
