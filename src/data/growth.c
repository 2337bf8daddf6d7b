#include "data/growth.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* How many keys has nobody seen yet? The oldest answer is that of Good and Toulmin (1956): it follows from how many
 * keys were seen once, twice, three times. A key that comes u times in a sample of this size, on average, is in it k
 * times with the probability e^-u u^k / k! (Poisson), and in what is r times as large, but not in the sample, with
 * e^-u - e^-ru. If only it were known how many keys there are of each u, how their number grows would be, too.
 *
 * Without any assumption little can be said beyond twice the sample: no estimator can be better than a factor of the
 * square root of r (Charikar, Chaudhuri, Motwani and Narasayya 2000, who give the range that always holds: at least
 * what was seen, and at most r times what was seen once). But keys of real data follow few laws, of which one density
 * has nearly all,
 *
 *     g(u) = C u^(-alpha - 1) e^(-beta u)    for u >= a, otherwise 0.
 *
 * alpha between 0 and 1, beta = 0 and a = 0 is the law of words in texts: their number grows with the power alpha of
 * the length (Heaps); a > 0 is Zipf's law with a rarest word, as LNRE models have it (Baayen 2001; Evert 2004). alpha
 * < 0 is the negative binomial distribution of Fisher, and with a large -alpha all keys are equally frequent; with
 * alpha = 0 it is his logarithmic series. alpha = 1 are keys that never come twice. (Engen 1974, Efron and Thisted 1976
 * for a = 0.)
 *
 * What is fitted is the share of keys in one piece of the sample, in two, ..., in ten: the rare keys, which say what is
 * still rarer. Frequent ones follow other laws, and have all been seen. Very different laws may fit equally well where
 * the sample shows no more; so no best one is chosen, but all laws of a grid are weighted by their likelihood, and
 * expectation and range are those of all of them together (Bayes). Since no law is ever exactly true, numbers of
 * keys are taken as if they had an error of DOUBT besides that of chance. In the end the range is held within that of
 * Charikar and others. */

enum {
    POINTS = 128,  /* values of u for integrals */
    NEGATIVE = 14, /* alphas below 0 */
    USUAL = 20,    /* from 0 to 1 */
    BEYOND = 10,   /* from 1 on */
    ALPHAS = NEGATIVE + USUAL + BEYOND,
    THETAS = 10, /* of theta = 1 / (1 + beta) */
    CUTS = 32,   /* of a; the first is as good as 0 */
    LAWS = CUTS * ALPHAS * THETAS,
    BINS = 256 /* of a histogram of the logarithm of what may come */
};

#define DOUBT        0.04 /* of a law: what it says may be wrong by so much of it */
#define LEAST_BELIEF 12.0 /* laws that fit so much worse than the best one do not count */
#define NO_CUT       40   /* laws without a rarest key go before others by so much, */
#define NO_TILT      3    /* and those without a beta */
#define HIGHEST_U    100.0
#define TAIL         0.05 /* of the weight that may lie below the range, and above */
#define MARGIN       0.4  /* for what no law of the grid says */
#define BIN_WIDTH    0.1  /* of the logarithm */
#define BIN_FIRST    (-5.0)

/* Everything that does not depend on the law, at all values of u. */
typedef struct integrals {
    double lowest; /* u */
    double step;   /* between the logarithms of two u */
    double u[POINTS];
    double in[MR_GROWTH_SEEN][POINTS];   /* the probability of being in k + 1 pieces of the sample */
    double new[MR_GROWTH_STEPS][POINTS]; /* that of being in the larger sample of a step and not in this one */
    double power[ALPHAS][POINTS];        /* u^-alpha */
    double tilt[THETAS][POINTS];         /* e^(-beta u) */
} integrals;

/* What a law says, but for a factor: that is the number of all keys. */
typedef struct law {
    double prior;                 /* logarithm of how much goes before, whatever was seen: the simpler law */
    double in[MR_GROWTH_SEEN];    /* keys in k + 1 pieces of the sample */
    double more[MR_GROWTH_STEPS]; /* and those that are in the larger sample of a step and not in this one */
} law;

/* All laws of the grid, for samples of so many pieces of so many in all. */
typedef struct laws {
    double pieces;
    double all;
    law list[LAWS];
} laws;

/* How well a law fits. */
typedef struct fit {
    double likelihood; /* its logarithm */
    double scale;      /* by what to multiply the law, so that as many keys come out as there were */
} fit;

/* The weight of all laws by what they say of one step. */
typedef struct histogram {
    double weight[BINS];
    double sum;     /* of all weights */
    double log_sum; /* of the weighted logarithms */
} histogram;

/* -8 to 0 in steps that become smaller, to 1 in equal ones, and on to 4. */
static double alpha_at(int i) {
    double negative = (NEGATIVE - i) / (double)NEGATIVE, beyond = i - NEGATIVE - USUAL;
    if (i < NEGATIVE) return -8 * negative * negative;
    return beyond < 0 ? 1e-3 + (i - NEGATIVE) / (double)USUAL : 1 + beyond * beyond / 27;
}

