/* coordinator.h - running a job from its plan to its output. [coordinator] */
#ifndef MR_JOB_COORDINATOR_H
#define MR_JOB_COORDINATOR_H

#include <limits.h>

#include "job/bad.h"
#include "job/job.h"
#include "job/observation.h"

/* How a job ended. */
enum mr_outcome { MR_OUTCOME_DONE, MR_OUTCOME_FAILED, MR_OUTCOME_SIGNAL };

/* What is known of a job when it has ended. */
typedef struct mr_result_summary {
    enum mr_outcome outcome;
    int signal; /* MR_OUTCOME_SIGNAL: which; SIGPIPE when the reader of the output has gone */
    uint64_t input_bytes;
    uint32_t kind;    /* of the job: enum mr_kind */
    uint64_t records; /* mapped */
    uint64_t results; /* pairs printed; 0 for what a map job writes as it is */
    uint64_t output_bytes;
    uint64_t spilled;                           /* bytes written to temporary files */
    uint64_t retries;                           /* workers that were replaced */
    mr_bad_list bad;                            /* records that were left out; owned */
    char bad_path[PATH_MAX];                    /* where they have been kept; empty: nowhere */
    mr_death death;                             /* FAILED, and cause is not 0: what ended the job */
    uint64_t peak_memory;                       /* bytes in all processes together, shared memory counted once */
    uint32_t workers;                           /* processes at a time */
    double seconds;                             /* from start to end */
    double cpu_seconds;                         /* of all processes together, in user mode and in the kernel */
    mr_counter_value counters[MR_COUNTERS_MAX]; /* of the plugin, in order of their names */
    size_t counter_count;
    mr_observation *observation; /* how it went; NULL: it did not come that far; owned */
} mr_result_summary;

/* Runs a job. On MR_OUTCOME_FAILED error is set. The summary is to be closed in any case. Signals SIGINT, SIGTERM and
 * SIGHUP end the job in an orderly way. */
void mr_job_run(const mr_job_settings *settings, mr_result_summary *summary, mr_error *error);

/* Releases what a summary owns. */
void mr_summary_close(mr_result_summary *summary);

/* Adds a counter of a worker to those of the plugin. */
void mr_summary_add(mr_result_summary *summary, const mr_counter_value *counter);

/* Prints the summary line and the counters to stderr. */
void mr_summary_print(const mr_result_summary *summary, const char *plugin);

#endif
