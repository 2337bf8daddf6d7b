/* board.h - what all processes of a check share: the sample, and what has been found. In memory that is mapped before
 * the first fork. A plugin can scribble there, so who reads it in the coordinator takes no length or index on trust. */
#ifndef MR_CHECK_BOARD_H
#define MR_CHECK_BOARD_H

#include "job/job.h"

enum {
    MR_SAMPLE_RECORDS = 4 << 20, /* the most records of a sample */
    MR_FINDING_TEXT = 6 << 10,   /* bytes of the texts of a finding, with their ends */
    MR_FINDING_TITLE = 160,
    MR_FINDING_RECORDS = 64, /* records that a finding names */
    MR_VERDICT_NOTE = 120,
    MR_EXPERIMENT_RESULT = 1 << 20 /* bytes of a trace that are handed back */
};

/* A record of the sample. */
typedef struct mr_sample_record {
    uint64_t at;     /* where in the bytes of the sample it begins */
    uint64_t offset; /* where in its source, of the whole input */
    uint64_t held;   /* where in what the sample has of its source */
    uint64_t number; /* among the records of its source in the sample, from 1 */
    uint32_t source; /* index of the source */
    uint32_t length; /* bytes, without what ends it */
    uint32_t bytes;  /* with it */
} mr_sample_record;

/* The laws, in the order in which they are reported. */
enum mr_law {
    MR_LAW_SAME,
    MR_LAW_STATE,
    MR_LAW_BORDERS,
    MR_LAW_RECORD,
    MR_LAW_FOLD,
    MR_LAW_COMBINE,
    MR_LAW_COMPARE,
    MR_LAW_PARTITION,
    MR_LAW_RESULT,
    MR_LAW_JOBS,
    MR_LAW_SOURCE,
    MR_LAWS
};

/* What is known of a law. */
enum mr_verdict_kind { MR_VERDICT_NONE, MR_VERDICT_OK, MR_VERDICT_WRONG };
typedef struct mr_verdict {
    uint32_t kind;              /* enum mr_verdict_kind; NONE: it has not been tried */
    char note[MR_VERDICT_NOTE]; /* on what it has been tried, or why not */
} mr_verdict;

/* A law that is broken. */
typedef struct mr_finding {
    uint32_t law;                         /* enum mr_law */
    char title[MR_FINDING_TITLE];         /* what is wrong, in a line */
    char text[MR_FINDING_TEXT];           /* what came out in both ways: lines */
    char advice[MR_FINDING_TEXT / 4];     /* what the reason is most likely, and what to do */
    uint32_t records[MR_FINDING_RECORDS]; /* the smallest input that shows it: indexes of records */
    uint32_t record_count;
    uint32_t left_out; /* further records of it, which found no place in records */
} mr_finding;

/* Memory that all share. Pages that nobody touches cost nothing. */
typedef struct mr_board {
    mr_verdict verdicts[MR_LAWS];
    mr_finding findings[MR_LAWS]; /* at most one for each law */
    uint32_t clock_moves;         /* 1: the plugin cannot tell a moved clock from a later time */
    uint32_t finished;            /* the experiment at hand has come to its end */
    mr_error error;               /* why it could not */
    uint64_t text_begin;          /* where records are laid for map: addresses, in the experiment */
    uint64_t text_end;            /* behind them */
    uint64_t given_begin;         /* where record and find_record may read, but not write */
    uint64_t given_end;           /* behind that */
    mr_place place;         /* of the record or key that the job at hand has died of; kind NONE: it has not died */
    uint64_t left_out;      /* bad records that the job at hand has left out */
    uint32_t touched;       /* 1: a callback has written to what it had borrowed only to read */
    uint64_t mapped;        /* records of the last sweep that have been mapped */
    uint64_t result_length; /* bytes of the trace that is handed back */
    uint64_t result_hash;   /* of all of it */
    char result[MR_EXPERIMENT_RESULT];           /* the first of them */
    uint64_t hashes[2][MR_SAMPLE_RECORDS];       /* of what each record gave, in the two sweeps */
    uint32_t order[MR_SAMPLE_RECORDS];           /* of the second sweep */
    mr_sample_record records[MR_SAMPLE_RECORDS]; /* of the sample */
    uint64_t record_count;                       /* how many */
    uint64_t longest;                            /* bytes of the longest */
    uint64_t bytes;                              /* of all records together */
    uint64_t seen;                               /* bytes of the input that the sample stands for */
    uint32_t whole;                              /* 1: the sample is the whole input */
    uint32_t dropped;                            /* records that are too long for the sample */
} mr_board;

#endif
