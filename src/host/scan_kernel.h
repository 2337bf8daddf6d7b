/* scan_kernel.h - the innermost loops of the scanner, of which there is one set for each kind of processor: each
 * scan_PROCESSOR.c says how 64 bytes are looked at, and includes scan_loops.h, which is the same for all. [worker] */
#ifndef MR_HOST_SCAN_KERNEL_H
#define MR_HOST_SCAN_KERNEL_H

#include <stdbool.h>

#include "data/bytes.h"

enum { MR_SCAN_BLOCK = 64 };

/* No number of at most eight bytes. */
#define MR_UNUSUAL INT64_MIN

/* One set of loops. All sets give the same results.
 *
 * find_words and find_parts are handed a scan of their kinds with base at next. They fill found and set count, and move
 * next behind what they have found, so that the next call goes on there. Nothing found with next before the end means
 * that there was nothing in the 4 GiB that offsets reach, or that a part which begins at next does not end in them. */
typedef struct mr_scan_kernel {
    bool (*find_words)(mr_scan *scan); /* words; whether some of the text looked at is not ASCII */
    void (*find_parts)(mr_scan *scan); /* lines, fields and rows */
    /* Reads the numbers behind the cuts of count rows; what it cannot read, the unusual ones, is MR_UNUSUAL. 8 bytes
     * behind each cut, and behind the end of a row without one, can be read. */
    void (*read_numbers)(const char *base, const uint32_t *rows, size_t count, unsigned decimals, int64_t *numbers);
    uint64_t (*count_bytes)(const char *bytes, size_t length, char byte); /* how often byte occurs */
} mr_scan_kernel;

extern const mr_scan_kernel mr_scan_portable;
#if defined(__x86_64__)
extern const mr_scan_kernel mr_scan_sse2, mr_scan_avx2, mr_scan_avx512;
#elif defined(__aarch64__) && defined(__ARM_NEON)
extern const mr_scan_kernel mr_scan_neon;
#endif

/* For each value of eight bits the positions of those that are set, from the lowest on: a byte each, the first one in
 * the lowest byte of the number. */
extern const uint64_t mr_scan_positions[256];

/* How many bits are set in each byte, as bytes of the result. */
static inline uint64_t mr_count_in_bytes(uint64_t bits) {
    bits -= bits >> 1 & 0x5555555555555555ull;
    bits = (bits & 0x3333333333333333ull) + (bits >> 2 & 0x3333333333333333ull);
    return (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0full;
}

/* What a character that goes beyond its block says about the bytes of the next one: bits of its first bytes. */
typedef struct mr_scan_beyond {
    uint64_t known;   /* they belong to that character */
    uint64_t letters; /* and it is a letter */
} mr_scan_beyond;

/* Finds the bytes of a block that belong to letters outside of ASCII. wide: which of its bytes are not ASCII; end: of
 * the whole text; beyond: from the block before, and then for the next one. */
uint64_t mr_scan_wide_letters(const char *block, const char *end, uint64_t wide, mr_scan_beyond *beyond);

#endif
