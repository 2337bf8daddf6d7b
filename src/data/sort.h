/* sort.h - sorting records by key.
 *
 * A record is any struct that begins with its key's length (uint32_t); the key lies at a fixed offset. What is sorted
 * are items: a record's address with the first eight bytes of its key, so that most comparisons touch no record.
 * Private to one process.
 */
#ifndef MR_DATA_SORT_H
#define MR_DATA_SORT_H

#include <stddef.h>
#include <stdint.h>

#include "data/bytes.h"

typedef struct mr_sort_item {
    uint64_t prefix;    /* mr_prefix_at of the key, depth 0; filled in by who makes the item */
    const char *record; /* begins with uint32_t key_length */
} mr_sort_item;

/* How keys are ordered. */
typedef struct mr_key_order {
    int (*compare)(mr_ctx *ctx, mr_slice a, mr_slice b); /* the plugin's order; NULL: byte order */
    mr_ctx *ctx;                                         /* for compare */
    uint32_t skip; /* leading bytes (of a partition number) that are ordered bytewise and not shown to compare */
} mr_key_order;

/* Compares two keys; where the plugin's order finds no difference, the bytes decide. */
int mr_compare_keys(const mr_key_order *order, mr_slice a, mr_slice b);

static inline mr_slice mr_record_key(const char *record, size_t key_offset) {
    return mr_bytes(record + key_offset, mr_load_u32(record));
}

/* Sorts count items by key; items with equal keys keep their order. scratch has room for count items; its content is
 * lost. key_offset: where in a record its key begins. */
void mr_sort_items(mr_sort_item *items, mr_sort_item *scratch, size_t count, size_t key_offset,
                   const mr_key_order *order);

/* Sorts count items by their prefixes alone; stable. */
void mr_sort_by_prefix(mr_sort_item *items, mr_sort_item *scratch, size_t count);

/* Sorts count items by a number that rank_offset locates in the record (a uint64_t); stable. The
 * prefixes are overwritten by the ranks. */
void mr_sort_items_by_rank(mr_sort_item *items, mr_sort_item *scratch, size_t count, size_t rank_offset);

#endif
