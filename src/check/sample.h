/* sample.h - the records that a check looks at: all of the input if it is small, else pieces of it.
 *
 * Every source has its share. Of a file that is larger than that several pieces of whole records are taken, spread
 * evenly, the first at its beginning, where the names of columns may stand; of what can only be read from front to
 * back, the front. What a source has in the sample lies in memory, in one piece, and takes its place in the jobs of the
 * check.
 */
#ifndef MR_CHECK_SAMPLE_H
#define MR_CHECK_SAMPLE_H

#include "check/board.h"

typedef struct mr_sample {
    mr_board *board;     /* where the records are listed; borrowed */
    char *bytes;         /* of the records, source by source; shared */
    size_t size;         /* bytes of address space there */
    mr_held *held;       /* for each source what the sample has of it; owned */
    size_t source_count; /* as many as the input has */
} mr_sample;

/* Takes about so many bytes of the input of a job that has been opened. False with error set when that fails; release
 * with mr_sample_close in any case. Initialise with {.board = ...}. [coordinator] */
bool mr_sample_take(mr_sample *sample, const mr_job *job, uint64_t bytes, mr_error *error);
void mr_sample_close(mr_sample *sample);

/* The record at a place in what the sample has of its source; as many as there are when it is none. [coordinator] */
uint64_t mr_sample_find(const mr_board *board, const mr_place *place);

/* Some records as an input: for each source what is left of it. */
typedef struct mr_sample_part {
    mr_held *held; /* as mr_sample.held; owned */
    char *bytes;   /* of the records; owned */
} mr_sample_part;

/* Puts some records, in order, together. False with error set when there is no memory; release with mr_sample_part_free
 * in any case. [coordinator] */
bool mr_sample_part_of(mr_sample_part *part, const mr_sample *sample, const uint32_t *records, size_t count,
                       mr_error *error);
void mr_sample_part_free(mr_sample_part *part);

#endif
