/* records.h - what a record is: where it ends and where the next one begins, in bytes at hand. All that is known of
 * kinds of records is here; nothing of files and processes. Every function works in every process, but for records that
 * somebody else divides (mr_records.first): those only where he does.
 */
#ifndef MR_DATA_RECORDS_H
#define MR_DATA_RECORDS_H

#include <string.h>

#include "base/error.h"
#include "mr.h"

/* A kind for records of which nothing has been said. */
#define MR_RECORDS_UNSAID UINT32_MAX

/* What the records of a job are. */
typedef struct mr_records {
    uint32_t kind;  /* enum mr_record_kind, or MR_RECORDS_UNSAID */
    char delimiter; /* CSV: the byte between fields */
    bool strip;     /* a carriage return before a newline is no part of a line */
    uint64_t size;  /* FIXED: bytes of a record, above zero */

    /* Where the record that begins at bytes ends: its length, above zero; 0: more bytes are needed to say; SIZE_MAX:
     * the receiver has failed. last: there are no more. MR_RECORDS_OWN, where it is known; otherwise NULL. */
    size_t (*first)(void *receiver, const char *bytes, size_t length, bool last);
    /* Where the first record begins of those that begin behind bytes[0]; 0: nowhere, as far as can be seen; SIZE_MAX:
     * the receiver has failed. NULL, with first: only from its beginning on can a source be divided. */
    size_t (*begin)(void *receiver, const char *bytes, size_t length, bool last);
    /* Sets why the receiver has failed; always false. */
    bool (*failure)(void *receiver, mr_error *error);
    void *receiver; /* for all three */
} mr_records;

enum { MR_RECORDS_NAME = 32 };

/* So many bytes from it on, and the byte before it, show whether a record begins somewhere: for mr_records.begin. */
enum { MR_RECORDS_LOOKAHEAD = 64 << 10 };

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* Reads "lines", "nul", "paragraphs", "fixed:N", "whole", "csv", "csv:;", "csv:tab", "jsonl" or "pairs". strip
 * becomes false.
 * Anything else is a usage error. */
bool mr_records_read(mr_records *records, const char *text, mr_error *error);

/* The same text again, in name. Returns name. */
const char *mr_records_name(const mr_records *records, char name[MR_RECORDS_NAME]);

/* Whether a source can be divided only from its beginning on, so that all of its records belong together. */
bool mr_records_sequential(const mr_records *records);

/* Whether newlines end them, or lines are what they consist of. */
static inline bool mr_records_of_lines(const mr_records *records) {
    return records->kind == MR_RECORDS_LINES || records->kind == MR_RECORDS_PARAGRAPHS ||
           records->kind == MR_RECORDS_CSV || records->kind == MR_RECORDS_JSONL;
}

/* The byte that ends a record; -1 when nothing does. */
static inline int mr_records_terminator(const mr_records *records) {
    return mr_records_of_lines(records) ? '\n' : records->kind == MR_RECORDS_NUL ? 0 : -1;
}

/* ---- one record after the other ---------------------------------------------------------------------------------- */

/* A record in bytes that somebody else owns. */
typedef struct mr_record {
    const char *bytes; /* its first byte */
    size_t length;     /* in bytes, without what ends it */
    const char *end;   /* behind what ends it: where to look for the next */
} mr_record;

/* mr_record_next for any kind. */
bool mr_record_find(const mr_records *records, const char *at, const char *end, mr_record *record);

/* Finds the first record at or behind at, in whole records that end before end (the last of a source may lack what ends
 * it). False when there is none: at the end, and before empty lines that are no records. */
static inline bool mr_record_next(const mr_records *records, const char *at, const char *end, mr_record *record) {
    if (records->kind != MR_RECORDS_LINES || records->strip) return mr_record_find(records, at, end, record);
    if (at == end) return false;
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    *record = (mr_record){at, (size_t)((newline ? newline : end) - at), newline ? newline + 1 : end};
    return true;
}

