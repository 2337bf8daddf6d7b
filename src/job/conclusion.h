/* conclusion.h - what is told of a job when it has ended, beyond its output. [coordinator] */
#ifndef MR_JOB_CONCLUSION_H
#define MR_JOB_CONCLUSION_H

#include "job/coordinator.h"

/* Writes the file of bad records, if there are any and it has not been written yet, and says where it is. Before the
 * output is committed: what is left out of it must not get lost. */
bool mr_keep_bad_records(const mr_job *job, mr_result_summary *summary, mr_error *error);

/* To be called when no worker is left, while the job is still open: keeps the bad records of a job that has failed,
 * prints the crash card if the plugin's death has ended it, and writes the statistics and the report. What cannot be
 * done is said; the outcome stays, but that of a job that is done without one of these files, which fails. summary is
 * complete but for what this adds; failure: why the job has failed, if it has. */
void mr_conclude(const mr_job *job, mr_result_summary *summary, mr_error *failure);

#endif
