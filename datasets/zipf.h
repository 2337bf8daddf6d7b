/* Zipf's law: choosing among ranks, where rank r (from 1 on) comes with a weight of 1 / r^exponent.
 *
 * Everything is computed with unsigned integers, so that it is the same on every machine, whatever the compiler, its
 * optimisation or its mathematical library.
 *
 * Use: zipf_build, then zipf_draw with random numbers, and in the end zipf_free, also when building failed. */

#ifndef DATASETS_ZIPF_H
#define DATASETS_ZIPF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "random.h"

enum {
    ZIPF_RANKS_MAX = 1 << 25, /* so that sums of weights fit into 64 bits */
    ZIPF_BATCH = 64,          /* ranks that can be drawn together */
    MILLION = 1000000,
};

/* ---------------------------------------------------------------------------------------------------------------------
 * The weights: 2^38 / r^exponent = 2^(38 - exponent * log2 r), in fixed-point numbers. The logarithm comes bit by bit
 * from squaring, the power from a product of the roots 2^(-1/2), 2^(-1/4), ..., which are repeated square roots. The
 * sum of the weights and the product of one weight and their number both stay below 2^64. */

enum {
    FRACTION_BITS = 24, /* of a logarithm */
    WEIGHT_BITS = 38,   /* the first rank weighs 2^38 */
};

static inline uint64_t square_root(uint64_t number) {
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 31; bit != 0; bit >>= 1)
        if ((root | bit) * (root | bit) <= number) root |= bit;
    return root;
}

/* log2 of a number that is not 0, with FRACTION_BITS. The mantissa has 31 bits behind the point. */
static inline uint64_t binary_logarithm(uint32_t number) {
    unsigned leading_zeros = (unsigned)__builtin_clz(number);
    uint64_t mantissa = (uint64_t)number << leading_zeros;
    uint64_t logarithm = 31 - leading_zeros;
    for (int i = 0; i < FRACTION_BITS; i++) {
        mantissa = mantissa * mantissa >> 31;
        uint64_t bit = mantissa >> 32;
        mantissa >>= bit;
        logarithm = logarithm << 1 | bit;
    }
    return logarithm;
}

/* 2^(WEIGHT_BITS - power), but at least 1: every word can occur. Roots have 32 bits behind the point. */
static inline uint64_t weight_of_power(uint64_t power, const uint64_t roots[FRACTION_BITS]) {
    uint64_t whole = power >> FRACTION_BITS;
    uint64_t product = UINT64_C(1) << 32;
    for (int i = 0; i < FRACTION_BITS; i++)
        if (power >> (FRACTION_BITS - 1 - i) & 1) product = product * roots[i] >> 32;
    uint64_t weight = whole <= WEIGHT_BITS ? product << (WEIGHT_BITS - 32) >> whole : 0;
    return weight > 0 ? weight : 1;
}

