/* The scanner for x86-64 with AVX2. */
#include "host/scan_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

typedef struct block {
    __m256i low;  /* bytes 0 to 31 */
    __m256i high; /* bytes 32 to 63 */
} block;

static inline block load_block(const char *at) {
    return (block){_mm256_loadu_si256((const __m256i *)(const void *)at),
                   _mm256_loadu_si256((const __m256i *)(const void *)(at + 32))};
}

static inline void store_block(char *at, block text) {
    _mm256_storeu_si256((__m256i *)(void *)at, text.low);
    _mm256_storeu_si256((__m256i *)(void *)(at + 32), text.high);
}

static inline void put_eight(uint32_t *to, uint32_t first, uint32_t more, uint64_t positions) {
    __m256i all = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)positions));
    __m256i base = _mm256_add_epi32(_mm256_set1_epi32((int)first), _mm256_set1_epi32((int)more));
    _mm256_storeu_si256((__m256i *)(void *)to, _mm256_add_epi32(all, base));
}

/* 255 in each byte that is from low to high. Moving the range to the bottom of the signed numbers needs one test. */
static inline __m256i in_range(__m256i half, int low, int high) {
    __m256i moved = _mm256_add_epi8(half, _mm256_set1_epi8((char)(-128 - low)));
    return _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(high - low - 127)), moved);
}

static inline uint64_t top_bits(__m256i low, __m256i high) {
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32 | (uint32_t)_mm256_movemask_epi8(low);
}

static inline __m256i lowered_half(__m256i half) {
    return _mm256_or_si256(half, _mm256_and_si256(in_range(half, 'A', 'Z'), _mm256_set1_epi8(0x20)));
}

static inline block lowered(block text) {
    return (block){lowered_half(text.low), lowered_half(text.high)};
}

static inline __m256i space_half(__m256i half) {
    return _mm256_or_si256(_mm256_cmpeq_epi8(half, _mm256_set1_epi8(' ')), in_range(half, 9, 13));
}

static inline uint64_t space_bytes(block text) {
    return top_bits(space_half(text.low), space_half(text.high));
}

static inline uint64_t capital_bytes(block text) {
    return top_bits(in_range(text.low, 'A', 'Z'), in_range(text.high, 'A', 'Z'));
}

static inline __m256i letter_half(__m256i half) {
    return in_range(_mm256_or_si256(half, _mm256_set1_epi8(0x20)), 'a', 'z');
}

static inline uint64_t letter_bytes(block text) {
    return top_bits(letter_half(text.low), letter_half(text.high));
}

static inline uint64_t wide_bytes(block text) {
    return top_bits(text.low, text.high);
}

static inline uint64_t equal_bytes(block text, char byte) {
    __m256i wanted = _mm256_set1_epi8(byte);
    return top_bits(_mm256_cmpeq_epi8(text.low, wanted), _mm256_cmpeq_epi8(text.high, wanted));
}

static inline unsigned count_bits(uint64_t bits) {
    return (unsigned)__builtin_popcountll(bits);
}

#include "host/scan_lookup.h"
#include "host/scan_loops.h"

const mr_scan_kernel mr_scan_avx2 = MR_SCAN_KERNEL;

#endif
