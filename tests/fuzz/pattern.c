/* Fuzzes what is found out about regular expressions. Whatever the pattern, nothing behind its end is read, and what is
 * written keeps to its room. And PCRE2, which matches each line alone, is the reference: what it matches contains one
 * of the texts that every match is said to contain, and the pattern for many lines finds the lines that match. */
#include "fuzzing.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "host/find.h"
#include "host/pattern.h"

enum { LONGEST_TEXT = 300 /* bytes: matching may take a time that grows fast */ };

static pcre2_compile_context *newlines; /* LF ends a line */
static pcre2_match_context *limits;     /* of what matching may cost */

/* A pattern for PCRE2. */
typedef struct matcher {
    pcre2_code *code;        /* NULL: PCRE2 refuses the pattern */
    pcre2_match_data *found; /* by the last match */
} matcher;

static matcher compile(const char *pattern, size_t length, uint32_t flags) {
    int error;
    PCRE2_SIZE at;
    matcher made = {.code = pcre2_compile((PCRE2_SPTR)pattern, length, flags, &error, &at, newlines)};
    if (made.code) made.found = pcre2_match_data_create_from_pattern(made.code, NULL);
    return made;
}

static void close_matcher(matcher *made) {
    pcre2_match_data_free(made->found);
    pcre2_code_free(made->code);
}

/* The first match in a text; *at is NULL when there is none. False when PCRE2 gives up. */
static bool match(const matcher *made, mr_slice text, mr_slice *at) {
    *at = mr_bytes(NULL, 0);
    int found = pcre2_match(made->code, (PCRE2_SPTR)text.data, text.length, 0, 0, made->found, limits);
    if (found == PCRE2_ERROR_NOMATCH) return true;
    if (found < 0) return false;
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(made->found);
    if (ends[0] > ends[1]) return false; /* a lookahead with \K ends before it begins */
    *at = mr_bytes(text.data + ends[0], ends[1] - ends[0]);
    return true;
}

static mr_slice first_line(mr_slice text) {
    const char *newline = memchr(text.data, '\n', text.length);
    return mr_bytes(text.data, newline ? (size_t)(newline - text.data) : text.length);
}

static mr_slice behind_line(mr_slice text, mr_slice line) {
    size_t skip = (size_t)(line.data - text.data) + line.length + 1;
    return mr_bytes(text.data + skip, text.length - skip);
}

/* Every match has one of the texts. */
static void check_literals(const matcher *line_matcher, const mr_literals *literals, uint32_t flags, mr_slice text) {
    mr_slice strings[MR_LITERALS_MAX], at;
    for (size_t i = 0; i < literals->count; i++)
        strings[i] = mr_bytes(literals->list[i].bytes, literals->list[i].length);
    mr_needles *needles = mr_needles_new(strings, literals->count, flags, NULL);
    require(needles);
    while (text.length) {
        mr_slice line = first_line(text);
        if (match(line_matcher, line, &at) && at.data) require(mr_needles_find(needles, at.data, at.length));
        text = behind_line(text, line);
    }
    mr_needles_close(needles);
}

/* The next line that matches alone is the one that is found among many. The text is whole lines. */
static void check_for_lines(const matcher *line_matcher, const matcher *text_matcher, mr_slice text) {
    while (text.length) {
        mr_slice at, rest = text, line = first_line(text), alone = {0};
        for (; rest.length; rest = behind_line(rest, line)) {
            line = first_line(rest);
            if (!match(line_matcher, line, &alone)) return;
            if (alone.data) break;
        }
        if (!match(text_matcher, mr_bytes(text.data, text.length - 1), &at)) return;
        require((at.data != NULL) == (alone.data != NULL));
        if (!alone.data) return;
        require(at.data >= line.data && at.data <= line.data + line.length);
        text = behind_line(text, line);
    }
}

static void prepare(void) {
    newlines = pcre2_compile_context_create(NULL);
    limits = pcre2_match_context_create(NULL);
    require(newlines && limits);
    pcre2_set_newline(newlines, PCRE2_NEWLINE_LF);
    pcre2_set_match_limit(limits, 20000);
    pcre2_set_depth_limit(limits, 1000);
}

/* A text of whole lines, in memory of its own. */
static mr_slice take_lines(fuzz_input *in) {
    mr_slice bytes = take_bytes(in, LONGEST_TEXT);
    char *text = fuzz_allocate(bytes.length + 1);
    if (bytes.length) memcpy(text, bytes.data, bytes.length);
    text[bytes.length] = '\n';
    return mr_bytes(text, bytes.length + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    if (!newlines) prepare();
    bool ignore_case = take_bool(&in);
    char *pattern = take_text(&in, strnlen((const char *)in.next, fuzz_left(&in)));
    in.next += fuzz_left(&in) > 0; /* the zero */
    mr_slice text = take_lines(&in);
    size_t length = strlen(pattern), room = mr_pattern_room(length);
    char *translated = fuzz_allocate(room);
    mr_literals literals;
    bool has_literals = mr_pattern_literals(pattern, &literals);
    size_t translated_length = mr_pattern_for_lines(pattern, translated);
    require(translated_length <= room);
    uint32_t flags = ignore_case ? PCRE2_CASELESS : 0;
    matcher line_matcher = compile(pattern, length, flags);
    matcher text_matcher = compile(translated, translated_length, flags | PCRE2_MULTILINE | PCRE2_ALT_CIRCUMFLEX);
    if (has_literals) {
        require(literals.count > 0 && literals.count <= MR_LITERALS_MAX);
        for (size_t i = 0; i < literals.count; i++)
            require(literals.list[i].length > 0 && literals.list[i].length <= MR_LITERAL_LENGTH);
        if (line_matcher.code) check_literals(&line_matcher, &literals, ignore_case ? MR_IGNORE_CASE : 0, text);
    }
    if (line_matcher.code && text_matcher.code && translated_length)
        check_for_lines(&line_matcher, &text_matcher, text);
    close_matcher(&line_matcher);
    close_matcher(&text_matcher);
    free(translated);
    free(pattern);
    free((char *)text.data);
    return 0;
}
