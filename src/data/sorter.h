/* sorter.h - sorting any number of records in bounded memory.
 *
 * Records have a key, a rank and a value; they come out by key, then rank, then in the order in which they went in. As
 * long as they fit into the budget they are sorted in memory. Beyond, each memory-full is sorted and appended to a
 * spill file as a run, and the runs are merged through a loser tree, in several passes if there are too many. Records,
 * what sorts them and the blocks of runs being merged keep to the budget, but where one record alone is larger than it,
 * or two blocks are: two runs are the least that can be merged. Private to one process.
 */
#ifndef MR_DATA_SORTER_H
#define MR_DATA_SORTER_H

#include "data/loser_tree.h"
#include "data/sort.h"
#include "data/spill.h"

/* A record that comes out; key and value stay valid until the next call of mr_sorter_next. */
typedef struct mr_sorted {
    mr_slice key;
    mr_slice value;
    uint64_t rank;
} mr_sorted;

/* A run in the spill file. */
typedef struct mr_sorted_run {
    mr_extent extent;
    uint64_t block; /* bytes of its largest block: what it takes to read it */
} mr_sorted_run;

/* One run while it is merged. */
typedef struct mr_merge_source {
    mr_run_reader reader; /* its blocks */
    const char *next;     /* first byte of the block's records not looked at */
    const char *end;      /* behind the block's records */
    mr_sorted head;       /* the record at hand */
    uint64_t released;    /* up to where the run has been given back to the file system */
} mr_merge_source;

typedef struct mr_sorter {
    mr_key_order order;  /* of the keys */
    mr_spill *spill;     /* where runs go; borrowed */
    size_t budget;       /* bytes of memory */
    char *memory;        /* records from the front, each padded to 8 bytes; items from the end */
    size_t memory_size;  /* bytes mapped */
    size_t used;         /* bytes of records */
    mr_sort_item *items; /* of the records; while they are collected the last one comes first */
    size_t item_count;
    bool ranked;         /* the records did not come in order of their ranks */
    mr_sorted_run *runs; /* in the order of their records */
    uint32_t run_count;
    uint32_t run_room;        /* allocated in runs */
    mr_merge_source *sources; /* one for each run being merged; NULL while sorting in memory */
    uint32_t source_count;
    mr_loser_tree tree; /* over the sources */
    size_t taken;       /* items given out, when all fit into memory */
    bool started;       /* mr_sorter_next has given something out */
} mr_sorter;

/* Makes a sorter within budget bytes. order is copied, spill is borrowed until mr_sorter_close. */
bool mr_sorter_open(mr_sorter *sorter, size_t budget, const mr_key_order *order, mr_spill *spill, mr_error *error);
void mr_sorter_close(mr_sorter *sorter);

/* Takes a record; key and value are copied. */
bool mr_sorter_add(mr_sorter *sorter, mr_slice key, mr_slice value, uint64_t rank, mr_error *error);

/* No more records come; they can be taken out now. */
bool mr_sorter_finish(mr_sorter *sorter, mr_error *error);

/* Gives the next record; *more is false at the end. */
bool mr_sorter_next(mr_sorter *sorter, mr_sorted *sorted, bool *more, mr_error *error);

/* Forgets everything, to be filled anew. */
void mr_sorter_reset(mr_sorter *sorter);

#endif
