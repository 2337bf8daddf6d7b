/* splitters.h - dividing keys into ranges.
 *
 * Partition i holds the keys from splitter i - 1 (inclusive) to splitter i (exclusive), so that the partitions, sorted
 * and put one behind the other, are the sorted whole. Splitters are the quantiles of a sample of the keys; a bad sample
 * makes partitions of unequal size, never a wrong result.
 */
#ifndef MR_DATA_SPLITTERS_H
#define MR_DATA_SPLITTERS_H

#include "data/sort.h"

enum { MR_PARTITIONS_MAX = 1024, MR_SPLITTER_MAX = 1024 };

/* The splitters, in memory shared by all processes: written by one before the others look. */
typedef struct mr_splitters {
    uint32_t partitions;                           /* how many there are: one more than splitters; at least 1 */
    uint32_t lengths[MR_PARTITIONS_MAX];           /* bytes of each splitter */
    char keys[MR_PARTITIONS_MAX][MR_SPLITTER_MAX]; /* the splitters, in order, all different */
} mr_splitters;

/* Chooses splitters for up to partitions (at most MR_PARTITIONS_MAX) ranges with about as many items in each. Items are
 * sorted; key_offset as for mr_sort_items. */
void mr_splitters_choose(mr_splitters *splitters, const mr_sort_item *items, size_t count, size_t key_offset,
                         uint32_t partitions, const mr_key_order *order);

/* A process's own index of the splitters, for fast look-up. */
typedef struct mr_splitter_index {
    const mr_splitters *splitters;        /* borrowed */
    mr_key_order order;                   /* of the keys */
    uint32_t count;                       /* splitters */
    uint64_t prefixes[MR_PARTITIONS_MAX]; /* mr_prefix_at of each splitter */
    uint16_t below[65537];                /* for each two leading bytes: splitters whose own two are smaller */
    uint32_t halvings;                    /* that find one among the splitters with any two leading bytes */
} mr_splitter_index;

void mr_splitter_index_build(mr_splitter_index *index, const mr_splitters *splitters, const mr_key_order *order);

/* The partition of a key. */
uint32_t mr_partition_of(const mr_splitter_index *index, mr_slice key);

/* The same when mr_prefix_at of the key is known. */
uint32_t mr_partition_of_prefix(const mr_splitter_index *index, mr_slice key, uint64_t prefix);

#endif
