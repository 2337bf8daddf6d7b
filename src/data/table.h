/* table.h - a hash table from keys to accumulators, in one heap.
 *
 * Entries lie one behind the other in a heap, in the order of their first appearance, so that going through all of them
 * reads memory in sequence. Slots hold the upper half of the hash and the entry's place (8 bytes together), so that
 * most misses are decided without touching an entry. Open addressing with linear probing, at most 5/8 full. Nothing is
 * ever removed singly: a table is filled, gone through and cleared. Private to one process.
 */
#ifndef MR_DATA_TABLE_H
#define MR_DATA_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "data/bytes.h"

/* An entry in the heap; the accumulator follows, then the key, padded to 8 bytes. */
typedef struct mr_entry {
    uint32_t key_length; /* bytes; first, as mr_sort_items wants it */
    uint32_t hash;       /* the upper half of the key's hash */
} mr_entry;

typedef struct mr_table {
    uint64_t *slots;     /* entry offset / 8 + 1 in the low half, the hash's upper half above; 0: empty */
    size_t slot_count;   /* a power of two */
    size_t slot_limit;   /* the most slots that the budget allows */
    char *heap;          /* entries */
    size_t heap_used;    /* bytes */
    size_t heap_size;    /* bytes; the table is full when an entry does not fit */
    size_t entry_count;  /* entries in the heap */
    uint32_t value_size; /* bytes of an accumulator, a multiple of 8 */
    size_t slots_mapped; /* bytes mapped for slots */
    size_t heap_mapped;  /* bytes mapped for the heap */
} mr_table;

/* Makes a table that uses at most budget bytes (at least 4096), growing its slots as needed. Memory is taken from the
 * system as it is touched. */
bool mr_table_open(mr_table *table, size_t budget, uint32_t value_size, mr_error *error);

/* Gives the memory back; a zeroed table is fine too. */
void mr_table_close(mr_table *table);

/* Finds the accumulator of a key, adding the entry when it is new (*is_new; its accumulator is then not set). hash is
 * mr_hash_bytes of the key. NULL when the table is full: go through it, clear it and come again. A key that does not
 * fit into the empty table gives NULL as well. */
void *mr_table_find(mr_table *table, const char *key, size_t length, uint64_t hash, bool *is_new);

/* Adds an entry without a look at whether its key is there already: for keys that hardly ever come again. mr_table_next
 * gives it like any other, mr_table_find need not find it. NULL when the table is full. */
void *mr_table_append(mr_table *table, const char *key, size_t length);

/* Asks the processor to fetch the slot of a hash. */
static inline void mr_table_prefetch(const mr_table *table, uint64_t hash) {
    __builtin_prefetch(&table->slots[hash & (table->slot_count - 1)]);
}

/* Forgets all entries. */
void mr_table_clear(mr_table *table);

static inline void *mr_entry_value(mr_entry *entry) {
    return entry + 1;
}
static inline char *mr_entry_key(const mr_table *table, mr_entry *entry) {
    return (char *)(entry + 1) + table->value_size;
}
static inline size_t mr_entry_size(const mr_table *table, size_t key_length) {
    return sizeof(mr_entry) + table->value_size + mr_padded(key_length);
}
/* Goes through the entries: start with NULL; NULL at the end. */
static inline mr_entry *mr_table_next(const mr_table *table, mr_entry *entry) {
    size_t next = entry ? (size_t)((char *)entry - table->heap) + mr_entry_size(table, entry->key_length) : 0;
    return next < table->heap_used ? (mr_entry *)(void *)(table->heap + next) : NULL;
}

#endif
