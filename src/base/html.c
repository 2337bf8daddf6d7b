#include "base/html.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum { FIRST_ROOM = 64 << 10 };

/* Makes room for so many more bytes and a zero byte behind them. */
static bool reserve(mr_html *html, size_t more) {
    if (html->failed) return false;
    if (more < html->room - html->length) return true;
    size_t room = html->room ? html->room : FIRST_ROOM;
    while (room - html->length <= more && room <= SIZE_MAX / 2)
        room *= 2;
    char *larger = room - html->length > more ? realloc(html->text, room) : NULL;
    html->failed = !larger;
    if (!larger) return false;
    html->text = larger;
    html->room = room;
    return true;
}

static void append(mr_html *html, const char *bytes, size_t length) {
    if (!reserve(html, length)) return;
    memcpy(html->text + html->length, bytes, length);
    html->length += length;
    html->text[html->length] = 0;
}

void mr_html_put(mr_html *html, const char *markup) {
    append(html, markup, strlen(markup));
}

void mr_html_format(mr_html *html, const char *format, ...) {
    char text[512];
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int length = vsnprintf(text, sizeof text, format, list);
    if (length < 0) {
        html->failed = true;
    } else if ((size_t)length < sizeof text) {
        append(html, text, (size_t)length);
    } else if (reserve(html, (size_t)length)) {
        vsnprintf(html->text + html->length, (size_t)length + 1, format, again);
        html->length += (size_t)length;
    }
    va_end(again);
    va_end(list);
}

/* What stands for a byte that means something in mark-up; NULL: itself. */
static const char *reference(unsigned char byte) {
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\n':
        return "\\n";
    case '\t':
        return "\\t";
    case '\r':
        return "\\r";
    default:
        return NULL;
    }
}

/* The bytes of the character at the front that can stand in a page as it is; 0: there is none. U+FFFE and U+FFFF are no
 * characters of XML. */
static size_t plain_length(const char *bytes, size_t length) {
    size_t size = mr_utf8_visible(bytes, length);
    bool none = size == 3 && !memcmp(bytes, "\xef\xbf", 2) && (unsigned char)bytes[2] >= 0xbe;
    return none ? 0 : size;
}

/* kept: a character that is left as it is, whatever it means elsewhere; 0: none. */
static void put_bytes(mr_html *html, const char *bytes, size_t length, char kept) {
    size_t begin = 0; /* of what can be put as it is */
    for (size_t i = 0, size; i < length; i += size) {
        size = plain_length(bytes + i, length - i);
        const char *instead = reference((unsigned char)bytes[i]);
        if ((size && !instead) || (kept && bytes[i] == kept)) {
            size = size ? size : 1;
            continue;
        }
        append(html, bytes + begin, i - begin);
        size = 1;
        begin = i + 1;
        if (instead)
            mr_html_put(html, instead);
        else
            mr_html_format(html, "\\x%02x", (unsigned char)bytes[i]);
    }
    append(html, bytes + begin, length - begin);
}

void mr_html_bytes(mr_html *html, const char *bytes, size_t length) {
    put_bytes(html, bytes, length, 0);
}

void mr_html_text(mr_html *html, const char *text) {
    put_bytes(html, text, strlen(text), 0);
}

void mr_html_lines(mr_html *html, const char *text) {
    put_bytes(html, text, strlen(text), '\n');
}

bool mr_html_complete(const mr_html *html, mr_error *error) {
    return !html->failed || mr_error_memory(error, html->room, "a page");
}

void mr_html_close(mr_html *html) {
    free(html->text);
    *html = (mr_html){0};
}
