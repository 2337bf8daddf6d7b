/* scan_lookup.h - positions of bits from a table. Included by scan_PROCESSOR.c behind scan_few.h, and
 *
 *     put_eight(to, first, more, positions)  writes eight numbers to to: first + more + each byte of positions,
 *                                            the lowest one first
 *     count_bits(bits)                       how many bits are set
 */
#ifndef MR_HOST_SCAN_LOOKUP_H
#define MR_HOST_SCAN_LOOKUP_H

#include "host/scan_few.h"

/* The positions of many bits are looked up, eight bits at a time, and eight numbers are written for them, however many
 * are set: where the next ones go is known from sums, without waiting for the ones before. */
static inline uint32_t *append_positions(uint32_t *to, uint32_t first, uint64_t bits) {
    unsigned count = count_bits(bits);
    if (count <= 8) return append_by_eights(to, first, bits, count);
    uint64_t ends = mr_count_in_bytes(bits) * 0x0101010101010101ull; /* byte i: bits that are set in bytes 0 to i */
    put_eight(to, first, 0, mr_scan_positions[bits & 255]);
    for (unsigned i = 8; i < 64; i += 8)
        put_eight(to + (ends >> (i - 8) & 255), first, i, mr_scan_positions[bits >> i & 255]);
    return to + count;
}

#endif
