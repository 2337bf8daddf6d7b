#include "data/records.h"

#include <endian.h>
#include <stdio.h>

#include "base/units.h"
#include "data/bytes.h"

/* Lines, zero bytes and fixed sizes need no memory: a record ends at the next byte of one kind, or is counted off. A
 * paragraph ends at an empty line, so whether the line before was empty has to be known. For CSV it has to be known
 * whether a place lies within quotes, which only the bytes from the start of the source on can tell.
 *
 * Of a text of CSV only the quotes matter, and the bytes beside them: a quote opens a field when a delimiter or a
 * newline is before it, and otherwise is text; within quotes the next one closes, unless another follows it. What lies
 * between the quotes is looked through for newlines as a whole, and what lies within them is not looked at. */

enum { QUOTE = '"', NEAR = 16 /* bytes that are looked at one by one before a library function is called */ };

/* ---- names ------------------------------------------------------------------------------------------------------- */

static const char *const names[] = {[MR_RECORDS_LINES] = "lines",
                                    [MR_RECORDS_NUL] = "nul",
                                    [MR_RECORDS_PARAGRAPHS] = "paragraphs",
                                    [MR_RECORDS_FIXED] = "fixed",
                                    [MR_RECORDS_WHOLE] = "whole",
                                    [MR_RECORDS_CSV] = "csv",
                                    [MR_RECORDS_JSONL] = "jsonl",
                                    [MR_RECORDS_OWN] = "those of the plugin",
                                    [MR_RECORDS_PAIRS] = "pairs"};

static bool read_delimiter(mr_records *records, const char *text) {
    if (!strcmp(text, "tab") || !strcmp(text, "\\t")) text = "\t";
    records->delimiter = *text;
    return strlen(text) == 1 && !strchr("\"\r\n", *text);
}

/* Reads what stands behind the colon. */
static bool read_detail(mr_records *records, const char *text, mr_error *error) {
    if (records->kind == MR_RECORDS_FIXED)
        return mr_parse_count(text, 1, INT64_MAX, &records->size) ||
               mr_error_usage(error, "--records fixed:N wants a number of bytes above zero, not '%s'", text);
    if (records->kind == MR_RECORDS_CSV)
        return read_delimiter(records, text) ||
               mr_error_usage(error, "--records csv:X wants one byte, or tab, and no quote, not '%s'", text);
    return mr_error_usage(error, "--records %s has nothing behind it", names[records->kind]);
}

bool mr_records_read(mr_records *records, const char *text, mr_error *error) {
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    *records = (mr_records){0};
    for (uint32_t kind = 0; kind <= MR_RECORDS_PAIRS; kind++) {
        if (kind == MR_RECORDS_OWN || strlen(names[kind]) != length || memcmp(names[kind], text, length) != 0) continue;
        records->kind = kind;
        records->delimiter = kind == MR_RECORDS_CSV ? ',' : 0;
        if (colon) return read_detail(records, colon + 1, error);
        return kind != MR_RECORDS_FIXED || read_detail(records, "", error);
    }
    return mr_error_usage(
        error, "--records wants lines, nul, paragraphs, fixed:N, whole, csv, csv:X, jsonl or pairs, not '%s'", text);
}

const char *mr_records_name(const mr_records *records, char name[MR_RECORDS_NAME]) {
    if (records->kind == MR_RECORDS_FIXED)
        snprintf(name, MR_RECORDS_NAME, "fixed:%llu", (unsigned long long)records->size);
    else if (records->kind == MR_RECORDS_CSV && records->delimiter == '\t')
        snprintf(name, MR_RECORDS_NAME, "csv:tab");
    else if (records->kind == MR_RECORDS_CSV && records->delimiter != ',')
        snprintf(name, MR_RECORDS_NAME, "csv:%c", records->delimiter);
    else
        snprintf(name, MR_RECORDS_NAME, "%s", names[records->kind]);
    return name;
}

bool mr_records_sequential(const mr_records *records) {
    return records->first ? !records->begin : records->kind == MR_RECORDS_WHOLE || records->kind == MR_RECORDS_PAIRS;
}

/* ---- what a single byte ends ------------------------------------------------------------------------------------- */

static char terminator(const mr_records *records) {
    return (char)mr_records_terminator(records);
}

