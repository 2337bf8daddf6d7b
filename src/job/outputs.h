/* outputs.h - the files that the output of a job goes to: a file or stream, or the part files of a directory.
 * [coordinator]
 *
 * Part files have no names until all of them are complete. Then they get them, and last of all comes an empty file,
 * _SUCCESS: where it is, the output is whole.
 */
#ifndef MR_JOB_OUTPUTS_H
#define MR_JOB_OUTPUTS_H

#include "job/job.h"

enum { MR_OUTPUTS_MAX = 1000 };

/* Whether the output is to be a directory: its path ends with a slash, or it is one. NULL: standard output. */
bool mr_outputs_are_in_directory(const char *path);

/* Whether part files could be written to such a directory: it holds no output already, or could be made. */
bool mr_outputs_check_directory(const char *path, mr_error *error);

/* Opens job->outputs, of which there are job->output_count. A directory must hold no output already; one that is not
 * there is made in the end. The input has been opened. */
bool mr_outputs_open(mr_job *job, mr_error *error);
void mr_outputs_close(mr_job *job);

/* Which of them the part of a unit goes to: a chunk of a map job, or a partition. Never one before that of an earlier
 * unit. Units that nothing is known of beforehand go to the first. */
uint32_t mr_outputs_of(const mr_job *job, uint64_t unit);

/* Makes the complete output appear; ends: how long each file is. All of it, or nothing. */
bool mr_outputs_commit(mr_job *job, const uint64_t *ends, mr_error *error);

#endif
