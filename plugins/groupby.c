/* groupby - counts, sums, extremes, means and distinct values of the columns of CSV files, or of paths in JSON lines,
 * for each group of rows. A model of a custom fold that is put together from options, and of keys that stay together.
 *
 *     mr run groupby --set by=country,city --set compute=count,sum:amount,distinct:customer sales.csv
 *     mr run groupby --records jsonl --set by=user.country --set compute=max:score events.jsonl
 */
// mr: -lcjson
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_columns.h"
#include "mr.h"

static const mr_option options[] = {
    {"by", MR_OPTION_TEXT, 0, NULL, NULL,
     "columns (names, or numbers from 1) or JSON paths (a.b.0), with commas between"},
    {"compute", MR_OPTION_TEXT, 0, "count", NULL,
     "what to print of a group: count, count:C, sum:C, min:C, max:C, mean:C, distinct:C, with commas between"},
    {"header", MR_OPTION_FLAG, 0, "yes", NULL, "whether the first row of each CSV file names its columns"},
    {"columns", MR_OPTION_TEXT, 0, "", NULL, "the names of the columns as a CSV row, instead of those in the files"},
    {"delimiter", MR_OPTION_TEXT, 0, ",", NULL,
     "with --records lines, where quotes mean nothing: the byte between fields, or tab"},
    {"decimals", MR_OPTION_INT, 0, "6", NULL, "the most decimals of a number, 0 to 9; means are rounded to as many"},
    {"bad", MR_OPTION_CHOICE, 0, "fail", "fail|skip", "skip: count rows that cannot be used, and go on"},
    {0}};

/* Sums are exact, and do not leave 128 bits. */
__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum { MOST = 64 /* things to compute, and columns of the key */ };

static csv_columns csv; /* the columns that are needed, or paths; those of the key come first */
static int key_count;   /* how many these are */

/* The number in a column of the row at hand. */
typedef struct cell {
    int is_needed;  /* it has to be a number */
    int is_there;   /* and is one */
    int64_t number; /* in units of the last decimal */
    char *json;     /* what cJSON has printed for the column; NULL: nothing */
} cell;
static cell cells[CSV_COLUMNS_MOST];

/* An accumulator is a list of parts, one word or two each. A row is folded like an accumulator of one row. */
enum part_kind { ROWS, FILLED, NUMBERS, SUM, MINIMUM, MAXIMUM };
typedef struct part {
    enum part_kind kind;
    int column; /* -1: none */
    int word;   /* where it begins in the accumulator */
} part;

/* What is printed of a group, in this order. */
enum item_kind { COUNT, TOTAL, LEAST, GREATEST, MEAN, DISTINCT };
static const char *const item_names[] = {"count", "sum", "min", "max", "mean", "distinct", NULL};
typedef struct item {
    enum item_kind kind;
    int column;      /* -1: none */
    int part;        /* the number that is printed; MEAN: the sum */
    int numbers;     /* MEAN: the part that says of how many numbers */
    uint64_t values; /* DISTINCT: how many of the group at hand there are */
} item;

enum { WORDS_MOST = 4 * MOST };
static part parts[2 * MOST];
static item items[MOST];
static int part_count, item_count, words;
static int distinct; /* one of the items is */
static int json;     /* records are JSON values */
static unsigned decimals;
static uint64_t *bad_rows;                           /* counted here; NULL: they are failures */
static uint64_t *without_path;                       /* counter: JSON values in which a path of the key leads nowhere */
static csv_text titles;                              /* of the columns of the output */
static int64_t nothing[WORDS_MOST], one[WORDS_MOST]; /* accumulators: of no row, of the row at hand */

static csv_text key, group;       /* the key of the row at hand; the group whose distinct values are being counted */
static int64_t total[WORDS_MOST]; /* its accumulator */
static int in_group;              /* there is such a group */

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* The column of a name, a new one if there is none, or if it is for the key; -1 after a failure. */
static int need_column(mr_ctx *ctx, mr_slice name, int is_key) {
    for (int i = is_key ? csv.count : 0; i < csv.count; i++)
        if (!strncmp(csv.columns[i].name, name.data, name.length) && !csv.columns[i].name[name.length]) return i;
    char *copy = strndup(name.data, name.length);
    if (copy && name.length && csv.count < CSV_COLUMNS_MOST && (!is_key || csv.count < MOST)) {
        csv.columns[csv.count].name = copy;
        return csv.count++;
    }
    mr_fail(ctx, copy && name.length ? "these are too many columns" : "a column in by or compute has no name");
    free(copy);
    return -1;
}

