/* spill.h - what does not fit into memory: appending to an unnamed file, and writing and reading runs of blocks in it.
 *
 * One process appends to a spill file; others read from it what has been described to them. Errors name the folder and
 * what to do. All sizes and offsets are in bytes.
 */
#ifndef MR_DATA_SPILL_H
#define MR_DATA_SPILL_H

#include "base/file.h"
#include "base/stopwatch.h"
#include "data/block.h"

typedef struct mr_spill {
    int file;                  /* descriptor of the unnamed file; -1: it could not be made, */
    int failure;               /* for this reason (an errno value); only told when it is needed */
    mr_file_identity identity; /* of the file: nothing is written to another one that has got the descriptor */
    uint64_t end;              /* where the next append goes */
    uint64_t written;          /* appended so far, for the statistics */
    const char *folder;        /* where the file lives, for messages; not owned */
    uint32_t *waiting;         /* above 0 while somebody waits for the disk; NULL: nobody wants to know; not owned */
    mr_stopwatch *watch;       /* of the process; NULL: nobody wants to know; not owned */
    enum mr_activity activity; /* what writing and reading here counts as */
} mr_spill;

/* Makes an unnamed file in a folder, whose name is borrowed; a failure is told when the file is needed. */
mr_spill mr_spill_open(const char *folder);

/* Whether the file is still there, and the descriptor still stands for it. True when it could not be made. */
bool mr_spill_intact(const mr_spill *spill);

/* Appends bytes; *offset (if not NULL) is where they went. */
bool mr_spill_append(mr_spill *spill, const void *bytes, size_t length, uint64_t *offset, mr_error *error);

/* Reads exactly length bytes at offset. Where the disk cannot give them back the error is a damage. */
bool mr_spill_read(const mr_spill *spill, void *bytes, size_t length, uint64_t offset, mr_error *error);

/* Gives the disk space of a range back, as far as the file system can. */
void mr_spill_release(const mr_spill *spill, uint64_t offset, uint64_t length);

/* Where a run lies in a spill file. */
typedef struct mr_extent {
    uint64_t offset;   /* of its first block */
    uint64_t length;   /* of all its blocks with their headers */
    uint64_t checksum; /* mr_block_chain of its blocks */
} mr_extent;

/* Appends bytes as one block of a run, which grows by it; it started with offset at the end of the spill. */
bool mr_spill_append_block(mr_spill *spill, const void *bytes, size_t length, mr_extent *run, mr_error *error);

/* Collects records into blocks and appends these. */
typedef struct mr_run_writer {
    mr_spill *spill;  /* borrowed */
    mr_block *block;  /* the block being filled */
    size_t capacity;  /* bytes of records that a usual block holds */
    mr_extent extent; /* of what has been appended */
    uint64_t largest; /* bytes of records in the largest block appended: what a reader needs to hold */
} mr_run_writer;

/* Starts a run whose blocks hold about block_size bytes, at a page of the file. Nobody else may append to the spill
 * until it is finished. */
bool mr_run_writer_open(mr_run_writer *writer, mr_spill *spill, size_t block_size, mr_error *error);

/* Room for a record of at most length bytes; NULL on error. mr_run_commit says how much of it was used. */
char *mr_run_reserve(mr_run_writer *writer, size_t length, mr_error *error);
void mr_run_commit(mr_run_writer *writer, size_t length);

/* Whether a record of length bytes is better appended by mr_run_append_alone than copied into a block. */
static inline bool mr_run_is_large(const mr_run_writer *writer, size_t length) {
    return length > writer->capacity;
}

/* Appends a record, given in count parts, as a block of its own, straight from where the parts lie. */
bool mr_run_append_alone(mr_run_writer *writer, const mr_slice *parts, size_t count, mr_error *error);

/* Appends the last block and tells where the run lies. */
bool mr_run_writer_finish(mr_run_writer *writer, mr_extent *extent, mr_error *error);
void mr_run_writer_close(mr_run_writer *writer);

/* Reads the blocks of a run one by one. */
typedef struct mr_run_reader {
    const mr_spill *spill; /* borrowed */
    mr_extent rest;        /* not read yet; checksum is that of the whole run */
    uint64_t chain;        /* mr_block_chain of the blocks that have been read */
    mr_block block;        /* header of the block at hand */
    char *records;         /* its records */
    size_t capacity;       /* bytes allocated for records */
} mr_run_reader;

void mr_run_reader_open(mr_run_reader *reader, const mr_spill *spill, mr_extent extent);
/* Goes on with another run, in the same memory. */
void mr_run_reader_restart(mr_run_reader *reader, const mr_spill *spill, mr_extent extent);
void mr_run_reader_close(mr_run_reader *reader);

/* Reads and verifies the next block, with the last one also that it was all. *more is false at the end of the run. */
bool mr_run_next_block(mr_run_reader *reader, bool *more, mr_error *error);

#endif
