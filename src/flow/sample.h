/* sample.h - before the map phase: looking at a few keys to divide them into partitions. */
#ifndef MR_FLOW_SAMPLE_H
#define MR_FLOW_SAMPLE_H

#include "data/hot_keys.h"
#include "flow/flow.h"

/* Collects keys that map emits for some pieces of the input, in the worker's arena. [map] */
typedef struct mr_sampler {
    mr_context *context; /* the plugin; borrowed */
    mr_arena *arena;     /* where keys go; borrowed */
    uint64_t used;       /* bytes of keys in the arena */
    bool distinct;       /* a fold: a key is kept once for each piece, however often it is emitted */
    mr_table seen;       /* with distinct: the keys of this piece, and where they are in the arena */
} mr_sampler;

bool mr_sampler_open(mr_sampler *sampler, mr_context *context, mr_arena *arena, bool distinct, mr_error *error);
void mr_sampler_close(mr_sampler *sampler);

/* To be called before each piece. */
void mr_sampler_begin(mr_sampler *sampler);

/* A mr_pair_sink whose receiver is a mr_sampler. Keys beyond the arena are left out. */
bool mr_sample_pairs(void *receiver, const char *pairs, const char *end, mr_error *error);

/* The samples of one worker. */
typedef struct mr_sample {
    const char *keys; /* in its arena */
    uint64_t used;    /* bytes */
} mr_sample;

/* Sorts the samples of all workers, chooses the splitters of up to partitions ranges, and finds the most frequent keys.
 * [map, one worker] */
bool mr_sample_split(mr_splitters *splitters, mr_hot_keys *hot_keys, const mr_sample *samples, size_t sample_count,
                     uint32_t partitions, const mr_key_order *order, mr_error *error);

#endif