static double theta_at(int i) {
    return 1 - i / (double)THETAS;
}

/* How many times the sample a step is. */
static double ratio_at(const mr_growth *growth, int step) {
    return pow(growth->all / growth->pieces, (step + 1) / (double)MR_GROWTH_STEPS);
}

/* The probability that a key which comes u times on average is in 1, 2, ... of so many pieces (binomial). */
static void prepare_seen(integrals *table, double pieces, int j) {
    double u = table->u[j], odds = expm1(u / pieces);
    double in = pieces * odds * exp(-u);
    for (int k = 0; k < MR_GROWTH_SEEN; k++) {
        table->in[k][j] = in;
        in *= fmax(0, pieces - k - 1) / (k + 2) * odds;
    }
}

static void prepare(integrals *table, const mr_growth *growth) {
    table->lowest = 1e-2 * growth->pieces / growth->all;
    table->step = log(HIGHEST_U / table->lowest) / (POINTS - 1);
    for (int j = 0; j < POINTS; j++) {
        double u = table->lowest * exp(j * table->step);
        table->u[j] = u;
        prepare_seen(table, growth->pieces, j);
        for (int i = 0; i < MR_GROWTH_STEPS; i++)
            table->new[i][j] = -exp(-u) * expm1(-u * (ratio_at(growth, i) - 1));
        for (int i = 0; i < ALPHAS; i++)
            table->power[i][j] = exp(-alpha_at(i) * log(u));
        for (int i = 0; i < THETAS; i++)
            table->tilt[i][j] = exp(-(1 / theta_at(i) - 1) * u);
    }
}

/* From the lowest u on, which is as good as none. */
static double cut_at(const integrals *table, int i) {
    return table->lowest * pow(4 / table->lowest, i / (double)(CUTS - 1));
}

/* The first point of the integral from a on, and how much of it counts. */
static int first_point(const integrals *table, double cut, double *share) {
    double place = cut > table->lowest ? log(cut / table->lowest) / table->step : 0;
    int first = (int)ceil(place - 0.5);
    *share = cut > table->lowest ? first + 0.5 - place : 1;
    return first < POINTS ? first : POINTS - 1;
}

/* The density of a law, times what each point stands for, at all points from the one on that is returned. */
static int density(const integrals *table, int cut, int alpha, int theta, double *weight) {
    double share;
    int first = first_point(table, cut_at(table, cut), &share);
    for (int j = first; j < POINTS; j++)
        weight[j] = table->power[alpha][j] * table->tilt[theta][j];
    weight[first] *= share;
    return first;
}

static double integrate(const double *weight, const double *values, int first) {
    double sum = 0;
    for (int j = first; j < POINTS; j++)
        sum += weight[j] * values[j];
    return sum;
}

/* How much a number of keys says, by what it could be by chance and by what laws are worth. */
static double evidence(double keys) {
    return 1 / (1 + keys * DOUBT * DOUBT);
}

/* The laws of the grid, which are computed once for samples of the same size. */
static const laws *laws_for(const mr_growth *growth) {
    static integrals table; /* large */
    static laws all;
    if (all.pieces == growth->pieces && all.all == growth->all) return &all;
    prepare(&table, growth);
    for (int i = 0; i < LAWS; i++) {
        double weight[POINTS];
        int theta = i % THETAS, alpha = i / THETAS % ALPHAS, cut = i / THETAS / ALPHAS;
        int first = density(&table, cut, alpha, theta, weight);
        law *law = &all.list[i];
        law->prior = log((cut ? 1 : NO_CUT) * (theta ? 1 : NO_TILT));
        for (int k = 0; k < MR_GROWTH_SEEN; k++)
            law->in[k] = integrate(weight, table.in[k], first) + 1e-300;
        for (int k = 0; k < MR_GROWTH_STEPS; k++)
            law->more[k] = integrate(weight, table.new[k], first);
    }
    all.pieces = growth->pieces;
    all.all = growth->all;
    return &all;
}

/* How likely it is by a law, but for a constant, that so much is seen. */
static fit fit_law(const mr_growth *growth, const law *law) {
    double expected = 0, seen = 0;
    fit fit = {.likelihood = law->prior};
    for (int k = 0; k < MR_GROWTH_SEEN; k++) {
        expected += law->in[k] * evidence(growth->seen[k]);
        seen += growth->seen[k] * evidence(growth->seen[k]);
    }
    fit.scale = seen / expected;
    for (int k = 0; k < MR_GROWTH_SEEN; k++) {
        double keys = growth->seen[k], wanted = fit.scale * law->in[k] + 1e-300;
        double distance = keys > 0 ? keys * log(keys / wanted) - (keys - wanted) : wanted;
        fit.likelihood -= distance * evidence(fmax(keys, wanted));
    }
    return fit;
}

