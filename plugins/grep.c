/* grep - the lines, or other records, that match. A model of a map job: what it writes comes out in the order of the
 * input.
 *
 *     mr run grep --set pattern='error|warning' --set line-numbers=yes server.log
 */
// mr: -D_GNU_SOURCE -lpcre2-8
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"pattern", MR_OPTION_TEXT, 0, NULL, NULL,
     "a Perl-compatible regular expression, of bytes unless it begins with (*UTF)"},
    {"fixed", MR_OPTION_FLAG, 0, "no", NULL, "yes: the pattern is plain text"},
    {"ignore-case", MR_OPTION_FLAG, 0, "no", NULL, "yes: upper and lower case are the same"},
    {"invert", MR_OPTION_FLAG, 0, "no", NULL, "yes: the lines that do not match"},
    {"count", MR_OPTION_FLAG, 0, "no", NULL, "yes: only how many lines there are, for each file"},
    {"line-numbers", MR_OPTION_FLAG, 0, "no", NULL,
     "yes: the line's number in front (and its file, if there are several)"},
    {0}};

/* How the next line that matches is found:
 * - What is plain text is looked for in the piece of text as a whole; lines without it are never looked at.
 * - So are texts that everything the pattern matches contains; then the line around one is matched.
 * - Without such texts the piece is matched as a whole, by a pattern that never goes over the end of a line.
 * - When the pattern is too intricate for all that it is matched line by line. */
static mr_needles *needles;     /* of which every line that matches has one; NULL: none are known */
static pcre2_code *line_code;   /* matches a line; NULL: the needles say it all */
static pcre2_code *text_code;   /* matches lines of a text; NULL: not used */
static pcre2_match_data *match; /* where PCRE2 puts what it finds */
static int intricate;           /* text_code was too much for PCRE2: the rest of the piece is matched line by line */
static int invert, count, numbers;

static void map(mr_ctx *ctx, char *record, size_t length);

/* Counting is a fold: so many lines for each file. Otherwise lines are written as they come. What is no line is matched
 * one by one. */
static void configure(mr_ctx *ctx, mr_plugin *self) {
    if (ctx->records != MR_RECORDS_LINES) {
        self->map = map;
        self->map_chunk = NULL;
    }
    if (mr_option_flag(ctx, "count")) return;
    self->kind = MR_MAP;
    self->fold_type = 0;
    self->finish = NULL;
    if (mr_option_flag(ctx, "line-numbers")) self->needs = MR_NEEDS_RECORD_NUMBERS;
}

/* Returns NULL when the pattern is wrong. */
static pcre2_code *compile(mr_ctx *ctx, mr_slice pattern, uint32_t flags) {
    pcre2_compile_context *newlines = pcre2_compile_context_create(NULL);
    pcre2_code *code = NULL;
    char why[256];
    int error = PCRE2_ERROR_NOMEMORY;
    PCRE2_SIZE at = 0;
    if (newlines) {
        pcre2_set_newline(newlines, PCRE2_NEWLINE_LF);
        code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.length, flags, &error, &at, newlines);
        pcre2_compile_context_free(newlines);
    }
    if (code) {
        pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* where it fails, matching is only slower */
        return code;
    }
    if (error == PCRE2_ERROR_NOMEMORY || error == PCRE2_ERROR_HEAP_FAILED) {
        mr_fail(ctx, "out of memory");
        return NULL;
    }
    pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof why);
    mr_fail(ctx, "the pattern '%.*s' is wrong at character %zu: %s", (int)pattern.length, pattern.data, at, why);
    return NULL;
}