/* The front up to the record that holds the byte before limit; before that one is complete, up to the last whole one.
 */
static size_t whole_lines(mr_record_scan *scan, char end, const char *bytes, size_t length, size_t limit, bool last) {
    const char *found = NULL;
    if (length >= limit) {
        size_t from = mr_larger(limit - 1, scan->seen);
        found = memchr(bytes + from, end, length - from);
    }
    if (found) {
        scan->seen = (size_t)(found - bytes) + 1;
        return scan->seen;
    }
    found = memrchr(bytes + scan->seen, end, length - scan->seen);
    scan->seen = length;
    if (found) return (size_t)(found - bytes) + 1;
    return last ? length : 0;
}

/* ---- paragraphs -------------------------------------------------------------------------------------------------- */

static bool is_empty(const char *line, size_t length) {
    return length == 0 || (length == 1 && *line == '\r');
}

/* The front up to an empty line, which may be any before the next record. */
static size_t whole_paragraphs(mr_record_scan *scan, const char *bytes, size_t length, size_t limit, bool last) {
    size_t whole = 0;
    while (whole < limit && scan->seen < length) {
        const char *line = bytes + scan->seen, *newline = memchr(line, '\n', length - scan->seen);
        if (!newline) break;
        scan->inside = scan->cut || !is_empty(line, (size_t)(newline - line));
        scan->cut = false;
        scan->seen = (size_t)(newline - bytes) + 1;
        if (!scan->inside) whole = scan->seen;
    }
    return whole || !last ? whole : length;
}

static int find_paragraph(mr_record_scan *scan, const char *bytes, size_t length, size_t least, size_t *drop) {
    size_t whole = whole_paragraphs(scan, bytes, length, mr_larger(least, 1), false), rest = length - scan->seen;
    if (whole && whole >= least) {
        *drop = whole;
        *scan = (mr_record_scan){0};
        return 1;
    }
    /* Of a line that is not empty the beginning is not needed. */
    scan->cut = scan->cut || rest > 1;
    *drop = scan->cut ? length : scan->seen;
    scan->seen = 0;
    return 0;
}

/* The first line that is not empty; end when there is none. */
static const char *skip_empty_lines(const char *at, const char *end) {
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (!is_empty(at, (size_t)((newline ? newline : end) - at))) return at;
        at = newline ? newline + 1 : end;
    }
    return end;
}

static bool next_paragraph(const char *at, const char *end, mr_record *record) {
    mr_record_scan scan = {0};
    at = skip_empty_lines(at, end);
    if (at == end) return false;
    size_t length = whole_paragraphs(&scan, at, (size_t)(end - at), 1, true);
    const char *line = memrchr(at, '\n', length - (at[length - 1] == '\n')); /* before the last line */
    if (line && is_empty(line + 1, (size_t)(at + length - (line + 1)) - (at[length - 1] == '\n')))
        length = (size_t)(line + 1 - at);
    *record = (mr_record){at, length - (at[length - 1] == '\n'), at + length};
    return true;
}

size_t mr_paragraph_strip(char *bytes, size_t length) {
    char *to = bytes, *end = bytes + length;
    for (const char *from = bytes; from < end;) {
        const char *stop = memchr(from, '\r', (size_t)(end - from));
        size_t count = (size_t)((stop ? stop : end) - from);
        memmove(to, from, count);
        to += count;
        from += count;
        if (from == end) break;
        if (from + 1 == end || from[1] != '\n') *to++ = '\r';
        from++;
    }
    return (size_t)(to - bytes);
}

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

/* The next byte of one kind, which is often near. */
static const char *next_byte(const char *at, const char *end, char byte) {
    const char *near = end - at > NEAR ? at + NEAR : end;
    for (; at < near; at++)
        if (*at == byte) return at;
    return at < end ? memchr(at, byte, (size_t)(end - at)) : NULL;
}

/* The next quote that opens a field, from a place outside of quotes on; end when there is none. */
static const char *next_opening(char delimiter, const char *bytes, const char *at, const char *end) {
    while ((at = next_byte(at, end, QUOTE)) && at > bytes && at[-1] != delimiter && at[-1] != '\n')
        at++;
    return at ? at : end;
}

