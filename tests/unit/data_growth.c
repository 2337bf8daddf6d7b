/* Tests of estimating how many different keys there are: samples of populations whose keys are as frequent as a law
 * says, with numbers that are exactly what is to be expected, so that nothing here is left to chance. */
#include "engine_testing.h"

#include <math.h>

#include "data/growth.h"

enum { PIECES = 200, RATIO = 100 };

/* A population of keys: key number i of count is in a piece with a probability in proportion to i^-exponent; a piece
 * has so many pairs. */
typedef struct population {
    double count;
    double exponent;
    double pairs;
} population;

/* Sums over the keys of a population: all of the first thousand, then ever larger groups of them. */
static double sum_keys(const population *keys, double (*term)(double rate, double argument), double argument) {
    double weight = 0, sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (double i = 1, step; i <= keys->count; i += step) {
            step = i < 1000 ? 1 : fmin(ceil(i / 1000), keys->count - i + 1);
            double share = pow(i + (step - 1) / 2, -keys->exponent);
            if (pass == 0)
                weight += step * share;
            else
                sum += step * term(keys->pairs * share / weight, argument);
        }
    return sum;
}

/* Of a key that comes rate times in a piece, the probability to be in exactly so many of PIECES. */
static double in_pieces(double rate, double pieces) {
    double once = -expm1(-rate);
    if (once >= 1) return 0;
    return exp(lgamma(PIECES + 1) - lgamma(pieces + 1) - lgamma(PIECES - pieces + 1) + pieces * log(once) -
               (PIECES - pieces) * rate);
}

/* The probability to be anywhere in so many pieces. */
static double anywhere(double rate, double pieces) {
    return -expm1(-rate * pieces);
}

static mr_growth sample_of(const population *keys) {
    mr_growth growth = {.pieces = PIECES, .all = PIECES * RATIO};
    growth.distinct = sum_keys(keys, anywhere, PIECES);
    growth.first = sum_keys(keys, anywhere, 1);
    for (int i = 0; i < MR_GROWTH_SEEN; i++)
        growth.seen[i] = sum_keys(keys, in_pieces, i + 1);
    mr_growth_fit(&growth);
    return growth;
}

static const population populations[] = {
    {10, 0, 1000},    {1000, 0, 1000},  {1e5, 0, 1000},  {1e6, 0, 1000},   {1e7, 0, 1000},  {1e4, 1, 1000},
    {1e5, 1, 1000},   {1e6, 1, 1000},   {1e7, 1, 1000},  {1e5, 0.7, 1000}, {1e6, 0.7, 500}, {1e7, 0.7, 1000},
    {1e6, 1.2, 2000}, {1e6, 1.5, 2000}, {1e5, 0.5, 300}, {1e9, 0, 1000},
};

static void test_populations(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof populations / sizeof *populations; i++) {
        const population *keys = &populations[i];
        mr_growth growth = sample_of(keys);
        double truth = sum_keys(keys, anywhere, PIECES * RATIO);
        mr_estimate all = mr_growth_at(&growth, growth.all);
        print_message("%g keys, exponent %g: %.0f of %.0f, %.0f to %.0f\n", keys->count, keys->exponent, all.expected,
                      truth, all.low, all.high);
        assert_true(all.low <= 1.001 * truth && truth <= 1.001 * all.high);
        assert_true(all.expected < 1.75 * truth && truth < 1.75 * all.expected);
        assert_true(all.low <= all.expected && all.expected <= all.high);
    }
}

/* The range is worth something: it does not reach up to whatever is possible. */
static void test_ranges(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof populations / sizeof *populations; i++) {
        mr_growth growth = sample_of(&populations[i]);
        mr_estimate all = mr_growth_at(&growth, growth.all);
        if (growth.seen[0] > 10) assert_true(all.high < 4 * all.expected && all.expected < 4 * all.low);
    }
}

/* More pieces never have fewer keys, and pieces and keys go with each other. */
static void test_curve(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof populations / sizeof *populations; i++) {
        mr_growth growth = sample_of(&populations[i]);
        double before = 0;
        for (double pieces = 0.5; pieces <= growth.all; pieces *= 1.3) {
            mr_estimate keys = mr_growth_at(&growth, pieces);
            assert_true(keys.expected >= 0.999 * before && keys.low <= keys.expected && keys.expected <= keys.high);
            before = keys.expected;
        }
        mr_estimate all = mr_growth_at(&growth, growth.all);
        for (double share = 0.1; share < 0.95; share += 0.2) {
            double pieces = mr_growth_pieces(&growth, share * all.expected);
            double keys = mr_growth_at(&growth, pieces).expected;
            assert_true(fabs(keys - share * all.expected) <= 0.01 * all.expected);
        }
        assert_true(mr_growth_pieces(&growth, 2 * all.high + 1) == growth.all);
    }
}

/* What has been looked at as a whole is known exactly; and there may be nothing at all. */
static void test_whole(void **state) {
    (void)state;
    mr_growth whole = {.pieces = 10, .all = 10, .distinct = 77, .first = 20, .seen = {30, 20, 10}};
    mr_growth_fit(&whole);
    mr_estimate keys = mr_growth_at(&whole, 10);
    assert_true(keys.expected == 77 && keys.low == 77 && keys.high == 77);
    mr_growth nothing = {.pieces = 1, .all = 1000};
    mr_growth_fit(&nothing);
    assert_true(mr_growth_at(&nothing, 1000).expected == 0 && mr_growth_at(&nothing, 1000).high == 0);
    mr_growth one = {.pieces = 16, .all = 1600, .distinct = 1, .first = 1};
    mr_growth_fit(&one);
    assert_true(mr_growth_at(&one, 1600).expected < 1.001);
}

/* Keys that never come twice: all of them are different. */
static void test_unique(void **state) {
    (void)state;
    mr_growth growth = {.pieces = 64, .all = 6400, .distinct = 64000, .first = 1000, .seen = {64000}};
    mr_growth_fit(&growth);
    mr_estimate keys = mr_growth_at(&growth, growth.all);
    assert_true(keys.expected > 0.9 * 6.4e6 && keys.expected <= 6.41e6 && keys.high >= 6.4e6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_populations), cmocka_unit_test(test_ranges), cmocka_unit_test(test_curve),
        cmocka_unit_test(test_whole),       cmocka_unit_test(test_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
