/* Tests of the folds: against simple references, and the same bits for every order and grouping. */
#include "engine_testing.h"

#include "data/exact_sum.h"
#include "data/fold.h"

#include <float.h>
#include <math.h>

enum { MOST = 600, ACCUMULATOR = 512, GROUPS = 12 };

static mr_fold builtin(uint32_t type) {
    return mr_fold_of(type, 0, NULL, NULL);
}

/* Folds the values one after the other. */
static void fold_in_order(const mr_fold *fold, void *accumulator, const uint64_t *values, size_t count) {
    mr_fold_start(fold, accumulator, (const char *)&values[0], 8);
    for (size_t i = 1; i < count; i++)
        mr_fold_add(fold, accumulator, (const char *)&values[i], 8);
}

static void shuffle(uint64_t *values, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t other = below(i);
        uint64_t value = values[i - 1];
        values[i - 1] = values[other];
        values[other] = value;
    }
}

/* Codes and decodes an accumulator, as on its way from one worker to another. */
static void send(const mr_fold *fold, void *accumulator) {
    char coded[ACCUMULATOR + 16];
    _Alignas(16) char decoded[ACCUMULATOR];
    char *end = mr_fold_encode(fold, coded, accumulator);
    assert_true((size_t)(end - coded) <= mr_fold_encoded_max(fold));
    for (const char *cut = coded; cut < end; cut++) {
        const char *from = coded;
        if (mr_fold_decode(fold, &from, cut, decoded)) fail_msg("a coded accumulator without its end was taken");
    }
    const char *from = coded;
    assert_true(mr_fold_decode(fold, &from, end, decoded));
    assert_ptr_equal(from, end);
    assert_memory_equal(decoded, accumulator, fold->size);
}

/* Folds the values in another order, in groups that are then merged in any order. */
static void fold_in_groups(const mr_fold *fold, void *accumulator, uint64_t *values, size_t count) {
    _Alignas(16) static char groups[GROUPS][ACCUMULATOR];
    size_t used = 0;
    shuffle(values, count);
    for (size_t start = 0; start < count; used++) {
        size_t size = used == GROUPS - 1 ? count - start : 1 + below(count - start);
        fold_in_order(fold, groups[used], values + start, size);
        send(fold, groups[used]);
        start += size;
    }
    while (used > 1) { /* any two become one */
        size_t from = below(used), to = below(used - 1);
        if (to >= from) to++;
        mr_fold_merge(fold, groups[to], groups[from]);
        memcpy(groups[from], groups[--used], ACCUMULATOR);
    }
    memcpy(accumulator, groups[0], fold->size);
}

/* Folds in many ways; all have to give the same accumulator, which is left there. */
static void fold_in_all_ways(const mr_fold *fold, void *accumulator, uint64_t *values, size_t count) {
    _Alignas(16) char other[ACCUMULATOR];
    memset(accumulator, 0, ACCUMULATOR);
    fold_in_order(fold, accumulator, values, count);
    for (int i = 0; i < 5; i++) {
        fold_in_groups(fold, other, values, count);
        assert_memory_equal(other, accumulator, fold->size);
    }
}

static mr_folded folded_of(const mr_fold *fold, const void *accumulator) {
    mr_folded result;
    const void *value;
    mr_error error = {0};
    assert_ok(mr_fold_result(fold, accumulator, &result, &value, &error), &error);
    assert_ptr_equal(value, &result);
    return result;
}

static uint64_t result_of(const mr_fold *fold, const void *accumulator) {
    return folded_of(fold, accumulator).bits;
}

/* The text of a result that is a number, in MR_FOLD_TEXT bytes. */
static size_t text_of(const mr_fold *fold, uint64_t bits, char *text) {
    return mr_fold_text(fold, &(mr_folded){.bits = bits}, text);
}

static void order_of(const mr_fold *fold, uint64_t bits, char *order) {
    mr_fold_order(fold, &(mr_folded){.bits = bits}, order);
}

