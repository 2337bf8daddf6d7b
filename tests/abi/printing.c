/* Prints in all the ways there are: as pairs, as columns, as bytes. The key of a line is what stands before its first
 * blank, the value what stands behind it; of both, "~" stands for a newline and "%" for a tab. Or they are what another
 * job has printed: rows of CSV, pairs, or, with tsv=yes, lines with tabs. */
#include "mr.h"

#include <string.h>

static const mr_option options[] = {
    {"kind", MR_OPTION_CHOICE, 0, "group", "fold|group|map", "of job"},
    {"as", MR_OPTION_CHOICE, 0, "pairs", "pairs|columns|bytes|both|tabs", "how results are printed"},
    {"tsv", MR_OPTION_FLAG, 0, "no", NULL, "lines are those that another job has printed"},
    {0}};

enum { PAIRS, COLUMNS, BYTES, BOTH, TABS };

static int64_t how;

static void open(mr_ctx *ctx) {
    how = mr_option_int(ctx, "as");
}

/* Prints a key and a value. tabs: with a raw newline and a tab, as from a plugin that forgets to escape. */
static void print(mr_ctx *ctx, mr_slice key, mr_slice value) {
    if (how == TABS) {
        mr_emit(ctx, mr_text("a\nb\tc\\t"), mr_text("1\r\t2\\n"));
    } else if (how == COLUMNS) {
        static char columns[1 << 16];
        mr_slice both;
        mr_append_column(ctx, 1, key);
        mr_append_column(ctx, 0, value);
        both = mr_appended(ctx);
        if (both.length > sizeof columns) return;
        memcpy(columns, both.data, both.length);
        mr_append_column(ctx, 1, value);
        mr_append_column(ctx, 0, key);
        mr_emit(ctx, mr_bytes(columns, both.length), mr_appended(ctx));
    }
    if (how == PAIRS || how == BOTH) mr_emit(ctx, key, value);
    if (how != BYTES && how != BOTH) return;
    mr_write(ctx, key.data, key.length);
    mr_write(ctx, "=", 1);
    mr_write(ctx, value.data, value.length);
    mr_write(ctx, "\n", 1);
}

/* Reads what another job has printed. */
static int read_printed(mr_ctx *ctx, char *record, size_t length, mr_slice *key, mr_slice *value) {
    mr_fields fields;
    mr_csv csv;
    int found;
    if (ctx->records == MR_RECORDS_PAIRS) return mr_pair_of(mr_bytes(record, length), key, value);
    if (ctx->records == MR_RECORDS_CSV) {
        csv = mr_csv_of(record, length, ctx->delimiter);
        return mr_next_csv(&csv, key) && mr_next_csv(&csv, value) && !csv.broken;
    }
    fields = mr_fields_of(ctx, record, length, '\t');
    found = mr_next(&fields, key) && mr_next(&fields, value);
    if (found) *key = mr_unescape(*key);
    if (found) *value = mr_unescape(*value);
    return found;
}

/* Reads a line of a key, a blank and a value. */
static void read_line(char *line, size_t length, mr_slice *key, mr_slice *value) {
    char *blank = memchr(line, ' ', length);
    size_t i, key_length = blank ? (size_t)(blank - line) : length;
    *key = mr_bytes(line, key_length);
    *value = blank ? mr_bytes(blank + 1, length - key_length - 1) : mr_bytes(NULL, 0);
    for (i = 0; i < length; i++)
        line[i] = line[i] == '~' ? '\n' : line[i] == '%' ? '\t' : line[i];
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    mr_slice key, value;
    int printed = ctx->records != MR_RECORDS_LINES || mr_option_flag(ctx, "tsv");
    if (printed && !read_printed(ctx, record, length, &key, &value)) {
        mr_fail(ctx, "that is no key and value");
        return;
    }
    if (!printed) read_line(record, length, &key, &value);
    switch (mr_option_int(ctx, "kind")) {
    case 0:
        mr_emit_int64(ctx, key, (int64_t)value.length);
        break;
    case 1:
        mr_emit(ctx, key, value);
        break;
    default:
        print(ctx, key, value);
    }
}

static void reduce(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value;
    while (mr_next_value(values, &value)) {
        if (value.length == 6 && !memcmp(value.data, "reject", 6)) MR_SKIP(ctx, "rejected");
        print(ctx, key, value);
    }
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    static const char dots[] = "..........";
    int64_t length = *(const int64_t *)value;
    print(ctx, key, mr_bytes(dots, (size_t)(length < 10 ? length : 10)));
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    static const uint32_t kinds[] = {MR_FOLD, MR_GROUP, MR_MAP};
    int64_t kind = mr_option_int(ctx, "kind"), as = mr_option_int(ctx, "as");
    self->kind = kinds[kind];
    self->fold_type = kind == 0 ? MR_FOLD_MAX_INT64 : 0;
    self->finish = kind == 0 ? finish : NULL;
    self->reduce = kind == 1 ? reduce : NULL;
    self->columns = as == COLUMNS || as == TABS ? "name\ttext\ttext again\tname again" : NULL;
}

MR_PLUGIN(.name = "printing", .options = options, .kind = MR_MAP, .configure = configure, .open = open, .map = map)