static int need_part(enum part_kind kind, int column) {
    for (int i = 0; i < part_count; i++)
        if (parts[i].kind == kind && parts[i].column == column) return i;
    parts[part_count] = (part){kind, column, words};
    nothing[words] = kind == MINIMUM ? INT64_MAX : kind == MAXIMUM ? INT64_MIN : 0;
    one[words] = kind == ROWS;
    words += kind == SUM ? 2 : 1;
    return part_count++;
}

/* Reads one thing to compute: a word, or a word, a colon and a column. */
static void read_item(mr_ctx *ctx, mr_slice text) {
    static const enum part_kind kinds[] = {FILLED, SUM, MINIMUM, MAXIMUM, SUM};
    const char *colon = memchr(text.data, ':', text.length);
    size_t length = colon ? (size_t)(colon - text.data) : text.length;
    int kind = 0;
    while (item_names[kind] && (strlen(item_names[kind]) != length || memcmp(item_names[kind], text.data, length) != 0))
        kind++;
    if (!item_names[kind] || (kind != COUNT && !colon) || item_count == MOST) {
        mr_fail(ctx,
                "'%.*s' cannot be computed; up to %d of count, count:C, sum:C, min:C, max:C, mean:C, distinct:C can",
                (int)text.length, text.data, MOST);
        return;
    }
    int column = colon ? need_column(ctx, mr_bytes(colon + 1, text.length - length - 1), 0) : -1;
    if (colon && column < 0) return;
    item *next = &items[item_count++];
    *next = (item){.kind = (enum item_kind)kind, .column = column};
    if (kind == DISTINCT) {
        distinct = 1;
        return;
    }
    next->part = need_part(colon ? kinds[kind] : ROWS, column);
    if (kind == MEAN) next->numbers = need_part(NUMBERS, column);
    if (kind != COUNT) cells[column].is_needed = 1;
}

/* Calls take for each part of a list with commas between. */
static void read_list(mr_ctx *ctx, const char *list, void (*take)(mr_ctx *, mr_slice)) {
    for (const char *comma; list; list = comma ? comma + 1 : NULL) {
        comma = strchr(list, ',');
        take(ctx, mr_bytes(list, comma ? (size_t)(comma - list) : strlen(list)));
    }
}

static void read_key(mr_ctx *ctx, mr_slice name) {
    need_column(ctx, name, 1);
}

/* The names of the columns of the output. */
static void make_titles(mr_ctx *ctx) {
    titles.length = 0;
    for (int i = 0; i < key_count; i++)
        csv_append_column(ctx, &titles, i == 0, mr_text(csv.columns[i].name));
    for (const item *at = items; at < items + item_count; at++) {
        const char *name = at->column >= 0 ? csv.columns[at->column].name : "";
        csv_append_column(ctx, &titles, !titles.length, mr_text(item_names[at->kind]));
        csv_append(ctx, &titles, ":", *name != 0);
        csv_append(ctx, &titles, name, strlen(name));
        csv_append(ctx, &titles, ":number", 7);
    }
    csv_append(ctx, &titles, "", 1);
}

static void read_options(mr_ctx *ctx) {
    int64_t most = mr_option_int(ctx, "decimals");
    csv.quotes = ctx->records == MR_RECORDS_CSV;
    csv.delimiter = csv.quotes ? (char)ctx->delimiter : csv_delimiter(mr_option_text(ctx, "delimiter"));
    csv.header = mr_option_flag(ctx, "header");
    csv.names = mr_option_text(ctx, "columns");
    json = ctx->records == MR_RECORDS_JSONL;
    decimals = (unsigned)most;
    if (!json && !csv.quotes && ctx->records != MR_RECORDS_LINES)
        mr_fail(ctx, "records have to be csv, jsonl, or lines, which are CSV in which quotes mean nothing");
    if (csv.delimiter == '\n') mr_fail(ctx, "delimiter has to be one byte, or tab");
    if (most < 0 || most > 9) mr_fail(ctx, "decimals has to be from 0 to 9, not %lld", (long long)most);
    read_list(ctx, mr_option_text(ctx, "by"), read_key);
    key_count = csv.count;
    read_list(ctx, mr_option_text(ctx, "compute"), read_item);
    make_titles(ctx);
}

