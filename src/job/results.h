/* results.h - how the results of a job are printed, and what does not go together there. [coordinator] */
#ifndef MR_JOB_RESULTS_H
#define MR_JOB_RESULTS_H

#include "job/job.h"

/* Sets up job->format, and looks whether the plugin, which has been described, can print in the format and order that
 * the user wants. Closed by mr_format_close. */
bool mr_results_open(mr_job *job, mr_error *error);

/* Writes the names of the columns at the front of the output, if they are wanted; *length: how many bytes that was. */
bool mr_results_begin(mr_job *job, uint64_t *length, mr_error *error);

#endif