static double number_of(uint64_t bits) {
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static uint64_t bits_of(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* ---- a reference for sums of doubles ----------------------------------------------------------------------------- */

/* Adds in units of 2^-1074, positive and negative numbers apart, in digits of 32 bits. The difference is written as a
 * hexadecimal number for strtod, which rounds it. */
enum { DIGITS = 70 };

typedef struct reference_sum {
    uint64_t positive[DIGITS], negative[DIGITS];
} reference_sum;

static void reference_add(reference_sum *sum, double number) {
    int exponent;
    uint64_t *digits = signbit(number) ? sum->negative : sum->positive;
    double fraction = frexp(fabs(number), &exponent); /* number = fraction * 2^exponent, fraction below 1 */
    int shift = exponent - 53 + 1074;
    uint64_t mantissa = (uint64_t)ldexp(fraction, 53);
    for (; shift < 0; shift++)
        mantissa >>= 1; /* only zeros go: a subnormal */
    for (int bit = 0; bit < 53; bit++) {
        if (!(mantissa >> bit & 1)) continue;
        int place = (shift + bit) / 32;
        uint64_t carry = 1ull << ((shift + bit) % 32);
        for (; carry; place++) {
            digits[place] += carry;
            carry = digits[place] >> 32;
            digits[place] &= 0xffffffff;
        }
    }
}

/* larger - smaller as text for strtod; false when it is below zero. */
static bool subtract(const uint64_t *larger, const uint64_t *smaller, char *text) {
    int64_t digits[DIGITS], borrow = 0;
    for (int i = 0; i < DIGITS; i++) {
        digits[i] = (int64_t)larger[i] - (int64_t)smaller[i] - borrow;
        borrow = digits[i] < 0;
        digits[i] += borrow << 32;
    }
    text += sprintf(text, "0x");
    for (int i = DIGITS - 1; i >= 0; i--)
        text += sprintf(text, "%08llx", (unsigned long long)digits[i]);
    sprintf(text, "p-1074");
    return !borrow;
}

static double reference_value(const reference_sum *sum) {
    char text[16 + 8 * DIGITS];
    if (subtract(sum->positive, sum->negative, text)) return strtod(text, NULL);
    assert_true(subtract(sum->negative, sum->positive, text));
    return -strtod(text, NULL);
}

/* ---- sums of doubles --------------------------------------------------------------------------------------------- */

/* A finite double of one of several kinds. */
static double random_double(unsigned kind) {
    switch (kind) {
    case 0: /* any bits */
        for (;;) {
            double any = number_of(next_random());
            if (isfinite(any)) return any;
        }
    case 1: /* money */
        return (double)((int64_t)below(2000000) - 1000000) / 100;
    case 2: /* subnormals and zeros of both signs */
        return number_of((next_random() & 0x800fffffffffffffull) >> (below(2) ? 0 : 1) & ~(1ull << 62));
    case 3: /* near the largest */
        return (below(2) ? 1 : -1) * DBL_MAX / (double)(1 + below(4));
    case 4: /* halves of units in the last place: ties when rounding */
        return (below(2) ? 1 : -1) * ldexp(1, (int)below(60));
    default: /* a few orders of magnitude */
        return ldexp((double)(int64_t)next_random(), -(int)below(100));
    }
}

static void sums_of_doubles_are_exact(void **state) {
    (void)state;
    mr_fold fold = builtin(MR_FOLD_SUM_DOUBLE);
    _Alignas(16) char accumulator[ACCUMULATOR];
    uint64_t values[MOST];
    for (unsigned round = 0; round < rounds(1200); round++) {
        size_t count = 1 + skewed_below(MOST);
        unsigned kind = (unsigned)below(7);
        reference_sum reference = {{0}, {0}};
        for (size_t i = 0; i < count; i++) {
            double number = random_double(kind == 6 ? (unsigned)below(6) : kind);
            if (i && below(4) == 0) number = -number_of(values[below(i)]); /* so that numbers cancel out */
            reference_add(&reference, number);
            values[i] = bits_of(number);
        }
        fold_in_all_ways(&fold, accumulator, values, count);
        double sum = number_of(result_of(&fold, accumulator)), expected = reference_value(&reference);
        if (sum != expected) fail_msg("the sum is %a, but should be %a", sum, expected);
    }
}

static double sum_of(const double *numbers, size_t count) {
    mr_exact_sum sum = {0};
    for (size_t i = 0; i < count; i++)
        mr_exact_sum_add(&sum, numbers[i]);
    return mr_exact_sum_value(&sum);
}

#define SUM(...) sum_of((double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static void known_sums_are_right(void **state) {
    (void)state;
    assert_true(SUM(0.1, 0.2, 0.3, -0.6) == 2.7755575615628914e-17); /* what the four doubles really add up to */
    assert_true(SUM(1e308, 1e308, -1e308, -1e308) == 0);
    assert_true(SUM(1e300, 1, -1e300) == 1);
    assert_true(SUM(0x1p53, 1) == 0x1p53);                /* a tie goes to the even one, below */
    assert_true(SUM(0x1p53, 2, 1) == 0x1p53 + 4);         /* and above */
    assert_true(SUM(0x1p53, 1, 0x1p-1074) == 0x1p53 + 2); /* a tie no more */
    assert_true(SUM(0x1p-1074, 0x1p-1074) == 0x1p-1073);
    assert_true(SUM(-0x1p-1074, 0x1p-1022) == 0x0.fffffffffffffp-1022);
    assert_true(bits_of(SUM(-0.0, -0.0)) == 0); /* a sum that is zero is +0 */
    assert_true(bits_of(SUM(5, -5)) == 0);
    assert_true(SUM(DBL_MAX, 0x1p969) == DBL_MAX);
    assert_true(SUM(DBL_MAX, 0x1p970) == INFINITY); /* half a unit in the last place */
    assert_true(SUM(-DBL_MAX, -DBL_MAX) == -INFINITY);
}

static void special_doubles_are_remembered(void **state) {
    (void)state;
    assert_true(SUM(INFINITY, 1, -DBL_MAX) == INFINITY);
    assert_true(SUM(1, -INFINITY) == -INFINITY);
    assert_true(isnan(SUM(INFINITY, -INFINITY)));
    assert_true(isnan(SUM(1, NAN, 2)));
    assert_true(isnan(SUM(INFINITY, -NAN)));
    uint64_t values[] = {bits_of(INFINITY), bits_of(-1), bits_of(NAN), bits_of(0x1p-1074), bits_of(-INFINITY)};
    mr_fold fold = builtin(MR_FOLD_SUM_DOUBLE);
    _Alignas(16) char accumulator[ACCUMULATOR];
    for (size_t count = 1; count <= 5; count++)
        fold_in_all_ways(&fold, accumulator, values, count);
    assert_true(isnan(number_of(result_of(&fold, accumulator))));
}

/* ---- sums of integers -------------------------------------------------------------------------------------------- */

__extension__ typedef __int128 wide_integer;

static void sums_of_integers_are_exact(void **state) {
    (void)state;
    mr_fold fold = builtin(MR_FOLD_SUM_INT64);
    _Alignas(16) char accumulator[ACCUMULATOR];
    uint64_t values[MOST];
    mr_folded result;
    unsigned beyond = 0;
    for (unsigned round = 0; round < rounds(1000); round++) {
        size_t count = 1 + skewed_below(MOST);
        unsigned bits = (unsigned)below(64);
        wide_integer expected = 0;
        for (size_t i = 0; i < count; i++) {
            int64_t value = (int64_t)next_random() >> bits;
            expected += value;
            values[i] = (uint64_t)value;
        }
        fold_in_all_ways(&fold, accumulator, values, count);
        mr_error error = {0};
        const void *value;
        bool ok = mr_fold_result(&fold, accumulator, &result, &value, &error);
        if (expected >= INT64_MIN && expected <= INT64_MAX) {
            assert_ok(ok, &error);
            assert_int_equal(result.bits, (uint64_t)expected);
        } else {
            assert_refused(ok, &error, expected > 0 ? "above the range" : "below the range");
            beyond++;
        }
    }
    assert_true(beyond > 0);
}

/* On the way to a sum that fits any size is fine. */
static void only_final_sums_overflow(void **state) {
    (void)state;
    mr_fold fold = builtin(MR_FOLD_SUM_INT64);
    _Alignas(16) char accumulator[ACCUMULATOR];
    mr_error error = {0};
    mr_folded result;
    const void *value;
    uint64_t fits[] = {INT64_MAX, INT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, (uint64_t)INT64_MIN, 2};
    fold_in_all_ways(&fold, accumulator, fits, 6);
    assert_int_equal((int64_t)result_of(&fold, accumulator), INT64_MAX);
    uint64_t above[] = {INT64_MAX, 1};
    fold_in_all_ways(&fold, accumulator, above, 2);
    assert_refused(mr_fold_result(&fold, accumulator, &result, &value, &error), &error, "above the range");
    uint64_t under[] = {(uint64_t)INT64_MIN, UINT64_MAX};
    fold_in_all_ways(&fold, accumulator, under, 2);
    assert_refused(mr_fold_result(&fold, accumulator, &result, &value, &error), &error, "below the range");
}

/* ---- the other folds --------------------------------------------------------------------------------------------- */

static void counts_are_added(void **state) {
    (void)state;
    mr_fold fold = builtin(MR_FOLD_COUNT);
    _Alignas(16) char accumulator[ACCUMULATOR];
    uint64_t values[MOST], expected = 0;
    for (size_t i = 0; i < MOST; i++)
        expected += values[i] = next_random() >> (10 + below(54));
    fold_in_all_ways(&fold, accumulator, values, MOST);
    assert_int_equal(result_of(&fold, accumulator), expected);
    mr_fold_start(&fold, accumulator, NULL, 0);
    mr_fold_add(&fold, accumulator, NULL, 0);
    assert_int_equal(result_of(&fold, accumulator), 2);
    assert_true(mr_fold_accepts(&fold, 0) && mr_fold_accepts(&fold, 8) && !mr_fold_accepts(&fold, 4));
}

static void extreme_integers_win(void **state) {
    (void)state;
    mr_fold least = builtin(MR_FOLD_MIN_INT64), most = builtin(MR_FOLD_MAX_INT64);
    _Alignas(16) char accumulator[ACCUMULATOR];
    uint64_t values[MOST];
    for (unsigned round = 0; round < rounds(300); round++) {
        size_t count = 1 + skewed_below(MOST);
        int64_t low = INT64_MAX, high = INT64_MIN;
        for (size_t i = 0; i < count; i++) {
            int64_t value = (int64_t)next_random() >> below(64);
            if (value < low) low = value;
            if (value > high) high = value;
            values[i] = (uint64_t)value;
        }
        fold_in_all_ways(&least, accumulator, values, count);
        assert_int_equal((int64_t)result_of(&least, accumulator), low);
        fold_in_all_ways(&most, accumulator, values, count);
        assert_int_equal((int64_t)result_of(&most, accumulator), high);
    }
}

/* Whether a comes before b: -0 before +0. */
static bool is_less(double a, double b) {
    return a < b || (a == b && signbit(a) && !signbit(b));
}

static void extreme_doubles_win(void **state) {
    (void)state;
    mr_fold least = builtin(MR_FOLD_MIN_DOUBLE), most = builtin(MR_FOLD_MAX_DOUBLE);
    _Alignas(16) char accumulator[ACCUMULATOR];
    static const double special[] = {0.0, -0.0, INFINITY, -INFINITY, DBL_MAX, -DBL_MAX, 0x1p-1074, -0x1p-1074};
    uint64_t values[MOST];
    for (unsigned round = 0; round < rounds(500); round++) {
        size_t count = 1 + skewed_below(MOST);
        bool any_nan = false, specials = below(2);
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < count; i++) {
            double value = specials ? special[below(8)] : random_double((unsigned)below(6));
            if (below(2000) == 0) value = below(2) ? NAN : -NAN;
            any_nan |= isnan(value);
            if (is_less(value, low)) low = value;
            if (is_less(high, value)) high = value;
            values[i] = bits_of(value);
        }
        fold_in_all_ways(&least, accumulator, values, count);
        uint64_t found = result_of(&least, accumulator);
        assert_true(any_nan ? isnan(number_of(found)) : found == bits_of(low));
        fold_in_all_ways(&most, accumulator, values, count);
        found = result_of(&most, accumulator);
        assert_true(any_nan ? isnan(number_of(found)) : found == bits_of(high));
    }
}