/* Adds what a law says of all steps. */
static void add_law(const mr_growth *growth, histogram *steps, const law *law, double scale, double belief) {
    for (int i = 0; i < MR_GROWTH_STEPS; i++) {
        histogram *step = &steps[i];
        double bound = growth->seen[0] * (ratio_at(growth, i) - 1);
        double more = log(fmin(scale * law->more[i], bound) + 1e-9);
        double bin = (more - BIN_FIRST) / BIN_WIDTH;
        step->weight[bin < 0 ? 0 : bin > BINS - 1 ? BINS - 1 : (int)bin] += belief;
        step->sum += belief;
        step->log_sum += belief * more;
    }
}

/* Asks all laws that fit about as well as the best one. */
static void ask_laws(const mr_growth *growth, histogram *steps) {
    static fit fits[LAWS];
    const laws *all = laws_for(growth);
    double best = -INFINITY;
    memset(steps, 0, MR_GROWTH_STEPS * sizeof *steps);
    for (int i = 0; i < LAWS; i++) {
        fits[i] = fit_law(growth, &all->list[i]);
        best = fmax(best, fits[i].likelihood);
    }
    for (int i = 0; i < LAWS; i++)
        if (fits[i].likelihood > best - LEAST_BELIEF)
            add_law(growth, steps, &all->list[i], fits[i].scale, exp(fits[i].likelihood - best));
}

/* Below which value a share of the weight lies. */
static double quantile(const histogram *step, double share) {
    double sum = 0;
    for (int i = 0; i < BINS; i++) {
        double before = sum;
        sum += step->weight[i];
        if (sum >= share * step->sum && step->weight[i] > 0)
            return exp(BIN_FIRST + BIN_WIDTH * (i + (share * step->sum - before) / step->weight[i]));
    }
    return exp(BIN_FIRST + BIN_WIDTH * BINS);
}

/* So many keys may be in one piece of the sample by chance, when there are so many on average, or the other way
 * round. */
static double chance(double keys) {
    return 2 * sqrt(keys + 1) + 1;
}

void mr_growth_fit(mr_growth *growth) {
    static histogram steps[MR_GROWTH_STEPS];
    memset(growth->more, 0, sizeof growth->more);
    if (growth->all <= growth->pieces) return;
    if (growth->seen[0] > 0) ask_laws(growth, steps);
    for (int i = 0; i < MR_GROWTH_STEPS; i++) {
        double times = ratio_at(growth, i) - 1;
        mr_estimate *more = &growth->more[i];
        if (growth->seen[0] > 0) {
            more->expected = exp(steps[i].log_sum / steps[i].sum);
            more->low = fmin(quantile(&steps[i], TAIL), more->expected) * (1 - MARGIN);
            more->high = fmax(quantile(&steps[i], 1 - TAIL), more->expected) * (1 + MARGIN);
        }
        /* What was seen once may have been more, or less, by chance. */
        double share = chance(growth->seen[0]) / (growth->seen[0] + 1);
        more->low *= fmax(0, 1 - share);
        more->high = fmin(more->high * (1 + share), (growth->seen[0] + chance(growth->seen[0])) * times);
        if (growth->seen[0] <= 0) more->high = chance(0) * fmin(times, 100);
    }
}

/* What has grown like a power between two points. */
static double power_between(double at, double x0, double y0, double x1, double y1) {
    if (y0 <= 0 || y1 <= 0 || x0 <= 0 || x1 <= x0) return y1;
    return y0 * pow(y1 / y0, log(at / x0) / log(x1 / x0));
}

mr_estimate mr_growth_at(const mr_growth *growth, double pieces) {
    double distinct = growth->distinct;
    if (pieces <= 0 || distinct <= 0) return (mr_estimate){0, 0, 0};
    if (pieces <= growth->pieces) {
        double keys = growth->pieces > 1 && pieces >= 1
                          ? power_between(pieces, 1, growth->first, growth->pieces, distinct)
                          : fmin(distinct, growth->first) * pieces;
        return (mr_estimate){keys, keys, keys};
    }
    double before = growth->pieces;
    mr_estimate low = {distinct, distinct, distinct};
    for (int i = 0; i < MR_GROWTH_STEPS; i++) {
        double here = growth->pieces * ratio_at(growth, i);
        const mr_estimate *more = &growth->more[i];
        mr_estimate high = {distinct + more->expected, distinct + more->low, distinct + more->high};
        if (pieces <= here || i == MR_GROWTH_STEPS - 1) {
            double at = fmin(pieces, here);
            return (mr_estimate){power_between(at, before, low.expected, here, high.expected),
                                 power_between(at, before, low.low, here, high.low),
                                 power_between(at, before, low.high, here, high.high)};
        }
        before = here;
        low = high;
    }
    return low;
}

double mr_growth_pieces(const mr_growth *growth, double keys) {
    double low = 0, high = growth->all;
    if (mr_growth_at(growth, high).expected <= keys) return high;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (mr_growth_at(growth, middle).expected < keys)
            low = middle;
        else
            high = middle;
    }
    return high;
}
