/* join - the rows of two CSV tables that have the same key: inner, left, right, outer, semi and anti joins of tables of
 * any size. A model of a group job in which reduce sees the keys that belong together one behind the other: a key of
 * the rows on the left is followed by that of the rows on the right.
 *
 *     mr run join customers.csv sales.csv --set on=id=customer --set kind=left
 */
#include <stdio.h>

#include "csv_columns.h"
#include "mr.h"

static const mr_option options[] = {
    {"on", MR_OPTION_TEXT, 0, NULL, NULL,
     "the columns of the key, with commas between; L=R: L on the left, R on the right"},
    {"kind", MR_OPTION_CHOICE, 0, "inner", "inner|left|right|outer|semi|anti",
     "which rows: with a partner; also all on the left, the right, both; those on the left with one; without one"},
    {"left", MR_OPTION_INT, 0, "1", NULL, "how many inputs, from the first, are the table on the left"},
    {"bad", MR_OPTION_CHOICE, 0, "fail", "fail|skip", "skip: count rows with too few fields, and go on"},
    {0}};

enum kind { INNER, LEFT, RIGHT, OUTER, SEMI, ANTI };
enum { HELD_MOST = 16 << 20 /* bytes of rows of one key that are held in memory; more are held in a file */ };

/* One of the tables. Its columns are those of its first file, those of the key in front. */
static csv_columns tables[2];
static int key_count;
static uint64_t left_files;
static enum kind kind;
static char *names_of_key; /* what the names of the columns of the key lie in */
static char *titles;       /* of the columns of the output */
static uint64_t *bad_rows; /* counted here; NULL: they are failures */

/* ---- options and columns ----------------------------------------------------------------------------------------- */

static int add_column(mr_ctx *ctx, csv_columns *table, const char *name) {
    if (table->count == CSV_COLUMNS_MOST) {
        mr_fail(ctx, "a table has more than %d columns", CSV_COLUMNS_MOST);
        return 0;
    }
    table->columns[table->count++].name = name;
    return 1;
}

/* Reads the columns of the key: names, or pairs of names. */
static void read_key(mr_ctx *ctx, char *on) {
    for (char *comma; on; on = comma ? comma + 1 : NULL) {
        comma = strchr(on, ',');
        if (comma) *comma = 0;
        char *equal = strchr(on, '=');
        if (equal) *equal = 0;
        if (!*on || (equal && !equal[1])) mr_fail(ctx, "a column in on has no name");
        if (!add_column(ctx, &tables[0], on) || !add_column(ctx, &tables[1], equal ? equal + 1 : on)) return;
        key_count++;
    }
}

static int is_key(const csv_columns *table, const char *name) {
    for (int i = 0; i < key_count; i++)
        if (strcmp(table->columns[i].name, name) == 0) return 1;
    return 0;
}

/* Adds the columns of a table that are not in the key, as the first row of its first file names them. */
static void read_columns(mr_ctx *ctx, csv_columns *table, uint64_t source) {
    size_t length;
    char *row = csv_header_of(ctx, table, source, &length);
    if (!row) return;
    size_t mark = length >= 3 && memcmp(row, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    mr_csv names = mr_csv_of(row + mark, length - mark, table->delimiter);
    mr_slice name;
    while (length > mark && mr_next_csv(&names, &name)) {
        char *copy = strndup(name.data, name.length); /* kept, as the name of a column */
        if (!copy) mr_fail(ctx, "out of memory");
        if (!copy || is_key(table, copy) || !add_column(ctx, table, copy)) free(copy);
    }
    free(row);
}

/* The names of the columns of the output: the key, the others on the left, and those on the right. */
static void make_titles(mr_ctx *ctx) {
    csv_text made = {0};
    for (int i = 0; i < tables[0].count; i++)
        csv_append_column(ctx, &made, i == 0, mr_text(tables[0].columns[i].name));
    for (int i = key_count; i < tables[1].count && kind < SEMI; i++)
        csv_append_column(ctx, &made, 0, mr_text(tables[1].columns[i].name));
    if (csv_append(ctx, &made, "", 1)) titles = made.bytes;
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    kind = (enum kind)mr_option_int(ctx, "kind");
    left_files = (uint64_t)mr_option_int(ctx, "left");
    if (left_files < 1 || left_files >= ctx->source_count) {
        mr_fail(ctx, "a join needs inputs on the left (the first %lld) and on the right; there are %llu",
                (long long)left_files, (unsigned long long)ctx->source_count);
        return;
    }
    if (ctx->records != MR_RECORDS_CSV) mr_fail(ctx, "the records of a join have to be csv");
    for (int i = 0; i < 2; i++)
        tables[i] = (csv_columns){.delimiter = (char)ctx->delimiter, .quotes = 1, .header = 1};
    key_count = 0;
    free(names_of_key);
    names_of_key = strdup(mr_option_text(ctx, "on"));
    if (names_of_key) read_key(ctx, names_of_key);
    read_columns(ctx, &tables[0], 0);
    read_columns(ctx, &tables[1], left_files);
    make_titles(ctx);
    self->columns = titles;
}

static void start(mr_ctx *ctx) {
    if (mr_option_int(ctx, "bad")) bad_rows = mr_counter(ctx, "bad rows");
}

/* ---- from rows to keys ------------------------------------------------------------------------------------------- */

/* The key of a row is that of the table, a zero byte, and the side. The value is what else there is. */
static void emit_row(mr_ctx *ctx, int side) {
    static csv_text key, rest;
    const char end[2] = {0, (char)side};
    const csv_columns *table = &tables[side];
    key.length = rest.length = 0;
    if (csv_append_columns(ctx, table, key_count, table->count, &rest) &&
        csv_append_columns(ctx, table, 0, key_count, &key) && csv_append(ctx, &key, end, 2))
        mr_emit(ctx, mr_bytes(key.bytes, key.length), mr_bytes(rest.bytes, rest.length));
}

static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    int side = ctx->source >= left_files;
    csv_columns *table = &tables[side];
    char *end = text + length;
    mr_slice row;
    if (!csv_columns_enter(ctx, table, &text, end)) return;
    for (int got; (got = csv_next_row(table, &text, end, &row)) != 0;)
        if (got > 0)
            emit_row(ctx, side);
        else
            csv_reject(ctx, row, bad_rows, "fewer fields than columns");
}