/* Behind the quotes that at is within; end, and *quotes says how, when that is not to be seen yet. */
static const char *behind_quotes(const char *at, const char *end, uint32_t *quotes) {
    for (;;) {
        if (*quotes == MR_QUOTES_INSIDE) at = next_byte(at, end, QUOTE);
        if (!at) return end;
        at += *quotes == MR_QUOTES_INSIDE;
        *quotes = MR_QUOTES_CLOSED;
        if (at == end) return end;
        *quotes = *at == QUOTE ? MR_QUOTES_INSIDE : MR_QUOTES_OUTSIDE;
        if (*quotes == MR_QUOTES_OUTSIDE) return at;
        at++;
    }
}

static const char *last_newline(const char *from, const char *end) {
    if (end - from > NEAR) return memrchr(from, '\n', (size_t)(end - from));
    while (end > from)
        if (*--end == '\n') return end;
    return NULL;
}

static size_t whole_rows(mr_record_scan *scan, char delimiter, const char *bytes, size_t length, size_t limit,
                         bool last) {
    const char *at = bytes + scan->seen, *end = bytes + length, *newline = NULL;
    while (at < end) {
        if (scan->quotes != MR_QUOTES_OUTSIDE) {
            at = behind_quotes(at, end, &scan->quotes);
            continue;
        }
        const char *opening = next_opening(delimiter, bytes, at, end);
        if ((size_t)(opening - bytes) >= limit) {
            const char *from = bytes + mr_larger(limit - 1, (size_t)(at - bytes));
            const char *found = memchr(from, '\n', (size_t)(opening - from));
            if (found) {
                scan->seen = (size_t)(found + 1 - bytes);
                return scan->seen;
            }
        }
        const char *found = last_newline(at, opening);
        newline = found ? found : newline;
        if (opening < end) scan->quotes = MR_QUOTES_INSIDE;
        at = opening < end ? opening + 1 : end;
    }
    scan->seen = length;
    if (newline) return (size_t)(newline + 1 - bytes);
    return last ? length : 0;
}

/* bytes[0] is always the byte before what has not been seen. */
static int find_row(mr_record_scan *scan, char delimiter, const char *bytes, size_t length, size_t *drop) {
    *drop = 0;
    if (length == 0) return 0;
    bool here = scan->quotes == MR_QUOTES_OUTSIDE && *bytes == '\n';
    *drop = here ? 1 : whole_rows(scan, delimiter, bytes, length, 1, false);
    if (*drop) {
        *scan = (mr_record_scan){0};
        return 1;
    }
    *drop = length - 1;
    scan->seen = 1;
    return 0;
}

static const char *row_end(char delimiter, const char *at, const char *end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (!memchr(at, QUOTE, (size_t)((newline ? newline : end) - at))) return newline ? newline + 1 : end;
    mr_record_scan scan = {0};
    return at + whole_rows(&scan, delimiter, at, (size_t)(end - at), 1, true);
}

void mr_quotes_follow(mr_quote_map *map, char delimiter, const char *bytes, size_t length) {
    const char *end = bytes + length, *behind = bytes + 1; /* the place that the map is about */
    if (length < 2) return;
    for (const char *at = behind; (at = next_byte(at, end, QUOTE)); at++, behind = at) {
        bool opens = at[-1] == delimiter || at[-1] == '\n';
        for (int i = 0; i < MR_QUOTES_STATES; i++) {
            if (map->behind[i] == MR_QUOTES_INSIDE)
                map->behind[i] = MR_QUOTES_CLOSED;
            else if (opens || (map->behind[i] == MR_QUOTES_CLOSED && at == behind))
                map->behind[i] = MR_QUOTES_INSIDE;
            else
                map->behind[i] = MR_QUOTES_OUTSIDE;
        }
    }
    for (int i = 0; i < MR_QUOTES_STATES && behind < end; i++)
        if (map->behind[i] == MR_QUOTES_CLOSED) map->behind[i] = MR_QUOTES_OUTSIDE;
}

/* A quote with a delimiter before it and text behind it opens a field, one with text before it and a delimiter behind
 * it closes one; within quotes they are doubled, so neither can be there. Everything before such a quote follows from
 * it. (As Ge, Li, Eilebrecht, Chandramouli and Kossmann divide CSV, 2019.) */
