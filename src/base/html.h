/* html.h - pages as text: mark-up as the program has it, and text from anywhere, which is made harmless. Any process.
 *
 * What is put together is HTML that is XML as well, as long as the mark-up is. Text may hold any bytes: what would be
 * mark-up is escaped, and what is not UTF-8, or would not be seen (control characters, marks that turn the direction of
 * writing), stands there as \x1b. So nothing that a file, a key or a plugin is called can become part of the page.
 */
#ifndef MR_BASE_HTML_H
#define MR_BASE_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A page in the making. Initialise with {0}. */
typedef struct mr_html {
    char *text;    /* followed by a zero byte that does not count; NULL: nothing has been put yet; owned */
    size_t length; /* bytes of text */
    size_t room;   /* bytes allocated */
    bool failed;   /* memory ran out: something is missing, and nothing more is put */
} mr_html;

/* Mark-up, which is put as it is. */
void mr_html_put(mr_html *html, const char *markup);

/* The same, printf-like; what is filled in must be numbers, or mark-up. */
void mr_html_format(mr_html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text of any bytes, also within an attribute between double quotes: all of it on one line, with newlines as \n. */
void mr_html_bytes(mr_html *html, const char *bytes, size_t length);
void mr_html_text(mr_html *html, const char *text);

/* The same with newlines left as they are, for text of several lines in a pre element. */
void mr_html_lines(mr_html *html, const char *text);

/* Whether everything has been put; false with error set when memory ran out. */
bool mr_html_complete(const mr_html *html, mr_error *error);

/* Releases the text. */
void mr_html_close(mr_html *html);

#endif
