#include "host/find.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Of each string two bytes are looked for, the two that are rarest in usual text: at 64 places at once, one comparison
 * with the text from the first byte's offset on, and one with the text from the second's. Places where both are right
 * are few; there the whole string is compared. Where case is ignored, setting the bit in which capital and small
 * letters differ makes the small letter of both; of the bytes that are no letters none is changed. Looking for several
 * strings at once is the same for each of them, and a place counts when it will do for one.
 *
 * Comparing two bytes costs hardly more than one, since the text is in the cache then, and spares the search for a
 * common letter: a word of everyday text has a byte that is frequent, but hardly ever a rare pair of them. */

enum { BLOCK = 64, REACH = 64 /* the two bytes are chosen among so many at the front of a string */ };

/* One string. */
typedef struct needle {
    const char *bytes;       /* in lower case when case is ignored */
    size_t length;           /* in bytes */
    size_t offsets[2];       /* of the two bytes to look for; the same twice in a string of one byte */
    unsigned char wanted[2]; /* these bytes */
    unsigned char fold[2];   /* what to set in the text before comparing: the bit of lower case, or none */
} needle;

struct mr_needles {
    mr_needles *next; /* prepared before; NULL at the end */
    size_t count;     /* strings */
    size_t reach;     /* one more than the largest offset of a byte to look for */
    bool ignore_case; /* of ASCII letters */
    bool empty;       /* one of the strings is: it is everywhere */
    needle list[];    /* then the bytes of the strings */
};

/* ---- preparing --------------------------------------------------------------------------------------------------- */

unsigned mr_byte_rarity(unsigned char byte) {
    /* The bytes of prose and of logs, by falling frequency; small letters stand for capitals too, which are rarer. */
    static const char usual[] = " etaoinsrhldcu0mfpgwy1.b2v-k,3:54/86T79S\"ACI'(x)=MPBD_E\nNRFLjHOW;qzG";
    const char *found = byte ? strchr(usual, byte) : NULL;
    return found ? 3 + (unsigned)(found - usual) / 7 : 12;
}

static bool is_letter(char byte) {
    return (unsigned char)((byte | 0x20) - 'a') < 26;
}

/* The offset of the rarest byte but the one at other. */
static size_t rarest_but(const needle *needle, size_t other) {
    size_t best = other ? 0 : needle->length > 1;
    size_t length = needle->length < REACH ? needle->length : REACH;
    for (size_t i = best + 1; i < length; i++) {
        unsigned char here = (unsigned char)needle->bytes[i], chosen = (unsigned char)needle->bytes[best];
        if (i != other && mr_byte_rarity(here) > mr_byte_rarity(chosen)) best = i;
    }
    return best;
}

static void choose_bytes(needle *needle, bool ignore_case) {
    if (!needle->length) return;
    needle->offsets[0] = rarest_but(needle, REACH);
    needle->offsets[1] = rarest_but(needle, needle->offsets[0]);
    for (int i = 0; i < 2; i++) {
        char byte = needle->bytes[needle->offsets[i]];
        needle->wanted[i] = (unsigned char)byte;
        needle->fold[i] = ignore_case && is_letter(byte) ? 0x20 : 0;
    }
}

mr_needles *mr_needles_new(const mr_slice *strings, size_t count, uint32_t flags, mr_needles *next) {
    size_t size = sizeof(mr_needles) + count * sizeof(needle);
    for (size_t i = 0; i < count; i++)
        size += strings[i].length;
    mr_needles *needles = calloc(1, size);
    if (!needles) return NULL;
    needles->next = next;
    needles->count = count;
    needles->ignore_case = flags & MR_IGNORE_CASE;
    char *bytes = (char *)(needles->list + count);
    for (size_t i = 0; i < count; i++) {
        needle *needle = &needles->list[i];
        needle->bytes = bytes;
        needle->length = strings[i].length;
        if (!needle->length) needles->empty = true;
        for (size_t j = 0; j < needle->length; j++) {
            char byte = strings[i].data[j];
            *bytes++ = needles->ignore_case && is_letter(byte) ? (char)(byte | 0x20) : byte;
        }
        choose_bytes(needle, needles->ignore_case);
        for (int j = 0; j < 2; j++)
            if (needle->offsets[j] >= needles->reach) needles->reach = needle->offsets[j] + 1;
    }
    return needles;
}

