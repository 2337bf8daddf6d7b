#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* The power of 1024 that a unit stands for; -1 when it is none. */
static int unit_exponent(const char *unit) {
    static const char letters[] = "KMGT";
    if (!*unit || !strcasecmp(unit, "B")) return 0;
    const char *letter = strchr(letters, toupper((unsigned char)*unit));
    if (!letter) return -1;
    unit++;
    if (*unit && strcasecmp(unit, "B") && strcasecmp(unit, "iB")) return -1;
    return (int)(letter - letters) + 1;
}

bool mr_parse_size(const char *text, uint64_t *bytes) {
    if (!isdigit((unsigned char)*text) || !strncasecmp(text, "0x", 2)) return false;
    size_t digits = strspn(text, "0123456789.");
    int exponent = unit_exponent(text + digits);
    if (exponent < 0) return false;
    char number[64];
    if (digits >= sizeof number) return false;
    memcpy(number, text, digits);
    number[digits] = 0;
    char *end;
    errno = 0;
    if (!strchr(number, '.')) {
        unsigned long long whole = strtoull(number, &end, 10);
        if (errno || *end || whole > (uint64_t)INT64_MAX >> (10 * exponent)) return false;
        *bytes = (uint64_t)whole << (10 * exponent);
        return true;
    }
    double value = strtod(number, &end) * (double)(1ull << (10 * exponent));
    if (*end || !(value >= 0 && value < 9.2e18)) return false;
    *bytes = (uint64_t)value;
    return true;
}

bool mr_parse_duration(const char *text, uint64_t *milliseconds) {
    static const struct {
        const char *name;
        double milliseconds;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    size_t digits = strspn(text, "0123456789.");
    char number[64], *end;
    if (!isdigit((unsigned char)*text) || digits >= sizeof number) return false;
    memcpy(number, text, digits);
    number[digits] = 0;
    double value = strtod(number, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units && !*end; i++) {
        double result = value * units[i].milliseconds;
        if (strcmp(text + digits, units[i].name) || !(result < 9.2e18)) continue;
        *milliseconds = (uint64_t)result;
        return true;
    }
    return false;
}

bool mr_parse_count(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *count) {
    if (!isdigit((unsigned char)*text)) return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || value < minimum || value > maximum) return false;
    *count = value;
    return true;
}

const char *mr_format_size(uint64_t bytes, char *text) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit < 6) {
        value /= 1024;
        unit++;
    }
    snprintf(text, MR_SIZE_TEXT, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}

size_t mr_format_unsigned(uint64_t value, char *text) {
    char reversed[MR_DECIMAL_TEXT];
    size_t length = 0;
    do {
        reversed[length++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    for (size_t i = 0; i < length; i++)
        text[i] = reversed[length - 1 - i];
    return length;
}

size_t mr_format_decimal(int64_t value, char *text) {
    if (value >= 0) return mr_format_unsigned((uint64_t)value, text);
    text[0] = '-';
    return 1 + mr_format_unsigned(0 - (uint64_t)value, text + 1);
}

uint64_t mr_multiply_capped(uint64_t a, uint64_t b) {
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

double mr_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
