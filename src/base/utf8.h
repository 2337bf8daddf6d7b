/* utf8.h - what is text. Any process. */
#ifndef MR_BASE_UTF8_H
#define MR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the UTF-8 character at the front of length (> 0) bytes; 0 when they begin with none. */
size_t mr_utf8_length(const char *bytes, size_t length);

/* The same, but 0 for control characters too. */
size_t mr_utf8_visible(const char *bytes, size_t length);

enum { MR_UTF8_SHOWN = 5 /* bytes of a character as it is shown to people, with a zero behind it */ };

/* Writes into text (MR_UTF8_SHOWN bytes) how the character at the front of length (> 0) bytes is shown, in one line and
 * so that it cannot play with a terminal: \\, \t, \n, \r, and \xff for a byte that is no visible UTF-8. Returns how
 * many bytes it is. */
size_t mr_utf8_show(const char *bytes, size_t length, char *text);

/* Copies text to a buffer of size bytes (> 0), so that it can be printed on a terminal: what is visible, newlines and
 * tabs stay, any other byte becomes \xff. It is cut where the buffer ends; returns its length, a zero comes behind. */
size_t mr_utf8_print(const char *text, char *to, size_t size);

/* Whether all bytes are UTF-8, and none of them zero. */
bool mr_utf8_is_text(const char *bytes, size_t length);

#endif
