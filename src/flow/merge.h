/* merge.h - stage 7: results in another order than that of their keys. [reduce]
 *
 * Results in key order need no merging: partitions are ranges of keys, and their parts are put one behind the other.
 * With
 * another order or --top every partition is ordered on its own, in parallel, and one task merges the ordered parts.
 */
#ifndef MR_FLOW_MERGE_H
#define MR_FLOW_MERGE_H

#include "data/format.h"
#include "data/sorter.h"
#include "flow/flow.h"

/* Orders the results of one partition. */
typedef struct mr_orderer {
    mr_sorter sorter;        /* of lines by their place in the order */
    uint32_t sort;           /* enum mr_sort */
    uint64_t top;            /* the most results that are wanted of the whole; UINT64_MAX: all */
    const mr_format *format; /* how results are written; borrowed */
    uint64_t taken;          /* results so far in this partition */
    uint64_t held;           /* of them in the sorter */
    uint64_t held_bytes;     /* of these */
    uint64_t select_at;      /* so many in the sorter are reduced to the first, */
    uint64_t select_bytes;   /* unless they have more bytes than this */
    char *worst;             /* with top: the place of the last that counts as yet; owned */
    size_t worst_length;     /* in bytes; 0: all count */
    size_t worst_size;       /* bytes allocated */
    char *bytes;             /* memory for the place of a result; owned */
    size_t size;             /* bytes allocated */
    char *line;              /* memory for the line of a result; owned */
    size_t line_size;        /* bytes allocated */
} mr_orderer;

bool mr_orderer_open(mr_orderer *orderer, uint32_t sort, uint64_t top, const mr_format *format, size_t budget,
                     mr_spill *spill, mr_error *error);
void mr_orderer_close(mr_orderer *orderer);

/* A mr_result_sink whose receiver is a mr_orderer. */
bool mr_order_result(void *receiver, const mr_result *result, mr_error *error);

/* Hands the results of the partition on in order, as records that mr_merge_parts reads, and forgets them. *results is
 * how many. */
bool mr_orderer_finish(mr_orderer *orderer, const mr_byte_sink *sink, uint64_t *results, mr_error *error);

/* Merges ordered parts, which come in the order of their keys, and hands their lines on. regions and files are those of
 * all workers; of each part in a file two blocks are in memory. *at: when one is damaged, which. */
bool mr_merge_parts(const mr_part *parts, size_t part_count, const mr_arena *regions, const mr_spill *files,
                    uint64_t top, const mr_byte_sink *sink, uint64_t *results, uint64_t *at, mr_error *error);

#endif
