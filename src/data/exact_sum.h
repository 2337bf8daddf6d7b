/* exact_sum.h - sums of doubles that do not depend on the order of addition.
 *
 * The accumulator is one fixed-point number wide enough for every finite double (Kulisch's long accumulator): bit 0 is
 * 2^-1074, and the top limb leaves room for 2^63 additions of the largest double. Adding is exact, so it is associative
 * and commutative, and the sum is rounded once, to nearest even, when it is read.
 */
#ifndef MR_DATA_EXACT_SUM_H
#define MR_DATA_EXACT_SUM_H

#include <stdint.h>

enum { MR_EXACT_LIMBS = 34 };

/* All zero is the sum of nothing. */
typedef struct mr_exact_sum {
    uint64_t limbs[MR_EXACT_LIMBS]; /* two's complement, least significant first */
    uint64_t special;               /* bits: 1 a NaN was added, 2 +infinity, 4 -infinity */
} mr_exact_sum;

/* Adds a double; infinities and NaN are remembered. */
void mr_exact_sum_add(mr_exact_sum *sum, double value);

/* Adds another sum. */
void mr_exact_sum_merge(mr_exact_sum *sum, const mr_exact_sum *other);

/* The sum, rounded to the nearest double, ties to even; infinity when it is too large. */
double mr_exact_sum_value(const mr_exact_sum *sum);

#endif
