/* scan_few.h - what processors do without that cannot load, store and number bytes by a mask: parts of a block, and the
 * positions of bits. Included by scan_PROCESSOR.c behind block, load_block, store_block, and
 *
 *     put_eight(to, first, positions)    writes eight numbers to to: first + each byte of positions, lowest first
 */
#ifndef MR_HOST_SCAN_FEW_H
#define MR_HOST_SCAN_FEW_H

#include <string.h>

#include "host/scan_kernel.h"

static inline block load_part(const char *at, size_t length) {
    char copy[MR_SCAN_BLOCK] = {0};
    memcpy(copy, at, length);
    return load_block(copy);
}

static inline void store_part(char *at, size_t length, block text) {
    char copy[MR_SCAN_BLOCK];
    store_block(copy, text);
    memcpy(at, copy, length);
}

#define MR_EACH_BYTE(value) (0x0101010101010101ull * (value))

/* How many bits are set in each byte, as bytes of the result. */
static inline uint64_t count_in_bytes(uint64_t bits) {
    bits -= bits >> 1 & MR_EACH_BYTE(0x55);
    bits = (bits & MR_EACH_BYTE(0x33)) + (bits >> 2 & MR_EACH_BYTE(0x33));
    return (bits + (bits >> 4)) & MR_EACH_BYTE(0x0f);
}

static inline unsigned count_bits(uint64_t bits) {
    return (unsigned)(count_in_bytes(bits) * MR_EACH_BYTE(1) >> 56);
}

/* Eight bits at a time have their positions looked up, and eight numbers are written for them, however many of them are
 * set: where the next ones go is known from sums, without waiting for the ones before. */
static inline uint32_t *append_positions(uint32_t *to, uint32_t first, uint64_t bits) {
    uint64_t ends = count_in_bytes(bits) * MR_EACH_BYTE(1); /* byte i: how many bits are set in bytes 0 to i */
    put_eight(to, first, mr_scan_positions[bits & 255]);
    for (unsigned i = 8; i < 64; i += 8)
        put_eight(to + (ends >> (i - 8) & 255), first + i, mr_scan_positions[bits >> i & 255]);
    return to + (ends >> 56);
}

#endif
