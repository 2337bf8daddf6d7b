/* reduce.h - stage 6: from the records of one partition to results in key order. [reduce] */
#ifndef MR_FLOW_REDUCE_H
#define MR_FLOW_REDUCE_H

#include "data/sorter.h"
#include "flow/flow.h"

typedef struct mr_reducer {
    mr_context *context;  /* the plugin; borrowed */
    const mr_fold *fold;  /* NULL: a group job */
    mr_key_order order;   /* of the keys */
    size_t budget;        /* bytes of memory for one partition */
    mr_spill *spill;      /* where what does not fit goes; borrowed */
    mr_result_sink *sink; /* where results go */
    void *receiver;       /* for sink */
    mr_fold_table table;  /* fold jobs: key -> accumulator */
    mr_sorter sorter;     /* group jobs: all records; fold jobs: what did not fit into the table */
    bool sorter_open;     /* the sorter has been made */
    uint32_t partition;   /* at hand, for reports */
    uint64_t group;       /* number of the group at hand in its partition, from 0 */
    const mr_place *bad;  /* groups to leave out, by partition and number; borrowed */
    size_t bad_count;
} mr_reducer;

/* Sets up what is needed once per worker; the fields above from context to receiver have been filled in. */
bool mr_reducer_open(mr_reducer *reducer, mr_error *error);
void mr_reducer_close(mr_reducer *reducer);

/* Reads all blocks of a partition and hands its results on in order. */
bool mr_reduce_partition(mr_reducer *reducer, const mr_block_stream *stream, mr_error *error);

#endif
