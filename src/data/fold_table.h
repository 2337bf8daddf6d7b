/* fold_table.h - keys of any length and their accumulators: one table for short keys, one for long ones. */
#ifndef MR_DATA_FOLD_TABLE_H
#define MR_DATA_FOLD_TABLE_H

#include "data/fold.h"
#include "data/short_table.h"
#include "data/table.h"

typedef struct mr_fold_table {
    mr_short_table shorts; /* keys of up to MR_SHORT_KEY_MAX bytes */
    mr_table longs;        /* all others */
} mr_fold_table;

/* Makes both within budget bytes; three quarters are for short keys. */
static inline bool mr_fold_table_open(mr_fold_table *table, size_t budget, const mr_fold *fold, mr_error *error) {
    return mr_short_table_open(&table->shorts, budget / 4 * 3, fold->size, error) &&
           mr_table_open(&table->longs, budget / 4, fold->size, error);
}

static inline void mr_fold_table_close(mr_fold_table *table) {
    mr_short_table_close(&table->shorts);
    mr_table_close(&table->longs);
}

static inline void mr_fold_table_clear(mr_fold_table *table) {
    mr_short_table_clear(&table->shorts);
    mr_table_clear(&table->longs);
}

/* The key in a slot that is in use; valid until the table changes. */
static inline mr_slice mr_short_slot_key(const mr_short_table *table, size_t slot) {
    return mr_bytes(&table->keys[slot], mr_short_key_length(table->keys[slot]));
}

/* A key that is to be looked up. */
typedef struct mr_fold_key {
    mr_slice bytes;         /* filled in by who makes it; MR_READ_SLACK bytes behind them can be read */
    mr_short_key short_key; /* the same, when it is short; filled in by mr_fold_table_prefetch */
    uint64_t hash;          /* of the key, in its table; likewise */
} mr_fold_key;

/* Hashes a key and asks the processor to fetch its place. */
static inline void mr_fold_table_prefetch(const mr_fold_table *table, mr_fold_key *key) {
    if (key->bytes.length > MR_SHORT_KEY_MAX) {
        key->hash = mr_hash_bytes(key->bytes.data, key->bytes.length);
        mr_table_prefetch(&table->longs, key->hash);
    } else {
        key->short_key = mr_short_key_of(key->bytes.data, key->bytes.length);
        key->hash = mr_short_key_hash(key->short_key);
        mr_short_table_prefetch(&table->shorts, key->hash);
    }
}

/* To be called after mr_fold_table_prefetch: the accumulator of a key, which is entered when it is new, and then the
 * accumulator is not set; NULL when its table is full. */
static inline void *mr_fold_table_find(mr_fold_table *table, const mr_fold_key *key, bool *is_new) {
    if (key->bytes.length > MR_SHORT_KEY_MAX)
        return mr_table_find(&table->longs, key->bytes.data, key->bytes.length, key->hash, is_new);
    mr_short_table *shorts = &table->shorts;
    size_t slot = mr_short_table_find(shorts, &key->short_key, key->hash);
    *is_new = slot == MR_NO_SLOT;
    if (*is_new) {
        if (mr_short_table_crowded(shorts) && !mr_short_table_grow(shorts)) return NULL;
        slot = mr_short_table_insert(shorts, key->short_key, key->hash);
    }
    return mr_short_value(shorts, slot);
}

#endif