uint32_t mr_quotes_guess(char delimiter, const char *bytes, size_t length) {
    bool odd = false; /* the number of quotes so far */
    const char *end = bytes + length - 1;
    if (length < 3) return MR_QUOTES_OUTSIDE;
    for (const char *at = bytes + 1; (at = next_byte(at, end, QUOTE)); at++, odd = !odd) {
        bool opens = at[-1] == delimiter || at[-1] == '\n';
        bool closes = at[1] == delimiter || at[1] == '\n' || at[1] == '\r';
        bool is_opening = opens && !closes && at[1] != QUOTE, is_closing = closes && !opens && at[-1] != QUOTE;
        if (is_opening ? odd : is_closing && !odd) return MR_QUOTES_INSIDE;
        if (is_opening || is_closing) break;
    }
    return *bytes == QUOTE ? MR_QUOTES_CLOSED : MR_QUOTES_OUTSIDE;
}

/* ---- pairs ------------------------------------------------------------------------------------------------------- */

/* Only from the beginning on it is known what a length is, so these are divided as by somebody else. */
static size_t first_pair(void *receiver, const char *bytes, size_t length, bool last) {
    enum { LENGTHS = 8 };
    (void)receiver;
    if (length < LENGTHS) return last ? length : 0;
    uint64_t size = LENGTHS + (uint64_t)le32toh(mr_load_u32(bytes)) + le32toh(mr_load_u32(bytes + 4));
    return size <= length ? size : last ? length : 0;
}

static const mr_records pairs = {.kind = MR_RECORDS_PAIRS, .first = first_pair};

/* ---- records that somebody else divides -------------------------------------------------------------------------- */

static size_t whole_others(const mr_records *records, mr_record_scan *scan, const char *bytes, size_t length,
                           size_t limit, bool last) {
    size_t at = scan->seen;
    while (at < length && at < limit) {
        size_t record = records->first(records->receiver, bytes + at, length - at, last);
        if (record == SIZE_MAX) return SIZE_MAX;
        if (record > length - at) record = 0;
        if (!record && !last) break;
        at = record ? at + record : length;
    }
    scan->seen = at;
    return at;
}

/* Places near the end are left for the next time, when what follows them is to be seen. */
static int find_other(const mr_records *records, const char *bytes, size_t length, bool last, size_t *drop) {
    size_t ahead = last ? 0 : MR_RECORDS_LOOKAHEAD;
    *drop = 0;
    if (length <= ahead) return 0;
    size_t found = records->begin(records->receiver, bytes, length, last);
    if (found == SIZE_MAX) return -1;
    bool seen = found > 0 && found < length && found <= length - ahead;
    *drop = seen ? found : length - ahead;
    return seen;
}

/* ---- any kind ---------------------------------------------------------------------------------------------------- */

static size_t whole_fixed(uint64_t size, size_t length, size_t limit, bool last) {
    size_t wanted = limit / size + (limit % size != 0), count = mr_smaller(wanted, length / size);
    return count || !last ? count * size : length;
}

size_t mr_records_whole(const mr_records *records, mr_record_scan *scan, const char *bytes, size_t length, size_t limit,
                        bool last) {
    if (records->first) return whole_others(records, scan, bytes, length, limit, last);
    switch (records->kind) {
    case MR_RECORDS_PARAGRAPHS:
        return whole_paragraphs(scan, bytes, length, limit, last);
    case MR_RECORDS_FIXED:
        return whole_fixed(records->size, length, limit, last);
    case MR_RECORDS_WHOLE:
        return last ? length : 0;
    case MR_RECORDS_PAIRS:
        return whole_others(&pairs, scan, bytes, length, limit, last);
    case MR_RECORDS_CSV:
        return whole_rows(scan, records->delimiter, bytes, length, limit, last);
    default:
        return whole_lines(scan, terminator(records), bytes, length, limit, last);
    }
}

size_t mr_records_seek(const mr_records *records, mr_record_scan *scan, uint64_t place, uint32_t quotes) {
    *scan = (mr_record_scan){0};
    if (records->first) return 1;
    if (records->kind == MR_RECORDS_CSV) *scan = (mr_record_scan){.seen = 1, .quotes = quotes};
    if (records->kind != MR_RECORDS_PARAGRAPHS) return 1;
    /* Before the place there may be an empty line, of a carriage return and a newline, and the newline before that. */
    enum { LOOKBACK = 3 };
    scan->cut = scan->inside = place > LOOKBACK;
    return mr_smaller(place, LOOKBACK);
}

