/* fold_shorts_loops.h - the loops behind fold_shorts.h. Included once by each fold_shorts_PROCESSOR.c, which says by
 * its compiler flags how wide the comparisons are. */
#ifndef MR_DATA_FOLD_SHORTS_LOOPS_H
#define MR_DATA_FOLD_SHORTS_LOOPS_H

#include "base/units.h"
#include "data/fold_shorts.h"

#define MR_ALWAYS_INLINE static inline __attribute__((always_inline))

enum { MR_SHORTS_AHEAD = 32 };

/* Bytes of the value that comes with a short key, and of its accumulator; type is a constant wherever these are used.
 */
MR_ALWAYS_INLINE size_t emitted_size(const mr_fold *fold, uint32_t type) {
    if (type == MR_FOLD_COUNT) return 0;
    return type == MR_FOLD_STATS_INT64 ? sizeof(int64_t) : mr_padded(fold->emitted_size);
}

MR_ALWAYS_INLINE size_t accumulator_size(const mr_fold *fold, uint32_t type) {
    if (type == MR_FOLD_COUNT) return sizeof(uint64_t);
    return type == MR_FOLD_STATS_INT64 ? sizeof(mr_stats_total) : fold->size;
}

MR_ALWAYS_INLINE void add_value(const mr_fold *fold, uint32_t type, void *accumulator, const char *value) {
    if (type == MR_FOLD_COUNT)
        mr_store_u64(accumulator, mr_add_capped(mr_load_u64(accumulator), 1));
    else if (type == MR_FOLD_STATS_INT64)
        mr_stats_add(accumulator, (int64_t)mr_load_u64(value));
    else
        mr_fold_add(fold, accumulator, value, fold->emitted_size);
}

/* Takes up to MR_SHORTS_AHEAD pairs. */
MR_ALWAYS_INLINE size_t fold_batch(mr_short_table *table, const mr_fold *fold, uint32_t type, const char *pairs,
                                   size_t count) {
    size_t pair_size = sizeof(mr_short_pair) + emitted_size(fold, type);
    uint64_t hashes[MR_SHORTS_AHEAD];
    for (size_t i = 0; i < count; i++) {
        hashes[i] = mr_short_key_hash(*(const mr_short_key *)(const void *)(pairs + i * pair_size));
        mr_short_table_prefetch(table, hashes[i]);
    }
    for (size_t i = 0; i < count; i++, pairs += pair_size) {
        const mr_short_key *key = (const mr_short_key *)(const void *)pairs;
        const char *value = pairs + sizeof *key;
        size_t slot = mr_short_table_find(table, key, hashes[i]);
        if (MR_UNLIKELY(slot == MR_NO_SLOT)) {
            if (mr_short_table_crowded(table)) return i;
            slot = mr_short_table_insert(table, *key, hashes[i]);
            mr_fold_start(fold, mr_short_value(table, slot), value, fold->emitted_size);
        } else {
            add_value(fold, type, table->values + slot * accumulator_size(fold, type), value);
        }
    }
    return count;
}

MR_ALWAYS_INLINE size_t fold_batches(mr_short_table *table, const mr_fold *fold, uint32_t type, const char *pairs,
                                     size_t count) {
    size_t pair_size = sizeof(mr_short_pair) + emitted_size(fold, type);
    for (size_t taken = 0;;) {
        size_t batch = mr_smaller(count - taken, MR_SHORTS_AHEAD);
        size_t folded = fold_batch(table, fold, type, pairs + taken * pair_size, batch);
        taken += folded;
        if (folded < batch || taken == count) return taken;
    }
}

MR_ALWAYS_INLINE size_t fold_any(mr_short_table *table, const mr_fold *fold, const char *pairs, size_t count) {
    switch (fold->type) {
    case MR_FOLD_COUNT:
        return fold_batches(table, fold, MR_FOLD_COUNT, pairs, count);
    case MR_FOLD_STATS_INT64:
        return fold_batches(table, fold, MR_FOLD_STATS_INT64, pairs, count);
    default:
        return fold_batches(table, fold, fold->type, pairs, count);
    }
}

#endif
