/* scan_few.h - what processors do without that cannot load bytes by a mask: parts of a block, and positions one by one.
 * Included by scan_PROCESSOR.c behind block and load_block. */
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

/* Bits are taken one by one, but eight at a time, since a branch that ends the loop at the last one would be
 * mispredicted. The highest bit, which is there too, lets the search for the next one always find one. */
static inline uint32_t *append_by_eights(uint32_t *to, uint32_t first, uint64_t bits, unsigned count) {
    for (unsigned done = 0; done < count; done += 8)
        for (unsigned i = done; i < done + 8; i++, bits &= bits - 1)
            to[i] = first + (uint32_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
    return to + count;
}

#endif