int mr_records_find(const mr_records *records, mr_record_scan *scan, const char *bytes, size_t length, size_t least,
                    bool last, size_t *drop) {
    if (records->first) return find_other(records, bytes, length, last, drop);
    if (records->kind == MR_RECORDS_PARAGRAPHS) return find_paragraph(scan, bytes, length, least, drop);
    if (records->kind == MR_RECORDS_CSV) return find_row(scan, records->delimiter, bytes, length, drop);
    const char *end = memchr(bytes, terminator(records), length);
    *drop = end ? (size_t)(end - bytes) + 1 : length;
    return end != NULL;
}

/* A line, or whatever one byte ends. */
static bool next_line(const char *at, const char *end, char byte, mr_record *record) {
    if (at == end) return false;
    const char *found = memchr(at, byte, (size_t)(end - at));
    *record = (mr_record){at, (size_t)((found ? found : end) - at), found ? found + 1 : end};
    return true;
}

static bool is_blank(const mr_record *line) {
    for (size_t i = 0; i < line->length; i++)
        if (line->bytes[i] != ' ' && line->bytes[i] != '\t' && line->bytes[i] != '\r') return false;
    return true;
}

static bool next_value(const char *at, const char *end, mr_record *record) {
    while (next_line(at, end, '\n', record)) {
        if (!is_blank(record)) return true;
        at = record->end;
    }
    return false;
}

/* A record of so many bytes, or of all that there are. */
static bool next_counted(const char *at, const char *end, uint64_t size, mr_record *record) {
    if (at == end) return false;
    size_t length = size ? mr_smaller(size, (uint64_t)(end - at)) : (size_t)(end - at);
    *record = (mr_record){at, length, at + length};
    return true;
}

static bool next_row(const mr_records *records, const char *at, const char *end, mr_record *record) {
    if (at == end) return false;
    const char *behind = row_end(records->delimiter, at, end);
    size_t length = (size_t)(behind - at);
    /* Within quotes that are never closed the last newline ends nothing. */
    mr_record_scan scan = {0};
    bool ended = behind[-1] == '\n' &&
                 (behind < end || whole_rows(&scan, records->delimiter, at, length, length, false) == length);
    *record = (mr_record){at, length - ended, behind};
    return true;
}

static bool next_other(const mr_records *records, const char *at, const char *end, mr_record *record) {
    if (at == end) return false;
    size_t most = (size_t)(end - at), length = records->first(records->receiver, at, most, true);
    if (!length || length > most) length = most;
    *record = (mr_record){at, length, at + length};
    return true;
}

static bool find_next(const mr_records *records, const char *at, const char *end, mr_record *record) {
    if (records->first) return next_other(records, at, end, record);
    switch (records->kind) {
    case MR_RECORDS_PARAGRAPHS:
        return next_paragraph(at, end, record);
    case MR_RECORDS_FIXED:
        return next_counted(at, end, records->size, record);
    case MR_RECORDS_WHOLE:
        return next_counted(at, end, 0, record);
    case MR_RECORDS_CSV:
        return next_row(records, at, end, record);
    case MR_RECORDS_PAIRS:
        return next_other(&pairs, at, end, record);
    case MR_RECORDS_JSONL:
        return next_value(at, end, record);
    default:
        return next_line(at, end, terminator(records), record);
    }
}

bool mr_record_find(const mr_records *records, const char *at, const char *end, mr_record *record) {
    if (!find_next(records, at, end, record)) return false;
    bool newline = record->bytes + record->length < record->end && record->bytes[record->length] == '\n';
    if (records->strip && newline && record->length && record->bytes[record->length - 1] == '\r') record->length--;
    return true;
}

uint64_t mr_records_count(const mr_records *records, const char *bytes, size_t length) {
    if (records->kind == MR_RECORDS_FIXED) return length / records->size + (length % records->size != 0);
    mr_record record;
    uint64_t count = 0;
    for (const char *at = bytes; mr_record_next(records, at, bytes + length, &record); at = record.end)
        count++;
    return count;
}
