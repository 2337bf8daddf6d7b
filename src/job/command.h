/* command.h - commands that messages propose, ready to be pasted into a shell. [coordinator] */
#ifndef MR_JOB_COMMAND_H
#define MR_JOB_COMMAND_H

#include "job/job.h"

/* A command that runs the records of a place of a source again, in a debugger: only them, if length is above 0 and they
 * can be told. *prepare is not NULL when they are to be put into a file first. Both are allocated. False when there is
 * no memory. */
bool mr_command_for_records(const mr_job *job, const mr_source *source, uint64_t offset, uint64_t length,
                            char **prepare, char **debug);

/* The same for all of the input. Allocated; NULL when there is no memory. */
char *mr_command_for_input(const mr_job *job);

/* Two commands that run a group again: the first puts it into a file, the second runs that in a debugger. *prepare is
 * NULL when the input has come from such a file. False when there is no memory. */
bool mr_command_for_group(const mr_job *job, char **prepare, char **debug);

#endif
