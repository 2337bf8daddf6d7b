/* What the generators have in common: output, and the reading of options.
 *
 * Functions that return bool return false after they have reported an error on standard error. */

#ifndef DATASETS_GENERATOR_H
#define DATASETS_GENERATOR_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    OUTPUT_BUFFER_SIZE = 1 << 18, /* bytes handed to one write: a share of the second-level cache */
    OUTPUT_SLACK = 128,           /* bytes that may be put at once */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Output: a file descriptor with a buffer. */

struct Output {
    const char *path; /* as messages name it */
    int descriptor;   /* open for writing */
    size_t used;      /* bytes waiting in the buffer */
    char *buffer;     /* OUTPUT_BUFFER_SIZE bytes, and OUTPUT_SLACK */
};

static bool report_failure(const char *action, const char *path) {
    fprintf(stderr, "%s: cannot %s %s: %s\n", program_invocation_short_name, action, path, strerror(errno));
    return false;
}

static bool report_no_memory(void) {
    fprintf(stderr, "%s: out of memory; try fewer words or names\n", program_invocation_short_name);
    return false;
}

static bool output_open(struct Output *output, const char *path) {
    bool is_standard = strcmp(path, "-") == 0;
    output->path = is_standard ? "the standard output" : path;
    output->used = 0;
    output->buffer = malloc(OUTPUT_BUFFER_SIZE + OUTPUT_SLACK);
    if (output->buffer == NULL) return report_no_memory();
    output->descriptor = is_standard ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (output->descriptor >= 0) return true;
    free(output->buffer);
    return report_failure("open", path);
}

static bool output_flush(struct Output *output) {
    size_t done = 0;
    while (done < output->used) {
        ssize_t written = write(output->descriptor, output->buffer + done, output->used - done);
        if (written >= 0)
            done += (size_t)written;
        else if (errno != EINTR)
            return report_failure("write", output->path);
    }
    output->used = 0;
    return true;
}

/* Makes room for OUTPUT_SLACK bytes, which are put at output->buffer + output->used. */
static inline bool output_reserve(struct Output *output) {
    return output->used < OUTPUT_BUFFER_SIZE || output_flush(output);
}

/* Writes what waits, unless an error made it useless, and gives everything back. Some file systems report a full disk
 * only when the file is closed. */
static bool output_close(struct Output *output, bool is_good) {
    is_good = is_good && output_flush(output);
    free(output->buffer);
    if (close(output->descriptor) != 0 && is_good) return report_failure("close", output->path);
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Options. */

static bool report_usage(const char *option, const char *value, const char *expected) {
    fprintf(stderr, "%s: %s '%s' is not %s; see %s --help\n", program_invocation_short_name, option, value, expected,
            program_invocation_short_name);
    return false;
}

/* Reads digits only, up to the maximum, and sets *end behind them. */
static bool parse_digits(const char *text, uint64_t maximum, uint64_t *number, const char **end) {
    const char *at = text;
    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (digit > maximum || *number > (maximum - digit) / 10) return false;
        *number = *number * 10 + digit;
    }
    *end = at;
    return at > text;
}

static bool parse_integer(const char *option, const char *value, uint64_t minimum, uint64_t maximum, uint64_t *number) {
    const char *end;
    if (parse_digits(value, maximum, number, &end) && *end == '\0' && *number >= minimum) return true;
    char expected[80];
    snprintf(expected, sizeof expected, "a whole number from %" PRIu64 " to %" PRIu64, minimum, maximum);
    return report_usage(option, value, expected);
}

/* Reads a decimal fraction exactly, as millionths. */
static bool parse_decimal(const char *option, const char *value, unsigned maximum, uint64_t *millionths) {
    uint64_t whole;
    const char *end;
    bool is_good = parse_digits(value, maximum, &whole, &end);
    if (is_good) {
        *millionths = whole * 1000000;
        if (*end == '.' && end[1] != '\0') {
            end++;
            for (unsigned unit = 100000; unit > 0 && *end >= '0' && *end <= '9'; unit /= 10)
                *millionths += (uint64_t)(*end++ - '0') * unit;
        }
        is_good = *end == '\0' && *millionths <= (uint64_t)maximum * 1000000;
    }
    if (is_good) return true;
    char expected[80];
    snprintf(expected, sizeof expected, "a number from 0 to %u with at most 6 decimals", maximum);
    return report_usage(option, value, expected);
}

static int show_help(const char *help) {
    if (fputs(help, stdout) >= 0 && fflush(stdout) == 0) return EXIT_SUCCESS;
    report_failure("write", "the standard output");
    return EXIT_FAILURE;
}

#endif
