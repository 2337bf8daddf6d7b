#include "data/fold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/forked.h"
#include "base/numerics.h"
#include "base/units.h"
#include "data/exact_sum.h"

/* Accumulators: a count is a uint64_t; a sum of int64 has 128 bits, so that no order of addition can overflow on the
 * way; minima and maxima of doubles are kept as the integers of double_rank, which order like the doubles. */

__extension__ typedef __int128 wide_integer;
__extension__ typedef unsigned __int128 wide_unsigned;

/* A number that orders like the double: -NaN is made +NaN, and -0 comes before +0. */
static uint64_t double_rank(double value) {
    if (isnan(value)) value = NAN;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value)) return bits | 1ull << 63;
    return bits >> 63 ? ~bits : bits | 1ull << 63;
}

static double double_of_rank(uint64_t rank) {
    uint64_t bits = rank >> 63 ? rank & ~(1ull << 63) : ~rank;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

mr_fold mr_fold_of(uint32_t type, uint32_t value_size, void (*custom)(mr_ctx *, void *, const void *), mr_ctx *ctx) {
    mr_fold fold = {.type = type, .emitted_size = 8, .size = 8, .custom = custom, .ctx = ctx};
    if (type == MR_FOLD_COUNT) fold.emitted_size = 0;
    if (type == MR_FOLD_SUM_INT64) fold.size = sizeof(wide_integer);
    if (type == MR_FOLD_SUM_DOUBLE) fold.size = sizeof(mr_exact_sum);
    if (type == MR_FOLD_STATS_INT64) fold.size = sizeof(mr_stats_total);
    if (type == MR_FOLD_CUSTOM) {
        fold.emitted_size = value_size;
        fold.size = (uint32_t)mr_padded(value_size);
    }
    return fold;
}

/* The accumulator of a single emitted number; not for statistics. */
static void lift(const mr_fold *fold, uint64_t bits, void *accumulator) {
    double number;
    memcpy(&number, &bits, sizeof number);
    wide_integer wide = (int64_t)bits;
    switch (fold->type) {
    case MR_FOLD_SUM_INT64:
        memcpy(accumulator, &wide, sizeof wide);
        break;
    case MR_FOLD_SUM_DOUBLE:
        memset(accumulator, 0, sizeof(mr_exact_sum));
        mr_exact_sum_add(accumulator, number);
        break;
    case MR_FOLD_MIN_DOUBLE:
    case MR_FOLD_MAX_DOUBLE:
        bits = double_rank(number);
        memcpy(accumulator, &bits, sizeof bits);
        break;
    default:
        memcpy(accumulator, &bits, sizeof bits);
    }
}

void mr_fold_start(const mr_fold *fold, void *accumulator, const char *value, size_t length) {
    if (fold->type == MR_FOLD_COUNT) {
        mr_store_u64(accumulator, length ? mr_load_u64(value) : 1);
    } else if (fold->type == MR_FOLD_CUSTOM) {
        memcpy(accumulator, value, length);
        memset((char *)accumulator + length, 0, fold->size - length);
    } else if (fold->type == MR_FOLD_STATS_INT64) {
        mr_stats_start(accumulator, (int64_t)mr_load_u64(value));
    } else {
        lift(fold, mr_load_u64(value), accumulator);
    }
}

/* Has the plugin fold. */
static void fold_custom(const mr_fold *fold, void *accumulator, const void *value) {
    fold->custom(fold->ctx, accumulator, value);
    mr_end_if_forked();
}

void mr_fold_add(const mr_fold *fold, void *accumulator, const char *value, size_t length) {
    if (fold->type == MR_FOLD_COUNT) {
        mr_store_u64(accumulator, mr_add_capped(mr_load_u64(accumulator), length ? mr_load_u64(value) : 1));
    } else if (fold->type == MR_FOLD_CUSTOM) {
        fold_custom(fold, accumulator, value);
    } else if (fold->type == MR_FOLD_SUM_DOUBLE) {
        double number;
        memcpy(&number, value, sizeof number);
        mr_exact_sum_add(accumulator, number);
    } else if (fold->type == MR_FOLD_STATS_INT64) {
        mr_stats_add(accumulator, (int64_t)mr_load_u64(value));
    } else {
        _Alignas(16) char single[sizeof(wide_integer)];
        lift(fold, mr_load_u64(value), single);
        mr_fold_merge(fold, accumulator, single);
    }
}

static wide_unsigned stats_sum(const mr_stats_total *total) {
    return (wide_unsigned)(uint64_t)total->sum_high << 64 | total->sum_low;
}

static void set_stats_sum(mr_stats_total *total, wide_unsigned sum) {
    total->sum_low = (uint64_t)sum;
    total->sum_high = (int64_t)(sum >> 64);
}

static void merge_stats(mr_stats_total *total, const mr_stats_total *other) {
    total->count = mr_add_capped(total->count, other->count);
    set_stats_sum(total, stats_sum(total) + stats_sum(other));
    if (other->minimum < total->minimum) total->minimum = other->minimum;
    if (other->maximum > total->maximum) total->maximum = other->maximum;
}

void mr_fold_merge(const mr_fold *fold, void *accumulator, const void *other) {
    uint64_t mine = mr_load_u64(accumulator), theirs = mr_load_u64(other);
    bool take = false;
    switch (fold->type) {
    case MR_FOLD_COUNT:
        mr_store_u64(accumulator, mr_add_capped(mine, theirs));
        break;
    case MR_FOLD_SUM_INT64: {
        wide_unsigned a, b; /* in two's complement; damaged records may be beyond 128 bits together */
        memcpy(&a, accumulator, sizeof a);
        memcpy(&b, other, sizeof b);
        a += b;
        memcpy(accumulator, &a, sizeof a);
        break;
    }
    case MR_FOLD_SUM_DOUBLE:
        mr_exact_sum_merge(accumulator, other);
        break;
    case MR_FOLD_MIN_INT64:
        take = (int64_t)theirs < (int64_t)mine;
        break;
    case MR_FOLD_MAX_INT64:
        take = (int64_t)theirs > (int64_t)mine;
        break;
    case MR_FOLD_MIN_DOUBLE: /* NaN has the highest rank and wins all the same */
        take = (theirs < mine && !isnan(double_of_rank(mine))) || isnan(double_of_rank(theirs));
        break;
    case MR_FOLD_MAX_DOUBLE:
        take = theirs > mine;
        break;
    case MR_FOLD_STATS_INT64:
        merge_stats(accumulator, other);
        break;
    default:
        fold_custom(fold, accumulator, other);
    }
    if (take) mr_store_u64(accumulator, theirs);
}

/* An exact sum is coded as special bits, first limb, number of limbs, limbs; the rest is zeros below and the sign
 * above. */
static char *encode_exact_sum(char *to, const mr_exact_sum *sum) {
    uint64_t sign = sum->limbs[MR_EXACT_LIMBS - 1] >> 63 ? UINT64_MAX : 0;
    int first = 0, end = MR_EXACT_LIMBS;
    while (first < MR_EXACT_LIMBS && sum->limbs[first] == 0)
        first++;
    while (end > first && sum->limbs[end - 1] == sign)
        end--;
    *to++ = (char)(sum->special | (sign ? 8 : 0));
    *to++ = (char)first;
    *to++ = (char)(end - first);
    memcpy(to, sum->limbs + first, (size_t)(end - first) * 8);
    return to + (end - first) * 8;
}

static bool decode_exact_sum(const char **from, const char *end, mr_exact_sum *sum) {
    if (end - *from < 3) return false;
    unsigned flags = (unsigned char)(*from)[0], first = (unsigned char)(*from)[1], count = (unsigned char)(*from)[2];
    if (first + count > MR_EXACT_LIMBS || end - *from < 3 + (ptrdiff_t)count * 8) return false;
    memset(sum, 0, sizeof *sum);
    memcpy(sum->limbs + first, *from + 3, (size_t)count * 8);
    if (flags & 8) memset(sum->limbs + first + count, 0xff, (MR_EXACT_LIMBS - first - count) * 8);
    sum->special = flags & 7;
    *from += 3 + count * 8;
    return true;
}

/* Signed numbers are coded so that small ones of both signs are short: 0, -1, 1, -2, ... become 0, 1, 2, 3, ... */
static wide_unsigned zigzag(wide_integer value) {
    return (wide_unsigned)value << 1 ^ (wide_unsigned)(value >> 127);
}

static wide_integer unzigzag(wide_unsigned code) {
    return (wide_integer)(code >> 1 ^ -(code & 1));
}

/* mr_put_varint and mr_get_varint for 128 bits: at most 19 bytes. */
static char *put_wide_varint(char *to, wide_unsigned value) {
    for (; value >= 128; value >>= 7)
        *to++ = (char)(value | 128);
    *to++ = (char)value;
    return to;
}

static bool get_wide_varint(const char **from, const char *end, wide_unsigned *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 128; shift += 7) {
        if (*from == end) return false;
        unsigned char byte = (unsigned char)*(*from)++;
        *value |= (wide_unsigned)(byte & 127) << shift;
        if (byte < 128) return true;
    }
    return false;
}

