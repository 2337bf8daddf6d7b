/* conclusion.h - what is told of a job when it has ended, beyond its output. [coordinator] */
#ifndef MR_JOB_CONCLUSION_H
#define MR_JOB_CONCLUSION_H

#include "job/coordinator.h"

/* To be called when no worker is left, while the job is still open: prints the crash card if the plugin's death has
 * ended the job. summary is complete but for what this adds. What cannot be told is told so; the outcome stays. */
void mr_conclude(const mr_job *job, const mr_result_summary *summary);

#endif