/* A fold of the plugin's own: values of 12 bytes, whose first word is added and whose other words are or-ed. */
static void add_and_collect(mr_ctx *ctx, void *accumulator, const void *value) {
    uint32_t mine[3], other[3];
    assert_ptr_equal(ctx, &test_seed);
    assert_int_equal((uintptr_t)accumulator % 8, 0);
    memcpy(mine, accumulator, sizeof mine);
    memcpy(other, value, sizeof other);
    mine[0] += other[0];
    mine[1] |= other[1];
    mine[2] |= other[2];
    memcpy(accumulator, mine, sizeof mine);
}

static void custom_folds_are_called(void **state) {
    (void)state;
    mr_fold fold = mr_fold_of(MR_FOLD_CUSTOM, 12, add_and_collect, (mr_ctx *)(void *)&test_seed);
    _Alignas(16) char accumulator[16], other[16];
    uint32_t first[3] = {1, 2, 4}, second[3] = {10, 8, 16};
    mr_folded result;
    const void *value;
    mr_error error = {0};
    assert_int_equal(fold.size, 16);
    assert_true(mr_fold_accepts(&fold, 12) && !mr_fold_accepts(&fold, 16));
    mr_fold_start(&fold, accumulator, (const char *)first, 12);
    mr_fold_add(&fold, accumulator, (const char *)second, 12);
    mr_fold_start(&fold, other, (const char *)first, 12);
    mr_fold_merge(&fold, accumulator, other);
    send(&fold, accumulator);
    assert_ok(mr_fold_result(&fold, accumulator, &result, &value, &error), &error);
    uint32_t expected[4] = {12, 10, 20, 0};
    assert_memory_equal(value, expected, sizeof expected);
}

