/* exchange.h - stage 5: records change hands. Map tasks write them by partition, reduce tasks read a partition of all.
 */
#ifndef MR_FLOW_EXCHANGE_H
#define MR_FLOW_EXCHANGE_H

#include "flow/flow.h"

/* Told about each run that has been sealed; the receiver makes it read-only (the first mr_exchange.sealed bytes of the
 * arena are) and reports it. */
typedef bool mr_run_sink(void *receiver, const mr_run *run, mr_error *error);

/* The block that a partition is being written to, and those before it. */
typedef struct mr_partition_writer {
    mr_block *block;    /* being filled; NULL: none yet */
    uint64_t records;   /* in it */
    char *next;         /* where the next record goes */
    char *end;          /* behind the block */
    mr_block *last;     /* the last full block; its next is to be set */
    mr_run_entry entry; /* of the full blocks */
    uint64_t position;  /* group jobs: of the chunk that the last record in the block came from */
} mr_partition_writer;

/* The writing side; one per worker. [map] */
typedef struct mr_exchange {
    mr_context *context;             /* the plugin; borrowed */
    const mr_fold *fold;             /* NULL: a group job */
    const mr_splitter_index *index;  /* which partition a key belongs to; borrowed */
    mr_arena arena;                  /* memory for blocks, shared with the readers */
    uint64_t used;                   /* bytes of the arena that are taken */
    uint64_t sealed;                 /* bytes of it that hold sealed runs, which stay: whole pages */
    uint64_t populated;              /* bytes of it that have been taken from the system */
    uint64_t block_size;             /* bytes of a large block with its header; the first ones are smaller */
    mr_spill *spill;                 /* where runs go when the arena is full; borrowed */
    uint32_t worker;                 /* for mr_run */
    uint64_t position;               /* of the chunk at hand, for the order of values */
    uint64_t records;                /* written, not sealed yet */
    uint64_t longest;                /* bytes of the longest record that has not fitted into a usual block; 0: none */
    mr_run_sink *announce;           /* told about sealed runs */
    void *receiver;                  /* for announce */
    mr_partition_writer *partitions; /* one for each */
    mr_stopwatch *watch;             /* of the process; NULL: nobody wants to know; borrowed */
} mr_exchange;

/* Prepares for writing. used: bytes at the front of the arena that hold sealed runs already: whole pages. */
bool mr_exchange_open(mr_exchange *exchange, uint64_t used, mr_error *error);
void mr_exchange_close(mr_exchange *exchange);

/* A mr_table_sink whose receiver is a mr_exchange: fold jobs. */
bool mr_exchange_table(void *receiver, const mr_fold_table *table, mr_error *error);

/* A mr_pair_sink whose receiver is a mr_exchange: group jobs. */
bool mr_exchange_pairs(void *receiver, const char *pairs, const char *end, mr_error *error);

/* Seals what has been written: in the arena, or in the spill file when too little room would remain. */
bool mr_exchange_seal(mr_exchange *exchange, mr_error *error);

/* The reading side: one partition of all runs. [reduce] */
typedef struct mr_partition_reader {
    const mr_run *runs; /* of all workers; borrowed */
    size_t run_count;
    const mr_arena *arenas; /* of all workers; borrowed */
    const mr_spill *spills; /* of all workers; borrowed */
    uint32_t partition;     /* which one */
    size_t next_run;        /* to be opened next; the one before it is at hand */
    bool ended;             /* there is none at hand any more */
    bool in_file;           /* the run at hand is in a file */
    mr_block *block;        /* next block of the run at hand, in memory; NULL: none */
    uint64_t chain;         /* in memory: mr_block_chain of its blocks so far */
    mr_extent rest;         /* in memory: length of the blocks that are to come, and the checksum of all */
    uint32_t worker;        /* whose run is at hand */
    uint64_t bytes;         /* of the blocks of all runs that have been opened, with their headers */
    uint64_t records;       /* in these blocks */
    mr_run_reader reader;   /* of the run at hand, in a file */
} mr_partition_reader;

/* Starts reading; release with mr_partition_reader_close. */
void mr_partition_reader_open(mr_partition_reader *reader, const mr_run *runs, size_t run_count, const mr_arena *arenas,
                              const mr_spill *spills, uint32_t partition);
void mr_partition_reader_close(mr_partition_reader *reader);

/* The stream of its blocks; valid until mr_partition_reader_close. */
mr_block_stream mr_partition_reader_stream(mr_partition_reader *reader);

/* Gives back the disk space of count partitions (at most MR_PARTITIONS_MAX) from first on, as far as runs are in spill
 * files: for partitions that will never be read again. [coordinator] */
void mr_partitions_release(const mr_run *runs, size_t run_count, const mr_spill *spills, uint32_t first,
                           uint32_t count);

#endif