/* Statistics are coded as count, minimum, and, as these are the same for a single value, maximum - minimum and sum for
 * more. */
static char *encode_stats(char *to, const mr_stats_total *total) {
    to = mr_put_varint(to, total->count);
    to = mr_put_varint(to, (uint64_t)zigzag(total->minimum));
    if (total->count == 1) return to;
    to = mr_put_varint(to, (uint64_t)total->maximum - (uint64_t)total->minimum);
    return put_wide_varint(to, zigzag((wide_integer)stats_sum(total)));
}

static bool decode_stats(const char **from, const char *end, mr_stats_total *total) {
    uint64_t count, minimum, range;
    wide_unsigned sum;
    if (!mr_get_varint(from, end, &count) || !count || !mr_get_varint(from, end, &minimum)) return false;
    mr_stats_start(total, (int64_t)unzigzag(minimum));
    if (count == 1) return true;
    if (!mr_get_varint(from, end, &range) || !get_wide_varint(from, end, &sum)) return false;
    total->count = count;
    total->maximum = (int64_t)((uint64_t)total->minimum + range);
    set_stats_sum(total, (wide_unsigned)unzigzag(sum));
    return true;
}

char *mr_fold_encode(const mr_fold *fold, char *to, const void *accumulator) {
    if (fold->type == MR_FOLD_COUNT) return mr_put_varint(to, mr_load_u64(accumulator));
    if (fold->type == MR_FOLD_SUM_DOUBLE) return encode_exact_sum(to, accumulator);
    if (fold->type == MR_FOLD_STATS_INT64) return encode_stats(to, accumulator);
    memcpy(to, accumulator, fold->size);
    return to + fold->size;
}

