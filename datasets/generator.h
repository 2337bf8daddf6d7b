/* What the generators have in common: output and numbers.
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
    OUTPUT_SLACK = 4096,          /* bytes that may be put at once */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Output: a file descriptor with a buffer. */

struct Output {
    const char *path; /* as messages name it */
    int descriptor;   /* open for writing */
    size_t used;      /* bytes waiting in the buffer */
    char *buffer;     /* OUTPUT_BUFFER_SIZE bytes, and OUTPUT_SLACK */
};

static inline bool report_failure(const char *action, const char *path) {
    fprintf(stderr, "%s: cannot %s %s: %s\n", program_invocation_short_name, action, path, strerror(errno));
    return false;
}

static inline bool report_no_memory(void) {
    fprintf(stderr, "%s: out of memory; try smaller numbers\n", program_invocation_short_name);
    return false;
}

/* Opens a file, which is emptied; "-" is the standard output. */
static inline bool output_open(struct Output *output, const char *path) {
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

static inline bool output_flush(struct Output *output) {
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

/* Makes room for OUTPUT_SLACK bytes, which are put at output_end. */
static inline bool output_reserve(struct Output *output) {
    return output->used < OUTPUT_BUFFER_SIZE || output_flush(output);
}

static inline char *output_end(const struct Output *output) {
    return output->buffer + output->used;
}

/* Says that what was put at output_end goes as far as `end`. */
static inline void output_advance(struct Output *output, const char *end) {
    output->used = (size_t)(end - output->buffer);
}

/* Writes any number of bytes. */
static inline bool output_put(struct Output *output, const char *bytes, size_t length) {
    while (length > 0) {
        if (!output_reserve(output)) return false;
        size_t part = length < OUTPUT_SLACK ? length : OUTPUT_SLACK;
        memcpy(output_end(output), bytes, part);
        output->used += part;
        bytes += part;
        length -= part;
    }
    return true;
}

/* Writes a byte any number of times. */
static inline bool output_repeat(struct Output *output, char byte, uint64_t count) {
    while (count > 0) {
        if (!output_reserve(output)) return false;
        size_t part = count < OUTPUT_SLACK ? (size_t)count : OUTPUT_SLACK;
        memset(output_end(output), byte, part);
        output->used += part;
        count -= part;
    }
    return true;
}

/* Writes what waits, unless an error made it useless, and gives everything back. Some file systems report a full disk
 * only when the file is closed. */
static inline bool output_close(struct Output *output, bool is_good) {
    is_good = is_good && output_flush(output);
    free(output->buffer);
    if (close(output->descriptor) != 0 && is_good) return report_failure("close", output->path);
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Numbers. Functions that put text return its end; what they are given has to have room for OUTPUT_SLACK bytes, or
 * for 24. */

/* Digits are made from the right, two at a time. */
static inline char *put_whole(char *to, uint64_t number) {
    char digits[24], *start = digits + sizeof digits;
    while (number >= 100) {
        unsigned two = (unsigned)(number % 100);
        number /= 100;
        *--start = (char)('0' + two % 10);
        *--start = (char)('0' + two / 10);
    }
    *--start = (char)('0' + number % 10);
    if (number >= 10) *--start = (char)('0' + number / 10);
    size_t length = (size_t)(digits + sizeof digits - start);
    memcpy(to, start, length);
    return to + length;
}

/* The last digits of a number, with zeros before it. */
static inline char *put_digits(char *to, uint64_t number, unsigned digits) {
    for (unsigned i = digits; i-- > 0; number /= 10)
        to[i] = (char)('0' + number % 10);
    return to + digits;
}

static inline uint64_t absolute(int64_t number) {
    return number < 0 ? -(uint64_t)number : (uint64_t)number;
}

/* A number of hundredths, such as -12.05. */
static inline char *put_hundredths(char *to, int64_t hundredths) {
    uint64_t size = absolute(hundredths);
    *to = '-';
    to = put_whole(to + (hundredths < 0), size / 100);
    *to = '.';
    return put_digits(to + 1, size % 100, 2);
}

/* The quotient as a whole number, halves away from zero; a positive divisor. */
static inline int64_t divide_rounded(int64_t dividend, uint64_t divisor) {
    uint64_t quotient = absolute(dividend) / divisor, rest = absolute(dividend) % divisor;
    quotient += rest >= divisor - rest;
    return dividend < 0 ? -(int64_t)quotient : (int64_t)quotient;
}

/* Spreads a whole over parts evenly: adds the share of one part to a number; rest, which begins with 0, keeps what is
 * left over for the next part. */
static inline void add_share(uint64_t *number, uint64_t *rest, uint64_t whole, uint64_t parts) {
    *number += whole / parts;
    *rest += whole % parts;
    if (*rest < parts) return;
    *rest -= parts;
    *number += 1;
}

#endif
