/* naive_records.h - the records of a text as the tests find them: one byte after the other, from the start. */
#ifndef NAIVE_RECORDS_H
#define NAIVE_RECORDS_H

#include "data/records.h"

typedef struct naive_record {
    size_t start;  /* of its first byte in the text */
    size_t length; /* without what ends it */
    size_t end;    /* behind what ends it */
} naive_record;

/* Where the line at start ends: at its newline, or at the end of the text. */
static inline size_t naive_line(const char *text, size_t size, size_t start) {
    while (start < size && text[start] != '\n')
        start++;
    return start;
}

static inline bool naive_blank(const char *text, size_t start, size_t end, const char *blanks) {
    for (; start < end; start++)
        if (!text[start] || !strchr(blanks, text[start])) return false;
    return true;
}

/* How the text up to a place of CSV is to be read there: enum mr_quotes. */
static inline uint32_t naive_quotes(char delimiter, const char *text, size_t place) {
    uint32_t state = MR_QUOTES_OUTSIDE;
    bool field_start = true;
    for (size_t i = 0; i < place; i++) {
        char byte = text[i];
        bool quote = byte == '"',
             opens = quote && (state == MR_QUOTES_CLOSED || (state != MR_QUOTES_INSIDE && field_start));
        if (state == MR_QUOTES_INSIDE)
            state = quote ? MR_QUOTES_CLOSED : MR_QUOTES_INSIDE;
        else
            state = opens ? MR_QUOTES_INSIDE : MR_QUOTES_OUTSIDE;
        field_start = state == MR_QUOTES_OUTSIDE && (byte == delimiter || byte == '\n');
    }
    return state;
}

static inline size_t naive_row(char delimiter, const char *text, size_t size, size_t start) {
    uint32_t state = MR_QUOTES_OUTSIDE;
    bool field_start = true;
    for (size_t i = start; i < size; i++) {
        char byte = text[i];
        if (byte == '\n' && state != MR_QUOTES_INSIDE) return i;
        bool quote = byte == '"',
             opens = quote && (state == MR_QUOTES_CLOSED || (state == MR_QUOTES_OUTSIDE && field_start));
        if (state == MR_QUOTES_INSIDE)
            state = quote ? MR_QUOTES_CLOSED : MR_QUOTES_INSIDE;
        else
            state = opens ? MR_QUOTES_INSIDE : MR_QUOTES_OUTSIDE;
        field_start = state == MR_QUOTES_OUTSIDE && byte == delimiter;
    }
    return size;
}

/* A paragraph that begins at start, which is no empty line. */
static inline naive_record naive_paragraph(const char *text, size_t size, size_t start) {
    naive_record found = {.start = start};
    for (size_t line = start; line < size;) {
        size_t end = naive_line(text, size, line);
        if (end - line == 0 || (end - line == 1 && text[line] == '\r')) break;
        found.length = end - start;
        line = found.end = end + (end < size);
    }
    return found;
}

/* The first record at or behind a place at which one may begin; false when there is none. */
static inline bool naive_next(const mr_records *records, const char *text, size_t size, size_t at,
                              naive_record *found) {
    size_t end = at;
    if (records->kind == MR_RECORDS_PARAGRAPHS || records->kind == MR_RECORDS_JSONL) {
        const char *blanks = records->kind == MR_RECORDS_JSONL ? " \t\r" : "\r";
        size_t most = records->kind == MR_RECORDS_JSONL ? size : 1;
        while (at < size) {
            end = naive_line(text, size, at);
            if (end - at > most || !naive_blank(text, at, end, blanks)) break;
            at = end + (end < size);
        }
    }
    if (at >= size) return false;
    if (records->kind == MR_RECORDS_PARAGRAPHS) {
        *found = naive_paragraph(text, size, at);
    } else {
        end = at;
        if (records->kind == MR_RECORDS_NUL)
            while (end < size && text[end])
                end++;
        else if (records->kind == MR_RECORDS_FIXED)
            end = size - at < records->size ? size : at + records->size;
        else if (records->kind == MR_RECORDS_WHOLE)
            end = size;
        else if (records->kind == MR_RECORDS_CSV)
            end = naive_row(records->delimiter, text, size, at);
        else
            end = naive_line(text, size, at);
        bool ended = records->kind != MR_RECORDS_FIXED && records->kind != MR_RECORDS_WHOLE && end < size;
        *found = (naive_record){at, end - at, end + ended};
    }
    bool newline = found->end > found->start + found->length && text[found->start + found->length] == '\n';
    if (records->strip && newline && found->length && text[found->start + found->length - 1] == '\r') found->length--;
    return true;
}

#endif