/* ---- statistics -------------------------------------------------------------------------------------------------- */

/* Values of all sizes, so that some sums leave int64. */
static void statistics_are_exact(void **state) {
    (void)state;
    mr_fold fold = builtin(MR_FOLD_STATS_INT64);
    _Alignas(16) char accumulator[ACCUMULATOR];
    uint64_t values[MOST];
    unsigned beyond = 0;
    for (unsigned round = 0; round < rounds(1000); round++) {
        size_t count = 1 + skewed_below(MOST);
        unsigned bits = (unsigned)below(64);
        wide_integer sum = 0;
        mr_stats expected = {.count = count, .minimum = INT64_MAX, .maximum = INT64_MIN};
        for (size_t i = 0; i < count; i++) {
            int64_t value = (int64_t)next_random() >> bits;
            if (below(100) == 0) value = below(2) ? INT64_MIN : INT64_MAX;
            sum += value;
            if (value < expected.minimum) expected.minimum = value;
            if (value > expected.maximum) expected.maximum = value;
            values[i] = (uint64_t)value;
        }
        expected.sum = (int64_t)sum;
        fold_in_all_ways(&fold, accumulator, values, count);
        mr_folded result;
        const void *value;
        mr_error error = {0};
        bool ok = mr_fold_result(&fold, accumulator, &result, &value, &error);
        if (sum >= INT64_MIN && sum <= INT64_MAX) {
            assert_ok(ok, &error);
            assert_memory_equal(value, &expected, sizeof expected);
        } else {
            assert_refused(ok, &error, sum > 0 ? "above the range" : "below the range");
            beyond++;
        }
    }
    assert_true(beyond > 0);
}

