#include "data/escape.h"

#include <stdbool.h>

#define EACH_BYTE(value) (0x0101010101010101ull * (unsigned char)(value))

/* Whether any of eight bytes equals value (Mycroft's test; exact for "is there one"). */
static inline uint64_t any_equal(uint64_t bytes, char value) {
    uint64_t difference = bytes ^ EACH_BYTE(value);
    return (difference - EACH_BYTE(1)) & ~difference & EACH_BYTE(128);
}

/* Whether any of eight bytes may need an escape: those below 14 are rare, and only some of them do. */
static inline uint64_t any_special(uint64_t bytes) {
    uint64_t low = (bytes - EACH_BYTE('\r' + 1)) & ~bytes & EACH_BYTE(128);
    return low | any_equal(bytes, '\\');
}

/* The letter that stands for a special byte behind the backslash; 0 for any other byte. */
static inline char escape_letter(char byte) {
    switch (byte) {
    case '\\':
        return '\\';
    case '\t':
        return 't';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    default:
        return 0;
    }
}

static char *escape_slowly(char *to, const char *from, const char *end) {
    for (; from < end; from++) {
        char letter = escape_letter(*from);
        if (letter) *to++ = '\\';
        *to++ = letter ? letter : *from;
    }
    return to;
}

/* The last, fewer than eight of eight or more bytes, of which the ones before have just been escaped: when all eight
 * at the end are plain, those before stand as they are in front of to. */
static char *escape_rest(char *to, const char *from, const char *end) {
    size_t rest = (size_t)(end - from);
    uint64_t last = mr_load_u64(end - 8);
    if (any_special(last)) return escape_slowly(to, from, end);
    mr_store_u64(to + rest - 8, last);
    return to + rest;
}

char *mr_escape(char *to, mr_slice bytes) {
    const char *from = bytes.data, *end = from + bytes.length;
    if (bytes.length < 8) return escape_slowly(to, from, end);
    for (; end - from >= 8; from += 8) {
        uint64_t word = mr_load_u64(from);
        if (any_special(word)) {
            to = escape_slowly(to, from, from + 8);
        } else {
            mr_store_u64(to, word);
            to += 8;
        }
    }
    return from < end ? escape_rest(to, from, end) : to;
}

char *mr_escape_columns(char *to, mr_slice bytes) {
    const char *from = bytes.data, *end = from + bytes.length, *tab;
    while (from < end && (tab = memchr(from, '\t', (size_t)(end - from)))) {
        to = mr_escape(to, mr_bytes(from, (size_t)(tab - from)));
        *to++ = '\t';
        from = tab + 1;
    }
    return mr_escape(to, mr_bytes(from, (size_t)(end - from)));
}

char *mr_escape_breaks(char *to, mr_slice bytes) {
    const char *from = bytes.data, *end = from + bytes.length;
    for (; end - from >= 8; from += 8, to += 8) {
        uint64_t word = mr_load_u64(from);
        if (any_equal(word, '\n') | any_equal(word, '\r')) break;
        mr_store_u64(to, word);
    }
    for (; from < end; from++) {
        bool line_break = *from == '\n' || *from == '\r';
        if (line_break) *to++ = '\\';
        *to++ = line_break ? escape_letter(*from) : *from;
    }
    return to;
}
