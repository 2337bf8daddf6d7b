/* csv_columns.h - the columns of CSV rows that a plugin needs, by their names or numbers, as fast as rows can be gone
 * through. For plugins with map_chunk; what they share, not a part of mr.h.
 *
 * Names are those of the first row of each source, so that files may have their columns in different orders. A worker
 * that is not handed the beginning of a source asks mr for it.
 */
#ifndef MR_PLUGINS_CSV_COLUMNS_H
#define MR_PLUGINS_CSV_COLUMNS_H

#include <stdlib.h>
#include <string.h>

#include "mr.h"

enum { CSV_COLUMNS_MOST = 512 };

typedef struct csv_column {
    const char *name; /* or its number from 1, where no column has that name; borrowed */
    mr_slice field;   /* what csv_columns_take has found, without quotes; borrowed like the text of the row */
    size_t place;     /* its number in the source at hand, from 0 */
} csv_column;

/* Set delimiter, quotes, header, names and columns; everything else is zero at first. */
typedef struct csv_columns {
    char delimiter;    /* byte between fields */
    int quotes;        /* fields may be quoted: the records of the job are MR_RECORDS_CSV */
    int header;        /* the first row of each source names its columns, and is none of the rows */
    const char *names; /* the names as a row, in place of those of the sources; NULL or empty: there are none */
    csv_column columns[CSV_COLUMNS_MOST];
    int count;                      /* how many are needed */
    int by_place[CSV_COLUMNS_MOST]; /* their indexes, in the order of their places */
    uint64_t source;                /* whose columns are known, plus 1; 0: of none */
    char *titles;                   /* what csv_titles has made, for free at the end; NULL: nothing */
} csv_columns;

/* The byte that an option means by one byte, tab or \t; a newline when it is not right. */
static inline char csv_delimiter(const char *text) {
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0) return '\t';
    return strlen(text) == 1 && *text != '"' ? *text : '\n';
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* The first delimiter or newline from text on, or end: eight bytes at a time. A byte of a word becomes zero where it is
 * one of them, which the subtraction makes a set bit; the lowest such bit is right. */
static inline char *csv_plain_end(const csv_columns *csv, char *text, const char *end) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t each = 0x0101010101010101u, high = 0x8080808080808080u;
    const uint64_t delimiters = each * (unsigned char)csv->delimiter, newlines = each * '\n';
    for (; end - text >= 8; text += 8) {
        uint64_t word, cut, newline;
        memcpy(&word, text, sizeof word);
        cut = word ^ delimiters;
        newline = word ^ newlines;
        cut = (((cut - each) & ~cut) | ((newline - each) & ~newline)) & high;
        if (cut) return text + __builtin_ctzll(cut) / 8;
    }
#endif
    while (text < end && *text != csv->delimiter && *text != '\n')
        text++;
    return text;
}

/* Takes a field that begins with a quote at text; it is made to lie together in place. Returns where it ends. */
static inline char *csv_quoted_end(const csv_columns *csv, char *text, char *end, mr_slice *field) {
    char *from = text + 1, *to = text + 1;
    field->data = to;
    for (; from < end && (*from != '"' || (from + 1 < end && from[1] == '"')); from++) {
        from += *from == '"';
        *to++ = *from;
    }
    for (from += from < end; from < end && *from != csv->delimiter && *from != '\n'; from++)
        if (*from != '\r') *to++ = *from;
    field->length = (size_t)(to - field->data);
    return from;
}

/* Where the row ends that text is in, at a delimiter or at the newline, without changing it. */
static inline char *csv_row_end(const csv_columns *csv, char *text, char *end) {
    while (csv->quotes && text < end && *text != '\n') {
        if (++text == end || *text != '"') {
            text = csv_plain_end(csv, text, end);
            continue;
        }
        for (text++; text < end && (*text != '"' || (text + 1 < end && text[1] == '"')); text++)
            text += *text == '"';
        text = csv_plain_end(csv, text, end);
    }
    char *newline = text < end ? memchr(text, '\n', (size_t)(end - text)) : NULL;
    return newline ? newline : end;
}

