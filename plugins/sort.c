/* sort - the lines in the order of their bytes, or of a number or a field in them; lines that are equal there stay in
 * the order of the input. The same bytes as GNU "sort -s" prints in the C locale. A model of a group job that lets the
 * keys do the work: they are made so that the order of their bytes is the order that is wanted.
 *
 *     mr run sort --set field=2 --set delimiter=, --set numeric=yes sales.csv
 */
#include <stdlib.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"field", MR_OPTION_INT, 0, "0", NULL, "compare this field, from 1, like sort -k N,N; 0: the whole line"},
    {"delimiter", MR_OPTION_TEXT, 0, "", NULL, "the byte between fields, or tab, like sort -t; empty: as white space"},
    {"numeric", MR_OPTION_FLAG, 0, "no", NULL, "yes: compare the numbers at the start, like sort -n"},
    {"reverse", MR_OPTION_FLAG, 0, "no", NULL, "yes: the greatest first, like sort -r"},
    {"unique", MR_OPTION_FLAG, 0, "no", NULL, "yes: only the first of lines that compare equal, like sort -u"},
    {0}};

static int64_t field;  /* from 1; 0: the whole line */
static int blanks;     /* fields are separated by what precedes them: blanks */
static char delimiter; /* byte between fields, if not */
static int numeric, reverse, unique;
static int plain; /* the line itself is the key, and there are no values */

static unsigned char *key; /* being made */
static size_t key_size;    /* bytes allocated */

static void open(mr_ctx *ctx) {
    const char *text = mr_option_text(ctx, "delimiter");
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0) text = "\t";
    if (strlen(text) > 1 || *text == '\n') mr_fail(ctx, "delimiter has to be one byte, or tab, and no newline");
    delimiter = *text;
    blanks = !*text;
    field = mr_option_int(ctx, "field");
    if (field < 0) mr_fail(ctx, "field has to be a number from 1, or 0");
    numeric = mr_option_flag(ctx, "numeric");
    reverse = mr_option_flag(ctx, "reverse");
    unique = mr_option_flag(ctx, "unique");
    plain = !field && !numeric && !reverse;
}