/* ---- rows of JSON ------------------------------------------------------------------------------------------------ */

/* An element of an array by its number, from 0; NULL when there is none, or the text is no number. */
static const cJSON *element(const cJSON *array, const char *text) {
    char *end;
    long number = strtol(text, &end, 10);
    if ((unsigned char)(*text - '0') >= 10 || *end || number > INT_MAX) return NULL;
    return cJSON_GetArrayItem(array, (int)number);
}

/* What stands at a path such as user.address.0; NULL when there is nothing. A member that has the whole path as its
 * name, as in what this plugin prints, goes first. */
static const cJSON *at_path(const cJSON *value, const char *path) {
    char step[256];
    while (value && path) {
        const char *dot = strchr(path, '.');
        size_t length = dot ? (size_t)(dot - path) : strlen(path);
        const cJSON *named = dot && cJSON_IsObject(value) ? cJSON_GetObjectItemCaseSensitive(value, path) : NULL;
        if (named) return named;
        if (length >= sizeof step) return NULL;
        memcpy(step, path, length);
        step[length] = 0;
        value = cJSON_IsArray(value) ? element(value, step) : cJSON_GetObjectItemCaseSensitive(value, step);
        path = dot ? dot + 1 : NULL;
    }
    return value;
}

/* Takes what is needed out of a JSON value; null is nothing, and what is no text goes as JSON. */
static void take_values(const cJSON *value) {
    int is_missing = 0;
    for (int i = 0; i < csv.count; i++) {
        const cJSON *found = at_path(value, csv.columns[i].name);
        csv.columns[i].field = mr_bytes("", 0);
        is_missing |= !found && i < key_count;
        if (!found || cJSON_IsNull(found)) continue;
        if (!cJSON_IsString(found)) cells[i].json = cJSON_PrintUnformatted(found);
        const char *text = cJSON_IsString(found) ? found->valuestring : cells[i].json;
        if (text) csv.columns[i].field = mr_text(text);
    }
    *without_path += (uint64_t)is_missing;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static int is_nan(mr_slice text) {
    return text.length == 3 && (text.data[0] | 32) == 'n' && (text.data[1] | 32) == 'a' && (text.data[2] | 32) == 'n';
}

/* Reads what stands behind the e of a number. */
static int read_exponent(const char *at, const char *end, int *exponent) {
    int minus = at < end && *at == '-';
    at += minus || (at < end && *at == '+');
    if (at == end) return 0;
    for (; at < end && (unsigned char)(*at - '0') < 10 && *exponent < 1000; at++)
        *exponent = 10 * *exponent + *at - '0';
    if (minus) *exponent = -*exponent;
    return at == end;
}

/* Reads a number such as -12.30 or 1.5e3 as so many units of the last decimal; exactly, or 0 is returned. */
static int read_number(mr_slice text, int64_t *number) {
    const uint64_t largest = INT64_MAX - 1; /* one less: that one stands for nothing */
    const char *at = text.data, *end = text.data + text.length;
    int negative = at < end && *at == '-', digits = 0, behind = -1, power = 0;
    uint64_t result = 0;
    at += negative || (at < end && *at == '+');
    for (; at < end; at++) {
        unsigned digit = (unsigned)(unsigned char)*at - '0';
        if (digit > 9) {
            if (*at != '.' || behind >= 0) break;
            behind = digits;
        } else {
            if (result > (largest - digit) / 10) return 0;
            result = 10 * result + digit;
            digits++;
        }
    }
    if (at < end && (*at | 32) == 'e' && !read_exponent(at + 1, end, &power)) return 0;
    if ((at < end && (*at | 32) != 'e') || !digits) return 0;
    power += (int)decimals - (behind < 0 ? 0 : digits - behind);
    for (; power < 0 && result; power++, result /= 10)
        if (result % 10) return 0; /* more decimals than there may be */
    for (; power > 0 && result; power--, result *= 10)
        if (result > largest / 10) return 0;
    *number = negative ? -(int64_t)result : (int64_t)result;
    return 1;
}

/* Writes a number in units of the last decimal, without zeros at the end. */
static size_t write_number(char text[64], int128 number) {
    char reversed[64];
    size_t length = 0, used = 0;
    uint128 rest = number < 0 ? 0 - (uint128)number : (uint128)number;
    unsigned behind = decimals;
    for (; behind && rest % 10 == 0; behind--)
        rest /= 10;
    for (unsigned digits = 0; rest || digits <= behind; rest /= 10, digits++) {
        if (digits && digits == behind) reversed[used++] = '.';
        reversed[used++] = (char)('0' + (int)(rest % 10));
    }
    if (number < 0) text[length++] = '-';
    while (used)
        text[length++] = reversed[--used];
    return length;
}

/* ---- from a row to the fold -------------------------------------------------------------------------------------- */

/* Makes the accumulator of the row at hand. */
static void make_one(void) {
    for (const part *at = parts; at < parts + part_count; at++) {
        int64_t *word = &one[at->word];
        if (at->kind == ROWS) continue;
        const cell *of = &cells[at->column];
        memcpy(word, &nothing[at->word], at->kind == SUM ? 2 * sizeof *word : sizeof *word);
        if (at->kind == FILLED) *word = csv.columns[at->column].field.length > 0;
        if (at->kind == FILLED || !of->is_there) continue;
        *word = at->kind == NUMBERS ? 1 : of->number;
        if (at->kind == SUM) word[1] = of->number < 0 ? -1 : 0;
    }
}

static void fold(mr_ctx *ctx, void *accumulator, const void *value) {
    int64_t *into = accumulator;
    const int64_t *from = value;
    (void)ctx;
    for (const part *at = parts; at < parts + part_count; at++) {
        int word = at->word;
        if (at->kind == SUM) {
            uint128 a, b;
            memcpy(&a, into + word, sizeof a);
            memcpy(&b, from + word, sizeof b);
            a += b;
            memcpy(into + word, &a, sizeof a);
        } else if (at->kind == MINIMUM) {
            into[word] = from[word] < into[word] ? from[word] : into[word];
        } else if (at->kind == MAXIMUM) {
            into[word] = from[word] > into[word] ? from[word] : into[word];
        } else {
            into[word] += from[word];
        }
    }
}

/* For each distinct value there is a key of its own: the group, a zero byte, which item it is for, and the value. It
 * comes behind the key of the group itself. */
static void emit_distinct(mr_ctx *ctx, mr_slice of_group) {
    if (of_group.data != key.bytes) {
        key.length = 0;
        if (!csv_append(ctx, &key, of_group.data, of_group.length)) return;
    }
    size_t length = key.length;
    for (int i = 0; i < item_count; i++) {
        char mark[2] = {0, (char)i};
        mr_slice value = items[i].column < 0 ? mr_bytes(NULL, 0) : csv.columns[items[i].column].field;
        if (items[i].kind != DISTINCT || !value.length) continue;
        key.length = length;
        if (!csv_append(ctx, &key, mark, 2) || !csv_append(ctx, &key, value.data, value.length)) return;
        mr_emit(ctx, mr_bytes(key.bytes, key.length), mr_bytes(nothing, (size_t)words * sizeof *nothing));
    }
}

/* Emits the row whose fields have been taken. */
static void emit_row(mr_ctx *ctx, mr_slice row) {
    for (int i = 0; i < csv.count; i++) {
        mr_slice field = csv.columns[i].field;
        if (!cells[i].is_needed) continue;
        cells[i].is_there = field.length && !is_nan(field);
        if (cells[i].is_there && !read_number(field, &cells[i].number)) {
            char why[128];
            snprintf(why, sizeof why, "no number, or too large or too fine for --set decimals=%u: %.*s", decimals,
                     field.length < 60 ? (int)field.length : 60, field.data);
            csv_reject(ctx, row, bad_rows, why);
            return;
        }
    }
    make_one();
    /* Distinct values have to stay where they are in the row. */
    mr_slice of_group = csv_key(ctx, &csv, key_count, &key, distinct ? mr_bytes(NULL, 0) : row);
    mr_emit(ctx, of_group, mr_bytes(one, (size_t)words * sizeof *one));
    if (distinct) emit_distinct(ctx, of_group);
}

static void map_rows(mr_ctx *ctx, char *text, char *end) {
    mr_slice row;
    if (!csv_columns_enter(ctx, &csv, &text, end)) return;
    for (int got; (got = csv_next_row(&csv, &text, end, &row)) != 0;)
        if (got > 0)
            emit_row(ctx, row);
        else
            csv_reject(ctx, row, bad_rows, "fewer fields than needed");
}

static void map_json(mr_ctx *ctx, char *text, size_t length) {
    mr_lines lines = mr_lines_of(ctx, text, length);
    mr_slice line;
    while (mr_next(&lines, &line)) {
        if (csv_is_empty_row(line.data, line.data + line.length)) continue;
        cJSON *value = cJSON_ParseWithLength(line.data, line.length);
        if (value) {
            take_values(value);
            emit_row(ctx, line);
        } else {
            csv_reject(ctx, line, bad_rows, "no JSON");
        }
        cJSON_Delete(value);
        for (int i = 0; i < csv.count; i++) {
            cJSON_free(cells[i].json);
            cells[i].json = NULL;
        }
    }
}

static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    if (json)
        map_json(ctx, text, length);
    else
        map_rows(ctx, text, text + length);
}

