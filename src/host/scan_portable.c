/* The scanner for every processor: eight bytes are looked at in one number. */
#include "host/scan_kernel.h"

#define EACH_BYTE(value) (0x0101010101010101ull * (value))

typedef struct block {
    uint64_t words[8]; /* of eight bytes each, the first one lowest */
} block;

/* Between memory and a number with the first byte lowest. */
static inline uint64_t first_lowest(uint64_t word) {
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(word) : word;
}

static inline block load_block(const char *at) {
    block text;
    for (unsigned i = 0; i < 8; i++)
        text.words[i] = first_lowest(mr_load_u64(at + 8 * i));
    return text;
}

static inline void store_block(char *at, block text) {
    for (unsigned i = 0; i < 8; i++)
        mr_store_u64(at + 8 * i, first_lowest(text.words[i]));
}

/* The top bit of each byte that is from low to high, both ASCII; no carry crosses a byte. */
static inline uint64_t in_range(uint64_t word, unsigned low, unsigned high) {
    uint64_t rest = word & EACH_BYTE(127);
    return (rest + EACH_BYTE(128 - low)) & ~(rest + EACH_BYTE(127 - high)) & ~word & EACH_BYTE(128);
}

/* The top bit of each byte that is zero. */
static inline uint64_t is_zero(uint64_t word) {
    return ~(((word & EACH_BYTE(127)) + EACH_BYTE(127)) | word) & EACH_BYTE(128);
}

/* The top bits of eight bytes, side by side: the multiplication brings them there, none of its sums meet. */
static inline uint64_t top_bits(uint64_t word) {
    return (word >> 7 & EACH_BYTE(1)) * 0x0102040810204080ull >> 56;
}

static inline block lowered(block text) {
    for (unsigned i = 0; i < 8; i++)
        text.words[i] |= in_range(text.words[i], 'A', 'Z') >> 2;
    return text;
}

static inline uint64_t space_bytes(block text) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t word = text.words[i];
        bits |= top_bits(in_range(word, 9, 13) | is_zero(word ^ EACH_BYTE(' '))) << 8 * i;
    }
    return bits;
}

static inline uint64_t capital_bytes(block text) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits |= top_bits(in_range(text.words[i], 'A', 'Z')) << 8 * i;
    return bits;
}

static inline uint64_t letter_bytes(block text) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits |= top_bits(in_range(text.words[i] | EACH_BYTE(0x20), 'a', 'z')) << 8 * i;
    return bits;
}

static inline uint64_t wide_bytes(block text) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits |= top_bits(text.words[i]) << 8 * i;
    return bits;
}

static inline uint64_t equal_bytes(block text, char byte) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits |= top_bits(is_zero(text.words[i] ^ EACH_BYTE((unsigned char)byte))) << 8 * i;
    return bits;
}

static inline unsigned count_bits(uint64_t bits) {
    return (unsigned)(mr_count_in_bytes(bits) * 0x0101010101010101ull >> 56);
}

#include "host/scan_few.h"

static inline uint32_t *append_positions(uint32_t *to, uint32_t first, uint64_t bits) {
    return append_by_eights(to, first, bits, count_bits(bits));
}

#include "host/scan_loops.h"

const mr_scan_kernel mr_scan_portable = MR_SCAN_KERNEL;
