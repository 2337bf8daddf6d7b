/* survey.h - looking at a sample of the input through the machinery of a job, to say what the job would come to.
 *
 * A job with mr_job_settings.survey is no job: its chunks are a number of small pieces, spread over the input, or the
 * beginnings of what can be read from front to back only. They are mapped twice: for counts (MR_TASK_SURVEY), and then
 * in earnest, with all that a job has, from workers that may die to a reduce phase; only the output is to go nowhere,
 * for which the settings are to say /dev/null. Pipes are not read.
 *
 * Which pieces there are depends on the input alone, and so does all that is counted: not on the number of workers.
 * Only where mapping is so slow that it would take more than a few seconds, fewer pieces are looked at, as time
 * permits.
 */
#ifndef MR_JOB_SURVEY_H
#define MR_JOB_SURVEY_H

#include "flow/survey.h"
#include "job/job.h"

/* What all workers add to. */
typedef struct mr_survey_totals {
    _Atomic uint64_t run_bytes;          /* of records between map and reduce */
    _Atomic uint64_t run_records;        /* so many */
    _Atomic uint64_t count_nanoseconds;  /* that counting took */
    _Atomic uint64_t seal_nanoseconds;   /* that sealing took */
    _Atomic uint64_t reduce_nanoseconds; /* that reducing took */
} mr_survey_totals;

/* What is known of a stream. */
typedef struct mr_survey_stream {
    uint64_t source; /* its index */
    uint64_t text;   /* bytes that have been read of it */
    uint64_t coded;  /* bytes of the file that these were in */
    bool ended;      /* that is all of it */
} mr_survey_stream;

typedef struct mr_survey {
    uint64_t size;                /* wish: bytes of the sample; 0: chosen by the size of the input */
    uint64_t divisor;             /* wish: only one part in so many of that; 0: all of it */
    mr_plan plan;                 /* of the job itself */
    uint64_t chunks;              /* that it would have, without those of streams */
    uint64_t planned;             /* pieces that need no reader */
    uint64_t piece_bytes;         /* of one, more or less */
    uint32_t piece_keys;          /* that are noted of a piece, at most */
    uint64_t table;               /* each: bytes of memory for counting the keys of a piece */
    bool whole;                   /* the pieces are the whole input */
    bool cut;                     /* it took too long: not all pieces were looked at */
    uint64_t wanted;              /* of the planned pieces, those that are looked at: the first ones */
    uint64_t wanted_blocks;       /* the same of the blocks of streams */
    uint64_t blocks;              /* of streams that were read */
    uint64_t streams;             /* how many streams there are */
    double read_seconds;          /* that reading them took */
    double begun;                 /* when the survey began, in mr_seconds */
    mr_survey_stream *stream;     /* what is known of them; owned */
    mr_survey_totals *totals;     /* in memory that all processes share; owned */
    mr_survey_piece *pieces;      /* behind it: MR_SURVEY_PIECES */
    struct mr_forecast *forecast; /* what comes of it, to be filled in; borrowed */
} mr_survey;

/* The piece that a unit of the map phase is; NULL: it is none, or there is no room for it. */
mr_survey_piece *mr_survey_piece_of(const mr_job *job, uint64_t unit);

/* With the job planned: puts pieces in the place of its chunks, and maps what is shared. [coordinator] */
bool mr_survey_plan(mr_job *job, mr_error *error);

/* Bytes of input that are looked at. [coordinator] */
uint64_t mr_survey_bytes(const mr_job *job);

/* Releases what the survey owns, but for the forecast. [coordinator] */
void mr_survey_close(mr_survey *survey);

#endif
