/* split.h - stage 2: dividing the input into chunks, and a chunk into pieces of whole records. */
#ifndef MR_FLOW_SPLIT_H
#define MR_FLOW_SPLIT_H

#include "flow/flow.h"

/* The chunks of a job, in input order. */
typedef struct mr_chunks {
    mr_chunk *list; /* owned */
    size_t count;
    size_t room; /* allocated */
} mr_chunks;

/* Divides the input, but for its streams, among workers: in chunks of chunk_size bytes, or (chunk_size 0) in chunks
 * that shrink toward the end of the input, so that all workers finish together. At least one, unless all are streams.
 * [coordinator] */
bool mr_chunks_plan(mr_chunks *chunks, const mr_input *input, unsigned workers, uint64_t chunk_size, mr_error *error);

/* Adds a chunk behind the others. */
bool mr_chunks_add(mr_chunks *chunks, const mr_chunk *chunk, mr_error *error);
void mr_chunks_close(mr_chunks *chunks);

/* Reads chunks; one per worker. */
typedef struct mr_splitter {
    const mr_input *input;     /* borrowed */
    const mr_records *records; /* what they are; borrowed */
    mr_source_reader reader;   /* of the sources */
    char *buffer;              /* one piece, and what was read beyond it */
    size_t buffer_size;        /* bytes */
    size_t piece_size;         /* bytes that a piece usually has */
    size_t record_limit;       /* the most bytes that the buffer may grow to, for one long record */
    bool (*claim)(void *claimant, size_t bytes, mr_error *error); /* asked before the buffer grows to so many; NULL: */
    void *claimant;                                               /* it just does. For claim */
    const mr_source *source; /* of which the buffer holds a part; for who divides records himself */
    uint64_t start;          /* offset of its first byte within the source */
} mr_splitter;

/* records: what the input holds. piece_size: bytes that are read and handed on at once; they stay in the cache. A
 * record longer than record_limit is an error. */
bool mr_splitter_open(mr_splitter *splitter, const mr_input *input, const mr_records *records, mr_source_reader reader,
                      size_t piece_size, size_t record_limit, mr_error *error);
void mr_splitter_close(mr_splitter *splitter);

/* Gives back what a long record made the buffer grow to; between chunks. */
void mr_splitter_trim(mr_splitter *splitter);

/* Hands the records that start in a chunk to sink, in pieces and in order, then checks that the sources have not
 * changed meanwhile. [worker] */
bool mr_split_chunk(mr_splitter *splitter, const mr_chunk *chunk, mr_piece_sink *sink, void *receiver, mr_error *error);

/* CSV: how the chunk ends in the source that it ends in, for each way in which it may begin. It is all the same when no
 * source goes on behind it. [worker] */
bool mr_split_quotes(mr_splitter *splitter, const mr_chunk *chunk, mr_quote_map *map, mr_error *error);

/* The same for a chunk of which nothing before it is known, by what it holds: all of map is how to read it from its
 * begin on. [worker] */
bool mr_split_guess_quotes(mr_splitter *splitter, const mr_chunk *chunk, mr_quote_map *map, mr_error *error);

#endif
