/* Random numbers that are the same on every machine: SplitMix64. All with unsigned integers. */

#ifndef DATASETS_RANDOM_H
#define DATASETS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* The finaliser of SplitMix64, which alone serves as a hash: a permutation of all numbers of 64 bits. */
static inline uint64_t scramble(uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

/* The next 64 evenly distributed bits; the state may begin as any number, the seed. */
static inline uint64_t next_random(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return scramble(*state);
}

/* A number below the limit, which is at most 2^32, from the upper half of 64 random bits. */
static inline uint32_t random_below(uint64_t random, uint64_t limit) {
    return (uint32_t)((random >> 32) * limit >> 32);
}

/* Whether something happens that has this probability, in millionths of a percent. Draws nothing when it is 0. */
static inline bool random_happens(uint64_t *state, uint64_t millionths) {
    return millionths > 0 && next_random(state) % 100000000 < millionths;
}

/* About normally distributed around 0, from 64 random bits: the sum of four numbers from 0 to 65535, less its mean. Its
 * standard deviation is 37837, and it never leaves -131070 to 131070. */
static inline int random_deviation(uint64_t random) {
    int sum = (int)(random & 65535) + (int)(random >> 16 & 65535) + (int)(random >> 32 & 65535) + (int)(random >> 48);
    return sum - 2 * 65535;
}

/* A permutation of the numbers of that many bits, up to 63: odd factors and a shift to the right can all be undone. */
static inline uint64_t permute(uint64_t number, unsigned bits) {
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    number = number * UINT64_C(0x9e3779b97f4a7c15) & mask;
    number ^= number >> (bits / 2);
    return number * UINT64_C(0xd6e8feb86659fd93) & mask;
}

/* A permutation of the numbers below the limit, which is at most 2^62: one of a power of two of numbers, repeated until
 * it comes to a number that is small enough. */
static inline uint64_t permute_below(uint64_t number, uint64_t limit) {
    unsigned bits = 64 - (unsigned)__builtin_clzll(limit);
    do
        number = permute(number + 1, bits);
    while (number >= limit);
    return number;
}

#endif
