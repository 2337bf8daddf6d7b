/* escape.h - text that can always be read back: backslash, tab, newline and carriage return as \\ \t \n \r. */
#ifndef MR_DATA_ESCAPE_H
#define MR_DATA_ESCAPE_H

#include "data/bytes.h"

/* The most bytes that escaping makes of length bytes. */
static inline size_t mr_escaped_max(size_t length) {
    return 2 * length;
}

/* Writes the bytes escaped and returns the end of what was written. to has mr_escaped_max bytes and 8 to spare. */
char *mr_escape(char *to, mr_slice bytes);

/* The same, but tabs are left as they are: they separate columns. */
char *mr_escape_columns(char *to, mr_slice bytes);

/* Only newlines and carriage returns are escaped: for text that has been escaped before, except for mistakes. */
char *mr_escape_breaks(char *to, mr_slice bytes);

#endif
