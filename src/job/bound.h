/* bound.h - what a job was bound by. [coordinator] */
#ifndef MR_JOB_BOUND_H
#define MR_JOB_BOUND_H

#include "job/coordinator.h"
#include "job/job.h"

/* What the rules look at besides the observation. */
typedef struct mr_bound_facts {
    uint32_t workers;       /* processes that map and reduce */
    uint32_t readers;       /* processes that read streams */
    uint32_t cpus;          /* that the job may use */
    double cpu_seconds;     /* CPU time of all its processes together */
    uint64_t spilled;       /* bytes */
    const char *unpacked;   /* the compressed file that one process has to unpack; NULL: there is none, or several */
    const char *piped;      /* what is read and is no file; NULL: nothing */
    size_t compressed;      /* how many files have to be unpacked by one process each */
    bool input_compressed;  /* at least some of it, or it is no file */
    bool output_compressed; /* by --compress */
    bool regrouped;         /* all pairs travel to the reduce phase: a group job without combine */
} mr_bound_facts;

/* Finds out what bound a job that has ended, or has been going on until now; fills in observation->bound. */
void mr_bound_find(mr_observation *observation, const mr_bound_facts *facts);

/* The facts of a job. */
mr_bound_facts mr_bound_facts_of(const mr_job *job, const mr_result_summary *summary, double cpu_seconds);

#endif