/* Takes the fields of the needed columns out of the row at text, which may be overwritten for that. Returns where the
 * last of them ends; *found is how many of them the row has. To be followed by csv_row_end. */
static inline char *csv_columns_take(csv_columns *csv, char *text, char *end, int *found) {
    int next = 0;
    for (size_t place = 0; next < csv->count; place++) {
        mr_slice field;
        char *start = text;
        if (csv->quotes && text < end && *text == '"') {
            text = csv_quoted_end(csv, text, end, &field);
        } else {
            text = csv_plain_end(csv, text, end);
            field = mr_bytes(start, (size_t)(text - start));
            if ((text == end || *text == '\n') && field.length && text[-1] == '\r') field.length--;
        }
        while (next < csv->count && csv->columns[csv->by_place[next]].place == place)
            csv->columns[csv->by_place[next++]].field = field;
        if (text == end || *text == '\n') break;
        text += next < csv->count;
    }
    *found = next;
    return text;
}

/* Whether there is nothing in the row at text. */
static inline int csv_is_empty_row(const char *text, const char *end) {
    text += text < end && *text == '\r';
    return text == end || *text == '\n';
}

/* Goes on to the next row that is not empty, at *text, and takes its fields. 1; -1 when it has too few; 0 at the end.
 * row becomes the row, without its newline. */
static inline int csv_next_row(csv_columns *csv, char **text, char *end, mr_slice *row) {
    while (*text < end) {
        char *start = *text;
        int found, is_empty = csv_is_empty_row(start, end);
        char *row_end = csv_row_end(csv, csv_columns_take(csv, start, end, &found), end);
        *text = row_end + (row_end < end);
        *row = mr_bytes(start, (size_t)(row_end - start));
        if (!is_empty) return found == csv->count ? 1 : -1;
    }
    return 0;
}

/* Counts a row that cannot be used; counter NULL: it is a bad record. */
static inline void csv_reject(mr_ctx *ctx, mr_slice row, uint64_t *counter, const char *why) {
    if (counter)
        *counter += 1;
    else
        mr_skip_line(ctx, row, "%s; --set bad=skip leaves out such rows", why);
}

/* ---- headers ----------------------------------------------------------------------------------------------------- */

/* The place of a column among the names of a row; -1 when there is no such name, and it is no number either. The row is
 * overwritten. */
static inline long csv_place_of(const csv_columns *csv, const char *wanted, char *row, size_t length) {
    mr_csv names = mr_csv_of(row, length, csv->delimiter);
    mr_slice name;
    char *behind;
    for (long place = 0; mr_next_csv(&names, &name); place++)
        if (strlen(wanted) == name.length && memcmp(name.data, wanted, name.length) == 0) return place;
    long number = strtol(wanted, &behind, 10);
    return !*behind && number > 0 ? number - 1 : -1;
}

/* Finds all columns in a row of names; 0 when one is missing, and the job has failed. */
static inline int csv_find_columns(mr_ctx *ctx, csv_columns *csv, mr_slice row) {
    char *copy = malloc(row.length + 1);
    int filled = 0, failed = !copy;
    size_t widest = 0;
    if (failed) mr_fail(ctx, "out of memory");
    for (csv_column *column = csv->columns; column < csv->columns + csv->count && !failed; column++) {
        if (row.length) memcpy(copy, row.data, row.length);
        long place = csv_place_of(csv, column->name, copy, row.length);
        failed = place < 0;
        if (failed)
            mr_fail(ctx, "%s has no column '%s' in its first row: %.*s%s", mr_source_name(ctx, ctx->source),
                    column->name, row.length < 200 ? (int)row.length : 200, row.data ? row.data : "",
                    row.length && !memchr(row.data, csv->delimiter, row.length)
                        ? " (a single column; --records csv:X says which byte stands between columns)"
                        : "");
        column->place = (size_t)place;
        widest = column->place > widest ? column->place : widest;
    }
    free(copy);
    for (size_t place = 0; place <= widest && filled < csv->count && !failed; place++)
        for (int i = 0; i < csv->count; i++)
            if (csv->columns[i].place == place) csv->by_place[filled++] = i;
    return !failed;
}

