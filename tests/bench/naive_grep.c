/* naive_grep - the lines that match: one process, getline, and strstr or PCRE2 for each line.
 *
 *     naive_grep fixed|regex PATTERN INPUT OUTPUT
 *
 * What `mr run grep` is compared with.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "naive.h"

static pcre2_code *code; /* the regular expression */
static pcre2_match_data *match;

static void compile(const char *pattern) {
    int error;
    PCRE2_SIZE at;
    code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &error, &at, NULL);
    if (!code) exit(usage("the pattern has to be a regular expression"));
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    match = pcre2_match_data_create_from_pattern(code, NULL);
    if (!match) die("pcre2");
}

int main(int argument_count, char **arguments) {
    if (argument_count != 5) return usage("naive_grep fixed|regex PATTERN INPUT OUTPUT");
    const char *pattern = arguments[2];
    FILE *input = open_file(arguments[3], "r"), *output = open_file(arguments[4], "w");
    int fixed = strcmp(arguments[1], "fixed") == 0;
    char *line = NULL;
    size_t capacity = 0;
    if (!fixed) compile(pattern);
    for (ssize_t length; (length = getline(&line, &capacity, input)) > 0;) {
        size_t text = (size_t)length - (line[length - 1] == '\n');
        if (fixed ? strstr(line, pattern) != NULL : pcre2_match(code, (PCRE2_SPTR)line, text, 0, 0, match, NULL) >= 0)
            fwrite(line, 1, (size_t)length, output);
    }
    return close_file(input) | close_file(output);
}
