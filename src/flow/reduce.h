/* reduce.h - stage 6: from the records of one partition to results in key order. [reduce] */
#ifndef MR_FLOW_REDUCE_H
#define MR_FLOW_REDUCE_H

#include "data/sorter.h"
#include "flow/flow.h"

/* Takes bad groups, to be kept elsewhere: begin says which key it is, then come its values (group jobs), or what the
 * fold has come to, coded (fold jobs), then end. */
typedef struct mr_group_keeper {
    bool (*begin)(void *receiver, const mr_place *place, mr_slice key, mr_error *error);
    bool (*value)(void *receiver, mr_slice value, mr_error *error);
    bool (*end)(void *receiver, mr_error *error);
    void *receiver; /* for all of them */
} mr_group_keeper;

typedef struct mr_reducer {
    mr_context *context;       /* the plugin; borrowed */
    const mr_fold *fold;       /* NULL: a group job */
    mr_key_order order;        /* of the keys */
    size_t budget;             /* bytes of memory for one partition */
    mr_spill *spill;           /* where what does not fit goes; borrowed */
    mr_result_sink *sink;      /* where results go */
    mr_write_sink *write;      /* where bytes go that the plugin writes as they are; NULL: they are refused, */
    const char *write_refusal; /* for this reason; static text */
    void *receiver;            /* for sink and write */
    mr_fold_table table;       /* fold jobs: key -> accumulator */
    mr_sort_item *items;       /* fold jobs: for sorting the entries of the table, and as many for scratch; owned */
    size_t items_mapped;       /* bytes */
    char *decoded;             /* fold jobs: accumulators that have been read, some at a time; owned */
    size_t ahead;              /* how many */
    char *coded;               /* fold jobs: an accumulator as the sorter keeps it; owned */
    mr_sorter sorter;          /* group jobs: all records; fold jobs: what did not fit into the table */
    bool sorter_open;          /* the sorter has been made */
    uint32_t partition;        /* at hand, for reports */
    uint64_t group;            /* number of the group at hand in its partition, from 0 */
    const mr_place *bad;       /* groups to leave out, by partition and number; borrowed */
    size_t bad_count;
    const mr_group_keeper *keeper; /* takes the bad groups, and nothing comes of the others; NULL: the usual way */
} mr_reducer;

/* Sets up what is needed once per worker; the fields above from context to receiver have been filled in. */
bool mr_reducer_open(mr_reducer *reducer, mr_error *error);
void mr_reducer_close(mr_reducer *reducer);

/* Reads all blocks of a partition and hands its results on in order. */
bool mr_reduce_partition(mr_reducer *reducer, const mr_block_stream *stream, mr_error *error);

#endif