/* Fills in the weights, never growing with the rank, and returns their sum. */
static inline uint64_t compute_weights(uint64_t *weights, uint32_t count, uint64_t exponent_millionths) {
    uint64_t roots[FRACTION_BITS];
    roots[0] = square_root(UINT64_C(1) << 63);
    for (int i = 1; i < FRACTION_BITS; i++)
        roots[i] = square_root(roots[i - 1] << 32);

    uint64_t total = 0;
    for (uint32_t rank = 0; rank < count; rank++) {
        uint64_t power = binary_logarithm(rank + 1) * exponent_millionths / MILLION;
        weights[rank] = weight_of_power(power, roots);
        if (rank > 0 && weights[rank] > weights[rank - 1])
            weights[rank] = weights[rank - 1]; /* rounding can make it larger by a hair */
        total += weights[rank];
    }
    return total;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The alias table (Walker, Vose). Each rank has a cell, and all cells are equally likely. A cell is filled up to its
 * threshold by its own rank and above it by one other, its alias. So a draw costs one look into the table, whatever the
 * weights are. The table is made by pouring the surplus of heavy ranks into the cells of light ones. As the weights
 * fall with the rank, the heavy ones come first, and two moving indices replace the usual work lists. */

struct Cell {
    uint32_t threshold; /* share of the cell that belongs to its own rank, in 2^-32; UINT32_MAX is all of it */
    uint32_t alias;     /* rank that the rest belongs to */
};

struct Zipf {
    uint32_t count;     /* ranks */
    struct Cell *cells; /* one per rank */
};

/* share * 2^32 / whole for share < whole; both are shortened first, so that nothing overflows. */
static inline uint32_t fraction_of(uint64_t share, uint64_t whole) {
    unsigned excess = whole >> 32 ? 32 - (unsigned)__builtin_clzll(whole) : 0;
    uint64_t fraction = ((share >> excess) << 32) / (whole >> excess);
    return fraction < UINT32_MAX ? (uint32_t)fraction : UINT32_MAX;
}

/* Contents are measured in units of weight * count, so that a full cell holds exactly the sum of the weights and no
 * division is needed. The weights are used up. */
static inline void fill_cells(struct Cell *cells, uint64_t *contents, uint32_t count, uint64_t full) {
    uint32_t first_light = 0;
    for (uint32_t rank = 0; rank < count; rank++) {
        contents[rank] *= count;
        if (contents[rank] >= full) first_light = rank + 1;
        cells[rank] = (struct Cell){.threshold = UINT32_MAX, .alias = rank};
    }
    /* The sum of all contents is count * full; so as long as a cell lacks something, a heavy rank has it. */
    uint32_t heavy = 0;
    for (uint32_t light = first_light; light < count; light++) {
        uint32_t rank = light;
        while (contents[rank] < full) {
            cells[rank] = (struct Cell){.threshold = fraction_of(contents[rank], full), .alias = heavy};
            contents[heavy] -= full - contents[rank];
            rank = heavy; /* it may have given too much and be light itself now */
            heavy += contents[rank] < full;
        }
    }
}

/* Prepares drawing from 1 to ZIPF_RANKS_MAX ranks; exponent 0 makes all of them equally likely. Returns false when
 * memory does not suffice. */
static inline bool zipf_build(struct Zipf *zipf, uint32_t count, uint64_t exponent_millionths) {
    uint64_t *weights = malloc((count + (size_t)1) * sizeof *weights);
    *zipf = (struct Zipf){.count = count, .cells = calloc(count + (size_t)1, sizeof *zipf->cells)};
    bool is_good = weights != NULL && zipf->cells != NULL;
    if (is_good) {
        uint64_t total = compute_weights(weights, count, exponent_millionths);
        fill_cells(zipf->cells, weights, count, total);
    }
    free(weights);
    return is_good;
}

/* A rank, from 0 on, for a random number of 64 evenly distributed bits. */
static inline uint32_t zipf_draw(const struct Zipf *zipf, uint64_t random) {
    uint32_t rank = random_below(random, zipf->count);
    struct Cell cell = zipf->cells[rank];
    return (uint32_t)random <= cell.threshold ? rank : cell.alias;
}

/* As many ranks as zipf_draw would give one after the other, ZIPF_BATCH or fewer. With tables beyond the caches this is
 * faster, since the table is asked for all of them before one is waited for. */
static inline void zipf_draw_batch(const struct Zipf *zipf, uint64_t *random, uint32_t *ranks, unsigned count) {
    uint64_t lots[ZIPF_BATCH];
    for (unsigned i = 0; i < count; i++) {
        lots[i] = next_random(random);
        __builtin_prefetch(&zipf->cells[random_below(lots[i], zipf->count)]);
    }
    for (unsigned i = 0; i < count; i++)
        ranks[i] = zipf_draw(zipf, lots[i]);
}

static inline void zipf_free(struct Zipf *zipf) {
    free(zipf->cells);
}

#endif