/* How many records there are in whole records. Those that somebody else divides are asked for one by one. */
uint64_t mr_records_count(const mr_records *records, const char *bytes, size_t length);

/* Takes the carriage returns before newlines out of a paragraph, in place; the new length. */
size_t mr_paragraph_strip(char *bytes, size_t length);

/* ---- dividing bytes of which more come --------------------------------------------------------------------------- */

/* Where a text of CSV may be: what a quote means next. */
enum mr_quotes {
    MR_QUOTES_OUTSIDE = 0, /* outside of quotes */
    MR_QUOTES_INSIDE = 1,  /* within them */
    MR_QUOTES_CLOSED = 2,  /* right behind a quote within them: another makes one of both, anything else is outside */
    MR_QUOTES_STATES
};

/* What is known of the bytes in a buffer, so that none is looked at twice while more come. {0} for bytes that begin
 * with a record, or with what may stand between records. */
typedef struct mr_record_scan {
    size_t seen;     /* bytes at the front that need not be looked at again */
    uint32_t quotes; /* CSV: enum mr_quotes, behind them */
    bool inside;     /* PARAGRAPHS: the record at hand begins before them */
    bool cut;        /* PARAGRAPHS: the first line at hand has lost its beginning, which was not empty */
} mr_record_scan;

/* How many bytes at the front of a buffer are whole records, of which the last one begins before limit (above 0;
 * SIZE_MAX for all); 0: it takes more bytes; SIZE_MAX: mr_records.first has failed. last: there are no more bytes. When
 * the front is taken away, mr_records_taken is to be called. A fixed record that is cut short at the very end is given
 * as it is. */
size_t mr_records_whole(const mr_records *records, mr_record_scan *scan, const char *bytes, size_t length, size_t limit,
                        bool last);

/* Says that so many bytes, of those that were whole records, have been taken away at the front. */
static inline void mr_records_taken(mr_record_scan *scan, size_t length) {
    scan->seen = scan->seen > length ? scan->seen - length : 0;
}

/* Prepares to look for the first record that begins at or behind a place (above 0) of a source. quotes: for CSV, how
 * that place is to be read. Returns how many bytes before the place have to be at hand. Not for sequential records, nor
 * for FIXED, where it is a matter of counting. */
size_t mr_records_seek(const mr_records *records, mr_record_scan *scan, uint64_t place, uint32_t quotes);

/* Looks for it. bytes begin with those before the place, of which least are there (fewer when they have been dropped).
 * 1: a record begins at *drop, or empty lines before it; scan is good for mr_records_whole when so many bytes have been
 * taken away. 0: it takes more bytes, in place of *drop at the front. -1: mr_records.begin has failed. */
int mr_records_find(const mr_records *records, mr_record_scan *scan, const char *bytes, size_t length, size_t least,
                    bool last, size_t *drop);

/* ---- CSV in parallel --------------------------------------------------------------------------------------------- */

/* How a stretch of CSV ends (enum mr_quotes), for each way in which it may begin. */
typedef struct mr_quote_map {
    uint8_t behind[MR_QUOTES_STATES];
} mr_quote_map;

/* A stretch without any byte. */
static inline mr_quote_map mr_quotes_nowhere(void) {
    return (mr_quote_map){{MR_QUOTES_OUTSIDE, MR_QUOTES_INSIDE, MR_QUOTES_CLOSED}};
}

/* Adds bytes to a stretch: all but the first of them, which is the last one before (a newline at the start of a
 * source). */
void mr_quotes_follow(mr_quote_map *map, char delimiter, const char *bytes, size_t length);

/* How CSV is to be read from a place on (enum mr_quotes), by what stands there alone: right, but for CSV with quotes in
 * places where they do not belong. bytes: from the one before the place on, length of them. Where there is no quote
 * that tells it is outside. */
uint32_t mr_quotes_guess(char delimiter, const char *bytes, size_t length);

#endif
