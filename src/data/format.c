#include "data/format.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "data/escape.h"

/* All formats but the binary one write columns: those of the key, then those of the value. The text of a column is
 * either as it is, or escaped by the plugin (MR_COLUMNS_OF_ALL); then it is read through read_byte, which undoes that
 * on the way. Escapes stand for ASCII characters and are made of them, so whether a column is UTF-8 can be told without
 * undoing them. */

enum { LABEL_MAX = 32 /* bytes of "columnN": */, COLUMN_SPARE = 16 /* of all that stands around a column */ };

static const char number_ending[] = ":number";

/* ---- names ------------------------------------------------------------------------------------------------------- */

const char *mr_format_name(uint32_t kind) {
    static const char *const names[] = {"tsv", "csv", "jsonl", "raw", "binary"};
    return kind < MR_FORMAT_KINDS ? names[kind] : NULL;
}

/* The text of a column. */
typedef struct column_text {
    const char *at;  /* what comes next */
    const char *end; /* behind the last byte */
    bool escaped;    /* by the plugin */
} column_text;

static char read_byte(column_text *text) {
    char byte = *text->at++;
    if (!text->escaped || byte != '\\' || text->at == text->end) return byte;
    switch (*text->at++) {
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case '\\':
        return '\\';
    default:
        text->at--; /* no escape: the backslash means itself */
        return '\\';
    }
}

static char *put_hex(char *to, char byte) {
    static const char digits[] = "0123456789abcdef";
    *to++ = digits[(unsigned char)byte >> 4];
    *to++ = digits[(unsigned char)byte & 15];
    return to;
}

static char *put_text(char *to, const char *text) {
    while (*text)
        *to++ = *text++;
    return to;
}