/* Finds all columns in the first row of a source, which may have a mark of its encoding in front. */
static inline int csv_find_in_header(mr_ctx *ctx, csv_columns *csv, char *text, size_t length) {
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    return csv_find_columns(ctx, csv, mr_bytes(text, length));
}

/* The length of the first row of a text, without its newline. */
static inline size_t csv_first_row(const csv_columns *csv, const char *text, size_t length) {
    size_t i = 0;
    for (int inside = 0; i < length && (text[i] != '\n' || inside); i++)
        inside ^= csv->quotes && text[i] == '"';
    return i;
}

/* A copy of the first row of a source, for free; NULL when the job has failed. */
static inline char *csv_header_of(mr_ctx *ctx, const csv_columns *csv, uint64_t source, size_t *length) {
    mr_slice first;
    if (!mr_first_record(ctx, source, &first)) {
        mr_fail(ctx,
                "the names of the columns of %s are not known: its first row is too long, or cannot be read twice%s",
                mr_source_name(ctx, source),
                csv->names ? "; give them with --set columns=A,B,..." : "; copy it into a file");
        return NULL;
    }
    char *row = malloc(first.length + 1);
    if (!row) mr_fail(ctx, "out of memory");
    if (row && first.length) memcpy(row, first.data, first.length);
    *length = first.length;
    return row;
}

static inline int csv_find_in_file(mr_ctx *ctx, csv_columns *csv) {
    size_t length;
    char *row = csv_header_of(ctx, csv, ctx->source, &length);
    int ok = row && csv_find_in_header(ctx, csv, row, length);
    free(row);
    return ok;
}

/* To be called first by map_chunk: makes the columns of the source at hand known, and passes over its header. 0 when a
 * column is missing, and the job has failed. */
static inline int csv_columns_enter(mr_ctx *ctx, csv_columns *csv, char **text, char *end) {
    int is_first = mr_first_of_source(ctx), known = csv->source == ctx->source + 1, named = csv->names && *csv->names;
    if (*text == end || (known && !is_first)) return 1;
    size_t first = csv_first_row(csv, *text, (size_t)(end - *text));
    csv->source = 0;
    if (named || !csv->header)
        known = csv_find_columns(ctx, csv, mr_text(named ? csv->names : ""));
    else if (is_first)
        known = csv_find_in_header(ctx, csv, *text, first);
    else
        known = csv_find_in_file(ctx, csv);
    if (is_first && csv->header) *text += first + (*text + first < end);
    if (known) csv->source = ctx->source + 1;
    return known;
}

/* ---- keys and columns of the output ------------------------------------------------------------------------------ */

/* A text that grows. */
typedef struct csv_text {
    char *bytes; /* what free frees */
    size_t length, size;
} csv_text;

/* Appends bytes; 0 when there is no memory, and the job has failed. */
static inline int csv_append(mr_ctx *ctx, csv_text *text, const char *bytes, size_t length) {
    if (length > text->size - text->length) {
        size_t size = 2 * (text->length + length) + 64;
        char *larger = realloc(text->bytes, size);
        if (!larger) {
            mr_fail(ctx, "out of memory");
            return 0;
        }
        text->bytes = larger;
        text->size = size;
    }
    if (length) memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    return 1;
}

static inline int csv_is_special(char byte) {
    return byte == '\\' || byte == '\t' || byte == '\n' || byte == '\r' || byte == 0;
}

