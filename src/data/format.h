/* format.h - results as bytes of the output, and the names of their columns. Any process.
 *
 * A result is a key and what is printed for it, each of which is one column, or some with tabs between them. README.md
 * says what each format looks like.
 */
#ifndef MR_DATA_FORMAT_H
#define MR_DATA_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "data/bytes.h"

enum mr_format_kind {
    MR_FORMAT_TSV = 0, /* columns escaped, with tabs between them */
    MR_FORMAT_CSV,     /* RFC 4180, but lines end with a newline alone */
    MR_FORMAT_JSONL,   /* an object on each line; a column that is no UTF-8 is {"hex":"..."} */
    MR_FORMAT_RAW,     /* columns as they are, with tabs between them */
    MR_FORMAT_BINARY,  /* lengths of key and value, 4 bytes each with the lowest first, then key and value */
    MR_FORMAT_KINDS
};

/* Where tabs separate columns. */
enum mr_columns {
    MR_COLUMNS_NONE = 0, /* nowhere: they are bytes like others */
    MR_COLUMNS_OF_VALUE, /* in the value, which is not escaped yet */
    MR_COLUMNS_OF_ALL    /* in key and value, whose columns the plugin has escaped: mr_plugin.columns */
};

/* A column of the output. */
typedef struct mr_column {
    mr_slice name;
    mr_slice label; /* the name as it stands in JSON: "name": */
    bool number;    /* its texts are numbers, if they can be */
} mr_column;

/* How results are written; the same for a whole job. Without mr_format_open: MR_FORMAT_TSV in the simplest way. */
typedef struct mr_format {
    uint32_t kind;      /* enum mr_format_kind */
    uint32_t columns;   /* enum mr_columns */
    mr_column *list;    /* the columns that have names, in their order; owned */
    size_t count;       /* how many */
    size_t label_bytes; /* of all labels */
    char *text;         /* what names and labels point to; owned */
} mr_format;

/* Sets up a format. names: of the columns, with tabs between them; a name that ends with :number is that of a column of
 * numbers, without this ending. */
bool mr_format_open(mr_format *format, uint32_t kind, uint32_t columns, const char *names, mr_error *error);
void mr_format_close(mr_format *format);

/* The word for a kind, as in --format; NULL behind the last. */
const char *mr_format_name(uint32_t kind);

/* The most bytes that mr_format_result needs. */
size_t mr_formatted_max(const mr_format *format, mr_slice key, mr_slice value);

/* Writes what is printed for a key, and returns the end of what was written. to has mr_formatted_max bytes. */
char *mr_format_result(const mr_format *format, char *to, mr_slice key, mr_slice value);

/* A line with the names of the columns, for MR_FORMAT_TSV and MR_FORMAT_CSV: allocated, *length bytes; NULL when memory
 * runs out. */
char *mr_format_header(const mr_format *format, size_t *length);

#endif
