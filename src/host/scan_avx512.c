/* The scanner for x86-64 with AVX-512 (BW, VL and VBMI2), where a block is one register and a bit mask an operand. */
#include "host/scan_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

typedef __m512i block;

static inline block load_block(const char *at) {
    return _mm512_loadu_si512(at);
}

static inline block load_part(const char *at, size_t length, const char *end) {
    (void)end; /* no other bytes are touched */
    return _mm512_maskz_loadu_epi8(((uint64_t)1 << length) - 1, at);
}

static inline void store_block(char *at, block text) {
    _mm512_storeu_si512(at, text);
}

static inline uint64_t in_range(block text, char low, char high) {
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(text, _mm512_set1_epi8(low)), _mm512_set1_epi8((char)(high - low)));
}

static inline uint64_t capital_bytes(block text) {
    return in_range(text, 'A', 'Z');
}

static inline block lowered(block text) {
    return _mm512_mask_add_epi8(text, capital_bytes(text), text, _mm512_set1_epi8(0x20));
}

static inline uint64_t equal_bytes(block text, char byte) {
    return _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(byte));
}

static inline uint64_t space_bytes(block text) {
    return equal_bytes(text, ' ') | in_range(text, 9, 13);
}

static inline uint64_t letter_bytes(block text) {
    return in_range(_mm512_or_si512(text, _mm512_set1_epi8(0x20)), 'a', 'z');
}

static inline uint64_t wide_bytes(block text) {
    return _mm512_movepi8_mask(text);
}

static inline unsigned count_bits(uint64_t bits) {
    return (unsigned)__builtin_popcountll(bits);
}

static inline void put_sixteen(uint32_t *to, __m512i first, __m128i positions) {
    _mm512_storeu_si512(to, _mm512_add_epi32(_mm512_cvtepu8_epi32(positions), first));
}

/* The numbers 0 to 63 are pushed together to those whose bit is set. Hardly any block has more than 32. */
static inline uint32_t *append_positions(uint32_t *to, uint32_t first, uint64_t bits) {
    const __m512i sixteen = _mm512_castsi128_si512(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    const __m512i sixteens = _mm512_setr_epi64(0, 0, 0x1010101010101010, 0x1010101010101010, 0x2020202020202020,
                                               0x2020202020202020, 0x3030303030303030, 0x3030303030303030);
    const __m512i numbers = _mm512_add_epi8(_mm512_shuffle_i64x2(sixteen, sixteen, 0), sixteens);
    __m512i positions = _mm512_maskz_compress_epi8(bits, numbers), base = _mm512_set1_epi32((int)first);
    unsigned count = count_bits(bits);
    put_sixteen(to, base, _mm512_castsi512_si128(positions));
    put_sixteen(to + 16, base, _mm512_extracti32x4_epi32(positions, 1));
    if (MR_UNLIKELY(count > 32)) {
        put_sixteen(to + 32, base, _mm512_extracti32x4_epi32(positions, 2));
        put_sixteen(to + 48, base, _mm512_extracti32x4_epi32(positions, 3));
    }
    return to + count;
}

#include "host/scan_loops.h"

const mr_scan_kernel mr_scan_avx512 = MR_SCAN_KERNEL;

#endif