/* What cannot be reached by adding single values: as if they had been added for years. */
static void long_statistics_are_sent_and_merged(void **state) {
    (void)state;
    mr_fold fold = builtin(MR_FOLD_STATS_INT64);
    for (unsigned round = 0; round < rounds(5000); round++) {
        int64_t low = (int64_t)next_random() >> below(64), high = (int64_t)next_random() >> below(64);
        mr_stats_total total = {.count = 2 + skewed_below(UINT64_MAX - 2),
                                .sum_low = next_random(),
                                .sum_high = (int64_t)next_random() >> below(64),
                                .minimum = low < high ? low : high,
                                .maximum = low < high ? high : low},
                       other = total;
        send(&fold, &total);
        mr_fold_merge(&fold, &total, &other);
        assert_int_equal(total.minimum, other.minimum);
        assert_int_equal(total.maximum, other.maximum);
        assert_int_equal(total.sum_low, 2 * other.sum_low);
        assert_int_equal(total.sum_high, (int64_t)(2 * (uint64_t)other.sum_high + (other.sum_low >> 63)));
        assert_int_equal(total.count, other.count >> 63 ? UINT64_MAX : 2 * other.count);
    }
}

/* A count that is too large stays so, whatever the order, and is refused in the end. */
static void counts_of_statistics_do_not_wrap(void **state) {
    (void)state;
    mr_fold fold = builtin(MR_FOLD_STATS_INT64);
    mr_stats_total total = {.count = UINT64_MAX - 1}, more;
    mr_folded result;
    const void *value;
    mr_error error = {0};
    assert_int_equal(folded_of(&fold, &total).stats.count, UINT64_MAX - 1);
    mr_stats_start(&more, 0);
    mr_stats_add(&more, 0);
    mr_fold_merge(&fold, &total, &more);
    send(&fold, &total);
    assert_int_equal(total.count, UINT64_MAX);
    assert_refused(mr_fold_result(&fold, &total, &result, &value, &error), &error, "does not fit");
}

