/* scan_few.h - what processors do without that cannot load, store and number bytes by a mask: parts of a block, and the
 * positions of bits. Included by scan_PROCESSOR.c behind block, load_block, and
 *
 *     put_eight(to, first, more, positions)  writes eight numbers to to: first + more + each byte of positions,
 *                                            the lowest one first
 *     count_bits(bits)                       how many bits are set
 */
#ifndef MR_HOST_SCAN_FEW_H
#define MR_HOST_SCAN_FEW_H

#include <string.h>

#include "host/scan_kernel.h"

/* Nearly all text has more text behind it; only what has not must be copied. */
static inline block load_part(const char *at, size_t length, const char *end) {
    char copy[MR_SCAN_BLOCK] = {0};
    if ((size_t)(end - at) >= MR_SCAN_BLOCK) return load_block(at);
    memcpy(copy, at, length);
    return load_block(copy);
}

/* At most eight bits are taken one by one, and always eight, since a branch that ends the loop at the last one would be
 * mispredicted. The highest bit, which is there too, lets the search for the next one always find one. */
static inline uint32_t *append_one_by_one(uint32_t *to, uint32_t first, uint64_t bits, unsigned count) {
    for (unsigned i = 0; i < 8; i++, bits &= bits - 1)
        to[i] = first + (uint32_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
    return to + count;
}

/* More bits have their positions looked up, eight bits at a time, and eight numbers are written for them, however many
 * are set: where the next ones go is known from sums, without waiting for the ones before. */
static inline uint32_t *append_positions(uint32_t *to, uint32_t first, uint64_t bits) {
    unsigned count = count_bits(bits);
    if (count <= 8) return append_one_by_one(to, first, bits, count);
    uint64_t ends = mr_count_in_bytes(bits) * 0x0101010101010101ull; /* byte i: bits that are set in bytes 0 to i */
    put_eight(to, first, 0, mr_scan_positions[bits & 255]);
    for (unsigned i = 8; i < 64; i += 8)
        put_eight(to + (ends >> (i - 8) & 255), first, i, mr_scan_positions[bits >> i & 255]);
    return to + count;
}

#endif
