/* embedding.h - a job of a program that embeds mr, between the functions of libmr.h, which describe and perform it, and
 * the process that does it. Private to this folder.
 *
 * embed/job.c describes the job, embed/perform.c forks a process for it and looks after that, embed/child.c is what
 * runs there: it makes of the description what mr_job_run takes. The program itself runs nothing of mr but the first
 * two.
 *
 * In this folder mr_job is that of libmr.h, which is none of the engine: files that need that of job/job.h do not
 * include libmr.h.
 */
#ifndef MR_EMBED_EMBEDDING_H
#define MR_EMBED_EMBEDDING_H

#include <limits.h>

#include "host/context.h"

/* An input or side file, as the program describes it. */
typedef struct mr_embedded_input {
    char *name;        /* a path, or what it is called; owned */
    const void *bytes; /* in memory of the program; NULL: it is not there; borrowed */
    size_t length;     /* of bytes */
    int descriptor;    /* of the program; -1: none */
} mr_embedded_input;

/* A list of them. */
typedef struct mr_embedded_inputs {
    mr_embedded_input *list; /* owned */
    size_t count;
    size_t room; /* allocated */
} mr_embedded_inputs;

/* Text that the process of a job has written to a file in memory, mapped. */
typedef struct mr_embedded_text {
    char *bytes;   /* with a zero behind them; NULL: there is none */
    size_t length; /* without that zero */
} mr_embedded_text;

/* Where results go. */
enum mr_embedded_output {
    MR_EMBEDDED_MEMORY = 0, /* they are kept in memory */
    MR_EMBEDDED_OPTION,     /* as the option "output" says */
    MR_EMBEDDED_DESCRIPTOR, /* to an open file */
    MR_EMBEDDED_BYTES,      /* to a function */
    MR_EMBEDDED_PAIRS       /* to a function, one by one */
};

/* What the process of a job tells the program, in memory that both share. */
typedef struct mr_embedded_report {
    bool complete; /* everything below is set, but error by its own terms */
    bool done;     /* the job is done */
    int signal;    /* which has ended it; 0: none */
    uint64_t input_bytes;
    uint64_t records;
    uint64_t results;
    uint64_t output_bytes;
    uint64_t spilled;
    uint64_t retries;
    uint64_t bad_records;
    uint64_t peak_memory;
    uint32_t workers;
    double seconds;
    mr_counter_value counters[MR_COUNTERS_MAX];
    size_t counter_count;
    mr_error error; /* why it is not done, unless a signal has ended it */
} mr_embedded_report;

/* How far a job is, on its way through a pipe: see mr_job_progress in libmr.h. */
typedef struct mr_embedded_progress {
    char phase[24];
    double fraction;
    double seconds;
    double seconds_left;
    double rate;
    uint64_t input_bytes;
    uint64_t output_bytes;
    uint64_t memory;
    uint64_t spilled;
    uint64_t retries;
} mr_embedded_progress;

/* What the process of a job starts with: all of it is that of the program, as it was when it forked. */
typedef struct mr_embedding {
    const char *plugin;      /* as described; NULL: none was */
    const mr_plugin *linked; /* part of the program; NULL: it is a file */
    char *const *options;    /* words such as "--memory=64M" */
    size_t option_count;
    mr_embedded_inputs inputs;
    mr_embedded_inputs sides;
    enum mr_embedded_output to; /* where results go */
    int output;                 /* MEMORY: an empty file in memory; BYTES, PAIRS: a pipe; DESCRIPTOR: it; or -1 */
    int statistics;             /* an empty file in memory; -1: they are not wanted */
    int messages;               /* a pipe for what is to be told; -1: nobody listens */
    int progress;               /* a pipe for mr_embedded_progress; -1: nobody looks on */
    mr_embedded_report *report; /* to be filled in */
} mr_embedding;

/* Does the job: the entry of its process, argument being the mr_embedding. */
int mr_embedded_main(void *argument);

#endif
