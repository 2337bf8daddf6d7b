/* The scanner for AArch64. */
#include "host/scan_kernel.h"

#if defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>

typedef uint8x16x4_t block; /* four lanes of 16 bytes */

static inline block load_block(const char *at) {
    block text;
    for (unsigned i = 0; i < 4; i++)
        text.val[i] = vld1q_u8((const uint8_t *)at + 16 * i);
    return text;
}

static inline void store_block(char *at, block text) {
    for (unsigned i = 0; i < 4; i++)
        vst1q_u8((uint8_t *)at + 16 * i, text.val[i]);
}

static inline void put_eight(uint32_t *to, uint32_t first, uint32_t more, uint64_t positions) {
    uint16x8_t all = vmovl_u8(vcreate_u8(positions));
    uint32x4_t base = vaddq_u32(vdupq_n_u32(first), vdupq_n_u32(more));
    vst1q_u32(to, vaddw_u16(base, vget_low_u16(all)));
    vst1q_u32(to + 4, vaddw_u16(base, vget_high_u16(all)));
}

/* Bytes that are 255 or 0 as bits: each byte keeps one bit of its own, and adding neighbours, three times, brings those
 * of eight bytes together in one. */
static inline uint64_t to_bits(block truth) {
    const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
    uint8x16_t low = vpaddq_u8(vandq_u8(truth.val[0], bit), vandq_u8(truth.val[1], bit));
    uint8x16_t high = vpaddq_u8(vandq_u8(truth.val[2], bit), vandq_u8(truth.val[3], bit));
    uint8x16_t pairs = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(pairs, pairs)), 0);
}

/* 255 in each byte that is from low to high. */
static inline uint8x16_t in_range(uint8x16_t lane, uint8_t low, uint8_t high) {
    return vcleq_u8(vsubq_u8(lane, vdupq_n_u8(low)), vdupq_n_u8((uint8_t)(high - low)));
}

static inline block lowered(block text) {
    for (unsigned i = 0; i < 4; i++)
        text.val[i] = vorrq_u8(text.val[i], vandq_u8(in_range(text.val[i], 'A', 'Z'), vdupq_n_u8(0x20)));
    return text;
}

static inline uint64_t space_bytes(block text) {
    for (unsigned i = 0; i < 4; i++)
        text.val[i] = vorrq_u8(vceqq_u8(text.val[i], vdupq_n_u8(' ')), in_range(text.val[i], 9, 13));
    return to_bits(text);
}

static inline uint64_t capital_bytes(block text) {
    for (unsigned i = 0; i < 4; i++)
        text.val[i] = in_range(text.val[i], 'A', 'Z');
    return to_bits(text);
}

static inline uint64_t letter_bytes(block text) {
    for (unsigned i = 0; i < 4; i++)
        text.val[i] = in_range(vorrq_u8(text.val[i], vdupq_n_u8(0x20)), 'a', 'z');
    return to_bits(text);
}

static inline uint64_t wide_bytes(block text) {
    for (unsigned i = 0; i < 4; i++)
        text.val[i] = vcgeq_u8(text.val[i], vdupq_n_u8(128));
    return to_bits(text);
}

static inline uint64_t equal_bytes(block text, char byte) {
    for (unsigned i = 0; i < 4; i++)
        text.val[i] = vceqq_u8(text.val[i], vdupq_n_u8((uint8_t)byte));
    return to_bits(text);
}

static inline unsigned count_bits(uint64_t bits) {
    return (unsigned)__builtin_popcountll(bits);
}

#include "host/scan_lookup.h"
#include "host/scan_loops.h"

const mr_scan_kernel mr_scan_neon = MR_SCAN_KERNEL;

#endif
