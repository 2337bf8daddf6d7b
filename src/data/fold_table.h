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

#endif
