/* results.h - how the results of a job are printed, and what does not go together there. [coordinator] */
#ifndef MR_JOB_RESULTS_H
#define MR_JOB_RESULTS_H

#include "job/job.h"

/* Sets up job->format, and looks whether the plugin, which has been described, can print in the format and order that
 * the user wants. Closed by mr_format_close. */
bool mr_results_open(mr_job *job, mr_error *error);

/* Writes the names of the columns at the front of the output, if they are wanted. Both functions move *end, the length
 * of the output, behind what they write; when the reader of a stream has gone they leave it at that, and set *closed.
 */
bool mr_results_begin(mr_job *job, uint64_t *ends, bool *closed, mr_error *error);

/* Writes what has to be behind all results. */
bool mr_results_end(mr_job *job, uint64_t *ends, bool *closed, mr_error *error);

#endif
