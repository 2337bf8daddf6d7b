#include "data/exact_sum.h"

#include <math.h>
#include <string.h>

enum { MANTISSA_BITS = 52, EXPONENT_MASK = 0x7ff };

/* Adds addend (or subtracts it) at a limb and lets the carry run up. */
static void add_at(uint64_t *limbs, unsigned limb, uint64_t addend, int subtract) {
    for (; addend && limb < MR_EXACT_LIMBS; limb++) {
        uint64_t before = limbs[limb];
        limbs[limb] = subtract ? before - addend : before + addend;
        addend = subtract ? before < addend : limbs[limb] < before;
    }
}

void mr_exact_sum_add(mr_exact_sum *sum, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    unsigned exponent = (unsigned)(bits >> MANTISSA_BITS) & EXPONENT_MASK;
    uint64_t mantissa = bits & ((1ull << MANTISSA_BITS) - 1);
    int negative = (int)(bits >> 63);
    if (exponent == EXPONENT_MASK) {
        sum->special |= mantissa ? 1 : negative ? 4 : 2;
        return;
    }
    if (exponent) mantissa |= 1ull << MANTISSA_BITS;
    unsigned shift = exponent ? exponent - 1 : 0; /* of the mantissa's lowest bit, in units of 2^-1074 */
    unsigned limb = shift / 64;
    unsigned within = shift % 64;
    add_at(sum->limbs, limb, mantissa << within, negative);
    if (within) add_at(sum->limbs, limb + 1, mantissa >> (64 - within), negative);
}

void mr_exact_sum_merge(mr_exact_sum *sum, const mr_exact_sum *other) {
    uint64_t carry = 0;
    for (int i = 0; i < MR_EXACT_LIMBS; i++) {
        uint64_t carried = __builtin_add_overflow(sum->limbs[i], carry, &sum->limbs[i]);
        carry = carried + __builtin_add_overflow(sum->limbs[i], other->limbs[i], &sum->limbs[i]);
    }
    sum->special |= other->special;
}

/* The position of the highest set bit of a magnitude; -1 when it is zero. */
static int highest_bit(const uint64_t *limbs) {
    for (int i = MR_EXACT_LIMBS - 1; i >= 0; i--)
        if (limbs[i]) return 64 * i + 63 - __builtin_clzll(limbs[i]);
    return -1;
}

static int bit_at(const uint64_t *limbs, int bit) {
    return (int)(limbs[bit / 64] >> (bit % 64)) & 1;
}

/* Whether any bit below the given one is set. */
static int any_below(const uint64_t *limbs, int bit) {
    for (int i = 0; i < bit / 64; i++)
        if (limbs[i]) return 1;
    return bit % 64 && (limbs[bit / 64] & ((1ull << (bit % 64)) - 1));
}

/* Rounds a magnitude to 53 bits, ties to even. */
static double round_magnitude(const uint64_t *limbs) {
    int top = highest_bit(limbs);
    if (top < 0) return 0;
    int lowest = top > MANTISSA_BITS ? top - MANTISSA_BITS : 0;
    uint64_t mantissa = limbs[lowest / 64] >> (lowest % 64);
    if (lowest % 64 && lowest / 64 + 1 < MR_EXACT_LIMBS) mantissa |= limbs[lowest / 64 + 1] << (64 - lowest % 64);
    mantissa &= (1ull << (MANTISSA_BITS + 1)) - 1;
    if (lowest && bit_at(limbs, lowest - 1) && (any_below(limbs, lowest - 1) || (mantissa & 1))) mantissa++;
    return ldexp((double)mantissa, lowest - 1074);
}

double mr_exact_sum_value(const mr_exact_sum *sum) {
    if ((sum->special & 1) || (sum->special & 6) == 6) return NAN;
    if (sum->special) return sum->special & 2 ? INFINITY : -INFINITY;
    if (!(sum->limbs[MR_EXACT_LIMBS - 1] >> 63)) return round_magnitude(sum->limbs);
    uint64_t magnitude[MR_EXACT_LIMBS];
    unsigned carry = 1;
    for (int i = 0; i < MR_EXACT_LIMBS; i++) {
        magnitude[i] = ~sum->limbs[i] + carry;
        carry = carry && !magnitude[i];
    }
    return -round_magnitude(magnitude);
}
