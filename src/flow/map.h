/* map.h - stage 3: calling the plugin with records. [worker] */
#ifndef MR_FLOW_MAP_H
#define MR_FLOW_MAP_H

#include "flow/flow.h"

typedef struct mr_mapper {
    mr_context *context;       /* the plugin; borrowed */
    const mr_input *input;     /* borrowed */
    const mr_records *records; /* what they are; borrowed */
    uint64_t mapped;           /* records so far */
    uint64_t next_record;      /* number of the next record within its source */
    const mr_place *bad;       /* records to leave out, by source and offset; borrowed */
    size_t bad_count;
    bool (*after)(void *receiver, mr_error *error); /* singly: called after each record; NULL: nothing */
    void *after_receiver;                           /* for after */
    bool singly; /* every record is a call of its own, and what it emits goes on at once */
} mr_mapper;

/* To be called before the pieces of a chunk. */
void mr_map_begin(mr_mapper *mapper, const mr_chunk *chunk);

/* A mr_piece_sink whose receiver is a mr_mapper. What the plugin emits goes where the context says. */
bool mr_map_piece(void *receiver, const mr_piece *piece, mr_error *error);

/* Counts records instead of mapping them, for plugins that need record numbers. */
typedef struct mr_record_count {
    const mr_records *kind;  /* what they are; borrowed */
    const mr_source *source; /* the last source in which a record of the chunk starts; NULL: there is no record */
    uint64_t records;        /* of the chunk in that source */
} mr_record_count;

/* A mr_piece_sink whose receiver is a mr_record_count. */
bool mr_count_piece(void *receiver, const mr_piece *piece, mr_error *error);

#endif
