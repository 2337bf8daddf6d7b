/* short_table.h - a hash table for keys of up to 15 bytes, which are most keys.
 *
 * A short key is two words: its bytes, zeros, and in the last byte its length plus one. Two words are hashed, compared
 * and ordered without a look at the length, so without branches that depend on it, which the processor would guess
 * wrong at every other key. Slots hold the keys, the accumulators lie in an array of their own: adding to one does not
 * disturb the wide loads of the other. Open addressing, linear probing. Nothing is removed singly. Private to one
 * process.
 */
#ifndef MR_DATA_SHORT_TABLE_H
#define MR_DATA_SHORT_TABLE_H

#include "base/error.h"
#include "data/sort.h"

enum { MR_SHORT_KEY_MAX = 15 };

/* A key of at most MR_SHORT_KEY_MAX bytes; both words zero: no key. */
typedef struct mr_short_key {
    uint64_t first;  /* bytes 0 to 7 */
    uint64_t second; /* bytes 8 to 14, then the length plus one */
} mr_short_key;

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

static inline uint64_t mr_short_key_hash(mr_short_key key) {
    uint64_t mixed = (key.first ^ 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull;
    mixed ^= mixed >> 32;
    mixed = (mixed ^ key.second) * 0xc4ceb9fe1a85ec53ull;
    return mixed ^ mixed >> 29;
}

typedef struct mr_short_table {
    mr_short_key *keys;  /* slots */
    char *values;        /* an accumulator for each slot */
    size_t slot_count;   /* a power of two */
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

static inline void mr_short_table_prefetch(const mr_short_table *table, uint64_t hash) {
    size_t slot = hash & (table->slot_count - 1);
    __builtin_prefetch(&table->keys[slot]);
    __builtin_prefetch(mr_short_value(table, slot));
}

/* Finds the slot of a key, which is entered when it is new (*is_new; its accumulator is then not set). The table must
 * not be crowded. */
static inline size_t mr_short_table_find(mr_short_table *table, mr_short_key key, uint64_t hash, bool *is_new) {
    size_t mask = table->slot_count - 1, slot = hash & mask;
    for (;; slot = (slot + 1) & mask) {
        mr_short_key found = table->keys[slot];
        if (((found.first ^ key.first) | (found.second ^ key.second)) == 0) {
            *is_new = false;
            return slot;
        }
        if (!found.second) break;
    }
    *is_new = true;
    table->keys[slot] = key;
    table->entry_count++;
    return slot;
}

/* Makes an item of each entry, the record being the key's slot, and sorts them by key. items and scratch have room for
 * all entries; the result is in items. */
void mr_short_table_sort(const mr_short_table *table, mr_sort_item *items, mr_sort_item *scratch);

/* The slot of a sorted entry. */
static inline size_t mr_short_item_slot(const mr_short_table *table, const mr_sort_item *item) {
    return (size_t)((const mr_short_key *)(const void *)item->record - table->keys);
}

#endif