bool mr_fold_decode(const mr_fold *fold, const char **from, const char *end, void *accumulator) {
    if (fold->type == MR_FOLD_COUNT) {
        uint64_t count;
        if (!mr_get_varint(from, end, &count)) return false;
        mr_store_u64(accumulator, count);
        return true;
    }
    if (fold->type == MR_FOLD_SUM_DOUBLE) return decode_exact_sum(from, end, accumulator);
    if (fold->type == MR_FOLD_STATS_INT64) return decode_stats(from, end, accumulator);
    if ((size_t)(end - *from) < fold->size) return false;
    memcpy(accumulator, *from, fold->size);
    *from += fold->size;
    return true;
}

/* Counts are held at the most that they can be, whatever the order. */
static bool check_count(uint64_t count, mr_error *error) {
    return count < UINT64_MAX || mr_error_set(error, "the count does not fit into 64 bits");
}

static bool check_sum(wide_integer sum, mr_error *error) {
    return sum == (int64_t)sum ||
           mr_error_set(error, "the sum is %s the range of a 64-bit integer; emit smaller values or use doubles",
                        sum > 0 ? "above" : "below");
}

static bool stats_result(const mr_stats_total *total, mr_stats *stats, mr_error *error) {
    *stats = (mr_stats){total->count, (int64_t)total->sum_low, total->minimum, total->maximum};
    return check_count(total->count, error) && check_sum((wide_integer)stats_sum(total), error);
}