/* ---- from the fold to the output --------------------------------------------------------------------------------- */

/* A mean is rounded to the nearest number, halves away from zero; there is none of no numbers. */
static size_t write_mean(char text[64], int128 sum, int64_t numbers) {
    if (!numbers) return 0;
    int128 half = numbers / 2, odd = numbers % 2;
    int128 size = sum < 0 ? -sum : sum, mean = size / numbers, rest = size % numbers;
    mean += rest >= half + odd;
    return write_number(text, sum < 0 ? -mean : mean);
}

static void print_group(mr_ctx *ctx, mr_slice of_group, const int64_t *accumulator) {
    for (const item *at = items; at < items + item_count; at++) {
        const int64_t *word = &accumulator[parts[at->part].word];
        char text[64];
        size_t length = 0;
        int128 sum = *word;
        if (at->kind == TOTAL || at->kind == MEAN) memcpy(&sum, word, sizeof sum);
        if (at->kind == COUNT || at->kind == DISTINCT)
            length = (size_t)sprintf(text, "%llu",
                                     at->kind == COUNT ? (unsigned long long)*word : (unsigned long long)at->values);
        else if (at->kind == MEAN)
            length = write_mean(text, sum, accumulator[parts[at->numbers].word]);
        else if (at->kind == TOTAL || *word != nothing[parts[at->part].word])
            length = write_number(text, sum);
        mr_append_column(ctx, at == items, mr_bytes(text, length));
    }
    mr_emit(ctx, of_group, mr_appended(ctx));
}