static void close(mr_ctx *ctx) {
    (void)ctx;
    free(key);
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static int is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

/* The end of the field that starts at text. Blanks at the start of a field belong to it. */
static const char *field_end(const char *text, const char *end) {
    if (!blanks) {
        const char *cut = memchr(text, delimiter, (size_t)(end - text));
        return cut ? cut : end;
    }
    while (text < end && is_blank(*text))
        text++;
    while (text < end && !is_blank(*text))
        text++;
    return text;
}

/* What is compared of a line: empty when it has not so many fields. */
static mr_slice compared_part(mr_slice line) {
    const char *start = line.data, *end = line.data + line.length;
    if (!field) return line;
    for (int64_t skipped = 1; skipped < field && start < end; skipped++) {
        start = field_end(start, end);
        if (start < end && !blanks) start++;
    }
    return mr_bytes(start, (size_t)(field_end(start, end) - start));
}

/* Room for a key; 0 when there is none, and the job has failed. */
static int make_room(mr_ctx *ctx, size_t need) {
    if (need <= key_size) return 1;
    unsigned char *larger = realloc(key, 2 * need);
    if (!larger) {
        mr_fail(ctx, "out of memory");
        return 0;
    }
    key = larger;
    key_size = 2 * need;
    return 1;
}

/* Turns the order of a key round: each byte becomes its opposite. What began like a longer key, and so came before it,
 * has to come behind it now: at the end stand two bytes that no longer key can reach, since in them 255 is followed by
 * 0. */
static size_t reversed_key(mr_ctx *ctx, mr_slice part) {
    size_t used = 0;
    if (!make_room(ctx, 2 * part.length + 2)) return 0;
    for (size_t i = 0; i < part.length; i++) {
        key[used++] = (unsigned char)~part.data[i];
        if (key[used - 1] == 255) key[used++] = 0;
    }
    key[used++] = 255;
    key[used++] = 255;
    return used;
}

/* A number as sort -n reads it: blanks, a minus sign or none, digits with a point among them; anything else ends it,
 * and where there is no digit it is zero. */
typedef struct number {
    int negative;
    const char *digits; /* of the whole number, without zeros in front */
    size_t whole;       /* how many */
    const char *behind; /* digits behind the point */
    size_t decimals;    /* how many, without zeros at the end */
} number;

static size_t digits_at(const char *text, const char *end) {
    const char *start = text;
    while (text < end && (unsigned char)(*text - '0') < 10)
        text++;
    return (size_t)(text - start);
}

static number read_number(mr_slice part) {
    const char *text = part.data, *end = part.data + part.length;
    number read = {0};
    while (text < end && is_blank(*text))
        text++;
    read.negative = text < end && *text == '-';
    text += read.negative;
    while (text < end && *text == '0')
        text++;
    read.digits = text;
    read.whole = digits_at(text, end);
    text += read.whole;
    if (text == end || *text != '.') return read;
    read.behind = text + 1;
    read.decimals = digits_at(text + 1, end);
    while (read.decimals && read.behind[read.decimals - 1] == '0')
        read.decimals--;
    return read;
}

static unsigned digit_of(const number *read, size_t place) {
    if (place < read->whole) return (unsigned)(read->digits[place] - '0');
    place -= read->whole;
    return place < read->decimals ? (unsigned)(read->behind[place] - '0') : 0;
}

/* A key for a number of any length: how many digits the whole number has, in one byte from 129 on, or nine if they are
 * many; then all digits, two in a byte, from 1 to 100, up to the last that is not zero. Zero is the byte 128. Of
 * negative numbers all bytes are their opposites, and one that is greater than any follows. */
static size_t number_key(mr_ctx *ctx, mr_slice part) {
    enum { ZERO = 128, FEW = 100, MANY = 254 };
    number read = read_number(part);
    size_t count = read.whole + read.decimals, used = 1;
    if (!make_room(ctx, count / 2 + 12)) return 0;
    if (!count) {
        key[0] = ZERO;
        return 1;
    }
    key[0] = (unsigned char)(read.whole <= FEW ? ZERO + 1 + read.whole : MANY);
    for (int shift = 56; read.whole > FEW && shift >= 0; shift -= 8)
        key[used++] = (unsigned char)(read.whole >> shift);
    for (size_t i = 0; i < count; i += 2)
        key[used++] = (unsigned char)(10 * digit_of(&read, i) + digit_of(&read, i + 1) + 1);
    while (key[used - 1] == 1 && used > 1 + 8 * (size_t)(read.whole > FEW))
        used--;
    if (read.negative == reverse) return used;
    for (size_t i = 0; i < used; i++)
        key[i] = (unsigned char)~key[i];
    key[used++] = 255;
    return used;
}

/* ---- callbacks --------------------------------------------------------------------------------------------------- */

static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    mr_lines lines = mr_lines_of(ctx, text, length);
    mr_slice line;
    while (mr_next(&lines, &line)) {
        if (plain) {
            mr_emit(ctx, line, mr_bytes(NULL, 0));
            continue;
        }
        mr_slice part = compared_part(line);
        if (numeric || reverse) { /* the key is made before it is looked at: it may have to move */
            size_t used = numeric ? number_key(ctx, part) : reversed_key(ctx, part);
            part = mr_bytes(key, used);
        }
        mr_emit(ctx, part, line);
    }
}

static void reduce(mr_ctx *ctx, mr_slice of_all, mr_values *values) {
    mr_slice line;
    while (mr_next_value(values, &line)) {
        if (plain) line = of_all;
        mr_write(ctx, line.data, line.length);
        mr_write(ctx, "\n", 1);
        if (unique) return;
    }
}

MR_PLUGIN(.name = "sort", .summary = "sort lines by their bytes, numbers or a field", .options = options,
          .kind = MR_GROUP, .open = open, .close = close, .map_chunk = map_chunk, .reduce = reduce)
