/* format.h - results as bytes of the output: one line for each key and what is printed for it. [worker] */
#ifndef MR_DATA_FORMAT_H
#define MR_DATA_FORMAT_H

#include <stdint.h>

#include "data/bytes.h"

/* Where tabs separate columns. */
enum mr_columns {
    MR_COLUMNS_NONE = 0, /* nowhere: they are bytes like others */
    MR_COLUMNS_OF_VALUE, /* in the value, which is not escaped yet */
    MR_COLUMNS_OF_ALL    /* in key and value, whose columns the plugin has escaped: mr_plugin.columns */
};

/* How results are written; the same for a whole job. */
typedef struct mr_format {
    uint32_t columns; /* enum mr_columns */
} mr_format;

/* The most bytes that mr_format_result needs for a key and a value of these lengths. */
size_t mr_formatted_max(const mr_format *format, size_t key_length, size_t value_length);

/* Writes what is printed for a key, and returns the end of what was written. to has mr_formatted_max bytes. */
char *mr_format_result(const mr_format *format, char *to, mr_slice key, mr_slice value);

#endif
