/* Fuzzes taking text apart: words, lines, fields, rows and measures, with the instructions of every kind of processor,
 * against references that look at one byte or letter after the other. The text stands alone, or is a piece of input or
 * a part of one; nothing behind it (behind the piece: its slack) may be read, and nothing be written but capitals. */
#include "fuzzing.h"

#include <utf8proc.h>

#include "host/context.h"
#include "host/scan.h"

/* Parts of a text, copied: a length (SIZE_MAX: a part that is not there) and the bytes. */
typedef struct parts {
    char *bytes; /* owned */
    size_t used; /* of bytes */
    size_t size; /* allocated */
} parts;

static mr_context context;

static void add_part(parts *list, const char *bytes, size_t length) {
    size_t copied = length == SIZE_MAX ? 0 : length, need = list->used + sizeof length + copied;
    if (need > list->size) {
        list->size = 2 * need;
        list->bytes = realloc(list->bytes, list->size);
        require(list->bytes);
    }
    memcpy(list->bytes + list->used, &length, sizeof length);
    if (copied) memcpy(list->bytes + list->used + sizeof length, bytes, copied);
    list->used = need;
}

/* ---- references -------------------------------------------------------------------------------------------------- */

/* The length of the valid character at a place, by its definition in RFC 3629; 0: there is none. */
static size_t character(const char *text, size_t left, int32_t *code) {
    const unsigned char *at = (const unsigned char *)text;
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf8 ? 4 : 0;
    if (!length || length > left) return 0;
    *code = length == 1 ? at[0] : at[0] & (0x7f >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        *code = *code << 6 | (at[i] & 0x3f);
    }
    bool surrogate = *code >= 0xd800 && *code < 0xe000;
    return *code < least[length] || *code > 0x10ffff || surrogate ? 0 : length;
}

/* Adds a word, in lower case if wanted; bytes that are no character stay. */
static void add_word(parts *list, const char *word, size_t length, bool lower) {
    char *changed = fuzz_allocate(2 * length + 4);
    size_t used = 0, step;
    for (size_t i = 0; i < length; i += step) {
        int32_t code;
        step = character(word + i, length - i, &code);
        if (lower && step) {
            used += (size_t)utf8proc_encode_char(utf8proc_tolower(code), (utf8proc_uint8_t *)changed + used);
        } else {
            step = 1;
            changed[used++] = word[i];
        }
    }
    add_part(list, changed, used);
    free(changed);
}

/* Whether a character of words begins at a place; *step is its length, or that of what separates. */
static bool in_word(const char *text, size_t left, bool letters, size_t *step) {
    int32_t code;
    *step = 1;
    if (!letters) return !strchr(" \t\n\v\f\r", *text) || !*text;
    size_t length = character(text, left, &code);
    if (!length) return false;
    *step = length;
    const char *category = utf8proc_category_string(code);
    return category[0] == 'L';
}

static void find_words(parts *list, mr_slice text, bool letters, bool lower) {
    size_t start = 0, step;
    for (size_t i = 0; i < text.length; i += step) {
        if (in_word(text.data + i, text.length - i, letters, &step)) continue;
        if (i > start) add_word(list, text.data + start, i - start, lower);
        start = i + step;
    }
    if (text.length > start) add_word(list, text.data + start, text.length - start, lower);
}

/* Lines or fields: parts that a byte ends; of lines, there is none behind the last newline. */
static void find_ended(parts *list, mr_slice text, char end, bool lines) {
    size_t start = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != end) continue;
        add_part(list, text.data + start, i - start);
        start = i + 1;
    }
    if (!lines || start < text.length) add_part(list, text.data + start, text.length - start);
}

/* Rows, or measures with so many decimals. */
static void find_rows(parts *list, mr_slice text, char delimiter, bool measures, unsigned decimals) {
    for (size_t start = 0, end; start < text.length; start = end + 1) {
        size_t cut = end = start;
        while (end < text.length && text.data[end] != '\n')
            end++;
        while (cut < end && text.data[cut] != delimiter)
            cut++;
        mr_slice rest = mr_bytes(text.data + cut + 1, cut < end ? end - cut - 1 : 0);
        if (!measures) {
            add_part(list, text.data + start, cut - start);
            add_part(list, rest.data, cut < end ? rest.length : SIZE_MAX);
            continue;
        }
        int64_t number = 0;
        if (rest.length && rest.data[rest.length - 1] == '\r') rest.length--;
        bool measured = cut < end && mr_long_decimal_of(rest, decimals, &number);
        add_part(list, text.data + start, (measured ? cut : end) - start);
        add_part(list, (const char *)&number, measured ? sizeof number : SIZE_MAX);
    }
}

/* ---- what the host finds ----------------------------------------------------------------------------------------- */

static void refuse(mr_ctx *ctx, const char *format, ...) {
    (void)ctx;
    (void)format;
    require(!"the scan fails");
}