/* ---- from keys to rows ------------------------------------------------------------------------------------------- */

/* The rows on the left of a key, each behind its length, until it is known whether there are any on the right: the
 * first of them in memory, the others in a file. */
static csv_text held_key, held, row_at_hand;
static FILE *file;     /* NULL: they are all in memory */
static int has_left;   /* there are such rows */
static int is_matched; /* and rows on the right with the same key */

static void begin(mr_ctx *ctx) {
    (void)ctx;
    has_left = 0;
    if (file) fclose(file);
    file = NULL;
}

static void hold(mr_ctx *ctx, mr_slice row) {
    if (!file && held.length > HELD_MOST && !(file = tmpfile())) {
        mr_fail(ctx, "no file can be made for the rows of a key");
        return;
    }
    if (!file) {
        if (csv_append(ctx, &held, (const char *)&row.length, sizeof row.length))
            csv_append(ctx, &held, row.data, row.length);
    } else if (fwrite(&row.length, sizeof row.length, 1, file) != 1 ||
               (row.length && fwrite(row.data, row.length, 1, file) != 1)) {
        mr_fail(ctx, "the rows of a key cannot be written to a file");
    }
}

/* Gives the next of the rows that are held, from *at on, which counts the bytes in memory; 0 at the end. */
static int next_held(mr_ctx *ctx, size_t *at, mr_slice *row) {
    size_t length = 1;
    if (*at < held.length) {
        memcpy(&length, held.bytes + *at, sizeof length);
        *row = mr_bytes(held.bytes + *at + sizeof length, length);
        *at += sizeof length + length;
        return 1;
    }
    if (!file || (fread(&length, sizeof length, 1, file) != 1 && !ferror(file))) return 0;
    row_at_hand.length = 0;
    for (char part[4096]; length;) {
        size_t got = ferror(file) ? 0 : fread(part, 1, length < sizeof part ? length : sizeof part, file);
        if (!got) mr_fail(ctx, "the rows of a key cannot be read from a file");
        if (!got || !csv_append(ctx, &row_at_hand, part, got)) return 0;
        length -= got;
    }
    *row = mr_bytes(row_at_hand.bytes, row_at_hand.length);
    return 1;
}

/* Appends the columns of one side to the row of the output; empty ones if it has no row there. */
static void append_side(mr_ctx *ctx, const csv_columns *table, const mr_slice *row, int is_first) {
    int columns = table->count - key_count;
    if (!columns) return;
    if (!is_first) mr_append(ctx, mr_bytes("\t", 1));
    if (row) mr_append(ctx, *row);
    for (int i = 1; i < columns && !row; i++)
        mr_append(ctx, mr_bytes("\t", 1));
}

static void print_row(mr_ctx *ctx, mr_slice key, const mr_slice *left, const mr_slice *right) {
    int first = tables[0].count > key_count, second = kind < SEMI && tables[1].count > key_count;
    append_side(ctx, &tables[0], left, 1);
    if (second) append_side(ctx, &tables[1], right, !first);
    mr_slice value = mr_appended(ctx);
    if (first || second) {
        mr_emit(ctx, key, value);
    } else { /* nothing but the key */
        mr_write(ctx, key.data, key.length);
        mr_write(ctx, "\n", 1);
    }
}

static void print_held(mr_ctx *ctx, const mr_slice *right) {
    mr_slice row;
    if (file && fseek(file, 0, SEEK_SET) != 0) {
        mr_fail(ctx, "the rows of a key cannot be written to a file");
        return;
    }
    for (size_t at = 0; next_held(ctx, &at, &row);)
        print_row(ctx, mr_bytes(held_key.bytes, held_key.length), &row, right);
}

/* The rows on the left of a key are done with. */
static void end(mr_ctx *ctx) {
    if (has_left && (is_matched ? kind == SEMI : kind == LEFT || kind == OUTER || kind == ANTI)) print_held(ctx, NULL);
    begin(ctx);
}

static void reduce(mr_ctx *ctx, mr_slice full_key, mr_values *values) {
    mr_slice key = mr_bytes(full_key.data, full_key.length - 2), row;
    if (full_key.data[full_key.length - 1] == 0) {
        end(ctx);
        held_key.length = held.length = 0;
        has_left = csv_append(ctx, &held_key, key.data, key.length);
        is_matched = 0;
        while (mr_next_value(values, &row))
            hold(ctx, row);
        return;
    }
    int matches = has_left && held_key.length == key.length && memcmp(held_key.bytes, key.data, key.length) == 0;
    if (!matches) end(ctx);
    is_matched = matches;
    while ((is_matched ? kind < SEMI : kind == RIGHT || kind == OUTER) && mr_next_value(values, &row))
        if (is_matched)
            print_held(ctx, &row);
        else
            print_row(ctx, key, NULL, &row);
}

MR_PLUGIN(.name = "join", .summary = "join two CSV tables by their keys", .options = options, .kind = MR_GROUP,
          .records = MR_RECORDS_CSV, .together = MR_TOGETHER_GROUP, .configure = configure, .open = start,
          .map_chunk = map_chunk, .begin = begin, .reduce = reduce, .end = end)