static double exact_sum(const mr_exact_sum *sum) {
    mr_numerics before;
    mr_numerics_begin(&before);
    double rounded = mr_exact_sum_value(sum);
    mr_numerics_end(&before);
    return rounded;
}

bool mr_fold_result(const mr_fold *fold, const void *accumulator, mr_folded *result, const void **value,
                    mr_error *error) {
    *value = result;
    double number;
    wide_integer wide;
    switch (fold->type) {
    case MR_FOLD_CUSTOM:
        *value = accumulator;
        return true;
    case MR_FOLD_COUNT:
        result->bits = mr_load_u64(accumulator);
        return check_count(result->bits, error);
    case MR_FOLD_SUM_INT64:
        memcpy(&wide, accumulator, sizeof wide);
        result->bits = (uint64_t)wide;
        return check_sum(wide, error);
    case MR_FOLD_SUM_DOUBLE:
        number = exact_sum(accumulator);
        memcpy(&result->bits, &number, sizeof number);
        return true;
    case MR_FOLD_MIN_DOUBLE:
    case MR_FOLD_MAX_DOUBLE:
        number = double_of_rank(mr_load_u64(accumulator));
        memcpy(&result->bits, &number, sizeof number);
        return true;
    case MR_FOLD_STATS_INT64:
        return stats_result(accumulator, &result->stats, error);
    default:
        result->bits = mr_load_u64(accumulator);
        return true;
    }
}

/* The shortest decimal text that reads back as the same double. A text of 15 digits or fewer survives being a double,
 * so with 15 digits printf shows the shortest text if it is that short, and 17 are enough for all; but the smallest
 * doubles, which are not normal, have fewer bits and need fewer digits. */
static size_t shortest_text(double value, char *text) {
    if (isnan(value)) return (size_t)snprintf(text, MR_FOLD_TEXT, "nan");
    for (int digits = isnormal(value) ? 15 : 1; digits < 17; digits++) {
        int length = snprintf(text, MR_FOLD_TEXT, "%.*g", digits, value);
        if (strtod(text, NULL) == value) return (size_t)length;
    }
    return (size_t)snprintf(text, MR_FOLD_TEXT, "%.17g", value);
}

static size_t double_text(double value, char *text) {
    mr_numerics before;
    mr_numerics_begin(&before);
    size_t length = shortest_text(value, text);
    mr_numerics_end(&before);
    return length;
}

static bool is_double(const mr_fold *fold) {
    return fold->type == MR_FOLD_SUM_DOUBLE || fold->type == MR_FOLD_MIN_DOUBLE || fold->type == MR_FOLD_MAX_DOUBLE;
}

static size_t stats_text(const mr_stats *stats, char *text) {
    char *to = text + mr_format_unsigned(stats->count, text);
    *to++ = '\t';
    to += mr_format_decimal(stats->sum, to);
    *to++ = '\t';
    to += mr_format_decimal(stats->minimum, to);
    *to++ = '\t';
    return (size_t)(to + mr_format_decimal(stats->maximum, to) - text);
}

size_t mr_fold_text(const mr_fold *fold, const mr_folded *result, char *text) {
    if (fold->type == MR_FOLD_STATS_INT64) return stats_text(&result->stats, text);
    if (fold->type == MR_FOLD_COUNT) return mr_format_unsigned(result->bits, text);
    if (!is_double(fold)) return mr_format_decimal((int64_t)result->bits, text);
    double number;
    memcpy(&number, &result->bits, sizeof number);
    return double_text(number, text);
}

void mr_fold_order(const mr_fold *fold, const mr_folded *result, char *order) {
    uint64_t rank = fold->type == MR_FOLD_STATS_INT64 ? result->stats.count : result->bits;
    if (is_double(fold)) {
        double number;
        memcpy(&number, &result->bits, sizeof number);
        rank = double_rank(number);
    } else if (fold->type != MR_FOLD_COUNT && fold->type != MR_FOLD_STATS_INT64) {
        rank ^= 1ull << 63;
    }
    mr_store_u64(order, __builtin_bswap64(rank));
}
