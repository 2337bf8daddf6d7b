/* skew.h - how evenly the keys of a job are spread over its partitions. [coordinator] */
#ifndef MR_JOB_SKEW_H
#define MR_JOB_SKEW_H

#include "job/observation.h"

enum { MR_SKEW_LARGEST = 5 };

/* All partitions of a job that have been reduced so far, in short. */
typedef struct mr_skew {
    uint64_t bytes;                    /* of all together */
    uint64_t records;                  /* likewise */
    uint32_t largest[MR_SKEW_LARGEST]; /* which have most bytes, the largest first; empty ones are none */
    size_t count;                      /* of largest */
} mr_skew;

mr_skew mr_skew_of(const mr_observation *observation);

/* The key with which a partition, counted from 0, begins: every key in it is that key, or comes behind it. NULL when
 * there is none, as in the first partition, or it is not known. Otherwise *length is its length, at most
 * MR_SPLITTER_MAX bytes; where that is less than its whole length, it is a beginning of the key that is all one needs
 * to tell the partitions apart. splitters may be NULL, and are not believed: they lie where a plugin can write. The key
 * is borrowed from them. */
const char *mr_partition_begin(const mr_splitters *splitters, uint32_t partition, size_t *length);

#endif