static void usual_statistics_are_sent_in_few_bytes(void **state) {
    (void)state;
    mr_fold fold = builtin(MR_FOLD_STATS_INT64);
    char coded[ACCUMULATOR];
    mr_stats_total total;
    mr_stats_start(&total, -64);
    assert_int_equal(mr_fold_encode(&fold, coded, &total) - coded, 2);
    mr_stats_add(&total, 123);
    assert_int_equal(mr_fold_encode(&fold, coded, &total) - coded, 5);
}

/* ---- text and order ---------------------------------------------------------------------------------------------- */

static void texts_read_back(void **state) {
    (void)state;
    mr_fold fold = builtin(MR_FOLD_SUM_DOUBLE);
    static const struct {
        double number;
        const char *text;
    } known[] = {{0.1, "0.1"},        {-0.0, "-0"},           {3, "3"},
                 {1e300, "1e+300"},   {5e-324, "5e-324"},     {1.0 / 3, "0.3333333333333333"},
                 {NAN, "nan"},        {-NAN, "nan"},          {INFINITY, "inf"},
                 {-INFINITY, "-inf"}, {2.5e-320, "2.5e-320"}, {DBL_MAX, "1.7976931348623157e+308"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[MR_FOLD_TEXT];
        size_t length = text_of(&fold, bits_of(known[i].number), text);
        assert_slice(mr_bytes(text, length), known[i].text, strlen(known[i].text));
    }
    for (unsigned round = 0; round < rounds(20000); round++) {
        char text[MR_FOLD_TEXT + 1];
        double number = random_double((unsigned)below(6));
        size_t length = text_of(&fold, bits_of(number), text);
        assert_true(length < MR_FOLD_TEXT);
        text[length] = 0;
        assert_true(bits_of(strtod(text, NULL)) == bits_of(number));
    }
    char text[MR_FOLD_TEXT];
    mr_fold integers = builtin(MR_FOLD_MIN_INT64), counts = builtin(MR_FOLD_COUNT);
    assert_slice(mr_bytes(text, text_of(&integers, UINT64_MAX, text)), "-1", 2);
    assert_slice(mr_bytes(text, text_of(&counts, UINT64_MAX, text)), "18446744073709551615", 20);
}

static void results_order_like_numbers(void **state) {
    (void)state;
    mr_fold doubles = builtin(MR_FOLD_SUM_DOUBLE), integers = builtin(MR_FOLD_MAX_INT64),
            counts = builtin(MR_FOLD_COUNT);
    char first[MR_FOLD_ORDER], second[MR_FOLD_ORDER];
    for (unsigned round = 0; round < 20000; round++) {
        uint64_t a = next_random() >> below(64), b = below(8) ? next_random() >> below(64) : a;
        order_of(&counts, a, first);
        order_of(&counts, b, second);
        assert_int_equal(memcmp(first, second, 8) < 0, a < b);
        order_of(&integers, a, first);
        order_of(&integers, b, second);
        assert_int_equal(memcmp(first, second, 8) < 0, (int64_t)a < (int64_t)b);
        double left = random_double((unsigned)below(6)), right = random_double((unsigned)below(6));
        order_of(&doubles, bits_of(left), first);
        order_of(&doubles, bits_of(right), second);
        assert_int_equal(memcmp(first, second, 8) < 0, is_less(left, right));
    }
}

static void statistics_have_columns_and_order_by_count(void **state) {
    (void)state;
    mr_fold fold = builtin(MR_FOLD_STATS_INT64);
    char text[MR_FOLD_TEXT], first[MR_FOLD_ORDER], second[MR_FOLD_ORDER];
    mr_folded least = {.stats = {1, INT64_MIN, INT64_MIN, INT64_MIN}}, most = {.stats = {UINT64_MAX, 0, -1, INT64_MAX}};
    const char *expected = "1\t-9223372036854775808\t-9223372036854775808\t-9223372036854775808";
    assert_slice(mr_bytes(text, mr_fold_text(&fold, &least, text)), expected, strlen(expected));
    expected = "18446744073709551615\t0\t-1\t9223372036854775807";
    assert_slice(mr_bytes(text, mr_fold_text(&fold, &most, text)), expected, strlen(expected));
    mr_fold_order(&fold, &least, first);
    mr_fold_order(&fold, &most, second);
    assert_true(memcmp(first, second, MR_FOLD_ORDER) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(sums_of_doubles_are_exact),
        RANDOM_TEST(known_sums_are_right),
        RANDOM_TEST(special_doubles_are_remembered),
        RANDOM_TEST(sums_of_integers_are_exact),
        RANDOM_TEST(only_final_sums_overflow),
        RANDOM_TEST(counts_are_added),
        RANDOM_TEST(extreme_integers_win),
        RANDOM_TEST(extreme_doubles_win),
        RANDOM_TEST(custom_folds_are_called),
        RANDOM_TEST(texts_read_back),
        RANDOM_TEST(results_order_like_numbers),
        RANDOM_TEST(statistics_are_exact),
        RANDOM_TEST(long_statistics_are_sent_and_merged),
        RANDOM_TEST(counts_of_statistics_do_not_wrap),
        RANDOM_TEST(usual_statistics_are_sent_in_few_bytes),
        RANDOM_TEST(statistics_have_columns_and_order_by_count),
    };
    start_seed();
    return run_all_tests(tests);
}
