/* streams.h - the coordinator's side of streams: what is read when, where its text is, and when that may be written
 * over.
 *
 * Each reader has a ring, and takes one stream after the other, in the order of the input. The blocks that it reports
 * become units of the map phase. The text of a block stays in the ring until the unit is committed, so that it can be
 * mapped again when a worker dies, and then goes with all before it. Behind the chunks that were planned comes one unit
 * for each stream that nobody ever does: it is committed when the stream has ended, so that the phase is not over
 * before, and takes the place in the output before which blocks are put. [coordinator]
 */
#ifndef MR_JOB_STREAMS_H
#define MR_JOB_STREAMS_H

#include "job/crew.h"

/* A stream. */
typedef struct mr_stream {
    uint64_t source;    /* its index */
    uint64_t unit;      /* that stands for its end */
    uint64_t last;      /* the last unit before that one in the order of the input; MR_NO_UNIT: there is none */
    mr_text_block next; /* where the next block will begin (length, records and lines do not matter) */
    uint64_t blocks;    /* that have come */
    uint64_t coded;     /* bytes of it, as they lie on disk, that these have come of */
    bool begun;         /* a reader has been told to read it */
    bool ended;         /* it has been read */
} mr_stream;

#define MR_NO_UNIT UINT64_MAX

/* A block in a ring. */
typedef struct mr_ring_block {
    uint64_t end;   /* behind it, in the sequence of the ring */
    uint64_t line;  /* number of its first line within the source, from 1 */
    uint32_t ring;  /* which */
    bool committed; /* what came of it is there to stay */
    bool released;  /* its text is gone, or may be at any time */
} mr_ring_block;

/* A ring and who writes to it. */
typedef struct mr_text_ring {
    mr_stream *stream; /* being read; NULL: none */
    bool reading;      /* the reader is at it; otherwise it waits for room */
    uint64_t head;     /* behind the last block, in the sequence of the ring */
    uint64_t partial;  /* bytes behind it of a block that is not complete, when the reader waits */
    uint64_t released; /* the same that the reader sees in mr_slot.released */
    uint64_t *units;   /* blocks that are not released, oldest first; owned */
    size_t first;      /* of them */
    size_t count;      /* behind the last */
    size_t room;       /* allocated */
} mr_text_ring;

typedef struct mr_streams {
    mr_job *job;     /* borrowed */
    mr_crew *crew;   /* borrowed */
    mr_stream *list; /* in the order of the input; owned */
    size_t count;
    size_t begun;          /* of them */
    size_t ended;          /* of them */
    mr_text_ring *rings;   /* one per reader; owned */
    mr_ring_block *blocks; /* by unit, of those from first_block on; owned */
    uint64_t first_block;  /* unit of the first block */
    uint64_t block_count;
    uint64_t block_room; /* allocated */
    uint64_t planned;    /* units before this one are chunks that need no reader */
} mr_streams;

/* Adds the units of the ends of streams to job->chunks. */
bool mr_streams_open(mr_streams *streams, mr_job *job, mr_crew *crew, mr_error *error);
void mr_streams_close(mr_streams *streams);

/* Tells readers to read on where there is room. idle: the workers have nothing to do; a job that runs alone reads only
 * then. */
bool mr_streams_read(mr_streams *streams, bool idle, mr_error *error);

/* A reader has read a block, which becomes the last of job->chunks; *stream is where it belongs. */
bool mr_streams_take_block(mr_streams *streams, const mr_report *report, mr_stream **stream, mr_error *error);

/* A reader has done a task; *ended is the stream that is read now, NULL: it will go on. */
void mr_streams_take_done(mr_streams *streams, const mr_report *report, mr_stream **ended);

/* A unit is committed: if it is a block its text may go. */
void mr_streams_commit(mr_streams *streams, uint64_t unit);

/* Whether a unit that is committed can be done again, as far as its text is concerned. */
bool mr_streams_has_text(const mr_streams *streams, uint64_t unit);

/* Whether readers wait, or soon will, for units to be committed that are only done. starving: there are no others. */
bool mr_streams_pressing(const mr_streams *streams, bool starving);

/* For a survey: whether the reader of a ring has nothing to do, because the ring is full or there is no stream left for
 * it; and that what has not been read of all streams is to be left alone. */
bool mr_streams_ring_rests(const mr_streams *streams, uint32_t ring);
void mr_streams_stop(mr_streams *streams);

/* Whether enough has been read for a sample of the keys. */
bool mr_streams_are_ahead(const mr_streams *streams);

/* The block from whose beginning on sample number index of count is taken; there are blocks. */
const mr_chunk *mr_streams_sample(const mr_streams *streams, uint64_t index, uint64_t count);

/* How much text there is in all, as far as known. */
uint64_t mr_streams_guess(const mr_streams *streams);

/* How much text the whole input has: of streams that have not been read to their end that is a guess, by what has come
 * of their bytes so far. *known is false when that cannot be told, because of a pipe. */
uint64_t mr_streams_text(const mr_streams *streams, bool *known);

/* A reader has died: another one will go on. code: how (mp_process_exit_code). False when that cannot be. */
bool mr_streams_lose_reader(mr_streams *streams, uint32_t index, int code, mr_error *error);

/* The units in the order of the input: allocated, one for each of job->chunks; NULL with error set. */
uint64_t *mr_streams_order(const mr_streams *streams, mr_error *error);

/* Keeps the text of a record that is in the block of a unit, if it is one, for reports. */
bool mr_streams_keep_text(mr_streams *streams, const mr_place *place, uint64_t unit, mr_error *error);

#endif
