/* part.h - stage 8, in the workers: writing results as text, one part of the output at a time. [map, reduce] */
#ifndef MR_FLOW_PART_H
#define MR_FLOW_PART_H

#include <stdatomic.h>

#include "data/deflate.h"
#include "data/format.h"
#include "flow/flow.h"

/* Where a worker keeps parts until they are delivered; one per worker. */
typedef struct mr_part_writer {
    mr_arena region;                  /* shared memory for finished parts */
    const _Atomic uint64_t *released; /* how much of the region's sequence is free again; stored by the coordinator */
    mr_spill *spill;                  /* for parts that do not fit into the region; borrowed */
    uint64_t block;                   /* the most bytes of a block there */
    uint32_t worker;                  /* for mr_part */
    const mr_format *format;          /* how results are written; borrowed */
    mr_deflater *deflater;            /* compresses what is written; borrowed; NULL: nothing does */
    uint64_t head;                    /* where in the sequence the part at hand starts */
    uint64_t skipped;                 /* everything before this place in the sequence is free, whatever released says */
    uint64_t touched;                 /* bytes at the front of the region that have ever been in use */
    uint64_t room;                    /* bytes that it may take there */
    char *staging;                    /* where bytes are collected: in the region, or own memory when that is full */
    uint64_t staged;                  /* bytes in staging */
    char *own;                        /* memory for when the region is full; owned, NULL until needed */
    uint64_t own_size;                /* bytes allocated */
    char *text;                       /* with deflater: what is not compressed yet; owned */
    size_t text_size;                 /* bytes allocated */
    size_t text_length;               /* bytes in it */
    mr_part part;                     /* the part at hand */
    mr_stopwatch *watch;              /* of the process; NULL: nobody wants to know; borrowed */
} mr_part_writer;

/* Releases what it has come to own; region, released, spill, block, worker, format, deflater and head were filled in to
 * set it up. */
void mr_part_writer_close(mr_part_writer *writer);

/* Starts a part. */
void mr_part_begin(mr_part_writer *writer);

/* Ends the part and describes it. */
bool mr_part_end(mr_part_writer *writer, mr_part *part, mr_error *error);

/* The part at hand as a sink of bytes, which it holds as they are. */
mr_byte_sink mr_part_bytes(mr_part_writer *writer);

/* The part at hand as a sink of output: compressed, if the output is. */
mr_byte_sink mr_part_text(mr_part_writer *writer);

/* A mr_result_sink whose receiver is a mr_part_writer: writes what is printed for a key. */
bool mr_part_result(void *receiver, const mr_result *result, mr_error *error);

/* A mr_pair_sink whose receiver is a mr_part_writer: the same for the pairs of a map job. */
bool mr_part_pairs(void *receiver, const char *pairs, const char *end, mr_error *error);

/* A mr_write_sink whose receiver is a mr_part_writer: bytes as they are. */
bool mr_part_write(void *receiver, const void *bytes, size_t length, mr_error *error);

/* Verifies a finished part and writes it into a file at an offset; regions and files are those of all workers. The part
 * stays where it was: when this worker dies before it can say so, another does the same again. */
bool mr_part_deliver(const mr_part *part, const mr_arena *regions, const mr_spill *files, int file, uint64_t offset,
                     const char *path, mr_error *error);

#endif
