/* Texts as fields of CSV, as JSON strings and as columns of answers. The functions put a text that ends with a zero
 * byte, and is in UTF-8, and return its end; there has to be room for six times its bytes, and two more. */

#ifndef DATASETS_FIELDS_H
#define DATASETS_FIELDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* As RFC 4180 has it: quoted when it has to be, that is with delimiters, quotes or newlines in it. */
static inline char *put_csv_field(char *to, const char *text, char delimiter) {
    char special[] = {delimiter, '"', '\r', '\n', '\0'};
    if (strpbrk(text, special) == NULL) return stpcpy(to, text);
    *to++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"') *to++ = '"';
        *to++ = *text;
    }
    *to++ = '"';
    return to;
}

/* The first character of a text beyond ASCII; *bytes becomes its length. */
static inline uint32_t decode_character(const char *text, size_t *bytes) {
    const unsigned char *at = (const unsigned char *)text;
    *bytes = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    uint32_t character = at[0] & (0x7fU >> *bytes);
    for (size_t i = 1; i < *bytes; i++)
        character = character << 6 | (at[i] & 0x3fU);
    return character;
}

/* A character as \uXXXX, or as two of them when it is beyond 16 bits. */
static inline char *put_json_escape(char *to, uint32_t character) {
    if (character < 0x10000) return to + sprintf(to, "\\u%04x", (unsigned)character);
    character -= 0x10000;
    return to +
           sprintf(to, "\\u%04x\\u%04X", 0xd800 | (unsigned)(character >> 10), 0xdc00 | (unsigned)(character & 0x3ff));
}

/* In quotes. escape: characters beyond ASCII become escapes. */
static inline char *put_json_string(char *to, const char *text, bool escape) {
    static const char specials[] = "\"\\\n\t\r", letters[] = "\"\\ntr";
    *to++ = '"';
    while (*text != '\0') {
        const char *special = strchr(specials, *text);
        if (special != NULL) {
            *to++ = '\\';
            *to++ = letters[special - specials];
            text++;
        } else if (escape && (unsigned char)*text >= 0x80) {
            size_t bytes;
            to = put_json_escape(to, decode_character(text, &bytes));
            text += bytes;
        } else {
            *to++ = *text++;
        }
    }
    *to++ = '"';
    return to;
}

/* As mr prints a column: backslash, tab, newline and carriage return are \\, \t, \n and \r. */
static inline char *put_column(char *to, const char *text) {
    static const char specials[] = "\\\t\n\r", letters[] = "\\tnr";
    for (; *text != '\0'; text++) {
        const char *special = strchr(specials, *text);
        if (special != NULL) *to++ = '\\';
        *to++ = special != NULL ? letters[special - specials] : *text;
    }
    return to;
}

#endif
