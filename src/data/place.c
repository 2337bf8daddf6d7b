#include "data/place.h"

#include <strings.h>

/* The place of a number is a byte for its class, then, if it is finite and not zero, the exponent of its first digit
 * that is not zero, with the sign bit turned so that it orders bytewise, its digits without zeros at the end, and a
 * zero byte. Of negative numbers all but the class is inverted. */

enum number_class { NO_NUMBER = 1, NOT_A_NUMBER, MINUS_INFINITE, NEGATIVE, ZERO, POSITIVE, INFINITE };

/* Exponents beyond are all the same: no text of so many digits fits into memory. */
#define EXPONENT_MOST (INT64_C(1) << 60)

char *mr_place_of_bytes(char *to, mr_slice text) {
    for (size_t i = 0; i < text.length; i++) {
        *to++ = text.data[i];
        if (!text.data[i]) *to++ = 1;
    }
    *to++ = 0;
    *to++ = 0;
    return to;
}

void mr_place_reverse(char *start, char *end) {
    for (; start < end; start++)
        *start = (char)~*start;
}

static bool is_digit(const char *at, const char *end) {
    return at < end && *at >= '0' && *at <= '9';
}

/* Reads what may stand behind the digits: nothing, or an exponent. False when it is something else. */
static bool read_exponent(const char *at, const char *end, int64_t *exponent) {
    *exponent = 0;
    if (at == end) return true;
    if (*at != 'e' && *at != 'E') return false;
    at++;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    if (at == end) return false;
    for (; is_digit(at, end); at++)
        if (*exponent < EXPONENT_MOST / 10) *exponent = 10 * *exponent + (*at - '0');
    if (negative) *exponent = -*exponent;
    return at == end;
}

/* The digits of a number, of which the first and the last are not zero; a point may be among them. */
typedef struct number_digits {
    const char *first, *end;
    int64_t exponent; /* of the first digit */
} number_digits;

/* Reads digits, a point and an exponent. False when it is no number. No digits: it is zero. */
static bool read_digits(const char *at, const char *end, number_digits *digits) {
    const char *point = NULL;
    size_t count = 0;
    int64_t exponent;
    *digits = (number_digits){0};
    for (; is_digit(at, end) || (at < end && *at == '.' && !point); at++) {
        if (*at == '.') {
            point = at;
            continue;
        }
        count++;
        if (*at == '0') continue;
        if (!digits->first) digits->first = at;
        digits->end = at + 1;
    }
    if (!count || !read_exponent(at, end, &exponent)) return false;
    if (!point) point = at;
    /* How far the first digit stands in front of the point, which itself is no digit. */
    if (digits->first) digits->exponent = exponent + (point - digits->first) - (digits->first < point);
    return true;
}

static bool is_word(const char *at, const char *end, const char *word) {
    return (size_t)(end - at) == strlen(word) && !strncasecmp(at, word, strlen(word));
}

static char *put_digits(char *to, const number_digits *digits) {
    mr_store_u64(to, __builtin_bswap64((uint64_t)digits->exponent ^ 1ull << 63));
    to += sizeof(uint64_t);
    for (const char *at = digits->first; at < digits->end; at++)
        if (*at != '.') *to++ = *at;
    *to++ = 0;
    return to;
}

char *mr_place_of_number(char *to, mr_slice text) {
    const char *at = text.length ? text.data : "", *end = at + text.length;
    number_digits digits;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    char *class = to++;
    if (is_word(at, end, "inf") || is_word(at, end, "infinity")) {
        *class = negative ? MINUS_INFINITE : INFINITE;
    } else if (is_word(at, end, "nan")) {
        *class = NOT_A_NUMBER;
    } else if (!read_digits(at, end, &digits)) {
        *class = NO_NUMBER;
    } else if (!digits.first) {
        *class = ZERO;
    } else {
        *class = negative ? NEGATIVE : POSITIVE;
        char *start = to;
        to = put_digits(to, &digits);
        if (negative) mr_place_reverse(start, to);
    }
    return to;
}