/* Whether a field is written as it is by csv_append_column. */
static inline int csv_is_plain(mr_slice field) {
    size_t i = 0;
    while (i < field.length && !csv_is_special(field.data[i]))
        i++;
    return i == field.length;
}

/* Appends a field as a column of the output, like mr_append_column: behind a tab unless it is the first, and with its
 * tabs escaped. So are zero bytes, which can then stand behind it in a key. */
static inline int csv_append_column(mr_ctx *ctx, csv_text *text, int first, mr_slice field) {
    size_t done = 0;
    if (!first && !csv_append(ctx, text, "\t", 1)) return 0;
    for (size_t i = 0; i < field.length; i++) {
        char byte = field.data[i], escape[2] = {'\\', byte};
        if (!csv_is_special(byte)) continue;
        if (byte != '\\') escape[1] = byte == '\t' ? 't' : byte == '\n' ? 'n' : byte == '\r' ? 'r' : '0';
        if (!csv_append(ctx, text, field.data + done, i - done) || !csv_append(ctx, text, escape, 2)) return 0;
        done = i + 1;
    }
    return csv_append(ctx, text, field.data + done, field.length - done);
}

/* Appends some columns of the row at hand. */
static inline int csv_append_columns(mr_ctx *ctx, const csv_columns *csv, int from, int to, csv_text *text) {
    int ok = 1;
    for (int i = from; i < to && ok; i++)
        ok = csv_append_column(ctx, text, i == from, csv->columns[i].field);
    return ok;
}

/* The first columns of the row at hand as a key, made in text. Keys that lie in the text of map_chunk are emitted
 * faster, so that is where it is put, if it fits into the row, which is no longer needed then. */
static inline mr_slice csv_key(mr_ctx *ctx, const csv_columns *csv, int count, csv_text *text, mr_slice row) {
    if (count == 1 && csv_is_plain(csv->columns[0].field)) return csv->columns[0].field;
    text->length = 0;
    if (!csv_append_columns(ctx, csv, 0, count, text)) return mr_bytes(NULL, 0);
    if (text->length > row.length) return mr_bytes(text->bytes, text->length);
    if (text->length) memcpy((char *)(uintptr_t)row.data, text->bytes, text->length);
    return mr_bytes(row.data, text->length);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* Adds the columns of a list with commas between, which may be empty. The names are kept for good. */
static inline void csv_add_columns(mr_ctx *ctx, csv_columns *csv, const char *list) {
    if (!*list) return;
    for (const char *comma; list; list = comma ? comma + 1 : NULL) {
        comma = strchr(list, ',');
        char *name = strndup(list, comma ? (size_t)(comma - list) : strlen(list));
        if (!name || !*name || csv->count == CSV_COLUMNS_MOST) {
            mr_fail(ctx, name && !*name ? "a column has no name" : "there are too many columns");
            free(name);
            return;
        }
        csv->columns[csv->count++].name = name;
    }
}

/* The names of the first columns, and another, for mr_plugin.columns. NULL after a failure. */
static inline const char *csv_titles(mr_ctx *ctx, csv_columns *csv, int count, const char *last) {
    csv_text made = {0};
    for (int i = 0; i < count; i++)
        csv_append_column(ctx, &made, i == 0, mr_text(csv->columns[i].name));
    csv_append_column(ctx, &made, 0, mr_text(last));
    int ok = csv_append(ctx, &made, "", 1);
    csv->titles = made.bytes;
    return ok ? csv->titles : NULL;
}

/* Reads the options header and columns, and what is known of the records: csv, or lines, in which quotes mean nothing.
 */
static inline void csv_options(mr_ctx *ctx, csv_columns *csv) {
    csv->quotes = ctx->records == MR_RECORDS_CSV;
    csv->delimiter = csv->quotes ? (char)ctx->delimiter : ',';
    csv->header = mr_option_flag(ctx, "header");
    csv->names = mr_option_text(ctx, "columns");
}

#endif
