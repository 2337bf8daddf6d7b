/* sorted_table.h - the entries of an mr_fold_table in the order of their keys. Private to one process. */
#ifndef MR_DATA_SORTED_TABLE_H
#define MR_DATA_SORTED_TABLE_H

#include "data/fold_table.h"

typedef struct mr_sorted_table {
    const mr_fold_table *table; /* borrowed; it must not change meanwhile */
    const mr_sort_item *shorts; /* its short keys, sorted */
    const mr_sort_item *longs;  /* its long keys, sorted */
    size_t short_count, long_count;
    size_t next_short, next_long; /* indexes of the first of either that has not been given yet */
} mr_sorted_table;

/* How many items sorting a table needs at most, whatever is in it. */
size_t mr_sorted_table_items(const mr_fold_table *table);

/* Sorts the entries of a table by the bytes of their keys. items: memory for mr_sorted_table_items of it, in use for as
 * long as *sorted is. */
void mr_sorted_table_open(mr_sorted_table *sorted, const mr_fold_table *table, mr_sort_item *items);

/* Whether a short key, which is padded with zeros, comes before a long one. */
static inline bool mr_short_key_first(mr_slice short_key, mr_slice long_key) {
    uint64_t a = __builtin_bswap64(mr_load_u64(short_key.data)), b = __builtin_bswap64(mr_load_u64(long_key.data));
    return a != b ? a < b : mr_compare_bytes(short_key, long_key) < 0;
}

/* In their new order the entries are all over the tables: those that come soon are asked for. */
static inline void mr_sorted_table_prefetch(const mr_sorted_table *sorted) {
    enum { AHEAD = 16 };
    const mr_short_table *shorts = &sorted->table->shorts;
    if (sorted->next_short + AHEAD < sorted->short_count) {
        const mr_sort_item *item = &sorted->shorts[sorted->next_short + AHEAD];
        __builtin_prefetch(item->record);
        __builtin_prefetch(mr_short_value(shorts, mr_short_item_slot(shorts, item)));
    }
    if (sorted->next_long + AHEAD < sorted->long_count)
        __builtin_prefetch(sorted->longs[sorted->next_long + AHEAD].record);
}

/* Gives the next key and its accumulator, both in the table; false behind the last one. */
static inline bool mr_sorted_table_next(mr_sorted_table *sorted, mr_slice *key, const void **accumulator) {
    const mr_short_table *shorts = &sorted->table->shorts;
    bool has_short = sorted->next_short < sorted->short_count, has_long = sorted->next_long < sorted->long_count;
    if (!has_short && !has_long) return false;
    mr_sorted_table_prefetch(sorted);
    mr_slice short_key = {0}, long_key = {0};
    size_t slot = 0;
    const char *record = NULL;
    if (has_short) {
        slot = mr_short_item_slot(shorts, &sorted->shorts[sorted->next_short]);
        short_key = mr_short_slot_key(shorts, slot);
    }
    if (has_long) {
        record = sorted->longs[sorted->next_long].record;
        long_key = mr_record_key(record, sizeof(mr_entry) + sorted->table->longs.value_size);
    }
    bool take_short = has_short && (!has_long || mr_short_key_first(short_key, long_key));
    sorted->next_short += take_short;
    sorted->next_long += !take_short;
    *key = take_short ? short_key : long_key;
    *accumulator = take_short ? mr_short_value(shorts, slot) : record + sizeof(mr_entry);
    return true;
}

#endif
