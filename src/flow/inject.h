/* inject.h - groups that have been kept from an earlier job go in behind map. [map] */
#ifndef MR_FLOW_INJECT_H
#define MR_FLOW_INJECT_H

#include "flow/flow.h"

/* Takes an accumulator of a key; both are borrowed for the call. */
typedef bool mr_accumulator_sink(void *receiver, mr_slice key, const void *accumulator, mr_error *error);

typedef struct mr_injector {
    mr_context *context;       /* the plugin; borrowed. Values go where it emits to */
    const mr_input *input;     /* borrowed */
    mr_source_reader reader;   /* of the sources */
    const mr_fold *fold;       /* NULL: no fold job; borrowed */
    mr_accumulator_sink *sink; /* for accumulators */
    void *receiver;            /* for sink */
} mr_injector;

/* Hands on the groups of a chunk: those whose source starts in it. A source of values holds the length of the key (8
 * bytes, as the machine has it), the key, and for each value its length and the value; a source of an accumulator holds
 * instead of values the accumulator as mr_fold_encode codes it. */
bool mr_inject_chunk(mr_injector *injector, const mr_chunk *chunk, mr_error *error);

#endif
