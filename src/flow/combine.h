/* combine.h - stage 4: folding or combining what map emits, before it leaves the worker. [map] */
#ifndef MR_FLOW_COMBINE_H
#define MR_FLOW_COMBINE_H

#include "data/fold_shorts.h"
#include "flow/flow.h"

/* For fold jobs: a table that stays in the cache. When it is full all of it goes to the exchange. */
typedef struct mr_folder {
    mr_context *context; /* the plugin; borrowed */
    const mr_fold *fold; /* borrowed */
    mr_fold_table table; /* full key -> accumulator */
    mr_table_sink *sink; /* where full tables go */
    void *receiver;      /* for sink */
    uint64_t long_pairs; /* pairs with long keys since the table of long keys was empty */
    uint64_t unseen;     /* so many more of them go in without a search, because hardly any key has come twice */
    mr_fold_shorts_loop *fold_shorts; /* the one for this processor */
} mr_folder;

bool mr_folder_open(mr_folder *folder, mr_context *context, const mr_fold *fold, size_t budget, mr_table_sink *sink,
                    void *receiver, mr_error *error);
void mr_folder_close(mr_folder *folder);

/* Lets the plugin emit into the folder from now on. */
void mr_folder_listen(mr_folder *folder);

/* A mr_pair_sink and a mr_short_sink whose receiver is a mr_folder. */
bool mr_fold_pairs(void *receiver, const char *pairs, const char *end, mr_error *error);
bool mr_fold_shorts(void *receiver, const char *pairs, size_t count, mr_error *error);

/* A mr_accumulator_sink (inject.h) whose receiver is a mr_folder. */
bool mr_folder_take(void *receiver, mr_slice key, const void *accumulator, mr_error *error);

/* Sends what the table holds on. */
bool mr_folder_flush(mr_folder *folder, mr_error *error);

/* For group jobs with a combine callback: the values of each key, in order, until the memory is full or the chunk ends.
 */
typedef struct mr_combiner {
    mr_context *context; /* the plugin; borrowed */
    mr_table table;      /* key -> first and last of its values */
    char *values;        /* the values, linked by key */
    size_t values_used;  /* bytes */
    size_t values_size;  /* bytes */
    mr_pair_sink *sink;  /* where combined pairs go */
    void *receiver;      /* for sink */
} mr_combiner;

bool mr_combiner_open(mr_combiner *combiner, mr_context *context, size_t budget, mr_pair_sink *sink, void *receiver,
                      mr_error *error);
void mr_combiner_close(mr_combiner *combiner);

/* A mr_pair_sink whose receiver is a mr_combiner. */
bool mr_combine_pairs(void *receiver, const char *pairs, const char *end, mr_error *error);

/* Calls the plugin's combine for every key held; to be called at the end of each chunk, since combined values take the
 * place of their chunk in the order. */
bool mr_combiner_flush(mr_combiner *combiner, mr_error *error);

#endif
