#include "data/format.h"

#include "data/escape.h"

size_t mr_formatted_max(const mr_format *format, size_t key_length, size_t value_length) {
    (void)format;
    return mr_escaped_max(key_length) + mr_escaped_max(value_length) + 16; /* what mr_escape wants to spare, and more */
}

char *mr_format_result(const mr_format *format, char *to, mr_slice key, mr_slice value) {
    to = format->columns == MR_COLUMNS_OF_ALL ? mr_escape_breaks(to, key) : mr_escape(to, key);
    *to++ = '\t';
    switch (format->columns) {
    case MR_COLUMNS_OF_ALL:
        to = mr_escape_breaks(to, value);
        break;
    case MR_COLUMNS_OF_VALUE:
        to = mr_escape_columns(to, value);
        break;
    default:
        to = mr_escape(to, value);
    }
    *to++ = '\n';
    return to;
}
