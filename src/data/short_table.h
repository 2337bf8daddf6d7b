/* short_table.h - a hash table for keys of up to 15 bytes, which are most keys.
 *
 * A short key is two words: its bytes, zeros, and in the last byte its length plus one, the form in which plugins emit
 * it. Two words are hashed, compared and ordered without a look at the length, so without branches that depend on it,
 * which the processor would guess wrong at every other key. Four keys share a cache line, a bucket, and are compared at
 * once, so that it does not matter where in it a key lies; a bucket fills from its front, and a key whose bucket is
 * full goes to the next one. Accumulators lie in an array of their own: adding to one does not disturb the wide loads
 * of keys. Nothing is removed singly. Private to one process.
 */
#ifndef MR_DATA_SHORT_TABLE_H
#define MR_DATA_SHORT_TABLE_H

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "base/error.h"
#include "data/sort.h"

enum { MR_SHORT_KEY_MAX = MR_SHORT_KEY, MR_BUCKET = 4 /* keys */ };

/* What a search gives for a key that is not there. */
#define MR_NO_SLOT SIZE_MAX

/* A key of at most MR_SHORT_KEY_MAX bytes; both words zero: no key. */
typedef mr_short_pair mr_short_key;

/* Makes a short key of length bytes, of which 16 can be read. */
static inline mr_short_key mr_short_key_of(const char *bytes, size_t length) {
    extern const uint64_t mr_short_masks[MR_SHORT_KEY_MAX + 1][2];
    mr_short_key key;
    key.first = mr_load_u64(bytes) & mr_short_masks[length][0];
    key.second = (mr_load_u64(bytes + 8) & mr_short_masks[length][1]) | (uint64_t)(length + 1) << 56;
    return key;
}

static inline size_t mr_short_key_length(mr_short_key key) {
    return (size_t)(key.second >> 56) - 1;
}

/* Both words multiplied, the halves of the product folded (the mixing step of wyhash by Wang Yi). */
static inline uint64_t mr_short_key_hash(mr_short_key key) {
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)(key.first ^ 0x9e3779b97f4a7c15ull) * (key.second ^ 0xff51afd7ed558ccdull);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

typedef struct mr_short_table {
    mr_short_key *keys;  /* slots; those of a bucket lie in one cache line */
    char *values;        /* an accumulator for each slot */
    size_t slot_count;   /* a power of two, and whole buckets */
    size_t slot_limit;   /* the most that the budget allows */
    size_t entry_count;  /* slots in use */
    size_t entry_limit;  /* entries at which the table grows, or is full */
    size_t mapped;       /* bytes mapped for keys and values */
    uint32_t value_size; /* bytes of an accumulator, a multiple of 8 */
} mr_short_table;

/* Makes a table that uses at most about budget bytes. Memory is taken from the system as it is touched. */
bool mr_short_table_open(mr_short_table *table, size_t budget, uint32_t value_size, mr_error *error);
void mr_short_table_close(mr_short_table *table);

/* Makes room for more entries; false when the table is full: go through it, clear it and come again. */
bool mr_short_table_grow(mr_short_table *table);

/* Forgets all entries. */
void mr_short_table_clear(mr_short_table *table);

/* Whether the next new key needs mr_short_table_grow first. */
static inline bool mr_short_table_crowded(const mr_short_table *table) {
    return table->entry_count >= table->entry_limit;
}

static inline void *mr_short_value(const mr_short_table *table, size_t slot) {
    return table->values + slot * table->value_size;
}

/* The first slot of the bucket where a key with this hash is looked for first. */
static inline size_t mr_short_table_home(const mr_short_table *table, uint64_t hash) {
    return hash & (table->slot_count - MR_BUCKET);
}

static inline void mr_short_table_prefetch(const mr_short_table *table, uint64_t hash) {
    size_t slot = mr_short_table_home(table, hash);
    __builtin_prefetch(&table->keys[slot]);
    __builtin_prefetch(mr_short_value(table, slot));
}