static const mr_host host = {.size = sizeof(mr_host), .fail = refuse, .refill = mr_scan_refill};

static void collect_measures(parts *list, char *text, size_t length, char delimiter, unsigned decimals) {
    mr_measures measures = mr_measures_of(&context.ctx, text, length, delimiter, decimals);
    mr_slice key;
    int64_t number;
    for (int got; (got = mr_next_measure(&measures, &key, &number)) != 0;) {
        add_part(list, key.data, key.length);
        add_part(list, (char *)&number, got > 0 ? sizeof number : SIZE_MAX);
    }
}

static void collect_rows(parts *list, char *text, size_t length, char delimiter) {
    mr_rows rows = mr_rows_of(&context.ctx, text, length, delimiter);
    mr_slice key, rest;
    while (mr_next_row(&rows, &key, &rest)) {
        add_part(list, key.data, key.length);
        add_part(list, rest.data, rest.data ? rest.length : SIZE_MAX);
    }
}

static void collect(parts *list, mr_scan scan) {
    mr_slice slice;
    while (mr_next(&scan, &slice))
        add_part(list, slice.data, slice.length);
}

/* What is to be found in a text. */
typedef struct search {
    uint32_t kind;     /* enum mr_scan_kind */
    char delimiter;    /* of fields, rows and measures */
    unsigned decimals; /* of measures */
} search;

static void find_expected(parts *list, mr_slice text, const search *what) {
    switch (what->kind & ~(uint32_t)MR_LOWER) {
    case MR_WORDS_SPACE:
    case MR_WORDS_LETTERS:
        find_words(list, text, (what->kind & 255) == MR_WORDS_LETTERS, what->kind & MR_LOWER);
        break;
    case MR_LINES:
        find_ended(list, text, '\n', true);
        break;
    case MR_FIELDS:
        find_ended(list, text, what->delimiter, false);
        break;
    default:
        find_rows(list, text, what->delimiter, what->kind == MR_MEASURES, what->decimals);
    }
}

static void find_by_host(parts *list, char *text, size_t length, const search *what) {
    mr_ctx *ctx = &context.ctx;
    if (what->kind == MR_MEASURES)
        collect_measures(list, text, length, what->delimiter, what->decimals);
    else if (what->kind == MR_ROWS)
        collect_rows(list, text, length, what->delimiter);
    else if (what->kind == MR_LINES)
        collect(list, mr_lines_of(ctx, text, length));
    else if (what->kind == MR_FIELDS)
        collect(list, mr_fields_of(ctx, text, length, what->delimiter));
    else
        collect(list, mr_words_of(ctx, text, length, what->kind));
}

/* Puts the text into memory of its own, with so much of a piece of input around it; gives where the memory begins. */
static char *place_text(mr_slice text, bool is_input, size_t before, size_t after) {
    size_t slack = is_input ? MR_TEXT_SLACK : 0;
    char *memory = fuzz_allocate(before + text.length + after + slack);
    memset(memory, 'G', before + text.length + after + slack);
    if (text.length) memcpy(memory + before, text.data, text.length);
    context.ctx.text = memory;
    context.ctx.text_length = is_input ? before + text.length + after : 0;
    return memory;
}

static bool untouched(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != 'G') return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint32_t kinds[] = {
        MR_WORDS_SPACE, MR_WORDS_LETTERS, MR_WORDS_SPACE | MR_LOWER, MR_WORDS_LETTERS | MR_LOWER, MR_LINES, MR_FIELDS,
        MR_ROWS,        MR_MEASURES};
    fuzz_input in = {data, data + size};
    search what = {.kind = kinds[take_number(&in, 7)], .delimiter = (char)take_number(&in, 255)};
    what.decimals = (unsigned)take_number(&in, 18);
    if (what.kind >= MR_ROWS && what.kind <= MR_MEASURES && what.delimiter == '\n') what.delimiter = ';';
    bool is_input = take_bool(&in);
    size_t before = take_number(&in, 70), after = is_input ? take_number(&in, 70) : 0;
    mr_slice text = take_bytes(&in, SIZE_MAX);
    parts expected = {0};
    find_expected(&expected, text, &what);
    for (int processor = 0; processor < MR_PROCESSORS; processor++) {
        if (!mr_processor_has((mr_processor)processor)) continue;
        mr_scan_use((mr_processor)processor);
        context = (mr_context){.ctx.host = &host};
        parts found = {0};
        char *memory = place_text(text, is_input, before, after);
        find_by_host(&found, memory + before, text.length, &what);
        require(found.used == expected.used && (!found.used || !memcmp(found.bytes, expected.bytes, found.used)));
        require(untouched(memory, before) && untouched(memory + before + text.length, after));
        require((what.kind & MR_LOWER) || same_slice(text, memory + before, text.length));
        mr_context_forget_words(&context);
        free(context.scratch);
        free(memory);
        free(found.bytes);
    }
    free(expected.bytes);
    return 0;
}
