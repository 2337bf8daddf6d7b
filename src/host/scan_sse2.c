/* The scanner for every x86-64. */
#include "host/scan_kernel.h"

#if defined(__x86_64__)
#include <emmintrin.h>

typedef struct block {
    __m128i lanes[4]; /* of 16 bytes each */
} block;

static inline block load_block(const char *at) {
    block text;
    for (unsigned i = 0; i < 4; i++)
        text.lanes[i] = _mm_loadu_si128((const __m128i *)(const void *)(at + 16 * i));
    return text;
}

static inline void store_block(char *at, block text) {
    for (unsigned i = 0; i < 4; i++)
        _mm_storeu_si128((__m128i *)(void *)(at + 16 * i), text.lanes[i]);
}

static inline void put_eight(uint32_t *to, uint32_t first, uint32_t more, uint64_t positions) {
    __m128i zero = _mm_setzero_si128();
    __m128i base = _mm_add_epi32(_mm_set1_epi32((int)first), _mm_set1_epi32((int)more));
    __m128i all = _mm_unpacklo_epi8(_mm_cvtsi64_si128((long long)positions), zero);
    _mm_storeu_si128((__m128i *)(void *)to, _mm_add_epi32(_mm_unpacklo_epi16(all, zero), base));
    _mm_storeu_si128((__m128i *)(void *)(to + 4), _mm_add_epi32(_mm_unpackhi_epi16(all, zero), base));
}

/* 255 in each byte that is from low to high. Moving the range to the bottom of the signed numbers needs one test. */
static inline __m128i in_range(__m128i lane, int low, int high) {
    __m128i moved = _mm_add_epi8(lane, _mm_set1_epi8((char)(-128 - low)));
    return _mm_cmpgt_epi8(_mm_set1_epi8((char)(high - low - 127)), moved);
}

static inline uint64_t top_bits(block text) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < 4; i++)
        bits |= (uint64_t)(unsigned)_mm_movemask_epi8(text.lanes[i]) << 16 * i;
    return bits;
}

static inline block lowered(block text) {
    for (unsigned i = 0; i < 4; i++) {
        __m128i capital = in_range(text.lanes[i], 'A', 'Z');
        text.lanes[i] = _mm_or_si128(text.lanes[i], _mm_and_si128(capital, _mm_set1_epi8(0x20)));
    }
    return text;
}

static inline uint64_t space_bytes(block text) {
    for (unsigned i = 0; i < 4; i++) {
        __m128i blank = _mm_cmpeq_epi8(text.lanes[i], _mm_set1_epi8(' '));
        text.lanes[i] = _mm_or_si128(blank, in_range(text.lanes[i], 9, 13));
    }
    return top_bits(text);
}

static inline uint64_t capital_bytes(block text) {
    for (unsigned i = 0; i < 4; i++)
        text.lanes[i] = in_range(text.lanes[i], 'A', 'Z');
    return top_bits(text);
}

static inline uint64_t letter_bytes(block text) {
    for (unsigned i = 0; i < 4; i++)
        text.lanes[i] = in_range(_mm_or_si128(text.lanes[i], _mm_set1_epi8(0x20)), 'a', 'z');
    return top_bits(text);
}

static inline uint64_t wide_bytes(block text) {
    return top_bits(text);
}

static inline uint64_t equal_bytes(block text, char byte) {
    for (unsigned i = 0; i < 4; i++)
        text.lanes[i] = _mm_cmpeq_epi8(text.lanes[i], _mm_set1_epi8(byte));
    return top_bits(text);
}

static inline unsigned count_bits(uint64_t bits) {
    return (unsigned)(mr_count_in_bytes(bits) * 0x0101010101010101ull >> 56);
}

#include "host/scan_lookup.h"
#include "host/scan_loops.h"

const mr_scan_kernel mr_scan_sse2 = MR_SCAN_KERNEL;

#endif
