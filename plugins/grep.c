/* grep - the lines that match. A model of a map job: what it writes comes out in the order of the input.
 *
 *     mr run grep --set pattern='error|warning' --set line-numbers=yes server.log
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

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

static pcre2_code *code;        /* the pattern */
static pcre2_match_data *match; /* where PCRE2 puts what it finds */
static int invert, count, numbers;

/* Counting is a fold: so many lines for each file. Otherwise lines are written as they come. */
static void configure(mr_ctx *ctx, mr_plugin *self) {
    if (mr_option_flag(ctx, "count")) return;
    self->kind = MR_MAP;
    self->fold_type = 0;
    self->finish = NULL;
    if (mr_option_flag(ctx, "line-numbers")) self->needs = MR_NEEDS_RECORD_NUMBERS;
}

static void open(mr_ctx *ctx) {
    const char *pattern = mr_option_text(ctx, "pattern");
    uint32_t flags = mr_option_flag(ctx, "fixed") ? PCRE2_LITERAL : 0;
    char why[256];
    int error;
    PCRE2_SIZE at;
    if (mr_option_flag(ctx, "ignore-case")) flags |= PCRE2_CASELESS;
    invert = mr_option_flag(ctx, "invert");
    count = mr_option_flag(ctx, "count");
    numbers = mr_option_flag(ctx, "line-numbers");
    code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, flags, &error, &at, NULL);
    if (!code) {
        pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof why);
        mr_fail(ctx, "the pattern '%s' is wrong at character %zu: %s", pattern, at, why);
        return;
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* where it fails, matching is only slower */
    match = pcre2_match_data_create_from_pattern(code, NULL);
    if (!match) mr_fail(ctx, "out of memory");
}

static void close(mr_ctx *ctx) {
    (void)ctx;
    pcre2_match_data_free(match);
    pcre2_code_free(code);
}

static int is_wanted(mr_ctx *ctx, mr_slice line) {
    int found = pcre2_match(code, (PCRE2_SPTR)line.data, line.length, 0, 0, match, NULL);
    if (found < PCRE2_ERROR_NOMATCH) mr_fail(ctx, "PCRE2 gave up on a line, with error %d", found);
    return (found >= 0) != invert;
}

static void write_line(mr_ctx *ctx, mr_slice line, uint64_t number) {
    char text[24];
    if (numbers && ctx->source_count > 1) {
        mr_append(ctx, mr_text(mr_source_name(ctx, ctx->source)));
        mr_append(ctx, mr_text(":"));
    }
    if (numbers)
        mr_append(ctx, mr_bytes(text, (size_t)snprintf(text, sizeof text, "%llu:", (unsigned long long)number)));
    mr_append(ctx, line);
    mr_append(ctx, mr_text("\n"));
    line = mr_appended(ctx);
    mr_write(ctx, line.data, line.length);
}

static void map_chunk(mr_ctx *ctx, char *bytes, size_t length) {
    mr_lines lines = mr_lines_of(ctx, bytes, length);
    mr_slice line;
    uint64_t number = ctx->record_number, wanted = 0;
    for (; mr_next(&lines, &line); number++) {
        if (!is_wanted(ctx, line)) continue;
        wanted++;
        if (!count) write_line(ctx, line, number);
    }
    uint64_t key = __builtin_bswap64(ctx->source); /* numbers whose bytes come in their order */
    if (count) mr_count_many(ctx, mr_bytes(&key, sizeof key), wanted);
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