static char *put_json_byte(char *to, char byte) {
    static const char specials[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *special = byte ? strchr(specials, byte) : NULL;
    if (special) {
        *to++ = '\\';
        *to++ = letters[special - specials];
        return to;
    }
    if ((unsigned char)byte < 0x20) return put_hex(put_text(to, "\\u00"), byte);
    *to++ = byte;
    return to;
}

/* Whether bytes are UTF-8. */
static bool is_utf8(const char *bytes, size_t length) {
    size_t i = 0, size;
    for (; length - i >= 8 && !(mr_load_u64(bytes + i) & 0x8080808080808080u); i += 8)
        continue;
    for (; i < length; i += size) {
        size = (unsigned char)bytes[i] < 128 ? 1 : mr_utf8_length(bytes + i, length - i);
        if (!size) return false;
    }
    return true;
}

/* Writes a text as a string or, when it is no UTF-8, as an object with its bytes in hexadecimal digits. */
static char *put_json_text(char *to, column_text text) {
    bool is_text = is_utf8(text.at, (size_t)(text.end - text.at));
    to = put_text(to, is_text ? "\"" : "{\"hex\":\"");
    while (text.at < text.end)
        to = is_text ? put_json_byte(to, read_byte(&text)) : put_hex(to, read_byte(&text));
    return put_text(to, is_text ? "\"" : "\"}");
}

/* The next name of a list that tabs separate; *rest is behind it, NULL after the last. */
static mr_slice next_name(const char **rest) {
    const char *name = *rest, *tab = strchr(name, '\t');
    *rest = tab ? tab + 1 : NULL;
    return mr_bytes(name, tab ? (size_t)(tab - name) : strlen(name));
}

/* Cuts the ending off that says that a column holds numbers. */
static bool cut_number_ending(mr_slice *name) {
    size_t length = sizeof number_ending - 1;
    if (name->length <= length || memcmp(name->data + name->length - length, number_ending, length) != 0) return false;
    name->length -= length;
    return true;
}

bool mr_format_open(mr_format *format, uint32_t kind, uint32_t columns, const char *names, mr_error *error) {
    size_t length = strlen(names), most = 1;
    for (const char *at = names; (at = strchr(at, '\t')); at++)
        most++;
    *format = (mr_format){.kind = kind, .columns = columns};
    format->list = calloc(most, sizeof *format->list);
    format->text = malloc(length + 6 * length + most * COLUMN_SPARE + 1);
    if (!format->list || !format->text) return mr_error_memory(error, 7 * length, "the names of columns");
    memcpy(format->text, names, length + 1);
    char *to = format->text + length + 1;
    for (const char *rest = format->text; rest;) {
        mr_column *column = &format->list[format->count++];
        column->name = next_name(&rest);
        column->number = cut_number_ending(&column->name);
        char *end = put_json_text(to, (column_text){column->name.data, column->name.data + column->name.length, false});
        *end++ = ':';
        column->label = mr_bytes(to, (size_t)(end - to));
        format->label_bytes += column->label.length;
        to = end;
    }
    return true;
}

void mr_format_close(mr_format *format) {
    free(format->list);
    free(format->text);
    *format = (mr_format){0};
}

/* ---- columns ----------------------------------------------------------------------------------------------------- */

/* The columns of a result, one by one. */
typedef struct column_reader {
    mr_slice rest;  /* of key or value: what has not been given yet */
    mr_slice value; /* comes behind the key */
    bool in_value;  /* rest is of the value */
    bool split_key, split_value;
    bool ended;  /* rest was the last column of key or value */
    size_t next; /* number of the column that comes next */
} column_reader;

static column_reader columns_of(const mr_format *format, mr_slice key, mr_slice value) {
    return (column_reader){.rest = key.length ? key : mr_bytes("", 0),
                           .value = value.length ? value : mr_bytes("", 0),
                           .split_key = format->columns == MR_COLUMNS_OF_ALL,
                           .split_value = format->columns != MR_COLUMNS_NONE};
}

static bool next_column(const mr_format *format, column_reader *reader, column_text *text) {
    if (reader->ended && reader->in_value) return false;
    if (reader->ended) {
        reader->rest = reader->value;
        reader->in_value = true;
    }
    bool split = reader->in_value ? reader->split_value : reader->split_key;
    const char *start = reader->rest.data, *end = start + reader->rest.length;
    const char *tab = split && reader->rest.length ? memchr(start, '\t', reader->rest.length) : NULL;
    *text = (column_text){start, tab ? tab : end, format->columns == MR_COLUMNS_OF_ALL};
    reader->ended = !tab;
    if (tab) reader->rest = mr_bytes(tab + 1, (size_t)(end - tab) - 1);
    reader->next++;
    return true;
}

static size_t count_tabs(mr_slice text) {
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += text.data[i] == '\t';
    return count;
}

/* ---- formats ----------------------------------------------------------------------------------------------------- */

static char *put_csv_column(char *to, column_text text) {
    bool quoted = false;
    for (column_text rest = text; rest.at < rest.end && !quoted;) {
        char byte = read_byte(&rest);
        quoted = byte == '"' || byte == ',' || byte == '\n' || byte == '\r';
    }
    if (quoted) *to++ = '"';
    while (text.at < text.end) {
        char byte = read_byte(&text);
        if (byte == '"') *to++ = '"';
        *to++ = byte;
    }
    if (quoted) *to++ = '"';
    return to;
}

static const char *skip_digits(const char *at, const char *end) {
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* Whether a text is a number in JSON. */
static bool is_json_number(column_text text) {
    const char *at = text.at, *digits;
    if (at < text.end && *at == '-') at++;
    digits = at;
    at = skip_digits(at, text.end);
    if (at == digits || (*digits == '0' && at > digits + 1)) return false;
    if (at < text.end && *at == '.') {
        digits = at + 1;
        at = skip_digits(digits, text.end);
        if (at == digits) return false;
    }
    if (at < text.end && (*at == 'e' || *at == 'E')) {
        digits = at + 1 + (at + 1 < text.end && (at[1] == '+' || at[1] == '-'));
        at = skip_digits(digits, text.end);
        if (at == digits) return false;
    }
    return at == text.end;
}

/* Writes a member of an object; number: of the column, from 1. */
static char *put_json_column(const mr_format *format, char *to, column_text text, size_t number) {
    const mr_column *column = number <= format->count ? &format->list[number - 1] : NULL;
    if (column) {
        memcpy(to, column->label.data, column->label.length);
        to += column->label.length;
    } else {
        to += snprintf(to, LABEL_MAX, "\"column%zu\":", number);
    }
    if (!column || !column->number || !is_json_number(text)) return put_json_text(to, text);
    memcpy(to, text.at, (size_t)(text.end - text.at));
    return to + (text.end - text.at);
}

static char *put_raw_column(char *to, column_text text) {
    while (text.at < text.end)
        *to++ = read_byte(&text);
    return to;
}

/* Writes the columns of a result in one of the formats that have columns, but for MR_FORMAT_TSV. */
static char *put_columns(const mr_format *format, char *to, mr_slice key, mr_slice value) {
    static const char separators[] = {[MR_FORMAT_CSV] = ',', [MR_FORMAT_JSONL] = ',', [MR_FORMAT_RAW] = '\t'};
    column_reader reader = columns_of(format, key, value);
    bool json = format->kind == MR_FORMAT_JSONL;
    column_text text;
    if (json) *to++ = '{';
    while (next_column(format, &reader, &text)) {
        if (reader.next > 1) *to++ = separators[format->kind];
        if (json)
            to = put_json_column(format, to, text, reader.next);
        else
            to = format->kind == MR_FORMAT_CSV ? put_csv_column(to, text) : put_raw_column(to, text);
    }
    if (json) *to++ = '}';
    *to++ = '\n';
    return to;
}

static char *put_tsv(const mr_format *format, char *to, mr_slice key, mr_slice value) {
    to = format->columns == MR_COLUMNS_OF_ALL ? mr_escape_breaks(to, key) : mr_escape(to, key);
    *to++ = '\t';
    if (format->columns == MR_COLUMNS_NONE)
        to = mr_escape(to, value);
    else
        to = format->columns == MR_COLUMNS_OF_ALL ? mr_escape_breaks(to, value) : mr_escape_columns(to, value);
    *to++ = '\n';
    return to;
}

static char *put_binary(char *to, mr_slice key, mr_slice value) {
    mr_store_u32(to, htole32((uint32_t)key.length));
    mr_store_u32(to + 4, htole32((uint32_t)value.length));
    to += 8;
    if (key.length) memcpy(to, key.data, key.length);
    if (value.length) memcpy(to + key.length, value.data, value.length);
    return to + key.length + value.length;
}

size_t mr_formatted_max(const mr_format *format, mr_slice key, mr_slice value) {
    size_t length = key.length + value.length, columns = 2;
    if (format->kind != MR_FORMAT_CSV && format->kind != MR_FORMAT_JSONL) return 2 * length + COLUMN_SPARE;
    if (format->columns != MR_COLUMNS_NONE) columns += count_tabs(key) + count_tabs(value);
    if (format->kind == MR_FORMAT_CSV) return 2 * length + columns * COLUMN_SPARE;
    return 6 * length + columns * (LABEL_MAX + COLUMN_SPARE) + format->label_bytes + COLUMN_SPARE;
}

char *mr_format_result(const mr_format *format, char *to, mr_slice key, mr_slice value) {
    if (format->kind == MR_FORMAT_TSV) return put_tsv(format, to, key, value);
    if (format->kind == MR_FORMAT_BINARY) return put_binary(to, key, value);
    return put_columns(format, to, key, value);
}

/* ---- header ------------------------------------------------------------------------------------------------------ */

char *mr_format_header(const mr_format *format, size_t *length) {
    size_t room = 2;
    for (size_t i = 0; i < format->count; i++)
        room += 2 * format->list[i].name.length + COLUMN_SPARE;
    char *header = malloc(room), *to = header;
    if (!header) return NULL;
    for (size_t i = 0; i < format->count; i++) {
        mr_slice name = format->list[i].name;
        if (i) *to++ = format->kind == MR_FORMAT_CSV ? ',' : '\t';
        to = format->kind == MR_FORMAT_CSV
                 ? put_csv_column(to, (column_text){name.data, name.data + name.length, false})
                 : mr_escape(to, name);
    }
    *to++ = '\n';
    *length = (size_t)(to - header);
    return header;
}