static void open(mr_ctx *ctx) {
    mr_slice pattern = mr_text(mr_option_text(ctx, "pattern")), of_lines;
    int fixed = mr_option_flag(ctx, "fixed"), ignore_case = mr_option_flag(ctx, "ignore-case");
    uint32_t flags = ignore_case ? PCRE2_CASELESS : 0, needle_flags = ignore_case ? MR_IGNORE_CASE : 0;
    invert = mr_option_flag(ctx, "invert");
    count = mr_option_flag(ctx, "count");
    numbers = mr_option_flag(ctx, "line-numbers");
    if (fixed && !memchr(pattern.data, '\n', pattern.length)) {
        needles = mr_needles_of(ctx, &pattern, 1, needle_flags);
        return;
    }
    line_code = compile(ctx, pattern, flags | (fixed ? PCRE2_LITERAL : 0));
    if (!line_code) return;
    match = pcre2_match_data_create_from_pattern(line_code, NULL);
    if (!match) mr_fail(ctx, "out of memory");
    if (fixed) return;
    needles = mr_pattern_needles(ctx, pattern.data, needle_flags);
    of_lines = needles ? mr_text("") : mr_pattern_of_lines(ctx, pattern.data);
    if (of_lines.length) text_code = compile(ctx, of_lines, flags | PCRE2_MULTILINE | PCRE2_ALT_CIRCUMFLEX);
}

static void close(mr_ctx *ctx) {
    (void)ctx;
    pcre2_match_data_free(match);
    pcre2_code_free(text_code);
    pcre2_code_free(line_code);
}

/* ---- finding lines ----------------------------------------------------------------------------------------------- */

/* The line that a place lies in, with its newline. */
static mr_slice line_around(const char *at, const char *text, const char *end) {
    const char *before = memrchr(text, '\n', (size_t)(at - text)), *after = memchr(at, '\n', (size_t)(end - at));
    const char *start = before ? before + 1 : text;
    return mr_bytes(start, (size_t)((after ? after + 1 : end) - start));
}

/* The length of a text, which is not empty, without the newline at its end. */
static size_t without_newline(const char *text, size_t length) {
    return length - (text[length - 1] == '\n');
}

static int matches(mr_ctx *ctx, const char *text, size_t length) {
    int found = pcre2_match(line_code, (PCRE2_SPTR)text, length, 0, 0, match, NULL);
    if (found < PCRE2_ERROR_NOMATCH) mr_fail(ctx, "PCRE2 gave up on a line, with error %d", found);
    return found >= 0;
}

static int matches_alone(mr_ctx *ctx, mr_slice line) {
    return matches(ctx, line.data, without_newline(line.data, line.length));
}

enum { NOWHERE, PERHAPS, CERTAINLY };

/* Sets *at to a place in the next line that may match; whether it does is what it returns. */
static int next_place(mr_ctx *ctx, const char *text, const char *end, const char **at) {
    int found;
    *at = text;
    if (needles) {
        *at = mr_find(ctx, needles, mr_bytes(text, (size_t)(end - text)));
        return !*at ? NOWHERE : line_code ? PERHAPS : CERTAINLY;
    }
    if (!text_code || intricate) return PERHAPS;
    found = pcre2_match(text_code, (PCRE2_SPTR)text, without_newline(text, (size_t)(end - text)), 0, 0, match, NULL);
    if (found == PCRE2_ERROR_NOMATCH) return NOWHERE;
    intricate = found < 0;
    if (intricate) return PERHAPS;
    *at = text + pcre2_get_ovector_pointer(match)[0];
    return CERTAINLY;
}

/* The next line that matches, with its newline; an empty slice at the end of the text when there is none. */
static mr_slice next_match(mr_ctx *ctx, const char *text, const char *end) {
    while (text < end) {
        const char *at;
        int found = next_place(ctx, text, end, &at);
        if (found == NOWHERE) break;
        mr_slice line = line_around(at, text, end);
        if (found == CERTAINLY || matches_alone(ctx, line)) return line;
        text = line.data + line.length;
    }
    return mr_bytes(end, 0);
}

/* ---- passing them on --------------------------------------------------------------------------------------------- */

static void write_lines(mr_ctx *ctx, mr_slice lines) {
    if (!lines.length) return;
    mr_write(ctx, lines.data, lines.length);
    if (without_newline(lines.data, lines.length) == lines.length) mr_write(ctx, "\n", 1);
}