static void finish(mr_ctx *ctx, mr_slice of_group, const void *value) {
    print_group(ctx, of_group, value);
}

/* With distinct values a group is printed when the next one begins, or at the end. */
static void begin(mr_ctx *ctx) {
    (void)ctx;
    in_group = 0;
}

static void end(mr_ctx *ctx) {
    if (in_group) print_group(ctx, mr_bytes(group.bytes, group.length), total);
    in_group = 0;
}

static void finish_value(mr_ctx *ctx, mr_slice of_value, const void *value) {
    const char *zero = of_value.length ? memchr(of_value.data, 0, of_value.length) : NULL;
    if (zero) {
        items[(unsigned char)zero[1]].values++;
        return;
    }
    end(ctx);
    group.length = 0;
    in_group = csv_append(ctx, &group, of_value.data, of_value.length);
    memcpy(total, value, (size_t)words * sizeof *total);
    for (int i = 0; i < item_count; i++)
        items[i].values = 0;
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    read_options(ctx);
    if (!words) need_part(ROWS, -1); /* a value has at least one byte */
    self->value_size = (uint32_t)words * sizeof(int64_t);
    self->columns = titles.bytes;
    if (!distinct) return;
    self->together = MR_TOGETHER_GROUP;
    self->begin = begin;
    self->finish = finish_value;
    self->end = end;
}

static void start(mr_ctx *ctx) {
    if (mr_option_int(ctx, "bad")) bad_rows = mr_counter(ctx, "bad rows");
    without_path = mr_counter(ctx, "rows without a path of by");
}

static void stop(mr_ctx *ctx) {
    (void)ctx;
    free(key.bytes);
    free(group.bytes);
}

MR_PLUGIN(.name = "groupby",
          .summary = "count, sum, min, max, mean, distinct of columns for groups of CSV or JSON rows",
          .options = options, .kind = MR_FOLD, .records = MR_RECORDS_CSV, .any_records = 1,
          .value_size = sizeof(int64_t), .configure = configure, .open = start, .close = stop, .map_chunk = map_chunk,
          .fold = fold, .finish = finish)
