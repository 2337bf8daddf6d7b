/* utf8.h - what is text. Any process. */
#ifndef MR_BASE_UTF8_H
#define MR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the UTF-8 character at the front of length (> 0) bytes; 0 when they begin with none. */
size_t mr_utf8_length(const char *bytes, size_t length);

/* The same, but 0 for control characters too. */
size_t mr_utf8_visible(const char *bytes, size_t length);

/* Whether all bytes are UTF-8, and none of them zero. */
bool mr_utf8_is_text(const char *bytes, size_t length);

#endif
