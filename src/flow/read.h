/* read.h - stage 1 for streams: what can only be read from front to back, decoded and cut into blocks of whole records.
 */
#ifndef MR_FLOW_READ_H
#define MR_FLOW_READ_H

#include "flow/flow.h"

/* Reads streams, one after the other, into a ring. One per process that reads. Initialise with reader, ring, usual,
 * steady, records, window, patient and watch. */
typedef struct mr_stream_reader {
    mr_arena ring;      /* its memory is mapped twice, one behind the other, so that every block lies in one piece */
    uint64_t usual;     /* bytes of a block when there is plenty */
    bool steady;        /* where blocks end depends on the text alone, not on when it comes or is released */
    mr_records records; /* what the streams hold; not MR_RECORDS_OWN */
    uint64_t window;    /* as in mr_decoder */
    bool patient;       /* waits longer for bytes that do not come: there is nothing else to do in this process */
    mr_source_reader reader; /* of the sources; only its check is needed */
    mr_stopwatch *watch;     /* of the process; NULL: nobody wants to know; borrowed */
    const mr_source *source; /* the one at hand; NULL: none */
    int file;                /* it, open; borrowed */
    mr_decoder decoder;      /* of it */
    uint64_t coded;          /* coded bytes read so far */
    uint64_t start;          /* where in the sequence of the ring the next block begins */
    uint64_t head;           /* behind the bytes that have been decoded */
    mr_record_scan scan;     /* what is known of the bytes from start on */
    uint64_t wanted;         /* bytes that a block is to have before it is cut */
    uint64_t offset;         /* of the byte at start within the source */
    uint64_t record;         /* number of the next record within the source */
    uint64_t line;           /* number of the next line within the source */
    uint64_t blocks;         /* cut so far */
    bool ended;              /* all has been decoded */
} mr_stream_reader;

/* What mr_read_block came to. */
enum mr_read_state {
    MR_READ_BLOCK, /* a block */
    MR_READ_FULL,  /* no block: there is no room before some is released */
    MR_READ_IDLE,  /* no block: nothing comes at present */
    MR_READ_ENDED  /* no block: the stream is read, and it was complete */
};

/* Starts reading a source that is open in file. from says where to go on (its length, records and lines do not matter):
 * at offset 0, or behind the blocks that a reader before this one has cut; these are read once more and dropped.
 * [reader] */
bool mr_read_begin(mr_stream_reader *reader, const mr_source *source, int file, const mr_text_block *from,
                   uint64_t blocks, mr_error *error);

/* Reads until there is a block, and describes it. released: bytes of the sequence of the ring before this one may be
 * written over. A record longer than the ring is an error. [reader] */
bool mr_read_block(mr_stream_reader *reader, uint64_t released, mr_text_block *block, enum mr_read_state *state,
                   mr_error *error);

void mr_read_close(mr_stream_reader *reader);

#endif