/* Compares a key with the four of a bucket: bit MR_MATCH_BITS * i is set when it is the i-th. How wide the comparison
 * is depends on the flags that the file is compiled with. */
#if defined(__AVX512F__)
enum { MR_MATCH_BITS = 2 };
static inline unsigned mr_bucket_matches(const mr_short_key *bucket, const mr_short_key *key) {
    __m512i wanted = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)key));
    unsigned halves = _mm512_cmpeq_epi64_mask(wanted, _mm512_load_si512((const void *)bucket));
    return halves & halves >> 1 & 0x55;
}
#elif defined(__AVX2__)
enum { MR_MATCH_BITS = 2 };
static inline unsigned mr_bucket_matches(const mr_short_key *bucket, const mr_short_key *key) {
    const __m256i *keys = (const __m256i *)(const void *)bucket;
    __m256i wanted = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)key));
    __m256i front = _mm256_cmpeq_epi64(wanted, _mm256_load_si256(keys));
    __m256i back = _mm256_cmpeq_epi64(wanted, _mm256_load_si256(keys + 1));
    unsigned halves = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(front)) |
                      (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(back)) << 4;
    return halves & halves >> 1 & 0x55;
}
#elif defined(__SSE2__)
enum { MR_MATCH_BITS = 4 };
static inline unsigned mr_bucket_matches(const mr_short_key *bucket, const mr_short_key *key) {
    const __m128i *keys = (const __m128i *)(const void *)bucket;
    __m128i wanted = _mm_loadu_si128((const __m128i *)(const void *)key);
    __m128i front = _mm_packs_epi32(_mm_cmpeq_epi32(wanted, _mm_load_si128(keys)),
                                    _mm_cmpeq_epi32(wanted, _mm_load_si128(keys + 1)));
    __m128i back = _mm_packs_epi32(_mm_cmpeq_epi32(wanted, _mm_load_si128(keys + 2)),
                                   _mm_cmpeq_epi32(wanted, _mm_load_si128(keys + 3)));
    /* Four bits for each key, one for each quarter of it: the key matches when all four are set. */
    unsigned quarters = (unsigned)_mm_movemask_epi8(_mm_packs_epi16(front, back));
    quarters &= quarters >> 1;
    return quarters & quarters >> 2 & 0x1111;
}
#else
enum { MR_MATCH_BITS = 1 };
static inline unsigned mr_bucket_matches(const mr_short_key *bucket, const mr_short_key *key) {
    unsigned matches = 0;
    for (unsigned i = 0; i < MR_BUCKET; i++)
        matches |= (unsigned)(((bucket[i].first ^ key->first) | (bucket[i].second ^ key->second)) == 0) << i;
    return matches;
}
#endif

/* Finds the slot of a key; MR_NO_SLOT when it is not there. */
static inline size_t mr_short_table_find(const mr_short_table *table, const mr_short_key *key, uint64_t hash) {
    size_t mask = table->slot_count - 1, slot = mr_short_table_home(table, hash);
    for (;; slot = (slot + MR_BUCKET) & mask) {
        const mr_short_key *bucket = table->keys + slot;
        unsigned matches = mr_bucket_matches(bucket, key);
        if (__builtin_expect(matches != 0, 1)) return slot + (size_t)__builtin_ctz(matches) / MR_MATCH_BITS;
        if (!bucket[MR_BUCKET - 1].second) return MR_NO_SLOT;
    }
}

/* Enters a key that is not there; returns its slot, whose accumulator is not set. The table must not be crowded. */
size_t mr_short_table_insert(mr_short_table *table, mr_short_key key, uint64_t hash);

/* Makes an item of each entry, the record being the key's slot, and sorts them by key. items and scratch have room for
 * all entries; the result is in items. */
void mr_short_table_sort(const mr_short_table *table, mr_sort_item *items, mr_sort_item *scratch);

/* The slot of a sorted entry. */
static inline size_t mr_short_item_slot(const mr_short_table *table, const mr_sort_item *item) {
    return (size_t)((const mr_short_key *)(const void *)item->record - table->keys);
}

#endif