void mr_needles_close(mr_needles *needles) {
    while (needles) {
        mr_needles *next = needles->next;
        free(needles);
        needles = next;
    }
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

static bool same(const mr_needles *needles, const needle *needle, const char *at) {
    if (!needles->ignore_case) return memcmp(at, needle->bytes, needle->length) == 0;
    for (size_t i = 0; i < needle->length; i++)
        if ((is_letter(at[i]) ? at[i] | 0x20 : at[i]) != needle->bytes[i]) return false;
    return true;
}

/* Whether one of the strings begins at a place. */
static bool begins_here(const mr_needles *needles, const char *at, const char *end) {
    for (size_t i = 0; i < needles->count; i++) {
        const needle *needle = &needles->list[i];
        if (needle->length > (size_t)(end - at)) continue;
        if (((unsigned char)at[needle->offsets[0]] | needle->fold[0]) != needle->wanted[0]) continue;
        if (same(needles, needle, at)) return true;
    }
    return false;
}

static const char *find_one_by_one(const mr_needles *needles, const char *at, const char *end) {
    for (; at < end; at++)
        if (begins_here(needles, at, end)) return at;
    return NULL;
}

/* The first place of a block where a string begins, of those that the mask says are worth looking at; BLOCK: none. */
static inline int first_of(const mr_needles *needles, const char *block, uint64_t mask, const char *end) {
    for (; mask; mask &= mask - 1)
        if (begins_here(needles, block + __builtin_ctzll(mask), end)) return __builtin_ctzll(mask);
    return BLOCK;
}

#if defined(__x86_64__)

/* Which of 16 places have both bytes of one of the strings. */
static inline uint64_t places_in_16(const mr_needles *needles, const char *at) {
    __m128i any = _mm_setzero_si128();
    for (size_t i = 0; i < needles->count; i++) {
        const needle *needle = &needles->list[i];
        __m128i both = _mm_set1_epi8(-1);
        for (int j = 0; j < 2; j++) {
            __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(at + needle->offsets[j]));
            text = _mm_or_si128(text, _mm_set1_epi8((char)needle->fold[j]));
            both = _mm_and_si128(both, _mm_cmpeq_epi8(text, _mm_set1_epi8((char)needle->wanted[j])));
        }
        any = _mm_or_si128(any, both);
    }
    return (uint32_t)_mm_movemask_epi8(any);
}

static const char *find_by_16(const mr_needles *needles, const char *at, const char *end) {
    while ((size_t)(end - at) >= BLOCK + needles->reach) {
        uint64_t mask = places_in_16(needles, at) | places_in_16(needles, at + 16) << 16 |
                        places_in_16(needles, at + 32) << 32 | places_in_16(needles, at + 48) << 48;
        int place = first_of(needles, at, mask, end);
        at += place;
        if (place < BLOCK) return at;
    }
    return find_one_by_one(needles, at, end);
}

/* The same for 32 places. */
__attribute__((target("avx2"))) static inline uint64_t places_in_32(const mr_needles *needles, const char *at) {
    __m256i any = _mm256_setzero_si256();
    for (size_t i = 0; i < needles->count; i++) {
        const needle *needle = &needles->list[i];
        __m256i both = _mm256_set1_epi8(-1);
        for (int j = 0; j < 2; j++) {
            __m256i text = _mm256_loadu_si256((const __m256i *)(const void *)(at + needle->offsets[j]));
            text = _mm256_or_si256(text, _mm256_set1_epi8((char)needle->fold[j]));
            both = _mm256_and_si256(both, _mm256_cmpeq_epi8(text, _mm256_set1_epi8((char)needle->wanted[j])));
        }
        any = _mm256_or_si256(any, both);
    }
    return (uint32_t)_mm256_movemask_epi8(any);
}

__attribute__((target("avx2"))) static const char *find_by_32(const mr_needles *needles, const char *at,
                                                              const char *end) {
    while ((size_t)(end - at) >= BLOCK + needles->reach) {
        uint64_t mask = places_in_32(needles, at) | places_in_32(needles, at + 32) << 32;
        int place = first_of(needles, at, mask, end);
        at += place;
        if (place < BLOCK) return at;
    }
    return find_one_by_one(needles, at, end);
}

/* The same for 64 places. */
__attribute__((target("avx512f,avx512bw"))) static inline uint64_t places_in_64(const mr_needles *needles,
                                                                                const char *at) {
    uint64_t any = 0;
    for (size_t i = 0; i < needles->count; i++) {
        const needle *needle = &needles->list[i];
        uint64_t both = ~UINT64_C(0);
        for (int j = 0; j < 2; j++) {
            __m512i text = _mm512_loadu_si512(at + needle->offsets[j]);
            text = _mm512_or_si512(text, _mm512_set1_epi8((char)needle->fold[j]));
            both = _mm512_mask_cmpeq_epi8_mask(both, text, _mm512_set1_epi8((char)needle->wanted[j]));
        }
        any |= both;
    }
    return any;
}

__attribute__((target("avx512f,avx512bw"))) static const char *find_by_64(const mr_needles *needles, const char *at,
                                                                          const char *end) {
    while ((size_t)(end - at) >= BLOCK + needles->reach) {
        int place = first_of(needles, at, places_in_64(needles, at), end);
        at += place;
        if (place < BLOCK) return at;
    }
    return find_one_by_one(needles, at, end);
}

#endif

typedef const char *finder(const mr_needles *needles, const char *at, const char *end);

#if defined(__x86_64__)
static finder *const finders[MR_PROCESSORS] = {
    [MR_PORTABLE] = find_one_by_one, [MR_SSE2] = find_by_16, [MR_AVX2] = find_by_32, [MR_AVX512] = find_by_64};
#else
static finder *const finders[MR_PROCESSORS] = {[MR_PORTABLE] = find_one_by_one, [MR_NEON] = find_one_by_one};
#endif
static finder *find = find_one_by_one;

void mr_find_use(mr_processor processor) {
    find = finders[processor];
}

const char *mr_needles_find(const mr_needles *needles, const char *text, size_t length) {
    return needles->empty ? text : find(needles, text, text + length);
}
