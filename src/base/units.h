/* units.h - sizes and numbers as people write them. Any process. */
#ifndef MR_BASE_UNITS_H
#define MR_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MR_SIZE_TEXT = 32, MR_DECIMAL_TEXT = 24 };

/* Reads "64M", "1.5G", "4096": a decimal number with an optional K, M, G or T (powers of 1024; also in lower case, also
 * followed by B or iB). False when text is anything else, negative, or does not fit into 63 bits. */
bool mr_parse_size(const char *text, uint64_t *bytes);

/* Reads "30s", "500ms", "2m", "1.5h": a decimal number with one of these units. False when text is anything else, or
 * does not fit into 63 bits. */
bool mr_parse_duration(const char *text, uint64_t *milliseconds);

/* Reads a whole number from minimum to maximum in decimal; false for anything else. */
bool mr_parse_count(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *count);

/* Writes "0 B", "1.5 KiB", "256.0 MiB" into text (MR_SIZE_TEXT bytes) and returns text. */
const char *mr_format_size(uint64_t bytes, char *text);

/* Writes value in decimal, without a NUL, into text (MR_DECIMAL_TEXT bytes); returns its length. */
size_t mr_format_decimal(int64_t value, char *text);

/* The same for an unsigned value. */
size_t mr_format_unsigned(uint64_t value, char *text);

/* a + b and a * b, held at UINT64_MAX when they would overflow. */
static inline uint64_t mr_add_capped(uint64_t a, uint64_t b) {
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}
uint64_t mr_multiply_capped(uint64_t a, uint64_t b);

static inline uint64_t mr_smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}
static inline uint64_t mr_larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}
/* value, but at least low and at most high. */
static inline uint64_t mr_between(uint64_t low, uint64_t value, uint64_t high) {
    return value < low ? low : value > high ? high : value;
}
/* value rounded up to a multiple of unit, a power of two. */
static inline uint64_t mr_round_up(uint64_t value, uint64_t unit) {
    return (value + unit - 1) & ~(unit - 1);
}

/* Seconds on the monotonic clock, from an arbitrary start. */
double mr_seconds(void);

#endif