/* Appends what stands in front of a line. */
static void append_number(mr_ctx *ctx, uint64_t number) {
    char text[24];
    if (ctx->source_count > 1) {
        mr_append(ctx, mr_text(mr_source_name(ctx, ctx->source)));
        mr_append(ctx, mr_text(":"));
    }
    mr_append(ctx, mr_bytes(text, (size_t)snprintf(text, sizeof text, "%llu:", (unsigned long long)number)));
}

static void write_numbered(mr_ctx *ctx, char *bytes, size_t length, uint64_t number) {
    mr_lines lines = mr_lines_of(ctx, bytes, length);
    mr_slice line;
    for (; mr_next(&lines, &line); number++) {
        append_number(ctx, number);
        mr_append(ctx, line);
        mr_append(ctx, mr_text("\n"));
        line = mr_appended(ctx);
        mr_write(ctx, line.data, line.length);
    }
}

static uint64_t count_lines(mr_slice lines) {
    uint64_t newlines = 0;
    if (!lines.length) return 0;
    for (size_t i = 0; i < lines.length; i++)
        newlines += lines.data[i] == '\n';
    return newlines + (without_newline(lines.data, lines.length) == lines.length);
}

static void count_for_file(mr_ctx *ctx, uint64_t lines) {
    uint64_t key = __builtin_bswap64(ctx->source); /* numbers whose bytes come in their order */
    mr_count_many(ctx, mr_bytes(&key, sizeof key), lines);
}

static void map_chunk(mr_ctx *ctx, char *bytes, size_t length) {
    size_t done = 0;
    uint64_t number = ctx->record_number, wanted = 0;
    intricate = 0;
    while (done < length) {
        mr_slice line = next_match(ctx, bytes + done, bytes + length);
        mr_slice others = mr_bytes(bytes + done, (size_t)(line.data - bytes) - done);
        mr_slice chosen = invert ? others : line;
        if (count) {
            wanted += count_lines(chosen);
        } else if (numbers) {
            uint64_t before = count_lines(others);
            write_numbered(ctx, (char *)chosen.data, chosen.length, invert ? number : number + before);
            number += before + 1;
        } else {
            write_lines(ctx, chosen);
        }
        done += others.length + line.length;
    }
    if (count) count_for_file(ctx, wanted);
}

/* ---- records that are no lines ----------------------------------------------------------------------------------- */

/* What ends a record in the output, so that it can be read in again. */
static mr_slice terminator_of(const mr_ctx *ctx) {
    switch (ctx->records) {
    case MR_RECORDS_NUL:
        return mr_bytes("", 1);
    case MR_RECORDS_PARAGRAPHS:
        return mr_text("\n\n");
    case MR_RECORDS_CSV:
    case MR_RECORDS_JSONL:
        return mr_text("\n");
    default:
        return mr_text("");
    }
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    mr_slice bytes = mr_bytes(record, length);
    int found = (!needles || mr_find(ctx, needles, bytes)) && (!line_code || matches(ctx, record, length));
    if (count) count_for_file(ctx, found != invert);
    if (count || found == invert) return;
    if (numbers) append_number(ctx, mr_record_number(ctx));
    mr_append(ctx, bytes);
    mr_append(ctx, terminator_of(ctx));
    bytes = mr_appended(ctx);
    mr_write(ctx, bytes.data, bytes.length);
}

static void finish(mr_ctx *ctx, mr_slice key, const void *lines) {
    char text[24];
    int length = snprintf(text, sizeof text, "%llu", *(const unsigned long long *)lines);
    uint64_t source = __builtin_bswap64((uint64_t)mr_int64_of(key));
    mr_emit(ctx, mr_text(mr_source_name(ctx, source)), mr_bytes(text, (size_t)length));
}

MR_PLUGIN(.name = "grep", .summary = "print the lines that match a pattern", .options = options, .kind = MR_FOLD,
          .fold_type = MR_FOLD_COUNT, .configure = configure, .open = open, .close = close, .map_chunk = map_chunk,
          .finish = finish)
